"""HEALPix tables with one row for each value, as Gammapy and the Fermi tools write them."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ....exceptions import FileFormatError
from ....maps.axes import Axis
from ..arrays import native_order
from ..cubes import ArrayCube, Cube
from ..files import FitsFile
from ..image_axes import read_image_axes
from .columns import whole_numbers
from .regions import cells_of_region
from .table_cube import SparseCube, without_unseen

__all__ = ["LISTED", "SPARSE_VALUES", "read_sparse"]

Int: TypeAlias = NDArray[np.int64]
Scheme: TypeAlias = Literal["nested", "ring"]

# Card of tables that xprofile writes with INDXSCHM SPARSE: cells that are not listed are not on the
# map. In those of other tools, they have the value 0.
LISTED = "ONLYLIST"

# Cells of a sparse map, of which one plane and the numbers of the cells take 6 GB: those of NSIDE
# 4096 are fewer. Ten times more fill the memory of most computers; with a tenth, such maps would be
# refused.
_MOST_CELLS = 500_000_000

SPARSE_VALUES = "VALUE"  # column of values of a sparse table


def read_sparse(
    file: FitsFile, table: fits.BinTableHDU, level: int, scheme: Scheme, label: str
) -> tuple[tuple[Axis, ...], Cube, Any]:
    """Read a table with one row for each value: its cell, and the number of its plane.

    Cells that are not listed have the value 0, within the region of HPX_REG if there is one.

    Returns
    -------
    axes : tuple of Axis
        Energies, if there are any.
    cube : Cube
        Values (nplane, 1, ncell), or (1, ncell) without an axis.
    numbers : range or numpy.ndarray of int
        Numbers of the cells.

    Raises
    ------
    FileFormatError
        If columns are missing, or cells or planes do not exist or repeat.
    """
    values = without_unseen(native_order(table.data[_column(table, SPARSE_VALUES, label)]))
    plane, number = _places(table, level, label)
    planes = int(plane.max()) + 1
    axes = tuple(read_image_axes(file, table, planes if _has_planes(table) else 1))
    size, whole = axes[0].size if len(axes) == 1 else planes, 12 * 4**level
    if plane.min() < 0 or planes > size or number.min() < 0 or number.max() >= whole:
        raise FileFormatError(
            f"{label} has cells {number.min()} to {number.max()} in planes {plane.min()} to "
            f"{planes - 1}, expected 0 to {whole - 1} in {size} planes; correct the table"
        )
    numbers = _numbers(table, number, level, scheme, label)
    place = number if isinstance(numbers, range) else np.searchsorted(numbers, number)
    cells = len(numbers)
    index = plane * cells + place
    if np.any(index[1:] <= index[:-1]):
        order = np.argsort(index, kind="stable")
        index, values = index[order], values[order]
    if np.any(index[1:] == index[:-1]):
        raise FileFormatError(f"{label} has a cell twice in one plane; write each value once")
    cube: Cube = SparseCube(size, cells, index, values)
    if index.size == size * cells:
        cube = ArrayCube(values.reshape(size, 1, cells))
    return axes, cube if axes else cube.squeezed([0]), numbers


def _has_planes(table: fits.BinTableHDU) -> bool:
    return bool({"CHANNEL", "KEY"} & {name.strip().upper() for name in table.columns.names})


def _places(table: fits.BinTableHDU, level: int, label: str) -> tuple[Int, Int]:
    """Return the plane and the cell of each value."""
    known = {name.strip().upper() for name in table.columns.names}
    if "KEY" in known:
        keys = whole_numbers(table.data[_column(table, "KEY", label)], f"{label} column KEY")
        return keys // (12 * 4**level), keys % (12 * 4**level)
    pixels = table.data[_column(table, "PIX", label)]
    number = whole_numbers(pixels, f"{label} column PIX")
    if "CHANNEL" not in known:
        return np.zeros_like(number), number
    planes = table.data[_column(table, "CHANNEL", label)]
    return whole_numbers(planes, f"{label} column CHANNEL"), number


def _numbers(
    table: fits.BinTableHDU, listed: Int, level: int, scheme: Scheme, label: str
) -> range | Int:
    """Return the numbers of the cells of the map: those of its region, or all."""
    if table.header.get(LISTED) is True:
        return np.unique(listed)
    region = str(table.header.get("HPX_REG", "")).strip()
    if region:
        found = cells_of_region(region, level, scheme, None, label)
        if not np.isin(listed, found).all():
            raise FileFormatError(
                f"{label} lists cells that are not in its HPX_REG {region}; correct the header"
            )
        return found
    if 12 * 4**level > _MOST_CELLS:
        raise FileFormatError(
            f"{label} lists values of a sky of NSIDE {2**level}, more than fits into memory; check "
            "NSIDE, or write the cells of a part of the sky (INDXSCHM EXPLICIT)"
        )
    return range(12 * 4**level)


def _column(table: fits.BinTableHDU, name: str, label: str) -> str:
    found = {one.strip().upper(): one for one in table.columns.names}
    if name not in found:
        raise FileFormatError(f"{label} has no column {name}; found {table.columns.names}")
    return str(found[name])
