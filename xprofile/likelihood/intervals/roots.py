"""Roots of rising functions, for all problems at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..statistic import Curve, Float

__all__ = ["false_position", "rising_root"]

# Limit of iterations. Halving alone needs 60 for all digits, and growing from a start that is 1e60
# too small needs 200. No random problem of the tests needs 50; 2000 changes nothing.
_MAX_ITERATIONS = 300

# Relative step after which a Newton step is the last one. The error after it is about the square.
# With 1e-5, limits change by 1e-10 of their value; with 1e-9, only rounding errors change.
_TOLERANCE = 1e-8

# Share of a bracket that a step stays away from its ends. With 0 noisy functions may keep one end
# far from the root; at 0.5 each step halves the bracket.
_NEAR_END = 0.02


def rising_root(
    curve_of: Callable[[NDArray[np.intp]], Curve], start: Float, low: Float, high: Float
) -> Float:
    """Point between `low` and `high` where functions rise through 0.

    Newton's method from `start`, in a bracket. Where it leaves the bracket, or does not get closer,
    the bracket is halved. `high` may be inf; then `low` must be finite and steps grow from there.

    Parameters
    ----------
    curve_of : callable
        Returns the functions of some problems, with value and derivative.
    start, low, high : numpy.ndarray
        (nproblem,). The functions are negative at `low` and positive at `high`. Steps are
        relative to the distance from `low`.
    """
    x, origin, low, high = start.copy(), low, low.copy(), high.copy()
    todo = np.flatnonzero(np.isfinite(start))
    size = np.full(x.size, np.inf)
    curve, going = curve_of(todo), np.ones(todo.size, bool)
    for _ in range(_MAX_ITERATIONS):
        if not todo.size:
            break
        at = x[todo]
        value, derivative = curve(at)
        below = value < 0
        left = low[todo] = np.where(below & going, at, low[todo])
        right = high[todo] = np.where(~below & going, at, high[todo])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            new = at - value / derivative
        inside = (new > left) & (new < right)
        close = inside & (np.abs(new - at) <= _TOLERANCE * np.abs(at - origin[todo]))
        middle = _middle(left, right)
        new = np.where(close | (inside & (np.abs(value) <= 0.5 * size[todo])), new, middle)
        size[todo] = np.abs(value)
        same = (value == 0) | (new <= left) | (new >= right)
        new = np.where(same, at, new)
        ends = close | same
        x[todo] = np.where(going, new, at)
        going &= ~ends
        if np.count_nonzero(going) < 0.7 * going.size:  # as in `convex_root`, a matter of speed
            todo = todo[going]
            curve, going = curve_of(todo), going[going]
    return x


def _middle(low: Float, high: Float) -> Float:
    """Middle of a bracket; of one without an end, three times as far as now."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(high), low + 2 * np.abs(low), low + (high - low) / 2)


def false_position(
    function: Callable[[Float], Float],
    low: tuple[Float, Float],
    high: tuple[Float, Float],
    steps: int,
) -> Float:
    """Narrow brackets of roots by a number of steps, for functions that take long or are noisy.

    The Illinois method, whose steps are not near the ends of the bracket. A function that is
    infinite at an end halves the bracket.

    Parameters
    ----------
    function : callable
        Returns the values of all problems at points (nproblem,).
    low, high : tuple of numpy.ndarray
        Ends of the brackets, and values there: below 0 at the first, 0 or more at the second.
    steps : int
        Number of evaluations.
    """
    (a, fa), (b, fb) = low, high
    for _ in range(steps):
        x = _between(a, fa, b, fb)
        f = function(x)
        below = f < 0
        # a value at an end that stays is halved, so that the other end moves next time
        fa, fb = np.where(below, f, fa / 2), np.where(below, fb / 2, f)
        a, b = np.where(below, x, a), np.where(below, b, x)
    return _between(a, fa, b, fb)


def _between(a: Float, fa: Float, b: Float, fb: Float) -> Float:
    """Point between two ends where a line through their values is 0; never close to an end."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = -fa / (fb - fa)
    share = np.where(np.isfinite(fa) & np.isfinite(fb) & np.isfinite(share), share, 0.5)
    return a + np.clip(share, _NEAR_END, 1 - _NEAR_END) * (b - a)
