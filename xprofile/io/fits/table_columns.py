"""Columns of FITS tables as arrays of numbers, also in a given unit."""

from __future__ import annotations

import astropy.units as u
import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ...exceptions import FileFormatError
from .units import named_unit, unit_factor

__all__ = ["column_in_unit", "column_values"]

Float = NDArray[np.float64]


def column_in_unit(
    table: fits.BinTableHDU,
    name: str,
    default: str | None,
    unit: str,
    notes: list[str] | None = None,
) -> Float:
    """Return a column of numbers, converted to a unit.

    Parameters
    ----------
    table : astropy.io.fits.BinTableHDU
        The table.
    name : str
        Name of the column.
    default : str or None
        Unit of the column if the file does not name one; None for plain numbers.
    unit : str
        Unit to convert to.
    notes : list of str, optional
        Gets a line if the default is taken.

    Raises
    ------
    FileFormatError
        If the column is missing, does not hold numbers, or has a unit of another kind.
    """
    values = column_values(table, name)
    found = named_unit(table.columns[name].unit) or default
    where = f"{table.name} column {name}"
    if found is None and u.Unit(unit).is_equivalent("TeV"):
        raise FileFormatError(
            f"{where} has the unit None, expected one like {unit!r}; correct it in the file, or "
            "give energy_unit=, the unit that its numbers have"
        )
    if notes is not None and default and not named_unit(table.columns[name].unit):
        notes.append(f"{where} in {default}")
    return np.asarray(values * unit_factor(found, unit, where))


def column_values(table: fits.BinTableHDU, name: str, ndim: int = 1) -> Float:
    """Return a column of numbers.

    Parameters
    ----------
    table : astropy.io.fits.BinTableHDU
        The table.
    name : str
        Name of the column; capitals do not matter.
    ndim : int
        Number of axes: 1 for one number in each row, 2 for a vector in each row.

    Raises
    ------
    FileFormatError
        If the column is missing, empty, or does not hold numbers with `ndim` axes.
    """
    found = table.columns.names if isinstance(table, fits.BinTableHDU) else []
    if name.lower() not in map(str.lower, found):  # FITS ignores the case of column names
        raise FileFormatError(f"{table.name} has no column {name}; found {found or 'no table'}")
    values = np.asarray(table.data[name])
    if values.ndim != ndim or not values.size or values.dtype.kind not in "iuf":
        raise FileFormatError(
            f"{table.name} column {name} has the shape {values.shape} and type {values.dtype}, "
            f"expected numbers with {ndim} axes"
        )
    return values.astype(np.float64)
