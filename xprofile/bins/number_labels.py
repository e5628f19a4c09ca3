"""Numbers in bins: their positions and size, and which of them have room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.collections import PolyCollection
    from matplotlib.path import Path
    from matplotlib.text import Text

__all__ = ["DIGIT_WIDTH", "SPACING", "number_bins", "number_size", "number_step"]

Float = NDArray[np.float64]

# Size of the numbers in rcParams["font.size"], a little smaller than labels, so that they hide less
# of an image.
_SIZE = 0.75

# Width of a digit in font sizes: the digits of matplotlib's default font are 0.64 wide. If it were
# smaller, numbers would overlap; if it were larger, fewer would be shown.
DIGIT_WIDTH = 0.65

# Room of a number in its own width and height, so that numbers keep apart.
SPACING = 1.25


def number_bins(drawn: PolyCollection, centers: Float) -> list[Text]:
    """Write numbers into bins: white on an image, else in the text colour, with a rim.

    They keep apart in the current size and limits of the axes.

    Parameters
    ----------
    drawn : matplotlib.collections.PolyCollection
        A path for each bin, on axes.
    centers : numpy.ndarray
        Centres of the bins in data coordinates of the axes, (nbin, 2).
    """
    from matplotlib import rcParams
    from matplotlib.patheffects import withStroke

    ax: Any = drawn.axes
    paths: Any = drawn.get_paths()
    positions = np.array([_number_position(p, c) for p, c in zip(paths, centers, strict=True)])
    size = number_size()
    step = number_step(ax.transData.transform(positions), size * ax.figure.dpi / 72)
    color, around = (
        ("white", "black") if ax.images else (rcParams["text.color"], ax.get_facecolor())
    )
    rim = withStroke(linewidth=size / 4, foreground=around)
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size, "color": color}
    style |= {"clip_on": True, "zorder": drawn.get_zorder() + 1, "path_effects": [rim]}
    return [
        ax.text(x, y, str(number), **style)
        for number, (x, y) in enumerate(positions)
        if number % step == 0 and np.isfinite([x, y]).all()
    ]


def number_size() -> float:
    """Font size of the numbers in points."""
    from matplotlib import rcParams

    return float(_SIZE * rcParams["font.size"])


def number_step(positions: Float, size: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20 ... so that every n-th number has room.

    Parameters
    ----------
    positions : numpy.ndarray
        Positions in pixels of the figure, (nbin, 2). Positions that are not finite need no room.
    size : float
        Font size in the same pixels.
    """
    from scipy.spatial import KDTree

    count = len(positions)
    digits = len(str(max(count - 1, 0)))
    scaled = positions / (SPACING * size * np.array([DIGIT_WIDTH * digits, 1.0]))
    for decade in 10 ** np.arange(digits + 1):
        for step in decade * np.array([1, 2, 5]):
            kept = scaled[::step]
            kept = kept[np.isfinite(kept).all(axis=1)]
            if len(kept) < 2 or KDTree(kept).query(kept, k=2, p=np.inf)[0][:, 1].min() >= 1:
                return int(step)
    return count


def _number_position(path: Path, center: Float) -> Float:
    """Middle of a bin on the vertical line through its centre; in rings, of the upper part."""
    polygons = [np.asarray(points) for points in path.to_polygons(closed_only=False)]
    if not polygons or not np.isfinite(center).all():
        return np.full(2, np.nan)
    pairs = np.concatenate([np.stack([points[:-1], points[1:]], axis=1) for points in polygons])
    (x0, y0), (x1, y1) = np.moveaxis(pairs, 0, -1)
    crossed = (x0 <= center[0]) != (x1 <= center[0])
    share = (center[0] - x0[crossed]) / (x1 - x0)[crossed]
    heights = np.sort(y0[crossed] + share * (y1 - y0)[crossed])
    return np.array([center[0], heights[-2:].mean() if heights.size > 1 else center[1]])
