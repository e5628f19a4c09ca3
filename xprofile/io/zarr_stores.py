"""Folders of Zarr in version 3 of zarr, which writes many files at once."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

try:
    from zarr.storage import LocalStore
except ImportError:  # version 2 of zarr, which needs no such store
    LocalStore = object  # type: ignore[assignment, misc]

if TYPE_CHECKING:
    from zarr.core.buffer import Buffer

__all__ = ["StoppableStore"]

# Seconds to wait for files that are being written. A chunk of 100 MB takes about one second; ten
# times shorter, some would come later and stay; ten times longer, a disk that hangs makes the
# program wait.
_LAST_FILES = 2.0


class StoppableStore(LocalStore):
    """A folder in which no file appears after a call of `stop`.

    zarr writes in a thread that Ctrl-C does not end: it would make the folder anew after its
    removal, and write all that is left of an array.
    """

    _running = 0
    _stopped = False

    async def set(self, key: str, value: Buffer) -> None:
        """Write a file."""
        await self._write(super().set, key, value)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        """Write a file, unless there is one."""
        await self._write(super().set_if_not_exists, key, value)

    async def _write(
        self, write: Callable[[str, Buffer], Awaitable[None]], key: str, value: Buffer
    ) -> None:
        self._running += 1  # before the check, so that `stop` sees it or is seen
        try:
            if self._stopped:
                raise OSError(f"writing to {self.root} has ended, because it was stopped or failed")
            await write(key, value)
        finally:
            self._running -= 1

    def stop(self) -> None:
        """Refuse files from now on, and wait for those that are being written."""
        self._stopped = True
        end = time.monotonic() + _LAST_FILES
        while self._running and time.monotonic() < end:
            time.sleep(0.005)
