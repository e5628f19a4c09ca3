"""Intervals of one norm with all others fitted anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..newton import convex_root
from ..statistic import Bool, Curve, Float
from .covariance import hesse_covariance
from .fits import Fit
from .interior import solve_from, starting_norms
from .problems import Problems
from .recession import without_limit
from .rows import change, row_slope
from .system import System

__all__ = ["Profiled", "profile_rise", "profile_step"]

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

# Sizes of the products at the start of fits of the other norms, which begin near their best fits.
# The first decides the speed: 1 takes twice as long.
_STARTS = (1e-2, 1.0)

# Steps of a search that goes on where fits fail. Without the limit some jump between rounding
# errors for seconds; on the 3FHL cube none of those ends better.
_MAX_STEPS = 30

# Pull on the other norms, as a share of their errors, so that they have one best fit. The rise
# changes by its square.
_TILT = 1e-7


class Profiled(NamedTuple):
    """Rises or distances, and whether fits of the other norms failed, so that they are NaN.

    Parameters
    ----------
    values : numpy.ndarray
        (nproblem, ncolumn).
    failed : numpy.ndarray of bool
        (nproblem, ncolumn).
    """

    values: Float
    failed: Bool


def profile_rise(problems: Problems, fit: Fit, columns: Sequence[int], at: ArrayLike) -> Profiled:
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
    Profiled
        (nproblem, len(columns)), NaN without signal. With 0 as values this is the test statistic.
    """
    number = np.asarray(columns, dtype=np.intp)
    shape = (len(fit.x), number.size)
    values = np.broadcast_to(np.asarray(at, dtype=np.float64), shape).ravel()
    parts = _Parts.from_fit(problems, fit, number)
    todo = np.flatnonzero(parts.seen)
    rise, failed = np.full(values.size, np.nan), np.zeros(values.size, bool)
    found, _, converged = parts.take(todo).rise(values[todo])
    rise[todo], failed[todo] = np.where(converged, found, np.nan), ~converged
    return Profiled(rise.reshape(shape), failed.reshape(shape))


def profile_step(
    problems: Problems, fit: Fit, columns: Sequence[int], rise: float, sign: int
) -> Profiled:
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
    Profiled
        (nproblem, len(columns)), NaN without signal and if the statistic never rises so far.
    """
    number = np.asarray(columns, dtype=np.intp)
    parts = _Parts.from_fit(problems, fit, number)
    step = np.where(parts.seen, 0.0, np.nan)
    limit = parts.best - parts.lower if sign < 0 else np.full(step.size, np.inf)
    todo = parts.seen & (limit > 0)
    ends = np.flatnonzero(todo & np.isfinite(limit))
    risen, _, converged = parts.take(ends).rise(parts.lower[ends])
    ends = ends[converged & (risen <= rise)]
    step[ends], todo[ends] = limit[ends], False
    endless = np.zeros(step.size, bool)

    def find_endless(which: Bool) -> None:
        index = np.flatnonzero(which & todo)
        endless[index] = without_limit(problems, index // number.size, parts.column[index], sign)
        step[endless] = np.where(np.isinf(limit), np.nan, limit)[endless]
        todo[endless] = False

    find_endless(parts.own <= 0)  # rows with counts limit nearly all others on both sides
    for patient in (False, True):
        index = np.flatnonzero(todo & (np.isnan(step) | (not patient)))
        found = parts.take(index).step(rise, sign, patient=patient)
        step[index] = np.where(np.isnan(found), np.nan, np.minimum(found, limit[index]))
        find_endless(np.isnan(step))
    shape = (len(fit.x), number.size)
    return Profiled(step.reshape(shape), (todo & np.isnan(step)).reshape(shape))


class _Parts:
    """Problems with one fixed norm each: every problem, once for every norm."""

    def __init__(
        self, problems: Problems, x: Float, column: NDArray[np.intp], along: Float
    ) -> None:
        self.problems, self.x, self.column, self.along = problems, x, column, along
        self.row = np.arange(len(x))
        self.best, self.lower = x[self.row, column], problems.lower[self.row, column]
        self.seen = np.isfinite(self.best)
        self.own = along[self.row, column]

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

    def rise(self, at: Float, *, rough: bool = False) -> tuple[Float, Float, Bool]:
        """Rise with the norms fixed at values, its slope, and whether the fits converged.

        Rough fits are tried once, and may not have converged.
        """
        p, row, column = self.problems, self.row, self.column
        if not row.size:
            return np.zeros(0), np.zeros(0), np.zeros(0, bool)
        frozen = np.zeros(self.x.shape, bool)
        frozen[row, column] = True
        system = System.from_problems(p, frozen, _TILT)
        own = self.own
        rate = np.where(own > 0, (at - self.best) / np.where(own > 0, own, 1), 0)
        z = np.nan_to_num(self.x) + rate[:, None] * self.along
        z[row, column] = at
        point, converged = solve_from(system, z * system.scale, _STARTS[:1] if rough else _STARTS)
        again = np.flatnonzero(~converged & (not rough))
        if again.size:  # from norms that do not come from the curvature
            part = system.take(again)
            cold = np.where(part.frozen, (z * system.scale)[again], starting_norms(part))
            other, done = solve_from(part, cold, _STARTS[1:], accurate=True)
            point.put(again[done], other.take(np.flatnonzero(done)))
            converged[again] = done
        to = point.z / system.scale
        to[row, column] = at
        # rows that only the fixed norm changes take no part in the fit
        slope = system.sums(np.where(system.live, 1 - point.u, row_slope(p, to)))
        slope += system.penalised(point.z - system.centre)
        return change(p, self.x, to), 2 * (slope * system.scale)[row, column], converged

    def step(self, rise: float, sign: int, *, patient: bool) -> Float:
        """Distance from the best fit to where the statistic has risen by `rise`.

        Unless patient, the search ends where a fit fails. Far away a fit that has not converged is
        good enough to go on, but takes long.
        """
        own = self.own
        if not own.size:
            return np.zeros(0)
        limit = self.problems.response.sum(axis=1)
        limit = np.repeat(limit, self.problems.repeats, axis=0)[self.row, self.column]
        start = np.where(own > 0, np.sqrt(rise * own), rise / np.where(limit > 0, limit, 1))
        most = _FLAT * start

        def curves(todo: NDArray[np.intp]) -> Curve:
            part = self.take(todo)
            last = np.zeros((2, todo.size))
            left = iter(range(_MAX_STEPS))

            def evaluate(step: Float) -> tuple[Float, Float]:
                value, slope, converged = part.rise(part.best + sign * step, rough=True)
                goes_on = patient and next(left, None) is not None
                value = np.where(converged | goes_on, value, rise)
                # a convex curve that does not rise any more is flat, and its slope is rounding
                flat = (step > last[0]) & (value <= last[1] * (1 + _ROUNDING)) & (value < rise)
                last[:] = step, value
                return value, np.where(flat, 0, sign * slope)

            return evaluate

        step = convex_root(curves, rise, start, most)
        known = np.flatnonzero(step < 0.999 * most)
        part = self.take(known)
        reached, _, converged = part.rise(part.best + sign * step[known])
        found = converged & (np.abs(reached - rise) <= _RIGHT * rise)
        result = np.full(step.size, np.nan)
        result[known[found]] = step[known[found]]
        return result
