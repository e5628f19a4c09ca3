"""JSON description of a profile: dims, types and attributes, and values that no column holds."""

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
from ..json_encoding import decode_json, dtype_name, encode_json, json_values
from .columns import bins_name, read_column, table_columns

__all__ = ["describe_in_json", "exact_columns", "profile_from_json"]

_COLUMN, _VALUES = "column", "values"


def exact_columns(source: xr.Dataset, table: Table | fits.FITS_rec) -> dict[str, str]:
    """Return the variables that columns of a table hold exactly, with the column of each."""
    shown = table_columns(quantity_name(source.attrs[SED_TYPE]), bins_name(source))
    present = {variable: c for c, variable in shown.items() if c in table.dtype.names}
    return {
        name: column
        for name, column in present.items()
        if name in source.variables and _is_exact(table, column, source[name].variable)
    }


def _is_exact(table: Table | fits.FITS_rec, column: str, variable: xr.Variable) -> bool:
    if DATASET in variable.dims:
        return False
    values = read_column(table, column, variable.dims).to_numpy()
    return np.array_equal(values, variable.to_numpy(), equal_nan=values.dtype.kind == "f")


def describe_in_json(
    source: xr.Dataset, columns: Mapping[str, str], elsewhere: Container[str] = ()
) -> str:
    """Describe a profile in JSON.

    Parameters
    ----------
    source : xarray.Dataset
        The profile.
    columns : mapping
        Variables that columns hold, and these columns, from `exact_columns`.
    elsewhere : container of str
        Variables whose values are stored elsewhere. The JSON holds the values of all others.

    Raises
    ------
    InvalidDataError
        If JSON cannot hold an attribute.
    """
    entries: dict[str, dict[str, Any]] = {}
    for key, variable in source.variables.items():
        name = str(key)
        entry = {
            "dims": list(variable.dims),
            "dtype": dtype_name(variable),
            "attrs": variable.attrs,
        }
        if name in columns:
            entry[_COLUMN] = columns[name]
        elif name not in elsewhere:
            entry[_VALUES] = json_values(variable.to_numpy())
        entries[name] = entry
    content = {"attrs": source.attrs, "coords": list(source.coords), "variables": entries}
    return encode_json({**content, "sizes": dict(source.sizes)})


def profile_from_json(
    text: str, table: Table | fits.FITS_rec, elsewhere: Mapping[str, Any]
) -> xr.Dataset:
    """Make the profile that `describe_in_json` described.

    Parameters
    ----------
    text : str
        JSON from `describe_in_json`.
    table : astropy.table.Table or astropy.io.fits.FITS_rec
        Table whose columns hold variables.
    elsewhere : mapping
        Values of the variables that neither the table nor the JSON holds.

    Raises
    ------
    KeyError
        If a variable that the JSON names is missing.
    FileFormatError
        If rows of the table are missing.
    """
    content = decode_json(text)
    variables = {}
    for name, entry in content["variables"].items():
        dims = tuple(entry["dims"])
        if _COLUMN in entry:
            values = read_column(table, entry[_COLUMN], dims).to_numpy()
        else:
            values = np.asarray(entry[_VALUES] if _VALUES in entry else elsewhere[name])
        variables[name] = xr.Variable(dims, values.astype(entry["dtype"]), entry["attrs"])
    result = xr.Dataset(variables, attrs=content["attrs"]).set_coords(content["coords"])
    sizes = content.get("sizes", result.sizes)
    if dict(result.sizes) != sizes:
        raise FileFormatError(
            f"the table has the sizes {dict(result.sizes)}, expected {sizes}: rows are missing"
        )
    return result
