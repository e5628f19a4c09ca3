"""Columns of an all-sky map on both sides of its seam, put side by side."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.names import LAT, LON, WCS_NAME
from ..wcs import pixel_grid
from .longitudes import FULL_TURN

__all__ = ["unwrap_columns"]

Data = TypeVar("Data", xr.Dataset, xr.DataArray)


def unwrap_columns(data: Data, indices: NDArray[np.intp], dim: Hashable) -> Data:
    """Pick columns of a map, or bins; columns beyond the seam continue the numbers of the others.

    So longitudes stay monotonic: 179.5, 180.5 instead of 179.5, -179.5.
    """
    found = data.isel({dim: indices})
    if dim != LON or indices.size < 2 or np.all(np.diff(indices) > 0):
        return found
    if {WCS_NAME, "x", "y"} - set(data.coords) or data["y"].dims not in ((), (LAT,)):
        return found
    turn = pixel_grid(data).whole_turn
    if not turn:
        return data.isel({dim: np.sort(indices)})
    seam = int(np.flatnonzero(np.diff(indices) < 0)[0])
    beyond = np.arange(indices.size) > seam
    coords = {}
    for name, full in (("x", turn), (LON, FULL_TURN)):
        old = data[name].to_numpy()
        forward = np.sign(old[1] - old[0])
        shifted = found[name].to_numpy() + (beyond * forward * full).astype(old.dtype)
        coords[name] = found[name].copy(data=shifted)
    return found.assign_coords(coords)
