"""Profiles in ECSV: Gammapy's "profile" columns, and in the header all that they leave out.

``meta["XPROFILE"]`` of the table is JSON with the attributes, and dims, type and attributes of
every variable, and the values of those that no column holds to the last bit.
"""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.table import Column, QTable, Table
from astropy.units import UnitsWarning
from numpy.typing import NDArray

from ...exceptions import FileFormatError
from ..atomic import StrPath, moved_into_place
from .description import from_json, held_columns, to_json
from .fits_tables import EXTRA, POINTS, gammapy_table
from .table import converted

__all__ = ["read_ecsv", "write_ecsv"]

_FORMAT = "ascii.ecsv"


def write_ecsv(
    profile: xr.Dataset, path: StrPath, sed_type: str | None = None, *, overwrite: bool = False
) -> None:
    """Write a profile to ECSV, a table in a text file that `open_profile` gives back unchanged.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type, with one energy or several.
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
        As `xprofile.write_profile`.

    Notes
    -----
    It has one row for each bin, with cells over energy, as Gammapy reads and writes it. A table
    with one row for each bin and energy is ``to_table(profile, tidy=True)``.

    Examples
    --------
    >>> from xprofile import open_profile
    >>> from xprofile import write_ecsv
    >>> write_ecsv(profile, "profile.ecsv", "dnde")  # doctest: +SKIP
    >>> open_profile("profile.ecsv")  # doctest: +SKIP
    """
    with moved_into_place(path, overwrite=overwrite) as temporary:
        source = converted(profile, sed_type)
        table = gammapy_table(source)
        for name in table.colnames:
            if table[name].dtype.kind == "U":
                table[name] = table[name].copy(data=_one_line(table[name]))
        table.meta[EXTRA] = to_json(source, held_columns(source, _plain(table)))
        table.write(temporary, format=_FORMAT, overwrite=True)


def _one_line(texts: Column) -> NDArray[np.str_]:
    """Texts that a line of a file can hold: printable, and with something in them."""
    words = [" ".join("".join(c if c.isprintable() else " " for c in t).split()) for t in texts]
    return np.array([word or "-" for word in words])


def _plain(table: QTable) -> Table:
    """Give a table without units, whose columns are what is in the file."""
    return Table({name: getattr(column, "value", column) for name, column in table.items()})


def read_ecsv(path: StrPath) -> xr.Dataset | fits.BinTableHDU:
    """Read what `write_ecsv` wrote, or as FITS has it what others wrote.

    Raises
    ------
    FileFormatError
        If the file is no ECSV, or damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnitsWarning)
            table = Table.read(path, format=_FORMAT)
            text = table.meta.pop(EXTRA, None)
            if text is None:
                return fits.BinTableHDU(table, name=POINTS)
            return from_json(text, table, {})
    except KeyError as error:
        raise FileFormatError(f"{EXTRA} in {str(path)!r} is not whole: no {error}") from error
    except (OSError, ValueError, TypeError) as error:
        raise FileFormatError(f"cannot read {str(path)!r} as ECSV: {error}") from error
