"""Hashable keys of values, by which objects are compared."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, BaseRepresentationOrDifferential, SkyCoord
from astropy.time import Time

from .names import DISTANCE_UNIT, ENERGY_UNIT
from .variables import SED_TYPES

__all__ = ["value_key"]

# units of the keys, so that values in other units can be equal; other kinds are in base units
_UNITS = tuple(u.Unit(name) for name in (DISTANCE_UNIT, ENERGY_UNIT, SED_TYPES["dnde"].unit))


def value_key(value: Any) -> Hashable:
    """Make a key of a value: keys are equal where values are, and can be hashed.

    Parameters
    ----------
    value : object
        A number, text, array, Quantity, sky position, coordinate frame, time, region, astropy
        model, or a dataclass, mapping or sequence of such values. Any other object, such as a
        function, stands for itself.

    Returns
    -------
    hashable
        Quantities are equal if they are in one unit: degrees for angles, TeV for energies. So
        60 arcmin equal 1 deg. NaN equals NaN, and -0 equals 0. A region is compared by its
        parameters and its ``meta`` and ``visual``, an astropy model by its class, its parameters
        and its public attributes. The key of an object without a hash is only valid as long as
        the object lives.
    """
    for kinds, make in _KEYS:
        if isinstance(value, kinds):
            return make(value)
    if is_dataclass(value):
        return type(value), *(value_key(getattr(value, f.name)) for f in fields(value) if f.compare)
    if hasattr(value, "param_names"):
        return _model_key(value)
    if hasattr(value, "meta") and hasattr(value, "visual"):
        return _region_key(value)
    try:
        hash(value)
    except TypeError:
        return type(value), id(value)
    same: Hashable = value
    return same


def _quantity_key(value: u.Quantity) -> Hashable:
    unit = value.unit
    if isinstance(unit, u.UnitBase):  # not one of magnitudes or of structured values
        unit = next((one for one in _UNITS if unit.is_equivalent(one)), None) or _base(unit)
    return str(unit), _array_key(value.to_value(unit))


def _base(unit: u.UnitBase) -> u.UnitBase:
    """Unit of the same kind made of base units, without a factor."""
    found = unit.decompose()
    return u.CompositeUnit(1, found.bases, found.powers)


def _array_key(value: Any) -> Hashable:
    value = np.asarray(value)
    if value.dtype.kind not in "biuf":
        return value.shape, _sequence_key(value.ravel().tolist())
    numbers = value.astype(np.float64)
    return value.shape, np.where(np.isnan(numbers), np.nan, numbers + 0.0).tobytes()


def _number_key(value: float) -> Hashable:
    return value if value == value else "nan"


def _frame_key(frame: BaseCoordinateFrame) -> Hashable:
    names = sorted(frame.frame_attributes)
    attributes = tuple((name, value_key(getattr(frame, name))) for name in names)
    return frame.name, attributes, value_key(frame.spherical) if frame.has_data else None


def _representation_key(value: BaseRepresentationOrDifferential) -> Hashable:
    return type(value), *(value_key(getattr(value, name)) for name in value.components)


def _time_key(value: Time) -> Hashable:
    return value.scale, _array_key(value.jd1), _array_key(value.jd2)


def _mapping_key(value: Mapping[Any, Any]) -> Hashable:
    return frozenset((name, value_key(one)) for name, one in value.items())


def _sequence_key(value: Sequence[Any]) -> Hashable:
    return tuple(value_key(one) for one in value)


def _model_key(model: Any) -> Hashable:
    """Key of an astropy model: of both halves of a compound, else of parameters and attributes."""
    if hasattr(model, "left") and hasattr(model, "right"):
        return type(model), model.op, value_key(model.left), value_key(model.right)
    names = model.param_names
    parameters = [getattr(model, name) for name in names]
    values = [p.value if p.unit is None else p.quantity for p in parameters]
    others = {n: v for n, v in vars(model).items() if n not in names and not n.startswith("_")}
    return type(model), _sequence_key(values), _mapping_key(others)


def _region_key(region: Any) -> Hashable:
    """Key of an astropy region, of the arguments that make it."""
    arguments = inspect.signature(type(region)).parameters.values()
    names = [a.name for a in arguments if a.kind is not inspect.Parameter.VAR_KEYWORD]
    bounds = ("longitude_bounds", "latitude_bounds")  # of ranges that were turned to another frame
    known = [name for name in (*names, *bounds) if hasattr(region, name)]
    return type(region), _mapping_key({name: getattr(region, name) for name in known})


# in this order: the first kind that fits counts
_KEYS: tuple[tuple[Any, Callable[[Any], Hashable]], ...] = (
    (u.Quantity, _quantity_key),
    (SkyCoord, lambda coord: _frame_key(coord.frame)),
    (BaseCoordinateFrame, _frame_key),
    (BaseRepresentationOrDifferential, _representation_key),
    (Time, _time_key),
    (np.ndarray, _array_key),
    (str | bytes | type, lambda value: value),
    (np.generic, lambda number: value_key(number.item())),
    (float, _number_key),
    (Mapping, _mapping_key),
    (Set, lambda values: frozenset(map(value_key, values))),
    (Sequence, _sequence_key),
)
