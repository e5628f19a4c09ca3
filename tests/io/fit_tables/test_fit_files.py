"""Fits of templates, shapes and spectra in files and tables."""

from functools import cache

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from astropy.modeling import models
from astropy.table import QTable
from cases.maps import make_maps
from cases.short_line import line
from cases.templates import filled

from xprofile import (
    bin_maps,
    fit_shape,
    fit_spectrum,
    fit_templates,
    open_profile,
    power_law,
    to_dataframe,
    to_table,
    to_units,
    write_ecsv,
    write_netcdf,
    write_profile,
)
from xprofile.exceptions import FileFormatError, InvalidOptionError

WRITERS = {
    "fit.fits": write_profile, "fit.fits.gz": write_profile, "fit.ecsv": write_ecsv,
    "fit.nc": write_netcdf,
}  # fmt: skip
DIM = "projected_distance"
KINDS = (
    "templates", "templates per energy", "templates per bin", "shape", "shape per energy", "spectra"
)  # fmt: skip
ODD = (
    "one template", "one parameter", "bins in another order", "one bin", "no bins", "toys", "names",
    "infinite", "single precision", "few",
)  # fmt: skip
FAST = ("no bins", "toys", "names")


@cache
def fits_of_models():
    """Make one fit of each kind; with energies where the dims differ then."""
    binned, templates = filled()
    free = xr.DataArray([True, *[False] * 5], dims=DIM)
    data = bin_maps(make_maps(), line())
    shape = models.Gaussian1D(1, 0, 0.5, fixed={"mean": True, "stddev": True})
    return {
        "templates": fit_templates(binned, templates, selection_optional="all"),
        "templates per energy": fit_templates(binned, templates, per="energy", free_bins=free),
        "templates per bin": fit_templates(binned, {"gas": templates["gas"]}, per="bin"),
        "shape": fit_shape(data, shape),
        "shape per energy": fit_shape(data, shape, per="energy", energy_edges=2),
        "spectra": fit_spectrum(data, power_law()),
    }


def odd_fits():
    """Fits after selections, with dims and texts that are unusual."""
    known = fits_of_models()
    templates, spectra = known["templates"], known["spectra"]
    names = {"template": ["H\N{SUBSCRIPT TWO}\n", " x "]}
    return {
        "one template": templates.sel(template="gas"),
        "one parameter": known["shape per energy"].sel(parameter="stddev"),
        "bins in another order": known["templates per bin"].isel({DIM: [3, 1]}),
        "one bin": spectra.isel({DIM: 2}),
        "no bins": spectra.isel({DIM: slice(0)}),
        "toys": xr.concat([templates, 2 * templates], "toy"),
        "names": templates.assign_coords(names).assign_attrs(note="\N{GREEK SMALL LETTER ALPHA}"),
        "infinite": templates.assign(ts=templates.ts * np.inf, norm=templates.norm * np.nan),
        "single precision": templates.assign(norm=templates.norm.astype("f4")),
        "few": templates[["norm", "npred", "counts"]],
    }


@pytest.mark.heavy
@pytest.mark.parametrize(
    "name",
    [
        "fit.fits",
        "fit.ecsv",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("fit.fits.gz", "fit.nc")),
    ],
)
@pytest.mark.parametrize("fit", KINDS)
def test_files_give_it_back(fit, name, tmp_path):
    written = fits_of_models()[fit]
    WRITERS[name](written, tmp_path / name)
    xr.testing.assert_identical(open_profile(tmp_path / name), written)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "fit",
    [one if one in FAST else pytest.param(one, marks=pytest.mark.slow) for one in ODD],
)
def test_unusual_fits_too(fit, tmp_path):
    written = odd_fits()[fit]
    for name in ("fit.fits", "fit.ecsv"):
        WRITERS[name](written, tmp_path / name)
        found = open_profile(tmp_path / name)
        xr.testing.assert_identical(found, written)
        types = [{n: v.dtype for n, v in d.data_vars.items()} for d in (found, written)]
        assert types[0] == types[1]
    to_table(written)
    to_dataframe(written)


