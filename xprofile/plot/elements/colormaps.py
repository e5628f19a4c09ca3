"""Colour maps that a caller names."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from ...exceptions import InvalidOptionError

__all__ = ["check_colormap"]


def check_colormap(cmap: Any) -> None:
    """Raise unless a colour map is None, a Colormap, or the name of one that matplotlib knows.

    matplotlib compares other values with each of its names. A unit of astropy makes each of these
    comparisons slow, as it looks for units with similar names.
    """
    import matplotlib
    from matplotlib.colors import Colormap

    if cmap is None or isinstance(cmap, Colormap):
        return
    if not isinstance(cmap, str):
        hint = "give one, such as 'viridis'"
    elif cmap not in matplotlib.colormaps:
        close = get_close_matches(cmap, list(matplotlib.colormaps), 1) or ["viridis"]
        hint = f"did you mean {close[0]!r}?"
    else:
        return
    raise InvalidOptionError(
        f"cmap must be the name of a colour map of matplotlib, or a Colormap, found {cmap!r}; "
        f"{hint}"
    )
