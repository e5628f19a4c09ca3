"""Values of HEALPix tables, read from disk by rows when they are needed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ...paths import check_unchanged, real_path
from ..arrays import native_order
from ..cubes import Array, ArrayCube, Cube, Key
from ..files import FitsFile, translate_errors
from .cells import slice_of_key

__all__ = ["SparseCube", "TableCube", "make_table_cube", "without_unseen"]

# Value for cells without data, and how far others may differ from it, as healpy defines them. Of
# real maps, no value is near: ten times more or less changes nothing.
_UNSEEN, _NEAR_UNSEEN = -1.6375e30, 1e-5

_PIECE = 1 << 24  # bytes of rows that are read at once; affects memory alone
_PLAIN = re.compile(r"(\d*)[BIJKED]$")  # formats of columns that can be read later


def without_unseen(values: Array, bad: float = _UNSEEN) -> Array:
    """Return values with NaN for cells without data; integers stay as they are.

    Parameters
    ----------
    values : numpy.ndarray
        Values of cells.
    bad : float
        Value of cells without data, besides UNSEEN of healpy.
    """
    if values.dtype.kind != "f":
        return values
    low, high = (values.dtype.type(_UNSEEN * (1 + s * _NEAR_UNSEEN)) for s in (1, -1))
    unseen = values > low
    unseen &= values < high
    if bad != _UNSEEN:
        unseen |= values == values.dtype.type(bad)
    return np.where(unseen, values.dtype.type(np.nan), values) if unseen.any() else values


@dataclass(frozen=True, eq=False)
class TableCube(Cube):
    """Columns of a table as planes of one row, (ncolumn, 1, ncell).

    Parameters
    ----------
    columns : tuple of str
        Names of the columns, one for each plane.
    dtype : numpy.dtype
        Type of the values.
    row : numpy.dtype
        Type of a row in the file.
    rows, width : int
        Number of rows, and of cells in each row.
    offset : int
        Byte of the file at which the rows begin.
    name, path : str
        Name of the file in messages, and its path.
    state : tuple of int
        Size and time of change that the file had when the cube was made.
    bad : float
        Value of cells without data, besides UNSEEN of healpy.
    """

    columns: tuple[str, ...]
    dtype: np.dtype[Any]
    row: np.dtype[Any]
    rows: int
    width: int
    offset: int
    name: str
    path: str
    state: tuple[int, int]
    bad: float = _UNSEEN

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Numbers of columns, of rows, which is 1, and of cells."""
        return len(self.columns), 1, self.rows * self.width

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis.

        Raises
        ------
        FileFormatError
            If the file cannot be read, or is not the one that was opened.
        """
        names = [self.columns[i] for i in np.arange(len(self.columns))[key[0]]]
        start, stop, inner = slice_of_key(key[2], self.shape[2])
        first, last = start // self.width, -(-stop // self.width)
        found = np.empty((len(names), (last - first) * self.width), self.dtype)
        with translate_errors(self.name):
            check_unchanged(self.path, self.name, self.state)
            self._read_rows(found, names, first, last)
            check_unchanged(self.path, self.name, self.state)
        begin = first * self.width
        part = found[:, start - begin : stop - begin][:, inner]
        return without_unseen(part, self.bad)[:, None, :][:, key[1]]

    def _read_rows(self, found: Array, names: list[str], first: int, last: int) -> None:
        """Read rows of the columns into an array."""
        step = max(_PIECE // self.row.itemsize, 1)
        with open(self.path, "rb") as stream:
            for start in range(first, last, step):
                number = min(step, last - start)
                stream.seek(self.offset + start * self.row.itemsize)
                block = np.frombuffer(stream.read(number * self.row.itemsize), self.row)
                place = slice((start - first) * self.width, (start - first + number) * self.width)
                for plane, name in enumerate(names):
                    found[plane, place] = block[name].reshape(-1)


def make_table_cube(
    file: FitsFile, table: fits.BinTableHDU, names: list[str], *, cells: int
) -> Cube:
    """Return the cube of columns; its values are read now if they cannot be read later.

    Parameters
    ----------
    file : FitsFile
        File of the table.
    table : astropy.io.fits.BinTableHDU
        The table.
    names : list of str
        Columns, one for each plane; or one with as many values in each row as there are planes.
    cells : int
        Number of cells.

    Raises
    ------
    FileFormatError
        If columns have other numbers of values than cells.
    """
    bad = _bad_value(table.header)
    if file.manager is not None and file.state is not None and _can_be_read_later(table, names):
        widths = {_width(table, name) for name in names}
        rows, width = len_of_table(table), widths.pop()
        if not widths and rows * width == cells:
            row = _row_type(table)
            dtype = np.result_type(*(row[name].base.newbyteorder("=") for name in names))
            offset = int(table.fileinfo()["datLoc"])
            path = real_path(file.name)
            return TableCube(
                tuple(names), dtype, row, rows, width, offset, file.name, path, file.state, bad
            )
    planes = [_plane(_known_values(table, name), cells) for name in names]
    values = np.concatenate(planes) if len(planes) > 1 else planes[0]
    return ArrayCube(without_unseen(values, bad)[:, None, :])


def _bad_value(header: fits.Header) -> float:
    """Return the value that cells without data have by ``BAD_DATA``, a keyword of HEALPix files."""
    value = header.get("BAD_DATA")
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and value != 0 else _UNSEEN  # 0 is a usual value of cells


def _known_values(table: fits.BinTableHDU, name: str) -> NDArray[Any]:
    """Return the values of a column, NaN for the integer that stands for none."""
    values, null = native_order(table.data[name]), table.columns[name].null
    if values.dtype.kind in "iu" and isinstance(null, int) and (values == null).any():
        return np.where(values == null, np.nan, values)
    return values


def len_of_table(table: fits.BinTableHDU) -> int:
    """Return the number of rows without reading them."""
    return int(table.header["NAXIS2"])


def _plane(values: NDArray[Any], cells: int) -> NDArray[Any]:
    """Return the values of a column, (nplane, ncell)."""
    if values.size == cells:
        return values.reshape(1, cells)
    return np.ascontiguousarray(values.reshape(cells, -1).T)  # a vector of planes in each row


def _row_type(table: fits.BinTableHDU) -> np.dtype[Any]:
    """Return the type of a row in the file."""
    found: np.dtype[Any] = table.columns.dtype
    return found.newbyteorder(">")


def _width(table: fits.BinTableHDU, name: str) -> int:
    match = _PLAIN.match(str(table.columns[name].format).strip())
    return int(match[1] or 1) if match else 0


def _can_be_read_later(table: fits.BinTableHDU, names: list[str]) -> bool:
    """Whether columns have plain numbers, that are not scaled and have no value for none."""
    plain = all(
        _PLAIN.match(str(column.format).strip())
        and column.bscale in (None, "", 1)
        and column.bzero in (None, "", 0)
        and column.null in (None, "")
        for column in (table.columns[name] for name in names)
    )
    return plain and _row_type(table).itemsize == table.header["NAXIS1"]


@dataclass(frozen=True, eq=False)
class SparseCube(Cube):
    """Planes of one row, (nplane, 1, ncell), with 0 where no value is listed.

    Parameters
    ----------
    planes, cells : int
        Numbers of planes and cells.
    index : numpy.ndarray of int
        Flat indices (plane, cell) of the listed values, ascending.
    values : numpy.ndarray
        The values.
    """

    planes: int
    cells: int
    index: NDArray[np.int64]
    values: Array

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Numbers of planes, of rows, which is 1, and of cells."""
        return self.planes, 1, self.cells

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the values."""
        return self.values.dtype

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis."""
        start, stop, inner = slice_of_key(key[2], self.cells)
        wanted = np.arange(self.planes)[key[0]]
        found = np.zeros((wanted.size, stop - start), self.dtype)
        for place, plane in enumerate(wanted):
            ends = np.searchsorted(self.index, plane * self.cells + np.array([start, stop]))
            part = slice(*ends)
            found[place, self.index[part] - plane * self.cells - start] = self.values[part]
        return found[:, inner][:, None, :][:, key[1]]
