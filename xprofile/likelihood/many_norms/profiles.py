"""Intervals of one norm with all others fitted anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..newton import convex_root
from ..statistic import Bool, Curve, Float
from .covariance import hesse_covariance
from .fits import Fit
from .interior import solve_from, starting_norms
from .problems import Problems
from .rows import change, row_slope
from .system import System

__all__ = ["profile_rise", "profile_step"]

# Steps, in units of the step that the curvature gives, beyond which a statistic counts as flat.
# With 1e8 some fits of the other norms do not end, with 1e4 some intervals that end become NaN.
_FLAT = 1e6

# Share by which a rise must grow with the step to count as rising. Fits are right to 1e-12; steps
# grow by much more in each iteration, and a convex rise by as much at least. At 1e-12 flat curves
# need hundreds of iterations.
_ROUNDING = 1e-6

# Difference from the wanted rise, as a share of it, up to which a distance counts. Rounding errors
# of large counts are below; distances that fits of the other norms miss are NaN.
_RIGHT = 1e-3

# Pull on the other norms, as a share of their errors, so that they have one best fit. The rise
# changes by its square.
_TILT = 1e-7


def profile_rise(problems: Problems, fit: Fit, columns: Sequence[int], at: ArrayLike) -> Float:
    """Rise of the statistic above its minimum when one norm is fixed and all others are fitted.

    Parameters
    ----------
    problems : Problems
        The counts and what is known of them.
    fit : Fit
        Their best fits.
    columns : sequence of int
        Norms that are fixed, one at a time.
    at : array_like
        Their values, (nproblem, len(columns)) or broadcast to it.

    Returns
    -------
    numpy.ndarray
        (nproblem, len(columns)), NaN without signal. With 0 as values this is the test statistic.
    """
    number = np.asarray(columns, dtype=np.intp)
    shape = (len(fit.x), number.size)
    values = np.broadcast_to(np.asarray(at, dtype=np.float64), shape).ravel()
    parts = _Parts.from_fit(problems, fit, number)
    todo = np.flatnonzero(parts.seen)
    rise = np.full(values.size, np.nan)
    rise[todo] = parts.take(todo).rise(values[todo])[0]
    return rise.reshape(shape)


def profile_step(
    problems: Problems, fit: Fit, columns: Sequence[int], rise: float, sign: int
) -> Float:
    """Distance over which the statistic rises by `rise`, with all other norms fitted anew.

    Parameters
    ----------
    problems : Problems
        The counts and what is known of them.
    fit : Fit
        Their best fits.
    columns : sequence of int
        Norms whose intervals are wanted.
    rise : float
        Rise above the minimum.
    sign : int
        +1 upwards, -1 downwards. Downwards the distance ends at the lower limit of the norm.

    Returns
    -------
    numpy.ndarray
        (nproblem, len(columns)), NaN without signal and if the statistic never rises so far.
    """
    number = np.asarray(columns, dtype=np.intp)
    parts = _Parts.from_fit(problems, fit, number)
    x, lower = parts.best, parts.lower
    todo = np.flatnonzero(parts.seen & ((sign > 0) | (x > lower)))
    step = np.where(parts.seen, 0.0, np.nan)
    step[todo] = parts.take(todo).step(rise, sign)
    if sign < 0:
        step = np.where(np.isfinite(lower) & parts.seen, np.fmin(step, x - lower), step)
    return step.reshape(len(fit.x), number.size)


class _Parts:
    """Problems with one fixed norm each: every problem, once for every norm."""

    def __init__(
        self, problems: Problems, x: Float, column: NDArray[np.intp], along: Float
    ) -> None:
        self.problems, self.x, self.column, self.along = problems, x, column, along
        self.row = np.arange(len(x))
        self.best, self.lower = x[self.row, column], problems.lower[self.row, column]
        self.seen = np.isfinite(self.best)

    @classmethod
    def from_fit(cls, problems: Problems, fit: Fit, number: NDArray[np.intp]) -> _Parts:
        """Repeat every problem for every norm."""
        index = np.repeat(np.arange(len(fit.x)), number.size)
        column = np.tile(number, len(fit.x))
        covariance = hesse_covariance(problems, fit)[index, :, column]
        return cls(
            problems.repeated(index), fit.x[index], column, np.nan_to_num(covariance, posinf=0)
        )

    def take(self, index: NDArray[np.intp]) -> _Parts:
        """Return the selected problems."""
        return _Parts(
            self.problems.take(index), self.x[index], self.column[index], self.along[index]
        )

    def rise(self, at: Float) -> tuple[Float, Float, Bool]:
        """Rise with the norms fixed at values, its slope, and whether the fits converged."""
        p, row, column = self.problems, self.row, self.column
        frozen = np.zeros(self.x.shape, bool)
        frozen[row, column] = True
        system = System.from_problems(p, frozen, _TILT)
        own = self.along[row, column]
        rate = np.where(own > 0, (at - self.best) / np.where(own > 0, own, 1), 0)
        z = np.nan_to_num(self.x) + rate[:, None] * self.along
        z[row, column] = at
        point, converged = solve_from(system, z * system.scale)
        again = np.flatnonzero(~converged)
        if again.size:  # from norms that do not come from the curvature
            part = system.take(again)
            cold = np.where(part.frozen, (z * system.scale)[again], starting_norms(part))
            other, done = solve_from(part, cold)
            point.put(again[done], other.take(np.flatnonzero(done)))
            converged[again] = done
        to = point.z / system.scale
        to[row, column] = at
        # rows that only the fixed norm changes take no part in the fit
        slope = system.sums(np.where(system.live, 1 - point.u, row_slope(p, to)))
        slope += system.penalised(point.z - system.centre)
        return change(p, self.x, to), 2 * (slope * system.scale)[row, column], converged

    def step(self, rise: float, sign: int) -> Float:
        """Distance from the best fit to where the statistic has risen by `rise`."""
        own = self.along[self.row, self.column]
        limit = self.problems.response.sum(axis=1)
        limit = np.repeat(limit, self.problems.repeats, axis=0)[self.row, self.column]
        start = np.where(own > 0, np.sqrt(rise * own), rise / np.where(limit > 0, limit, 1))
        most = _FLAT * start

        def curves(todo: NDArray[np.intp]) -> Curve:
            part = self.take(todo)
            last = np.zeros((2, todo.size))

            def evaluate(step: Float) -> tuple[Float, Float]:
                value, slope, converged = part.rise(part.best + sign * step)
                value = np.where(converged, value, rise)  # ends where a fit fails
                # a convex curve that does not rise any more is flat, and its slope is rounding
                flat = (step > last[0]) & (value <= last[1] * (1 + _ROUNDING)) & (value < rise)
                last[:] = step, value
                return value, np.where(flat, 0, sign * slope)

            return evaluate

        step = convex_root(curves, rise, start, most)
        known = np.flatnonzero(step < 0.999 * most)
        part = self.take(known)
        reached, *_ = part.rise(part.best + sign * step[known])
        found = np.abs(reached - rise) <= _RIGHT * rise
        result = np.full(step.size, np.nan)
        result[known[found]] = step[known[found]]
        return result
