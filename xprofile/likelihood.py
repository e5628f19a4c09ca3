r"""The Cash statistic of binned counts: best fit, errors, limits and scans of a norm.

For one problem with counts :math:`n_k`, signal :math:`S_k \ge 0` at norm 1 and background
:math:`b_k \ge 0` in fine bins k,

.. math:: C(x) = 2 \sum_k [\mu_k - n_k \ln \mu_k], \qquad \mu_k = \max(x S_k + b_k, 0)

(Cash 1979, ApJ 228, 939, without the term in n!). :math:`C` is convex in the norm x. It has a kink
at :math:`-b_k / S_k` where :math:`n_k = 0` and a wall there where :math:`n_k > 0`, so that
every root exists, or provably does not. All functions take arrays of problems, shape (nproblem,
nbin), and solve them at once. Steps between norms are evaluated through ``log1p``, never as
differences of C.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Problems", "best_fit", "cash", "hesse_error", "rise", "step_down", "step_up"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

_TRUNCATION = 1e-25  # smallest npred whose logarithm is taken, as in Gammapy
_STEPS = 200
_TOLERANCE = 1e-7  # of a step; convergence is quadratic, so the error left is its square


@dataclass(frozen=True, eq=False)
class Problems:
    """Counts, signal at norm 1 and background of fine bins, (nproblem, nbin) each.

    Fine bins without signal carry no information on the norm; pad with zeros.
    """

    n: Float
    s: Float
    b: Float

    def take(self, which: Bool | NDArray[np.intp] | slice) -> Problems:
        """Return some of the problems."""
        return Problems(self.n[which], self.s[which], self.b[which])


def cash(x: Float, p: Problems) -> Float:
    """Cash statistic at one norm for each problem, (nproblem,)."""
    mu = np.maximum(x[:, None] * p.s + p.b, 0)
    log = np.log(np.maximum(mu, _TRUNCATION))
    return np.asarray(2 * np.sum(mu - np.where(p.n > 0, p.n * log, 0), axis=1))


def rise(x: Float, to: Float, p: Problems) -> Float:
    """C(to) - C(x), exact also where it is small beside C; (nproblem,)."""
    before, after = x[:, None] * p.s + p.b, to[:, None] * p.s + p.b
    low, high = np.maximum(before, _TRUNCATION), np.maximum(after, _TRUNCATION)
    whole = (before > _TRUNCATION) & (after > _TRUNCATION)
    change = np.where(whole, (to - x)[:, None] * p.s, np.maximum(after, 0) - np.maximum(before, 0))
    ratio = change / low
    near = whole & (ratio > -0.5)
    log = np.where(near, np.log1p(np.where(near, ratio, 0)), np.log(high / low))
    return np.asarray(2 * np.sum(change - np.where(p.n > 0, p.n * log, 0), axis=1))


def best_fit(p: Problems) -> tuple[Float, Bool]:
    """Norm that minimises the statistic, the largest one where there are several.

    Newton's method on the slope, which is concave between kinks, converges monotonically from
    below. Kinks are ignored first; only problems that crossed one are solved again.

    Parameters
    ----------
    p : Problems
        Problems without any signal give NaN.

    Returns
    -------
    norm : numpy.ndarray
        (nproblem,).
    kinked : numpy.ndarray of bool
        Whether the best fit is where the npred of an empty fine bin reaches 0.
    """
    kink = _kinks(p)
    slope = p.s.sum(axis=1)
    x = _stationary(p, slope, np.full(slope.size, -np.inf))
    kinked = np.zeros(x.size, bool)
    crossed = np.flatnonzero((kink > x[:, None]).any(axis=1))
    if crossed.size:
        x[crossed], kinked[crossed] = _between_kinks(p.take(crossed), kink[crossed])
    return np.where(slope > 0, x, np.nan), kinked


def _kinks(p: Problems) -> Float:
    """Norms at which the npred of empty fine bins reaches 0, -inf for other bins."""
    out = np.full_like(p.s, -np.inf)
    return np.divide(-p.b, p.s, out=out, where=(p.s > 0) & (p.n == 0))


def _pull(x: Float, p: Problems) -> tuple[Float, Float]:
    """Sums of n S / npred and of n S^2 / npred^2: half the slope and curvature that counts give."""
    mu = x[:, None] * p.s + p.b
    ratio = np.divide(p.s, mu, out=np.zeros_like(mu), where=(p.n > 0) & (p.s > 0))
    pull = p.n * ratio
    return pull.sum(axis=1), (pull * ratio).sum(axis=1)


def _stationary(p: Problems, slope: Float, floor: Float) -> Float:
    """Norm at which the pull of the counts equals `slope`, -inf without counts."""
    hit = (p.n > 0) & (p.s > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        start = np.where(hit, p.n / slope[:, None] - p.b / p.s, -np.inf).max(
            axis=1, initial=-np.inf
        )
    x: Float = np.maximum(start, floor)
    todo = np.flatnonzero(np.isfinite(start))
    part = p.take(todo)
    for _ in range(_STEPS):
        if not todo.size:
            break
        pull, curvature = _pull(x[todo], part)
        step = (pull - slope[todo]) / curvature
        x[todo] += np.maximum(step, 0)
        going = step * np.sqrt(curvature) > _TOLERANCE
        if np.count_nonzero(going) < 0.7 * going.size:
            todo, part = todo[going], part.take(going)
    return x


def _between_kinks(p: Problems, kink: Float) -> tuple[Float, Bool]:
    """Best fits with every kink counted: find the two kinks round it, then solve between."""
    order = np.argsort(np.where(np.isfinite(kink), kink, np.inf), axis=1)
    ordered = np.take_along_axis(np.where(np.isfinite(kink), kink, np.inf), order, axis=1)
    weights = np.take_along_axis(np.where(np.isfinite(kink), p.s, 0), order, axis=1)
    always = np.where(p.n > 0, p.s, 0).sum(axis=1)
    slopes = always[:, None] + np.cumsum(weights, axis=1)
    row = np.arange(always.size)
    low = np.zeros(always.size, int)
    high = np.isfinite(ordered).sum(axis=1) - 1  # there the slope to the right is not negative
    for _ in range(int(np.ceil(np.log2(p.s.shape[1]))) + 1):
        middle = (low + high) // 2
        rising = slopes[row, middle] >= _pull_or_wall(ordered[row, middle], p)
        high = np.where(rising, middle, high)
        low = np.where(rising, low, np.minimum(middle + 1, high))
    at = ordered[row, high]
    before = np.where(high > 0, slopes[row, high - 1], always)
    kinked = before <= _pull_or_wall(at, p)
    x = at.copy()
    inside = np.flatnonzero(~kinked)
    floor = np.where(high > 0, ordered[row, high - 1], -np.inf)
    x[inside] = _stationary(p.take(inside), before[inside], floor[inside])
    return x, kinked


def _pull_or_wall(x: Float, p: Problems) -> Float:
    """Pull of the counts at a norm, infinite at and beyond the wall."""
    hit = (p.n > 0) & (p.s > 0)
    beyond = (hit & (x[:, None] * p.s + p.b <= 0)).any(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(beyond, np.inf, _pull(x, p)[0]))


def hesse_error(x: Float, p: Problems) -> Float:
    """Symmetric 1 sigma error from the curvature at the best fit, inf where there is none."""
    with np.errstate(divide="ignore"):
        return np.asarray(1 / np.sqrt(_pull(x, p)[1]))


def step_up(x: Float, p: Problems, level: float) -> Float:
    """Distance from the best fit up to where the statistic has risen by `level`; (nproblem,).

    NaN only where there is no signal.
    """
    hit = (p.n > 0) & (p.s > 0)
    mu = x[:, None] * p.s + p.b
    pull, curvature = _pull(x, p)
    rate = np.divide(p.s, mu, out=np.zeros_like(mu), where=hit).max(axis=1, initial=0)
    active = hit | (mu >= -1e-12 * p.b)  # at a kink the bin counts to the right
    slack = 2 * np.maximum(np.where(active, p.s, 0).sum(axis=1) - pull, 0)
    # u - ln(1 + u) >= u^2 / (2 + 4 u / 3) puts both starts beyond the root
    half = rate * level / 3
    with np.errstate(divide="ignore", invalid="ignore"):
        start = np.fmin((half + np.sqrt(half**2 + curvature * level)) / curvature, level / slack)
    start[~np.isfinite(start)] = np.nan
    return _inward(x, p, level, start, +1)


def step_down(x: Float, p: Problems, level: float) -> Float:
    """Distance from the best fit down to where the statistic has risen by `level`; (nproblem,).

    NaN where there is none: without counts the statistic falls for ever.
    """
    hit = (p.n > 0) & (p.s > 0)
    mu = x[:, None] * p.s + p.b
    pull, curvature = _pull(x, p)
    slack = 2 * np.maximum(pull - np.where(hit | (mu > 1e-12 * p.b), p.s, 0).sum(axis=1), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # u^2 / 2 <= -u - ln(1 - u), and no further than where one bin alone rises by `level`
        smooth = 2 * level / (slack + np.sqrt(slack**2 + 4 * curvature * level))
        wall = -np.expm1(-1 - level / (2 * p.n)) * mu / p.s
    start = np.fmin(smooth, np.where(hit, wall, np.inf).min(axis=1, initial=np.inf))
    start[~hit.any(axis=1)] = np.nan
    return _inward(x, p, level, start, -1)


def _inward(x: Float, p: Problems, level: float, start: Float, sign: int) -> Float:
    """Newton's method from beyond the root of a convex rise: it never steps over it."""
    step = start.copy()
    todo = np.flatnonzero(np.isfinite(start))
    slope = _slope_of(x[todo], p.take(todo), sign)
    for _ in range(_STEPS):
        if not todo.size:
            break
        value, derivative = slope(step[todo])
        change = np.maximum(value - level, 0) / derivative
        step[todo] -= change
        going = change > _TOLERANCE * step[todo]
        if np.count_nonzero(going) < 0.7 * going.size:
            todo = todo[going]
            slope = _slope_of(x[todo], p.take(todo), sign)
    return step


def _slope_of(x: Float, p: Problems, sign: int) -> Callable[[Float], tuple[Float, Float]]:
    """Make the function that gives the rise over a step from x and its derivative."""
    mu = x[:, None] * p.s + p.b
    hit = (p.n > 0) & (p.s > 0)
    rate = sign * np.divide(p.s, mu, out=np.zeros_like(mu), where=hit)
    n = np.where(hit, p.n, 0)
    linear = sign * np.where(hit, p.s, 0).sum(axis=1)
    empty_s = np.where(p.n > 0, 0, p.s)
    empty_mu = np.where(p.n > 0, 0, mu)
    base = np.maximum(empty_mu, 0).sum(axis=1)

    def evaluate(step: Float) -> tuple[Float, Float]:
        t = step[:, None]
        grown = rate * t
        after = empty_mu + sign * empty_s * t
        active = after > 0
        value = linear * step - (n * np.log1p(grown)).sum(axis=1)
        value += np.where(active, after, 0).sum(axis=1) - base
        derivative = linear - (n * rate / (1 + grown)).sum(axis=1)
        derivative += sign * np.where(active, empty_s, 0).sum(axis=1)
        return 2 * value, 2 * derivative

    return evaluate
