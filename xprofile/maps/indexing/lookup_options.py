"""Checks of the options by which values are looked up: `method` and `tolerance`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import astropy.units as u
import numpy as np

from ...exceptions import InvalidOptionError

__all__ = ["check_lookup_options", "tolerance_in_unit"]

_METHODS = ("nearest", "pad", "ffill", "backfill", "bfill")  # of pandas


def check_lookup_options(
    wanted: Mapping[Hashable, Any], position: Any, method: Any, tolerance: Any
) -> None:
    """Raise if options have wrong values, or if nothing that is selected can use them.

    Parameters
    ----------
    wanted : dict
        Values to select by the name of the coordinate.
    position : SkyCoord or None
        Position to select.
    method, tolerance : object
        The options.

    Raises
    ------
    InvalidOptionError
        If they do.
    """
    if method is not None and method not in _METHODS:
        raise InvalidOptionError(f"method must be None or one of {_METHODS}, found {method!r}")
    values = [value for value in wanted.values() if not isinstance(value, slice)]
    if position is not None and not wanted:
        if method not in (None, "nearest"):
            raise InvalidOptionError(
                f"method={method!r} was given for a position, of which the nearest pixel or bin is "
                "selected; leave method out"
            )
        _check_tolerance(tolerance, u.deg)
    elif (method is not None or tolerance is not None) and not values:
        name = "method" if tolerance is None else "tolerance"
        raise InvalidOptionError(
            f"{name} was given, but no value to look up: slices have ends and need none; give a "
            "value, such as energy=0.1 * u.TeV, or leave it out"
        )
    elif tolerance is not None and method is None:
        raise InvalidOptionError(
            f"tolerance={tolerance!r} was given without a method, so values must be equal; give "
            "method='nearest' as well"
        )
    else:
        _check_tolerance(tolerance, None)


def _check_tolerance(tolerance: Any, unit: u.UnitBase | None) -> None:
    """Raise unless a tolerance is None or not negative; with a unit, it is one number or angle."""
    if tolerance is None:
        return
    try:
        given = u.Quantity(tolerance, dtype=float, subok=True)
        values = given.to_value(unit) if unit and isinstance(tolerance, u.Quantity) else given.value
    except (TypeError, ValueError, u.UnitConversionError):
        values = np.array(np.nan)
    if not np.all(values >= 0) or (unit and np.ndim(values)):
        kind = "one angle, such as 0.1 * u.deg" if unit else "a number or Quantity"
        raise InvalidOptionError(f"tolerance must be {kind}, of 0 or more, found {tolerance!r}")


def tolerance_in_unit(tolerance: Any, units: Mapping[Hashable, str]) -> Any:
    """Return a tolerance as a number in the unit of the coordinates that are looked up.

    Parameters
    ----------
    tolerance : object
        Quantity, which is converted, or anything else, which is returned as it is.
    units : dict
        Units of the coordinates by their names.

    Raises
    ------
    InvalidOptionError
        If the coordinates have several units, or one of another kind.
    """
    if not isinstance(tolerance, u.Quantity) or not units:
        return tolerance
    if len(set(units.values())) > 1:
        raise InvalidOptionError(
            f"tolerance={tolerance} cannot be that of {', '.join(map(str, units))}, which have the "
            f"units {', '.join(units.values())}; select them one after another"
        )
    try:
        return tolerance.to_value(next(iter(units.values())))
    except u.UnitConversionError:
        name, unit = next(iter(units.items()))
        raise InvalidOptionError(
            f"{name} is in {unit!r}, found tolerance={tolerance}; give a Quantity that can be "
            "converted"
        ) from None
