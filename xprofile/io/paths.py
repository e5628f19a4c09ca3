"""Checks of paths: a file to read exists, and a file to write does not replace another one."""

from __future__ import annotations

import os
from pathlib import Path

from ..exceptions import MissingFileError

__all__ = ["StrPath", "check_can_write", "check_exists"]

StrPath = str | os.PathLike[str]


def check_exists(path: StrPath, *, allow_folder: bool = False) -> None:
    """Raise unless there is a file at a path.

    Parameters
    ----------
    path : str or path-like
        Path of the file to read.
    allow_folder : bool
        Accept a folder as well, such as a Zarr store.

    Raises
    ------
    MissingFileError
        If the file does not exist.
    """
    found = Path(path)
    if not (found.is_file() or (allow_folder and found.is_dir())):
        raise MissingFileError(f"no file {str(path)!r}: check the path and the working folder")


def check_can_write(path: StrPath, *, overwrite: bool) -> None:
    """Raise unless a file can be written at a path.

    Parameters
    ----------
    path : str or path-like
        Path of the file to write.
    overwrite : bool
        Allow an existing file there.

    Raises
    ------
    FileExistsError
        If a file exists there and `overwrite` is False, or if the path is a folder.
    MissingFileError
        If the folder of the file does not exist.
    """
    target = Path(path)
    if target.is_dir():
        raise FileExistsError(f"{str(path)!r} is a folder: choose another name for the file")
    if target.exists() and not overwrite:
        raise FileExistsError(f"{str(path)!r} exists already; pass overwrite=True to replace it")
    if not target.parent.is_dir():
        raise MissingFileError(
            f"no folder {str(target.parent)!r} to write {target.name!r} into: create it, or choose "
            "another folder"
        )
