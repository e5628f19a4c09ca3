"""Numbers of bins: where they stand, and how many of them have room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.collections import PolyCollection
    from matplotlib.path import Path
    from matplotlib.text import Text

__all__ = ["number_bins", "number_size", "thinned"]

Float = NDArray[np.float64]

_SIZE = 0.75  # of rcParams["font.size"]
_WIDTH = 0.65  # of a digit, in font sizes
_GAP = 1.25  # room that a number takes, in its own sizes


def number_bins(drawn: PolyCollection, centers: Float) -> list[Text]:
    """Write numbers into bins, in the colour of their edges on a rim that sets them off.

    They keep apart in the present size and limits of the axes.

    Parameters
    ----------
    drawn : matplotlib.collections.PolyCollection
        A path for each bin, on axes.
    centers : numpy.ndarray
        Centres of the bins in the axes' data, (nbin, 2).
    """
    from matplotlib.patheffects import withStroke

    ax: Any = drawn.axes
    paths: Any = drawn.get_paths()
    places = np.array([_place(p, c) for p, c in zip(paths, centers, strict=True)])
    size = number_size()
    step = thinned(ax.transData.transform(places), size * ax.figure.dpi / 72)
    edges = drawn.get_edgecolor()
    color: Any = edges[0] if len(edges) else "black"
    rim = withStroke(linewidth=size / 5, foreground=_opposite(color))
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size, "color": color}
    style |= {"clip_on": True, "zorder": drawn.get_zorder() + 1, "path_effects": [rim]}
    return [
        ax.text(x, y, str(number), **style)
        for number, (x, y) in enumerate(places)
        if number % step == 0 and np.isfinite([x, y]).all()
    ]


def number_size() -> float:
    """Size of the letters in points."""
    from matplotlib import rcParams

    return float(_SIZE * rcParams["font.size"])


def thinned(places: Float, size: float) -> int:
    """Return n so that every n-th number has room: 1, 2, 5, 10, 20 ...

    Parameters
    ----------
    places : numpy.ndarray
        In pixels of the figure, (nbin, 2); those that are not finite need no room.
    size : float
        Size of the letters in the same pixels.
    """
    from scipy.spatial import KDTree

    count = len(places)
    digits = len(str(max(count - 1, 0)))
    scaled = places / (_GAP * size * np.array([_WIDTH * digits, 1.0]))
    for decade in 10 ** np.arange(digits + 1):
        for step in decade * np.array([1, 2, 5]):
            kept = scaled[::step]
            kept = kept[np.isfinite(kept).all(axis=1)]
            if len(kept) < 2 or KDTree(kept).query(kept, k=2, p=np.inf)[0][:, 1].min() >= 1:
                return int(step)
    return count


def _place(path: Path, center: Float) -> Float:
    """Return the centre of a bin, of a ring the middle of its upper part; NaN if it has no path."""
    from matplotlib.path import Path as MplPath

    vertices = np.asarray(path.vertices)
    if len(vertices) == 0 or not np.isfinite(center).all():
        return np.full(2, np.nan)
    starts = np.flatnonzero(np.asarray(path.codes) == MplPath.MOVETO)
    if len(starts) != 2 or path.contains_point(center):
        return center
    tops = [part[np.argmax(part[:, 1])] for part in np.split(vertices, starts[1:])]
    return np.asarray(np.mean(tops, axis=0))


def _opposite(color: Any) -> str:
    """Black round light colours, white round dark ones."""
    from matplotlib.colors import to_rgb

    light = np.dot(to_rgb(color), [0.299, 0.587, 0.114])
    return "black" if light > 0.5 else "white"
