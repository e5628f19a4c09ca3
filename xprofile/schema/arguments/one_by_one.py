"""Functions of data with further dims, such as time: called for one value after the other."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Hashable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np
import xarray as xr

from ...exceptions import InvalidDataError
from ..names import TOY
from ..stages import further_dims
from ..variables import BINNED, SED_TYPES

__all__ = ["FINE_BINS", "is_fitted", "over_further_dims", "without_constant_dims"]

P = ParamSpec("P")
R = TypeVar("R")

# variables of binned data with which fits are broadcast over further dims, as over those of toys
FINE_BINS = ("counts", "counts_off", "background", "acceptance", "acceptance_off")

# variables of results that do not get a further dim if they are the same for all its values
_NOT_FITTED = frozenset({*BINNED} - {*FINE_BINS}) | {f"ref_{name}" for name in SED_TYPES}

# how xarray joins results; it keeps the attributes that all share
_JOIN: Any = {
    "coords": "different", "compat": "equals", "join": "exact", "combine_attrs": "drop_conflicts"
}  # fmt: skip


def is_fitted(name: str) -> bool:
    """Whether a variable of a profile is a result of its fit, and not one of the bins or model."""
    return name not in _NOT_FITTED


def over_further_dims(
    broadcast: Collection[str] | Callable[[str], bool] = (), *, alone: str = ""
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function of Datasets that can only do some or no further dims at once.

    A variable that is the same along a further dim, as after `xarray.concat`, is taken without it.
    If others than those in `broadcast` still have further dims of the first argument, the function
    is called for each value of these, and the results are joined. Other arguments that have the dim
    are selected alike, and lead to this, too.

    Parameters
    ----------
    broadcast : collection of str, or callable
        Names of variables whose further dims the function knows, or a function that tells.
    alone : str
        Name of an option with which, if it is given, the function knows no further dims but toys.

    Raises
    ------
    InvalidDataError
        From the decorated function, if such a dim is empty.
    """
    some = broadcast if callable(broadcast) else set(broadcast).__contains__

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        name_of_first = next(iter(inspect.signature(function).parameters))

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> R:
            if not args and name_of_first in kwargs:
                args = (kwargs.pop(name_of_first),)
            given = args[0] if args else None
            datasets = _datasets(given)
            if not any(further_dims(data) for data in datasets):
                return function(*args, **kwargs)
            single = bool(alone) and kwargs.get(alone) is not None
            knows = _nothing if single else some
            first = _each(given, lambda data: without_constant_dims(data, knows))
            dims = dict.fromkeys(d for data in _datasets(first) for d in _unknown_dims(data, knows))
            others = [data for arg in (*args[1:], *kwargs.values()) for data in _arrays(arg)]
            shared = {d for data in others for d in further_dims(data)}
            dims |= {d: None for data in _datasets(first) for d in data.dims if d in shared}
            dims = {d: None for d in dims if not (single and d == TOY)}
            if not dims:
                return function(first, *args[1:], **kwargs)
            dim = next(iter(dims))
            sources = [data for data in datasets if dim in data.dims]
            results = []
            if not sources[0].sizes[dim]:
                raise InvalidDataError(f"the data have no values along {dim}; select one or more")
            for number in range(sources[0].sizes[dim]):
                taken = [_take(arg, dim, number) for arg in (first, *args[1:])]
                options = {name: _take(arg, dim, number) for name, arg in kwargs.items()}
                results.append(call(*taken, **options))
            return cast("R", _joined(results, dim, sources[0]))

        return call

    return decorate


def _datasets(given: Any) -> list[xr.Dataset | xr.DataArray]:
    """Datasets of an argument: one, a list, or a dict of them."""
    if isinstance(given, xr.Dataset | xr.DataArray):
        return [given]
    parts = given.values() if isinstance(given, Mapping) else given
    if not isinstance(given, Mapping | list | tuple):
        return []
    return [part for part in parts if isinstance(part, xr.Dataset)]


