"""Access to netCDF files by one thread at a time.

The HDF5 and netCDF libraries end the process if two threads use them at once. xarray locks the
reading and writing of values, but not that of names, dims and attributes. Here one lock is round
all of it. While a thread holds it, it holds xarray's locks too, so that Datasets which xarray
opened, and reads chunk by chunk in threads of dask, are safe as well.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import xarray as xr
from xarray import backends
from xarray.backends.netCDF4_ import NETCDF4_PYTHON_LOCK

from .file_contents import check_declared_size, check_heaps
from .forking import hold_while_forking
from .paths import StrPath, real_path

__all__ = ["NETCDF_LOCK", "read_netcdf_file", "write_netcdf_file"]

_OURS = {"format", "group", "unlimited_dims"}  # options of `to_netcdf` that `_store` knows


# those of HDF5 and netCDF, in the order in which xarray takes them; in another order, two threads
# could wait for each other for ever
_LOCKS_OF_XARRAY: list[Any] = list(getattr(NETCDF4_PYTHON_LOCK, "locks", [NETCDF4_PYTHON_LOCK]))


class _NetcdfLock:
    """A lock that one thread can take several times, and that holds the locks of xarray."""

    def __init__(self) -> None:
        self._own = threading.RLock()
        self._depth = 0

    def acquire(self, blocking: bool = True) -> bool:
        """Take the lock; return whether it was taken."""
        if not self._own.acquire(blocking):
            return False
        taken = []
        try:
            for lock in _LOCKS_OF_XARRAY if self._depth == 0 else ():
                if not lock.acquire(blocking):
                    break
                taken.append(lock)
            else:
                self._depth += 1
                return True
        except BaseException:
            self._give_back(taken)
            raise
        self._give_back(taken)
        return False

    def _give_back(self, taken: list[Any]) -> None:
        for lock in taken:
            lock.release()
        self._own.release()

    def release(self) -> None:
        """Give the lock back once."""
        self._depth -= 1
        self._give_back(_LOCKS_OF_XARRAY if self._depth == 0 else [])

    def locked(self) -> bool:
        """Whether a thread holds the lock."""
        return self._depth > 0

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()

    def __reduce__(self) -> str:
        return "NETCDF_LOCK"  # the one of the process


NETCDF_LOCK = _NetcdfLock()
hold_while_forking(NETCDF_LOCK)


def read_netcdf_file(path: StrPath) -> xr.Dataset:
    """Read all of a netCDF file."""
    check_heaps(path)
    with (
        _path_for_netcdf(path) as plain,
        NETCDF_LOCK,
        xr.open_dataset(plain, engine="netcdf4", lock=NETCDF_LOCK) as data,
    ):
        check_declared_size(data, path)
        return data.load()


@contextmanager
def _path_for_netcdf(path: StrPath) -> Iterator[str]:
    """Give a path of a file that exists, as the netCDF library can open it.

    The library takes backslashes for slashes, and fails if a name is not UTF-8. Linux has another
    path to each open file.
    """
    plain = real_path(path)
    if sys.platform != "linux" or ("\\" not in plain and plain.isprintable()):
        yield plain
        return
    number = os.open(plain, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{number}"
    finally:
        os.close(number)


def write_netcdf_file(
    data: xr.Dataset,
    path: Path,
    *,
    encoding: Mapping[Hashable, Mapping[str, Any]],
    engine: str | None = None,
    **options: Any,
) -> None:
    """Write a netCDF file as `xarray.Dataset.to_netcdf` does, one thread at a time.

    Arrays of dask are computed without the lock, which is taken to write each chunk: so they may
    come from other netCDF files. Other engines, and dask with other processes, have their own
    locks.
    """
    _check_allowed_size(data, path, encoding)
    if engine not in (None, "netcdf4") or options.keys() - _OURS or not _in_this_process(data):
        data.to_netcdf(path, mode="w", encoding=encoding, engine=engine, **options)  # type: ignore[call-overload]
        return
    data = _load_what_the_lock_would_block(data)
    dims = options.pop("unlimited_dims", None) or data.encoding.get("unlimited_dims") or ()
    unlimited = [dims] if isinstance(dims, str) else [dim for dim in dims if dim in data.dims]
    # without chunks, the file is closed before another thread can fork: a new process would hold
    # the lock that HDF5 puts on open files, and nobody could read this one while it lives
    with nullcontext() if data.chunks else NETCDF_LOCK, _path_for_netcdf(path) as plain:
        _write_store(data, plain, encoding, unlimited, options)


def _check_allowed_size(
    data: xr.Dataset, path: Path, encoding: Mapping[Hashable, Mapping[str, Any]]
) -> None:
    """Raise if the system allows no file as large as the values, before HDF5 meets that limit."""
    packed = {"dtype", "zlib", "compression", "scale_factor", "add_offset"}
    least = sum(
        variable.nbytes
        for name, variable in data.variables.items()
        if variable.dtype.kind in "biuf"
        and not packed & {**variable.encoding, **encoding.get(name, {})}.keys()
    )
    try:
        os.truncate(path, least)  # which takes no place on the disk
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise
    finally:
        os.truncate(path, 0)


def _write_store(
    data: xr.Dataset,
    path: str,
    encoding: Mapping[Hashable, Mapping[str, Any]],
    unlimited: list[Any],
    options: dict[str, Any],
) -> None:
    untyped: Any = backends  # these functions of xarray have no types
    writer, lock = untyped.common.ArrayWriter(), _LockOfWriting()
    with NETCDF_LOCK:
        store = untyped.NetCDF4DataStore.open(path, mode="w", lock=lock, **options)
    try:
        with NETCDF_LOCK:
            data.dump_to_store(
                store, writer=writer, encoding=dict(encoding), unlimited_dims=unlimited
            )
        writer.sync()
        with NETCDF_LOCK:
            store.sync()
            store.close()
    except BaseException:
        lock.ended = True
        with NETCDF_LOCK, suppress(RuntimeError, OSError), _rest_in_memory(path):
            store.close()
        raise


class _LockOfWriting:
    """The lock while one file is written; when that has failed, only the caller gets it.

    Threads of dask that still have chunks would open the file again.
    """

    def __init__(self) -> None:
        self.ended = False
        self._caller = threading.get_ident()

    def acquire(self, blocking: bool = True) -> bool:
        """Take the lock of the process; return whether it was taken."""
        if not NETCDF_LOCK.acquire(blocking):
            return False
        if self.ended and threading.get_ident() != self._caller:
            NETCDF_LOCK.release()
            raise OSError("writing has ended, because another part of the file failed")
        return True

    def release(self) -> None:
        """Give the lock back once."""
        NETCDF_LOCK.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()


@contextmanager
def _rest_in_memory(path: str) -> Iterator[None]:
    """Let the libraries write the rest of a file that failed to memory, so that they can close it.

    If they cannot write what they hold, for the disk is full, they keep the file open for ever, or
    end the process.
    """
    if sys.platform != "linux":
        yield
        return
    file, kept, memory = os.stat(path), os.open(path, os.O_RDONLY), os.memfd_create("xprofile")
    for number in map(int, os.listdir("/proc/self/fd")):
        with suppress(OSError):  # the list itself is closed
            if number != kept and os.path.samestat(os.fstat(number), file):
                os.dup2(memory, number, inheritable=False)
    os.close(memory)
    yield
    # not if closing failed: HDF5 would take a new file of the same inode for the one it still has
    os.close(kept)


def _load_what_the_lock_would_block(data: xr.Dataset) -> xr.Dataset:
    """Load the variables that xarray reads while it writes, and that may come from netCDF files."""
    result = data.copy()
    for variable in result.variables.values():
        if variable.chunks is None or variable.dtype.kind not in "biufc":
            variable.load()
    return result


def _in_this_process(data: xr.Dataset) -> bool:
    """Whether threads of this process compute all arrays of a Dataset."""
    if "dask.base" not in sys.modules or not data.chunks:
        return True
    import dask
    import dask.threaded

    arrays = [variable.data for variable in data.variables.values() if variable.chunks]
    get_scheduler: Any = dask.base.get_scheduler
    scheduler = get_scheduler(collections=arrays)
    return scheduler in (None, dask.threaded.get, dask.local.get_sync)
