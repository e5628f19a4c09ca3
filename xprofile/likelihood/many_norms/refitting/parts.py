"""Problems of which one norm each is of interest: rises and distances with all others fitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...newton import convex_root
from ...statistic import Curve, Float
from ..fits import Fit
from ..interior import solve_from, starting_norms
from ..problems import Problems
from ..rows import change, row_slope
from ..system import System
from .refits import Refit, refit

__all__ = ["CheckedSlopes", "Parts", "blocks"]

# Steps, in units of the step that the curvature gives, beyond which a statistic counts as flat.
# With 1e8 some fits of the other norms do not end, with 1e4 some intervals that end become NaN.
_FLAT = 1e6

# Share by which a rise must grow with the step to count as rising. Fits are right to 1e-12; steps
# grow by much more in each iteration, and a convex rise by as much at least. At 1e-12 flat curves
# need hundreds of iterations.
_ROUNDING = 1e-6

# Share of the change that a slope promises below which it counts as too steep. Right slopes of
# convex curves promise too little on the way up; on the way down the check decides the speed only.
_BELOW = 0.5

# Difference from the wanted rise, as a share of it, up to which a distance counts. Rounding errors
# of large counts are below; distances that fits of the other norms miss are NaN.
_RIGHT = 1e-3

# Sizes of the products at the start of fits of the other norms, which begin near their best fits.
# The first decides the speed: 1 takes twice as long.
_STARTS = (1e-2, 1.0)

# Steps of a search. Those that end need up to 15; others jump between rounding errors for minutes.
_MAX_STEPS = 40

# Pull on the other norms, as a share of their errors, so that they have one best fit. The rise
# changes by its square.
_TILT = 1e-7

# Numbers of weighted responses that are kept at once, 128 MB. It decides memory and speed only.
_NUMBERS = 2**24


class Parts:
    """Problems with one norm of interest each.

    Parameters
    ----------
    problems : Problems
        The problems.
    x, row_slope : numpy.ndarray
        Norms at the minimum of C, (npart, ncolumn), and the slopes of rows there, (npart, nrow).
    column : numpy.ndarray of int
        The norm of interest, (npart,).
    along : numpy.ndarray
        Its covariances with all norms, (npart, ncolumn); 0 where they are not known.
    """

    def __init__(
        self,
        problems: Problems,
        x: Float,
        row_slope: Float,
        column: NDArray[np.intp],
        along: Float,
    ) -> None:
        self.problems, self.x, self.row_slope = problems, x, row_slope
        self.column, self.along = column, along
        self.row = np.arange(len(x))
        self.best, self.lower = x[self.row, column], problems.lower[self.row, column]
        self.own = along[self.row, column]

    @classmethod
    def from_fit(
        cls,
        problems: Problems,
        fit: Fit,
        covariance: Float,
        number: NDArray[np.intp],
        column: NDArray[np.intp],
    ) -> Parts:
        """Take problems, each for one of its norms; all share a response."""
        along = np.nan_to_num(covariance[number, :, column], posinf=0)
        x = np.nan_to_num(fit.x[number])
        return cls(problems.take(number), x, fit.slope[number], column, along)

    def take(self, index: NDArray[np.intp]) -> Parts:
        """Return the selected parts."""
        if index.size == len(self.x):
            return self
        x, row_slope, along = (v[index] for v in (self.x, self.row_slope, self.along))
        return Parts(self.problems.take(index), x, row_slope, self.column[index], along)

    def start(self, at: Float) -> Float:
        """Norms to start from if the one of interest is moved: the others follow the curvature."""
        own = self.own
        rate = np.where(own > 0, (at - self.best) / np.where(own > 0, own, 1), 0)
        z = self.x + rate[:, None] * self.along
        z[self.row, self.column] = at
        return z

    def rise(self, at: Float, *, rough: bool = False, quick: bool = True) -> Refit:
        """Fit the other norms with those of interest at values, which may be below their limits.

        Rough fits are tried once, and may not be done. Quick ones begin with Newton's method.
        """
        if (at < self.lower).any():
            return self._without_own_limit().rise(at, rough=rough, quick=quick)
        z = self.start(at)
        empty = (np.zeros(at.size), np.zeros(at.size), np.zeros(at.size, bool))
        found = Refit(self.x.copy(), self.row_slope.copy(), *empty)
        known = np.flatnonzero(quick & (self.own > 0))
        if known.size:
            part = self.take(known)
            fits = refit(part.problems, part.x, part.row_slope, z[known], part.column)
            found.put(known, fits)
        todo = np.flatnonzero(~found.done)
        if todo.size:
            found.put(todo, self.take(todo)._interior(at[todo], z[todo], rough=rough))
        return found

    def rise_alone(self, at: Float) -> Float:
        """Rise of the statistic if only the norms of interest move."""
        to = self.x.copy()
        to[self.row, self.column] = at
        return change(self.problems, self.x, to)

    def _without_own_limit(self) -> Parts:
        """Let the norms of interest fall below their lower limits."""
        lower = np.where(np.arange(self.x.shape[1]) == self.column[:, None], -np.inf, np.inf)
        return self.with_lower(np.minimum(self.problems.lower, lower))

    def with_lower(self, lower: Float) -> Parts:
        """Return the parts with other lower limits."""
        problems = replace(self.problems, lower=lower)
        return Parts(problems, self.x, self.row_slope, self.column, self.along)

    def _interior(self, at: Float, z: Float, *, rough: bool) -> Refit:
        """Fit the other norms by the interior point, which takes longer and finds nearly all."""
        p, row, column = self.problems, self.row, self.column
        frozen = np.zeros(self.x.shape, bool)
        frozen[row, column] = True
        system = System.from_problems(p, frozen, _TILT)
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
        of_rows = np.where(system.live, 1 - point.u, row_slope(p, to))
        slope = system.sums(of_rows) + system.penalised(point.z - system.centre)
        slope = 2 * (slope * system.scale)[row, column]
        return Refit(to, of_rows, change(p, self.x, to), slope, converged)

    def reach(self, rise: float, sign: int) -> Refit:
        """Move the norms of interest until the statistic has risen by `rise`."""
        start = self.start(self.best + sign * np.sqrt(rise * self.own))
        return refit(self.problems, self.x, self.row_slope, start, self.column, rise, sign)

    def step(self, rise: float, sign: int) -> Float:
        """Distance from the best fit to where the statistic has risen by `rise`.

        It is NaN where a fit of the other norms fails, and where the search does not end.
        """
        own = self.own
        if not own.size:
            return np.zeros(0)
        limit = self.problems.response.sum(axis=1)
        limit = np.repeat(limit, self.problems.repeats, axis=0)[self.row, self.column]
        start = np.where(own > 0, np.sqrt(rise * own), rise / np.where(limit > 0, limit, 1))
        most = _FLAT * start

        def curves(todo: NDArray[np.intp]) -> Curve:
            part, slopes = self.take(todo), CheckedSlopes(todo.size, rise)
            left = iter(range(_MAX_STEPS))

            def evaluate(step: Float) -> tuple[Float, Float]:
                at = part.rise(part.best + sign * step, rough=True, quick=False)
                goes_on = next(left, None) is not None
                value = np.where(at.done & goes_on, at.rise, rise)
                return value, slopes.checked(step, value, sign * at.slope)

            return evaluate

        step = convex_root(curves, rise, start, most)
        known = np.flatnonzero(step < 0.999 * most)
        part = self.take(known)
        reached = part.rise(part.best + sign * step[known])
        found = reached.done & (np.abs(reached.rise - rise) <= _RIGHT * rise)
        result = np.full(step.size, np.nan)
        result[known[found]] = step[known[found]]
        return result


class CheckedSlopes:
    """Slopes of convex curves, checked by how far their values change from step to step.

    Along flat directions the slopes of fits hold the errors of all norms, and values do not.

    Parameters
    ----------
    size : int
        Number of curves.
    target : float
        Value above which a curve cannot be flat.
    """

    def __init__(self, size: int, target: float) -> None:
        self.target = target
        self.step, self.value, self.slope = np.zeros((3, size))
        self.wrong = np.zeros(size, bool)

    def checked(self, step: Float, value: Float, slope: Float) -> Float:
        """Replace slopes that are rounding errors, or that later values have shown to be wrong."""
        ahead, risen = step - self.step, value - self.value
        self.wrong |= np.abs(risen) < _BELOW * np.abs(self.slope * ahead)
        # a convex curve that does not rise any more is flat
        flat = (ahead > 0) & (value <= self.value * (1 + _ROUNDING)) & (value < self.target)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            secant = np.where(ahead != 0, risen / ahead, slope)
        self.step, self.value, self.slope = step, value, np.where(self.wrong, 0, slope)
        return np.where(flat, 0, np.where(self.wrong, np.maximum(secant, 0), slope))


def blocks(
    problems: Problems,
    fit: Fit,
    covariance: Float,
    number: NDArray[np.intp],
    column: NDArray[np.intp],
) -> Iterator[tuple[NDArray[np.intp], Parts]]:
    """Take problems, each for one of its norms, in parts of bounded memory.

    Parameters
    ----------
    problems, fit, covariance : Problems, Fit, numpy.ndarray
        The problems, their best fits, and the covariances of their norms.
    number, column : numpy.ndarray of int
        Number of a problem, and of one of its norms.

    Yields
    ------
    numpy.ndarray of int, Parts
        Places in `number`, and the parts, which share a response.
    """
    _, nrow, ncolumn = problems.response.shape
    size = max(1, _NUMBERS // (nrow * ncolumn + ncolumn**2))
    repeats = problems.repeats
    for group in np.unique(number // max(repeats, 1)):
        first = group * repeats
        whole = problems.take_group(group)
        own = np.arange(first, first + repeats)
        of_group = np.flatnonzero(number // repeats == group)
        part_fit, part_covariance = fit.take(own), covariance[own]
        for begin in range(0, of_group.size, size):
            index = of_group[begin : begin + size]
            at = (number[index] - first, column[index])
            yield index, Parts.from_fit(whole, part_fit, part_covariance, *at)
