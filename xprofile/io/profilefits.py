"""Profiles in FITS: Gammapy's "profile" layout, and beside it all that this layout leaves out.

HDU ``FLUXPOINTS`` is the table that Gammapy reads, one row for each bin, with some columns that it
ignores. HDU ``XPROFILE`` has one row: JSON with the attributes, and dims, type and attributes of
every variable, then the variables that no column of ``FLUXPOINTS`` holds to the last bit.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.table import Table

from ..exceptions import FileFormatError, InvalidDataError
from ..schema import DATASET, NORM_SCAN, SED_TYPE
from ..sed import is_brightness, quantity_name
from .fitsfile import StrPath, write_fits
from .layout import PER_DATASET, bins_name, columns, read_column
from .table import converted, to_table

__all__ = ["restore", "write_profile"]

POINTS, EXTRA = "FLUXPOINTS", "XPROFILE"
_JSON = "JSON"
_VERSION = 1  # of the XPROFILE table
_FITS_TYPES = ("b1", "u1", "i2", "i4", "i8", "f4", "f8")
_WIDE = {"i": np.int64, "u": np.uint64, "f": np.float64}


def write_profile(
    profile: xr.Dataset, path: StrPath, sed_type: str | None = None, *, overwrite: bool = False
) -> None:
    """Write a profile to FITS, so that Gammapy reads it and `open_profile` gives it back unchanged.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type, with one energy or several. A dim that was dropped by
        selecting one bin or energy comes back as the scalar that it was.
    path : str or path-like
        The file is written beside it and moved there when it is whole.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        Convert to it first; the profile's own by default.
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    FileExistsError
        If the file exists and `overwrite` is False.
    MissingVariableError, InvalidDataError
        If `profile` is not a profile, has no bin, dims besides bins, energies and scan, or
        attributes that JSON has no form for.

    Notes
    -----
    Gammapy wants distances that ascend, and takes bin edges half-way between them.

    Examples
    --------
    >>> from xprofile import open_profile
    >>> from xprofile.io.profilefits import write_profile
    >>> write_profile(profile, "profile.fits", "dnde")  # doctest: +SKIP
    >>> open_profile("profile.fits")  # doctest: +SKIP
    """
    source = converted(profile, sed_type)
    empty = [str(dim) for dim, size in source.sizes.items() if size == 0]
    if empty:
        raise InvalidDataError(f"a profile without any {empty} has no form in FITS: select some")
    points = _points(source)
    hdus = fits.HDUList([fits.PrimaryHDU(), points, _extra(source, points)])
    write_fits(hdus, path, overwrite=overwrite)


def _points(source: xr.Dataset) -> fits.BinTableHDU:
    """Table for Gammapy, which knows fluxes of regions but not per solid angle."""
    kind = quantity_name(source.attrs[SED_TYPE])
    table = to_table(source, kind if is_brightness(source) else None)
    if NORM_SCAN not in table.colnames:  # Gammapy reads no scan without norms that all bins share
        table.remove_columns({"stat_scan", "norm_scan_values"} & set(table.colnames))
    for name, column in table.columns.items():
        cells = column[..., np.newaxis] if name in PER_DATASET else column
        table[name] = _storable(cells)
    return fits.BinTableHDU(table, name=POINTS)


def _storable(values: Any) -> Any:
    """Give an array a type that FITS has; text that is not ASCII loses characters."""
    if values.dtype.kind == "U":
        return np.char.encode(values, "ascii", "replace")
    if values.dtype.str[1:] in _FITS_TYPES:
        return values
    return values.astype(_WIDE[values.dtype.kind])


def _extra(source: xr.Dataset, points: fits.BinTableHDU) -> fits.BinTableHDU:
    """Describe the Dataset, and hold what the columns of `points` do not."""
    shown = columns(quantity_name(source.attrs[SED_TYPE]), bins_name(source))
    held = {variable: column for column, variable in shown.items()}
    entries = {}
    cells = {}
    for key, variable in source.variables.items():
        name, values = str(key), variable.to_numpy()
        dtype = "object" if values.dtype.kind == "T" else str(values.dtype)
        entry = {"dims": variable.dims, "dtype": dtype, "attrs": variable.attrs}
        if _holds(points, held.get(name, ""), variable):
            entry["column"] = held[name]
        elif values.dtype.kind in "biuf":
            cells[name] = _storable(values)[np.newaxis]
        else:
            entry["values"] = values.tolist()
        entries[name] = entry
    content = {"attrs": source.attrs, "coords": list(source.coords), "variables": entries}
    try:
        text = json.dumps(content, default=_encode)
    except TypeError as error:
        raise InvalidDataError(f"the profile cannot be described in JSON: {error}") from error
    table = Table({_JSON: [text.encode("ascii")], **cells}, meta={"XPVERS": _VERSION})
    hdu = fits.BinTableHDU(table, name=EXTRA)
    for name in cells:
        hdu.columns[name].unit = source[name].attrs.get("units")
    return hdu


def _encode(value: Any) -> dict[str, Any]:
    if isinstance(value, np.generic | np.ndarray):
        return {"numpy": str(value.dtype), "values": value.tolist()}
    raise TypeError(f"no form for {value!r}; make it a number, text or an array, or drop it")


def _decode(content: dict[str, Any]) -> Any:
    if content.keys() == {"numpy", "values"}:
        return np.array(content["values"], content["numpy"])[()]
    return content


def _holds(points: fits.BinTableHDU, column: str, variable: xr.Variable) -> bool:
    """Whether a column gives back a variable's values to the last bit."""
    if column not in points.columns.names or DATASET in variable.dims:
        return False
    values = read_column(points, column, variable.dims).to_numpy()
    return np.array_equal(values, variable.to_numpy(), equal_nan=values.dtype.kind == "f")


def restore(points: fits.BinTableHDU, extra: fits.BinTableHDU) -> xr.Dataset:
    """Make the Dataset that `write_profile` was given, of the two tables that it wrote.

    Raises
    ------
    FileFormatError
        If a later xprofile wrote them.
    KeyError
        If the second lacks what its JSON names.
    """
    if extra.header.get("XPVERS") != _VERSION:
        raise FileFormatError(
            f"{EXTRA} has the version {extra.header.get('XPVERS')}, this xprofile reads "
            f"{_VERSION}: use a newer one"
        )
    content = json.loads(str(extra.data[_JSON][0]), object_hook=_decode)
    variables = {}
    for name, entry in content["variables"].items():
        dims = tuple(entry["dims"])
        if "column" in entry:
            values = read_column(points, entry["column"], dims).to_numpy()
        else:
            values = np.asarray(entry["values"] if "values" in entry else extra.data[name][0])
        variables[name] = xr.Variable(dims, values.astype(entry["dtype"]), entry["attrs"])
    result = xr.Dataset(variables, attrs=content["attrs"])
    return result.set_coords(content["coords"])
