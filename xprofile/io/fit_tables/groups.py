"""Variables of a fit in groups with the same dims: each group is a table."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import xarray as xr

from ...exceptions import InvalidOptionError
from ...schema.names import LAT, LON, REGION, high, low, second_dim
from ...schema.stages import FIT_STAGES, find_stage

__all__ = ["FIT", "Group", "check_no_sed_type", "groups_of", "is_fit"]

FIT = "FIT"  # name of the first table, and start of the names of the others

# The variable of each kind of fit whose dims are those of its first table.
_FIRST = {"templates": "norm", "shape": "value", "spectra": "ts"}

_LAST = (LON, LAT, REGION)


@dataclass(frozen=True)
class Group:
    """A table of a fit.

    Parameters
    ----------
    name : str
        Name of the table.
    dims : tuple
        Dims whose product are the rows; the last one varies fastest.
    keys : tuple of str
        Coordinates of these dims.
    names : tuple of str
        Other variables.
    """

    name: str
    dims: tuple[Hashable, ...]
    keys: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns in order: names of places last."""
        last = [key for key in self.keys if key in _LAST]
        return (*(key for key in self.keys if key not in _LAST), *self.names, *last)


def is_fit(data: object) -> bool:
    """Whether an object is a fit of templates, a shape, or spectra."""
    return isinstance(data, xr.Dataset) and find_stage(data) in FIT_STAGES


def check_no_sed_type(sed_type: str | None) -> None:
    """Raise if a sed type is given: fits cannot be converted to one."""
    if sed_type is not None:
        raise InvalidOptionError(
            f"sed_type={sed_type!r} is for profiles, but this is a fit, whose numbers stay as they "
            "are; leave it out, or make a profile of the norms of bins with bin_profile"
        )


def groups_of(fit: xr.Dataset) -> list[Group]:
    """Sort the variables of a fit: the first group has the results of the fit.

    Variables with some dims of the first group are in it, too, so that it has all numbers of a
    line. The other groups have the variables with their dims alone.
    """
    main = _main_dims(fit)
    found = [Group(FIT, main, _keys(fit, main), _within(fit, main))]
    names = {FIT.casefold()}
    others: dict[frozenset[Hashable], list[str]] = {}
    for key, variable in fit.variables.items():
        if variable.dims and key not in fit.dims and not set(variable.dims) <= set(main):
            if key in fit.coords and variable.ndim == 1:
                continue  # a column of other groups
            others.setdefault(frozenset(variable.dims), []).append(str(key))
    for members in others.values():
        dims = fit.variables[members[0]].dims
        name = f"{FIT}_{members[0]}".upper()
        while name.casefold() in names:  # names that differ in their case alone
            name += "_"
        names.add(name.casefold())
        found.append(Group(name, dims, _keys(fit, dims), tuple(members)))
    return found


def _main_dims(fit: xr.Dataset) -> tuple[Hashable, ...]:
    first = _FIRST[str(find_stage(fit))]
    return fit.variables[first].dims if first in fit.variables else ()


def _keys(fit: xr.Dataset, dims: tuple[Hashable, ...]) -> tuple[str, ...]:
    """Coordinates along one of some dims: each dim with its edges, and then others.

    Matrices, with many rows, have no others.
    """
    found, is_matrix = [], any(second_dim(str(dim)) in dims for dim in dims)
    for dim in map(str, dims):
        along = [str(c) for c in fit.coords if fit.variables[c].dims == (dim,)]
        first = [c for c in (dim, low(dim), high(dim)) if c in along]
        found += first if is_matrix else [*first, *(c for c in along if c not in first)]
    return tuple(found)


def _within(fit: xr.Dataset, dims: tuple[Hashable, ...]) -> tuple[str, ...]:
    """Variables and single coordinates whose dims are among some dims."""
    single = [str(c) for c in fit.coords if not fit.variables[c].dims]
    found = [str(n) for n in fit.data_vars if set(fit.variables[n].dims) <= set(dims)]
    full = [n for n in found if set(fit.variables[n].dims) == set(dims)]
    several = [
        str(c) for c in fit.coords if fit.variables[c].ndim > 1
        and set(fit.variables[c].dims) <= set(dims)
    ]  # fmt: skip
    return (*single, *full, *several, *(n for n in found if n not in full))
