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
    """Write numbers into bins: white on an image, else dark, on a rim that sets them off.

    They keep apart in the present size and limits of the axes.

    Parameters
    ----------
    drawn : matplotlib.collections.PolyCollection
        A path for each bin, on axes.
    centers : numpy.ndarray
        Centres of the bins in the axes' data, (nbin, 2).
    """
    from matplotlib import rcParams
    from matplotlib.patheffects import withStroke

    ax: Any = drawn.axes
    paths: Any = drawn.get_paths()
    places = np.array([_place(p, c) for p, c in zip(paths, centers, strict=True)])
    size = number_size()
    step = thinned(ax.transData.transform(places), size * ax.figure.dpi / 72)
    color, around = (
        ("white", "black") if ax.images else (rcParams["text.color"], ax.get_facecolor())
    )
    rim = withStroke(linewidth=size / 4, foreground=around)
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
    """Return the middle of a bin above and below its centre; of a ring, of its upper part."""
    polygons = [np.asarray(points) for points in path.to_polygons(closed_only=False)]
    if not polygons or not np.isfinite(center).all():
        return np.full(2, np.nan)
    pairs = np.concatenate([np.stack([points[:-1], points[1:]], axis=1) for points in polygons])
    (x0, y0), (x1, y1) = np.moveaxis(pairs, 0, -1)
    crossed = (x0 <= center[0]) != (x1 <= center[0])
    share = (center[0] - x0[crossed]) / (x1 - x0)[crossed]
    heights = np.sort(y0[crossed] + share * (y1 - y0)[crossed])
    return np.array([center[0], heights[-2:].mean() if heights.size > 1 else center[1]])
