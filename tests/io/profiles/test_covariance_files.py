"""Profiles with a covariance in files and tables."""

import numpy as np
import pytest
import xarray as xr
from cases.unfolding import on_other_axis, with_covariance

from xprofile import (
    open_profile,
    to_dataframe,
    to_sed_type,
    to_table,
    write_ecsv,
    write_netcdf,
    write_profile,
    write_zarr,
)

WRITERS = {
    "p.fits": write_profile,
    "p.ecsv": write_ecsv,
    "p.nc": write_netcdf,
    "p.zarr": write_zarr,
}


@pytest.fixture(scope="module")
def profile():
    return with_covariance()


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("axis", ["projected_distance", "position_angle", "region"])
def test_files_give_it_back(profile, name, axis, tmp_path):
    if name == "p.zarr":
        pytest.importorskip("zarr")
    usual = axis == "projected_distance"
    profile = profile if usual else on_other_axis(profile, axis)
    bright = to_sed_type(profile, "flux", per_solid_angle=True)
    parts = (profile, bright[{axis: [4, 1]}], bright[{axis: 3}]) if usual else (bright,)
    for number, one in enumerate(parts):
        path = tmp_path / f"{number}{name}"
        WRITERS[name](one, path)
        back = open_profile(path)
        xr.testing.assert_identical(back, one)
        again = to_sed_type(back, "dnde")
        xr.testing.assert_equal(again.covariance, to_sed_type(one, "dnde").covariance)


@pytest.mark.parametrize("axis", ["projected_distance", "region"])
def test_tables_have_one_row_for_each_bin_and_energy(profile, axis):
    one = profile if axis == "projected_distance" else on_other_axis(profile, axis)
    frame = to_dataframe(one)
    plain = to_dataframe(one.drop_dims(f"{axis}_2"))
    assert list(frame.columns) == list(plain.columns)
    assert len(frame) == 20
    assert len(to_table(one, tidy=True)) == 20
    assert "covariance" not in to_table(one).colnames
    matrix = one.covariance.isel(energy=0).to_dataframe()["covariance"].unstack()
    np.testing.assert_allclose(matrix.to_numpy(), one.covariance[0], rtol=0)
