"""Profile Dataset of the results of a fit."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import reduce
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
from .problems import in_order
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
        Dims (projected_distance, energy), after further ones such as ``toy`` or ``time``. Counts
        and npred of a joint fit have the dim ``dataset`` before these.
        ``coverage`` is the largest of all data sets, ``solid_angle`` the mean.
    """
    solution = _in_shape(solution, problems, joint=joint)
    bins = _Bins.from_datasets(datasets, groups, problems.extra_dims)
    coverage, has_pixels = bins.coverage, bins.has_pixels
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
        **bins.variables(),
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


@dataclass(frozen=True, eq=False)
class _Bins:
    """Coverage, solid angle and pixels of bins; extra dims have size 1 where they do not matter.

    Parameters
    ----------
    coverage : numpy.ndarray
        Mean over the fine energies of each group, the largest of all data sets, (*extra, nbin,
        ngroup).
    solid_angle : numpy.ndarray
        Mean of all data sets in sr, (*extra, nbin).
    has_pixels : numpy.ndarray of bool
        Whether a bin has pixels of a map, used or not, (*extra, nbin).
    extra : tuple
        The extra dims.
    dims : dict
        Extra dims that the coverage and the solid angle of some data set have.
    """

    coverage: Float
    solid_angle: Float
    has_pixels: Bool
    extra: tuple[Hashable, ...]
    dims: dict[str, tuple[Hashable, ...]]

    @classmethod
    def from_datasets(
        cls,
        datasets: Sequence[xr.Dataset],
        groups: Sequence[EnergyGroups],
        extra: tuple[Hashable, ...],
    ) -> _Bins:
        """Read them from data sets and their energy groups."""
        pairs = zip(datasets, groups, strict=True)
        coverage = reduce(np.maximum, [_coverage(data, group, extra) for data, group in pairs])
        areas = reduce(np.add, [_solid_angle(data, extra) for data in datasets]) / len(datasets)
        has_pixels = reduce(np.logical_or, [_has_pixels(data, extra) for data in datasets])
        dims = {
            name: tuple(d for d in extra if any(d in one.variables[name].dims for one in datasets))
            for name in ("solid_angle", "coverage")
        }
        return cls(coverage, areas, has_pixels, extra, dims)

    def variables(self) -> dict[str, xr.Variable]:
        """Coverage and solid angle as variables of the profile."""
        found = {}
        for name, values in {"solid_angle": self.solid_angle, "coverage": self.coverage}.items():
            entry, kept = PROFILE[name], self.dims[name]
            absent = tuple(i for i, dim in enumerate(self.extra) if dim not in kept)
            found[name] = xr.Variable((*kept, *entry.dims), values.squeeze(absent), entry.attrs)
        return found


def _coverage(data: xr.Dataset, groups: EnergyGroups, extra: Sequence[Hashable]) -> Float:
    """Mean coverage of each bin over the fine energies of each group, (*extra, nbin, ngroup)."""
    fine = in_order(data.variables["coverage"], (*extra, bin_dim(data), ENERGY))
    size = np.maximum(groups.stop - groups.first, 1)
    return np.asarray(groups.padded(fine).sum(axis=-1) / size)


def _solid_angle(data: xr.Dataset, extra: Sequence[Hashable]) -> Float:
    """Solid angle of each bin in sr, (*extra, nbin)."""
    area = data.variables["solid_angle"]
    in_sr = xr.Variable(area.dims, values_in_unit(area, "solid_angle", SOLID_ANGLE_UNIT))
    return np.asarray(in_order(in_sr, (*extra, bin_dim(data))))


def _has_pixels(data: xr.Dataset, extra: Sequence[Hashable]) -> Bool:
    """Whether bins have pixels of the map, used or not, (*extra, nbin).

    Binned data of earlier versions have no ``n_pixels``; the solid angle includes pixels beyond
    the map.
    """
    known = data.variables["n_pixels" if "n_pixels" in data else "solid_angle"]
    return np.asarray(in_order(known, (*extra, bin_dim(data))) > 0)


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
    if NORM_SCAN in entry.dims:
        masked = masked[..., None]
    elif BAND in entry.dims:  # before the bins
        masked = masked[..., None, :, :]
    return np.where(masked, np.nan, values)


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
