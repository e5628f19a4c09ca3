"""Values to look up along a coordinate, as numbers in its unit."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr

from ...exceptions import InvalidOptionError, MissingVariableError
from ...schema.names import LAT, LON

__all__ = ["check_not_selected", "numbers_in_unit"]


def check_not_selected(data: xr.Dataset | xr.DataArray, name: Hashable) -> None:
    """Raise if a coordinate has one value and no dim, as after a selection.

    Raises
    ------
    MissingVariableError
        If it has.
    """
    if name in data.coords and data[name].ndim == 0 and name not in data.dims:
        unit = str(data[name].attrs.get("units", ""))
        raise MissingVariableError(
            f"nothing can be selected by {name}: the data have a single one, "
            f"{data[name].to_numpy()} {unit}".rstrip()
            + f", and no dim {name}; leave it out"
        )


def numbers_in_unit(value: Any, data: xr.Dataset | xr.DataArray, name: Hashable) -> Any:
    """Convert Quantities to numbers in the unit of a coordinate; leave other values as they are."""
    if isinstance(value, slice):
        start, stop = (numbers_in_unit(end, data, name) for end in (value.start, value.stop))
        return slice(start, stop, value.step)
    if isinstance(value, list | tuple) and any(isinstance(one, u.Quantity) for one in value):
        return np.array([numbers_in_unit(one, data, name) for one in value])
    if not isinstance(value, u.Quantity) and name not in (LON, LAT):
        if isinstance(value, str) and name in data.coords and data[name].dtype.kind in "iuf":
            raise InvalidOptionError(
                f"{name} must be a number or Quantity, found {value!r}; give one such as "
                f"{float(data[name].to_numpy().flat[0]) if data[name].size else 1:.4g} * "
                f"u.Unit({str(data[name].attrs.get('units', ''))!r})"
            )
        return value
    if name not in data.coords:
        hint = "; select pixels with position=SkyCoord(...)" if name in (LON, LAT) else ""
        raise MissingVariableError(
            f"the data have no coordinate {name!r}; they have {list(data.coords)}{hint}"
        )
    if not isinstance(value, u.Quantity):
        return _checked_angle(name, value)
    unit = data[name].attrs.get("units", "")
    try:
        return value.to_value(unit)
    except u.UnitConversionError:
        raise InvalidOptionError(
            f"{name} is in {unit!r}, found {value}; give a Quantity that can be converted"
        ) from None


def _checked_angle(name: Hashable, value: Any) -> Any:
    """Return a longitude or latitude without a unit, or a mask; raise if it is something else."""
    if value is None or np.asarray(value).dtype.kind in "biuf":
        return value
    raise InvalidOptionError(
        f"{name} must be numbers or Quantities, found {value!r}; give one such as 1.5 * u.deg"
    )
