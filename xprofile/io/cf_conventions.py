"""CF conventions: `encode_cf` adds the attributes and bounds that they ask for.

`encode_cf` records all its changes as JSON in the attribute ``xprofile``, so that `decode_cf` can
undo them.

Conventions: CF 1.11, https://cfconventions.org
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from ..exceptions import FileFormatError
from ..maps.healpix.coords import restore_cell_attrs
from ..profile.sed import quantity_name
from ..schema.names import CELL, LAT, SED_TYPE, TEMPLATE, WCS_NAME, high, low
from ..schema.variables import SED_SUFFIXES
from .json_encoding import decode_json, dtype_name, encode_json

__all__ = ["axis_bounds", "decode_cf", "encode_cf"]

CONVENTIONS = "CF-1.11"
_RECORD = "xprofile"  # attribute that records all changes
_VERSION = 1  # version of this record
_BOUNDS_DIM = "bounds"  # dim of the lower and the upper edge

_ORIGINAL, _WRITTEN = "own", "written"  # keys of the record: the value before and in the file

_DEGREES = re.compile(r"\bdeg(?![a-z])")  # UDUNITS does not know this abbreviation
_NUMBERS = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")

_USED_BY_XARRAY = (  # attributes that say how values are stored; xarray removes them on reading
    "_FillValue", "missing_value", "scale_factor", "add_offset", "dtype", "coordinates", "calendar",
)  # fmt: skip

Attrs: TypeAlias = dict[Any, Any]


def encode_cf(data: xr.Dataset) -> xr.Dataset:
    """Return a Dataset with the attributes and bounds of the CF conventions, and their record."""
    data = restore_cell_attrs(decode_cf(data))
    bounds = axis_bounds(data)
    result = data.assign(bounds)
    result.attrs, record = _writable_attrs(data.attrs, _global_attrs(data))
    entries = {}
    for key, variable in data.variables.items():
        name = str(key)
        new = _ancillary_attrs(name, data) | _variable_attrs(name, variable, bounds)
        result[key].attrs, changes = _writable_attrs(variable.attrs, new)
        entries[name] = {"dtype": dtype_name(variable), "attrs": changes}
    content = {
        "version": _VERSION,
        "added": list(bounds),
        "attrs": record,
        "variables": entries,
    }
    result.attrs[_RECORD] = encode_json(content)
    return result


def axis_bounds(data: xr.Dataset) -> dict[str, xr.Variable]:
    """Return the edges of the binned axes, (..., bounds), in the direction of each axis."""
    found: dict[str, xr.Variable] = {}
    if data.sizes.get(_BOUNDS_DIM, 2) != 2:
        return found
    for name in map(str, data.coords):
        if {low(name), high(name)} <= set(data.coords) and _bounds_name(name) not in data:
            edges = [data[edge].variable for edge in (low(name), high(name))]
            descends = edges[0].size > 1 and edges[0].to_numpy()[-1] < edges[0].to_numpy()[0]
            ordered = edges[::-1] if descends else edges
            pairs = np.stack([edge.to_numpy() for edge in ordered], axis=-1)
            found[_bounds_name(name)] = xr.Variable((*edges[0].dims, _BOUNDS_DIM), pairs)
    return found


def _bounds_name(name: str) -> str:
    return f"{name}_bounds"


def _global_attrs(data: xr.Dataset) -> Attrs:
    """Add the global attributes that the conventions ask for; existing ones stay."""
    existing = str(data.attrs.get("Conventions", ""))
    creator = str(data.attrs.get("creator", "xprofile"))
    defaults = {"title": _title(data), "source": creator, "history": f"to_netcdf by {creator}"}
    conventions = existing if "CF-" in existing else f"{CONVENTIONS} {existing}".strip()
    return defaults | data.attrs | {"Conventions": conventions}


def _title(data: xr.Dataset) -> str:
    if SED_TYPE in data.attrs:
        return "Gamma-ray flux profile"
    if TEMPLATE in data.coords:
        return "Gamma-ray fit of templates"
    maps = {LAT, CELL} & set(data.dims)
    return "Gamma-ray sky maps" if maps else "Gamma-ray counts in bins of the sky"


def _variable_attrs(name: str, variable: xr.Variable, bounds: Mapping[str, Any]) -> Attrs:
    """Add the attributes of a variable that the conventions ask for."""
    new = dict(variable.attrs)
    if isinstance(new.get("units"), str):
        new["units"] = _DEGREES.sub("degree", new["units"])
    if _bounds_name(name) in bounds:
        new["bounds"] = _bounds_name(name)
    if name == WCS_NAME:
        new.setdefault("long_name", "checksum of the WCS in the attributes")
    if variable.dtype == bool:
        new = {"flag_values": np.array([0, 1], np.int8), "flag_meanings": "false true"} | new
    for key in {"flag_masks", "flag_values"} & new.keys():
        new[key] = np.asarray(new[key], np.int8 if variable.dtype == bool else variable.dtype)
    return new


def _ancillary_attrs(name: str, data: xr.Dataset) -> Attrs:
    """Name the variables with the errors, limits and quality of a flux or norm."""
    if SED_TYPE not in data.attrs or name != quantity_name(str(data.attrs[SED_TYPE])):
        return {}
    related = [name + suffix for suffix in SED_SUFFIXES if suffix] + ["status"]
    found = " ".join(other for other in related if other in data)
    return {"ancillary_variables": found} if found else {}


def _writable_attrs(original: Attrs, new: Attrs) -> tuple[Attrs, dict[str, Any]]:
    """Return attributes that netCDF can hold, and a record of those that differ from before."""
    written = {key: _writable(value) for key, value in new.items() if _is_valid_name(key)}
    record = {key: {_WRITTEN: value} for key, value in written.items() if key not in original}
    for key, value in original.items():
        if not (isinstance(value, str) and written.get(key) == value):
            changed = key in written and not _equal(written[key], _writable(value))
            record[key] = {_ORIGINAL: value} | ({_WRITTEN: written[key]} if changed else {})
    return written, record


def _is_valid_name(key: Any) -> bool:
    """Whether netCDF accepts the name and xarray gives the attribute back."""
    return re.fullmatch("[A-Za-z][A-Za-z0-9_]*", key) is not None and key not in _USED_BY_XARRAY


def _writable(value: Any) -> Any:
    """Return an attribute as netCDF can hold it: text, a number, or an array of numbers."""
    if isinstance(value, str):
        return value.replace("\0", "")
    array = np.asarray(value) if isinstance(value, int | float | np.generic | np.ndarray) else None
    if array is None or array.ndim > 1 or array.dtype.str[1:] not in _NUMBERS:
        return encode_json(value)
    return array[()]


def decode_cf(data: xr.Dataset) -> xr.Dataset:
    """Undo `encode_cf`, except for values that the user changed afterwards.

    Raises
    ------
    FileFormatError
        If a later version of xprofile wrote the record.
    """
    if _RECORD not in data.attrs:
        return data
    record = decode_json(data.attrs[_RECORD])
    if record["version"] != _VERSION:
        raise FileFormatError(
            f"the attribute {_RECORD} has version {record['version']}, but this xprofile reads "
            f"version {_VERSION}: use a newer xprofile"
        )
    result = data.drop_vars(record["added"], errors="ignore").copy()
    result.attrs.pop(_RECORD)
    result.attrs = _restore_attrs(result.attrs, record["attrs"])
    known = {name: entry for name, entry in record["variables"].items() if name in result.variables}
    for name, entry in known.items():
        result[name].attrs = _restore_attrs(result[name].attrs, entry["attrs"])
    typed = {name: _cast_if_exact(result[name], entry["dtype"]) for name, entry in known.items()}
    return result.assign({k: v for k, v in typed.items() if v.dtype != result[k].dtype})


def _restore_attrs(found: Attrs, record: dict[str, dict[str, Any]]) -> Attrs:
    """Return the original attributes, without those that `encode_cf` added."""
    attrs = dict(found)
    for key, entry in record.items():
        written = entry[_WRITTEN] if _WRITTEN in entry else _writable(entry[_ORIGINAL])
        unchanged = key in attrs and _equal(attrs[key], written)
        if unchanged or not _is_valid_name(key):
            attrs.pop(key, None)
            attrs |= {key: entry[_ORIGINAL]} if _ORIGINAL in entry else {}
    return attrs


def _equal(found: Any, written: Any) -> bool:
    if isinstance(found, str) or isinstance(written, str):
        return isinstance(found, str) and found == written
    a, b = np.atleast_1d(found), np.atleast_1d(written)
    return np.array_equal(a, b, equal_nan=a.dtype.kind == b.dtype.kind == "f")


def _cast_if_exact(values: xr.DataArray, dtype: str) -> xr.DataArray:
    """Convert values to another type if no value changes."""
    with np.errstate(invalid="ignore"):
        cast = values.astype(dtype)
    floats = cast.dtype.kind == values.dtype.kind == "f"
    exact = np.array_equal(cast.astype(values.dtype), values, equal_nan=floats)
    return cast if exact else values
