"""Best parameters of many spectra: a coarse grid, Newton's method, and a search where it fails.

The statistic is convex in the norm, which is fitted exactly at each point. In the other parameters
it may have several minima. So each minimum of the grid is a start, and the lowest end counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from .statistic import Spectra

__all__ = ["Minimum", "descend", "find_minimum"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Int = NDArray[np.intp]

# Points of the coarse grid along one and along each of two parameters: steps of 0.5 of an index.
# With a third of them some minima of random bins are lost; with ten times as many none is lower.
_COARSE = {1: 31, 2: 13}

# The same for uncertain backgrounds: with a free one the statistic is narrow where the signal has
# the spectrum of the background. With half of them, 1 in 200 minima of random bins is lost.
_COARSE_UNCERTAIN = {1: 151, 2: 25}

# Largest number of minima of the grid that are starts. Random bins have three at most.
_STARTS = 6

# Change of the statistic that counts as none: an error of 1e-5 of that of a parameter, before a
# last step of Newton's method squares it. At 1e-6 best fits differ by 1e-3 of their error without
# that step; at 1e-14 rounding errors of the statistic are larger.
_DECREMENT = 1e-10

# Most steps of Newton's method, and of the search after it, whose steps shrink from that of the
# grid: 15 of them end at 1e-9 of it. Ten times as many change nothing.
_MOST_NEWTON, _MOST_ROUGH, _MOST_SEARCH = 40, 15, 60
_SMALLEST = 1e-9  # of the steps of the grid; the smallest step of the search

_MOST_DAMPING = 1e8  # at which steps are below those that count as none

# Step that counts as none, as a share of those of the grid; the search goes on from there.
_STILL = 1e-8

# Rounding error of a statistic, as a share of its terms.
_ROUNDING = 1e-13


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
    nfree = spectra.lower.size
    number = (_COARSE if spectra.width is None else _COARSE_UNCERTAIN)[nfree]
    axes = np.linspace(spectra.lower, spectra.upper, number)
    points = np.array(list(product(*axes.T)))
    heights = np.stack(
        [spectra.at(np.broadcast_to(p, (spectra.size, nfree))).value for p in points], axis=1
    )
    order = _starts(heights.reshape(spectra.size, *(number,) * nfree))
    best, stat = points[np.argmin(heights, axis=1)].copy(), heights.min(axis=1)
    rounding = 1e-6 + _ROUNDING * np.abs(stat)
    flat = np.ptp(heights, axis=1) <= rounding
    converged = flat.copy()
    for rank in range(_STARTS):
        index = np.flatnonzero((order[:, rank] >= 0) & ~flat)
        if not index.size:
            break
        part = spectra.take(index)
        values, found, done = descend(part, points[order[index, rank]])
        rounding = _ROUNDING * (1 + np.abs(found))
        # the first start takes the place of its point of the grid, others must be lower
        lower = found <= stat[index] + (rounding if rank == 0 else -_DECREMENT)
        which = index[lower]
        best[which], stat[which], converged[which] = values[lower], found[lower], done[lower]
    return Minimum(best, stat, converged, flat)


def _starts(heights: Float) -> Int:
    """Points of the grid (flat) that are lower than their neighbours, the lowest first; then -1."""
    lowest = np.ones(heights.shape, bool)
    for axis in range(1, heights.ndim):
        ends = np.full_like(np.take(heights, [0], axis), np.inf)
        before = np.concatenate([ends, heights], axis).take(range(heights.shape[axis]), axis)
        after = np.concatenate([heights, ends], axis).take(range(1, 1 + heights.shape[axis]), axis)
        lowest &= (heights <= before) & (heights < after)
    flat, low = heights.reshape(len(heights), -1), lowest.reshape(len(heights), -1)
    low[np.arange(len(flat)), flat.argmin(axis=1)] = True
    order = np.argsort(np.where(low, flat, np.inf), axis=1)[:, :_STARTS]
    return np.where(np.take_along_axis(low, order, axis=1), order, -1)


def descend(
    spectra: Spectra,
    start: Float,
    *,
    fixed: Bool | None = None,
    norm: tuple[Float, Float] | None = None,
    rough: bool = False,
) -> tuple[Float, Float, Bool]:
    """Descend from starts to minima by Newton's method with damped steps.

    Parameters
    ----------
    spectra : Spectra
        The problems.
    start : numpy.ndarray
        Parameters to start at, (nproblem, nfree).
    fixed : numpy.ndarray of bool, optional
        Parameters that stay, (nfree,).
    norm : tuple of numpy.ndarray, optional
        A given norm, and its shift, (nproblem,) each. By default the best norm is taken.
    rough : bool
        Whether to end after fewer steps, and without the search of minima on kinks.

    Returns
    -------
    tuple of numpy.ndarray
        Parameters, statistic, and whether they are a minimum.
    """
    low, high = spectra.lower, spectra.upper
    step_limit = (high - low) / (_COARSE[low.size] - 1)
    kept = np.zeros(low.size, bool) if fixed is None else fixed
    values, stat, damping = start.copy(), np.full(spectra.size, np.inf), np.zeros(spectra.size)
    converged, todo = np.zeros(spectra.size, bool), np.arange(spectra.size)
    for _ in range(_MOST_ROUGH if rough else _MOST_NEWTON):
        if not todo.size:
            break
        part, at = spectra.take(todo), values[todo]
        given = () if norm is None else (norm[0][todo], norm[1][todo])
        point = part.at(at, *given)
        curve = part.profiled(at, point, fitted=norm is None)
        step, decrement = _step(*curve, damping[todo], at, kept, low, high)
        step = np.clip(step, -step_limit, step_limit)
        to = np.clip(at + step, low, high)
        new = part.at(to, *given)
        better = new.value <= point.value + _ROUNDING * (1 + np.abs(point.value))
        small = (decrement <= _DECREMENT) & ~point.held
        values[todo] = np.where(better[:, None], to, at)
        stat[todo] = np.where(better, new.value, point.value)
        damping[todo] = np.where(better, damping[todo] / 8, np.maximum(damping[todo] * 8, 1e-3))
        converged[todo[small]] = True
        still = (np.abs(to - at) <= _STILL * step_limit).all(axis=1)
        todo = todo[~(small | still | (damping[todo] > _MOST_DAMPING))]
    rest = np.flatnonzero(~converged)
    if rest.size and not rough:
        given = () if norm is None else (norm[0][rest], norm[1][rest])
        part, start = spectra.take(rest), values[rest]
        values[rest], stat[rest] = _search(part, start, stat[rest], kept, step_limit, given)
        converged[rest] = True
    return values, stat, converged


def _step(
    gradient: Float, second: Float, damping: Float, at: Float, kept: Bool, low: Float, high: Float
) -> tuple[Float, Float]:
    """Damped step of Newton's method, and how much it lowers the statistic.

    Parameters at an end of their range that would leave it stay there.
    """
    stay = kept | ((at <= low) & (gradient > 0)) | ((at >= high) & (gradient < 0))
    gradient = np.where(stay, 0, gradient)
    eye = np.eye(low.size)
    moves = ~stay[:, :, None] & ~stay[:, None]
    second = np.where(moves, second, 0) + eye * stay[:, :, None]
    size, vectors = np.linalg.eigh(np.nan_to_num(second))
    largest = np.abs(size).max(axis=1, keepdims=True)
    # against negative curvature the step goes the other way, as in a valley of the same curvature
    size = np.maximum(np.abs(size), 1e-12 * largest) + damping[:, None] * largest + 1e-300
    along = np.einsum("nij,ni->nj", vectors, gradient)
    step = -np.einsum("nij,nj->ni", vectors, along / size)
    decrement = np.abs((step * gradient).sum(axis=1)) * (1 + damping)
    return np.where(stay, 0, step), decrement


def _search(
    spectra: Spectra,
    values: Float,
    stat: Float,
    kept: Bool,
    first: Float,
    norm: tuple[Float, ...],
) -> tuple[Float, Float]:
    """Search along each parameter with steps that shrink; for minima on kinks."""
    low, high = spectra.lower, spectra.upper
    values, stat, size = values.copy(), stat.copy(), np.full(spectra.size, 0.5)
    todo = np.arange(spectra.size)
    for _ in range(_MOST_SEARCH):
        if not todo.size:
            break
        part, moved = spectra.take(todo), np.zeros(todo.size, bool)
        given = tuple(v[todo] for v in norm)
        for i in np.flatnonzero(~kept):
            for sign in (-1, 1):
                to = values[todo]
                to[:, i] = np.clip(to[:, i] + sign * size[todo] * first[i], low[i], high[i])
                found = part.at(to, *given).value
                lower = found < stat[todo] - _ROUNDING * np.abs(found)
                values[todo[lower]], stat[todo[lower]] = to[lower], found[lower]
                moved |= lower
        size[todo[~moved]] /= 4
        todo = todo[size[todo] > _SMALLEST]
    return values, stat
