"""Panel of the counts of a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..profile import plot_profile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["draw_counts", "number_decades"]

# variables in the panel: text in the legend, and style
_COUNTS: dict[str, tuple[str, dict[str, Any]]] = {
    "counts": ("Counts", {}),
    "npred": ("Predicted", {"linestyle": "-"}),
    "npred_background": ("Background", {"linestyle": "--"}),
}
_LINE = 1.5  # distance of numbers on a vertical axis, in sizes of their letters
_SHORT = -4, 5.3  # logarithms between which numbers are written without powers of ten
_SUBS = (np.log10(2), (1, 2, 5)), (np.log10(3), (1, 3))  # least distance and numbers in a decade


def draw_counts(ax: Axes, profile: xr.Dataset, over: dict[str, Any]) -> list[Any]:
    """Draw counts and predicted counts, and return the entries of a legend.

    Energy bins have the colours of ``over["cmap"]``, and the legend has grey entries for all.
    """
    for name, (words, look) in _COUNTS.items():
        if name in profile:
            plot_profile(profile, name, ax=ax, label=words, **look, **over)
    if over["cmap"] is not None:
        _scale(ax)
        return [_proxy(words, look) for name, (words, look) in _COUNTS.items() if name in profile]
    found = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    return [found[words] for words, _ in _COUNTS.values() if words in found]


def _scale(ax: Axes) -> None:
    """Make the counts of energy bins, which differ by orders of magnitude, fill their panel.

    The axis is logarithmic if they span a decade. If a bin has no counts, it is linear below 1 and
    begins at 0.
    """
    shown = np.concatenate([np.ravel(line.get_ydata()) for line in ax.lines])
    shown = shown[np.isfinite(shown)]
    if not shown.size or shown.min() <= 0:
        ax.set_yscale("symlog", linthresh=1, linscale=0.3)
        ax.set_ylim(0, 1.5 * max(ax.dataLim.y1, 1))
    elif shown.max() >= 10 * shown.min():
        ax.set_yscale("log")
        ax.autoscale_view(scalex=False)


def number_decades(ax: Axes) -> None:
    """Write numbers on a logarithmic axis: 1, 2 and 5 of each decade, 1 and 3, or powers of ten."""
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullFormatter

    if ax.get_yscale() != "log":
        return
    figure: Any = ax.figure
    low, high = np.log10(ax.get_ylim())
    size = ax.yaxis.get_ticklabels()[0].get_fontsize() * figure.dpi / 72
    lines = ax.bbox.height / (_LINE * size)
    decade = lines / (high - low)
    short = _SHORT[0] < low and high < _SHORT[1]
    subs = next((subs for gap, subs in _SUBS if short and gap * decade > 1), (1,))
    ax.yaxis.set_major_locator(LogLocator(subs=subs, numticks=max(int(lines), 2)))
    ax.yaxis.set_major_formatter("{x:g}" if len(subs) > 1 else LogFormatterSciNotation())
    ax.yaxis.set_minor_formatter(NullFormatter())


def _proxy(words: str, look: dict[str, Any]) -> Line2D:
    """Make a line that represents the series of all energy bins in a legend."""
    from matplotlib import rcParams
    from matplotlib.lines import Line2D

    marker = {} if look else {"marker": "o", "linestyle": "none"}
    return Line2D([], [], color=rcParams["text.color"], label=words, **{**marker, **look})
