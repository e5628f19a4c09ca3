"""Selection by coordinates, whose values may be Quantities, and by positions on the sky."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord

from ...exceptions import (
    InvalidDataError,
    InvalidOptionError,
    NotFoundError,
)
from ...schema.axes import ascending_values, pair_bins
from ...schema.names import LAT, LON, POSITION_ANGLE
from ...schema.options import suggests_options
from ...schema.stages import is_healpix
from ..world.frames import frame_from_attrs
from .cells import select_cells
from .longitudes import FULL_TURN, angles_between, nearest_indices, values_between
from .lookup_options import check_lookup_options, tolerance_in_unit
from .lookup_values import check_not_selected, numbers_in_unit
from .nearest import select_position
from .seams import unwrap_columns

__all__ = ["select"]

Data = TypeVar("Data", xr.Dataset, xr.DataArray)

# Degrees within which a position is the one that is asked for, as rounding is 1e-13. Ten times
# larger is still far below any pixel; ten times smaller changes nothing.
_EQUAL = 1e-9

_ANGLES = {LON: FULL_TURN, POSITION_ANGLE: FULL_TURN, LAT: None}  # and the turn that they repeat by


@suggests_options
def select(
    data: Data,
    indexers: Mapping[Hashable, Any] | None = None,
    *,
    position: SkyCoord | None = None,
    method: str | None = None,
    tolerance: Any = None,
    drop: bool = False,
    **by_name: Any,
) -> Data:
    """Select by coordinates, as `xarray.Dataset.sel`, with Quantities and positions on the sky.

    Longitudes and position angles are compared modulo 360 deg. A slice of them goes from the first
    to the second value by the shorter way round, and includes both.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Maps, binned data or a profile, or one map.
    indexers : dict, optional
        Values by coordinate name: Quantities, which are converted to the unit of the coordinate,
        slices of Quantities, or anything that `xarray.Dataset.sel` takes. A bin is selected by its
        centre, along the profile or by its ``lon`` or ``lat`` on the sky. In HEALPix, slices of
        ``lon`` and ``lat`` select the cells with their centres there.
    position : SkyCoord, optional
        In any frame. Of maps, the nearest pixel is selected, in HEALPix the cell that holds the
        position; of binned data and profiles the bin with the nearest centre, and of concentric
        rings the one that holds the position. Several positions (n,) give the dim ``position`` in
        maps.
    method, tolerance, drop
        As for `xarray.Dataset.sel`; a tolerance for values needs a method. For a position, or
        coordinates of one unit, `tolerance` may be a Quantity.
    **by_name
        The same as `indexers`, as keyword arguments.

    Returns
    -------
    xarray.Dataset or xarray.DataArray
        The selected part, with the same variables. If bins of a profile are selected, the same
        ones are along the second dim of its ``covariance``.

    Raises
    ------
    MissingVariableError
        If a Quantity is given for a coordinate that the data do not have, or a value for one that
        has a single value left.
    InvalidOptionError
        If a Quantity is of another kind than the coordinate, `position` comes together with ``lon``
        or ``lat``, or `method` or `tolerance` has no effect.
    NotFoundError
        As the KeyError of `xarray.Dataset.sel`; also if a position is off the map, or farther than
        `tolerance`.

    See Also
    --------
    xprofile.nearest : Select the bin that holds a value or a position.
    xprofile.to_units : Change units of coordinates and variables.
    xprofile.cutout : Cut maps out around a position.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> high = xprofile.select(maps, energy=slice(50 * u.GeV, None))
    >>> maps.sizes["energy"] > high.sizes["energy"]
    True
    >>> equator = xprofile.select(maps, lat=3 * u.arcmin, method="nearest")
    >>> equator.counts.dims
    ('energy', 'lon')
    >>> center = xprofile.select(maps, position=SkyCoord("17h45m40s", "-29d00m28s"))
    >>> center.counts.dims
    ('energy',)
    >>> west = xprofile.select(maps, lon=slice(358 * u.deg, 1 * u.deg))
    >>> float(west.lon.min()) < 0 < float(west.lon.max())
    True
    """
    wanted = dict(indexers or {}) | dict[Hashable, Any](by_name)
    check_lookup_options(wanted, position, method, tolerance)
    if position is not None:
        both = [name for name in (LON, LAT) if name in wanted]
        if both:
            raise InvalidOptionError(
                f"position and {both[0]} were given; give either the position or lon and lat"
            )
        data = select_position(data, position, tolerance if not wanted else None, drop)
    ranges = {str(name): wanted.pop(name) for name in _sky_ranges(data, wanted)}
    data = select_cells(data, ranges) if ranges else data
    numbers = {name: numbers_in_unit(value, data, name) for name, value in wanted.items()}
    if _is_pair_of_bins(data, numbers):
        data = _select_bins(data, numbers, method, tolerance, drop)
    for name in numbers:
        check_not_selected(data, name)
    looked_up = [k for k, value in numbers.items() if not isinstance(value, slice)]
    tolerance = tolerance_in_unit(
        tolerance, {k: str(data[k].attrs.get("units", "")) for k in looked_up if k in data.coords}
    )
    for name in [name for name in numbers if _is_angle(data, name)]:
        value = numbers.pop(name)
        if method not in (None, "nearest") and not isinstance(value, slice):
            raise InvalidOptionError(
                f"method={method!r} was given for {name}, which is an angle; use method='nearest'"
            )
        data = _select_angle(data, str(name), value, method, tolerance, drop)
    return pair_bins(_select_values(data, numbers, method, tolerance, drop) if numbers else data)


def _sky_ranges(data: xr.Dataset | xr.DataArray, wanted: Mapping[Hashable, Any]) -> list[Hashable]:
    """Names of the longitude and latitude by which cells of HEALPix are selected."""
    return [n for n in wanted if n in (LON, LAT) and n not in data.coords and is_healpix(data)]


def _select_values(
    data: Data, numbers: dict[Hashable, Any], method: str | None, tolerance: Any, drop: bool
) -> Data:
    """Select values of coordinates that are not angles, as `xarray.Dataset.sel` does."""
    for name in [name for name in numbers if not _ascends(data, name)]:
        _, order = ascending_values(data, str(name))  # raises for NaN and repeated values
        if isinstance(numbers[name], slice):
            data = _select_range(data, str(name), numbers.pop(name))
        else:
            data = data.isel({name: order})
    try:
        return data.sel(numbers, method=method, tolerance=tolerance, drop=drop) if numbers else data
    except KeyError as error:
        if any(name not in data.coords and name not in data.dims for name in numbers):
            raise  # a misspelt option, or an unknown coordinate
        shown = ", ".join(f"{name}={value!r}" for name, value in numbers.items())
        raise NotFoundError(f"nothing can be selected by {shown}: {error.args[0]}") from error


def _ascends(data: xr.Dataset | xr.DataArray, name: Hashable) -> bool:
    """Whether xarray finds values of a coordinate, as it needs them in order; True for texts."""
    coord = data.coords.get(name)
    if coord is None or coord.dims != (name,) or coord.dtype.kind not in "iuf":
        return True
    return bool(np.all(np.diff(coord.to_numpy()) > 0))


def _select_range(data: Data, name: str, wanted: slice) -> Data:
    """Select the values between two ends, in the order of the coordinate."""
    found = values_between(data[name].to_numpy(), wanted.start, wanted.stop)
    return data.isel({name: found[:: wanted.step]})


def _is_pair_of_bins(data: xr.Dataset | xr.DataArray, numbers: dict[Hashable, Any]) -> bool:
    """Whether both a longitude and a latitude of bins are given, as one value or as lists."""
    if not {LON, LAT} <= set(numbers) or not {LON, LAT} <= set(data.coords):
        return False
    both = [numbers[LON], numbers[LAT]]
    return (
        data[LON].ndim == 1
        and data[LON].dims == data[LAT].dims
        and not any(isinstance(value, slice | xr.DataArray) for value in both)
        and np.ndim(both[0]) == np.ndim(both[1]) <= 1
    )


def _select_bins(
    data: Data, numbers: dict[Hashable, Any], method: str | None, tolerance: Any, drop: bool
) -> Data:
    """Select bins by longitude and latitude together; these are taken out of `numbers`."""
    if method not in (None, "nearest"):
        raise InvalidOptionError(
            f"method={method!r} was given for lon and lat, which are angles; use method='nearest'"
        )
    lon, lat = (np.asarray(numbers.pop(name), dtype=float) for name in (LON, LAT))
    units = [u.Unit(data[name].attrs.get("units", "deg")) for name in (LON, LAT)]
    position = SkyCoord(lon * units[0], lat * units[1], frame=frame_from_attrs(data[LON].attrs))
    return select_position(data, position, _EQUAL if method is None else tolerance, drop)


def _is_angle(data: xr.Dataset | xr.DataArray, name: Hashable) -> bool:
    """Whether a coordinate is an angle on the sky along one dim, to be compared here."""
    if name not in _ANGLES or name not in data.coords or data[name].ndim != 1:
        return False
    return name != LAT or data[name].dims != (LAT,)  # xarray selects latitudes of maps itself


def _select_angle(
    data: Data, name: str, value: Any, method: str | None, tolerance: Any, drop: bool
) -> Data:
    """Select by an angle in the unit of its coordinate."""
    coord = data[name]
    dim, values = coord.dims[0], coord.to_numpy().astype(float)
    if isinstance(value, slice) and not np.isfinite(values).all():
        raise InvalidDataError(
            f"values of {name} are not finite: found {values}; correct them, or drop them"
        )
    unit = u.Unit(coord.attrs.get("units", "deg"))
    turn = _ANGLES[name] and (_ANGLES[name] * u.deg).to_value(unit)
    if isinstance(value, slice):
        if turn is None:
            found = values_between(values, value.start, value.stop)
        else:
            found = angles_between(values, value.start, value.stop, turn)
        return unwrap_columns(data, found, dim).isel({dim: slice(None, None, value.step)})
    if isinstance(value, np.ndarray) and value.dtype == bool:
        return data.isel({dim: value}, drop=drop)
    wanted = value.to_numpy() if isinstance(value, xr.DataArray) else np.asarray(value)
    found = nearest_indices(
        values, wanted, turn, exact=method is None, tolerance=tolerance, name=name
    )
    if isinstance(value, xr.DataArray):
        return data.isel({dim: value.copy(data=found)}, drop=drop)
    return data.isel({dim: found if found.ndim else int(found)}, drop=drop)
