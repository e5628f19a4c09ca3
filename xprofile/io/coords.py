"""Energy and angle axes of files as coordinates of a Dataset."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..exceptions import FileFormatError
from ..schema import axis_coords
from .bands import Axis

__all__ = ["add_axis", "same_axis"]


def same_axis(known: np.ndarray, centres: np.ndarray) -> bool:
    """Whether two axes have the same centres, to the digits of single precision."""
    return known.size == centres.size and np.allclose(known, centres, rtol=1e-5, atol=0)


def add_axis(maps: xr.Dataset, axis: Axis, where: str, energy_unit: str) -> xr.Dataset:
    """Assign the coordinates of an axis, or see that it is the one the maps have already."""
    if axis.name not in maps.coords:
        coords = axis_coords(axis.name, axis.centres, axis.edges[:-1], axis.edges[1:])
        for coord in coords.values():
            coord.attrs["units"] = energy_unit
        return maps.assign_coords(coords)
    known = maps.coords[axis.name].to_numpy()
    if not same_axis(known, axis.centres):
        raise FileFormatError(
            f"{where} has {axis.name} {axis.centres} {energy_unit}, the maps before it {known}; "
            "all maps need the same energies"
        )
    return maps
