"""Profiles in ECSV: a text table in Gammapy's "profile" layout, and everything else in its header.

``meta["XPROFILE"]`` of the table is JSON with the attributes, and with dims, type and attributes of
each variable, and the values of the variables that no column holds exactly.
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
from ...schema.options import suggests_options
from ..atomic_writing import write_atomically
from ..file_contents import UNREADABLE
from ..paths import StrPath, real_path
from .astropy_tables import check_and_convert
from .fits_tables import EXTRA, POINTS
from .gammapy_tables import table_for_gammapy
from .json_description import describe_in_json, exact_columns, profile_from_json

__all__ = ["read_ecsv", "write_ecsv"]

_FORMAT = "ascii.ecsv"


@suggests_options
def write_ecsv(
    profile: xr.Dataset, path: StrPath, sed_type: str | None = None, *, overwrite: bool = False
) -> None:
    """Write a profile to ECSV, a table in a text file that `open_profile` gives back unchanged.

    Parameters
    ----------
    profile : xarray.Dataset
        Profile from `estimate`, of any sed type, with one or more energies.
    path : str or path-like
        Path of the new file. It appears there only when it is complete.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        Sed type to convert to first; by default that of the profile.
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    ExistingFileError
        If the file exists and `overwrite` is False.
    MissingVariableError, InvalidDataError
        If `profile` is not a profile, is empty, has dims besides bins, energies and scan, or has
        attributes that JSON cannot hold.

    See Also
    --------
    xprofile.open_profile : Read the file.
    xprofile.write_profile : Write a profile to FITS.
    xprofile.to_table : Make an astropy table, also with one row for each bin and energy.

    Notes
    -----
    The table has one row for each bin, and cells over energy, as Gammapy writes and reads it. For
    one row for each bin and energy, write ``to_table(profile, tidy=True)``.

    Examples
    --------
    >>> import xprofile
    >>> xprofile.write_ecsv(profile, "profile.ecsv", "dnde")  # doctest: +SKIP
    >>> profile = xprofile.open_profile("profile.ecsv")  # doctest: +SKIP
    """
    with write_atomically(path, overwrite=overwrite) as temporary:
        source = check_and_convert(profile, sed_type)
        table = table_for_gammapy(source)
        for name in table.colnames:
            if table[name].dtype.kind == "U":
                table[name] = table[name].copy(data=_printable_lines(table[name]))
        table.meta[EXTRA] = describe_in_json(source, exact_columns(source, _without_units(table)))
        table.write(temporary, format=_FORMAT, overwrite=True)


def _printable_lines(texts: Column) -> NDArray[np.str_]:
    """Return texts that fit into one line: printable, and not empty."""
    words = [" ".join("".join(c if c.isprintable() else " " for c in t).split()) for t in texts]
    return np.array([word or "-" for word in words])


def _without_units(table: QTable) -> Table:
    """Return a table of plain numbers, as they are in the file."""
    return Table({name: getattr(column, "value", column) for name, column in table.items()})


def read_ecsv(path: StrPath) -> xr.Dataset | fits.BinTableHDU:
    """Read the profile that `write_ecsv` wrote, or another table as a FITS table.

    Raises
    ------
    FileFormatError
        If the file is not ECSV, or is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnitsWarning)
            table = Table.read(real_path(path), format=_FORMAT)
            text = table.meta.pop(EXTRA, None)
            if text is None:
                return fits.BinTableHDU(table, name=POINTS)
            return profile_from_json(text, table, {})
    except KeyError as error:
        raise FileFormatError(
            f"{EXTRA} in {str(path)!r} is incomplete: {error} is missing; write the profile again"
        ) from error
    except FileFormatError:
        raise
    except UNREADABLE as error:
        raise FileFormatError(
            f"cannot read {str(path)!r} as ECSV: {error}; the file may be damaged: fetch it again "
            "or write it again"
        ) from error
