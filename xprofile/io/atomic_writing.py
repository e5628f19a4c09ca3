"""Atomic writing: a file or folder is written beside its place and renamed when it is complete.

It is written in a hidden folder ``.xprofile-<process id>-<random>.tmp`` in the folder of the
target. Only a process that is killed leaves such a folder behind, and nobody uses it again.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..exceptions import XProfileError
from .paths import StrPath, check_can_write
from .renaming import exchange_folders, place_new_file, place_new_folder, replace_file
from .write_errors import explain_failed_write

__all__ = ["write_atomically", "write_folder_atomically"]

# Seconds during which the threads of a write that was interrupted may still add files. A chunk of
# 100 MB takes about one second; ten times shorter, some would come later and stay; ten times
# longer, only a write whose threads hang makes the interrupted program wait.
_LAST_WRITES = 2.0


@contextmanager
def write_atomically(path: StrPath, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path, and move the file to `path` after the ``with`` block.

    If the block raises an error, the temporary file is removed and `path` stays as it was. Symbolic
    links are followed. A file that is replaced leaves its mode and owner to the new one; a new file
    has the mode that the umask allows.

    Parameters
    ----------
    path : str or path-like
        Final path of the file. The temporary file has the same name, in a hidden folder.
    overwrite : bool
        Replace a file that exists.

    Yields
    ------
    pathlib.Path
        Temporary path to write to, of an empty file.

    Raises
    ------
    ExistingFileError
        If a file exists at `path` and `overwrite` is False, or if it is a folder, a pipe or a
        device. This is checked before the block runs, and again when the file is moved: of several
        writers one wins, and the others get this error.
    MissingFileError
        If the folder of the file does not exist.
    UnwritableFileError
        If the system refuses to write: the disk is full or the folder is read-only.
    """
    target = check_can_write(path, overwrite=overwrite)
    with _temporary_folder(path, target) as folder:
        temporary = folder / target.name
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        with temporary.open("r+b") as stream:
            os.fsync(stream.fileno())  # network file systems report a full disk only now
        if overwrite:
            check_can_write(target, overwrite=True)
            replace_file(temporary, target)
        else:
            place_new_file(temporary, target)


@contextmanager
def write_folder_atomically(
    path: StrPath, *, overwrite: bool = False, check_old: Callable[[Path], object] = Path.exists
) -> Iterator[Path]:
    """Give a temporary path, and move the folder that is written there to `path`.

    As `write_atomically`, for formats that are folders.

    Parameters
    ----------
    path : str or path-like
        Final path of the folder.
    overwrite : bool
        Replace a folder that exists.
    check_old : callable
        Raises an error if there is something else in the folder to replace than the format has. It
        is called before the ``with`` block, and again when the folder is moved.

    Yields
    ------
    pathlib.Path
        Temporary path to write to; there is nothing yet.
    """
    target = check_can_write(path, overwrite=overwrite, folder=True)
    with _temporary_folder(path, target) as folder:
        check_old(target)
        temporary = folder / target.name
        yield temporary
        if overwrite:
            check_can_write(target, overwrite=True, folder=True)
            check_old(target)
            exchange_folders(temporary, target)
        else:
            place_new_folder(temporary, target)


@contextmanager
def _temporary_folder(path: StrPath, target: Path) -> Iterator[Path]:
    """Make a folder beside the target that only its owner can open, and remove it in the end."""
    folder = target.with_name(f".xprofile-{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        folder.mkdir(mode=0o700)
        yield folder
    except XProfileError:
        raise
    except Exception as error:
        explain_failed_write(path, error, folder, target)
        raise
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder, also if threads still write into it for a moment, or Ctrl-C comes again."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        end = time.monotonic() + _LAST_WRITES
        while os.path.lexists(folder) and time.monotonic() < end:
            time.sleep(0.01)
            shutil.rmtree(folder, ignore_errors=True)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise
