"""Renaming of finished files and folders to their final place, each in one step of the system.

Nobody sees a half-written file, and without `overwrite` nobody's file is replaced.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys
from pathlib import Path

__all__ = ["exchange_folders", "place_new_file", "place_new_folder", "replace_file"]

# of Linux: <fcntl.h> and <linux/fs.h>
_AT_FDCWD = -100
_NO_REPLACE = 1
_EXCHANGE = 2

_ACL = "system.posix_acl_access"  # extended attribute of Linux with the access list of a file

# how often two folders are renamed one after the other, where the system cannot exchange them; each
# turn fails only if another process writes the same folder within microseconds. With one turn, the
# second of two such writers would fail; a hundred would not help more.
_TURNS = 10


def place_new_file(temporary: Path, target: Path) -> None:
    """Give a finished file its final name.

    Raises
    ------
    FileExistsError
        If there is a file of this name. It may be as new as this one.
    """
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        # a network file system may repeat a request that it had carried out
        if not os.path.samefile(temporary, target):
            raise
    except OSError as error:  # the file system has no hard links
        if not os.path.isdir(target.parent) or error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        if not _rename(temporary, target, _NO_REPLACE):
            # reserve the name; whoever reads in the next moment finds an empty file
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            try:
                temporary.replace(target)
            except BaseException:
                if temporary.exists():
                    target.unlink()
                raise


def replace_file(temporary: Path, target: Path) -> None:
    """Put a finished file in the place of another one, if there is one, and keep mode and owner."""
    try:
        old = target.stat()
    except FileNotFoundError:
        pass
    else:
        if stat.S_ISREG(old.st_mode):
            _take_over(temporary, target, old)
    temporary.replace(target)


def place_new_folder(temporary: Path, target: Path) -> None:
    """Give a finished folder its final name.

    Raises
    ------
    FileExistsError
        If there is a file or a folder of this name that is not empty.
    """
    try:
        temporary.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        raise


def exchange_folders(temporary: Path, target: Path) -> None:
    """Put a finished folder in the place of another one, which takes the name of the first.

    Linux does this in one step. Elsewhere the folder is missing for a moment. A process that is
    killed then leaves both folders under temporary names.
    """
    for turn in range(_TURNS):
        try:
            if not target.exists():
                temporary.rename(target)
                return
            _take_over(temporary, target, target.stat())
            if _rename(temporary, target, _EXCHANGE):
                return
            _swap_in_two_steps(temporary, target)
            return
        except OSError as error:
            passing = (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST)
            if error.errno not in passing or turn == _TURNS - 1:
                raise


def _swap_in_two_steps(temporary: Path, target: Path) -> None:
    old = temporary.with_name("old" if temporary.name != "old" else "replaced")
    try:
        target.rename(old)
        temporary.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise


def _take_over(temporary: Path, target: Path, old: os.stat_result) -> None:
    """Give a file the owner, the mode and the access list of another one, as far as permitted."""
    if hasattr(os, "chown"):
        new = temporary.stat()
        for owner in ((old.st_uid, old.st_gid), (-1, old.st_gid)):
            if (new.st_uid, new.st_gid) == (old.st_uid, old.st_gid):
                break
            try:
                os.chown(temporary, *owner)
                break
            except PermissionError:
                continue
    temporary.chmod(stat.S_IMODE(old.st_mode))
    if sys.platform == "linux":
        try:
            os.setxattr(temporary, _ACL, os.getxattr(target, _ACL))
        except OSError:  # there is none, or the file system does not know them
            return


def _rename(source: Path, target: Path, flag: int) -> bool:
    """Rename with a flag of Linux; return False where the system or file system has none."""
    if sys.platform != "linux":
        return False
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    paths = os.fsencode(source), os.fsencode(target)
    if call(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], flag) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.EPERM):
        return False
    raise OSError(number, os.strerror(number), str(source), None, str(target))
