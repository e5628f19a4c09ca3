"""What happens to files and folders while a write computes its data."""

import os

import dask.array as da
import numpy as np
import pytest
from cases.maps import make_maps

from xprofile import open_maps, open_netcdf, write_maps, write_netcdf, write_zarr
from xprofile.exceptions import ExistingFileError, InvalidOptionError, UnwritableFileError


def maps_that(action):
    """Maps that do something when they are computed."""
    maps = make_maps()

    def compute(block):
        action()
        return block

    values = da.from_array(maps.counts.to_numpy(), chunks=-1)
    meta = np.empty((0, 0, 0), maps.counts.dtype)
    return maps.assign(counts=maps.counts.copy(data=values.map_blocks(compute, meta=meta)))


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("overwrite", [True, False])
def test_what_appears_at_the_path_of_zarr_stays(tmp_path, kind, overwrite):
    pytest.importorskip("zarr")
    thesis = tmp_path / "a" / "thesis" if kind == "folder" else tmp_path / "a"

    def appear():
        thesis.parent.mkdir(exist_ok=True)
        thesis.write_text("all my work")

    with pytest.raises(ExistingFileError):
        write_zarr(maps_that(appear), tmp_path / "a", overwrite=overwrite)
    assert thesis.read_text() == "all my work"


def test_notes_in_a_zarr_folder_are_not_lost(tmp_path):
    pytest.importorskip("zarr")
    write_zarr(make_maps(), tmp_path / "a")
    (tmp_path / "a" / "notes.txt").write_text("all my work")
    with pytest.raises(ExistingFileError, match=r"notes\.txt"):
        write_zarr(make_maps(), tmp_path / "a", overwrite=True)


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize(
    ("write", "read"), [(write_maps, open_maps), (write_netcdf, open_netcdf)], ids=["fits", "nc"]
)
def test_the_working_folder_may_change(tmp_path, monkeypatch, write, read, overwrite):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "results").mkdir()
    write(maps_that(lambda: os.chdir(tmp_path / "other")), "results/a", overwrite=overwrite)
    assert read(tmp_path / "results" / "a").counts.equals(make_maps().counts)


def test_a_file_without_values_is_never_written(tmp_path):
    with pytest.raises(InvalidOptionError, match="compute=False"):
        write_netcdf(make_maps().chunk(lat=20), tmp_path / "a.nc", compute=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("end", ["/", "/.", "/../new/"])
def test_the_path_of_a_folder_is_no_name_of_a_file(tmp_path, end):
    with pytest.raises(ExistingFileError, match="path of a folder"):
        write_netcdf(make_maps(), f"{tmp_path}/new{end}")
    assert not list(tmp_path.iterdir())


KilledWorker = type("KilledWorker", (Exception,), {})  # as that of dask.distributed


@pytest.mark.parametrize("write", [write_maps, write_netcdf, write_zarr])
def test_a_worker_of_dask_that_dies(tmp_path, write):
    def die():
        raise KilledWorker("on 4 different workers")

    with pytest.raises(UnwritableFileError, match="workers of dask died"):
        write(maps_that(die), tmp_path / "a")
    assert not list(tmp_path.iterdir())
