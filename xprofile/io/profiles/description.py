"""Description of a profile in JSON: attributes, dims and types, and what no column holds."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.table import Table

from ...exceptions import FileFormatError
from ...profile.sed import quantity_name
from ...schema.names import DATASET, SED_TYPE
from ..json_text import dumps, loads, plain_values, type_name
from .layout import bins_name, columns, read_column

__all__ = ["from_json", "held_columns", "to_json"]

_COLUMN, _VALUES = "column", "values"


def held_columns(source: xr.Dataset, table: Table | fits.FITS_rec) -> dict[str, str]:
    """Find the columns of a table, and the variables that they give back to the last bit."""
    shown = columns(quantity_name(source.attrs[SED_TYPE]), bins_name(source))
    present = {variable: c for c, variable in shown.items() if c in table.dtype.names}
    return {
        name: column
        for name, column in present.items()
        if name in source.variables and _holds(table, column, source[name].variable)
    }


def _holds(table: Table | fits.FITS_rec, column: str, variable: xr.Variable) -> bool:
    if DATASET in variable.dims:
        return False
    values = read_column(table, column, variable.dims).to_numpy()
    return np.array_equal(values, variable.to_numpy(), equal_nan=values.dtype.kind == "f")


def to_json(source: xr.Dataset, held: Mapping[str, str], apart: Container[str] = ()) -> str:
    """Describe a Dataset.

    Parameters
    ----------
    source : xarray.Dataset
        What to describe.
    held : mapping
        The variables that columns hold, and these columns, from `held_columns`.
    apart : container of str
        The variables whose values are elsewhere. All others are in the JSON.

    Raises
    ------
    InvalidDataError
        If there are attributes that JSON has no form for.
    """
    entries: dict[str, dict[str, Any]] = {}
    for key, variable in source.variables.items():
        name = str(key)
        entry = {"dims": list(variable.dims), "dtype": type_name(variable), "attrs": variable.attrs}
        if name in held:
            entry[_COLUMN] = held[name]
        elif name not in apart:
            entry[_VALUES] = plain_values(variable.to_numpy())
        entries[name] = entry
    content = {"attrs": source.attrs, "coords": list(source.coords), "variables": entries}
    return dumps({**content, "sizes": dict(source.sizes)})


def from_json(text: str, table: Table | fits.FITS_rec, apart: Mapping[str, Any]) -> xr.Dataset:
    """Make the Dataset that `to_json` described.

    Parameters
    ----------
    text : str
        From `to_json`.
    table : astropy.table.Table or astropy.io.fits.FITS_rec
        Whose columns hold variables.
    apart : mapping
        Values of the variables that neither `table` nor the JSON has.

    Raises
    ------
    KeyError
        If one of these lacks what the JSON names.
    FileFormatError
        If rows are missing.
    """
    content = loads(text)
    variables = {}
    for name, entry in content["variables"].items():
        dims = tuple(entry["dims"])
        if _COLUMN in entry:
            values = read_column(table, entry[_COLUMN], dims).to_numpy()
        else:
            values = np.asarray(entry[_VALUES] if _VALUES in entry else apart[name])
        variables[name] = xr.Variable(dims, values.astype(entry["dtype"]), entry["attrs"])
    result = xr.Dataset(variables, attrs=content["attrs"]).set_coords(content["coords"])
    sizes = content.get("sizes", result.sizes)
    if dict(result.sizes) != sizes:
        raise FileFormatError(f"{dict(result.sizes)} of what was {sizes}: rows are missing")
    return result
