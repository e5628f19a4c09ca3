"""Checks of paths: a file to read exists, and a file to write does not replace another one."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from ..exceptions import (
    ExistingFileError,
    FileFormatError,
    InvalidOptionError,
    MissingFileError,
    UnwritableFileError,
)

__all__ = [
    "StrPath",
    "check_can_write",
    "check_exists",
    "check_unchanged",
    "expand_home",
    "real_path",
    "unwritable",
]

StrPath = str | os.PathLike[str]

_ENDS_OF_FOLDERS = tuple(s + d for s in (os.sep, os.altsep) if s for d in ("", ".", ".."))


def check_exists(path: StrPath, *, allow_folder: bool = False) -> Path:
    """Raise unless there is a file at a path, and return the path with ``~`` expanded.

    Parameters
    ----------
    path : str or path-like
        Path of the file to read.
    allow_folder : bool
        Accept a folder as well, such as a Zarr store.

    Returns
    -------
    pathlib.Path
        The path, which begins with the home folder in place of ``~``.

    Raises
    ------
    MissingFileError
        If the file does not exist.
    """
    found = Path(expand_home(path))
    try:
        exists = found.is_file() or (allow_folder and found.is_dir())
    except OSError:  # the name is too long
        exists = False
    if not exists or not os.fsdecode(path):  # pathlib takes an empty text for the working folder
        raise MissingFileError(f"no file {str(path)!r}: check the path and the working folder")
    return found


def check_unchanged(path: str, name: str, state: tuple[int, int]) -> None:
    """Raise if a file changed or vanished since it was opened to read values later.

    Parameters
    ----------
    path, name : str
        Path of the file, and its name in messages.
    state : tuple of int
        Size and time of change that the file had.

    Raises
    ------
    FileFormatError
        If it did.
    """
    found = None
    with suppress(FileNotFoundError):
        status = os.stat(path)
        found = status.st_size, status.st_mtime_ns
    if found != state:
        raise FileFormatError(
            f"{name!r} {'changed' if found else 'vanished'} since it was opened, and its values "
            "are read only when they are needed: open it again, and change it only when all is "
            "computed; or load the values at once, by opening it without chunks"
        )


def expand_home(path: StrPath) -> str:
    """Return a path with the home folder in place of ``~`` or ``~user`` at its start.

    A file that is really called ``~`` is at ``./~``.
    """
    return os.path.expanduser(os.fsdecode(path))


def real_path(path: StrPath) -> str:
    """Return the absolute path of a file, without links, as the only one that libraries read alike.

    They take ``a::b`` and ``http:a`` for addresses, and ``link/..`` for the folder that the link is
    in: with such a path they would read, or erase, another file. A ``~`` at the start is the home
    folder, as for xarray and astropy.
    """
    return os.path.realpath(expand_home(path))


def check_can_write(path: StrPath, *, overwrite: bool, folder: bool = False) -> Path:
    """Raise unless a file can be written at a path, and follow symbolic links to its place.

    Parameters
    ----------
    path : str or path-like
        Path of the file to write.
    overwrite : bool
        Allow an existing file there.
    folder : bool
        Write a folder, such as a Zarr store, instead of a file.

    Returns
    -------
    pathlib.Path
        Where the file will be. A link that leads to nothing leads to the new file.

    Raises
    ------
    ExistingFileError
        If a file exists there and `overwrite` is False, or if there is a folder in place of a file,
        a file in place of a folder, or a pipe, socket or device.
    MissingFileError
        If the folder of the file does not exist.
    UnwritableFileError
        If the path is too long, leads in a circle, or may not be looked at.
    InvalidOptionError
        If `path` is not a path.
    """
    target = _follow_links(path)
    if not folder and os.fsdecode(path).endswith(_ENDS_OF_FOLDERS):
        raise ExistingFileError(
            f"{str(path)!r} is the path of a folder: add the name of the file to write there"
        )
    try:
        mode = target.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        if not os.path.isdir(target.parent):
            raise MissingFileError(
                f"no folder {str(target.parent)!r} to write {target.name!r} into: create it, or "
                "choose another folder"
            ) from None
        return target
    except OSError as error:
        raise unwritable(path, error) from error
    if stat.S_ISLNK(mode):
        raise ExistingFileError(f"{str(path)!r} is a link that leads in a circle: remove it")
    _check_kind(path, mode, folder)
    if not overwrite:
        raise ExistingFileError(f"{str(path)!r} exists already; pass overwrite=True to replace it")
    return target


def _follow_links(path: StrPath) -> Path:
    """Return the absolute path without symbolic links, or raise if there cannot be one."""
    try:
        return Path(real_path(path))
    except (TypeError, ValueError) as error:
        raise InvalidOptionError(
            f"path is {path!r}, expected the path of a file as text or pathlib.Path: {error}"
        ) from error
    except OSError as error:
        raise unwritable(path, error) from error


def _check_kind(path: StrPath, mode: int, folder: bool) -> None:
    """Raise if something of another kind is at a path, such as a folder or a pipe."""
    if stat.S_ISDIR(mode):
        if not folder:
            raise ExistingFileError(f"{str(path)!r} is a folder: choose another name for the file")
    elif not stat.S_ISREG(mode):
        raise ExistingFileError(
            f"{str(path)!r} is a pipe, socket or device, which cannot be replaced by a whole file: "
            "choose another name"
        )
    elif folder:
        raise ExistingFileError(f"{str(path)!r} is a file: choose another name for the folder")


def unwritable(path: StrPath, error: Exception) -> UnwritableFileError:
    """Make the error of a file that could not be written, with the cause and its errno."""
    result = UnwritableFileError(
        f"cannot write {str(path)!r}: {error}; what was there before is unchanged; check the free "
        "space and the permissions of the folder"
    )
    if isinstance(error, OSError):
        result.errno = error.errno
    return result
