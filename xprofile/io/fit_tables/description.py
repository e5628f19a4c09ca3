"""JSON that makes a fit of its tables: dims, types and attributes, and values of no column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import FileFormatError
from ..fits.arrays import native_order
from ..json_encoding import decode_json, dtype_name, encode_json, json_values
from .groups import Group

__all__ = ["Stored", "describe_fit", "fit_from_json"]


@dataclass(frozen=True)
class Stored:
    """A table as it is in a file.

    Parameters
    ----------
    group : Group
        Its rows and columns.
    columns : dict
        Name of each column to its values, as they are read.
    """

    group: Group
    columns: Mapping[str, NDArray[Any]]


def describe_fit(fit: xr.Dataset, tables: Sequence[Stored]) -> str:
    """Describe a fit in JSON, with the values that the columns of tables do not hold exactly.

    Raises
    ------
    InvalidDataError
        If JSON cannot hold an attribute.
    """
    entries: dict[str, dict[str, Any]] = {}
    sizes = {str(dim): size for dim, size in fit.sizes.items()}
    for key, variable in fit.variables.items():
        entry: dict[str, Any] = {
            "dims": list(variable.dims), "dtype": dtype_name(variable), "attrs": variable.attrs,
        }  # fmt: skip
        number = next(
            (i for i, one in enumerate(tables) if _holds(one, str(key), variable, sizes)), None
        )
        if number is None:
            entry["values"] = json_values(variable.to_numpy())
        else:
            entry["table"] = tables[number].group.name
        entries[str(key)] = entry
    content = {
        "attrs": fit.attrs,
        "coords": list(fit.coords),
        "variables": entries,
        "sizes": sizes,
        "tables": {one.group.name: list(one.group.dims) for one in tables},
    }
    return encode_json(content)


def _holds(table: Stored, name: str, variable: xr.Variable, sizes: Mapping[str, int]) -> bool:
    """Whether a column of a table holds a variable exactly."""
    dims = tuple(map(str, table.group.dims))
    if name not in table.columns or not all(sizes[dim] for dim in dims):
        return False
    values = _from_column(table.columns[name], dims, tuple(map(str, variable.dims)), sizes)
    wanted = variable.to_numpy()
    if values.dtype.kind in "SU" and wanted.dtype.kind in "OT":
        return bool(np.all(values == wanted)) and all(isinstance(v, str) for v in wanted.flat)
    return np.array_equal(values, wanted, equal_nan=values.dtype.kind == "f")


def _from_column(
    column: NDArray[Any], dims: tuple[str, ...], wanted: tuple[str, ...], sizes: Mapping[str, int]
) -> NDArray[Any]:
    """Values of a variable from a column, the first along the dims that it lacks."""
    values = native_order(column)
    if values.dtype.kind in "SU":
        values = np.char.rstrip(values.astype(str))
    if values.ndim != 1 or values.size != int(np.prod([sizes[dim] for dim in dims])):
        raise FileFormatError(
            f"a table has {len(values)} rows, expected one for each of {dict(sizes)} along "
            f"{', '.join(dims)}: rows are missing"
        )
    full = xr.Variable(dims, values.reshape([sizes[dim] for dim in dims]))
    return np.asarray(full.isel({d: 0 for d in dims if d not in wanted}).transpose(*wanted))


def fit_from_json(text: str, tables: Mapping[str, Mapping[str, NDArray[Any]]]) -> xr.Dataset:
    """Make the fit that `describe_fit` described.

    Parameters
    ----------
    text : str
        JSON from `describe_fit`.
    tables : dict
        Name of each table to its columns.

    Raises
    ------
    KeyError
        If a table, or a column or entry that the JSON names, is missing.
    FileFormatError
        If rows of a table are missing.
    """
    content = decode_json(text)
    variables, sizes = {}, content["sizes"]
    for name, entry in content["variables"].items():
        dims = tuple(entry["dims"])
        if "table" in entry:
            along = tuple(content["tables"][entry["table"]])
            values = _from_column(tables[entry["table"]][name], along, dims, sizes)
        else:
            values = np.asarray(entry["values"])
            values = values.reshape([sizes[dim] for dim in dims])
        variables[name] = xr.Variable(dims, values.astype(entry["dtype"]), entry["attrs"])
    return xr.Dataset(variables, attrs=content["attrs"]).set_coords(content["coords"])
