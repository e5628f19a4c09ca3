"""Place of a warning: the line of the user that called this library."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import FrameType

__all__ = ["user_stacklevel"]

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_NAME = __name__.partition(".")[0]


def user_stacklevel() -> int:
    """Return the ``stacklevel`` of `warnings.warn` for the caller's first frame outside xprofile.

    Methods, functions and their decorators may lie in between, so a fixed number does not do.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_inside(frame):
        level, frame = level + 1, frame.f_back
    return level


def _is_inside(frame: FrameType) -> bool:
    """Whether a frame belongs to this library, also in the methods that dataclasses make."""
    if frame.f_code.co_filename.startswith(_PACKAGE):
        return True
    name = str(frame.f_globals.get("__name__", ""))
    return frame.f_code.co_filename == "<string>" and name.startswith(f"{_NAME}.")
