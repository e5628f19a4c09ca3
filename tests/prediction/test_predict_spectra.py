"""Spectra of templates: cubes with their own energies, tables, and exposures that change."""

import warnings

import astropy.units as u
import numpy as np
import pytest
from astropy.modeling.models import LogParabola1D
from cases.maps import make_maps, make_wcs, uneven_maps
from cases.psf_maps import spread_maps
from cases.sky_maps import CENTER, sky_cube, sky_map, steep

from xprofile import SkyBins, bin_image, bin_maps, predict, table_model
from xprofile.exceptions import DataWarning
from xprofile.schema.axes import axis_edges
from xprofile.spectrum.response import predicted_signal

SHAPE = (6, 8)
OWN = make_wcs(shape=SHAPE)
UNIT = u.Unit("cm-2 s-1 TeV-1")
BINS = SkyBins.annuli(CENTER, edges=[0, 0.2, 0.45] * u.deg)
FINE = np.geomspace(0.0005, 50, 200)


def curved(energy):
    """A curved spectrum in cm-2 s-1 TeV-1."""
    return 1e-9 * energy ** (-2.2 - 0.3 * np.log(energy))


def uneven(*, edisp):
    maps = uneven_maps(make_wcs(shape=SHAPE), SHAPE, used=1.1)
    slopes = np.random.default_rng(3).uniform(-1.5, 1.5, SHAPE)
    change = (maps["energy_true"].values[:, None, None] / 0.1) ** slopes
    maps["exposure"] = maps["exposure"].copy(data=maps["exposure"] * change)
    return maps if edisp else maps.drop_vars("edisp")


@pytest.mark.parametrize("psf", [False, True])
@pytest.mark.parametrize("edisp", [False, True])
def test_a_fine_cube_is_its_image_times_its_spectrum(edisp, psf):
    """The same counts as of an image and a model, also where the spectrum is curved."""
    maps = spread_maps() if psf else uneven(edisp=True)
    maps = maps if edisp else maps.drop_vars("edisp")
    shape = tuple(maps.sizes[dim] for dim in ("lat", "lon"))
    image = sky_map(make_wcs(shape=shape), shape, np.linspace(0, 2, shape[1]))
    model = LogParabola1D(1e-9 * UNIT, 1 * u.TeV, 2.2, 0.3)
    expected = predict(maps, image, spectral_model=model)
    found = predict(maps, sky_cube(image, curved, FINE))
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=0)


@pytest.mark.parametrize("edisp", [False, True])
def test_pixels_with_other_spectra_are_integrated_over_the_bins(edisp):
    """Power laws of all pixels, from a coarse cube."""
    maps = make_maps(shape=SHAPE)
    if edisp:
        maps = uneven_maps(OWN, SHAPE, used=1.1)
        maps["exposure"] = maps["exposure"].copy(data=np.full(maps["exposure"].shape, 1e12))
        maps["edisp"] = maps["edisp"].copy(data=np.full((6, 4), 0.25))
    index = np.linspace(1.5, 3, 8)
    image = sky_map(OWN, SHAPE)
    cube = sky_cube(image, lambda energy: energy**-2.0, np.geomspace(0.001, 10, 9))
    slope = cube["energy"] ** (cube["lon"].copy(data=2 - index).drop_vars("lon"))
    cube = (cube * slope).transpose("energy", "lat", "lon").assign_attrs(cube.attrs)
    found = predict(maps, cube)
    edges = np.array([0.01, 1]) if edisp else axis_edges(maps, "energy")
    lower, upper = edges[:-1, None], edges[1:, None]
    flux = (lower ** (1 - index) - upper ** (1 - index)) / (index - 1)
    flux = flux / 4 if edisp else flux
    expected = flux[:, None] * maps.profile.solid_angle.values * 1e12
    expected = np.broadcast_to(expected, found.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=0)


def test_energies_that_do_not_reach_far_enough_are_told():
    maps = make_maps(shape=SHAPE)
    image = sky_map(OWN, SHAPE)
    whole = sky_cube(image, lambda energy: energy**-2.0, np.geomspace(0.01, 1, 10))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = predict(maps, whole)
    with pytest.warns(DataWarning, match=r"0\.01668 to 1 TeV, .* from 0\.01 to 1 TeV: beyond"):
        found = predict(maps, whole.isel(energy=slice(1, None)))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("edisp", [False, True])
def test_zeros_at_some_energies_are_linear_in_log_energy(edisp):
    maps = uneven(edisp=edisp)
    cube = sky_cube(sky_map(OWN, SHAPE), lambda e: e**-2.0, np.geomspace(0.001, 10, 9))
    cube[4:] = 0.0
    cube[:, 2, 3] = 0.0
    found = predict(maps, cube)
    assert (found[:, 2, 3] == 0).all()
    assert np.isfinite(found).all()
    if not edisp:
        assert (found[0].values[found[0] != 0] > 0).all()
        assert (found[-1] == 0).all()


def test_energies_in_any_order_and_unit():
    maps = uneven(edisp=True)
    image = sky_map(OWN, SHAPE, np.linspace(0, 2, 8))
    cube = sky_cube(image, curved, FINE)
    expected = predict(maps, cube)
    turned = cube.isel(energy=slice(None, None, -1)).rename(energy="energy_true")
    in_mev = {name: 1e6 * turned[name] for name in ("energy_true", "energy_min", "energy_max")}
    turned = turned.assign_coords({n: v.assign_attrs(units="MeV") for n, v in in_mev.items()})
    np.testing.assert_allclose(predict(maps, turned), expected, rtol=1e-9, atol=0)
    table = table_model(FINE * u.TeV, curved(FINE) * UNIT)
    np.testing.assert_allclose(
        predict(maps, image, spectral_model=table), expected, rtol=2e-4, atol=0
    )


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("edisp", [False, True])
def test_an_even_brightness_is_the_signal_of_bins(edisp, order):
    """The counts of each bin are those of a fit with the flux of its solid angle."""
    maps = uneven(edisp=edisp) if edisp else make_maps(shape=SHAPE)
    if not edisp:  # the same for all pixels, so that means of powers are powers of means
        shape = np.array([1, 3, 2, 8, 5, 9])[:, None, None]
        maps["exposure"] = maps["exposure"].copy(data=maps["exposure"] * shape)
        maps = maps.isel(energy_true=slice(None, None, order))
    binned = bin_maps(maps, BINS)
    expected = predicted_signal(binned, steep(2.7)) * binned["solid_angle"]
    found = bin_image(predict(maps, None, spectral_model=steep(2.7)), BINS)
    np.testing.assert_allclose(found, expected.transpose(*found.dims), rtol=1e-9, atol=0)


def test_maps_in_other_units_give_the_same():
    maps = uneven(edisp=False)
    expected = predict(maps, None, spectral_model=steep())
    changed = maps.profile.to_units(energy="GeV")
    np.testing.assert_allclose(
        predict(changed, None, spectral_model=steep()), expected, rtol=1e-9, atol=0
    )
