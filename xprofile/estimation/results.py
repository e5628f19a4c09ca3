"""Profile Dataset of the results of a fit."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..likelihood.intervals import EXPECTED_BANDS
from ..schema.axes import axis_coords, bin_dim, energy_unit, on_bins
from ..schema.names import (
    BAND,
    DATASET,
    ENERGY,
    ENERGY_TRUE,
    NORM_SCAN,
    SOLID_ANGLE_UNIT,
    SOURCE_DISTANCE,
    THRESHOLD,
    TOY,
    true_dim,
)
from ..schema.units import values_in_unit
from ..schema.variables import (
    COORDS,
    PROFILE,
    data_array,
    names_of_kind,
    result_variable,
    status_attrs,
)
from .energy_groups import EnergyGroups
from .solve import Solution
from .status import flag_negative_limits, limit_flags, status_flags

__all__ = ["FitLayout", "make_profile", "sum_datasets"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
_PER_DATASET = names_of_kind(PROFILE, "sum")  # counts and predicted counts
_EXPECTED = "norm_ul_expected"


class FitLayout(Protocol):
    """Dims and counts of fits, one for each bin and energy group."""

    @property
    def extra_dims(self) -> tuple[Hashable, ...]:
        """Dims before those of the bins and energy groups, such as ``toy``."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the extra dims, the bins and the energy groups."""
        ...

    def counts(self) -> Float:
        """Counts of each fit and data set, (*shape, ndataset)."""
        ...


def make_profile(
    datasets: Sequence[xr.Dataset],
    groups: Sequence[EnergyGroups],
    problems: FitLayout,
    solution: Solution,
    *,
    joint: bool,
    min_coverage: float,
    references: dict[str, xr.Variable],
    norm_scan: Float | None,
    attrs: dict[Hashable, Any],
    further: Callable[[xr.Variable], dict[str, xr.Variable]] | None = None,
) -> xr.Dataset:
    """Make a profile of the solution of problems.

    Parameters
    ----------
    datasets, groups, problems, solution
        The binned data, their energy groups, the problems made of them, and the solution of these.
    joint : bool
        Whether the result has a dim ``dataset``, even for one data set.
    min_coverage : float
        Bins with a smaller coverage get NaN.
    references : dict
        Further variables of the profile.
    norm_scan : numpy.ndarray or None
        Norms of the scan, if they are the same in all bins.
    attrs : dict
        Attributes of the profile, among them the threshold of limits.
    further : callable, optional
        Makes further variables from the norms.

    Returns
    -------
    xarray.Dataset
        Dims (projected_distance, energy), after those of toys. Counts and npred of a joint fit have
        the dim ``dataset`` before these. ``coverage`` is the largest of all data sets,
        ``solid_angle`` the mean.
    """
    solution = _in_shape(solution, problems, joint=joint)
    pairs = zip(datasets, groups, strict=True)
    coverage = np.max([_coverage(data, group) for data, group in pairs], axis=0)
    areas = [data.variables["solid_angle"] for data in datasets]
    solid_angle = np.mean([values_in_unit(a, "solid_angle", SOLID_ANGLE_UNIT) for a in areas], 0)
    has_pixels = np.any([_has_pixels(data) for data in datasets], axis=0)
    low_coverage = (coverage > 0) & (coverage < min_coverage)
    status = status_flags(solution, coverage, has_pixels, low_coverage)
    fitted = _fit_variables(solution, problems, datasets, low_coverage)
    if "norm_ul" in fitted:
        limits = fitted["norm_ul"].to_numpy()
        status = flag_negative_limits(status, limits, warn=TOY not in problems.extra_dims)
    variables = {
        **fitted,
        "success": _variable("success", np.isfinite(fitted["norm"].to_numpy()), problems),
        "status": _variable("status", status, problems),
        "solid_angle": data_array("solid_angle", solid_angle, PROFILE),
        "coverage": data_array("coverage", coverage, PROFILE),
        **references,
        "is_ul": _variable("is_ul", _is_limit(fitted, attrs[THRESHOLD]), problems),
    }
    coords = _coords(datasets, groups[0], joint=joint)
    if _EXPECTED in fitted:
        coords[BAND] = data_array(BAND, np.array(EXPECTED_BANDS), COORDS)
    if norm_scan is not None:
        coords[NORM_SCAN] = data_array(NORM_SCAN, norm_scan, COORDS)
    variables = on_bins(variables, bin_dim(datasets[0]))
    if further is not None:  # in one go, as a Dataset takes long to make and to change
        made = further(variables["norm"])
        axes = {name: v for name, v in made.items() if v.dims == (name,)}
        coords |= axes
        variables |= {name: v for name, v in made.items() if name not in axes}
    return xr.Dataset(variables, coords, attrs)


