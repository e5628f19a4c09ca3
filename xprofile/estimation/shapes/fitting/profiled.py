r"""Best amplitudes for given other parameters of a shape.

A brightness is linear in some of its parameters, the amplitudes. Each column is the counts of a
component with a flux of 1 over the bins, so that it stays finite for a source of no extension.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....likelihood import Cash, Joint, Statistic, WStat
from ....likelihood import best_fit as best_norm
from ....likelihood.many_norms import Problems, best_fit
from ....likelihood.wstat import on_off_rates, on_off_slope, on_off_value

__all__ = ["Rows", "best_amplitudes", "linear_problem"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Steps of Newton's method, and the distance from the minimum of the statistic at which it ends.
# Usual fits need five steps. Fits that do not end so go to the solver of `many_norms`.
_STEPS, _CLOSE = 40, 1e-10

# Share of the largest counts of a component below which it counts as 0 in bins without counts. So
# the tails of a Gaussian do not ask for an amplitude of -1e300, at which they would cancel the
# background. At ten times more, tails that can be seen beside 1e11 counts are cut; at ten times
# less, amplitudes are so much farther.
_FAINT = 1e-12


@dataclass(frozen=True, eq=False)
class Rows:
    """Counts of used fine bins.

    Parameters
    ----------
    n, background, off, alpha : numpy.ndarray
        Counts, known background, off counts and acceptance ratio, (nrow,). `alpha` is 0 in rows
        with a known background.
    """

    n: Float
    background: Float
    off: Float
    alpha: Float

    def deviance(self, signal: Float) -> float:
        """Statistic for a signal (nrow,), minus that of a model that predicts the counts exactly.

        It is inf where counts are impossible.
        """
        if not np.isfinite(signal).all():
            return np.inf
        known = self.alpha == 0
        total = 0.0
        if known.any():
            n, mu = self.n[known], np.maximum((signal + self.background)[known], 0)
            if np.any((n > 0) & (mu <= 0)):
                return np.inf
            with np.errstate(divide="ignore", invalid="ignore"):
                total += float(2 * np.where(n > 0, mu - n - n * np.log(mu / n), mu).sum())
        if not known.all():
            n, s, off, alpha = (v[~known] for v in (self.n, signal, self.off, self.alpha))
            total += float(on_off_value(n[None], off[None], on_off_rates(n, s, off, alpha)).sum())
        return total

    @property
    def exact(self) -> float:
        """Statistic of a model that predicts the counts exactly."""
        n = self.n[self.alpha == 0]  # the statistic of on-off rows is 0 then
        return float(2 * (n - n * np.log(np.where(n > 0, n, 1))).sum())

    def derivatives(self, signal: Float) -> tuple[Float, Float]:
        """First and second derivative of half the statistic along the signal, (nrow,)."""
        mu = signal + self.background
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(self.n > 0, 1 - self.n / mu, np.where(mu >= 0, 1.0, 0.0))
            curved = np.where(self.n > 0, self.n / mu**2, 0)
        onoff = self.alpha > 0
        if onoff.any():
            n, s, off, alpha = (v[onoff] for v in (self.n, signal, self.off, self.alpha))
            rates = on_off_rates(n, s, off, alpha)
            slope[onoff], curved[onoff] = on_off_slope(n, off, alpha, rates)
        return slope, curved


def best_amplitudes(
    rows: Rows, columns: Float, offset: Float, lower: Float, start: Float | None
) -> tuple[Float, float]:
    """Amplitudes that minimise the statistic, and its deviance there.

    Parameters
    ----------
    rows : Rows
        The counts.
    columns : numpy.ndarray
        Counts for amplitudes of 1, (nrow, ncolumn), 0 or more.
    offset : numpy.ndarray
        Counts that do not depend on them, (nrow,).
    lower : numpy.ndarray
        Smallest amplitudes, (ncolumn,); -inf without.
    start : numpy.ndarray or None
        A guess.
    """
    if not columns.shape[1]:
        return np.zeros(0), rows.deviance(offset)
    if not np.isfinite(columns).all() or not np.isfinite(offset).all():
        return np.zeros(columns.shape[1]), np.inf
    # powers of 2, which leave all digits, so that no product of columns is 0 or infinite
    _, exponent = np.frexp(columns.max(axis=0, initial=0))
    found, deviance = _best(
        rows, np.ldexp(columns, -exponent), offset, np.ldexp(lower, exponent),
        None if start is None else np.ldexp(start, exponent),
    )  # fmt: skip
    return np.ldexp(found, -exponent), deviance


def _best(
    rows: Rows, columns: Float, offset: Float, lower: Float, start: Float | None
) -> tuple[Float, float]:
    """Do the same for columns whose largest counts are near 1."""
    guesses = [start] if start is not None else []
    size = columns.sum(axis=0)
    excess = max(float((rows.n - rows.background).sum()), 1.0)
    guesses.append(excess / np.where(size > 0, size, 1) / columns.shape[1])
    for guess in guesses:
        found = _newton(rows, columns, offset, np.maximum(guess, lower))
        if found is not None and (found[0] > lower).all():
            return found
    return _certified(rows, columns, offset, lower)


def _newton(rows: Rows, columns: Float, offset: Float, guess: Float) -> tuple[Float, float] | None:
    """Find the minimum by Newton's method; None if it does not end there."""
    x, signal = guess, offset + columns @ guess
    value = rows.deviance(signal)
    if not np.isfinite(value):
        return None
    for _ in range(_STEPS):
        slope, curved = rows.derivatives(signal)
        gradient = columns.T @ slope
        matrix = columns.T @ (curved[:, None] * columns)
        try:
            step = -np.linalg.solve(matrix, gradient)
        except np.linalg.LinAlgError:
            return None
        promised = -float(gradient @ step)
        if not np.isfinite(promised) or promised < 0:
            return None
        if promised < _CLOSE * (1 + 1e-4 * abs(value)):
            fine = bool(np.all((signal + rows.background > 0) | (rows.alpha > 0)))
            return (x, value) if fine else None
        length = 1.0
        while True:
            trial = signal + columns @ (length * step)
            new = rows.deviance(trial)
            if new <= value - 1e-4 * length * promised or length < 1e-8:
                break
            length /= 2
        if not new < value:
            return (x, value) if promised < 1e-6 else None
        x, signal, value = x + length * step, trial, new
    return None


