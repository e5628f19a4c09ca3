"""Best fit, errors, limits and sensitivity of convex statistics, for all problems at once.

Newton's method starts on a side from which it cannot step over the solution, or it stays in a
bracket. A problem that has converged does not change any more. Its result therefore does not depend
on the problems that are solved with it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .statistic import Bool, Curve, Float, Statistic

__all__ = ["best_fit", "convex_root", "hesse_error", "sensitivity", "step_down", "step_up"]

# Limit of iterations. Some fits with an uncertain background need more than 100, none of the random
# problems of the tests needs 500: 5000 changes nothing. With 50, some results are plainly wrong.
_MAX_ITERATIONS = 500

# Relative accuracy at which a step is the last one. Convergence is quadratic, so the error after
# this step is about the square, 1e-14. At 1e-6 random problems change by 1e-10 of their error, at
# 1e-4 some fits with an uncertain background fail. 1e-10 changes results only by rounding errors.
_TOLERANCE = 1e-7

# Largest factor by which a step changes in one iteration. It decides the number of iterations, not
# the result: 10 and 1000 give the same to rounding errors.
_MAX_FACTOR = 100.0

# Step after which a curve that is still flat counts as flat for ever. It must exceed every real
# norm, and the squares of the counts predicted there must be finite: 1e60 and 1e101 give the same.
_FLAT_STEP = 1e100

# Share of unfinished problems below which it is faster to copy them than to go on with all. It
# decides the speed only.
_COMPACT_BELOW = 0.7


def best_fit(stat: Statistic, norm_min: float | None = None) -> tuple[Float, Bool]:
    """Norm that minimises the statistic; the largest one if there are several.

    The first fit ignores kinks. Only problems that crossed one are solved again.

    Parameters
    ----------
    stat : Statistic
        The problems. Those without signal give NaN.
    norm_min : float, optional
        Smallest norm allowed.

    Returns
    -------
    norm : numpy.ndarray
        (nproblem,).
    at_boundary : numpy.ndarray of bool
        Whether the best fit is on a kink, where the npred of an empty fine bin reaches 0, or would
        be below `norm_min`.
    """
    slope_limit = stat.slope_limit()
    start = stat.newton_start(np.where(slope_limit > 0, slope_limit, 1))
    x = _stationary(stat, start, None, 0) if stat.slope_is_concave else _in_bracket(stat, start)
    kinks = stat.kinks()
    crossed = np.flatnonzero((kinks > x[:, None]).any(axis=1))
    if crossed.size:
        x[crossed] = _between_kinks(stat.take(crossed), kinks[crossed], x[crossed])
    at_boundary = (kinks == x[:, None]).any(axis=1)
    if norm_min is not None:
        at_boundary = (at_boundary & (x >= norm_min)) | (x < norm_min)
        x = np.maximum(x, norm_min)
    return np.where(slope_limit > 0, x, np.nan), at_boundary & (slope_limit > 0)


def _in_bracket(stat: Statistic, start: Float) -> Float:
    """Best fits between two norms; tries 0 first, where a kink may be."""
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

    The slope at the start is not positive. A start at -inf stays there. Without an end, the slope
    must be concave.
    """
    x = start.copy()
    todo = np.flatnonzero(np.isfinite(start))
    part, low = _take(stat, todo, x.size), start[todo]
    high = np.full_like(low, np.inf) if end is None else end[todo]
    going, last = np.ones(todo.size, bool), high - low
    older = last
    for _ in range(_MAX_ITERATIONS):
        if not todo.size:
            break
        at = x[todo]
        slope, curvature = part.slope(at, side)
        low, high = np.where(slope <= 0, at, low), np.where(slope > 0, at, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = at - slope / curvature
            small = np.abs(slope) <= _TOLERANCE * np.sqrt(curvature)
        leaves = ~((new >= low) & (new <= high)) | ((new == at) & ~small)
        if end is not None:  # unless two steps halve a step, Newton's method goes back and forth
            leaves |= (np.abs(new - at) > older / 2) & ~small
        middle = np.where(np.isfinite(high), low + (high - low) / 2, at)
        new = np.where(leaves, middle, new)
        older, last = last, np.abs(new - at)
        x[todo] = np.where(going, new, at)
        going &= np.where(leaves, new != at, ~small)
        if np.count_nonzero(going) < _COMPACT_BELOW * going.size:
            todo, part, low, high = todo[going], part.take(going), low[going], high[going]
            older, last, going = older[going], last[going], going[going]
    return x


def _between_kinks(stat: Statistic, kinks: Float, ignoring: Float) -> Float:
    """Best fits that respect every kink: find the two kinks around each, then solve between them.

    `ignoring` is the best fit that ignores kinks.
    """
    ordered = np.sort(np.where(np.isfinite(kinks), kinks, np.inf), axis=1)
    row = np.arange(len(ordered))
    low = np.zeros(row.size, int)
    high = np.isfinite(ordered).sum(axis=1) - 1  # the slope to the right of this one is positive
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
    """Symmetric 1 sigma error from the curvature at the best fit; inf without curvature."""
    with np.errstate(divide="ignore"):
        return np.asarray(1 / np.sqrt(stat.slope(x, +1)[1]))


def step_up(stat: Statistic, x: Float, rise: float) -> Float:
    """Distance from the best fit up to where the statistic has risen by `rise`.

    NaN only without signal.
    """
    return _step(stat, x, rise, +1)


def step_down(stat: Statistic, x: Float, rise: float, norm_min: float | None = None) -> Float:
    """Distance from the best fit down to where the statistic has risen by `rise`.

    NaN if it never rises so far: without counts the statistic falls for ever. With `norm_min` the
    distance ends there.
    """
    if norm_min is None:
        return _step(stat, x, rise, -1)
    step = np.zeros_like(x)
    above = np.flatnonzero(x > norm_min)
    step[above] = _step(stat.take(above), x[above], rise, -1)
    return np.fmin(step, x - norm_min)


def sensitivity(stat: Statistic, ts: float) -> Float:
    """Smallest norm whose expected counts have the test statistic `ts`; NaN without signal."""
    start = np.where(stat.never_rises(+1), np.nan, stat.asimov_start(ts))
    unlimited = np.full_like(start, np.inf)
    return convex_root(lambda todo: stat.take(todo).asimov_ts(), ts, start, unlimited)


def _step(stat: Statistic, x: Float, rise: float, sign: int) -> Float:
    slope, curvature = stat.slope(x, sign)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        tangent = rise / (2 * np.maximum(sign * slope, 0))
        guess = np.fmin(np.sqrt(rise / curvature), rise / stat.slope_limit())
    bound = np.fmin(stat.step_bound(x, rise, sign), tangent)
    start = bound if stat.slope_is_concave else np.fmin(bound, 2 * guess)
    start[stat.never_rises(sign)] = np.nan

    def curve(todo: NDArray[np.intp], *, kinks: bool) -> Curve:
        return _take(stat, todo, x.size).rise_along(x[todo], sign, kinks=kinks)

    if not stat.slope_is_concave:
        return convex_root(lambda todo: curve(todo, kinks=True), rise, start, bound)
    step = convex_root(lambda todo: curve(todo, kinks=False), rise, start, bound)
    ahead = sign * (stat.kinks() - x[:, None])
    crossed = np.flatnonzero(((ahead > 0) & (ahead < step[:, None])).any(axis=1))
    if crossed.size:
        known = step[crossed]
        step[crossed] = convex_root(
            lambda todo: curve(crossed[todo], kinks=True), rise, known, known
        )
    return step


def _take(stat: Statistic, index: NDArray[np.intp], size: int) -> Statistic:
    """Return the selected problems; all of them without a copy."""
    return stat if index.size == size else stat.take(index)


def convex_root(
    curve_of: Callable[[NDArray[np.intp]], Curve], target: float, start: Float, bound: Float
) -> Float:
    """Step at which convex curves that rise from 0 reach `target`; at most `bound`.

    From any start, one step of Newton's method ends beyond the root. Later steps never go back over
    it. NaN if a curve stays flat.
    """
    step, below, above = start.copy(), np.zeros_like(start), np.full_like(start, np.inf)
    todo = np.flatnonzero(np.isfinite(start))
    curve, going = curve_of(todo), np.ones(todo.size, bool)
    for _ in range(_MAX_ITERATIONS):
        if not todo.size:
            break
        at = step[todo]
        value, derivative = curve(at)
        low = below[todo] = np.where(value > target, below[todo], at)
        high = above[todo] = np.where(value > target, at, above[todo])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            new = np.where(derivative > 0, at - (value - target) / derivative, np.inf)
            middle = np.sqrt(np.maximum(low, high / _MAX_FACTOR)) * np.sqrt(high)
        new = np.fmin(np.clip(new, at / _MAX_FACTOR, _MAX_FACTOR * at), bound[todo])
        ends = np.abs(value - target) <= _TOLERANCE * target
        middle = np.where((middle > low) & (middle < high), middle, at)
        inside = (new > low) & (new < high)
        new = np.where(inside, new, np.where(ends, at, middle))
        step[todo] = np.where(going, new, at)
        going &= ~ends & (new != at) & (new < _FLAT_STEP)
        if np.count_nonzero(going) < _COMPACT_BELOW * going.size:
            todo = todo[going]
            curve, going = curve_of(todo), going[going]
    return np.where(step < _FLAT_STEP, step, np.nan)
