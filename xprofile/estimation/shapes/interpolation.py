"""Places for integrals over distance, and values between distances where they are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator

from .brightness import Places

__all__ = ["integration", "resolved"]

Float = NDArray[np.float64]

# Places in each range of distance, and halvings of the first range toward a centre. A Gaussian with
# a sigma of 1e-4 of the first range is then integrated to 1e-3. With ten times as many, fits take
# ten times as long; with a tenth, integrals over ranges as wide as the source are off by per cents.
_IN_RANGE, _HALVINGS = 6, 14

# Corrections of values so that their means over ranges are right. One halves the errors of bins of
# two pixels, to 0.2 % of the light; none leaves 0.4 %, and ten change nothing more but oscillate at
# sharp edges.
_CORRECTIONS = 1


def integration(
    lower: Float, upper: Float, geometry: str, size: float, *, halvings: int = _HALVINGS
) -> tuple[Places, Float]:
    """Places of Gauss and Legendre in each range, and the solid angles that they stand for."""
    start, stop = lower[upper > lower], upper[upper > lower]
    if geometry == "radial" and start.size and start[0] == 0:  # finer toward the centre
        parts = stop[0] * 0.5 ** np.arange(halvings, -1, -1.0)
        start = np.concatenate([[0.0], parts[:-1], start[1:]])
        stop = np.concatenate([parts, stop[1:]])
    points, weights = np.polynomial.legendre.leggauss(_IN_RANGE)
    at = (start + stop)[:, None] / 2 + (stop - start)[:, None] / 2 * points
    steps = np.cumsum(np.concatenate([np.zeros((start.size, 1)), np.broadcast_to(
        weights / 2, at.shape)], axis=1), axis=1)  # fmt: skip
    ends = start[:, None] + (stop - start)[:, None] * steps
    weight = (stop - start)[:, None] * weights / 2
    if geometry == "radial":
        area = 2 * np.pi * size * np.sin(np.radians(np.minimum(at, 180.0))) * np.radians(weight)
    else:
        area = size * weight
    places = Places(*(v.ravel() for v in (at, ends[:, :-1], ends[:, 1:])))
    return places, area.ravel()


def resolved(
    ranges: tuple[Float, Float, Float],
    means: Float,
    places: Places,
    area: Float,
    *,
    mirrored: bool,
) -> Float:
    """Values (nplace, ...) whose means over ranges of distance are about the given ones.

    Parameters
    ----------
    ranges : tuple of numpy.ndarray
        Distances at which values are about the means, and ends of the ranges, (nnode,) each. A
        range without extent has a value.
    means : numpy.ndarray
        Means over the ranges, (nnode, ...).
    places, area : Places, numpy.ndarray
        Places that are wanted, and the solid angles that they stand for.
    mirrored : bool
        Whether values are even functions of the distance.
    """
    nodes, lower, upper = ranges
    wide = np.flatnonzero(upper > lower)
    number = np.clip(np.searchsorted(lower[wide], places.at, side="right") - 1, 0, wide.size - 1)
    share = area / np.bincount(number, area, wide.size)[number]
    first = np.flatnonzero(np.diff(number, prepend=-1))
    values = means.copy()
    for _ in range(_CORRECTIONS):
        found = _interpolated(nodes, values, places.at, mirrored=mirrored)
        again = np.add.reduceat(found * share[:, None, None], first, axis=0)
        values[wide] += means[wide] - again
    return _interpolated(nodes, np.maximum(values, 0), places.at, mirrored=mirrored)


def _interpolated(nodes: Float, values: Float, at: Float, *, mirrored: bool) -> Float:
    """Values (nnode, ...) at distances in between; those beyond the nodes are constant.

    Values round a centre are even functions of the distance.
    """
    distinct, first = np.unique(nodes, return_index=True)
    values = values[first]
    if mirrored:
        distinct = np.concatenate([-distinct[:0:-1], distinct])
        values = np.concatenate([values[:0:-1], values])
    if distinct.size == 1:
        return np.repeat(values, at.size, axis=0)
    at = np.clip(at, distinct[0], distinct[-1])
    if distinct.size < 3:
        part = (at - distinct[0]) / (distinct[-1] - distinct[0])
        return np.asarray(values[0] + part[:, None, None] * (values[-1] - values[0]))
    return np.asarray(np.maximum(Akima1DInterpolator(distinct, values, axis=0)(at), 0))
