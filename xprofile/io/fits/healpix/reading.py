"""HEALPix maps of FITS tables: values, cells and energies, in the forms that tools write."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ....exceptions import DataWarning, FileFormatError
from ....maps.axes import Axis
from ....schema.warning_place import user_stacklevel
from ..cubes import Cube
from ..files import FitsFile
from ..image_axes import read_image_axes
from .cells import HealpixCells
from .columns import (
    ENERGY_FAMILIES,
    common_unit,
    find_family,
    named_column,
    value_columns,
)
from .grids import read_frame, read_level, read_scheme
from .numbers import cell_numbers, values_in_row
from .sparse import SPARSE_VALUES, read_sparse
from .table_cube import len_of_table, make_table_cube

__all__ = ["HealpixTable", "read_healpix_table", "read_planes"]


@dataclass(frozen=True, eq=False)
class HealpixTable:
    """A HEALPix map in a table.

    Parameters
    ----------
    cube : Cube
        Values (nplane, 1, ncell), or (1, ncell) without an axis.
    axes : tuple of Axis
        Energies, if there are any.
    cells : HealpixCells
        The cells.
    unit : str, optional
        Unit as the file names it.
    column : str, optional
        Name of the column, if there is one alone.
    may_lack_values : bool
        Whether cells without data are usual in tables of this tool.
    """

    cube: Cube
    axes: tuple[Axis, ...]
    cells: HealpixCells
    unit: str | None
    column: str | None
    may_lack_values: bool


def read_healpix_table(
    file: FitsFile, table: fits.BinTableHDU, label: str, column: Any = None
) -> HealpixTable:
    """Read the HEALPix map in a table.

    Parameters
    ----------
    file : FitsFile
        File with the table, the units that the caller gives, and the frame.
    table : astropy.io.fits.BinTableHDU
        The table.
    label : str
        Name of the map in messages.
    column : str, optional
        Column to read, instead of all that are planes of one map.

    Raises
    ------
    FileFormatError
        If the header or the columns do not describe a map.
    InvalidOptionError
        If the table has no such column.

    Warns
    -----
    DataWarning
        If the table has several columns that are different maps, and the first is read.
    """
    if not len_of_table(table):
        raise FileFormatError(f"{label} is empty: it has no rows")
    level, scheme = read_level(table.header, label), read_scheme(table.header, label)
    _check_one_nside(file, table, level, label)
    frame = read_frame(table.header, file.frame, label)
    if str(table.header.get("INDXSCHM", "")).strip().upper() == "SPARSE":
        axes, cube, numbers = read_sparse(file, table, level, scheme, label)
        cells = HealpixCells(level, scheme, frame, numbers)
        unit = common_unit(table, [SPARSE_VALUES], label)
        return HealpixTable(cube, axes, cells, unit, None, False)
    single = None if column is None else named_column(table, column, label)
    names = value_columns(table, label) if single is None else [single]
    numbers = cell_numbers(table, names[0], level, scheme, label)
    planes = _planes_in_row(table, names, len(numbers), label)
    axes = () if single is not None else _read_axes(file, table, names, planes)
    if not axes and len(names) > 1:
        _warn_of_other_columns(names, label)
        names = names[:1]
    cube = make_table_cube(file, table, names, cells=len(numbers))
    _check_shape(cube, axes, label)
    return HealpixTable(
        cube if axes else cube.squeezed([0]),
        axes,
        HealpixCells(level, scheme, frame, numbers),
        common_unit(table, names, label),
        names[0] if len(names) == 1 else None,
        "HPX_CONV" not in table.header and find_family(names) not in ENERGY_FAMILIES,
    )


def _check_one_nside(file: FitsFile, table: fits.BinTableHDU, level: int, label: str) -> None:
    """Raise if planes have different resolutions, as in multi-resolution maps of Gammapy."""
    bands = table.header.get("BANDSHDU")
    known = file[bands] if bands is not None and bands in file else None
    if known is None or "NSIDE" not in getattr(known, "columns", fits.ColDefs([])).names:
        return
    found = np.unique(known.data["NSIDE"])
    if found.size > 1 or int(found[0]) != 2**level:
        raise FileFormatError(
            f"{label} has planes of NSIDE {found.tolist()}, expected one for all energies; make "
            "the map anew with one NSIDE"
        )


def _planes_in_row(table: fits.BinTableHDU, names: list[str], cells: int, label: str) -> int:
    """Return the number of planes: one for each column, or the values in each row."""
    sizes = {len_of_table(table) * values_in_row(table, name) for name in names}
    if sizes == {cells}:
        return len(names)
    size = sizes.pop()
    if sizes or len(names) > 1 or size % cells or len_of_table(table) != cells:
        raise FileFormatError(
            f"{label} has columns of {sorted({size, *sizes})} values, expected {cells}, one for "
            "each cell; write the map anew"
        )
    return size // cells


def _read_axes(
    file: FitsFile, table: fits.BinTableHDU, names: list[str], planes: int
) -> tuple[Axis, ...]:
    """Return the energies of the planes; none for columns that are different maps."""
    same = len(names) == 1 or find_family(names) in ENERGY_FAMILIES
    try:
        axes = tuple(read_image_axes(file, table, planes))
    except FileFormatError:
        if same:
            raise
        return ()
    matches = int(np.prod([axis.size for axis in axes])) == planes
    return axes if same or matches else ()


def _check_shape(cube: Cube, axes: tuple[Axis, ...], label: str) -> None:
    sizes = tuple(axis.size for axis in axes)
    if len(sizes) > 1 or (sizes and sizes != cube.shape[:1]):
        more = sizes and cube.shape[0] == sizes[0] + 1
        raise FileFormatError(
            f"{label} has {cube.shape[0]} planes, expected {sizes} from its axes "
            f"{[axis.name for axis in axes]}"
            + ("; a source map of gtsrcmaps is at the edges of the bins: make counts with gtmodel"
               if more else "")
        )  # fmt: skip


def _warn_of_other_columns(names: list[str], label: str) -> None:
    warnings.warn(
        f"{label} has the columns {', '.join(names)}, and no energies for them; the first, "
        f"{names[0]}, is read; name another one by open_map(..., column={names[1]!r}), or give "
        "energy_edges= if they are energy bands",
        DataWarning,
        stacklevel=user_stacklevel(),
    )


def read_planes(
    file: FitsFile, table: fits.BinTableHDU, label: str
) -> tuple[NDArray[Any], HealpixCells]:
    """Read all planes of a table as they are, (nplane, ncell), and the cells.

    Raises
    ------
    FileFormatError
        If the header or the columns do not describe a map.
    """
    level, scheme = read_level(table.header, label), read_scheme(table.header, label)
    frame, names = read_frame(table.header, file.frame, label), value_columns(table, label)
    numbers = cell_numbers(table, names[0], level, scheme, label)
    _planes_in_row(table, names, len(numbers), label)
    cube = make_table_cube(file, table, names, cells=len(numbers))
    return cube.read()[:, 0], HealpixCells(level, scheme, frame, numbers)
