"""Selection by coordinates whose values may be Quantities."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr

from ..exceptions import InvalidOptionError, MissingVariableError
from .options import suggests_options

__all__ = ["select"]


@suggests_options
def select(
    data: xr.Dataset,
    indexers: Mapping[Hashable, Any] | None = None,
    *,
    method: str | None = None,
    tolerance: Any = None,
    drop: bool = False,
    **by_name: Any,
) -> xr.Dataset:
    """Select by coordinates, as `xarray.Dataset.sel`, with Quantities for values and slices.

    Parameters
    ----------
    data : xarray.Dataset
        Maps, binned data or a profile.
    indexers : dict, optional
        Values by coordinate name: Quantities, which are converted to the unit of the coordinate,
        slices of Quantities, or anything that `xarray.Dataset.sel` takes. A bin is selected by its
        centre.
    method, tolerance, drop
        As for `xarray.Dataset.sel`. With a single coordinate, `tolerance` may be a Quantity.
    **by_name
        The same as `indexers`, as keyword arguments.

    Returns
    -------
    xarray.Dataset
        The selected part, with the same variables.

    Raises
    ------
    MissingVariableError
        If a Quantity is given for a coordinate that the data do not have.
    InvalidOptionError
        If a Quantity is of another kind than the coordinate.
    KeyError
        As `xarray.Dataset.sel`.

    See Also
    --------
    xprofile.to_units : Change units of coordinates and variables.
    xprofile.cutout : Cut maps out around a position.

    Examples
    --------
    >>> import astropy.units as u
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> high = xprofile.select(maps, energy=slice(50 * u.GeV, None))
    >>> maps.sizes["energy"], high.sizes["energy"]
    (11, 6)
    >>> equator = xprofile.select(maps, lat=3 * u.arcmin, method="nearest")
    >>> equator.counts.dims
    ('energy', 'lon')
    """
    wanted = dict(indexers or {}) | dict[Hashable, Any](by_name)
    numbers = {name: _numbers(value, data, name) for name, value in wanted.items()}
    if isinstance(tolerance, u.Quantity) and len(wanted) == 1:
        tolerance = _numbers(tolerance, data, next(iter(wanted)))
    return data.sel(numbers, method=method, tolerance=tolerance, drop=drop)


def _numbers(value: Any, data: xr.Dataset, name: Hashable) -> Any:
    """Convert Quantities to numbers in the unit of a coordinate; leave other values as they are."""
    if isinstance(value, slice):
        start, stop = (_numbers(end, data, name) for end in (value.start, value.stop))
        return slice(start, stop, value.step)
    if isinstance(value, list | tuple) and any(isinstance(one, u.Quantity) for one in value):
        return np.array([_numbers(one, data, name) for one in value])
    if not isinstance(value, u.Quantity):
        return value
    if name not in data.coords:
        raise MissingVariableError(
            f"the data have no coordinate {name!r}; they have {list(data.coords)}"
        )
    unit = data[name].attrs.get("units", "")
    try:
        return value.to_value(unit)
    except u.UnitConversionError:
        raise InvalidOptionError(
            f"{name} is in {unit!r}, found {value}; give a Quantity that can be converted"
        ) from None
