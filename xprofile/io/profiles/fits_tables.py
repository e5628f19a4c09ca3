"""Profiles in FITS: Gammapy's "profile" layout, and beside it all that this layout leaves out.

HDU ``FLUXPOINTS`` is the table that Gammapy reads, one row for each bin, with some columns that it
ignores. HDU ``XPROFILE`` has one row: JSON with the attributes, and dims, type and attributes of
every variable, then the variables that no column of ``FLUXPOINTS`` holds to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.table import QTable, Table

from ...exceptions import FileFormatError, InvalidDataError, MissingVariableError
from ...profile.sed import is_brightness, quantity_name
from ...schema.names import NORM_SCAN, NORM_SCAN_VALUES, SED_TYPE
from ..atomic import StrPath, moved_into_place
from .description import from_json, held_columns, to_json
from .layout import PER_DATASET
from .table import converted, to_table

__all__ = ["gammapy_table", "restore", "write_profile"]

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
    >>> from xprofile import write_profile
    >>> write_profile(profile, "profile.fits", "dnde")  # doctest: +SKIP
    >>> open_profile("profile.fits")  # doctest: +SKIP
    """
    with moved_into_place(path, overwrite=overwrite) as temporary:
        source = converted(profile, sed_type)
        table = gammapy_table(source)
        for name in table.colnames:
            words = table[name].info.description
            table[name] = _storable(table[name])
            table[name].info.description = words.encode("ascii", "replace").decode()
        points = fits.BinTableHDU(table, name=POINTS)
        hdus = fits.HDUList([fits.PrimaryHDU(), points, _extra(source, points)])
        hdus.writeto(temporary, overwrite=True)


def gammapy_table(source: xr.Dataset) -> QTable:
    """Make a table for Gammapy, which knows fluxes of regions but not per solid angle.

    Raises
    ------
    InvalidDataError
        If the profile has no bin, or other dims than Gammapy has.
    MissingVariableError
        If it is a surface brightness, and there is no solid angle to multiply it with.
    """
    empty = [str(dim) for dim, size in source.sizes.items() if size == 0]
    if empty:
        raise InvalidDataError(f"a profile without any {empty} has no form in tables: select some")
    if is_brightness(source) and "solid_angle" not in source:
        raise MissingVariableError(
            "a surface brightness without solid_angle cannot be made a flux, as tables for Gammapy "
            "have it: keep solid_angle, or use to_netcdf"
        )
    kind = quantity_name(source.attrs[SED_TYPE])
    table = to_table(source, kind if is_brightness(source) else None)
    if NORM_SCAN not in table.colnames:  # Gammapy reads no scan without norms that all bins share
        table.remove_columns({"stat_scan", NORM_SCAN_VALUES} & set(table.colnames))
    for name in {*PER_DATASET} & {*table.colnames}:
        table[name] = table[name][..., np.newaxis]
    return table


def _storable(values: Any) -> Any:
    """Give an array a type that FITS has; text that is not ASCII loses characters."""
    if values.dtype.kind == "U":
        return np.char.encode(values, "ascii", "replace")
    if values.dtype.str[1:] in _FITS_TYPES:
        return values
    return values.astype(_WIDE[values.dtype.kind])


def _extra(source: xr.Dataset, points: fits.BinTableHDU) -> fits.BinTableHDU:
    """Describe the Dataset, and hold what the columns of `points` do not."""
    held = held_columns(source, points.data)
    cells = {
        str(name): _storable(variable.to_numpy())[np.newaxis]
        for name, variable in source.variables.items()
        if name not in held and variable.dtype.kind in "biuf"
    }
    text = to_json(source, held, apart=cells)
    table = Table({_JSON: [text.encode("ascii")], **cells}, meta={"XPVERS": _VERSION})
    hdu = fits.BinTableHDU(table, name=EXTRA)
    for name in cells:
        hdu.columns[name].unit = source[name].attrs.get("units")
    return hdu


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
    apart = {name: extra.data[name][0] for name in extra.columns.names}
    return from_json(str(apart[_JSON]), points.data, apart)
