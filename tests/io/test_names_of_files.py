"""Names that libraries take for something else: of an address, of another folder, of no text."""

import os
import sys

import pytest
import xarray as xr
from cases.maps import make_maps
from cases.profiles import make_profile

from xprofile import open_events, open_profile, write_ecsv, write_netcdf, write_profile, write_zarr
from xprofile.exceptions import ExistingFileError, MissingFileError, UnwritableFileError
from xprofile.io.atomic_writing import write_folder_atomically

WRITERS = {"fits": write_profile, "ecsv": write_ecsv, "nc": write_netcdf, "zarr": write_zarr}
NAMES = ["a::b", "file:a", "http:a", "a#mode=zarr", "a b%20c"]
OF_LINUX = ["a\\b", "a\udcff"]  # backslashes, and bytes that are not UTF-8


def needs_zarr(form):
    if form == "zarr":
        pytest.importorskip("zarr")


@pytest.mark.heavy
@pytest.mark.parametrize("form", ["ecsv", "nc", "zarr"])
@pytest.mark.parametrize("as_folder", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_each_name_is_the_name_of_the_file(tmp_path, monkeypatch, form, as_folder):
    needs_zarr(form)
    monkeypatch.chdir(tmp_path)
    profile = make_profile()
    for number, name in enumerate(NAMES + OF_LINUX * (sys.platform == "linux")):
        path = f"{name}/p.{form}" if as_folder else f"{name}.{form}"
        if as_folder:
            os.mkdir(name)
        WRITERS[form](profile.assign_attrs(number=number), path)
        assert open_profile(path).attrs["number"] == number
        assert os.path.lexists(path)
    assert len(os.listdir(tmp_path)) == number + 1


def test_zarr_erases_no_folder_whose_name_begins_alike(tmp_path):
    """zarr took ``a::b`` for an address, and emptied the folder ``a``."""
    pytest.importorskip("zarr")
    for name in ("a", "a::b"):
        (tmp_path / name).mkdir()
    thesis = tmp_path / "a" / "thesis"
    thesis.write_text("all my work")
    write_zarr(make_profile(), tmp_path / "a::b" / "p.zarr")
    assert thesis.read_text() == "all my work"
    xr.testing.assert_identical(open_profile(tmp_path / "a::b" / "p.zarr"), make_profile())


@pytest.mark.heavy
@pytest.mark.parametrize("form", WRITERS)
def test_the_folder_above_a_link_is_that_of_its_target(tmp_path, monkeypatch, form):
    needs_zarr(form)
    (tmp_path / "deep" / "est").mkdir(parents=True)
    (tmp_path / "link").symlink_to("deep/est")
    monkeypatch.chdir(tmp_path)
    WRITERS[form](make_profile().assign_attrs(which="other"), f"p.{form}")
    WRITERS[form](make_profile().assign_attrs(which="deep"), f"link/../p.{form}")
    assert (tmp_path / "deep" / f"p.{form}").exists()
    assert open_profile(f"link/../p.{form}").attrs["which"] == "deep"


def test_a_link_in_a_circle_is_no_file_of_events(tmp_path):
    (tmp_path / "events.fits").symlink_to("events.fits")
    with pytest.raises(MissingFileError):
        open_events(tmp_path / "events.fits", like=make_maps())


@pytest.mark.parametrize("error", [PermissionError(13, "no"), OSError(5, "broken")])
def test_a_folder_that_cannot_be_listed_is_not_replaced(tmp_path, error):
    def fail(folder):
        raise error

    (tmp_path / "p.zarr").mkdir()
    with (
        pytest.raises(UnwritableFileError),
        write_folder_atomically(tmp_path / "p.zarr", overwrite=True, check_old=fail),
    ):
        pass
    with (
        pytest.raises(ExistingFileError),
        write_folder_atomically(tmp_path / "p.zarr", check_old=fail),
    ):
        pass
    assert os.listdir(tmp_path) == ["p.zarr"]
