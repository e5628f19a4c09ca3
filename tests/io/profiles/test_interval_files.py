"""Limits and intervals in files and tables: values, levels and methods come back."""

import pytest
import xarray as xr
from cases.maps import make_maps
from cases.short_line import line

from xprofile import (
    bin_maps,
    estimate,
    open_profile,
    to_dataframe,
    to_sed_type,
    to_table,
    write_ecsv,
    write_netcdf,
    write_profile,
)

NEW = ("norm_lo", "norm_hi", "norm_ul_expected")


@pytest.fixture(scope="module")
def profile():
    return estimate(
        bin_maps(make_maps(), line()),
        cl=0.9,
        cl_ul=0.95,
        ul_method="cls",
        interval_method="bayes",
        selection_optional=["ul", "ul-expected"],
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("write", "name"),
    [(write_profile, "p.fits"), (write_ecsv, "p.ecsv"), (write_netcdf, "p.nc")],
)
@pytest.mark.parametrize("sed_type", ["norm", "flux"])
def test_round_trips(profile, tmp_path, write, name, sed_type):
    converted = to_sed_type(profile, sed_type)
    write(converted, tmp_path / name)
    found = open_profile(tmp_path / name)
    for variable in NEW:
        new = variable.replace("norm", sed_type)
        xr.testing.assert_identical(found[new], converted[new])
    for attr in ("n_sigma", "n_sigma_ul", "cl", "cl_ul", "ul_method", "interval_method"):
        assert found.attrs[attr] == profile.attrs[attr]


def test_tables_name_levels_and_methods(profile):
    table = to_table(profile, "flux")
    assert {"flux_lo", "flux_hi"} <= set(table.colnames)
    found = {key: table.meta[key] for key in ("CL", "CL_UL", "UL_METH", "INT_METH")}
    assert found == {"CL": 0.9, "CL_UL": 0.95, "UL_METH": "cls", "INT_METH": "bayes"}
    older = profile.copy()
    older.attrs = {"sed_type": "norm", "n_sigma_ul": 2.0}
    assert set(to_table(older).meta) == {"SED_TYPE", "UL_CONF"}


def test_frames_have_a_row_for_each_bin_and_energy(profile):
    frame = to_dataframe(profile)
    assert len(frame) == profile.norm.size
    assert {"norm_lo", "norm_hi"} <= set(frame)
