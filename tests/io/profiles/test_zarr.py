"""Profiles in Zarr, written by xarray alone."""

import sys

import pytest
import xarray as xr
from cases.profile_files import write_zarr
from cases.profiles import make_profile

from xprofile import open_profile
from xprofile.exceptions import FileFormatError, InvalidDataError, MissingPackageError


@pytest.mark.slow
@pytest.mark.parametrize("version", [2, 3])
def test_a_profile_comes_back(tmp_path, version):
    profile = make_profile().assign_attrs(flag=True, words=["a", "b"])
    write_zarr(profile, tmp_path / "p.zarr", version)
    found = open_profile(tmp_path / "p.zarr")
    xr.testing.assert_identical(found, profile)
    assert {k: v.dtype for k, v in found.variables.items()} == {
        k: v.dtype for k, v in profile.variables.items()
    }
    assert isinstance(found["norm"].variable._data, type(profile["norm"].variable._data))  # loaded


def test_without_the_package_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "zarr.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(MissingPackageError, match="pip install zarr"):
        open_profile(tmp_path)


def test_a_broken_folder(tmp_path):
    (tmp_path / "zarr.json").write_text("nonsense")
    with pytest.raises(FileFormatError, match=r"cannot read .* as Zarr"):
        open_profile(tmp_path)


def test_something_else_in_zarr(tmp_path):
    write_zarr(xr.Dataset({"a": ("x", [1.0])}), tmp_path / "a.zarr", 2)
    with pytest.raises(InvalidDataError, match="sed_type"):
        open_profile(tmp_path / "a.zarr")
