"""Errors of writes that failed: by the disk, or by values that could not be read or computed."""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path

from ..exceptions import ExistingFileError, UnwritableFileError
from .paths import StrPath, unwritable

__all__ = ["explain_failed_write"]

# what the system says of a place to write to, never of a file to read
_OF_WRITES = {errno.ENOSPC, errno.EFBIG, errno.EROFS, errno.EDQUOT}

# functions of xarray that read values which are still in a file, of Datasets without dask
_READS = {"get_duck_array", "_getitem", "load", "compute"}

# functions of dask that write a chunk when it is computed
_WRITES = {"store_chunk", "load_store_chunk"}

# errors that functions explain by their arguments
_OF_ARGUMENTS = (
    TypeError, AttributeError, LookupError, ValueError, ArithmeticError, MemoryError,
    RecursionError, NotImplementedError, Warning,
)  # fmt: skip


def explain_failed_write(path: StrPath, error: Exception, folder: Path, target: Path) -> None:
    """Raise an error of xprofile if a write failed for a reason outside the arguments.

    Parameters
    ----------
    path : str or path-like
        Path as the caller gave it.
    error : Exception
        Error of the write.
    folder : pathlib.Path
        Temporary folder of the write.
    target : pathlib.Path
        Where the file would be.

    Raises
    ------
    UnwritableFileError
        If the system refuses to write, or if the values to write cannot be read or computed, as
        when their file has vanished. ``errno`` is that of the operating system.
    ExistingFileError
        If the file exists.
    """
    if isinstance(error, _OF_ARGUMENTS) and not isinstance(error, OSError):
        return
    if type(error).__name__ == "KilledWorker":  # of dask.distributed, which may not be installed
        raise UnwritableFileError(
            f"cannot write {str(path)!r}: workers of dask died while they computed the data "
            f"({error}); what was there before is unchanged; give the workers more memory, or "
            "smaller chunks"
        ) from error
    if _is_of_the_values(error, folder, target):
        found = UnwritableFileError(
            f"cannot write {str(path)!r}: its values could not be read or computed "
            f"({type(error).__name__}: {error}); what was there before is unchanged; check that "
            "the files of the data still exist and can be read, and try data.compute()"
        )
        found.errno = getattr(error, "errno", None)
        raise found from error
    if isinstance(error, FileExistsError):
        raise ExistingFileError(
            f"{str(path)!r} exists already: another program wrote it in the meantime; its file is "
            "unchanged; pass overwrite=True to replace it"
        ) from error
    if isinstance(error, OSError | RuntimeError):  # the latter of netCDF, if the disk is full
        raise unwritable(path, error) from error


def _is_of_the_values(error: Exception, folder: Path, target: Path) -> bool:
    """Whether an error stems from the values to write, and not from the place to write to."""
    if getattr(error, "errno", None) in _OF_WRITES:
        return False
    name = getattr(error, "filename", None)
    if isinstance(name, str | bytes | os.PathLike):
        named = Path(os.fsdecode(name))
        return not {folder, target} & {named, *named.parents}
    return _was_computing(error)


def _was_computing(error: Exception) -> bool:
    """Whether an error arose while dask or xarray read or computed values."""
    computing = False
    for frame, _ in traceback.walk_tb(error.__traceback__):
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        function = frame.f_code.co_name
        if package == "dask" and function in _WRITES:
            return False
        computing = computing or package in ("dask", "distributed")
        computing = computing or (package == "xarray" and function in _READS)
    return computing
