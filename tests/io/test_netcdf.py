"""Datasets in netCDF files: round trips, and errors of damaged files."""

import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps
from cases.profiles import make_binned, make_profile

from xprofile import open_netcdf, open_profile, write_netcdf
from xprofile.exceptions import FileFormatError, InvalidDataError, MissingFileError
from xprofile.io.cf_conventions import decode_cf, encode_cf


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.nc"


@pytest.fixture
def profile():
    return make_profile()


@pytest.mark.parametrize("make", [make_maps, make_binned, make_profile])
def test_all_three_datasets_come_back(make, path):
    data = make()
    data.profile.to_netcdf(path)
    found = open_netcdf(path)
    xr.testing.assert_identical(found, data)
    assert {k: v.dtype for k, v in found.variables.items()} == {
        k: v.dtype for k, v in data.variables.items()
    }


def test_maps_of_dask_come_back(path):
    maps = make_maps()
    maps.chunk(lat=20).profile.to_netcdf(path)
    xr.testing.assert_identical(open_netcdf(path), maps)


@pytest.mark.slow
def test_readers_of_xarray_alone_can_go_on(profile, path, tmp_path):
    """A profile that is opened and written again without xprofile stays the same."""
    write_netcdf(profile, path)
    plain = xr.load_dataset(path)
    before = plain.copy(deep=True)
    xr.testing.assert_identical(decode_cf(plain), profile)
    xr.testing.assert_identical(plain, before)
    assert len(plain.profile.to_dataframe()) == 20
    assert "bounds" not in plain.profile.to_dataframe()
    assert len(plain.profile.to_table("dnde")) == 10
    for number, write in enumerate((plain.to_netcdf, plain.profile.to_netcdf)):
        write(tmp_path / f"{number}.nc")
        xr.testing.assert_identical(open_profile(tmp_path / f"{number}.nc"), profile)


def test_keywords_are_xarrays(profile, path):
    squeezed = {"norm": {"zlib": True}, "energy": {"dtype": "float32"}}
    write_netcdf(profile, path, encoding=squeezed)
    with xr.open_dataset(path) as found:
        assert found["norm"].encoding["zlib"]
        assert found["energy"].dtype == np.float32
    write_netcdf(profile, path, overwrite=True, format="NETCDF3_64BIT")
    assert path.read_bytes()[:3] == b"CDF"
    xr.testing.assert_identical(open_profile(path), profile)
    assert open_profile(path)["counts"].dtype == np.int64


def test_what_is_no_netcdf(tmp_path, path):
    with pytest.raises(MissingFileError, match=r"no file .*data\.nc"):
        open_netcdf(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(FileFormatError, match=r"cannot read .* as netCDF"):
        open_netcdf(path)


@pytest.mark.parametrize(
    ("note", "match"),
    [
        ('{"version": 2}', "version 2.*use a newer xprofile"),
        ("{}", "cannot read .*'version'"),
        ("not JSON", "cannot read"),
    ],
)
def test_a_note_that_cannot_be_read(profile, path, note, match):
    encode_cf(profile).assign_attrs(xprofile=note).to_netcdf(path)
    with pytest.raises(FileFormatError, match=match):
        open_netcdf(path)


def test_another_dataset_is_no_profile(path):
    write_netcdf(make_binned(), path)
    with pytest.raises(InvalidDataError, match="sed_type"):
        open_profile(path)