def _certified(rows: Rows, columns: Float, offset: Float, lower: Float) -> tuple[Float, float]:
    """Find the minimum with bounds and empty rows, by the solver of one norm or of many."""
    if np.any(columns < 0) or np.any((rows.alpha > 0) & (offset != 0)):
        return np.full(columns.shape[1], np.nan), np.inf
    problem = linear_problem(rows, columns, offset, lower)
    if columns.shape[1] == 1:  # much faster
        x = _one_norm(rows, problem.response[0, :, 0], problem.background[0], float(lower[0]))
    else:
        x = best_fit(problem).x[0]
    x = np.nan_to_num(x)
    return x, rows.deviance(offset + columns @ x)


def linear_problem(rows: Rows, columns: Float, offset: Float, lower: ArrayLike) -> Problems:
    """Return the fit of amplitudes as one of many norms; parameters as in `best_amplitudes`."""
    faint = (columns < _FAINT * columns.max(axis=0)) & (rows.n == 0)[:, None]
    background = np.where(rows.alpha > 0, 0, rows.background + offset)
    return Problems.from_counts(
        np.where(faint, 0, columns), rows.n, background, off=rows.off, alpha=rows.alpha, lower=lower
    )


def _one_norm(rows: Rows, column: Float, background: Float, lower: float) -> Float:
    """Find the minimum along one amplitude, (1,)."""
    known = rows.alpha == 0
    parts: list[Statistic] = []
    if known.any():
        parts.append(Cash.from_counts(*(v[None, known] for v in (rows.n, column, background))))
    if not known.all():
        parts.append(WStat(*(v[None, ~known] for v in (rows.n, column, rows.off, rows.alpha))))
    norm, _ = best_norm(Joint(tuple(parts)), lower if np.isfinite(lower) else None)
    return norm
