"""The meaning of a template by its unit and its spectrum."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps, make_wcs
from cases.sky_maps import sky_cube, sky_map

from xprofile import axis_edges, power_law, predict, solid_angle, table_model
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError

SHAPE = (8, 10)
MAPS = make_maps(shape=SHAPE)
OWN = make_wcs(shape=SHAPE)
FLUX = u.Unit("cm-2 s-1 TeV-1")
MODEL = power_law(2, 1e-9 * FLUX)
EDGES = np.geomspace(0.001, 10, 13)


def expected(values=1.0, amplitude=1e-9):
    """Counts of an index of 2 with an exposure of 1e12 cm2 s."""
    edges = axis_edges(MAPS, "energy")
    flux = amplitude * (1 / edges[:-1] - 1 / edges[1:])
    return flux[:, None, None] * values * solid_angle(MAPS).values * 1e12


def close(found, wanted, rtol=1e-9):
    assert found.dims == ("energy", "lat", "lon")
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=0)


def test_none_is_an_isotropic_brightness_per_sr():
    close(predict(MAPS, None, spectral_model=MODEL), expected())
    per_sr = power_law(2, 1e-15 * FLUX * u.TeV / u.MeV / u.sr)
    close(predict(MAPS, None, spectral_model=per_sr), expected(amplitude=1e-9))


@pytest.mark.parametrize("unit", [None, "", "cm-2", "1e20 cm-2", "K km s-1", "mag"])
def test_other_units_take_a_spectrum_per_sr_and_unit(unit):
    values = np.arange(80.0).reshape(SHAPE)
    gas = sky_map(OWN, SHAPE, values, unit)
    close(predict(MAPS, gas, spectral_model=MODEL), expected(values))


def test_units_whose_product_is_a_brightness_are_used_as_they_are():
    gas = sky_map(OWN, SHAPE, 2.0, "1e20 cm-2")
    emissivity = power_law(2, 1e-29 * u.Unit("s-1 sr-1 TeV-1"))
    close(predict(MAPS, gas, spectral_model=emissivity), expected(2.0, 1e-9))
    source = sky_map(OWN, SHAPE, 3.0, "deg-2")
    close(predict(MAPS, source, spectral_model=MODEL), expected(3 * (180 / np.pi) ** 2))


def test_a_cube_of_brightness_has_its_spectrum_and_takes_a_factor():
    image = sky_map(OWN, SHAPE, np.linspace(1, 2, 10))
    cube = sky_cube(image, lambda energy: 1e-15 * energy**-2, EDGES, "cm-2 s-1 sr-1 MeV-1")
    wanted = expected(image.values)
    close(predict(MAPS, cube), wanted)
    close(predict(MAPS, cube, spectral_model=lambda energy: np.full(energy.shape, 3.0)), 3 * wanted)
    harder = power_law(-0.5, 1.0, 1 * u.TeV)
    steeper = sky_cube(image, lambda energy: 1e-15 * energy**-2.5, EDGES, "cm-2 s-1 sr-1 MeV-1")
    close(predict(MAPS, steeper, spectral_model=harder), wanted)


def test_normalize_divides_by_the_integral():
    gas = sky_map(OWN, SHAPE, np.arange(80.0).reshape(SHAPE), "K")
    found = predict(MAPS, gas, spectral_model=MODEL, normalize=True)
    flux = 1e-9 * (1 / 0.01 - 1)
    np.testing.assert_allclose(found.sum(), flux * 1e12, rtol=1e-9)


def test_negative_values_are_predicted_as_they_are():
    gas = sky_map(OWN, SHAPE, np.linspace(-1, 1, 10))
    close(predict(MAPS, gas, spectral_model=MODEL), expected(gas.values))


def test_a_table_is_a_spectrum():
    energies = np.geomspace(0.001, 10, 40) * u.TeV
    table = table_model(energies, (MODEL(energies) / u.sr).to("cm-2 s-1 sr-1 MeV-1"))
    close(predict(MAPS, None, spectral_model=table), expected())


WRONG = {
    "no spectrum": (sky_map(OWN, SHAPE), {}, "without a unit, so it needs a spectrum"),
    "no spectrum of gas": (sky_map(OWN, SHAPE, unit="cm-2"), {}, "is in 'cm-2', so it needs"),
    "two spectra": (
        sky_map(OWN, SHAPE, unit="cm-2 s-1 sr-1 TeV-1"), {"spectral_model": MODEL},
        "leave spectral_model out, or give one without unit",
    ),
    "no energies": (sky_map(OWN, SHAPE, unit="cm-2 s-1 sr-1 TeV-1"), {}, "has no energies"),
    "flux": (sky_map(OWN, SHAPE, unit="cm-2 s-1"), {"spectral_model": MODEL}, "make the template"),
    "two angles": (
        sky_map(OWN, SHAPE, unit="sr-1"), {"spectral_model": power_law(2, 1 * FLUX / u.sr)},
        "the spectrum of the whole source",
    ),
    "unit of a spectrum": (
        sky_map(OWN, SHAPE), {"spectral_model": power_law(2, 1 * u.m)}, "in units like|do not fit",
    ),
    "failing spectrum": (sky_map(OWN, SHAPE), {"spectral_model": lambda e: e["a"]}, "failed with"),
    "an array": (np.ones(SHAPE), {"spectral_model": MODEL}, "must be a DataArray or None"),
    "isotropic normalize": (None, {"spectral_model": MODEL, "normalize": True}, "no integral"),
    "zero integral": (
        sky_map(OWN, SHAPE, 0.0), {"spectral_model": MODEL, "normalize": True}, "a positive one",
    ),
    "normalized cube": (
        sky_cube(sky_map(OWN, SHAPE), lambda energy: energy**-2, EDGES, "cm-2 s-1 sr-1 TeV-1"),
        {"normalize": True, "spectral_model": MODEL}, "is for images, but .* has .* energies",
    ),
    "switch": (None, {"spectral_model": MODEL, "psf": "yes"}, "psf must be"),
}  # fmt: skip


@pytest.mark.quick
@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_an_option_or_data_error(name):
    template, options, message = WRONG[name]
    with pytest.raises((InvalidOptionError, InvalidDataError), match=message):
        predict(MAPS, template, **options)


BAD_DATA = {
    "unknown unit": (sky_map(OWN, SHAPE, unit="blah"), "not known"),
    "flux per pixel": (sky_map(OWN, SHAPE, unit="cm-2 s-1 TeV-1"), "solid angle"),
    "values of pixels": (sky_map(OWN, SHAPE, unit="pixel-1"), "divide them by"),
    "no pixels": (xr.DataArray(np.ones(SHAPE), dims=("lat", "lon")), "coordinates wcs, x and y"),
    "no cells": (xr.DataArray(np.ones(12), dims="cell"), "cell_ids and healpix"),
    "a cube without energies": (
        sky_map(OWN, SHAPE, unit="sr-1").expand_dims(energy=[]), "a selection has left none",
    ),
    "predicted counts": (
        predict(MAPS.isel(lat=slice(1, None)), None, spectral_model=MODEL),
        "is predicted counts of other maps",
    ),
    "components": (sky_map(OWN, SHAPE).expand_dims(part=2), "'part'"),
    "elsewhere": (sky_map(make_wcs(center=(90, 0), shape=SHAPE), SHAPE, unit="sr-1"), "covers no"),
}  # fmt: skip


@pytest.mark.quick
@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_templates_are_data_errors(name):
    template, message = BAD_DATA[name]
    model = None if name == "flux per pixel" else MODEL
    with pytest.raises(InvalidDataError, match=message):
        predict(MAPS, template, spectral_model=model)


def test_a_psf_that_is_asked_for_must_be_there():
    with pytest.raises(MissingVariableError, match="have no psf"):
        predict(MAPS, None, spectral_model=MODEL, psf=True)
