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
from ..schema.names import ENERGY, ENERGY_TRUE, LAT, LON, RAD
from ..schema.number_checks import is_used
from ..schema.variables import MAPS, data_array
from ..schema.written_units.parsing import (
    as_unit,
    conversion_factor,
    named_unit,
    without_events,
)

__all__ = [
    "array_in_unit",
    "check_shape",
    "effective_areas",
    "exposure_array",
    "map_variable",
    "take_pixels",
]

T = TypeVar("T", bound=np.generic)
_ORDER = (ENERGY_TRUE, ENERGY, RAD, LAT, LON)  # of the dims in each variable of maps


def array_in_unit(name: str, values: Any, unit: str = "") -> Any:
    """Return numbers without their unit: a Quantity converted, other arrays unchanged.

    Photons and counts are plain numbers. A DataArray may have its dims in any order if they are
    those of maps, and its unit among its attributes.
    The result is a dask array if the values are one, else a numpy array.

    Raises
    ------
    InvalidDataError
        If the values are not numbers, some of them are masked, or they have another unit.
    """
    if isinstance(values, xr.DataArray):
        return _from_dataarray(name, values, unit)
    _check_not_masked(name, values)
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
    if not hasattr(values, "__dask_graph__"):
        try:
            found = np.asarray(values)
        except ValueError:
            raise InvalidDataError(
                f"{name} has rows of different lengths; expected an array (energy, lat, lon)"
            ) from None
        return _check_numbers(name, values, found)
    return _check_numbers(name, values, values)


def _from_dataarray(name: str, array: xr.DataArray, unit: str) -> Any:
    """Return the numbers of a DataArray in a unit, with dims of maps in their usual order."""
    if set(array.dims) <= set(_ORDER):
        array = array.transpose(*(dim for dim in _ORDER if dim in array.dims))
    values, text = array_in_unit(name, array.data, unit), named_unit(array.attrs.get("units"))
    if text is None or isinstance(array.data, u.Quantity):
        return values
    try:
        factor = conversion_factor(as_unit(text), u.Unit(unit))
    except (ValueError, TypeError) as error:  # of another kind, or unknown
        raise InvalidDataError(
            f"{name} has the unit {text!r} among its attributes, expected one like {unit!r}; "
            "convert it, or correct the attribute 'units'"
        ) from error
    return values if factor == 1 else values * factor


def _check_not_masked(name: str, values: Any) -> None:
    """Raise if some values are masked: they would be used like all others."""
    number = np.count_nonzero(getattr(values, "mask", False))
    if number:
        raise InvalidDataError(
            f"{name} is a masked array in which {number} values are masked; fill them, for example "
            f"{name}.filled(0), and give mask=, which is True where pixels are used"
        )


def _check_numbers(name: str, given: Any, values: Any) -> Any:
    """Return an array if its values are real numbers or booleans."""
    if values.dtype.kind in "biuf":
        return values
    found = f"{given!r}" if isinstance(given, str) else f"{type(given).__name__} of {values.dtype}"
    raise InvalidDataError(
        f"{name} must be an array of real numbers, found {found}; open_maps reads files, and "
        "hdu.data is the array of an HDU"
    )


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
        _check_not_masked("exposure", values)
        values, unit = values.value, values.unit
    if isinstance(values, xr.DataArray):
        unit = named_unit(values.attrs.get("units")) if unit is None else unit
        values = values.copy(deep=False)
        values.attrs = {}  # or the unit would be looked at once more
    if unit is None:
        array_in_unit("exposure", values)  # raises first if these are not numbers
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
        values = is_used(values)
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
