"""Cells of HEALPix maps by their positions: the one of a position, or those in a range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError, NotFoundError
from ...schema.names import CELL, LAT
from ..healpix.coords import decode_healpix
from ..sphere import fixed_positions
from .longitudes import FULL_TURN, angles_between, values_between

__all__ = ["cells_at", "select_cells"]

Data = TypeVar("Data", xr.Dataset, xr.DataArray)
Float = NDArray[np.float64]
Int = NDArray[np.int64]

# Cells whose positions are calculated together: affects memory and speed alone.
_BLOCK = 1 << 20


def cells_at(data: xr.Dataset | xr.DataArray, places: SkyCoord, limit: float | None) -> Int:
    """Return the places along ``cell`` of the cells that hold positions (n,).

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Maps in HEALPix, or one map.
    places : SkyCoord
        Positions, (n,).
    limit : float or None
        Largest distance in degrees to the centre of the cell. With it, positions off the map have
        the cell with the nearest centre.

    Raises
    ------
    NotFoundError
        If a position has no such cell.
    """
    grid = decode_healpix(data)
    found = grid.find_pixels(places)
    if limit is not None:
        beyond = np.flatnonzero(found < 0)
        target = places.transform_to(grid.frame).cartesian.xyz.value
        best = np.full(beyond.size, -np.inf)
        starts = range(0, grid.shape[1] if beyond.size else 0, _BLOCK)
        for cells in (np.arange(s, min(s + _BLOCK, grid.shape[1])) for s in starts):
            near = target[:, beyond].T @ grid.pixel_vectors(cells)
            cosine, place = near.max(axis=1), near.argmax(axis=1)
            found[beyond] = np.where(cosine > best, cells[place], found[beyond])
            best = np.maximum(best, cosine)
        lon, lat = grid.pixel_positions(found)
        centers = fixed_positions(SkyCoord(lon, lat, unit="deg", frame=grid.frame))
        found = np.where(centers.separation(places).deg <= limit, found, -1)
    if np.any(found < 0):
        one = places[found < 0][0].to_string("decimal")
        how = "is off the map" if limit is None else f"has no cell within {limit:g} deg"
        raise NotFoundError(
            f"the position {one} ({places.frame.name}) {how}; select a position on the map, or the "
            "nearest cell within tolerance=..."
        )
    return found


def select_cells(data: Data, wanted: Mapping[str, Any]) -> Data:
    """Select the cells whose centres are in ranges of longitude and latitude.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Maps in HEALPix, or one map.
    wanted : dict
        Slices of ``lon`` and ``lat``, in degrees or as Quantities, in the frame of the maps.

    Raises
    ------
    InvalidOptionError
        If they are not slices of angles.
    """
    ranges = {name: _ends(name, value) for name, value in wanted.items()}
    grid = decode_healpix(data)
    parts = []
    for start in range(0, grid.shape[1], _BLOCK):
        cells = np.arange(start, min(start + _BLOCK, grid.shape[1]))
        for name, (low, high) in ranges.items():
            angles = grid.pixel_positions(cells)[name == LAT]
            if name == LAT:
                inside = values_between(angles, low, high)
            else:
                inside = np.sort(angles_between(angles, low, high, FULL_TURN))
            cells = cells[inside]
        parts.append(cells)
    return data.isel({CELL: np.concatenate(parts)})


def _ends(name: str, value: Any) -> tuple[float | None, float | None]:
    """Ends of a slice in degrees."""
    if not isinstance(value, slice) or value.step is not None:
        raise InvalidOptionError(
            f"{name} of maps in HEALPix must be a slice of angles without a step, such as "
            f"slice(-5 * u.deg, 5 * u.deg), found {value!r}; select one cell with "
            "position=SkyCoord(...)"
        )
    ends = (value.start, value.stop)
    try:
        low, high = (None if end is None else float(u.Quantity(end, u.deg).value) for end in ends)
    except (TypeError, ValueError, u.UnitConversionError) as error:
        raise InvalidOptionError(f"{name} must be a slice of angles, found {value!r}") from error
    return low, high
