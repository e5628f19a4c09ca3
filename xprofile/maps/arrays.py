"""Arrays of maps: their units, their shapes, and the values of some of their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any, TypeVar

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidDataError, InvalidOptionError
from ..schema.variables import MAPS, data_array
from ..schema.written_units.parsing import as_unit, conversion_factor, without_events

__all__ = [
    "array_in_unit",
    "check_shape",
    "effective_areas",
    "exposure_array",
    "map_variable",
    "take_pixels",
]

T = TypeVar("T", bound=np.generic)


def array_in_unit(name: str, values: Any, unit: str = "") -> Any:
    """Return values without their unit: a Quantity converted, other arrays unchanged.

    Photons and counts are plain numbers.
    The result is a dask array if the values are one, else a numpy array.
    """
    if isinstance(values, u.Quantity):
        kept = without_events(values.unit)
        if kept is not values.unit:
            values = u.Quantity(values.value, kept, dtype=values.dtype, copy=False)
        try:
            return values.to_value(unit)
        except u.UnitConversionError as error:
            raise InvalidDataError(
                f"{name} has the unit {str(values.unit)!r}, expected one like {unit!r}; convert it "
                "or give the right array"
            ) from error
    values = values.data if isinstance(values, xr.DataArray) else values
    return values if hasattr(values, "__dask_graph__") else np.asarray(values)


def exposure_array(
    values: Any, unit: str | u.UnitBase | None, effective_area: Any = None, size: int = 1
) -> Any:
    """Return an exposure in cm2 s as floating-point numbers; single precision stays single.

    Parameters
    ----------
    values : Quantity or array_like
        Exposure, or a time if there is an effective area.
    unit : str, Unit or None
        Unit of values without one; the default is s for a time.
    effective_area : Quantity, optional
        Area by which the time is multiplied: one value, or one for each of the `size` energies.
    size : int
        Number of true energies.
    """
    if effective_area is None:
        return _in_unit(values, unit, MAPS["exposure"].unit)
    areas = effective_areas(effective_area)
    if areas.size not in (1, size):
        raise InvalidOptionError(
            f"effective_area has {areas.size} values, expected one, or one for each of {size} true "
            "energies"
        )
    times = _in_unit(values, unit or "s", "s")
    areas = areas.astype(times.dtype)
    if areas.size == 1:
        return times * areas[0]
    return times * (areas if times.ndim < 2 else areas[:, np.newaxis, np.newaxis])


def _in_unit(values: Any, unit: str | u.UnitBase | None, wanted: str) -> Any:
    """Return an exposure in a unit as floating-point numbers."""
    if isinstance(values, u.Quantity):
        values, unit = values.value, values.unit
    if unit is None:
        raise InvalidOptionError(
            f"exposure has no unit: multiply it with one, such as * u.Unit({wanted!r}), or give "
            f"exposure_unit={wanted!r}; a time needs effective_area="
        )
    try:
        factor = conversion_factor(as_unit(unit), u.Unit(wanted))
    except (ValueError, TypeError) as error:  # of another kind, or unknown
        remedy = "a time needs effective_area=" if wanted != "s" else "leave effective_area out"
        raise InvalidDataError(
            f"exposure has the unit {str(unit)!r}, expected one like {wanted!r}; {remedy}"
        ) from error
    values = array_in_unit("exposure", values)
    kind = values.dtype if values.dtype.kind == "f" else np.dtype(float)
    values = values.astype(kind, copy=False)
    return values if factor == 1 else values * kind.type(factor)


def effective_areas(area: Any) -> NDArray[np.float64]:
    """Return effective areas in cm2, (n,); one value gives n = 1.

    Raises
    ------
    InvalidOptionError
        If `area` is not a Quantity of areas that are finite and 0 or above.
    """
    expected = "one area with a unit, such as 500 * u.cm**2, or one for each true energy"
    try:
        values = np.atleast_1d(area.to_value("cm2")).astype(float)
    except (AttributeError, TypeError, u.UnitConversionError):
        raise InvalidOptionError(f"effective_area must be {expected}; found {area!r}") from None
    if values.ndim != 1 or not (np.isfinite(values) & (values >= 0)).all():
        raise InvalidOptionError(
            f"effective_area must be {expected}, finite and 0 or above; found {area!r}"
        )
    return values


def map_variable(name: str, values: Any, shape: tuple[int, int, int]) -> xr.Variable:
    """Make the variable of a map (n, nlat, nlon) from an array.

    The array has the shape of the map, or it is an image (nlat, nlon), one value for each energy
    (n,), or one value, and is broadcast. A mask becomes boolean.
    """
    if MAPS[name].kind == "all":
        values = values.astype(bool)
    if values.ndim == 1:
        check_shape(name, values, shape[:1])
        values = values[:, np.newaxis, np.newaxis]
    elif values.ndim == 2:
        if MAPS[name].kind == "sum" and shape[0] != 1:
            raise InvalidDataError(
                f"{name} has the shape {values.shape}, expected {shape} (energy, lat, lon): the "
                "share of an image that is in each energy is not known; give a cube"
            )
        check_shape(name, values, shape[1:])
        values = values[np.newaxis]
    elif values.ndim:
        check_shape(name, values, shape)
    if values.shape != shape:
        full = np.broadcast_to(values, shape)
        values = full.copy() if isinstance(full, np.ndarray) else full
    return data_array(name, values, MAPS)


def check_shape(name: str, values: Any, shape: Sequence[int]) -> None:
    """Raise unless an array has the shape; the message says how to get it.

    Raises
    ------
    InvalidDataError
        If the shape is another one.
    """
    expected = tuple(shape)
    if values.shape == expected:
        return
    orders = [
        order
        for order in permutations(range(values.ndim))
        if tuple(values.shape[i] for i in order) == expected
    ]
    if orders:
        remedy = f"turn it with np.transpose({name}, {orders[0]})"
    else:
        remedy = "check the energy edges, the WCS and the order of the axes"
    axes = ", ".join(
        MAPS[name].dims[:1] if len(expected) == 1 else MAPS[name].dims[-len(expected) :]
    )
    raise InvalidDataError(
        f"{name} has the shape {values.shape}, expected {expected} ({axes}); {remedy}"
    )


def take_pixels(block: NDArray[T], inside: NDArray[np.intp]) -> NDArray[T]:
    """Values of a block at ascending flat indices; a view if these are all of its pixels."""
    values = block.reshape(-1)
    return values if inside.size == values.size else values[inside]
