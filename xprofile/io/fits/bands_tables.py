"""BANDS tables of GADF: the axes of maps that are not axes of the sky, read and written.

Format: https://gamma-astro-data-formats.readthedocs.io/en/latest/skymaps/wcs/index.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.table import Table
from numpy.typing import NDArray

from ...exceptions import FileFormatError
from ...maps.axes import Axis, bins_axis, midpoints, nodes_axis
from ...schema.axes import axis_edges, energy_unit
from ...schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT, RAD, high, low
from ...schema.variables import COORDS
from .files import FitsFile
from .table_columns import column_in_unit, energy_column

__all__ = ["MIGRA", "axis_to_write", "make_bands_table", "read_bands_table"]

Float = NDArray[np.float64]
MIGRA = "migra"

# columns of the centres, lower and upper edges of each dimension, as they are written
_COLUMNS = {
    ENERGY: ("ENERGY", "E_MIN", "E_MAX"),
    ENERGY_TRUE: ("ENERGY_TRUE", "ENERGY_TRUE_MIN", "ENERGY_TRUE_MAX"),
    RAD: ("RAD", "RAD_MIN", "RAD_MAX"),
    MIGRA: ("MIGRA", "MIGRA_MIN", "MIGRA_MAX"),
}

# dimension and columns for each text that the AXCOLS keyword may have: nodes or pairs of edges
_AXES = {
    text: (name, columns)
    for name, columns in _COLUMNS.items()
    for text in (columns[0], ",".join(columns[1:]))
} | {
    "ENERGY_MIN,ENERGY_MAX": (ENERGY, ("ENERGY", "ENERGY_MIN", "ENERGY_MAX")),
    "THETA": (RAD, ("THETA", "THETA_MIN", "THETA_MAX")),  # Gammapy before 1.0
    "THETA_MIN,THETA_MAX": (RAD, ("THETA", "THETA_MIN", "THETA_MAX")),
}

# Axes beside which energies are true ones, also where Gammapy before 1.0 names them ENERGY.
_BESIDE_TRUE_ENERGIES = ("MIGRA", "THETA")

_UNITS = {ENERGY: ENERGY_UNIT, ENERGY_TRUE: ENERGY_UNIT, RAD: "deg", MIGRA: ""}

# Largest relative difference between nodes and the centres of bins for which edges alone are
# written. It is well above the rounding of centres and edges in double precision (1e-15), and well
# below any real distance. With a limit ten times larger, nodes could come back changed by 1e-8;
# with one near 1e-15, axes of bins would be written as nodes and lose their exact edges.
_SAME_CENTRES = 1e-9


def read_bands_table(hdu: fits.BinTableHDU, file: FitsFile) -> list[Axis]:
    """Read the axes of a BANDS table in the order of the image: energies in TeV, angles in deg.

    Parameters
    ----------
    hdu : astropy.io.fits.BinTableHDU
        The table.
    file : FitsFile
        File of the table, with the units that the caller gives.

    Raises
    ------
    FileFormatError
        If an axis is unknown, lacks a column, or does not ascend.
    """
    keys = sorted(key for key in hdu.header if key.startswith("AXCOLS"))
    if not keys:
        raise FileFormatError(f"{hdu.name} has no AXCOLS keyword: its axes are not named")
    axes = []
    stride = 1
    both = {_AXES.get(_axis_text(hdu, key), ("",))[0] for key in keys} >= {ENERGY, ENERGY_TRUE}
    beside = file.beside_true_energies() if both else file
    for key in keys:
        interpolation, text = hdu.header.get(key.replace("AXCOLS", "INTERP")), _axis_text(hdu, key)
        of_axis = beside if _AXES.get(text, ("",))[0] == ENERGY else file
        axis = _read_axis(hdu, text, interpolation, stride, of_axis)
        stride *= axis.size
        axes.append(axis)
    if stride != len(hdu.data):
        raise FileFormatError(
            f"{hdu.name} has {len(hdu.data)} rows, expected {stride} for axes "
            f"{[(a.name, a.size) for a in axes]}"
        )
    if any(_axis_text(hdu, key).startswith(_BESIDE_TRUE_ENERGIES) for key in keys):
        axes = [replace(a, name=ENERGY_TRUE) if a.name == ENERGY else a for a in axes]
    return axes[::-1]


def _axis_text(hdu: fits.BinTableHDU, key: str) -> str:
    """Return the names of the columns of an axis in capitals, without spaces."""
    return str(hdu.header[key]).upper().replace(" ", "")


def _read_axis(
    hdu: fits.BinTableHDU,
    text: str,
    interpolation: str | None,
    stride: int,
    file: FitsFile,
) -> Axis:
    """Read the axis whose values change every `stride` rows."""
    if text not in _AXES:
        raise FileFormatError(f"{hdu.name} has an axis {text!r}, expected one of {list(_AXES)}")
    name = _AXES[text][0]
    needed = _find_columns(hdu, text)
    if not len(hdu.data):
        raise FileFormatError(f"{hdu.name} has no rows, expected one for each bin of its axes")
    rows = slice(None, None, stride)
    energy = name in (ENERGY, ENERGY_TRUE)
    columns = (
        energy_column(hdu, one, file) if energy else column_in_unit(hdu, one, None, _UNITS[name])
        for one in needed
    )
    first, *last = (values[rows] for values in columns)
    log = energy if interpolation is None else interpolation == "log"
    log = log and (energy or first[0] > 0)  # angles may start at 0
    where = f"{hdu.name}: {name}"
    size = _period(first)
    if last:
        return bins_axis(name, first[:size], last[0][:size], _UNITS[name], where, log=log)
    return nodes_axis(name, first[:size], _UNITS[name], where, log=log)


def _find_columns(hdu: fits.BinTableHDU, text: str) -> list[str]:
    """Return the columns with the nodes of an axis, or with its lower and upper edges.

    An axis of angles, migra or true energies may have the other kind than the table says.

    Raises
    ------
    FileFormatError
        If columns are missing.
    """
    name, (centre, lower, upper) = _AXES[text]
    kinds = [[centre], [lower, upper]]
    named, other = kinds[::-1] if "," in text else kinds
    found = [column.upper() for column in hdu.columns.names]
    missing = [column for column in named if column not in found]
    if missing and name != ENERGY and set(other) <= set(found):
        return other
    if missing:
        raise FileFormatError(f"{hdu.name} has no column {missing}; found {hdu.columns.names}")
    return named


def _period(values: Float) -> int:
    """Return the number of values before the first one repeats."""
    repeats = np.flatnonzero(values[1:] == values[0])
    return int(repeats[0]) + 1 if repeats.size else values.size


def axis_to_write(maps: xr.Dataset, dim: str) -> Axis:
    """Return an axis of maps: its edges, or its nodes if the centres of the edges differ from them.

    Raises
    ------
    InvalidDataError
        If there is a gap between bins of energy.
    """
    if dim == RAD or low(dim) not in maps.coords:
        nodes = maps[dim].to_numpy().astype(np.float64)
        unit = maps[dim].attrs.get("units", COORDS[dim].unit if dim == RAD else energy_unit(maps))
        return Axis(dim, nodes, midpoints(nodes, log=dim != RAD), unit, at_nodes=True)
    edges = axis_edges(maps, dim).astype(np.float64)
    middle = np.sqrt(edges[1:] * edges[:-1])
    centres = maps[dim].to_numpy() if dim in maps.coords else middle
    at_nodes = dim != ENERGY and _are_nodes(centres, middle, edges)
    unit = str(maps[high(dim)].attrs.get("units", energy_unit(maps)))
    return Axis(dim, centres if at_nodes else middle, edges, unit, at_nodes)


def _are_nodes(centres: Float, middle: Float, edges: Float) -> bool:
    """Whether an axis must be written by its nodes, because its edges do not give its centres.

    Below `_SAME_CENTRES`, the smaller of the two rounding errors decides.
    """
    from_edges = np.max(np.abs(centres / middle - 1))
    if from_edges > _SAME_CENTRES:
        return True
    from_nodes = np.max(np.abs(midpoints(centres, log=True) / edges - 1))
    return bool(from_edges > from_nodes)


def make_bands_table(name: str, axes: Sequence[Axis]) -> fits.BinTableHDU:
    """Make the BANDS table of a map.

    Parameters
    ----------
    name : str
        Name of the HDU with the map.
    axes : sequence of Axis
        Axes in the order of the image.
    """
    index = np.indices([axis.size for axis in axes]).reshape(len(axes), -1)
    table = Table({"CHANNEL": np.arange(index.shape[1])})
    for number, (axis, rows) in enumerate(zip(axes[::-1], index[::-1], strict=True), 1):
        columns = _COLUMNS[axis.name]
        parts = (axis.centres, axis.edges[:-1], axis.edges[1:])
        for column, values in zip(columns, parts, strict=True):
            table[column] = values[rows]
            table[column].unit = axis.unit
        table.meta[f"AXCOLS{number}"] = columns[0] if axis.at_nodes else ",".join(columns[1:])
        table.meta[f"INTERP{number}"] = "lin" if axis.name == RAD else "log"
    return fits.BinTableHDU(table, name=f"{name}_BANDS")
