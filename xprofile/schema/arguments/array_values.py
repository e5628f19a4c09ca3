"""Arguments given as arrays of numpy, xarray and pandas, where functions take lists and numbers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

__all__ = ["with_plain_values"]

# annotations of parameters: names of which there can be several, quantities, numbers
_TEXTS = re.compile(r"\b(Collection|Sequence|Iterable)\[str\]")
_QUANTITY = re.compile(r"\bu\.Quantity\b|\bEnergyEdges\b")
_NUMBER = re.compile(r"\b(int|float)\b")
_ARRAY = re.compile(r"\bxr\.(DataArray|Dataset)\b")


def with_plain_values(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call with lists, quantities and numbers in the place of arrays.

    Parameters
    ----------
    function : callable
        The function. Annotations of its parameters say what it takes.
    args, kwargs
        Arguments of the call. Arrays of names become lists, DataArrays with the attribute ``units``
        and arrays of Quantities become a Quantity, and arrays without dims become numbers. Others,
        and those of parameters that take a DataArray, are returned as they are.
    """
    changes = _changes(function)
    names = _positional(function)
    plain = [
        _changed(value, changes[name]) if name in changes else value
        for name, value in zip(names, args, strict=False)
    ]
    options = {n: _changed(v, changes[n]) if n in changes else v for n, v in kwargs.items()}
    return (*plain, *args[len(plain) :]), options


@cache
def _positional(function: Callable[..., Any]) -> list[str]:
    """Names of the parameters that can be given by position."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [n for n, p in inspect.signature(function).parameters.items() if p.kind in kinds]


@cache
def _changes(function: Callable[..., Any]) -> dict[str, tuple[Callable[[Any], Any], ...]]:
    """Functions that change the values of each parameter."""
    found: dict[str, tuple[Callable[[Any], Any], ...]] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        text = str(parameter.annotation)
        pairs = ((_TEXTS, _names), (_QUANTITY, _quantity), (_NUMBER, _number))
        changes = tuple(change for pattern, change in pairs if pattern.search(text))
        if changes and not _ARRAY.search(text):
            found[name] = changes
    return found


def _changed(value: Any, changes: tuple[Callable[[Any], Any], ...]) -> Any:
    """Change a value, if it is an array or a list."""
    if isinstance(value, list | np.ndarray) or hasattr(value, "to_numpy"):
        for change in changes:
            value = change(value)
    return value


def _array(value: Any) -> np.ndarray[Any, Any] | None:
    """Values of a numpy array without unit, a DataArray, or a Series or Index of pandas."""
    if isinstance(value, np.ndarray):
        return None if hasattr(value, "unit") else value
    return None if isinstance(value, list) else np.asarray(value.to_numpy())


def _names(value: Any) -> Any:
    """List of the names in an array."""
    array = _array(value)
    return value if array is None else array.tolist()


def _quantity(value: Any) -> Any:
    """Quantity of values with a unit; others as they are."""
    import astropy.units as u  # here, so that ``import xprofile`` does not wait for astropy

    unit = getattr(value, "attrs", {}).get("units")
    array = _array(value)
    try:
        if array is not None and array.dtype.kind in "biuf":
            return u.Quantity(array, unit) if isinstance(unit, str) else value
        values = value if array is None else array.tolist()
        several = isinstance(values, list) and any(isinstance(one, u.Quantity) for one in values)
        return u.Quantity(values) if several else value
    except (TypeError, ValueError):  # the function tells of these in its own words
        return value


def _number(value: Any) -> Any:
    """Return the number in an array without dims; others as they are."""
    array = _array(value)
    return value if array is None or array.ndim else array.item()
