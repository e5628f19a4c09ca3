"""Axes of a Dataset: centres, lower and upper edges, and the dimension of the bins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from ..exceptions import InvalidDataError, MissingVariableError
from .names import (
    DISTANCE,
    ENERGY,
    ENERGY_UNIT,
    NORM_SCAN,
    NORM_SCAN_VALUES,
    POSITION_ANGLE,
    REGION,
    high,
    low,
)
from .variables import COORDS, data_array


def on_bins(variables: Mapping[str, xr.Variable], dim: str) -> dict[str, xr.Variable]:
    """Put variables that are on `projected_distance` on the dimension of the bins."""
    if dim == DISTANCE:
        return dict(variables)
    return {
        name: xr.Variable([dim if d == DISTANCE else d for d in v.dims], v.data, v.attrs)
        for name, v in variables.items()
    }


def axis_coords(dim: str, centres: Any, lower: Any, upper: Any) -> dict[str, xr.Variable]:
    """Make the three coordinates of a binned axis: centres, lower and upper edges."""
    named = {dim: centres, low(dim): lower, high(dim): upper}
    return {name: data_array(name, values, COORDS) for name, values in named.items()}


def energy_unit(data: xr.Dataset) -> str:
    """Unit of the energy axis."""
    return str(data[ENERGY].attrs.get("units", ENERGY_UNIT))


def bin_dim(data: xr.Dataset) -> str:
    """Name of the dimension that the bins are on: that of ``solid_angle``.

    Where data sets or profiles were joined along one more dimension, it may have that one too.
    """
    dims = data.variables["solid_angle"].dims if "solid_angle" in data.variables else (DISTANCE,)
    known = [dim for dim in (DISTANCE, POSITION_ANGLE, REGION) if dim in dims]
    return str([*known, *dims][0]) if len(dims) == 1 or known else DISTANCE


def axis_edges(data: xr.Dataset | xr.DataArray, dim: str) -> np.ndarray:
    """Return the bin edges of an axis, shape (n + 1,).

    Raises
    ------
    MissingVariableError
        If the axis or its edges are not there.
    InvalidDataError
        If neighbouring bins do not touch, to 1e-5 of the edge or of the narrowest bin.
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
    lower, upper = data[low(dim)].to_numpy(), data[high(dim)].to_numpy()
    narrowest = np.abs(upper - lower).min() if lower.size else 0.0
    if not np.allclose(lower[1:], upper[:-1], rtol=1e-5, atol=1e-5 * narrowest):
        raise InvalidDataError(
            f"the bins of {dim} do not touch: {high(dim)} is {upper[:-1]}, the next "
            f"{low(dim)} is {lower[1:]}; select a contiguous range in ascending order"
        )
    return np.append(lower, upper[-1:])


def scan_norms(profile: xr.Dataset) -> xr.DataArray:
    """Norms of a profile's scan: those of each bin, or those that all bins share."""
    return profile[NORM_SCAN_VALUES if NORM_SCAN_VALUES in profile else NORM_SCAN]
