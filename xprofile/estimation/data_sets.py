"""Data sets of a fit: the same bins, and the same energy groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import astropy.units as u
import numpy as np
import xarray as xr

from ..exceptions import InvalidDataError, InvalidEnergyError
from ..schema.axes import axis_edges, bin_dim, energy_unit
from ..schema.checks import check_background, check_binned
from ..schema.names import DATASET, ENERGY, high, low
from ..schema.value_checks import is_chunked
from .energy_checks import check_groups
from .energy_groups import EnergyEdges, EnergyGroups, group_energies

__all__ = ["Binned", "as_datasets", "common_groups", "is_joint", "with_history"]

# binned data: of one data set, or of several that are fitted jointly, with or without names
Binned: TypeAlias = xr.Dataset | Sequence[xr.Dataset] | Mapping[str, xr.Dataset]

# Relative difference up to which two edges are the same; for edges of bins also the difference in
# deg. It covers edges that are rounded to five digits or to single precision. At 1e-3, data sets
# whose bins are 3 arcsec apart would be fitted together. At 1e-5, rounded edges would be refused.
_EDGE_TOLERANCE = 1e-4


def as_datasets(binned: Binned) -> list[xr.Dataset]:
    """Split binned data into data sets in memory, and check that they have the same bins.

    Names of a dict become the coordinate ``dataset`` of each.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If one of them is not binned data or has no background, the bins differ, or a name is not
        a text.
    """
    names: list[str] = []
    if isinstance(binned, Mapping) and not isinstance(binned, xr.Dataset):
        names, binned = list(binned), list(binned.values())
        wrong = [name for name in names if not isinstance(name, str)]
        if wrong:
            raise InvalidDataError(f"names of data sets must be texts, found {wrong}")
    if isinstance(binned, xr.Dataset) and DATASET in binned.dims:
        datasets = [binned.isel({DATASET: i}) for i in range(binned.sizes[DATASET])]
    else:
        datasets = [binned] if isinstance(binned, xr.Dataset) else list(binned)
    if not datasets:
        raise InvalidDataError("found no data sets; give one or more binned Datasets")
    for data in datasets:
        check_binned(data)
        check_background(data)
    chunked = [any(is_chunked(v) for v in data.variables.values()) for data in datasets]
    datasets = [data if _is_in_memory(data) else data.compute() for data in datasets]
    for data in (data for data, lazy in zip(datasets, chunked, strict=True) if lazy):
        check_binned(data)  # once more, as the values are known now
    first, dim = datasets[0], bin_dim(datasets[0])
    if first.sizes[dim] == 0:
        raise InvalidDataError("the binned data have no bins; give one or more regions")
    for i, data in enumerate(datasets[1:], start=1):
        _check_same_bins(first, data, dim, i)
    if names:
        return [d.assign_coords({DATASET: n}) for n, d in zip(names, datasets, strict=True)]
    return datasets


def _is_in_memory(data: xr.Dataset) -> bool:
    """Whether all variables are arrays of numpy; `compute` would copy the Dataset."""
    kept = (v for v in data.variables.values() if not isinstance(v, xr.IndexVariable))
    return all(isinstance(getattr(v, "_data", None), np.ndarray) for v in kept)


def is_joint(binned: Binned) -> bool:
    """Whether binned data are several data sets, which are fitted together."""
    return not isinstance(binned, xr.Dataset) or DATASET in binned.dims


def with_history(binned: Binned, datasets: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return the data whose history a result continues: those given, or the first data set."""
    return binned if isinstance(binned, xr.Dataset) else datasets[0]


def _check_same_bins(first: xr.Dataset, other: xr.Dataset, dim: str, number: int) -> None:
    same = bin_dim(other) == dim and other.sizes[dim] == first.sizes[dim]
    for name in (dim, low(dim), high(dim)) if same else ():
        if name in first.coords and first[name].dtype.kind == "f":
            here, there = first[name].to_numpy(), other[name].to_numpy()
            same &= np.allclose(here, there, rtol=_EDGE_TOLERANCE, atol=_EDGE_TOLERANCE)
    if not same:
        raise InvalidDataError(
            f"data set {number} has other bins than the first: {dict(other.sizes)} against "
            f"{dict(first.sizes)}, or other values of {dim}; bin all maps with the same SkyBins"
        )


def common_groups(
    datasets: Sequence[xr.Dataset], wanted: EnergyEdges, *, strict: bool = False
) -> list[EnergyGroups]:
    """Group the fine energies of each data set into the same energy bins.

    Parameters
    ----------
    datasets : sequence of xarray.Dataset
        Binned data, from `as_datasets`.
    wanted : Quantity, "fine", int or None
        Energy edges, as in `group_energies`.
    strict : bool
        Whether to refuse edges that are not edges of the data.

    Returns
    -------
    list of EnergyGroups
        One for each data set. All have the same edges, in the unit of the first data set.

    Raises
    ------
    InvalidEnergyError
        If the groups of two data sets have different edges, a group has no fine bin in any data
        set, or edges move and `strict` is set.

    Warns
    -----
    DataWarning
        If edges inside the data move to other edges.
    """
    unit = energy_unit(datasets[0])
    scales = [u.Unit(energy_unit(data)).to(unit) for data in datasets]
    axes = [axis_edges(data, ENERGY) * s for data, s in zip(datasets, scales, strict=True)]
    groups = [group_energies(axis, wanted, unit) for axis in axes]
    common = _with_common_edges(groups, unit)
    if not (wanted is None or isinstance(wanted, str | int | np.integer)):
        check_groups(axes, groups, wanted, unit, strict=strict)
    return common


def _with_common_edges(groups: Sequence[EnergyGroups], unit: str) -> list[EnergyGroups]:
    """Give the groups of all data sets the edges of the first one that has fine bins in them."""
    numbers = {g.first.size for g in groups}
    if len(numbers) > 1:
        raise InvalidEnergyError(
            f"data sets have different energy bins: {' and '.join(map(str, sorted(numbers)))}, so "
            "energy_edges='fine' has no common bins; give energy_edges that are near fine edges of "
            "all data sets"
        )
    filled = np.array([g.first < g.stop for g in groups])
    first = np.argmax(filled, axis=0)  # the first data set with fine bins in each group
    every = np.arange(first.size)
    lower, upper = (np.array([getattr(g, side) for g in groups]) for side in ("lower", "upper"))
    for name, sides in {"lower": lower, "upper": upper}.items():
        shared = sides[first, every]
        differ = filled & (np.abs(sides / shared - 1) > _EDGE_TOLERANCE)
        if differ.any():
            number, group = np.argwhere(differ)[0]
            raise InvalidEnergyError(
                f"data sets have different energy bins: the {name} edge of group {group} is "
                f"{shared[group]:.6g} {unit} in one and {sides[number, group]:.6g} {unit} in data "
                f"set {number}; choose energy_edges that are near fine edges of all data sets"
            )
    common = lower[first, every], upper[first, every]
    return [EnergyGroups(*common, g.first, g.stop) for g in groups]
