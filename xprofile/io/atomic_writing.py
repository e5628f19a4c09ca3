"""Atomic writing: a file is written under a temporary name and renamed when it is complete."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .paths import StrPath, check_can_write

__all__ = ["write_atomically"]


@contextmanager
def write_atomically(path: StrPath, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path in the same folder, and rename it to `path` after the ``with`` block.

    If the block raises an error, the temporary file is removed and `path` stays as it was.

    Parameters
    ----------
    path : str or path-like
        Final path of the file. The temporary file has the same suffixes.
    overwrite : bool
        Replace a file that exists.

    Yields
    ------
    pathlib.Path
        Temporary path to write to.

    Raises
    ------
    FileExistsError
        If a file exists at `path` and `overwrite` is False, or if it is a folder. This is checked
        before the block runs.
    MissingFileError
        If the folder of the file does not exist.
    """
    check_can_write(path, overwrite=overwrite)
    path = Path(path)
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
    mask = os.umask(0)  # the system has no other way to read it
    os.umask(mask)
    return mask
