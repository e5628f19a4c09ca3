"""netCDF in several threads: the libraries end the process if two use them at once."""

import errno
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps
from cases.profiles import make_profile
from xarray.backends.netCDF4_ import NETCDF4_PYTHON_LOCK

from xprofile import open_netcdf, write_netcdf
from xprofile.exceptions import UnwritableFileError
from xprofile.io import netcdf_files
from xprofile.io.netcdf_files import NETCDF_LOCK

TESTS = Path(__file__).parents[1]
SCRIPT = """
import sys
from concurrent.futures import ThreadPoolExecutor
import xarray as xr
from cases.maps import make_maps
from xprofile import open_netcdf, write_netcdf

folder, number, turns = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
maps = make_maps()
write_netcdf(maps, f"{folder}/lazy.nc")
lazy = xr.open_dataset(f"{folder}/lazy.nc", chunks={"lat": 10})

def work(number):
    path = f"{folder}/{number % 4}.nc"
    for turn in range(turns):
        write_netcdf(maps if turn % 2 else maps.chunk(lat=20), path, overwrite=True)
        assert open_netcdf(path).identical(maps)
        assert int(lazy.counts.sum().compute()) == int(maps.counts.sum())

with ThreadPoolExecutor(number) as pool:
    list(pool.map(work, range(number)))
print("alive")
"""


@pytest.mark.slow
@pytest.mark.parametrize(("number", "turns"), [(5, 2), (8, 5)])
def test_threads_write_and_read(tmp_path, number, turns):
    arguments = [str(tmp_path), str(number), str(turns)]
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, *arguments]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=60)
    assert done.stdout == "alive\n", (done.returncode, done.stderr)


def in_another_thread(function):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def test_a_lock_that_is_held_is_not_waited_for_unless_asked():
    for lock in netcdf_files._LOCKS_OF_XARRAY:
        with lock:
            assert not NETCDF_LOCK.acquire(blocking=False)
            assert not NETCDF_LOCK.locked()
    writing = netcdf_files._LockOfWriting()
    with NETCDF_LOCK:
        assert not in_another_thread(lambda: NETCDF_LOCK.acquire(blocking=False))
        assert not in_another_thread(lambda: writing.acquire(blocking=False))
    assert writing.acquire(blocking=False)
    writing.release()
    assert not NETCDF_LOCK.locked()


def test_after_a_failure_the_caller_alone_gets_the_lock():
    writing = netcdf_files._LockOfWriting()
    writing.ended = True
    with pytest.raises(OSError, match="another part of the file failed"):
        in_another_thread(writing.acquire)
    with writing:
        assert NETCDF_LOCK.locked()
    assert not NETCDF_LOCK.locked()


@pytest.mark.parametrize("number", [errno.EFBIG, errno.EINVAL])
def test_a_size_that_the_system_does_not_allow_is_an_error_at_once(tmp_path, monkeypatch, number):
    truncate = os.truncate

    def limited(path, size):
        if size:
            raise OSError(number, "too large")
        truncate(path, size)

    monkeypatch.setattr(os, "truncate", limited)
    profile, path = make_profile(), tmp_path / "profile.nc"
    if number == errno.EFBIG:
        with pytest.raises(UnwritableFileError, match="too large"):
            write_netcdf(profile, path)
        assert not path.exists()
    else:  # a file system that cannot tell
        write_netcdf(profile, path)
        xr.testing.assert_identical(open_netcdf(path), profile)


@pytest.mark.slow
def test_chunks_that_come_from_netcdf_do_not_wait_for_the_write(tmp_path):
    """Tasks of dask that call `open_netcdf` would wait for ever if the writer held the lock."""
    profile = make_profile()
    write_netcdf(profile, tmp_path / "source.nc")

    def norm(number):
        write_netcdf(profile, tmp_path / f"{number}.nc")
        return open_netcdf(tmp_path / "source.nc")["norm"].to_numpy()

    parts = [da.from_delayed(dask.delayed(norm)(n), profile["norm"].shape, float) for n in range(3)]
    data = profile.assign(many=(("part", *profile["norm"].dims), da.stack(parts)))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(write_netcdf, data, tmp_path / "many.nc").result(timeout=60)
    found = open_netcdf(tmp_path / "many.nc")["many"]
    np.testing.assert_array_equal(found, np.stack([profile["norm"]] * 3))


@pytest.mark.heavy
@pytest.mark.parametrize("chunks", [None, {"lat": 20}])
def test_what_xarray_opened_from_netcdf_can_be_written(tmp_path, chunks):
    maps = make_maps()
    write_netcdf(maps, tmp_path / "a.nc")
    with (
        xr.open_dataset(tmp_path / "a.nc", chunks=chunks) as lazy,
        ThreadPoolExecutor(1) as pool,
    ):
        pool.submit(write_netcdf, lazy, tmp_path / "b.nc").result(timeout=60)
    xr.testing.assert_identical(open_netcdf(tmp_path / "b.nc"), maps)


def test_the_locks_of_xarray_are_taken_in_its_own_order():
    """In another order, one thread here and one within xarray would wait for each other."""
    assert tuple(netcdf_files._LOCKS_OF_XARRAY) == NETCDF4_PYTHON_LOCK.locks


def test_the_lock_counts_and_is_one_in_each_process():
    assert not NETCDF_LOCK.locked()
    with NETCDF_LOCK, NETCDF_LOCK:
        with ThreadPoolExecutor(1) as pool:
            assert not pool.submit(NETCDF_LOCK.acquire, False).result()
        assert NETCDF_LOCK.acquire(False)
        NETCDF_LOCK.release()
        assert NETCDF_LOCK.locked()
    assert not NETCDF_LOCK.locked()
    assert pickle.loads(pickle.dumps(NETCDF_LOCK)) is NETCDF_LOCK


def test_unlimited_dims_groups_and_formats(tmp_path):
    maps, path = make_maps(), tmp_path / "a.nc"
    write_netcdf(maps, path, unlimited_dims="energy", format="NETCDF4", group="sky")
    with xr.open_dataset(path, group="sky") as found:
        assert found.encoding["unlimited_dims"] == {"energy"}
    write_netcdf(maps, path, overwrite=True, engine="scipy", format="NETCDF3_64BIT")
    xr.testing.assert_identical(open_netcdf(path), maps)
