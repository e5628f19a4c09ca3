"""Types of arguments, as the annotations of public functions name them."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from ...exceptions import UnusableInputError

__all__ = ["check_types", "cut_text", "value_text"]


class _Type(NamedTuple):
    """One type in annotations: its name for people, its classes, and when it is checked."""

    text: str
    classes: tuple[type, ...]
    always: bool  # before each call; otherwise only to explain a call that failed


@cache
def _known_types() -> dict[str, _Type]:
    """Types by the text of the annotation.

    Numbers, texts, quantities, lists and dicts are not checked before a call: functions check them
    in their own words, and take what can be converted, such as a list of Quantities.
    """
    import astropy.units as u  # here, so that ``import xprofile`` does not wait for astropy
    from astropy.coordinates import SkyCoord

    data = _Type("a Dataset or DataArray", (xr.Dataset, xr.DataArray), True)
    unit = _Type("a unit", (u.UnitBase,), False)
    return {
        "None": _Type("None", (type(None),), True),
        "bool": _Type("True or False", (bool, np.bool_), True),
        "str": _Type("a text", (str,), False),
        "Literal": _Type("a text", (str,), False),
        "StrPath": _Type("a path", (str, os.PathLike), True),
        "Mapping": _Type("a dict", (Mapping,), False),
        "xr.Dataset": _Type("a Dataset", (xr.Dataset,), True),
        "xr.DataArray": _Type("a DataArray", (xr.DataArray,), True),
        "Map": data,
        "Data": data,
        "Sequence": _Type("a list", (Sequence, Iterator, np.ndarray), False),
        "Collection": _Type("a list", (Collection,), False),
        "Iterable": _Type("a list", (Iterable,), False),
        "int": _Type("an integer", (Integral,), False),
        "float": _Type("a number", (Real,), False),
        "u.Quantity": _Type("a Quantity", (u.Quantity,), False),
        "u.Unit": unit,
        "u.UnitBase": unit,
        "SkyCoord": _Type("a SkyCoord", (SkyCoord,), False),
        "np.random.Generator": _Type("a numpy Generator", (np.random.Generator,), False),
    }


def check_types(
    function: Callable[..., Any], given: Mapping[str, Any], *, failed: Exception | None = None
) -> None:
    """Raise if arguments have other types than a function's annotations name.

    Parameters
    ----------
    function : callable
        The function.
    given : dict
        Its arguments by name. Those with other annotations than the table has are not checked.
    failed : Exception, optional
        Error of a failed call. If it is given, all arguments are checked, to explain it.

    Raises
    ------
    UnusableInputError
        If an argument has another type.
    """
    for name, types in (_parameter_types if failed else _types_before)(function).items():
        if name in given and not any(_has_type(given[name], one) for one in types):
            value = given[name]
            *others, last = [one.text for one in types]
            expected = f"{', '.join(others)} or {last}" if others else last
            raise UnusableInputError(
                f"{name} must be {expected}, found {value_text(value)}"
            ) from failed


def _has_type(value: Any, kind: _Type) -> bool:
    if isinstance(value, bool | np.bool_) and bool not in kind.classes:
        return False
    return isinstance(value, kind.classes)


@cache
def _parameter_types(function: Callable[..., Any]) -> dict[str, tuple[_Type, ...]]:
    """Types of the parameters whose annotations have only types of the table."""
    found, known = {}, _known_types()
    for name, parameter in inspect.signature(function).parameters.items():
        parts = _parts(str(parameter.annotation))
        by_name = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if by_name and all(part in known for part in parts):
            found[name] = tuple(dict.fromkeys(known[part] for part in parts))
    return found


@cache
def _types_before(function: Callable[..., Any]) -> dict[str, tuple[_Type, ...]]:
    """Types of the parameters that are checked before each call."""
    types = _parameter_types(function)
    return {name: found for name, found in types.items() if all(one.always for one in found)}


def _parts(annotation: str) -> list[str]:
    """Types of a union, without their parameters in brackets."""
    while "[" in annotation and "]" in annotation:
        end = annotation.index("]")
        start = annotation.rindex("[", 0, end)
        annotation = annotation[:start] + annotation[end + 1 :]
    return [part.strip() for part in annotation.split("|")]


# Characters of a value in a message, enough for a short array or path. Ten times larger, the text
# of a Dataset would bury the message.
_LONGEST = 120


def value_text(value: Any) -> str:
    """Text of a value on one line."""
    try:
        return cut_text(repr(value))
    except Exception:  # a value that cannot even be shown must not hide the error
        return f"an object of the type {type(value).__name__}"


def cut_text(text: str) -> str:
    """Text on one line, cut where it is long."""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
