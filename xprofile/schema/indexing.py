"""Selections by coordinates, with Quantities."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr

from ..exceptions import InvalidOptionError, MissingVariableError

__all__ = ["select"]


def select(
    data: xr.Dataset,
    indexers: Mapping[Hashable, Any] | None = None,
    *,
    method: str | None = None,
    tolerance: Any = None,
    drop: bool = False,
    **by_name: Any,
) -> xr.Dataset:
    """Select by coordinates as `xarray.Dataset.sel` does, with Quantities for values and slices.

    Parameters
    ----------
    data : xarray.Dataset
        Maps, binned data or a profile.
    indexers : dict, optional
        Values of coordinates: Quantities, which are converted to the unit of the coordinate,
        slices of them, or whatever `xarray.Dataset.sel` takes. A bin is where its centre is.
    method, tolerance, drop
        As for `xarray.Dataset.sel`; `tolerance` may be a Quantity if there is one coordinate.
    **by_name
        The same as `indexers`, as keyword arguments.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    MissingVariableError
        If a Quantity is given for what is no coordinate.
    InvalidOptionError
        If it has no value in the unit of the coordinate.
    KeyError
        As `xarray.Dataset.sel`.

    Examples
    --------
    >>> import astropy.units as u
    >>> from xprofile import select
    >>> select(profile, energy=slice(50 * u.GeV, None))  # doctest: +SKIP
    >>> select(profile, projected_distance=30 * u.arcmin, method="nearest")  # doctest: +SKIP
    """
    wanted = dict(indexers or {}) | dict[Hashable, Any](by_name)
    numbers = {name: _numbers(value, data, name) for name, value in wanted.items()}
    if isinstance(tolerance, u.Quantity) and len(wanted) == 1:
        tolerance = _numbers(tolerance, data, next(iter(wanted)))
    return data.sel(numbers, method=method, tolerance=tolerance, drop=drop)


def _numbers(value: Any, data: xr.Dataset, name: Hashable) -> Any:
    """Numbers in the unit of a coordinate, if the value has one of its own."""
    if isinstance(value, slice):
        start, stop = (_numbers(end, data, name) for end in (value.start, value.stop))
        return slice(start, stop, value.step)
    if isinstance(value, list | tuple) and any(isinstance(one, u.Quantity) for one in value):
        return np.array([_numbers(one, data, name) for one in value])
    if not isinstance(value, u.Quantity):
        return value
    if name not in data.coords:
        raise MissingVariableError(
            f"there is no coordinate {name!r}; there are {list(data.coords)}"
        )
    unit = data[name].attrs.get("units", "")
    try:
        return value.to_value(unit)
    except u.UnitConversionError:
        raise InvalidOptionError(
            f"{name} is in {unit!r}, found {value}; give a Quantity of this kind"
        ) from None
