"""Descents to minima of the statistic of many spectra, by Newton's method, and a search."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .statistic import Spectra

__all__ = ["DECREMENT", "ROUNDING", "descend"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Change of the statistic that counts as none: an error of 1e-5 of that of a parameter, before a
# last step of Newton's method squares it. At 1e-6 best fits differ by 1e-3 of their error without
# that step; at 1e-14 rounding errors of the statistic are larger.
DECREMENT = 1e-10

# The same for a rough end, whose last step leaves far less: ends of intervals that follow from it
# are right to 1e-6 of an error. At 1e-3 they are right to 1e-5; at 1e-7 it takes one more step.
_ENDS = {False: DECREMENT, True: 1e-5}

# Most steps of Newton's method, and of the search after it, whose steps shrink from that of the
# grid: 15 of them end at 1e-9 of it. Ten times as many change nothing.
_MOST_NEWTON, _MOST_ROUGH, _MOST_SEARCH = 40, 15, 60
_SMALLEST = 1e-9  # of the steps of the grid; the smallest step of the search

_MOST_DAMPING = 1e8  # at which steps are below those that count as none

# Step that counts as none, as a share of those of the grid; the search goes on from there.
_STILL = 1e-8

# Rounding error of a statistic, as a share of its terms.
ROUNDING = 1e-13

# Longest steps along one and along each of two parameters: the range divided by this, or 0.5 of an
# index. With steps of all the range a descent can leave its valley.
_STEPS = {1: np.array([30]), 2: np.array([30, 15])}


def descend(
    spectra: Spectra,
    start: Float,
    *,
    fixed: Bool | None = None,
    norm: tuple[Float, Float] | None = None,
    guess: Float | None = None,
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
    guess : numpy.ndarray, optional
        Guess of the norms at the start, from `Point.guess`.
    rough : bool
        Whether to end farther from the minimum, and without the search of minima on kinks.

    Returns
    -------
    tuple of numpy.ndarray
        Parameters, statistic, and whether they are a minimum.
    """
    low, high = spectra.lower, spectra.upper
    step_limit = (high - low) / _STEPS[low.size]
    kept = np.zeros(low.size, bool) if fixed is None else fixed
    known, shift = norm or (None, None)
    point = spectra.at(start, known, shift, guess, order=2)
    gradient, second = spectra.profiled(start, point, fitted=norm is None)
    values, stat, near = start.copy(), point.value.copy(), point.guess()
    damping, todo = np.zeros(spectra.size), np.arange(spectra.size)
    converged, part, enough = np.zeros(spectra.size, bool), spectra, _ENDS[rough]
    for _ in range(_MOST_ROUGH if rough else _MOST_NEWTON):
        at = values[todo]
        step, fall = _step(gradient[todo], second[todo], damping[todo], at, kept, low, high)
        to = np.clip(at + np.clip(step, -step_limit, step_limit), low, high)
        known, shift = (None, None) if norm is None else (norm[0][todo], norm[1][todo])
        new = part.at(to, known, shift, near[todo], order=2)
        better = new.value <= stat[todo] + ROUNDING * (1 + np.abs(stat[todo]))
        small = fall <= enough
        still = (np.abs(to - at) <= _STILL * step_limit).all(axis=1)
        damping[todo] = np.where(better, damping[todo] / 8, np.maximum(damping[todo] * 8, 1e-3))
        converged[todo[small]] = True
        going = ~(small | still | (damping[todo] > _MOST_DAMPING))
        if going.any():
            curve = part.profiled(to, new, fitted=norm is None)
            gradient[todo[better]], second[todo[better]] = (v[better] for v in curve)
        moved = todo[better]
        values[moved], stat[moved], near[moved] = to[better], new.value[better], new.guess()[better]
        todo = todo[going]
        if not todo.size:
            break
        part = spectra.take(todo)
    rest = np.flatnonzero(~converged)
    if rest.size and not rough:
        given = (None, None) if norm is None else (norm[0][rest], norm[1][rest])
        part, start = spectra.take(rest), values[rest]
        values[rest], stat[rest] = _search(
            part, start, stat[rest], kept, step_limit, given, near[rest]
        )
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
    second = np.nan_to_num(second)
    size, vectors = np.linalg.eigh(second) if low.size > 1 else (second[:, 0], np.ones((1, 1, 1)))
    largest = np.abs(size).max(axis=1, keepdims=True)
    # against negative curvature the step goes the other way, as in a valley of the same curvature
    size = np.maximum(np.abs(size), 1e-12 * largest) + damping[:, None] * largest + 1e-300
    along = (vectors * gradient[:, :, None]).sum(axis=1)
    step = -(vectors * (along / size)[:, None]).sum(axis=2)
    decrement = np.abs((step * gradient).sum(axis=1)) * (1 + damping)
    return np.where(stay, 0, step), decrement


def _search(
    spectra: Spectra,
    values: Float,
    stat: Float,
    kept: Bool,
    first: Float,
    norm: tuple[Float | None, Float | None],
    guess: Float,
) -> tuple[Float, Float]:
    """Search along each parameter with steps that shrink; for minima on kinks."""
    low, high = spectra.lower, spectra.upper
    values, stat, size = values.copy(), stat.copy(), np.full(spectra.size, 0.5)
    todo = np.arange(spectra.size)
    for _ in range(_MOST_SEARCH):
        if not todo.size:
            break
        part, moved = spectra.take(todo), np.zeros(todo.size, bool)
        number, shift = (None if v is None else v[todo] for v in norm)
        for i in np.flatnonzero(~kept):
            for sign in (-1, 1):
                to = values[todo]
                to[:, i] = np.clip(to[:, i] + sign * size[todo] * first[i], low[i], high[i])
                found = part.at(to, number, shift, guess[todo]).value
                lower = found < stat[todo] - ROUNDING * np.abs(found)
                values[todo[lower]], stat[todo[lower]] = to[lower], found[lower]
                moved |= lower
        size[todo[~moved]] /= 4
        todo = todo[size[todo] > _SMALLEST]
    return values, stat
