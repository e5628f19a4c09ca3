"""Statistic of spectra in many bins at once: values, gradients and curvatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...likelihood import Cash, Joint, NuisanceCash, Statistic, WStat
from ...likelihood.signal_slopes import signal_slopes
from ...likelihood.warm_fits import WarmFit, fit_from
from .tables import Table

__all__ = ["Point", "Spectra"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]
Bool = NDArray[np.bool_]

# Share of the background that may be left at a kink. Rounding errors are 1e-15 of it; at 1e-6 norms
# at bounds could count as norms on kinks that are near.
_ON_KINK = 1e-9


@dataclass(frozen=True, eq=False)
class Point:
    """Spectra and their statistic at some parameters.

    Parameters
    ----------
    shift : numpy.ndarray
        Logarithm of the factor by which norms are larger than real ones, (n,).
    stat : Statistic
        The statistic of a norm, with the signal of norm 1 times ``exp(-shift)``.
    fit : WarmFit
        Norms of the signal, in units of ``exp(-shift)``, and of backgrounds.
    signals : tuple of numpy.ndarray
        Signal counts of each data set at norm ``exp(-shift)``, (n, nfine) each.
    rates : tuple of list of numpy.ndarray
        Derivatives of their logarithms, as in `Table.logs`, up to the order that was asked for.
    """

    shift: Float
    stat: Statistic
    fit: WarmFit
    signals: tuple[Float, ...]
    rates: tuple[list[Float], ...]

    @property
    def norm(self) -> Float:
        """Norm of the signal in units of ``exp(-shift)``, (n,)."""
        return self.fit.norm

    @property
    def value(self) -> Float:
        """The statistic, (n,)."""
        return self.fit.value

    @property
    def held(self) -> Bool:
        """Whether the norm is on a kink or at a bound, (n,)."""
        return self.fit.held

    def guess(self) -> Float:
        """Signal counts, and norms of backgrounds: a guess for other spectra, (n, nnorm)."""
        counts = self.norm * self.stat.slope_limit()
        return np.concatenate([counts[:, None], self.fit.background], axis=1)


@dataclass(frozen=True, eq=False)
class Spectra:
    """Counts of problems, and the tables of their signals.

    Parameters
    ----------
    data : tuple of tuple of numpy.ndarray
        For each data set counts and background, or counts, off counts and acceptance ratio,
        (nproblem, nfine) each.
    tables : tuple of Table
        Signals of each data set.
    row : numpy.ndarray of int
        Row of the tables of each problem, (nproblem,).
    width : float or None
        Relative systematic uncertainty of the background; None for a known one.
    bounds : tuple of float
        Bounds of the norm.
    """

    data: tuple[tuple[Float, ...], ...]
    tables: tuple[Table, ...]
    row: Int
    width: float | None
    bounds: tuple[float, float]

    @property
    def size(self) -> int:
        """Number of problems."""
        return self.row.size

    @property
    def lower(self) -> Float:
        """Lower ends of the parameters, (nfree,)."""
        return self.tables[0].grid.lower

    @property
    def upper(self) -> Float:
        """Upper ends of the parameters, (nfree,)."""
        grid = self.tables[0].grid
        return np.asarray(grid.lower + grid.number * grid.width)

    def take(self, index: Int) -> Spectra:
        """Return some problems."""
        data = tuple(tuple(v[index] for v in part) for part in self.data)
        return replace(self, data=data, row=self.row[index])

    def has_signal(self) -> Bool:
        """Whether a fine bin of a problem has signal, (nproblem,)."""
        found = [t.has_signal[self.row].any(axis=1) for t in self.tables]
        return np.asarray(np.any(found, axis=0))

    def at(
        self,
        values: Float,
        norm: Float | None = None,
        shift: Float | None = None,
        guess: Float | None = None,
        *,
        order: int = 0,
    ) -> Point:
        """Evaluate at parameters (n, nfree): with the best norm, or a given one with its shift.

        A `guess` comes from a point that is near. All problems may have the same parameters
        (1, nfree). The point keeps derivatives of the signals up to the `order`.
        """
        known = [t.logs(values, self.row, order) for t in self.tables]
        logs = [self._lit(table, v) for table, (v, *_) in zip(self.tables, known, strict=True)]
        if shift is None:
            shift = np.max([v.max(axis=1, initial=-np.inf) for v in logs], axis=0)
            shift = np.where(np.isfinite(shift), shift, 0)
        signals = tuple(np.exp(v - shift[:, None]) for v in logs)
        stat = self._statistic(signals)
        if guess is not None:
            guess = guess.copy()
            total = stat.slope_limit()
            guess[:, 0] /= np.where(total > 0, total, 1)
        scale = np.exp(shift)
        bounds = tuple(scale * end if np.isfinite(end) else end for end in self.bounds)
        fit = fit_from(stat, guess, norm=norm, bounds=(bounds[0], bounds[1]))
        return Point(shift, stat, fit, signals, tuple(rates for _, *rates in known))

    def _lit(self, table: Table, logs: Float) -> Float:
        """Replace logarithms of fine bins without signal by -inf."""
        if table.has_signal.all():
            return logs
        return np.where(table.has_signal[self.row], logs, -np.inf)

    def _statistic(self, signals: Sequence[Float]) -> Statistic:
        parts: list[Statistic] = []
        for (n, *rest), s in zip(self.data, signals, strict=True):
            if len(rest) == 2:
                parts.append(WStat(n, s, *rest))
            else:
                cash = Cash.from_counts(n, s, rest[0])
                parts.append(cash if self.width is None else NuisanceCash(cash, self.width))
        return parts[0] if len(parts) == 1 else Joint(tuple(parts))

    def curvature(self, values: Float, point: Point) -> tuple[Float, Float]:
        """Gradient (n, 1 + nfree) and second derivatives of the statistic, the norm first."""
        n, nfree = values.shape
        gradient, second = np.zeros((n, 1 + nfree)), np.zeros((n, 1 + nfree, 1 + nfree))
        pairs, all_slopes = _pairs(nfree), signal_slopes(point.stat, point.fit)
        for k, (table, slopes) in enumerate(zip(self.tables, all_slopes, strict=True)):
            one, rates = point.signals[k], point.rates[k]
            if len(rates) <= nfree:
                rates = table.logs(values, self.row, 2)[1:]
            first, mixed = rates[:nfree], dict(zip(pairs, rates[nfree:], strict=True))
            signal = point.norm[:, None] * one
            moves = [one, *(signal * d for d in first)]
            bends = [slopes.diagonal * move for move in moves]
            shared = [_dot(move, slopes.shared) for move in moves]
            pull = slopes.gradient * one
            for i, j in _pairs(1 + nfree):
                bent = _dot(moves[i], bends[j]) - shared[i] * shared[j]
                if i:
                    turn = mixed[i - 1, j - 1] + first[i - 1] * first[j - 1]
                    bent += point.norm * _dot(pull, turn)
                elif j:
                    bent += _dot(pull, first[j - 1])
                second[:, i, j] += bent
            for i, move in enumerate(moves):
                gradient[:, i] += _dot(move, slopes.gradient)
        for i, j in _pairs(1 + nfree):
            second[:, j, i] = second[:, i, j]
        return 2 * gradient, 2 * second

    def with_slopes(self, values: Float, guess: Float | None) -> tuple[Point, Float]:
        """Evaluate with the best norm, and the gradient along the parameters, (n, nfree)."""
        point = self.at(values, guess=guess, order=1)
        found, along = np.zeros((self.size, values.shape[1])), np.zeros(self.size)
        all_slopes = signal_slopes(point.stat, point.fit)
        for one, rates, slopes in zip(point.signals, point.rates, all_slopes, strict=True):
            pull = slopes.gradient * one
            along += pull.sum(axis=1)
            found += np.stack([_dot(pull, d) for d in rates], axis=1)
        found *= point.norm[:, None]
        index = np.flatnonzero(point.held)
        if index.size:
            found[index] += along[index, None] * self._held_norm(values, point, index)[0]
        return point, 2 * found

    def profiled(self, values: Float, point: Point, *, fitted: bool = True) -> tuple[Float, Float]:
        """Gradient (n, nfree) and second derivatives along the parameters, with the best norm.

        If it is not `fitted`, with the norm of the point instead.
        """
        gradient, second = self.curvature(values, point)
        if not fitted:
            return gradient[:, 1:], second[:, 1:, 1:]
        along, mixed = second[:, 0, 0], second[:, 0, 1:]
        moves = ~point.held & (along > 0)
        rate = np.where(moves[:, None], mixed / np.where(moves, along, 1)[:, None], 0)
        first, bent = gradient[:, 1:], second[:, 1:, 1:] - rate[:, :, None] * mixed[:, None]
        index = np.flatnonzero(point.held)
        if index.size:
            slope, turn = self._held_norm(values, point, index)
            first[index] += gradient[index, 0, None] * slope
            both = mixed[index, :, None] * slope[:, None]
            bent[index] += both + both.transpose(0, 2, 1) + gradient[index, 0, None, None] * turn
            bent[index] += along[index, None, None] * slope[:, :, None] * slope[:, None]
        return first, bent

    def _held_norm(self, values: Float, point: Point, index: Int) -> tuple[Float, Float]:
        """First and second derivatives of norms on kinks, which move with the spectrum.

        There the signal of an empty fine bin cancels its background. They are 0 of norms at bounds.
        """
        part, norm, known = self.take(index), point.norm[index], point.fit.background[index]
        nfree, row, number = values.shape[1], np.arange(index.size), 0
        values = np.broadcast_to(values, (self.size, nfree))
        slope, turn = np.zeros((index.size, nfree)), np.zeros((index.size, nfree, nfree))
        nearest = np.full(index.size, _ON_KINK)
        for (n, *rest), table in zip(part.data, self.tables, strict=True):
            if len(rest) == 2:  # with on-off data the only kink is at 0, and stays there
                continue
            background = rest[0] if self.width is None else known[:, number, None] * rest[0]
            number += self.width is not None
            logs, *moved = table.logs(values[index], part.row, 2)
            signal = norm[:, None] * np.exp(logs - point.shift[index, None])
            empty = (n == 0) & table.has_signal[part.row] & (background > 0)
            left = np.where(empty, np.abs(signal + background), np.inf)
            with np.errstate(divide="ignore", invalid="ignore"):
                share = np.where(empty, left / background, np.inf)
            k = share.argmin(axis=1)
            closer = share[row, k] < nearest
            nearest = np.where(closer, share[row, k], nearest)
            first = np.stack([d[row, k] for d in moved[:nfree]], axis=1)
            second = np.empty_like(turn)
            for (i, j), d in zip(_pairs(nfree), moved[nfree:], strict=True):
                second[:, i, j] = second[:, j, i] = d[row, k]
            found = norm[:, None, None] * (first[:, :, None] * first[:, None] - second)
            slope[closer], turn[closer] = (-norm[:, None] * first)[closer], found[closer]
        return slope, turn


def _pairs(number: int) -> list[tuple[int, int]]:
    """Pairs of parameters, as in the derivatives of tables."""
    return [(i, j) for i in range(number) for j in range(i, number)]


def _dot(a: Float, b: Float) -> Float:
    """Sum of products over fine bins."""
    return np.asarray(np.einsum("nk,nk->n", a, b))