def _arrays(arg: Any) -> list[xr.Dataset | xr.DataArray]:
    """Datasets and DataArrays in an argument, and in lists, tuples and dicts."""
    if isinstance(arg, xr.Dataset | xr.DataArray):
        return [arg]
    parts = list(arg.values()) if isinstance(arg, Mapping) else arg
    if not isinstance(parts, list | tuple):
        return []
    return [one for part in parts for one in _arrays(part)]


def _each(given: Any, change: Callable[[xr.Dataset], xr.Dataset]) -> Any:
    """Change each Dataset of an argument."""
    if isinstance(given, xr.Dataset):
        return change(given)
    if isinstance(given, Mapping):
        return {name: _each(part, change) for name, part in given.items()}
    if isinstance(given, list | tuple):
        return [_each(part, change) for part in given]
    return given


def _unknown_dims(
    data: xr.Dataset | xr.DataArray, knows: Callable[[str], bool]
) -> tuple[Hashable, ...]:
    """Further dims of variables with which the function does not know them."""
    if isinstance(data, xr.DataArray):
        return () if knows(str(data.name)) else further_dims(data)
    known = {d for n, v in data.data_vars.items() if not knows(str(n)) for d in v.dims}
    return tuple(dim for dim in further_dims(data) if dim in known)


def _nothing(name: str) -> bool:
    """Whether a function that knows no further dims knows those of a variable."""
    return False


def without_constant_dims(
    data: xr.Dataset, knows: Callable[[str], bool], *, always: bool = False
) -> xr.Dataset:
    """Take responses and references that are the same along further dims without these.

    Parameters
    ----------
    data : xarray.Dataset
        Binned data or a profile.
    knows : callable
        Whether a variable of a name stays as it is.
    always : bool
        Whether to do so for dims that no counts or fitted variable has, which the result loses.
    """
    changed = {}
    others = {d for n, v in data.data_vars.items() if is_fitted(str(n)) for d in v.dims}
    for name, variable in data.variables.items():
        if name in data.coords or knows(str(name)) or is_fitted(str(name)):
            continue
        for dim in further_dims(data):
            if dim not in variable.dims or not (always or dim in others):
                continue
            first = variable.isel({dim: slice(0, 1)})
            if variable.sizes[dim] and _are_equal(variable, first):
                variable = variable.isel({dim: 0})
                changed[name] = variable
    return data.assign(changed) if changed else data


def _are_equal(variable: xr.Variable, first: xr.Variable) -> bool:
    """Whether all values along a dim are those of its first element, (1,) along it."""
    values, expected = variable.to_numpy(), first.to_numpy()
    same = values == expected
    if values.dtype.kind == "f":
        same |= np.isnan(values) & np.isnan(expected)
    return bool(np.all(same))


def _take(arg: Any, dim: Hashable, number: int) -> Any:
    """Select one value of a dim in an argument, and in those of lists and dicts."""
    if isinstance(arg, xr.Dataset | xr.DataArray):
        return arg.isel({dim: number}) if dim in arg.dims else arg
    if isinstance(arg, Mapping):
        return {name: _take(part, dim, number) for name, part in arg.items()}
    if isinstance(arg, list | tuple) and any(
        isinstance(part, xr.Dataset | xr.DataArray | list | tuple) for part in arg
    ):
        return type(arg)(_take(part, dim, number) for part in arg)
    return arg


def _joined(results: list[Any], dim: Hashable, source: xr.Dataset | xr.DataArray) -> Any:
    """Join the results of all values of a dim, which comes first."""
    results = [one.drop_vars(dim, errors="ignore") for one in results]
    along = source[dim].variable if dim in source.coords else None
    if isinstance(results[0], xr.DataArray):
        joined: Any = xr.concat(results, dim=str(dim), **_JOIN)
    else:
        first = results[0]
        names = [
            name for name in first.data_vars
            if is_fitted(str(name)) or not all(one[name].equals(first[name]) for one in results)
        ]  # fmt: skip
        data_vars = names or "minimal"
        joined = xr.concat(results, dim=str(dim), data_vars=data_vars, **_JOIN)
    return joined if along is None else joined.assign_coords({dim: along})
