"""Starts of searches for minima, from values and slopes of a statistic on a grid.

Minima narrower than the grid hide between its points. The slopes at these tell most of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_starts"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Int = NDArray[np.intp]

# Largest number of minima of the grid that are starts. Random bins have three at most.
_STARTS = 6


def find_starts(heights: Float, slopes: Float, axes: Sequence[Float]) -> tuple[Int, Float]:
    """Nearest point of the grid (flat; -1 is none), and starts, (nproblem, nstart), the best first.

    Starts are points of the grid that are lower than their neighbours. Along one parameter they
    are also the minima of the cubic polynomials through values and slopes of neighbours.
    """
    nfree = len(axes)
    shape = tuple(axis.size for axis in axes)
    low = _lowest(heights.reshape(-1, *shape)).reshape(heights.shape)
    expected = np.where(low, heights, np.inf)
    grid = np.array(list(product(*axes)))
    starts = np.broadcast_to(grid, (*heights.shape, nfree)).copy()
    if nfree == 1:
        _between_points(heights, slopes[..., 0], expected, starts[..., 0], axes[0][1] - axes[0][0])
    order = np.argsort(expected, axis=1)[:, :_STARTS]
    known = np.isfinite(np.take_along_axis(expected, order, axis=1))
    return np.where(known, order, -1), np.take_along_axis(starts, order[..., None], axis=1)


def _between_points(
    heights: Float, slopes: Float, expected: Float, starts: Float, width: float
) -> None:
    """Add the minima of cubic polynomials through values and slopes of neighbours along a line."""
    share, value = _cubic_minima(heights, slopes, width)
    bent = np.isfinite(value)
    starts[:, :-1] += np.where(bent, share, 0) * width
    expected[:, :-1] = np.where(bent, value, expected[:, :-1])
    # a minimum before a point takes its place
    expected[:, 1:-1][bent[:, :-1] & ~bent[:, 1:]] = np.inf


def _lowest(heights: Float) -> Bool:
    """Points of the grid that are lower than their neighbours along each axis; one at least."""
    lowest = np.ones(heights.shape, bool)
    for axis in range(1, heights.ndim):
        ends = np.full_like(np.take(heights, [0], axis), np.inf)
        before = np.concatenate([ends, heights], axis).take(range(heights.shape[axis]), axis)
        after = np.concatenate([heights, ends], axis).take(range(1, 1 + heights.shape[axis]), axis)
        lowest &= (heights <= before) & (heights < after)
    flat = heights.reshape(len(heights), -1)
    lowest.reshape(flat.shape)[np.arange(len(flat)), flat.argmin(axis=1)] = True
    return lowest


def _cubic_minima(heights: Float, slopes: Float, width: float) -> tuple[Float, Float]:
    """Minima of cubic polynomials between neighbours: share of the way, and value; inf without."""
    first, last = heights[:, :-1], heights[:, 1:]
    begin, end = slopes[:, :-1] * width, slopes[:, 1:] * width
    drop = first - last
    a, b = 2 * drop + begin + end, -3 * drop - 2 * begin - end
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(b**2 - 3 * a * begin)
        share = np.where(b > 0, -begin / (b + root), (root - b) / (3 * a))
        value = first + share * (begin + share * (b + share * a))
        inside = (share > 0) & (share < 1) & (root > 0)
    return share, np.where(inside, value, np.inf)
