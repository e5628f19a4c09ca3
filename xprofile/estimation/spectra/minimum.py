"""Best parameters of many spectra: a coarse grid, and descents from its minima.

The statistic is convex in the norm, which is fitted exactly at each point. In the other parameters
it may have several minima. So each minimum of the grid is a start, and the lowest end counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import product

import numpy as np
from numpy.typing import NDArray

from .descent import DECREMENT, ROUNDING, descend
from .starts import find_starts
from .statistic import Spectra

__all__ = ["Minimum", "find_minimum"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
_Start = tuple[Bool, Float, Float]

# Points of the coarse grid along one and along each of two parameters: steps of 0.5 of an index.
# With half of them, 1 in 1000 minima of random bins is lost; with ten times as many none is lower.
_COARSE = {1: (31,), 2: (31, 16)}

# The same for uncertain backgrounds: with a free one the statistic is narrow where the signal has
# the spectrum of the background. With half of them, 1 in 1000 minima of random bins is lost.
_COARSE_UNCERTAIN = {1: (61,), 2: (41, 21)}

# Largest distance of points along ranges that are wider than usual, as that of usual indices, and
# largest factor by which there are more points. At a factor of ten the grid takes all the time.
_WIDEST, _MORE = 0.5, 3

# Problems whose grids are evaluated at once: a technical size, for 0.3 GB at most.
_AT_ONCE = 10_000


@dataclass(frozen=True, eq=False)
class Minimum:
    """Minima of problems.

    Parameters
    ----------
    values : numpy.ndarray
        Best parameters, (nproblem, nfree).
    stat : numpy.ndarray
        Statistic there, (nproblem,).
    converged : numpy.ndarray of bool
        Whether the gradient vanishes there, or no step lowers the statistic.
    flat : numpy.ndarray of bool
        Whether the statistic is the same everywhere on the grid.
    """

    values: Float
    stat: Float
    converged: Bool
    flat: Bool


def find_minimum(spectra: Spectra) -> Minimum:
    """Find the lowest minimum of each problem."""
    starts = range(0, max(spectra.size, 1), _AT_ONCE)
    blocks = [np.arange(i, min(i + _AT_ONCE, spectra.size)) for i in starts]
    found = [_find_minimum(spectra.take(block)) for block in blocks]
    names = [field.name for field in fields(Minimum)]
    return Minimum(*(np.concatenate([getattr(one, name) for one in found]) for name in names))


def _find_minimum(spectra: Spectra) -> Minimum:
    """Find the lowest minimum of each problem of a block."""
    nfree = spectra.lower.size
    numbers = (_COARSE if spectra.width is None else _COARSE_UNCERTAIN)[nfree]
    ends = zip(spectra.lower, spectra.upper, numbers, strict=True)
    axes = [np.linspace(low, high, _number(high - low, least)) for low, high, least in ends]
    points = np.array(list(product(*axes)))
    heights, slopes, guesses = _evaluated(spectra, points, axes[-1].size)
    starts = [_on_grid(heights, slopes, guesses, axes)]
    best, stat = points[np.argmin(heights, axis=1)].copy(), heights.min(axis=1)
    rounding = 1e-6 + ROUNDING * np.abs(stat)
    flat = np.ptp(heights, axis=1) <= rounding
    if nfree == 2:
        starts.append(_in_valleys(spectra, heights, slopes, guesses, axes))
    converged = flat.copy()
    for known, begin, near in (start for found in starts for start in found):
        index = np.flatnonzero(known & ~flat)
        if not index.size:
            continue
        values, found, done = descend(spectra.take(index), begin[index], guess=near[index])
        rounding = ROUNDING * (1 + np.abs(found))
        # one takes the place of the lowest point of the grid, others must be lower
        lower = found <= stat[index] + np.where(converged[index], -DECREMENT, rounding)
        which = index[lower]
        best[which], stat[which], converged[which] = values[lower], found[lower], done[lower]
    return Minimum(best, stat, converged, flat)


def _number(length: float, least: int) -> int:
    """Number of points along a range: more than usual for a wide one, by the bounds of a model."""
    return int(np.clip(np.ceil(length / _WIDEST) + 1, least, _MORE * least))


def _on_grid(
    heights: Float, slopes: Float, guesses: NDArray[np.float32], axes: Sequence[Float]
) -> Iterator[_Start]:
    """Starts from the points of the grid: where there is one, parameters, and guesses."""
    at, starts = find_starts(heights, slopes, axes)
    for rank in range(at.shape[1]):
        known, row = at[:, rank] >= 0, np.arange(len(at))
        guess = guesses[row, np.maximum(at[:, rank], 0)].astype(np.float64)
        yield known, starts[:, rank], guess


def _in_valleys(
    spectra: Spectra,
    heights: Float,
    slopes: Float,
    guesses: NDArray[np.float32],
    axes: Sequence[Float],
) -> Iterator[_Start]:
    """Starts from the minima along the first parameter at each point of the second.

    Spectra with two parameters have valleys that are narrower than the grid, with several minima.
    """
    size, number, row = spectra.size, axes[1].size, np.arange(spectra.size)
    around = slopes.reshape(size, -1, number, 2), heights.reshape(size, -1, number)
    bottom, rise, along = np.empty((3, size, number))
    near = np.empty((size, number, guesses.shape[-1]))
    for j in range(number):
        at, start = find_starts(around[1][:, :, j], around[0][:, :, j, :1], axes[:1])
        values = np.stack([start[:, 0, 0], np.full(size, axes[1][j])], axis=1)
        guess = guesses[row, at[:, 0] * number + j].astype(np.float64)
        fixed = np.array([False, True])
        values, _, _ = descend(spectra, values, fixed=fixed, guess=guess, rough=True)
        point, slope = spectra.with_slopes(values, guess)
        bottom[:, j], rise[:, j], along[:, j] = point.value, slope[:, 1], values[:, 0]
        near[:, j] = point.guess()
    at, start = find_starts(bottom, rise[..., None], axes[1:])
    for rank in range(at.shape[1]):
        k = np.maximum(at[:, rank], 0)
        share = (start[:, rank, 0] - axes[1][k]) / (axes[1][1] - axes[1][0])
        after = along[row, np.minimum(k + 1, number - 1)]
        first = along[row, k] + share * (after - along[row, k])
        values = np.stack([first, start[:, rank, 0]], axis=1)
        yield at[:, rank] >= 0, values, near[row, k]


def _evaluated(
    spectra: Spectra, points: Float, number: int
) -> tuple[Float, Float, NDArray[np.float32]]:
    """Statistic, slopes and guesses of the norms at points of the grid, (nproblem, npoint, ...)."""
    order = np.arange(len(points)).reshape(-1, number)
    order[1::2] = order[1::2, ::-1].copy()  # back and forth, so that each is next to the last
    heights, slopes = np.empty((spectra.size, len(points))), np.empty((spectra.size, *points.shape))
    guess, guesses = None, []
    for i in order.ravel():
        found, slopes[:, i] = spectra.with_slopes(points[i : i + 1], guess)
        heights[:, i], guess = found.value, found.guess()
        guesses.append(guess.astype(np.float32))
    place = np.argsort(order.ravel())
    return heights, slopes, np.stack(guesses, axis=1)[:, place]