def test_fits_has_a_table_for_each_kind_of_rows(tmp_path):
    fit = fits_of_models()["templates per energy"]
    fit.profile.to_fits(tmp_path / "fit.fits")
    first = QTable.read(tmp_path / "fit.fits", hdu="FIT")
    np.testing.assert_array_equal(first["norm"], fit.norm.values.ravel())
    np.testing.assert_array_equal(first["stat"], np.tile(fit.stat, 2))
    assert list(first["template"]) == ["gas"] * 3 + ["dust"] * 3
    assert first["energy_min"].unit == u.TeV
    matrix = QTable.read(tmp_path / "fit.fits", hdu="FIT_COVARIANCE")
    here = (matrix["template"] == "gas") & (matrix["template_2"] == "dust")
    np.testing.assert_array_equal(matrix["covariance"][here], fit.covariance[:, 0, 1])
    counts = QTable.read(tmp_path / "fit.fits", hdu="FIT_NPRED")
    np.testing.assert_array_equal(counts["npred"], fit.npred.values.ravel())
    assert counts["projected_distance_max"].unit == u.deg


def test_tables_have_one_row_for_each_parameter_bin_and_energy():
    known = fits_of_models()
    shape = known["shape per energy"]
    table = shape.profile.to_table(formatted=True, long_names=True)
    assert len(table) == 6
    np.testing.assert_array_equal(table["best fit of the parameter"], shape.value.values.ravel())
    spectra = known["spectra"]
    table, frame = to_table(spectra), to_dataframe(spectra)
    assert list(frame.columns) == table.colnames
    np.testing.assert_array_equal(frame["alpha_err"], spectra.alpha_err)
    assert table["amplitude"].unit == u.Unit("cm-2 s-1 TeV-1")
    assert table["solid_angle"].unit == u.sr
    assert table.meta["N_SIGMA"] == 1
    each = to_dataframe(known["templates per bin"])
    np.testing.assert_array_equal(each["projected_distance"], known["templates per bin"][DIM])


def test_units_of_parameters_change_with_their_errors_and_covariance():
    fit = fits_of_models()["spectra"]
    changed = to_units(fit, amplitude="cm-2 s-1 GeV-1")
    for name in ("amplitude", "amplitude_err", "amplitude_errp"):
        np.testing.assert_allclose(changed[name], 1e-3 * fit[name], rtol=1e-12)
        assert changed[name].attrs["units"] == "cm-2 s-1 GeV-1"
    scale = xr.DataArray([1e-3, 1], dims="parameter", coords={"parameter": fit.parameter})
    expected = fit.covariance * scale * scale.rename(parameter="parameter_2")
    expected = expected.transpose(*fit.covariance.dims)
    np.testing.assert_allclose(changed.covariance, expected, rtol=1e-12)
    xr.testing.assert_identical(changed.alpha_err, fit.alpha_err)
    xr.testing.assert_identical(changed.correlation, fit.correlation)


def test_what_is_for_profiles_alone(tmp_path):
    fit = fits_of_models()["shape"]
    for call in (
        lambda: to_table(fit, "flux"),
        lambda: to_dataframe(fit, "flux"),
        lambda: write_profile(fit, tmp_path / "fit.fits", "flux"),
        lambda: write_ecsv(fit, tmp_path / "fit.ecsv", "flux"),
    ):
        with pytest.raises(InvalidOptionError, match="sed_type='flux' is for profiles"):
            call()
    write_profile(fit, tmp_path / "fit.fits")
    with pytest.raises(InvalidOptionError, match="the file has a fit"):
        open_profile(tmp_path / "fit.fits", spectral_model=power_law())


@pytest.mark.parametrize("damage", ["table", "column", "rows", "version"])
def test_damaged_files(damage, tmp_path):
    path = tmp_path / "fit.fits"
    write_profile(fits_of_models()["templates"], path)
    with fits.open(path) as hdus:
        if damage == "table":
            del hdus["FIT_NPRED"]
        elif damage == "version":
            hdus["XPROFILE"].header["XPVERS"] = 7
        else:
            old = hdus["FIT"]
            columns = [c for c in old.columns if damage != "column" or c.name != "norm"]
            table = fits.BinTableHDU.from_columns(columns, nrows=1 + (damage != "rows"))
            table.name = "FIT"
            hdus[1] = table
        hdus.writeto(path, overwrite=True)
    with pytest.raises(FileFormatError, match=r"FIT_NPRED|norm|rows are missing|version 7"):
        open_profile(path)


def test_ecsv_without_rows_is_an_error(tmp_path):
    path = tmp_path / "fit.ecsv"
    write_ecsv(fits_of_models()["templates"], path)
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    with pytest.raises(FileFormatError, match="rows are missing"):
        open_profile(path)
