"""Arrays as maps: without their unit, in full shape, or told what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr

from ..exceptions import InvalidDataError, InvalidOptionError
from ..schema.variables import MAPS, data_array

__all__ = ["cube", "exposure_array", "plain_array", "shaped"]

# sums over pixels and energies: what an image of these has in each energy is not known
_SUMS = ("counts", "background", "counts_off")


def plain_array(name: str, values: Any, unit: str = "") -> Any:
    """Values without their unit; dask arrays and numpy arrays as they are."""
    if isinstance(values, u.Quantity):
        try:
            return values.to_value(unit)
        except u.UnitConversionError as error:
            raise InvalidDataError(
                f"{name} has the unit {str(values.unit)!r}, expected one like {unit!r}; convert it "
                "or give the right array"
            ) from error
    values = values.data if isinstance(values, xr.DataArray) else values
    return values if hasattr(values, "__dask_graph__") else np.asarray(values)


def exposure_array(values: Any, unit: str | u.UnitBase | None) -> Any:
    """Exposure in cm2 s, floating-point numbers of the precision that it has."""
    wanted = MAPS["exposure"].unit
    if isinstance(values, u.Quantity):
        values, unit = values.value, values.unit
    if unit is None:
        raise InvalidOptionError(
            f"exposure has no unit: multiply it with one, such as * u.Unit({wanted!r}), or give "
            f"exposure_unit={wanted!r}"
        )
    try:
        factor = u.Unit(unit).to(wanted)
    except (ValueError, TypeError) as error:  # of another kind, or none that astropy knows
        raise InvalidDataError(
            f"exposure has the unit {str(unit)!r}, expected one like {wanted!r}"
        ) from error
    values = plain_array("exposure", values)
    kind = values.dtype if values.dtype.kind == "f" else np.dtype(float)
    values = values.astype(kind, copy=False)
    return values if factor == 1 else values * kind.type(factor)


def cube(name: str, values: Any, shape: tuple[int, int, int]) -> xr.Variable:
    """Make a map (n, nlat, nlon) of an array of that shape, or of one that is broadcast to it."""
    if values.ndim == 1:
        values = shaped(name, values, shape[:1])[:, np.newaxis, np.newaxis]
    elif values.ndim == 2:
        if name in _SUMS and shape[0] != 1:
            raise InvalidDataError(
                f"{name} has the shape {values.shape}, expected {shape} (energy, lat, lon): what "
                "an image has in each energy is not known; give a cube"
            )
        values = shaped(name, values, shape[1:])[np.newaxis]
    elif values.ndim:
        values = shaped(name, values, shape)
    if values.shape != shape:
        full = np.broadcast_to(values, shape)
        values = full.copy() if isinstance(full, np.ndarray) else full
    return data_array(name, values, MAPS)


def shaped(name: str, values: Any, shape: Sequence[int]) -> Any:
    """Return values if they have a shape, else say how to get it."""
    expected = tuple(shape)
    if values.shape == expected:
        return values
    orders = [
        order
        for order in permutations(range(values.ndim))
        if tuple(values.shape[i] for i in order) == expected
    ]
    if orders:
        mend = f"turn it with np.transpose({name}, {orders[0]})"
    else:
        mend = "look at the energy edges, the WCS and the order of its axes"
    axes = ", ".join(
        MAPS[name].dims[:1] if len(expected) == 1 else MAPS[name].dims[-len(expected) :]
    )
    raise InvalidDataError(
        f"{name} has the shape {values.shape}, expected {expected} ({axes}); {mend}"
    )
