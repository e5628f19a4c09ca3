"""Datasets in Zarr folders: round trips, chunks, and what is never replaced."""

import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps, uneven_maps
from cases.profiles import make_binned, make_profile
from cases.short_line import line

from xprofile import bin_maps, open_netcdf, open_profile, write_zarr
from xprofile.exceptions import ExistingFileError, FileFormatError, MissingPackageError
from xprofile.io import zarr_folders

pytest.importorskip("zarr")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.zarr"


@pytest.mark.heavy
@pytest.mark.parametrize("make", [make_maps, uneven_maps, make_binned, make_profile])
def test_all_three_datasets_come_back(make, path):
    data = make().assign_attrs(settings={"a": [1, None, True]})
    before = data.copy(deep=True)
    data.profile.to_zarr(path)
    xr.testing.assert_identical(data, before)
    found = open_netcdf(path)
    xr.testing.assert_identical(found, data)
    assert {k: v.dtype for k, v in found.variables.items()} == {
        k: v.dtype for k, v in data.variables.items()
    }
    if make is make_profile:
        xr.testing.assert_identical(open_profile(path), data)


@pytest.mark.slow
def test_xarray_opens_it_without_loading(path):
    maps = uneven_maps()
    maps.chunk(lat=20).profile.to_zarr(path)
    with xr.open_zarr(path) as found:
        assert found.chunksizes["lat"] == (20, 20, 20)
        xr.testing.assert_allclose(bin_maps(found, line()), bin_maps(maps, line()))


@pytest.mark.heavy
@pytest.mark.parametrize(
    "chunks", [{"lat": (10, 30, 20)}, {"lat": (20, 40)}, {"lat": (7, 7, 46), "lon": (80,)}]
)
def test_chunks_of_different_sizes(path, chunks):
    maps = make_maps().chunk(chunks)
    write_zarr(maps, path)
    assert maps.chunksizes["lat"] == chunks["lat"]
    xr.testing.assert_identical(open_netcdf(path), make_maps())


@pytest.mark.slow
def test_what_was_opened_can_be_changed_and_written_to_its_place(path, tmp_path):
    write_zarr(make_maps().chunk(lat=20), path)
    with xr.open_zarr(path) as found:
        write_zarr(found.isel(lat=slice(5, 50)), path, overwrite=True)
    xr.testing.assert_identical(open_netcdf(path), make_maps().isel(lat=slice(5, 50)))
    make_maps().profile.to_netcdf(tmp_path / "a.nc", encoding={"counts": {"zlib": True}})
    write_zarr(open_netcdf(tmp_path / "a.nc"), path, overwrite=True)
    xr.testing.assert_identical(open_netcdf(path), make_maps())


@pytest.mark.parametrize("overwrite", [False, True])
def test_other_folders_and_files_are_never_replaced(path, overwrite):
    path.mkdir()
    (path / "thesis.tex").write_text("years of work")
    match = "folder of other files" if overwrite else "exists already"
    with pytest.raises(ExistingFileError, match=match):
        write_zarr(make_profile(), path, overwrite=overwrite)
    assert (path / "thesis.tex").read_text() == "years of work"
    with pytest.raises(ExistingFileError, match="is a file"):
        write_zarr(make_profile(), path / "thesis.tex", overwrite=overwrite)


def test_an_old_folder_goes_whole_and_leaves_its_mode(path):
    write_zarr(make_maps(), path)
    path.chmod(0o750)
    write_zarr(make_profile(), path, overwrite=True)
    xr.testing.assert_identical(open_profile(path), make_profile())
    assert not (path / "exposure").exists()
    assert path.stat().st_mode & 0o777 == 0o750
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.slow
def test_a_folder_that_is_replaced_while_it_is_read(path, monkeypatch):
    profile = make_profile()
    write_zarr(profile, path)
    load, times = xr.open_dataset, []

    def load_slowly(*args, **kwargs):
        found = load(*args, **kwargs).load()
        if len(times) < times_replaced:
            times.append(1)
            write_zarr(profile.assign_attrs(number=len(times)), path, overwrite=True)
        return found

    monkeypatch.setattr(xr, "open_dataset", load_slowly)
    times_replaced = 2
    assert open_profile(path).attrs["number"] == 2
    times_replaced = 1000
    monkeypatch.setattr(zarr_folders, "_TRIES", 2)
    with pytest.raises(FileFormatError, match="was replaced 2 times"):
        open_profile(path)


def test_without_the_package(path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zarr", None)
    with pytest.raises(MissingPackageError, match="pip install zarr"):
        write_zarr(make_profile(), path)
    assert not path.exists()
    assert np.all(make_profile()["counts"] >= 0)


@pytest.mark.parametrize("first", [FileFormatError("half of it"), "old"])
def test_a_folder_is_read_again_if_it_was_replaced(tmp_path, monkeypatch, first):
    """Until it stays as it is, and not for ever."""
    found, still = [first, "new"], [False, True]

    def load(path):
        assert path == tmp_path
        value = found.pop(0)
        if isinstance(value, Exception):
            raise value
        return value

    monkeypatch.setattr(zarr_folders, "_load", load)
    monkeypatch.setattr(zarr_folders, "_is_still", lambda path, before: still.pop(0))
    assert zarr_folders.read_zarr(tmp_path) == "new"
    found[:], still[:] = [first] * 100, [False] * 100
    with pytest.raises(FileFormatError, match=r"was replaced \d+ times while it was read"):
        zarr_folders.read_zarr(tmp_path)
    found[:], still[:] = [FileFormatError("damaged")], [True]
    with pytest.raises(FileFormatError, match="damaged"):
        zarr_folders.read_zarr(tmp_path)
