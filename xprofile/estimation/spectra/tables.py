"""Signal counts of spectra with any values of their free parameters, from tables."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError
from ..energy_groups import EnergyGroups
from .folding import Fold
from .parameters import Spectrum

__all__ = ["Grid", "Table", "Tabulated", "tabulate"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Degree of the polynomials that interpolate the logarithm of the signal, and the numbers of
# intervals of one and of two parameters that are tried. A polynomial of a tenth of the degree
# would need thousands of intervals, and with ten times the degree rounding errors grow.
_DEGREE = 8
_INTERVALS = {1: (15, 30, 60), 2: (6, 12, 20)}

# Share of the largest signal by which an interpolated signal may be wrong: that of the integrals
# of spectra. At 1e-7 the best fits of 1e8 counts would move by 1e-3 of their error.
_ACCURACY = 1e-8

# Smallest signal counts, as a share of the largest, that are told from 0; beyond double precision.
_LEAST = 1e-290


@dataclass(frozen=True, eq=False)
class Grid:
    """Grid of the free parameters, with the same number of intervals along each.

    Parameters
    ----------
    lower, width : numpy.ndarray
        Lower ends of the ranges, and widths of one interval, (nfree,).
    number : int
        Number of intervals along each parameter.
    """

    lower: Float
    width: Float
    number: int

    def nodes(self) -> Float:
        """All points of the grid, the last parameter fastest, (nnode, nfree)."""
        half = (_POINTS + 1) / 2
        steps = np.append((np.arange(self.number)[:, None] + half[:-1]).ravel(), self.number)
        axes = [low + steps * w for low, w in zip(self.lower, self.width, strict=True)]
        return np.stack([m.ravel() for m in np.meshgrid(*axes, indexing="ij")], axis=-1)

    def find(self, values: Float) -> tuple[Int, Float]:
        """Interval of each point (n, nfree), and position in it from -1 to 1."""
        place = (values - self.lower) / self.width
        interval = np.clip(np.floor(place).astype(np.intp), 0, self.number - 1)
        return interval, np.clip(2 * (place - interval) - 1, -1, 1)


_POINTS = -np.cos(np.pi * np.arange(_DEGREE + 1) / _DEGREE)
_SOLVE = np.linalg.inv(chebyshev.chebvander(_POINTS, _DEGREE))


@dataclass(frozen=True, eq=False)
class Table:
    """Polynomials of the logarithm of the signal of bins.

    Parameters
    ----------
    grid : Grid
        Intervals of the polynomials.
    terms : numpy.ndarray
        Coefficients, (nrow, ninterval, nterm, nfine), with the intervals and terms of two
        parameters in one dimension each. A row is a bin and energy group.
    has_signal : numpy.ndarray of bool
        Whether the signal of a fine bin is above 0, (nrow, nfine).
    """

    grid: Grid
    terms: Float
    has_signal: NDArray[np.bool_]

    def logs(self, values: Float, row: Int, order: int = 0) -> list[Float]:
        """Logarithm of the signals (n, nfine) of rows at parameters (n, nfree).

        With the order 1 or 2, first derivatives follow for each parameter, then second ones for
        each pair (0, 0), (0, 1), (1, 1). All rows may have the same parameters (1, nfree).
        """
        interval, position = self.grid.find(values)
        flat = np.ravel_multi_index(tuple(interval.T), (self.grid.number,) * values.shape[1])
        bases = self._bases(position, order)
        if len(values) == 1:
            one = self.terms[:, flat[0]]
            return [np.einsum("t,rtk->rk", base[0], one)[row] for base in bases]
        number, size, *rest = self.terms.shape
        terms = self.terms.reshape(number * size, *rest).take(row * size + flat, axis=0)
        return list(np.moveaxis(np.stack(bases, axis=1) @ terms, 1, 0))

    def _bases(self, position: Float, order: int) -> list[Float]:
        """Polynomials, and their derivatives along the parameters, (n, nterm) each."""
        nfree = position.shape[1]
        along = [
            [_polynomials(position[:, i], d) * rate**d for d in range(order + 1)]
            for i, rate in enumerate(2 / self.grid.width)
        ]
        wanted = [(0,) * nfree]
        if order > 0:
            wanted += [tuple(int(i == j) for j in range(nfree)) for i in range(nfree)]
        if order > 1:
            pairs = [(i, j) for i in range(nfree) for j in range(i, nfree)]
            wanted += [tuple((i == k) + (j == k) for k in range(nfree)) for i, j in pairs]
        return [_outer([along[i][d] for i, d in enumerate(each)]) for each in wanted]


def _outer(parts: list[Float]) -> Float:
    if len(parts) == 1:
        return parts[0]
    return np.asarray(np.einsum("na,nb->nab", *parts).reshape(len(parts[0]), -1))


_DERIVATIVES = [
    np.stack([np.pad(chebyshev.chebder(row, d), (0, d))[: _DEGREE + 1] if d else row
              for row in np.eye(_DEGREE + 1)])
    for d in range(3)
]  # fmt: skip


def _polynomials(position: Float, derivative: int) -> Float:
    """Derivatives of Chebyshev polynomials, (n, ndegree + 1)."""
    values = chebyshev.chebvander(position, _DEGREE)
    return np.asarray(values @ _DERIVATIVES[derivative].T if derivative else values)


def _chebyshev_terms(logs: Float, grid: Grid) -> Float:
    """Coefficients in each interval, (ninterval, nterm, ...), of values on the nodes."""
    nfree, number = grid.lower.size, grid.number
    each, rest = number * _DEGREE + 1, logs.shape[1:]
    index = np.arange(number)[:, None] * _DEGREE + np.arange(_DEGREE + 1)
    if nfree == 1:
        return np.asarray(np.einsum("tp,ip...->it...", _SOLVE, logs[index], optimize=True))
    picked = logs.reshape(each, each, *rest)[index[:, None, :, None], index[None, :, None, :]]
    terms = np.einsum("sp,ijpq...->ijsq...", _SOLVE, picked, optimize=True)
    terms = np.einsum("tq,ijsq...->ijst...", _SOLVE, terms, optimize=True)
    return np.asarray(terms.reshape(number**2, (_DEGREE + 1) ** 2, *rest))


@dataclass(frozen=True, eq=False)
class Tabulated:
    """Fluxes of the spectra on a grid, from which the tables of bins are made.

    Parameters
    ----------
    grid : Grid
        The grid.
    fold : Fold
        The response of the data.
    flux : numpy.ndarray
        Fluxes on the nodes of the grid, (nnode, ...).
    error : float
        Largest error of interpolated signals, as a share of the largest of the bin.
    """

    grid: Grid
    fold: Fold
    flux: Float
    error: float

    def table(self, bins: slice, groups: EnergyGroups) -> Table:
        """Make the table of some bins, whose rows are bins and energy groups."""
        signals = groups.padded(self.fold.signal(self.flux, bins))
        return _table(self.grid, signals.reshape(len(signals), -1, signals.shape[-1]))


def _table(grid: Grid, signals: Float) -> Table:
    """Make a table of signals (nnode, nrow, nfine)."""
    least = np.maximum(signals.max(axis=(0, 2), initial=0)[:, None] * _LEAST, _LEAST)
    logs = np.log(np.maximum(signals, least))
    # rows first, so that one row is in one place
    terms = np.moveaxis(_chebyshev_terms(logs, grid), 2, 0)
    return Table(grid, np.ascontiguousarray(terms), signals.max(axis=0, initial=0) > 0)


def tabulate(spectrum: Spectrum, fold: Fold) -> Tabulated:
    """Fold spectra on a grid that is fine enough.

    Raises
    ------
    InvalidOptionError
        If the model has no flux somewhere in the range.
    """
    ends = np.array([one.ends for one in spectrum.free])
    for number in _INTERVALS[spectrum.size]:
        grid = Grid(ends[:, 0], (ends[:, 1] - ends[:, 0]) / number, number)
        try:
            flux = fold.flux(grid.nodes())
        except InvalidOptionError as failure:
            ranges = ", ".join(f"{p.name} {p.lower:.4g} to {p.upper:.4g}" for p in spectrum.free)
            raise InvalidOptionError(
                f"the spectral model must have fluxes in the whole range of its free parameters, "
                f"{ranges}: {failure}; set bounds of these parameters in the model"
            ) from failure
        error = _error(grid, fold, flux)
        if error < _ACCURACY:
            break
    return Tabulated(grid, fold, flux, error)


def _error(grid: Grid, fold: Fold, flux: Float) -> float:
    """Largest error of interpolated signals between the nodes, of a few bins."""
    some = slice(0, fold.nbin, max(fold.nbin // 8, 1))
    table = _table(grid, fold.signal(flux, some))
    step = (np.arange(grid.number) + 0.31) / grid.number
    if grid.lower.size == 2:
        step = step[:: max(grid.number // 6, 1)]
    span = grid.number * grid.width
    points = np.array([grid.lower + p * span for p in product(step, repeat=grid.lower.size)])
    exact = fold.signal(fold.flux(points), some)
    row = np.tile(np.arange(exact.shape[1]), len(points))
    found = np.exp(table.logs(np.repeat(points, exact.shape[1], axis=0), row)[0])
    most = exact.max(axis=-1, keepdims=True)
    miss = np.abs(found.reshape(exact.shape) * table.has_signal - exact)
    return float(np.max(np.divide(miss, most, out=np.zeros_like(miss), where=most > 0), initial=0))
