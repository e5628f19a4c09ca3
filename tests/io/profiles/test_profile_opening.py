"""The format of a profile's file is found by its content; files that hold no profile."""

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from astropy.table import Table
from cases.profiles import (
    make_binned,
    make_profile,
)

from xprofile import open_profile, write_profile
from xprofile.exceptions import (
    FileFormatError,
    InvalidDataError,
    MissingFileError,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "profile.fits"


@pytest.fixture
def profile():
    return make_profile()


# files without a profile


def write_table(path, table, name="FLUXPOINTS"):
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(Table(table), name=name)]).writeto(path)


def test_netcdf_is_told_by_its_content(profile, tmp_path):
    profile.to_netcdf(tmp_path / "profile.dat")
    xr.testing.assert_identical(open_profile(tmp_path / "profile.dat"), profile)


def test_missing_file(tmp_path):
    with pytest.raises(MissingFileError, match=r"no file '.*none.fits'"):
        open_profile(tmp_path / "none.fits")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"# %ECSV 1.0\n", "cannot read .* as ECSV"),
        (b"PK\x03\x04 zip", "neither FITS, ECSV, netCDF nor Zarr: it starts with b'PK"),
        (b"", "neither FITS, ECSV, netCDF nor Zarr"),
        (b"\x1f\x8b not gzip", "cannot read .* as FITS"),
        (b"\x89HDF\r\n\x1a\n", "cannot read .* as netCDF"),
    ],
)
def test_unknown_and_broken_content(content, match, path):
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=match):
        open_profile(path)


def test_a_folder(tmp_path):
    with pytest.raises(FileFormatError, match="is a folder, but not of Zarr"):
        open_profile(tmp_path)


def test_truncated_file(profile, path):
    write_profile(profile, path)
    path.write_bytes(path.read_bytes()[:-2880])
    with pytest.raises(FileFormatError, match="truncated"):
        open_profile(path)


def test_no_fluxpoints(path):
    write_table(path, {"a": [1.0]}, name="EVENTS")
    with pytest.raises(FileFormatError, match="no table FLUXPOINTS, found PRIMARY, EVENTS"):
        open_profile(path)


def test_an_image_called_fluxpoints(path):
    image = fits.ImageHDU(np.zeros((2, 2)), name="FLUXPOINTS")
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    with pytest.raises(FileFormatError, match="no table FLUXPOINTS"):
        open_profile(path)


def test_netcdf_of_something_else(tmp_path):
    make_binned().to_netcdf(tmp_path / "binned.nc")
    with pytest.raises(InvalidDataError, match="sed_type"):
        open_profile(tmp_path / "binned.nc")
