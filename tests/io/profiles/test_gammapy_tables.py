"""Tables of Gammapy as profiles: units, limits, references, and tables that lack something."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from astropy.modeling.models import LogParabola1D
from astropy.table import Table
from cases.profile_files import MODEL, TABLES, check_fits_round_trip, ecsv, write_gammapy_table
from cases.profiles import (
    AXIS_COLUMNS,
    KINDS,
    by_region,
    make_profile,
    value_columns,
)

from xprofile import (
    check_profile,
    open_profile,
    power_law,
    to_sed_type,
    to_units,
    write_profile,
)
from xprofile.exceptions import (
    FileFormatError,
    InvalidOptionError,
    MissingVariableError,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "profile.fits"


@pytest.fixture
def profile():
    return make_profile()


@pytest.mark.parametrize("sed_type", KINDS)
def test_gammapys_layout_is_read_in_every_sed_type(sed_type, path):
    kind = KINDS[sed_type][0]
    expected = write_gammapy_table(path, kind)
    found = open_profile(path, spectral_model=MODEL)
    check_profile(found)
    assert found.attrs["sed_type"] == sed_type
    assert found[kind].attrs == expected[kind].attrs
    assert (found.attrs["n_sigma"], found.attrs["n_sigma_ul"]) == (1, 2)
    assert found.attrs["history"] == "open_profile profile.fits"
    names = {*value_columns(kind), "ref_dnde", "ref_flux", "ref_eflux", "ref_e2dnde", "counts"}
    names |= {"npred", "ts", "sqrt_ts", "stat", "stat_scan", "success", "is_ul"}
    for name in names | set(found.coords):
        assert found[name].attrs.get("units", "") == expected[name].attrs.get("units", "")
        assert found[name].dims == expected[name].dims
        assert found[name].dtype.isnative
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12)
    np.testing.assert_allclose(
        to_sed_type(found, "dnde")["dnde_ul"], to_sed_type(expected, "dnde")["dnde_ul"], rtol=1e-12
    )


def test_without_a_model_fluxes_cannot_be_converted(path):
    write_gammapy_table(path, "flux")
    with pytest.warns(UserWarning, match="spectral_model="):
        found = open_profile(path)
    with pytest.raises(MissingVariableError, match="ref_"):
        to_sed_type(found, "dnde")
    assert "PowerLaw1D" in open_profile(path, spectral_model=MODEL).attrs["spectral_model"]


@pytest.mark.slow
def test_another_model_than_the_files_is_refused(profile, path):
    other = power_law(2.35)
    write_profile(profile, path, "dnde")
    with pytest.raises(InvalidOptionError, match="not the one of the file: ref_dnde"):
        open_profile(path, spectral_model=other)
    for same in (MODEL, lambda energy: MODEL(energy)):
        xr.testing.assert_identical(open_profile(path, spectral_model=same), open_profile(path))
    write_profile(to_units(profile, dnde="cm-2 s-1 GeV-1"), path, "dnde", overwrite=True)
    xr.testing.assert_identical(open_profile(path, spectral_model=MODEL), open_profile(path))
    write_gammapy_table(path)
    with pytest.raises(InvalidOptionError, match="not the one of the file"):
        open_profile(path, spectral_model=other)


@pytest.mark.parametrize(
    ("confidence", "sigma"), [(None, 2), (0.9544997, 2), (0.9973002, 3), (0.9999994, 5)]
)
def test_sigma_of_limits(confidence, sigma, path):
    write_gammapy_table(path, confidence=confidence)
    assert open_profile(path).attrs["n_sigma_ul"] == sigma


def test_sigma_of_limits_at_a_round_confidence(path):
    write_gammapy_table(path, confidence=0.95)
    np.testing.assert_allclose(open_profile(path).attrs["n_sigma_ul"], 1.959964, rtol=1e-6)


def test_limits_are_marked_if_the_file_does_not(path):
    expected = write_gammapy_table(path, is_ul=None)
    np.testing.assert_array_equal(open_profile(path)["is_ul"], expected["is_ul"])


def test_our_table_alone_is_read_like_gammapys(profile, path):
    write_profile(profile, path, "eflux")
    with fits.open(path) as hdus:
        hdus[:2].writeto(path, overwrite=True)
    found, expected = open_profile(path, spectral_model=MODEL), to_sed_type(profile, "eflux")
    for name in set(expected.variables):
        np.testing.assert_array_equal(found[name], expected[name])


def test_a_table_alone_without_distances_is_refused(profile, path):
    write_profile(by_region(profile), path)
    with fits.open(path) as hdus:
        hdus[:2].writeto(path, overwrite=True)
    with pytest.raises(FileFormatError, match="x_min has the unit None, expected one like 'deg'"):
        open_profile(path)


# tables that are not of this layout


def write_table(path, table, name="FLUXPOINTS"):
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(Table(table), name=name)]).writeto(path)


def test_a_spectrum_is_no_profile(path):
    write_table(path, {"e_ref": [1.0], "e_min": [0.5], "e_max": [2.0], "dnde": [1.0]})
    with pytest.raises(FileFormatError, match=r"lacks .*'x_min', 'x_max', 'x_ref'.*has .*'dnde'"):
        open_profile(path)


def test_a_table_without_flux(path):
    write_table(path, {name: [1.0] for name in AXIS_COLUMNS})
    with pytest.raises(FileFormatError, match=r"no flux: expected a column of .*'dnde'.* found"):
        open_profile(path)


def test_grids_that_differ_from_bin_to_bin(path):
    grids = np.arange(220.0).reshape(10, 2, 11)
    write_gammapy_table(path, norm_scan=grids)
    with pytest.raises(FileFormatError, match=r"norm_scan .* differs from bin to bin"):
        open_profile(path)


@pytest.mark.heavy
@pytest.mark.parametrize("sed_type", ["dnde", "likelihood"])
@pytest.mark.parametrize("name", TABLES)
def test_gammapys_files(reference, name, sed_type, tmp_path):
    found = open_profile(reference / f"{name}_{sed_type}.fits", spectral_model=MODEL)
    check_profile(found)
    assert found.attrs["sed_type"] == sed_type
    for kind in ("dnde", "eflux", "likelihood"):
        table = ecsv(reference / f"{name}_{kind}.ecsv")
        quantity, unit = KINDS[kind]
        converted = to_sed_type(found, kind)
        for column in set(value_columns(quantity)) & set(table.colnames):
            values = u.Quantity(table[column]).to_value(unit)
            np.testing.assert_allclose(converted[column], values, rtol=1e-6)
        for column in ("ts", "sqrt_ts", "stat", "stat_null", "success", "is_ul"):
            np.testing.assert_array_equal(found[column], np.array(table[column]))
        counts = np.array(table["counts"]).reshape(found["counts"].shape)
        np.testing.assert_array_equal(found["counts"], counts)
        energies = table["e_max"].to_value("TeV")[0]
        np.testing.assert_allclose(found["energy_max"], energies, rtol=1e-12)
    check_fits_round_trip(found, tmp_path / "profile.fits")


@pytest.mark.parametrize("sed_type", ["dnde", "likelihood"])
def test_gammapys_logparabola(reference, sed_type):
    amplitude = 1e-12 * u.Unit("cm-2 s-1 TeV-1")
    model = LogParabola1D(amplitude, 0.1 * u.TeV, alpha=2.1, beta=0.15)
    name = f"gammapy21_radial10_logparabola_{sed_type}"
    found = open_profile(reference / f"{name}.fits", spectral_model=model)
    table = ecsv(reference / "gammapy21_radial10_logparabola_eflux.ecsv")
    eflux = to_sed_type(found, "eflux")["eflux_ul"]
    np.testing.assert_allclose(eflux, table["eflux_ul"].to_value("erg cm-2 s-1"), rtol=1e-4)


@pytest.mark.parametrize("name", ["gammapy13_linear51", "gammapy21_radial10"])
def test_gammapys_fluxes_without_a_model(reference, name):
    with pytest.warns(UserWarning, match="no reference fluxes"):
        open_profile(reference / f"{name}_dnde.fits")
    open_profile(reference / f"{name}_likelihood.fits")