def _in_shape(solution: Solution, problems: FitLayout, *, joint: bool) -> Solution:
    """Arrange results in the shape of the problems, and add the counts.

    Results of data sets have the shape (ndataset, *shape), or that of the only data set.
    """
    shaped = solution.reshape(problems.shape)
    shaped.values["counts"] = problems.counts()
    if _EXPECTED in shaped.values:  # the bands come before the bins, as in `expected_limits`
        shaped.values[_EXPECTED] = np.moveaxis(shaped.values[_EXPECTED], -1, -3)
    for name in _PER_DATASET:
        apart = np.moveaxis(shaped.values[name], -1, 0)
        shaped.values[name] = apart if joint else apart[0]
    return shaped


def _has_pixels(data: xr.Dataset) -> Bool:
    """Whether bins have pixels of the map, used or not, (nbin,).

    Binned data of earlier versions have no ``n_pixels``; the solid angle includes pixels beyond
    the map.
    """
    known = data.variables["n_pixels" if "n_pixels" in data else "solid_angle"]
    return np.asarray(known.to_numpy() > 0)


def _coverage(data: xr.Dataset, groups: EnergyGroups) -> Float:
    """Mean coverage of each bin over the fine energies of each group, (nbin, ngroup)."""
    fine = data.variables["coverage"].transpose(bin_dim(data), ENERGY).to_numpy()
    size = np.maximum(groups.stop - groups.first, 1)
    return np.asarray(groups.padded(fine).sum(axis=-1) / size)


def _fit_variables(
    solution: Solution, problems: FitLayout, datasets: Sequence[xr.Dataset], low_coverage: Bool
) -> dict[str, xr.Variable]:
    """Variables of the fit; counts are integers if those of all data sets are."""
    variables = {
        name: _variable(name, _masked(name, array, low_coverage), problems)
        for name, array in solution.values.items()
    }
    if all(np.issubdtype(data["counts"].dtype, np.integer) for data in datasets):
        variables["counts"] = variables["counts"].astype(np.int64)
    return variables


def _masked(name: str, values: Float, masked: Bool) -> Float:
    """Set fitted results to NaN in masked bins, (nbin, ngroup)."""
    entry = result_variable(name)
    if not entry.fitted:
        return values
    return np.where(masked[..., None] if NORM_SCAN in entry.dims else masked, np.nan, values)


def _is_limit(fitted: dict[str, xr.Variable], threshold: float) -> Bool:
    """Whether to quote the upper limit of each fit."""
    norm, sqrt_ts = (fitted[name].to_numpy() for name in ("norm", "sqrt_ts"))
    limit = fitted["norm_ul"].to_numpy() if "norm_ul" in fitted else None
    return limit_flags(norm, sqrt_ts, limit, threshold)


def _variable(name: str, values: NDArray[np.generic], problems: FitLayout) -> xr.Variable:
    """Make a variable with the dims of the schema, after those of data sets and toys."""
    entry = result_variable(name)
    dims = (*problems.extra_dims, *entry.dims)
    dims = dims if values.ndim == len(dims) else (DATASET, *dims)
    variable = xr.Variable(dims, values, entry.attrs)
    if name == "status":
        variable.attrs |= status_attrs()
    return variable


def _coords(
    datasets: Sequence[xr.Dataset], groups: EnergyGroups, *, joint: bool
) -> dict[str, xr.Variable]:
    """Coordinates of a profile: those of the energy groups, the bins, toys and data sets."""
    first = datasets[0]
    left_out = {ENERGY, ENERGY_TRUE, true_dim(bin_dim(first)), SOURCE_DISTANCE}
    centre = np.sqrt(groups.lower * groups.upper)
    coords = axis_coords(ENERGY, centre, groups.lower, groups.upper)
    for coord in coords.values():
        coord.attrs["units"] = energy_unit(first)
    coords |= {
        str(name): first.variables[name]
        for name in first.coords
        if not left_out & set(first.variables[name].dims) and not (joint and name == DATASET)
    }
    labels = [data[DATASET].item() for data in datasets if DATASET in data.coords]
    if joint and len(labels) == len(datasets):
        coords[DATASET] = xr.Variable(DATASET, labels)
    return coords


def sum_datasets(profile: xr.Dataset) -> xr.Dataset:
    """Sum counts and npred of a joint fit over the data sets."""
    apart = [name for name in _PER_DATASET if name in profile and DATASET in profile[name].dims]
    sums = {name: profile[name].sum(DATASET, skipna=False, keep_attrs=True) for name in apart}
    return profile.assign(sums)
