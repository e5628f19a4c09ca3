"""Maps, binned data and profiles in netCDF that follows the CF conventions.

`encode` adds what the conventions ask for and notes it in JSON; `decode` takes that away again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..exceptions import FileFormatError, MissingFileError
from ..profile.sed import quantity_name
from ..schema.names import LAT, SED_TYPE, WCS_NAME, high, low
from ..schema.variables import SED_SUFFIXES
from .atomic import StrPath, moved_into_place
from .json_text import dumps, loads, type_name

__all__ = ["decode", "encode", "open_netcdf", "write_netcdf"]

CONVENTIONS = "CF-1.11"

_NOTE = "xprofile"  # the attribute that notes what was changed

_VERSION = 1  # of this note

_EDGES = "bounds"  # dim of the two edges

_OWN, _WRITTEN = "own", "written"

_DEGREES = re.compile(r"\bdeg(?![a-z])")  # UDUNITS does not know this abbreviation

_NUMBERS = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")

_DECODED = (  # attributes that say how values are stored, which xarray takes for itself
    "_FillValue", "missing_value", "scale_factor", "add_offset", "dtype", "coordinates", "calendar",
)  # fmt: skip

Attrs = dict[Any, Any]


def write_netcdf(
    data: xr.Dataset, path: StrPath, *, overwrite: bool = False, **kwargs: Any
) -> None:
    """Write a Dataset to netCDF by the CF conventions; `open_netcdf` gives it back unchanged.

    Parameters
    ----------
    data : xarray.Dataset
        Maps, binned data or a profile, of any dims.
    path : str or path-like
        The file is written beside it and moved there when it is whole.
    overwrite : bool
        Replace a file that exists.
    **kwargs
        Passed to `xarray.Dataset.to_netcdf`, such as ``engine`` or ``encoding``.

    Raises
    ------
    FileExistsError
        If the file exists and `overwrite` is False.
    InvalidDataError
        If attributes have no form in JSON.

    Notes
    -----
    To what ``data.to_netcdf`` writes come bounds of the axes that have edges, units that UDUNITS
    knows, ``Conventions``, ``title`` and ``source`` [1]_. Attributes that netCDF cannot hold are
    in the attribute ``xprofile``, with a note of all that was added.

    References
    ----------
    .. [1] CF conventions 1.11, https://cfconventions.org

    Examples
    --------
    >>> from xprofile import open_netcdf
    >>> from xprofile import write_netcdf
    >>> write_netcdf(binned, "binned.nc")  # doctest: +SKIP
    >>> open_netcdf("binned.nc")  # doctest: +SKIP
    """
    with moved_into_place(path, overwrite=overwrite) as temporary:
        encoded = encode(data)
        axes = [*encoded.indexes, *_bounds(data)]
        encoding = {name: {"_FillValue": None} for name in axes if encoded[name].dtype.kind == "f"}
        encoding |= kwargs.pop("encoding", {})
        encoded.to_netcdf(temporary, mode="w", encoding=encoding, compute=True, **kwargs)


def open_netcdf(path: StrPath) -> xr.Dataset:
    """Read a Dataset from netCDF, and undo what `write_netcdf` added.

    Parameters
    ----------
    path : str or path-like
        Written by it, or by `xarray.Dataset.to_netcdf`.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FileFormatError
        If it cannot be read.
    """
    if not Path(path).exists():
        raise MissingFileError(f"no file {str(path)!r}: check the path and the working folder")
    try:
        return decode(xr.load_dataset(path))
    except FileFormatError:
        raise
    except (OSError, ValueError, KeyError) as error:
        raise FileFormatError(f"cannot read {str(path)!r} as netCDF: {error}") from error


def encode(data: xr.Dataset) -> xr.Dataset:
    """Return a Dataset as the file has it, with a note of what is new in it."""
    data = decode(data)
    bounds = _bounds(data)
    result = data.assign(bounds)
    result.attrs, own = _written(data.attrs, _of_file(data))
    notes = {}
    for key, variable in data.variables.items():
        new = _related(str(key), data) | _of_variable(str(key), variable, bounds)
        result[key].attrs, attrs = _written(variable.attrs, new)
        notes[str(key)] = {"dtype": type_name(variable), "attrs": attrs}
    note = {"version": _VERSION, "added": list(bounds), "attrs": own, "variables": notes}
    result.attrs[_NOTE] = dumps(note)
    return result


def _bounds(data: xr.Dataset) -> dict[str, xr.Variable]:
    """Edges of the axes that have some, (..., bounds), in the order in which the axis runs."""
    found: dict[str, xr.Variable] = {}
    if data.sizes.get(_EDGES, 2) != 2:
        return found
    for name in map(str, data.coords):
        if {low(name), high(name)} <= set(data.coords) and _bounds_of(name) not in data:
            edges = [data[edge].variable for edge in (low(name), high(name))]
            descends = edges[0].size > 1 and edges[0].to_numpy()[-1] < edges[0].to_numpy()[0]
            ordered = edges[::-1] if descends else edges
            pairs = np.stack([edge.to_numpy() for edge in ordered], axis=-1)
            found[_bounds_of(name)] = xr.Variable((*edges[0].dims, _EDGES), pairs)
    return found


def _bounds_of(name: str) -> str:
    return f"{name}_bounds"


def _of_file(data: xr.Dataset) -> Attrs:
    """Global attributes that the conventions ask for, where there are none."""
    own = str(data.attrs.get("Conventions", ""))
    creator = str(data.attrs.get("creator", "xprofile"))
    defaults = {"title": _title(data), "source": creator, "history": f"to_netcdf by {creator}"}
    conventions = own if "CF-" in own else f"{CONVENTIONS} {own}".strip()
    return defaults | data.attrs | {"Conventions": conventions}


def _title(data: xr.Dataset) -> str:
    if SED_TYPE in data.attrs:
        return "Gamma-ray flux profile"
    return "Gamma-ray sky maps" if LAT in data.dims else "Gamma-ray counts in bins of the sky"


def _of_variable(name: str, variable: xr.Variable, bounds: Mapping[str, Any]) -> Attrs:
    """Attributes that the conventions ask for."""
    new = dict(variable.attrs)
    if isinstance(new.get("units"), str):
        new["units"] = _DEGREES.sub("degree", new["units"])
    if _bounds_of(name) in bounds:
        new["bounds"] = _bounds_of(name)
    if name == WCS_NAME:
        new.setdefault("long_name", "checksum of the WCS in the attributes")
    if variable.dtype == bool:
        new = {"flag_values": np.array([0, 1], np.int8), "flag_meanings": "false true"} | new
    for key in {"flag_masks", "flag_values"} & new.keys():
        new[key] = np.asarray(new[key], np.int8 if variable.dtype == bool else variable.dtype)
    return new


def _related(name: str, data: xr.Dataset) -> Attrs:
    """Tell of a flux or norm where its errors, its limits and its quality are."""
    if SED_TYPE not in data.attrs or name != quantity_name(str(data.attrs[SED_TYPE])):
        return {}
    related = [name + suffix for suffix in SED_SUFFIXES if suffix] + ["status"]
    found = " ".join(other for other in related if other in data)
    return {"ancillary_variables": found} if found else {}


def _written(own: Attrs, new: Attrs) -> tuple[Attrs, dict[str, Any]]:
    """Attributes that netCDF can hold, and a note of what they were where that is not the same."""
    forms = {key: _form(value) for key, value in new.items() if _is_name(key)}
    note = {key: {_WRITTEN: form} for key, form in forms.items() if key not in own}
    for key, value in own.items():
        if not (isinstance(value, str) and forms.get(key) == value):
            changed = key in forms and not _same(forms[key], _form(value))
            note[key] = {_OWN: value} | ({_WRITTEN: forms[key]} if changed else {})
    return forms, note


def _is_name(key: Any) -> bool:
    """Whether netCDF takes a name, and xarray reads it as an attribute."""
    return re.fullmatch("[A-Za-z][A-Za-z0-9_]*", key) is not None and key not in _DECODED


def _form(value: Any) -> Any:
    """Form of an attribute that netCDF gives back: text, a number or several."""
    if isinstance(value, str):
        return value.replace("\0", "")
    array = np.asarray(value) if isinstance(value, int | float | np.generic | np.ndarray) else None
    if array is None or array.ndim > 1 or array.dtype.str[1:] not in _NUMBERS:
        return dumps(value)
    return array[()]


def decode(data: xr.Dataset) -> xr.Dataset:
    """Take away what `encode` added, except what was changed since.

    Raises
    ------
    FileFormatError
        If a later xprofile wrote it.
    """
    if _NOTE not in data.attrs:
        return data
    note = loads(data.attrs[_NOTE])
    if note["version"] != _VERSION:
        raise FileFormatError(
            f"the attribute {_NOTE} has the version {note['version']}, this xprofile reads "
            f"{_VERSION}: use a newer one"
        )
    result = data.drop_vars(note["added"], errors="ignore").copy()
    result.attrs.pop(_NOTE)
    result.attrs = _restored(result.attrs, note["attrs"])
    known = {name: entry for name, entry in note["variables"].items() if name in result.variables}
    for name, entry in known.items():
        result[name].attrs = _restored(result[name].attrs, entry["attrs"])
    typed = {name: _with_type(result[name], entry["dtype"]) for name, entry in known.items()}
    return result.assign({k: v for k, v in typed.items() if v.dtype != result[k].dtype})


def _restored(found: Attrs, note: dict[str, dict[str, Any]]) -> Attrs:
    """Attributes as they were, of which none is left that `encode` added."""
    attrs = dict(found)
    for key, entry in note.items():
        written = entry[_WRITTEN] if _WRITTEN in entry else _form(entry[_OWN])
        as_written = key in attrs and _same(attrs[key], written)
        if as_written or not _is_name(key):
            attrs.pop(key, None)
            attrs |= {key: entry[_OWN]} if _OWN in entry else {}
    return attrs


def _same(found: Any, written: Any) -> bool:
    if isinstance(found, str) or isinstance(written, str):
        return isinstance(found, str) and found == written
    a, b = np.atleast_1d(found), np.atleast_1d(written)
    return np.array_equal(a, b, equal_nan=a.dtype.kind == b.dtype.kind == "f")


def _with_type(values: xr.DataArray, name: str) -> xr.DataArray:
    """Give values another type, if they are the same in it."""
    with np.errstate(invalid="ignore"):
        cast = values.astype(name)
    floats = cast.dtype.kind == values.dtype.kind == "f"
    same = np.array_equal(cast.astype(values.dtype), values, equal_nan=floats)
    return cast if same else values
