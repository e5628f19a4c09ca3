"""Arrays of results to a profile Dataset."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..schema.axes import axis_coords, bin_dim, energy_unit, on_bins
from ..schema.flags import STATUS_ATTRS
from ..schema.names import DATASET, ENERGY, ENERGY_TRUE, NORM_SCAN, THRESHOLD
from ..schema.variables import COORDS, PROFILE, data_array, result_variable
from .energy_groups import EnergyGroups
from .problems import Problems
from .status import limit_flags, status_flags

__all__ = ["make_profile", "sum_datasets"]

Float = NDArray[np.float64]

_SUMS = {"counts", "npred_background"}  # known without a fit

_PER_DATASET = ("counts", "npred", "npred_excess", "npred_background")


def make_profile(
    datasets: Sequence[xr.Dataset],
    groups: Sequence[EnergyGroups],
    problems: Problems,
    solved: dict[str, Float],
    *,
    joint: bool,
    min_coverage: float,
    references: dict[str, xr.Variable],
    norm_scan: Float | None,
    attrs: dict[Hashable, Any],
) -> xr.Dataset:
    """Make a profile of the results of `xprofile.estimation.solve.solve`.

    Parameters
    ----------
    datasets, groups, problems, solved
        What was solved, and what came of it.
    joint : bool
        Whether there may be several data sets.
    min_coverage : float
        Bins of which less was seen get NaN.
    references : dict
        Further variables.
    norm_scan : numpy.ndarray or None
        Norms of the scan, if they are the same in all bins.
    attrs : dict
        Of the profile; the threshold of limits is read.

    Returns
    -------
    xarray.Dataset
        Dims (projected_distance, energy), after those that toys add. Counts and npred of a joint
        fit have the dim ``dataset`` before these; ``coverage`` is that of the data set which saw
        most of a bin, ``solid_angle`` the mean of all.
    """
    values = _in_shape(solved, problems, joint=joint)
    pairs = zip(datasets, groups, strict=True)
    coverage = np.max([_coverage(data, group) for data, group in pairs], axis=0)
    empty = np.all([group.first == group.stop for group in groups], axis=0)
    solid_angle = np.mean([data.variables["solid_angle"].to_numpy() for data in datasets], axis=0)
    scarce = (coverage > 0) & (coverage < min_coverage)
    status = status_flags(values, coverage, solid_angle, empty, scarce)
    variables = {
        name: _variable(name, _without(name, array, scarce), problems)
        for name, array in values.items()
        if not name.startswith("_")
    }
    if all(np.issubdtype(data["counts"].dtype, np.integer) for data in datasets):
        variables["counts"] = variables["counts"].astype(np.int64)
    norm, sqrt_ts = (variables[name].to_numpy() for name in ("norm", "sqrt_ts"))
    limit = variables["norm_ul"].to_numpy() if "norm_ul" in variables else None
    variables |= {
        "success": _variable("success", np.isfinite(norm), problems),
        "status": _variable("status", status, problems),
        "solid_angle": data_array("solid_angle", solid_angle, PROFILE),
        "coverage": data_array("coverage", coverage, PROFILE),
        **references,
        "is_ul": _variable("is_ul", limit_flags(norm, sqrt_ts, limit, attrs[THRESHOLD]), problems),
    }
    coords = _coords(datasets[0], groups[0], joint=joint)
    labels = [data[DATASET].item() for data in datasets if DATASET in data.coords]
    if joint and len(labels) == len(datasets):
        coords[DATASET] = xr.Variable(DATASET, labels)
    if norm_scan is not None:
        coords[NORM_SCAN] = data_array(NORM_SCAN, norm_scan, COORDS)
    return xr.Dataset(on_bins(variables, bin_dim(datasets[0])), coords, attrs)


def _in_shape(solved: dict[str, Float], problems: Problems, *, joint: bool) -> dict[str, Float]:
    """Results (*shape, ...), those of data sets (ndataset, *shape) or that of the only one."""
    shape = problems.shape
    values = {name: array.reshape(*shape, *array.shape[1:]) for name, array in solved.items()}
    values["counts"] = problems.counts()
    for name in _PER_DATASET:
        apart = np.moveaxis(values[name], -1, 0)
        values[name] = apart if joint else apart[0]
    return values


def _without(name: str, values: Float, lost: NDArray[np.bool_]) -> Float:
    """Results of a fit with NaN in the bins that are left out, (nbin, ngroup)."""
    if name in _SUMS:
        return values
    scanned = name in PROFILE and NORM_SCAN in PROFILE[name].dims
    return np.where(lost[..., None] if scanned else lost, np.nan, values)


def _coverage(data: xr.Dataset, groups: EnergyGroups) -> Float:
    """Mean coverage of each bin over the fine energies of each group, (nbin, ngroup)."""
    fine = data.variables["coverage"].transpose(bin_dim(data), ENERGY).to_numpy()
    size = np.maximum(groups.stop - groups.first, 1)
    return np.asarray(groups.padded(fine).sum(axis=-1) / size)


def _variable(name: str, values: NDArray[np.generic], problems: Problems) -> xr.Variable:
    """Make a variable with the dims that the table gives it, behind those of toys and data sets."""
    entry = result_variable(name)
    dims = (*problems.extra, *entry.dims)
    dims = dims if values.ndim == len(dims) else (DATASET, *dims)
    variable = xr.Variable(dims, values, entry.attrs)
    if name == "status":
        variable.attrs |= STATUS_ATTRS
    return variable


def _coords(first: xr.Dataset, groups: EnergyGroups, *, joint: bool) -> dict[str, xr.Variable]:
    """Coordinates of a profile: those of the bins, of toys and of the energy groups."""
    centre = np.sqrt(groups.lower * groups.upper)
    coords = axis_coords(ENERGY, centre, groups.lower, groups.upper)
    for coord in coords.values():
        coord.attrs["units"] = energy_unit(first)
    kept = {
        str(name): first.variables[name]
        for name in first.coords
        if not {ENERGY, ENERGY_TRUE} & set(first.variables[name].dims)
        and not (joint and name == DATASET)
    }
    return {**coords, **kept}


def sum_datasets(profile: xr.Dataset) -> xr.Dataset:
    """Return a profile with the counts and npred of all data sets of a joint fit together."""
    apart = [name for name in _PER_DATASET if name in profile and DATASET in profile[name].dims]
    sums = {name: profile[name].sum(DATASET, skipna=False, keep_attrs=True) for name in apart}
    return profile.assign(sums)
