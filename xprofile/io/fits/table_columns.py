"""Columns of FITS tables as arrays of numbers, also in a given unit."""

from __future__ import annotations

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ...exceptions import FileFormatError
from ...schema.names import ENERGY_UNIT
from .files import FitsFile
from .units import named_unit, unit_factor

__all__ = ["column_in_unit", "column_values", "energy_column"]

Float = NDArray[np.float64]

_CORRECT = "correct it in the file"
_GIVE_ENERGY = (
    f"{_CORRECT}, or give the unit that its numbers have: unit={{'exposure': {{'energy': 'GeV'}}}},"
    " for example, in open_maps, or unit={'energy': 'GeV'} in open_map"
)


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
    if notes is not None and default and not named_unit(table.columns[name].unit):
        notes.append(f"{where} in {default}")
    return np.asarray(values * unit_factor(found, unit, where, _CORRECT))


def energy_column(
    table: fits.BinTableHDU, name: str, file: FitsFile, default: str | None = None
) -> Float:
    """Return a column of energies in TeV.

    Parameters
    ----------
    table : astropy.io.fits.BinTableHDU
        The table.
    name : str
        Name of the column.
    file : FitsFile
        File of the table, with the units that the caller gives. It gets a note if `default` is
        taken.
    default : str, optional
        Unit that the format defines where the file does not name one.

    Raises
    ------
    FileFormatError
        If the column is missing, does not hold numbers, or has no unit of energy.
    """
    values, where = column_values(table, name), f"{table.name} column {name}"
    named = named_unit(table.columns[name].unit)
    unit = file.given_energy_unit or named or default or file.energy_unit
    if unit is None:
        raise FileFormatError(
            f"{where} has the unit None, expected one like {ENERGY_UNIT!r}; {_GIVE_ENERGY}; or "
            "energy_unit= in both, which is the unit of the result as well"
        )
    if default and not named and not file.given_energy_unit:
        file.notes.append(f"{where} in {default}")
    return np.asarray(values * unit_factor(unit, ENERGY_UNIT, where, _GIVE_ENERGY))


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
