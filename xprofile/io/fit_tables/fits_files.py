"""Fits in FITS: a table for each set of dims, and JSON with everything else.

HDU ``FIT`` is the table of the results, with one row for each parameter or template, energy and
bin. Further HDUs such as ``FIT_COVARIANCE`` and ``FIT_NPRED`` have the variables with other dims.
HDU ``XPROFILE`` has one row with JSON, from `describe_fit`.
"""

from __future__ import annotations

from pathlib import Path

import xarray as xr
from astropy.io import fits
from astropy.table import QTable, Table

from ...exceptions import FileFormatError, InvalidDataError
from ..compressed_writing import write_hdus
from ..fits.arrays import to_fits_type
from .description import Stored, describe_fit, fit_from_json
from .groups import FIT, groups_of
from .tables import group_table

__all__ = ["has_fit", "read_fit", "write_fit"]

EXTRA, _JSON = "XPROFILE", "JSON"
_VERSION = 1  # of the XPROFILE table


def write_fit(fit: xr.Dataset, path: Path) -> None:
    """Write a fit to FITS."""
    hdus, stored = [fits.PrimaryHDU()], []
    for group in groups_of(fit):
        table = group_table(fit, group)
        _check_types(table)
        for name in table.colnames:
            description = table[name].info.description
            table[name] = to_fits_type(table[name])
            table[name].info.description = description.encode("ascii", "replace").decode()
        hdu = fits.BinTableHDU(table, name=group.name)
        stored.append(Stored(group, {name: hdu.data[name] for name in table.colnames}))
        hdus.append(hdu)
    text = describe_fit(fit, stored).encode("ascii")
    extra = Table({_JSON: [text]}, meta={"XPVERS": _VERSION})
    hdus.append(fits.BinTableHDU(extra, name=EXTRA))
    write_hdus(fits.HDUList(hdus), path)


def _check_types(table: QTable) -> None:
    """Raise unless columns are numbers or texts.

    Raises
    ------
    InvalidDataError
        If one has dates.
    """
    for name in table.colnames:
        if table[name].dtype.kind in "mM":
            raise InvalidDataError(
                f"FITS tables have no type for dates such as those of {name}; write texts, with "
                f"fit.assign_coords({name}=fit.{name}.astype(str)), or use to_netcdf"
            )


def has_fit(hdus: fits.HDUList) -> bool:
    """Whether a FITS file holds a fit."""
    names = [hdu.name for hdu in hdus]
    return FIT in names and EXTRA in names


def read_fit(hdus: fits.HDUList) -> xr.Dataset:
    """Make the fit that `write_fit` was given.

    Raises
    ------
    FileFormatError
        If a later version of xprofile wrote the file, or rows are missing.
    KeyError
        If a table or a column is missing.
    """
    extra = hdus[EXTRA]
    if extra.header.get("XPVERS") != _VERSION:
        raise FileFormatError(
            f"{EXTRA} has version {extra.header.get('XPVERS')}, but this xprofile reads version "
            f"{_VERSION}: use a newer xprofile"
        )
    tables = {
        hdu.name: {name: hdu.data[name] for name in hdu.columns.names}
        for hdu in hdus
        if hdu.name.startswith(FIT)
    }
    return fit_from_json(str(extra.data[_JSON][0]), tables)
