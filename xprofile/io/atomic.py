"""Write files beside their place and move them there when they are whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..exceptions import MissingFileError

__all__ = ["StrPath", "moved_into_place"]

StrPath = str | os.PathLike[str]


@contextmanager
def moved_into_place(path: StrPath, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a file beside `path` to write to, and move it there at the end of the ``with``.

    If anything is raised inside, that file is removed and what was at `path` stays untouched.

    Parameters
    ----------
    path : str or path-like
        Where the file is to be. The one beside it has the same suffixes.
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    FileExistsError
        If there is a file and `overwrite` is False, or a folder; before anything inside is run.
    MissingFileError
        If its folder does not exist.
    """
    path = Path(path)
    if path.is_dir():
        raise FileExistsError(f"{str(path)!r} is a folder: choose another name for the file")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{str(path)!r} exists already; pass overwrite=True to replace it")
    if not path.parent.is_dir():
        raise MissingFileError(f"no folder {str(path.parent)!r} to write {path.name!r} into")
    suffix = "".join(path.suffixes[-2:])
    handle, name = tempfile.mkstemp(suffix=suffix, prefix=f".{path.stem}-", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
