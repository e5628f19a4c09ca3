"""Binned data of one data set or several as problems for the likelihood."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidDataError, InvalidEnergyError, InvalidOptionError
from ..likelihood import Cash, NuisanceCash, Statistic, WStat
from ..schema.axes import axis_edges, bin_dim, energy_unit
from ..schema.checks import check_binned
from ..schema.names import DATASET, ENERGY, high, low
from ..spectrum.models import SpectralModel
from ..spectrum.response import signal_variable
from .energy_groups import EnergyGroups, group_energies

__all__ = ["Problems", "as_datasets", "common_groups", "make_problems"]

Float = NDArray[np.float64]

_SAME = 1e-4  # relative difference of edges that are one and the same


@dataclass(frozen=True, eq=False)
class Problems:
    """Arrays for the likelihood.

    Parameters
    ----------
    extra : tuple
        Dims before those of the bins and energy groups, such as ``toy``.
    shape : tuple of int
        Sizes of these dims, of the bins and of the energy groups.
    fine : tuple of tuple of numpy.ndarray
        For each data set counts, signal and background, or counts, signal, off counts and
        acceptance ratio; each broadcasts to (*shape, nfine).
    width : float or None
        Relative systematic uncertainty of the background; None where it is known.
    """

    extra: tuple[Hashable, ...]
    shape: tuple[int, ...]
    fine: tuple[tuple[NDArray[np.generic], ...], ...]
    width: float | None

    @property
    def size(self) -> int:
        """Number of problems."""
        return int(np.prod(self.shape))

    def take(self, block: slice) -> list[Statistic]:
        """Return the statistics of a block of problems, one for each data set."""
        where = np.unravel_index(np.arange(self.size)[block], self.shape)
        return [self._statistic(*(_rows(array, self.shape, where) for array in arrays))
                for arrays in self.fine]  # fmt: skip

    def _statistic(self, n: Float, s: Float, b: Float, alpha: Float | None = None) -> Statistic:
        if alpha is not None:
            return WStat(n, s, b, alpha)
        cash = Cash.of(n, s, b)
        return cash if self.width is None else NuisanceCash(cash, self.width)

    def counts(self) -> Float:
        """Counts of each problem and data set, (*shape, ndataset)."""
        counts = [np.broadcast_to(n.sum(axis=-1), self.shape) for n, *_ in self.fine]
        return np.stack(counts, axis=-1)


def _rows(
    array: NDArray[np.generic], shape: tuple[int, ...], where: tuple[NDArray[np.intp], ...]
) -> Float:
    full = np.broadcast_to(array, (*shape, array.shape[-1]))
    return np.ascontiguousarray(full[where], dtype=np.float64)


def as_datasets(binned: xr.Dataset | Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Split binned data into data sets, in memory, and see that they have the same bins.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If one is no binned data, or bins differ.
    """
    if isinstance(binned, xr.Dataset) and DATASET in binned.dims:
        datasets = [binned.isel({DATASET: i}) for i in range(binned.sizes[DATASET])]
    else:
        datasets = [binned] if isinstance(binned, xr.Dataset) else list(binned)
    if not datasets:
        raise InvalidDataError("there are no data sets; give one binned Dataset or more")
    for data in datasets:
        check_binned(data)
    datasets = [data.compute() for data in datasets]
    first, dim = datasets[0], bin_dim(datasets[0])
    if first.sizes[dim] == 0:
        raise InvalidDataError("the binned data have no bin; give one region or more")
    for i, data in enumerate(datasets[1:], start=1):
        _check_same_bins(first, data, dim, i)
    return datasets


def _check_same_bins(first: xr.Dataset, other: xr.Dataset, dim: str, number: int) -> None:
    same = bin_dim(other) == dim and other.sizes[dim] == first.sizes[dim]
    for name in (dim, low(dim), high(dim)) if same else ():
        if name in first.coords and first[name].dtype.kind == "f":
            here, there = first[name].to_numpy(), other[name].to_numpy()
            same = same and np.allclose(here, there, rtol=_SAME, atol=_SAME)
    if not same:
        raise InvalidDataError(
            f"data set {number} has other bins than the first: {dict(other.sizes)} against "
            f"{dict(first.sizes)}, or other {dim}; bin all maps with the same SkyBins"
        )


