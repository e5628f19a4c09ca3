"""Axes of a Dataset: centres, lower and upper edges, and the dimension of the bins."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidDataError, MissingVariableError
from .names import (
    BIN_DIMS,
    DISTANCE,
    ENERGY,
    ENERGY_TRUE,
    ENERGY_UNIT,
    NORM_SCAN,
    NORM_SCAN_VALUES,
    high,
    low,
    second_dim,
    true_dim,
)
from .options import suggests_options
from .variables import COORDS, data_array

Data = TypeVar("Data", xr.Dataset, xr.DataArray)


def on_bins(variables: Mapping[str, xr.Variable], dim: str) -> dict[str, xr.Variable]:
    """Rename the dim ``projected_distance`` of variables to `dim`, the dim of the bins.

    The dims ``projected_distance_true`` and ``projected_distance_2`` are renamed alike.
    """
    if dim == DISTANCE:
        return dict(variables)
    names: dict[Hashable, str] = {name(DISTANCE): name(dim) for name in (str, true_dim, second_dim)}
    return {
        name: xr.Variable([names.get(d, d) for d in v.dims], v.data, v.attrs)
        for name, v in variables.items()
    }


def axis_coords(dim: str, centres: Any, lower: Any, upper: Any) -> dict[str, xr.Variable]:
    """Make the three coordinates of an axis with bins: centres, lower and upper edges."""
    named = {dim: centres, low(dim): lower, high(dim): upper}
    # copies, as edges are often two views of one array, which may belong to somebody else
    return {name: data_array(name, np.array(values), COORDS) for name, values in named.items()}


def energy_unit(data: xr.Dataset) -> str:
    """Unit of the energy axes, of which true energies have the same.

    Raises
    ------
    InvalidDataError
        If true energies are in another unit.
    """
    # not `data[ENERGY]`, which takes twenty times as long where it is there
    known = data.variables.get(ENERGY)
    unit = str((data[ENERGY] if known is None else known).attrs.get("units", ENERGY_UNIT))
    true = data.variables.get(ENERGY_TRUE)
    other = unit if true is None else str(true.attrs.get("units", unit))
    if other != unit and not _same_unit(other, unit):
        raise InvalidDataError(
            f"{ENERGY_TRUE} is in {other!r}, but {ENERGY} in {unit!r}; convert both to one unit by "
            f"to_units({ENERGY}={unit!r}), or correct attrs['units']"
        )
    return unit


def _same_unit(one: str, other: str) -> bool:
    try:
        return bool(abs(u.Unit(one).to(u.Unit(other)) - 1) < 1e-12)
    except (ValueError, TypeError):
        return False


def bin_dim(data: xr.Dataset) -> str:
    """Name of the dim of the bins, which is a dim of ``solid_angle``.

    Where data sets or profiles were joined along one more dim, ``solid_angle`` may have that, too.
    Data without a solid angle have one of the usual dims of bins.
    """
    alone = [dim for dim in BIN_DIMS if dim in data.dims] or [DISTANCE]
    dims = data.variables["solid_angle"].dims if "solid_angle" in data.variables else alone[:1]
    known = [dim for dim in BIN_DIMS if dim in dims]
    return str([*known, *dims][0]) if len(dims) == 1 or known else DISTANCE


def ascending_values(data: xr.Dataset | xr.DataArray, dim: str) -> tuple[np.ndarray, np.ndarray]:
    """Values of an axis in ascending order, and the indices that bring the axis into it.

    Raises
    ------
    MissingVariableError
        If the data have no coordinate of this name.
    InvalidDataError
        If values are not finite, or repeat.
    """
    if dim not in data.coords:
        raise MissingVariableError(
            f"the data have no coordinate {dim}: assign it with the {dim} of each value, as it was "
            "before a selection or drop_vars"
        )
    values = np.atleast_1d(data[dim].to_numpy())
    order = np.argsort(values, kind="stable")
    _check_values(values[order], f"values of {dim}")
    if values.size and np.any(np.diff(values[order]) == 0):
        raise InvalidDataError(
            f"values of {dim} repeat: found {values}; select each value once, such as with "
            f"drop_duplicates({dim!r})"
        )
    return values[order], order


def _check_values(values: np.ndarray, label: str) -> None:
    """Raise unless numbers are finite."""
    if not np.isfinite(values).all():
        raise InvalidDataError(
            f"{label} are not finite: found {values}; correct them, or drop them"
        )


@suggests_options
def axis_edges(data: xr.Dataset | xr.DataArray, dim: str) -> np.ndarray:
    """Return the bin edges of an axis.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Data with the coordinates ``DIM_min`` and ``DIM_max``.
    dim : str
        Dim of the axis, such as ``"energy"`` or ``"projected_distance"``.

    Returns
    -------
    numpy.ndarray
        Edges in the unit of the axis, (nbin + 1,).

    Raises
    ------
    MissingVariableError
        If the axis or its edges are missing.
    InvalidDataError
        If neighbouring bins do not touch, to 1e-5 of the edge and of the narrowest bin, or edges
        are not finite or in the wrong order.

    See Also
    --------
    xprofile.rebin : Merge neighbouring bins.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> xprofile.axis_edges(maps, "energy")[:3].round(4)
    array([0.01 , 0.015, 0.02 ])
    """
    missing = [name for name in (low(dim), high(dim)) if name not in data.coords]
    if missing:
        raise MissingVariableError(
            f"the {dim} axis has no edges: coordinates {missing} are missing; "
            f"assign them with the bins' lower and upper edges in the unit of {dim}"
        )
    if dim not in data.dims:
        raise MissingVariableError(
            f"the data have no dimension {dim}; select a range, such as isel({dim}=[0])"
        )
    known = data.variables if isinstance(data, xr.Dataset) else data.coords  # the faster of them
    lower, upper = (known[name].to_numpy() for name in (low(dim), high(dim)))
    _check_values(np.append(lower, upper), f"the edges of {dim}")
    if np.any(lower > upper):
        raise InvalidDataError(
            f"bins of {dim} end before they begin: {low(dim)} is {lower}, {high(dim)} is {upper}; "
            "exchange them"
        )
    narrowest = np.abs(upper - lower).min() if lower.size else 0.0
    # 1e-5: edges of files are in single precision, 1e-7, or were rounded for people. Ten times
    # larger, gaps of a percent of a narrow bin would pass; ten times smaller, rounded edges fail.
    if not np.allclose(lower[1:], upper[:-1], rtol=1e-5, atol=1e-5 * narrowest):
        raise InvalidDataError(
            f"the bins of {dim} do not touch: {high(dim)} is {upper[:-1]}, the next "
            f"{low(dim)} is {lower[1:]}; select a contiguous range in ascending order"
        )
    return np.append(lower, upper[-1:])


def scan_norms(profile: xr.Dataset) -> xr.DataArray:
    """Norms of a profile's scan: those of each bin, or those that all bins share.

    Raises
    ------
    MissingVariableError
        If there are none.
    InvalidDataError
        If the norms that all bins share repeat, or are not finite.
    """
    if NORM_SCAN_VALUES not in profile and NORM_SCAN not in profile.coords:
        raise MissingVariableError(
            f"the scan has no norms: the coordinate {NORM_SCAN} is missing; assign it with the "
            "norm of each value of stat_scan"
        )
    if NORM_SCAN_VALUES in profile:
        return profile[NORM_SCAN_VALUES]
    ascending_values(profile, NORM_SCAN)
    return profile[NORM_SCAN]


def match_bins(data: xr.Dataset | xr.DataArray, dim: str, other: str) -> NDArray[np.intp]:
    """Find the bins along one dim among those along another, by their coordinates.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Data with a dim `other`.
    dim : str
        Dim of the bins, or a scalar coordinate if one bin was selected.
    other : str
        Dim with the same bins, of which some may be missing on either side.

    Returns
    -------
    numpy.ndarray of int
        Index along `other` of each bin along `dim`, and -1 if it is not there, (nbin,).

    Raises
    ------
    MissingVariableError
        If a coordinate is missing, and the dims differ in size.
    InvalidDataError
        If a value of a coordinate occurs twice, and the dims differ.
    """
    size = data.sizes.get(dim, 1)
    unknown = [name for name in (dim, other) if name not in data.coords]
    if unknown and (dim not in data.dims or size != data.sizes[other]):
        raise MissingVariableError(
            f"the data have no coordinate {' and no '.join(unknown)}, so it is not known which of "
            f"{data.sizes[other]} bins along {other} are the {size} along {dim}; keep the "
            "coordinates in selections"
        )
    if unknown:
        return np.arange(size)
    here, there = (np.atleast_1d(data[name].to_numpy()) for name in (dim, other))
    if np.array_equal(here, there):
        return np.arange(size)
    labels, places = np.unique(there, return_index=True)
    if labels.size < there.size or np.unique(here).size < here.size:
        raise InvalidDataError(
            f"values of {dim} or {other} repeat and the two differ, so their bins cannot be "
            "matched; select the same bins along both, or none"
        )
    found = np.minimum(np.searchsorted(labels, here), labels.size - 1)
    return np.where(labels[found] == here, places[found], -1) if labels.size else found - 1


def pair_bins(data: Data) -> Data:
    """Select the same bins along the second dim of matrices as along the first.

    A selection of bins by xarray alone leaves the second dim of a covariance as it is. A single
    bin that was selected leaves the variance in the place of the covariance.

    Returns
    -------
    xarray.Dataset or xarray.DataArray
        `data` with the same bins along ``DIM_2`` as along ``DIM``; unchanged without such dims.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If the bins cannot be matched, or one along ``DIM`` is missing along ``DIM_2``.
    """
    for dim in BIN_DIMS:
        other = second_dim(dim)
        if other not in data.dims or not (dim in data.dims or dim in data.coords):
            continue
        found = match_bins(data, dim, other)
        if np.any(found < 0):
            raise InvalidDataError(
                f"{np.count_nonzero(found < 0)} bins along {dim} are not along {other}; select "
                f"along {dim} alone, or take the covariance out with drop_dims({other!r})"
            )
        if dim not in data.dims:
            data = data.isel({other: int(found[0])})
        elif found.size != data.sizes[other] or np.any(np.diff(found) != 1):
            data = data.isel({other: found})
    return data
