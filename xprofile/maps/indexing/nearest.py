"""The pixel or the bin nearest to a position on the sky."""

from __future__ import annotations

from typing import Any, TypeVar

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ...exceptions import (
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
    NotFoundError,
)
from ...schema.names import (
    CELL,
    DISTANCE,
    DISTANCE_UNIT,
    LAT,
    LON,
    REGION,
    WCS_NAME,
    high,
    low,
)
from ...schema.stages import is_healpix
from ...schema.units import values_in_unit
from ..sphere import fixed_positions
from ..wcs import pixel_grid
from ..world.frames import frame_from_attrs
from .cells import cells_at

__all__ = ["select_position"]

Data = TypeVar("Data", xr.Dataset, xr.DataArray)
Int = NDArray[np.intp]

# Pixels or degrees within which places are equally near: above the rounding of WCS and frames, and
# far below any pixel. Ten times larger or smaller changes nothing.
_TIE = 1e-9

POSITION = "position"  # dim of several positions in maps

# Degrees within which centres are the same: above the rounding of positions and far below any
# pixel. Ten times larger or smaller changes nothing.
_CONCENTRIC = 1e-9


def select_position(data: Data, position: SkyCoord, tolerance: Any, drop: bool) -> Data:
    """Select the pixel of maps, or the bin, nearest to a position.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Maps, binned data or a profile, or one map.
    position : SkyCoord
        Scalar or (n,), in any frame.
    tolerance : Quantity or float or None
        Largest distance, in deg if it has no unit.
    drop : bool
        Whether scalar coordinates are left out.

    Raises
    ------
    InvalidOptionError
        If `position` is not a SkyCoord of this shape.
    NotFoundError
        If the nearest pixel or bin is too far away.
    """
    if not isinstance(position, SkyCoord) or position.ndim > 1:
        found = type(position).__name__
        raise InvalidOptionError(
            f"position must be a SkyCoord, a single one or a list of them, found {found}"
        )
    limit = None if tolerance is None else u.Quantity(tolerance, u.deg).to_value(u.deg)
    places = fixed_positions(position.reshape(-1), "position")
    if {LAT, LON} <= set(data.dims) and WCS_NAME in data.coords:
        rows, columns = _nearest_pixels(data, places, limit)
        if position.isscalar:
            return data.isel({LAT: int(rows[0]), LON: int(columns[0])}, drop=drop)
        return data.isel(
            {LAT: xr.DataArray(rows, dims=POSITION), LON: xr.DataArray(columns, dims=POSITION)},
            drop=drop,
        )
    if is_healpix(data):
        cells = cells_at(data, places, limit)
        where = int(cells[0]) if position.isscalar else xr.DataArray(cells, dims=POSITION)
        return data.isel({CELL: where}, drop=drop)
    dim, numbers = _nearest_bins(data, places, limit)
    return data.isel({dim: int(numbers[0]) if position.isscalar else numbers}, drop=drop)


def _nearest_pixels(
    data: xr.Dataset | xr.DataArray, places: SkyCoord, limit: float | None
) -> tuple[Int, Int]:
    """Rows and columns of the nearest pixels of positions (n,)."""
    grid = pixel_grid(data)
    x, y = grid.pixel(places)
    known = np.isfinite(x) & np.isfinite(y)
    columns = _first_nearest(np.abs(np.where(known, x, 0)[:, None] - grid.x), grid.x)
    rows = _first_nearest(np.abs(np.where(known, y, 0)[:, None] - grid.y), grid.y)
    if limit is None:
        near = known & (np.abs(x - grid.x[columns]) <= 0.5) & (np.abs(y - grid.y[rows]) <= 0.5)
    else:
        lon, lat = grid.lonlat(grid.x[columns], grid.y[rows])
        pixels = fixed_positions(SkyCoord(lon, lat, unit="deg", frame=grid.frame))
        near = known & (pixels.separation(places).deg <= limit)
    if not near.all():
        one = places[~near][0].to_string("decimal")
        how = "is off the map" if limit is None else f"has no pixel within {limit:g} deg"
        raise NotFoundError(
            f"the position {one} ({places.frame.name}) {how}; select a position on the map, or the "
            "nearest pixel within tolerance=..."
        )
    return rows, columns


