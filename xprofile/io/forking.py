"""Processes that are forked while files are open: they share positions in files, and locks."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, BinaryIO

from astropy.io import fits

__all__ = ["hold_while_forking", "open_fits_for_processes"]


class _PositionedFile(io.RawIOBase):
    """A file to read whose position belongs to this process alone.

    The system keeps one position for a process and all that are forked from it: if two of them
    read at once, each finds the values of the other.
    """

    def __init__(self, path: str) -> None:
        self.name = path
        self._number = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        found = os.pread(self._number, len(buffer), self._position)
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position."""
        starts = {os.SEEK_CUR: self._position, os.SEEK_END: os.fstat(self._number).st_size}
        self._position = starts.get(whence, 0) + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def close(self) -> None:
        """Close the file once."""
        if not self.closed:
            os.close(self._number)
        super().close()


def open_fits_for_processes(path: str, mode: str = "readonly") -> fits.HDUList:
    """Open a FITS file from which a process and those forked from it can read at once."""
    if hasattr(os, "pread"):
        stream: BinaryIO = io.BufferedReader(_PositionedFile(path))
    else:  # Windows, where there is no fork
        stream = Path(path).open("rb")  # noqa: SIM115 - the HDUs close it
    try:
        return fits.open(stream, mode=mode, memmap=False)
    except BaseException:
        stream.close()
        raise


def hold_while_forking(lock: Any) -> None:
    """Let each fork of this process wait until no thread holds a lock.

    Otherwise the lock would stay taken in the new process, as the thread that holds it is not
    there: whoever asks for the lock would wait for ever.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
        )
