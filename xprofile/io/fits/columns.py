"""Columns of FITS tables as numbers in a unit."""

from __future__ import annotations

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ...exceptions import FileFormatError
from .files import factor_to

__all__ = ["column", "column_in"]

Float = NDArray[np.float64]


def column_in(table: fits.BinTableHDU, name: str, default: str | None, unit: str) -> Float:
    """Numbers of a column in a unit; where the column names none they are in the default one."""
    values = column(table, name)
    found = table.columns[name].unit or default
    return np.asarray(values * factor_to(found, unit, f"{table.name} column {name}"))


def column(table: fits.BinTableHDU, name: str, ndim: int = 1) -> Float:
    """Numbers of a column, one in each row, or as many axes less one as `ndim`.

    Raises
    ------
    FileFormatError
        If there is no such column, or something else in it.
    """
    found = table.columns.names if isinstance(table, fits.BinTableHDU) else []
    if name.lower() not in map(str.lower, found):  # as FITS has it
        raise FileFormatError(f"{table.name} has no column {name}; found {found or 'no table'}")
    values = np.asarray(table.data[name])
    if values.ndim != ndim or not values.size or values.dtype.kind not in "iuf":
        raise FileFormatError(
            f"{table.name} column {name} has the shape {values.shape} and type {values.dtype}, "
            f"expected numbers, {ndim} axes"
        )
    return values.astype(np.float64)