def common_groups(datasets: Sequence[xr.Dataset], wanted: u.Quantity | None) -> list[EnergyGroups]:
    """Group the fine energies of each data set.

    Returns
    -------
    list of EnergyGroups
        One for each data set, all with the same edges in the unit of the first.

    Raises
    ------
    InvalidEnergyError
        If the groups of two data sets have different edges.
    """
    unit = energy_unit(datasets[0])
    scales = [u.Unit(energy_unit(data)).to(unit) for data in datasets]
    groups = [
        group_energies(axis_edges(data, ENERGY) * scale, wanted, unit)
        for data, scale in zip(datasets, scales, strict=True)
    ]
    filled = np.array([g.first < g.stop for g in groups])
    first = np.argmax(filled, axis=0)  # the first data set that has fine bins there
    every = np.arange(first.size)
    lower, upper = (np.array([getattr(g, side) for g in groups]) for side in ("lower", "upper"))
    for name, sides in {"lower": lower, "upper": upper}.items():
        shared = sides[first, every]
        differ = filled & (np.abs(sides / shared - 1) > _SAME)
        if differ.any():
            number, group = np.argwhere(differ)[0]
            raise InvalidEnergyError(
                f"data sets have different energy bins: the {name} edge of group {group} is "
                f"{shared[group]:.6g} {unit} in one and {sides[number, group]:.6g} {unit} in data "
                f"set {number}; choose energy_edges that are near fine edges of all"
            )
    common = lower[first, every], upper[first, every]
    return [EnergyGroups(*common, g.first, g.stop) for g in groups]


def make_problems(
    datasets: Sequence[xr.Dataset],
    groups: Sequence[EnergyGroups],
    model: SpectralModel,
    *,
    summed: bool = False,
    width: float | None = None,
) -> Problems:
    """Sort the fine bins of data sets into problems, one for each bin and energy group.

    Raises
    ------
    InvalidOptionError
        If the background of on-off data is to be uncertain: it is measured.
    """
    if width is not None and all("counts_off" in data for data in datasets):
        raise InvalidOptionError(
            "on-off data measure their background in every fine bin; leave background='fixed'"
        )
    dim = bin_dim(datasets[0])
    extra = _extra_dims(datasets, dim)
    order = (*extra, dim, ENERGY)
    fine = tuple(
        _grouped(_fine(data, model, order), group, summed=summed)
        for data, group in zip(datasets, groups, strict=True)
    )
    shape = np.broadcast_shapes(*(array.shape[:-1] for arrays in fine for array in arrays))
    return Problems(extra, shape, fine, width)


def _extra_dims(datasets: Sequence[xr.Dataset], dim: str) -> tuple[Hashable, ...]:
    names = dict.fromkeys(d for data in datasets for d in data.variables["counts"].dims)
    return tuple(name for name in names if name not in (dim, ENERGY))


def _fine(data: xr.Dataset, model: SpectralModel, order: Sequence[Hashable]) -> list[NDArray[Any]]:
    """Counts, signal and what tells of the background, without the fine bins that are not used.

    Their dims are in `order`, of size 1 where they lack one.
    """

    def values(variable: xr.Variable) -> NDArray[Any]:
        given: NDArray[Any] = variable.transpose(
            *(dim for dim in order if dim in variable.dims)
        ).to_numpy()
        return given[tuple(slice(None) if dim in variable.dims else None for dim in order)]

    off = "counts_off" in data
    used = values(data.variables["coverage"]) > 0
    counts, background = (
        values(data.variables[name]) for name in ("counts", "counts_off" if off else "background")
    )
    signal = values(signal_variable(data, model))
    parts = [np.where(used, part, 0) for part in (counts, signal, background)]
    if off:
        on, acceptance_off = (
            values(data.variables[name]) for name in ("acceptance", "acceptance_off")
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            parts.append(np.where(used, on / acceptance_off, 1))
    return parts


def _grouped(
    values: Sequence[NDArray[Any]], groups: EnergyGroups, *, summed: bool
) -> tuple[NDArray[np.generic], ...]:
    """Arrays (*extra, nbin, ngroup, nfine), summed over the fine bins or not."""
    if not summed:
        fills = (0, 0, 0, 1)
        return tuple(groups.padded(v, fill) for v, fill in zip(values, fills, strict=False))
    n, s, b, *ratio = (groups.padded(v) for v in values)
    total = tuple(v.sum(axis=-1, keepdims=True) for v in (n, s, b))
    return (*total, *(_mean_ratio(b, alpha) for alpha in ratio))


def _mean_ratio(off: Float, alpha: Float) -> Float:
    """Ratio of acceptances of fine bins together: background over off counts, where there are any.

    Fine bins that only fill up have the ratio 0.
    """
    weights = np.where(off.sum(axis=-1, keepdims=True) > 0, off, alpha > 0)
    total = weights.sum(axis=-1, keepdims=True)
    weighted = (weights * alpha).sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(weighted, total, out=np.ones_like(weighted), where=total > 0))
