"""Binned data of one or more data sets, as arrays for the likelihood."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidDataError, InvalidOptionError
from ..likelihood import Cash, NuisanceCash, Statistic, WStat
from ..schema.axes import bin_dim
from ..schema.names import ENERGY
from ..schema.stages import further_dims
from ..spectrum.models import SpectralModel
from ..spectrum.response import signal_variable
from .energy_groups import EnergyGroups

__all__ = [
    "Problems",
    "check_unmeasured",
    "extra_dims",
    "fine_bins",
    "grouped",
    "in_order",
    "make_problems",
]

Float = NDArray[np.float64]

# Binary digits, 1e60, by which the largest signal of a problem may differ from 1 before it is
# scaled by a power of 2 to this number. Its square must be a number of double precision, up to
# 1e308, with room for counts. With ten times as much, errors are 0 or NaN; with a tenth, fewer
# problems are solved at once, and results are the same.
_FAR = 200

# Largest signal for which the norms of counts are beyond double precision, so that none is given.
# Ten times as much loses norms that are numbers, a tenth gives infinite limits of 1e10 counts.
_NO_SIGNAL = 1e-297


@dataclass(frozen=True, eq=False)
class Problems:
    """Arrays for the likelihood: one problem for each bin and energy group.

    Parameters
    ----------
    extra_dims : tuple
        Dims before those of the bins and energy groups, such as ``toy``.
    shape : tuple of int
        Sizes of the extra dims, the bins and the energy groups.
    fine_bins : tuple of tuple of numpy.ndarray
        Arrays of each data set: counts, signal and background, or counts, signal, off counts and
        acceptance ratio. Each broadcasts to (*shape, nfine).
    width : float or None
        Relative systematic uncertainty of the background; None for a known background.
    scale : numpy.ndarray or None
        Factors of the signal, which broadcast to `shape`. A norm of the scaled signal is turned
        into one of the real signal by the same factor. None if all are 1.
    """

    extra_dims: tuple[Hashable, ...]
    shape: tuple[int, ...]
    fine_bins: tuple[tuple[NDArray[np.generic], ...], ...]
    width: float | None
    scale: Float | None = None

    @property
    def size(self) -> int:
        """Number of problems."""
        return int(np.prod(self.shape))

    @property
    def nfine(self) -> int:
        """Number of fine bins of one problem, of all data sets."""
        return sum(n.shape[-1] for n, *_ in self.fine_bins)

    def statistics(self, block: slice) -> list[Statistic]:
        """Return the statistics of a block of problems, one for each data set."""
        where = np.unravel_index(np.arange(self.size)[block], self.shape)
        return [self._statistic(*(_rows(array, self.shape, where) for array in arrays))
                for arrays in self.fine_bins]  # fmt: skip

    def _statistic(self, n: Float, s: Float, b: Float, alpha: Float | None = None) -> Statistic:
        if alpha is not None:
            return WStat(n, s, b, alpha)
        cash = Cash.from_counts(n, s, b)
        return cash if self.width is None else NuisanceCash(cash, self.width)

    def scales(self) -> Float | None:
        """Return the factor of the signal of each problem, (nproblem,); None if all are 1."""
        return None if self.scale is None else np.broadcast_to(self.scale, self.shape).ravel()

    def counts(self) -> Float:
        """Counts of each problem and data set, (*shape, ndataset)."""
        counts = [np.broadcast_to(n.sum(axis=-1), self.shape) for n, *_ in self.fine_bins]
        return np.stack(counts, axis=-1)


def _rows(
    array: NDArray[np.generic], shape: tuple[int, ...], where: tuple[NDArray[np.intp], ...]
) -> Float:
    """Copy the fine bins of some problems, (nproblem, nfine)."""
    full = np.broadcast_to(array, (*shape, array.shape[-1]))
    return np.ascontiguousarray(full[where], dtype=np.float64)


def make_problems(
    datasets: Sequence[xr.Dataset],
    groups: Sequence[EnergyGroups],
    model: SpectralModel,
    *,
    summed: bool = False,
    width: float | None = None,
    common_norm: bool = False,
) -> Problems:
    """Sort the fine bins of data sets into problems, one for each bin and energy group.

    Parameters
    ----------
    datasets : sequence of xarray.Dataset
        Binned data, from `as_datasets`.
    groups : sequence of EnergyGroups
        Energy groups of each data set, from `common_groups`.
    model : astropy.modeling.Model or callable
        The spectral model.
    summed : bool
        Whether to sum the fine energy bins of a group.
    width : float or None
        Relative systematic uncertainty of the background; None for a known background.
    common_norm : bool
        Whether all bins have the same norm. Each bin is then a separate data set of one bin.

    Raises
    ------
    InvalidOptionError
        If a width is given and all data are on-off data, which measure their background.
    """
    check_unmeasured(datasets, width)
    dim = bin_dim(datasets[0])
    extra = extra_dims(datasets, dim)
    order = (*extra, dim, ENERGY)
    arrays = tuple(
        grouped(fine_bins(data, signal_variable(data, model), order), group, summed=summed)
        for data, group in zip(datasets, groups, strict=True)
    )
    if common_norm:
        arrays = tuple(one for part in arrays for one in _single_bins(part))
    shape = np.broadcast_shapes(*(array.shape[:-1] for part in arrays for array in part))
    scale = _signal_scale([s for _, s, *_ in arrays])
    if scale is not None:
        factor = scale[..., None]
        arrays = tuple((n, np.multiply(s, factor), *rest) for n, s, *rest in arrays)
    return Problems(extra, shape, arrays, width, scale)


def _single_bins(arrays: tuple[NDArray[Any], ...]) -> list[tuple[NDArray[Any], ...]]:
    """Split arrays (*extra, nbin, ngroup, nfine) into those of single bins."""
    number = max(array.shape[-3] for array in arrays)
    full = [np.broadcast_to(a, (*a.shape[:-3], number, *a.shape[-2:])) for a in arrays]
    return [tuple(a[..., i : i + 1, :, :] for a in full) for i in range(number)]


def check_unmeasured(datasets: Sequence[xr.Dataset], width: float | None) -> None:
    """Raise if a width of the background is given and all data are on-off data."""
    if width is not None and all("counts_off" in data for data in datasets):
        raise InvalidOptionError(
            "on-off data measure their background in every fine bin; use background='fixed'"
        )


def _signal_scale(signals: Sequence[NDArray[Any]]) -> Float | None:
    """Powers of two that bring signals which are far from 1 near it, (*extra, nbin, ngroup).

    They are 0 where the signal is too small for a norm. None if all signals are near 1 or 0.
    """
    shape = np.broadcast_shapes(*(s.shape[:-1] for s in signals))
    largest = np.max([np.broadcast_to(s.max(-1, initial=0), shape) for s in signals], axis=0)
    exponent = np.frexp(largest)[1]
    far = (largest > 0) & (np.abs(exponent) > _FAR)
    if not far.any():
        return None
    rounded = -_FAR * np.rint(exponent / _FAR).astype(int)  # few factors, so few separate fits
    power = np.ldexp(1.0, np.where(far, np.clip(rounded, -1000, 1000), 0))
    return np.where(far & (largest <= _NO_SIGNAL), 0.0, power)


def extra_dims(datasets: Sequence[xr.Dataset], dim: str) -> tuple[Hashable, ...]:
    """Return the dims of fine bins besides the bins, along `dim`, and the energies.

    Those of the counts come first, in their order.
    """
    first = dict.fromkeys(d for data in datasets for d in data.variables["counts"].dims)
    further = dict.fromkeys(d for data in datasets for d in further_dims(data))
    return tuple(name for name in {**first, **further} if name not in (dim, ENERGY))


def in_order(variable: xr.Variable, order: Sequence[Hashable]) -> NDArray[Any]:
    """Values of a variable with dims in `order`; a missing dim has size 1."""
    given: NDArray[Any] = variable.transpose(
        *(dim for dim in order if dim in variable.dims)
    ).to_numpy()
    return given[tuple(slice(None) if dim in variable.dims else None for dim in order)]


def fine_bins(
    data: xr.Dataset, signal: xr.Variable, order: Sequence[Hashable]
) -> list[NDArray[Any]]:
    """Counts, signal, background or off counts, and acceptance ratio of the fine bins.

    Their dims are in `order`; a missing dim has size 1. Unused fine bins contribute nothing.
    """
    values = partial(in_order, order=order)
    off = "counts_off" in data
    used = values(data.variables["coverage"]) > 0
    counts, background = (
        values(data.variables[name]) for name in ("counts", "counts_off" if off else "background")
    )
    signals = values(signal)
    if not np.isfinite(signals).all():
        raise InvalidDataError(
            "the spectral model predicts more signal counts than a number can hold in "
            f"{np.count_nonzero(~np.isfinite(signals))} fine bins: correct the sizes and units of "
            "the exposure, the energy dispersion or the model"
        )
    parts = [np.where(used, part, 0) for part in (counts, signals, background)]
    if off:
        on, acceptance_off = (
            values(data.variables[name]) for name in ("acceptance", "acceptance_off")
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            parts.append(np.where(used, on / acceptance_off, 1))
    return parts


def grouped(
    values: Sequence[NDArray[Any]], groups: EnergyGroups, *, summed: bool
) -> tuple[NDArray[np.generic], ...]:
    """Sort fine bins into groups, (*extra, nbin, ngroup, nfine); summed, nfine is 1."""
    if not summed:
        fills = (0, 0, 0, 1)  # an acceptance ratio of 0 would divide by 0
        return tuple(groups.padded(v, fill) for v, fill in zip(values, fills, strict=False))
    n, s, b, *ratio = (groups.padded(v) for v in values)
    total = tuple(v.sum(axis=-1, keepdims=True) for v in (n, s, b))
    return (*total, *(_mean_ratio(b, alpha) for alpha in ratio))


def _mean_ratio(off: Float, alpha: Float) -> Float:
    """Acceptance ratio of the sum of fine bins: the background divided by the off counts.

    Without off counts it is the mean ratio of the fine bins. Padding has the ratio 0 here.
    """
    weights = np.where(off.sum(axis=-1, keepdims=True) > 0, off, alpha > 0)
    total = weights.sum(axis=-1, keepdims=True)
    weighted = (weights * alpha).sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(weighted, total, out=np.ones_like(weighted), where=total > 0))
