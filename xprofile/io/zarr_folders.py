"""Maps, binned data and profiles in Zarr folders."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import xarray as xr

from ..exceptions import ExistingFileError, FileFormatError, MissingPackageError
from ..schema.names import CELL
from ..schema.options import suggests_options
from .atomic_writing import write_folder_atomically
from .cf_conventions import axis_bounds, decode_cf, encode_cf
from .file_contents import UNREADABLE, check_declared_size
from .paths import StrPath, real_path

__all__ = ["check_zarr_folder", "read_zarr", "write_zarr"]

_MARKS = ("zarr.json", ".zgroup", ".zmetadata")  # a folder of version 3 or 2 has one of these
_FILES = (*_MARKS, ".zarray", ".zattrs", ".DS_Store")  # beside arrays and groups; the last of macOS

# How often a folder is read anew that was replaced while it was read. A profile is read in 50 ms,
# and written in about 100 ms. With one try, every reader of a folder that is being replaced would
# fail; ten times more, a reader of a folder that is always replaced would seem to hang.
_TRIES = 20

# Largest size in bytes of the chunks of HEALPix maps that are in memory. Whoever needs a few cells
# reads chunks as a whole: with ten times more, a bin of some degrees would read a tenth of a sky of
# NSIDE 1024; with a tenth, such a map with 10 energies would be in a thousand files.
_CELL_CHUNK = 2**24


@suggests_options
def write_zarr(data: xr.Dataset, path: StrPath, *, overwrite: bool = False) -> None:
    """Write a Dataset to a Zarr folder; `open_netcdf` and `open_profile` read it back unchanged.

    Parameters
    ----------
    data : xarray.Dataset
        Maps, binned data or a profile, with any dims. Arrays of dask are written chunk by chunk.
    path : str or path-like
        Path of the new folder. It appears there only when it is complete.
    overwrite : bool
        Replace a Zarr folder that exists. Other folders are never replaced.

    Raises
    ------
    ExistingFileError
        If the folder exists and `overwrite` is False, or if it is not a Zarr folder.
    UnwritableFileError
        If the disk is full or the folder is read-only.
    InvalidDataError
        If JSON cannot hold an attribute.
    MissingPackageError
        If the package zarr is not installed.

    See Also
    --------
    xprofile.open_netcdf : Read the folder into memory.
    xprofile.write_netcdf : Write a Dataset to netCDF.
    xarray.open_zarr : Open the folder, and read values when they are needed.

    Notes
    -----
    The folder has format 2 of Zarr, and the additions of `write_netcdf`. Chunks are those of the
    arrays of dask; where these differ in size along a dim, all get the size of the largest. HEALPix
    maps in memory get chunks of cells.

    Examples
    --------
    >>> import xarray as xr
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim").isel(energy=slice(3))
    >>> xprofile.write_zarr(maps, "maps.zarr")
    >>> dict(xr.open_zarr("maps.zarr").counts.sizes)
    {'energy': 3, 'lat': 200, 'lon': 400}
    """
    _check_zarr("files of Zarr need")
    with write_folder_atomically(path, overwrite=overwrite, check_old=_check_old) as temporary:
        encoded = _regular_chunks(encode_cf(data).drop_encoding())
        axes = [*encoded.xindexes, *axis_bounds(data)]
        encoding: dict[Any, dict[str, Any]] = _chunks_of_cells(encoded)
        for name in axes:
            if encoded[name].dtype.kind == "f":
                encoding.setdefault(name, {})["_FillValue"] = None
        store = _store(temporary)
        try:
            encoded.to_zarr(store, mode="w", encoding=encoding, **_format_2())
        except BaseException:
            if hasattr(store, "stop"):
                store.stop()
            raise


def _regular_chunks(data: xr.Dataset) -> xr.Dataset:
    """Make the chunks of each variable equally large along each dim, as Zarr needs them."""
    result = data.copy()
    for name, variable in data.variables.items():
        sizes = variable.chunksizes
        odd = {dim: max(size) for dim, size in sizes.items() if len(set(size[:-1])) > 1}
        odd |= {dim: max(size) for dim, size in sizes.items() if size and size[-1] > size[0]}
        if odd:
            result[name] = data[name].chunk(odd)
    return result


def _chunks_of_cells(data: xr.Dataset) -> dict[Any, dict[str, Any]]:
    """Return the encoding of HEALPix maps in memory: chunks of cells, the same for all variables.

    A power of four cells is a whole larger cell, if they are in nested order.
    """
    maps = {k: v for k, v in data.variables.items() if CELL in v.dims and v.chunks is None}
    if not maps:
        return {}
    bytes_of_cell = max(
        variable.nbytes // max(variable.sizes[CELL], 1) for variable in maps.values()
    )
    level = max((_CELL_CHUNK // max(bytes_of_cell, 1)).bit_length() - 1, 0) // 2
    cells = min(4**level, max(data.sizes[CELL], 1))
    return {
        name: {"chunks": tuple(cells if dim == CELL else max(size, 1)
                               for dim, size in variable.sizes.items())}
        for name, variable in maps.items()
    }  # fmt: skip


def _check_old(folder: Path) -> None:
    """Raise if a folder holds anything but Zarr, which would be lost if it was replaced."""
    if not folder.is_dir():
        return
    others = sorted(
        entry.name
        for entry in folder.iterdir()
        if not (entry.name in _FILES or (entry.is_dir() and _has_any(entry, _FILES)))
    )
    if others:
        raise ExistingFileError(
            f"{str(folder)!r} is a folder of other files, such as {others[0]!r}, which are not "
            "replaced: choose another name, or move these files"
        )


def _has_any(folder: Path, names: tuple[str, ...]) -> bool:
    return any((folder / name).is_file() for name in names)


def _is_zarr_folder(path: StrPath) -> bool:
    return _has_any(Path(path), _MARKS)


def check_zarr_folder(path: StrPath) -> None:
    """Raise unless a folder is a Zarr store.

    Raises
    ------
    FileFormatError
        If the folder holds something else.
    """
    if not _is_zarr_folder(path):
        raise FileFormatError(
            f"{str(path)!r} is a folder, but not of Zarr: it has none of {_MARKS}; give the path "
            "of a file, or the folder that profile.profile.to_zarr wrote"
        )


def read_zarr(path: StrPath) -> xr.Dataset:
    """Read all of a Zarr folder, without the additions that `write_zarr` made.

    If another process replaces the folder meanwhile, the new one is read.

    Raises
    ------
    FileFormatError
        If the folder cannot be read as Zarr, or is replaced all the time.
    MissingPackageError
        If the package zarr is not installed.
    """
    _check_zarr(f"{str(path)!r} is Zarr, which needs")
    for _ in range(_TRIES):
        number = os.open(path, os.O_RDONLY) if os.name == "posix" else None  # keeps its inode
        try:
            before = os.stat(path if number is None else number)
            try:
                found = _load(path)
            except FileFormatError:
                if _is_still(path, before):
                    raise
                continue
            if _is_still(path, before):
                return found
        finally:
            if number is not None:
                os.close(number)
    raise FileFormatError(
        f"{str(path)!r} was replaced {_TRIES} times while it was read: read it when nobody "
        "writes it"
    )


def _load(path: StrPath) -> xr.Dataset:
    try:
        version_3 = (Path(path) / "zarr.json").is_file()
        with (
            _without_warnings_of_text() if version_3 else nullcontext(),
            xr.open_dataset(_store(path), engine="zarr", chunks=None) as data,
        ):
            check_declared_size(data, path, allowed=2**32)
            return decode_cf(data.load())
    except FileFormatError:
        raise
    except UNREADABLE as error:
        raise FileFormatError(
            f"cannot read {str(path)!r} as Zarr: {error}; the folder may be damaged: copy it again "
            "or write it again"
        ) from error


def _is_still(path: StrPath, before: os.stat_result) -> bool:
    """Whether the same folder is at a path as before."""
    try:
        now = os.stat(path)
    except OSError:
        return False
    return (now.st_dev, now.st_ino) == (before.st_dev, before.st_ino)


def _check_zarr(purpose: str) -> None:
    try:
        import zarr  # noqa: F401
    except ImportError:
        raise MissingPackageError.of_extra(purpose, "zarr", "zarr") from None


def _store(path: StrPath) -> Any:
    """Return the store of a folder; of a path as text, zarr takes the part before ``::`` alone."""
    if _is_zarr_2():
        import zarr

        version_2: Any = zarr
        return version_2.DirectoryStore(real_path(path))  # writes in the thread of its caller
    from .zarr_stores import StoppableStore

    return StoppableStore(real_path(path))


def _format_2() -> dict[str, Any]:
    """Return the option for format 2 of Zarr, as format 3 does not define text yet."""
    return {} if _is_zarr_2() else {"zarr_format": 2}


def _is_zarr_2() -> bool:
    import zarr

    return int(zarr.__version__.partition(".")[0]) < 3


@contextmanager
def _without_warnings_of_text() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*Zarr (V3|format 3) specification")
        yield