def _nearest_bins(
    data: xr.Dataset | xr.DataArray, places: SkyCoord, limit: float | None
) -> tuple[str, Int]:
    """Dim of the bins, and the numbers of the bins with the nearest centres to positions (n,)."""
    lost = [name for name in (LON, LAT) if name not in data.coords]
    if lost or data[LON].ndim != 1 or data[LON].dims != data[LAT].dims:
        raise MissingVariableError(
            "the data have no pixels (lat, lon, wcs) and no bins with the coordinates lon and lat, "
            f"so they cannot be selected by position; they have {list(data.coords)}"
        )
    dim = str(data[LON].dims[0])
    attrs = data[LON].attrs
    if "frame" not in attrs:
        raise InvalidDataError("the coordinate lon has no attribute 'frame', such as 'galactic'")
    frame = frame_from_attrs(attrs)
    lon, lat = (values_in_unit(data[name], name, DISTANCE_UNIT) for name in (LON, LAT))
    centers = fixed_positions(SkyCoord(lon, lat, unit=DISTANCE_UNIT, frame=frame))
    apart = places[:, None].separation(centers).deg
    if centers.size > 1 and np.all(centers[0].separation(centers).deg < _CONCENTRIC):
        numbers, apart = _rings_of(data, dim, apart[:, 0])
    else:
        numbered = dim in data.coords and data[dim].dtype.kind in "iuf"
        numbers = _first_nearest(apart, data[dim].to_numpy() if numbered else np.zeros(0))
        apart = np.take_along_axis(apart, numbers[:, None], axis=1)[:, 0]
    if not np.all(np.isfinite(apart)):
        raise NotFoundError(
            "some positions or centres of bins are NaN, so no bin is the nearest one"
        )
    if limit is not None and np.any(apart > limit):
        raise NotFoundError(f"no bin within {limit:g} deg of every position; enlarge the tolerance")
    return dim, numbers


def _first_nearest(apart: NDArray[np.float64], values: NDArray[Any]) -> Int:
    """Numbers of the nearest of some places (n, m); of equally near ones, that of the least value.

    So the answer does not hang on the order of the places, nor on rounding.
    """
    order = np.argsort(values, kind="stable") if values.size else np.arange(apart.shape[1])
    nearest = apart.min(axis=1, keepdims=True)
    return np.asarray(order[np.argmax((apart <= nearest + _TIE)[:, order], axis=1)])


def _rings_of(
    data: xr.Dataset | xr.DataArray, dim: str, separation: NDArray[np.float64]
) -> tuple[Int, NDArray[np.float64]]:
    """Numbers of concentric rings nearest to some separations from their centre, and how far."""
    texts = data[REGION].to_numpy().astype(str) if REGION in data.coords else np.array([""])
    kinds = {text.split(";")[-1].split("(")[0] for text in texts.tolist()}
    if dim != DISTANCE or not kinds <= {"circle", "annulus"} or low(dim) not in data.coords:
        raise InvalidOptionError(
            "all bins have one centre, and are not circular rings, so the nearest one is not "
            f"known; select by {dim}"
        )
    edges = (low(dim), high(dim))
    lower, upper = (values_in_unit(data[edge], edge, DISTANCE_UNIT) for edge in edges)
    beyond = np.maximum(lower - separation[:, None], separation[:, None] - upper)
    inside = (separation[:, None] >= lower) & (separation[:, None] < upper)
    apart = np.where(inside, 0, np.maximum(beyond, 0) + 1e-15)
    numbers = apart.argmin(axis=1)
    return numbers, np.take_along_axis(apart, numbers[:, None], axis=1)[:, 0]
