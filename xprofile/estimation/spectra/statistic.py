"""Statistic of spectra in many bins at once: values, gradients and curvatures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...likelihood import Cash, Joint, NuisanceCash, Statistic, WStat, best_fit
from ...likelihood.signal_slopes import signal_slopes
from .tables import Table

__all__ = ["Point", "Spectra"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Point:
    """Spectra and their statistic at some parameters.

    Parameters
    ----------
    norm : numpy.ndarray
        Norm of the signal in units of ``exp(-shift)``, (n,).
    shift : numpy.ndarray
        Logarithm of the factor by which norms are larger than real ones, (n,).
    stat : Statistic
        The statistic of a norm, with the signal of norm 1 times ``exp(-shift)``.
    value : numpy.ndarray
        The statistic, (n,).
    held : numpy.ndarray of bool
        Whether the norm is on a kink or at a bound, (n,).
    """

    norm: Float
    shift: Float
    stat: Statistic
    value: Float
    held: Bool


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

    def at(self, values: Float, norm: Float | None = None, shift: Float | None = None) -> Point:
        """Evaluate at parameters (n, nfree): with the best norm, or a given one with its shift."""
        logs = [
            np.where(t.has_signal[self.row], t.logs(values, self.row)[0], -np.inf)
            for t in self.tables
        ]
        if shift is None:
            shift = np.max([v.max(axis=1, initial=-np.inf) for v in logs], axis=0)
            shift = np.where(np.isfinite(shift), shift, 0)
        stat = self._statistic([np.exp(v - shift[:, None]) for v in logs])
        held = np.zeros(self.size, bool)
        if norm is None:
            norm, held = best_fit(stat)
            norm = np.where(np.isfinite(norm), norm, 0)
            low, high = (np.exp(shift) * end if np.isfinite(end) else end for end in self.bounds)
            held |= (norm < low) | (norm > high)
            norm = np.clip(norm, low, high)
        return Point(norm, shift, stat, stat.value(norm), held)

    def _statistic(self, signals: list[Float]) -> Statistic:
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
        pairs = [(i, j) for i in range(nfree) for j in range(i, nfree)]
        for table, slopes in zip(self.tables, signal_slopes(point.stat, point.norm), strict=True):
            logs, *rest = table.logs(values, self.row, 2)
            logs = np.where(table.has_signal[self.row], logs, -np.inf)
            one = np.exp(logs - point.shift[:, None])
            first, mixed = rest[:nfree], dict(zip(pairs, rest[nfree:], strict=True))
            signal = point.norm[:, None] * one
            moves = np.stack([one, *(signal * d for d in first)], axis=1)
            gradient += np.einsum("nik,nk->ni", moves, slopes.gradient)
            second += np.einsum("nik,nk,njk->nij", moves, slopes.diagonal, moves, optimize=True)
            shared = np.einsum("nik,nk->ni", moves, slopes.shared)
            second -= shared[:, :, None] * shared[:, None]
            for i in range(nfree):
                bent = (slopes.gradient * one * first[i]).sum(axis=1)
                second[:, 0, 1 + i] += bent
                second[:, 1 + i, 0] += bent
            for i, j in pairs:
                bent = slopes.gradient * signal * (mixed[i, j] + first[i] * first[j])
                second[:, 1 + i, 1 + j] += bent.sum(axis=1)
                if i != j:
                    second[:, 1 + j, 1 + i] += bent.sum(axis=1)
        return 2 * gradient, 2 * second

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
        return gradient[:, 1:], second[:, 1:, 1:] - rate[:, :, None] * mixed[:, None]
