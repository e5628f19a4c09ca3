"""Best fit, errors, limits and sensitivity of convex statistics, for all problems at once.

Newton's method starts from a side from which it cannot step over what it looks for, or stays in a
bracket. A problem that has converged stays as it is, so that results do not depend on which others
are solved with it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .statistic import Curve, Float, Statistic

__all__ = ["best_fit", "hesse_error", "sensitivity", "step_down", "step_up"]

Bool = NDArray[np.bool_]

_STEPS = 500

_TOLERANCE = 1e-7  # of a step; convergence is quadratic, so the error left is its square

_FACTOR = 100.0  # by which a step grows where the curve is still flat

_FAR = 1e100  # a curve that is flat for so long stays so

_WORTH = 0.7  # share of problems still going below which it pays to leave the others out


def best_fit(stat: Statistic, norm_min: float | None = None) -> tuple[Float, Bool]:
    """Norm that minimises the statistic, the largest one where there are several.

    Kinks are ignored first; only problems that crossed one are solved again.

    Parameters
    ----------
    stat : Statistic
        Problems without any signal give NaN.
    norm_min : float, optional
        Smallest norm allowed.

    Returns
    -------
    norm : numpy.ndarray
        (nproblem,).
    at_boundary : numpy.ndarray of bool
        Whether the best fit is on a kink, where the npred of an empty fine bin reaches 0, or
        would be below `norm_min`.
    """
    steepest = stat.steepest()
    start = stat.start(np.where(steepest > 0, steepest, 1))
    x = _stationary(stat, start, None, 0) if stat.concave else _in_bracket(stat, start)
    kinks = stat.kinks()
    crossed = np.flatnonzero((kinks > x[:, None]).any(axis=1))
    if crossed.size:
        x[crossed] = _between_kinks(stat.take(crossed), kinks[crossed], x[crossed])
    bound = (kinks == x[:, None]).any(axis=1)
    if norm_min is not None:
        bound = (bound & (x >= norm_min)) | (x < norm_min)
        x = np.maximum(x, norm_min)
    return np.where(steepest > 0, x, np.nan), bound & (steepest > 0)


def _in_bracket(stat: Statistic, start: Float) -> Float:
    """Best fits between two norms; 0 is tried first, where there may be a kink."""
    low, high = stat.bracket()
    zero = np.zeros_like(low)
    within = (low < 0) & (high > 0)
    rises, rose = (stat.slope(zero, side)[0] > 0 for side in (+1, -1))
    low, high = np.where(within & ~rose, 0, low), np.where(within & rises, 0, high)
    x = np.maximum(start, low)
    ends = ~(x < high) | (stat.slope(np.where(np.isfinite(high), high, 0), -1)[0] <= 0)
    x[ends] = high[ends]
    todo = np.flatnonzero(~ends)
    x[todo] = _stationary(stat.take(todo), x[todo], high[todo], 0)
    return x


def _stationary(stat: Statistic, start: Float, end: Float | None, side: int) -> Float:
    """Largest norm between `start` and `end` up to which the slope is not positive.

    The slope at the start is not positive; starts at -inf stay there. Without an end it is concave.
    """
    x = start.copy()
    todo = np.flatnonzero(np.isfinite(start))
    part, low = _part(stat, todo, x.size), start[todo]
    high = np.full_like(low, np.inf) if end is None else end[todo]
    going, last = np.ones(todo.size, bool), high - low
    older = last
    for _ in range(_STEPS):
        if not todo.size:
            break
        at = x[todo]
        slope, curvature = part.slope(at, side)
        low, high = np.where(slope <= 0, at, low), np.where(slope > 0, at, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = at - slope / curvature
            small = np.abs(slope) <= _TOLERANCE * np.sqrt(curvature)
        leaves = ~((new >= low) & (new <= high)) | ((new == at) & ~small)
        if end is not None:  # two steps halve a step, or Newton's method goes to and fro
            leaves |= (np.abs(new - at) > older / 2) & ~small
        middle = np.where(np.isfinite(high), low + (high - low) / 2, at)
        new = np.where(leaves, middle, new)
        older, last = last, np.abs(new - at)
        x[todo] = np.where(going, new, at)
        going &= np.where(leaves, new != at, ~small)
        if np.count_nonzero(going) < _WORTH * going.size:
            todo, part, low, high = todo[going], part.take(going), low[going], high[going]
            older, last, going = older[going], last[going], going[going]
    return x


def _between_kinks(stat: Statistic, kinks: Float, ignoring: Float) -> Float:
    """Best fits with every kink counted: find the two kinks round it, then solve between."""
    ordered = np.sort(np.where(np.isfinite(kinks), kinks, np.inf), axis=1)
    row = np.arange(len(ordered))
    low = np.zeros(row.size, int)
    high = np.isfinite(ordered).sum(axis=1) - 1  # there the slope to the right is positive
    for _ in range(int(np.ceil(np.log2(ordered.shape[1]))) + 1):
        middle = (low + high) // 2
        rising = stat.slope(ordered[row, middle], +1)[0] > 0
        high = np.where(rising, middle, high)
        low = np.where(rising, low, np.minimum(middle + 1, high))
    x = np.asarray(ordered[row, high])
    inside = np.flatnonzero(stat.slope(x, -1)[0] > 0)
    floor = np.where(high > 0, ordered[row, high - 1], -np.inf)
    start = np.maximum(floor, ignoring)[inside]
    x[inside] = _stationary(stat.take(inside), start, x[inside], +1)
    return x


def hesse_error(stat: Statistic, x: Float) -> Float:
    """Symmetric 1 sigma error from the curvature at the best fit, inf where there is none."""
    with np.errstate(divide="ignore"):
        return np.asarray(1 / np.sqrt(stat.slope(x, +1)[1]))


def step_up(stat: Statistic, x: Float, level: float) -> Float:
    """Distance from the best fit up to where the statistic has risen by `level`.

    NaN only where there is no signal.
    """
    return _step(stat, x, level, +1)


def step_down(stat: Statistic, x: Float, level: float, norm_min: float | None = None) -> Float:
    """Distance from the best fit down to where the statistic has risen by `level`.

    NaN where there is none: without counts the statistic falls for ever. With `norm_min` the
    distance ends there.
    """
    if norm_min is None:
        return _step(stat, x, level, -1)
    step = np.zeros_like(x)
    above = np.flatnonzero(x > norm_min)
    step[above] = _step(stat.take(above), x[above], level, -1)
    return np.fmin(step, x - norm_min)


def sensitivity(stat: Statistic, level: float) -> Float:
    """Smallest norm whose expected counts have the test statistic `level`; NaN without signal."""
    start = np.where(stat.never(+1), np.nan, stat.asimov_reach(level))
    return _root(lambda todo: stat.take(todo).asimov(), level, start, np.full_like(start, np.inf))


def _step(stat: Statistic, x: Float, level: float, sign: int) -> Float:
    slope, curvature = stat.slope(x, sign)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        tangent = level / (2 * np.maximum(sign * slope, 0))
        guess = np.fmin(np.sqrt(level / curvature), level / stat.steepest())
    reach = np.fmin(stat.reach(x, level, sign), tangent)
    start = reach if stat.concave else np.fmin(reach, 2 * guess)
    start[stat.never(sign)] = np.nan

    def curve(todo: NDArray[np.intp], *, kinks: bool) -> Curve:
        return _part(stat, todo, x.size).along(x[todo], sign, kinks=kinks)

    if not stat.concave:
        return _root(lambda todo: curve(todo, kinks=True), level, start, reach)
    step = _root(lambda todo: curve(todo, kinks=False), level, start, reach)
    ahead = sign * (stat.kinks() - x[:, None])
    crossed = np.flatnonzero(((ahead > 0) & (ahead < step[:, None])).any(axis=1))
    if crossed.size:
        known = step[crossed]
        step[crossed] = _root(lambda todo: curve(crossed[todo], kinks=True), level, known, known)
    return step


def _part(stat: Statistic, which: NDArray[np.intp], size: int) -> Statistic:
    """Take some of the problems, or all without a copy."""
    return stat if which.size == size else stat.take(which)


def _root(
    curve_of: Callable[[NDArray[np.intp]], Curve], level: float, start: Float, reach: Float
) -> Float:
    """Step at which convex curves that rise from 0 reach `level`; it is not beyond `reach`.

    A step of Newton's method from anywhere ends beyond the root, and from there never steps over
    it. NaN where a curve stays flat.
    """
    step, below, above = start.copy(), np.zeros_like(start), np.full_like(start, np.inf)
    todo = np.flatnonzero(np.isfinite(start))
    curve, going = curve_of(todo), np.ones(todo.size, bool)
    for _ in range(_STEPS):
        if not todo.size:
            break
        at = step[todo]
        value, derivative = curve(at)
        low = below[todo] = np.where(value > level, below[todo], at)
        high = above[todo] = np.where(value > level, at, above[todo])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            new = np.where(derivative > 0, at - (value - level) / derivative, np.inf)
            middle = np.sqrt(np.maximum(low, high / _FACTOR)) * np.sqrt(high)
        new = np.fmin(np.clip(new, at / _FACTOR, _FACTOR * at), reach[todo])
        ends = np.abs(value - level) <= _TOLERANCE * level
        middle = np.where((middle > low) & (middle < high), middle, at)
        inside = (new > low) & (new < high)
        new = np.where(inside, new, np.where(ends, at, middle))
        step[todo] = np.where(going, new, at)
        going &= ~ends & (new != at) & (new < _FAR)
        if np.count_nonzero(going) < _WORTH * going.size:
            todo = todo[going]
            curve, going = curve_of(todo), going[going]
    return np.where(step < _FAR, step, np.nan)
