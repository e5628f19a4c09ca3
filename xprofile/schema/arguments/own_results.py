"""Results that share no memory with the arguments of a call."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Set
from typing import Any

import numpy as np
import xarray as xr

from ...exceptions import InvalidDataError

__all__ = ["own_result"]

# types of attributes that cannot change, and so need no copy
_FIXED = (str, bytes, int, float, bool, np.generic, type(None))


def own_result(result: Any, arguments: Any) -> Any:
    """Return a result that a caller may change, without a change of the arguments.

    Parameters
    ----------
    result : object
        Result of a call: a Dataset, DataArray, array or Quantity. Others are returned as they are.
    arguments : object
        Arguments of the call, in lists, tuples and mappings.

    Returns
    -------
    object
        The same values. Arrays that have memory in common with an argument, or that cannot be
        changed, are copied, and so are attributes and encodings. Chunks and data that are still in
        a file are not read.
    """
    if not isinstance(result, xr.Dataset | xr.DataArray | np.ndarray):
        return result
    given = {id(_owner(array)) for array in _arrays(arguments)}
    if not given:  # as from files, which a copy could not close
        return result
    if isinstance(result, np.ndarray):
        return result.copy() if _is_not_own(result, given) else result
    found = result.copy(deep=False)
    variables = (
        [*found.variables.values()]
        if isinstance(found, xr.Dataset)
        else [found.variable, *(coord.variable for coord in found.coords.values())]
    )
    for variable in variables:
        variable.attrs = _own_attrs(variable.attrs)
        variable.encoding = _own_attrs(variable.encoding)
        data = _data(variable)
        if not isinstance(variable, xr.IndexVariable) and _is_not_own(data, given):
            variable.data = data.copy()
    if isinstance(found, xr.Dataset):
        found.attrs, found.encoding = _own_attrs(found.attrs), _own_attrs(found.encoding)
    return found


def _is_not_own(data: Any, given: Set[int]) -> bool:
    """Whether an array shares the memory of given ones, or cannot be changed."""
    read_only = isinstance(data, np.ndarray) and not data.flags.writeable
    return read_only or id(_owner(data)) in given


def _own_attrs(attrs: Mapping[Any, Any]) -> dict[Any, Any]:
    return {k: v if isinstance(v, _FIXED) else _copied(k, v) for k, v in attrs.items()}


def _copied(name: Any, value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except RecursionError:
        raise InvalidDataError(
            f"the attribute {name!r} is nested too deeply to be copied, expected numbers, texts "
            "and lists of them; make it flat, or drop it"
        ) from None


def _data(variable: xr.Variable) -> Any:
    """Array of a variable; None if it is still in a file, which ``variable.data`` would read."""
    data = getattr(variable, "_data", None)
    # not `variable.chunks`, which takes ten times longer for arrays without chunks
    return data if isinstance(data, np.ndarray) or getattr(data, "chunks", None) else None


def _owner(array: Any) -> Any:
    """Object that owns the memory of an array."""
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array


def _arrays(value: Any) -> Iterator[Any]:
    """All arrays in a value, its elements, and its variables."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, xr.DataArray):
        yield from _arrays(value.variable)
        for coord in value.coords.values():
            yield from _arrays(coord.variable)
    elif isinstance(value, xr.Dataset):
        for variable in value.variables.values():
            yield from _arrays(variable)
    elif isinstance(value, xr.Variable):
        data = _data(value)
        if data is not None:
            yield data
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _arrays(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _arrays(one)
    elif hasattr(value, "_obj"):  # an accessor, which stands for its Dataset
        yield from _arrays(value._obj)
