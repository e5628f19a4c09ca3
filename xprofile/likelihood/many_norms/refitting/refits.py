"""Fits of all other norms with one norm fixed, or moved until the statistic has risen.

Newton's method is the fast way near a best fit. A fit ends where the slopes of all norms balance
with each row on its side of its kink, or on the kink with a slope between those of the sides. This
is a best fit, for the statistic is convex. Fits that do not end are left to `interior`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ...statistic import Bool, Float
from ..curvature import Curvature
from ..equations import solve_scaled
from ..problems import Problems
from ..rows import change, penalised, row_change, row_signal, row_slopes

__all__ = ["Refit", "refit"]

# Limit of iterations. Fits that end need 3 to 10. It decides the speed only.
_MAX_ITERATIONS = 20

# Fall of the statistic at which a step is the last one. Convergence is quadratic, so the statistic
# is then about the square of it above its minimum: 1e-14. At 1e-6 it is up to 1e-12.
_SMALL = 1e-7

# The same for the difference from the wanted rise, as a share of it.
_REACHED = 1e-7

# Predicted counts from which a last step puts held rows on their kink. It leaves a share of 1e-6.
_NEAR_KINK = 1e-6

# Weight of held rows relative to the largest curvature of the others: each step leaves the inverse
# of it of their predicted counts. Rounding errors grow with it.
_WEIGHT = 1e6

# Slopes, from those on the two sides of a kink, between which a row is held. Far above rounding
# errors, and far below all that changes a result.
_HELD = 1e-9

# Ridge of the equations. Columns that cannot be told apart stay near where they are.
_RIDGE = 1e-12

# Sum of the sizes of predicted counts, relative to usual ones, beyond which a fit is left to the
# interior point. At 1e8, rounding errors change rises by 1e-8.
_FAR = 1e4

# Share of the predicted counts that a step leaves at least. It decides the speed only.
_LEFT = 0.1

# Share of the rows up to which it is faster to leave out others without weight, at the end. It
# decides the speed only.
_SHORT = 0.8

# Share of unfinished problems below which it is faster to copy them than to go on with all.
_COMPACT_BELOW = 0.7


@dataclass(frozen=True, eq=False)
class Refit:
    """Fits of the other norms.

    Parameters
    ----------
    x : numpy.ndarray
        Norms, (nproblem, ncolumn).
    row_slope : numpy.ndarray
        Slope of C / 2 along the signal of each row, (nproblem, nrow).
    rise, slope : numpy.ndarray
        Rise of C above the best fit, and its derivative by the norm of interest, (nproblem,).
    done : numpy.ndarray of bool
        Whether the fit has ended, (nproblem,).
    """

    x: Float
    row_slope: Float
    rise: Float
    slope: Float
    done: Bool

    def put(self, index: NDArray[np.intp], other: Refit) -> None:
        """Replace the selected fits."""
        for field in fields(self):
            getattr(self, field.name)[index] = getattr(other, field.name)


def refit(
    problems: Problems,
    best: Float,
    row_slope: Float,
    start: Float,
    column: NDArray[np.intp],
    rise: float | None = None,
    sign: int = 1,
) -> Refit:
    """Fit all norms but one, from norms near the best fit.

    Parameters
    ----------
    problems : Problems
        The problems.
    best, row_slope : numpy.ndarray
        Norms at the minimum of C, (nproblem, ncolumn), and the slopes of rows there,
        (nproblem, nrow).
    start : numpy.ndarray
        Norms to start from, (nproblem, ncolumn).
    column : numpy.ndarray of int
        Norm of each problem that stays as it is, or that moves until the statistic has risen.
    rise : float, optional
        Rise of the statistic that the norm is to reach; without it the norm is fixed.
    sign : int
        Side on which it is to do so.
    """
    x, inside = _inside(problems, best, start, column)
    todo, done = np.flatnonzero(inside), np.zeros(len(x), bool)
    row_slope = row_slope.copy()
    part, at = np.arange(len(x)), _Search.start(problems, best, row_slope, x, column)
    whole = at
    for _ in range(_MAX_ITERATIONS):
        if not todo.size:
            break
        if todo.size < _COMPACT_BELOW * part.size:
            at, part = at.take(np.searchsorted(part, todo)), todo
        index = np.searchsorted(part, todo)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # fits that diverge
            ends, now = at.iterate(rise, sign)[index], at.x[index]
        new, last = todo[ends], index[ends]
        x[new], row_slope[new], done[new] = at.x[last], at.kinks[last], True
        todo = todo[~ends & np.isfinite(now).all(axis=1)]
    done &= ~_far(problems, x, np.abs(best) + np.abs(start))
    x[~done] = best[~done]
    smooth = row_slopes(problems, row_signal(problems, x))[0]
    row_slope = np.where(whole.kinked, row_slope, smooth)
    slope = whole.slopes(row_slope, x)[np.arange(len(x)), column]
    return Refit(x, row_slope, change(problems, best, x), 2 * slope, done)


def _far(problems: Problems, x: Float, usual: Float) -> Bool:
    """Whether norms that nothing determines have run so far that digits of others are lost."""
    size = row_change(problems, np.abs(x)).max(axis=1)
    return np.asarray(size > _FAR * (1 + row_change(problems, usual) + problems.n).max(axis=1))


def _walled(problems: Problems) -> Bool:
    """Rows whose predicted counts must be positive."""
    return np.asarray((problems.n > 0) & ~(problems.alpha > 0))


def _inside(
    problems: Problems, best: Float, start: Float, column: NDArray[np.intp]
) -> tuple[Float, Bool]:
    """Norms to start from, and whether they predict counts where there are some."""
    walled, row = _walled(problems), np.arange(len(best))
    least = np.where(walled, _LEFT * np.minimum(problems.n, row_signal(problems, best)), -np.inf)
    x = np.maximum(start, problems.lower)
    outside = np.asarray((row_signal(problems, x) < least).any(axis=1))
    alone = best.copy()
    alone[row, column] = x[row, column]
    x = np.where(outside[:, None], alone, x)
    inside = np.asarray((row_signal(problems, x) > 0) | ~walled).all(axis=1)
    return x, np.asarray(inside & np.isfinite(x).all(axis=1))


@dataclass(eq=False)
class _Search:
    """Norms at the minimum and now, the norm of interest, and slopes and sides of rows."""

    problems: Problems
    curvature: Curvature
    best: Float
    x: Float
    column: NDArray[np.intp]
    kinks: Float
    held: Bool
    lowest: Float

    @classmethod
    def start(
        cls,
        problems: Problems,
        best: Float,
        row_slope: Float,
        x: Float,
        column: NDArray[np.intp],
    ) -> _Search:
        """Hold rows on kinks that hold norms at the minimum."""
        curvature = Curvature(problems.response, problems.repeats)
        onoff = problems.alpha > 0
        lowest = np.where(onoff, -1 / np.where(onoff, problems.alpha, 1), 0)
        kinked = (problems.n == 0) & (~onoff | (problems.off == 0))
        held = kinked & (row_slope < 1 - _HELD) & (row_slope > lowest + _HELD)
        side = np.where(row_signal(problems, x) >= 0, 1, lowest)
        kinks = np.where(held, row_slope, side)
        return cls(problems, curvature, best, x.copy(), column, kinks, held, lowest)

    @property
    def kinked(self) -> Bool:
        """Rows with a kink."""
        p = self.problems
        return np.asarray((p.n == 0) & (~(p.alpha > 0) | (p.off == 0)))

    def take(self, index: NDArray[np.intp]) -> _Search:
        """Return the selected problems."""
        problems = self.problems.take(index)
        shared = len(self.problems.response) == 1
        curvature = self.curvature if shared else Curvature(problems.response, problems.repeats)
        best, x, kinks, lowest = (v[index] for v in (self.best, self.x, self.kinks, self.lowest))
        column, held = self.column[index], self.held[index]
        return _Search(problems, curvature, best, x, column, kinks, held, lowest)

    def slopes(self, row_slope: Float, x: Float) -> Float:
        """Slope of C / 2 along each norm."""
        p = self.problems
        return self.sums(row_slope) + penalised(p, x - p.centre)

    def sums(self, rows: Float) -> Float:
        """Sums over rows, weighted with the response of each column."""
        a = self.problems.response
        grouped = rows.reshape(len(a), -1, rows.shape[1])
        return np.asarray(grouped @ a).reshape(len(rows), a.shape[2])

    def matrix(self, curvature: Float) -> Float:
        """Second derivatives of C / 2, (nproblem, ncolumn, ncolumn)."""
        p, weights = self.problems, curvature
        products = self.curvature
        used = int(np.flatnonzero(weights.any(axis=0)).max(initial=0)) + 1
        if products.products is None and used < _SHORT * weights.shape[1]:
            products, weights = Curvature(p.response[:, :used], 1), weights[:, :used]
        sums = products.matrix(weights.reshape(len(p.response), -1, weights.shape[1]))
        shape = (len(p.penalty), -1, *sums.shape[-2:])
        return np.asarray((sums.reshape(shape) + p.penalty[:, None]).reshape(-1, *shape[2:]))

    def weight(self, curvature: Float) -> Float:
        """Weight of rows that are held on their kinks."""
        if not self.held.any():
            return np.zeros((1, 1))
        p = self.problems
        size = np.repeat(p.response.max(axis=2) ** 2, p.repeats, axis=0)
        stiff = np.max(curvature * size, axis=1, keepdims=True, initial=0)
        held = self.held & (size > 0)
        return np.where(held, _WEIGHT * np.where(stiff > 0, stiff, 1) / np.where(held, size, 1), 0)

    def iterate(self, rise: float | None, sign: int) -> Bool:
        """Take one step, and return whether it was the last of each problem."""
        p, row, column = self.problems, np.arange(len(self.x)), self.column
        signal = row_signal(p, self.x)
        row_slope, curvature = row_slopes(p, signal)
        weight = self.weight(curvature)
        pull = weight * signal
        slopes = self.slopes(np.where(self.kinked, self.kinks, row_slope) + pull, self.x)
        matrix = self.matrix(curvature + weight)
        free = (self.x > p.lower) | (slopes < 0)
        free[row, column] = False
        with_norm = np.where(free, matrix[row, :, column], 0)
        own = matrix[row, column, column]
        right = np.stack([np.where(free, slopes, 0), with_norm], axis=-1)
        matrix *= free[:, :, None] & free[:, None, :]
        found = solve_scaled(matrix, right, _RIDGE)
        fall = np.einsum("pj,pj->p", right[..., 0], found[..., 0])
        by = -found[..., 0]
        last = (fall <= _SMALL) & (np.abs(np.where(self.held, signal, 0)) < _NEAR_KINK).all(axis=1)
        if rise is not None:
            missing = rise - change(p, self.best, self.x) + fall
            slope = slopes[row, column] - np.einsum("pj,pj->p", with_norm, found[..., 0])
            curved = own - np.einsum("pj,pj->p", with_norm, found[..., 1])
            along = sign * _quadratic_step(missing, sign * slope, curved)
            by -= along[:, None] * found[..., 1]
            by[row, column] = along
            last &= np.abs(missing) <= _REACHED * rise
        return np.asarray(last & self._move(by, signal, weight))

    def _move(self, by: Float, signal: Float, weight: Float) -> Bool:
        """Go a step, or less at walls and limits; return whether nothing was in its way."""
        p, held = self.problems, self.held
        moved = row_change(p, by)
        room = np.where(_walled(p) & (signal > 0), signal, np.inf)
        part = 1 / np.maximum(1, np.max(-moved / room, axis=1, initial=0) / (1 - _LEFT))
        to = self.x + part[:, None] * by
        self.x = np.maximum(to, p.lower)
        now = signal + part[:, None] * moved
        slope = self.kinks + np.where(held, part[:, None] * weight * (signal + moved), 0)
        up, down = held & (slope > 1 + _HELD), held & (slope < self.lowest - _HELD)
        crossed = self.kinked & ~held & ((now >= 0) != (slope >= 1)) & (moved != 0)
        self.kinks = np.where(up, 1, np.where(down, self.lowest, slope))
        self.held = (held & ~up & ~down) | crossed
        changed = (up | down | crossed).any(axis=1)
        return np.asarray((part == 1) & (to >= p.lower).all(axis=1) & ~changed)


def _quadratic_step(missing: Float, slope: Float, curvature: Float) -> Float:
    """Step over which slope and curvature of C / 2 make C rise by what is missing."""
    square = slope**2 + curvature * missing
    with np.errstate(divide="ignore", invalid="ignore"):
        step = missing / (np.abs(slope) + np.sqrt(np.maximum(square, 0)))
    return np.where(np.isfinite(step), step, 0)
