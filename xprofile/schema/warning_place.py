"""Place of a warning: the line of the user that called this library."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["user_stacklevel"]

_PACKAGE = str(Path(__file__).parents[1]) + os.sep


def user_stacklevel() -> int:
    """Return the ``stacklevel`` of `warnings.warn` for the caller's first frame outside xprofile.

    Methods, functions and their decorators may lie in between, so a fixed number does not do.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    return level
