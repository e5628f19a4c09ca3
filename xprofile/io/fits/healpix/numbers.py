"""Numbers of the cells that the rows of a HEALPix table stand for."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from astropy.io import fits

from ....exceptions import FileFormatError
from ..arrays import native_order
from .columns import number_column, whole_numbers
from .regions import cells_of_region
from .table_cube import len_of_table

__all__ = ["cell_numbers", "values_in_row"]


def cell_numbers(table: fits.BinTableHDU, name: str, level: int, scheme: Any, label: str) -> Any:
    """Return the numbers of the cells of a table, one for each value of a column.

    Parameters
    ----------
    table : astropy.io.fits.BinTableHDU
        The table.
    name : str
        A column of values.
    level : int
        Level of the grid.
    scheme : {"nested", "ring"}
        Order in which cells are numbered.
    label : str
        Name of the map in messages.

    Returns
    -------
    range or numpy.ndarray of int
        The numbers in the order of the rows.

    Raises
    ------
    FileFormatError
        If the table does not tell them, or cells do not exist or repeat.
    """
    header, column = table.header, number_column(table)
    text = str(header.get("INDXSCHM", "")).strip().upper()
    if column is not None and text != "LOCAL":
        numbers = _listed(table.data[column], level, f"{label} column {column}")
        _check_last(header, level, label)
        return numbers
    if text == "EXPLICIT":
        raise FileFormatError(
            f"{label} has INDXSCHM EXPLICIT, but no column PIX or PIXEL with the numbers of its "
            f"cells; found {table.columns.names}"
        )
    region = str(header.get("HPX_REG", header.get("HPXREGION", ""))).strip()
    rows, whole = len_of_table(table), 12 * 4**level
    size = rows * max(values_in_row(table, name), 1)
    if whole in (size, rows) and text != "LOCAL":
        return range(whole)
    _check_last(header, level, label)
    found = (
        cells_of_region(region, level, scheme, size, label)
        if region
        else _range(header, size, whole)
    )
    if len(found) in (size, rows):
        return found
    where = f"HPX_REG {region} has {len(found)} of them" if region else (
        f"NSIDE {2**level} has {whole}, and FIRSTPIX {header.get('FIRSTPIX')} to LASTPIX "
        f"{header.get('LASTPIX')} are given"
    )  # fmt: skip
    raise FileFormatError(
        f"{label} has values for {size} cells, but {where}; correct the header, or write the map "
        "anew with the numbers of its cells in a column PIX (INDXSCHM EXPLICIT)"
    )


def _check_last(header: fits.Header, level: int, label: str) -> None:
    """Raise if LASTPIX is the last cell of the sky at another NSIDE than that of the header."""
    last = header.get("LASTPIX")
    others = {12 * 4**one - 1: one for one in range(level + 3) if one != level}
    if header.get("FIRSTPIX", 0) == 0 and last in others:
        raise FileFormatError(
            f"{label} has NSIDE {2**level}, and LASTPIX {last}, which is that of NSIDE "
            f"{2 ** others[last]}, expected {12 * 4**level - 1}; correct the wrong one of both"
        )


def _range(header: fits.Header, size: int, whole: int) -> range:
    """Return the cells from FIRSTPIX to LASTPIX, or all of them."""
    first, last = header.get("FIRSTPIX", 0), header.get("LASTPIX", whole - 1)
    integers = isinstance(first, Integral) and isinstance(last, Integral)
    known = integers and 0 <= int(first) <= int(last) < whole
    if known and int(last) - int(first) + 1 == size:
        return range(int(first), int(last) + 1)
    return range(whole)


def values_in_row(table: fits.BinTableHDU, name: str) -> int:
    """Return the number of values in each row of a column."""
    return int(np.prod(table.columns.dtype[name].shape, dtype=np.int64))


def _listed(values: Any, level: int, what: str) -> Any:
    """Return numbers of cells after a check that they exist, and that none repeats."""
    numbers, last = whole_numbers(native_order(values), what), 12 * 4**level - 1
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or high > last:
        raise FileFormatError(
            f"{what} has the number {low if low < 0 else high}, expected 0 to {last} for NSIDE "
            f"{2**level}; correct NSIDE or the column"
        )
    if np.all(numbers[1:] > numbers[:-1]):
        whole = numbers.size == high - low + 1
        return range(low, high + 1) if whole else numbers
    if np.unique(numbers).size < numbers.size:
        order = np.sort(numbers)
        again = int(order[1:][order[1:] == order[:-1]][0])
        raise FileFormatError(
            f"{what} has the number {again} more than once: a cell would count twice; write each "
            "cell once"
        )
    return numbers
