"""GADF's BANDS tables: axes of maps that are not of the sky, to be written.

Format: https://gamma-astro-data-formats.readthedocs.io/en/latest/skymaps/wcs/index.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.table import Table
from numpy.typing import NDArray

from ...maps.axes import midpoints
from ...schema.axes import axis_edges, energy_unit
from ...schema.names import ENERGY, RAD, high, low
from ...schema.variables import COORDS

__all__ = ["TableAxis", "axis_of", "bands_table"]

Float = NDArray[np.float64]

# centre, lower and upper edge, where they are not NAME, NAME_MIN, NAME_MAX
_COLUMNS = {ENERGY: ("ENERGY", "E_MIN", "E_MAX")}


@dataclass(frozen=True, eq=False)
class TableAxis:
    """One axis of a BANDS table.

    Parameters
    ----------
    name : str
        Dimension of the maps.
    centres : numpy.ndarray
        Centres or nodes, (n,).
    edges : numpy.ndarray
        Edges, (n + 1,).
    unit : str
        Of both.
    nodes : bool
        The axis is given by its centres, not by its edges.
    """

    name: str
    centres: Float
    edges: Float
    unit: str
    nodes: bool

    @property
    def columns(self) -> tuple[str, str, str]:
        """Names of the columns with centres, lower and upper edges."""
        name = self.name.upper()
        return _COLUMNS.get(self.name, (name, f"{name}_MIN", f"{name}_MAX"))

    @property
    def cards(self) -> tuple[str, str]:
        """What AXCOLS and INTERP say."""
        columns = self.columns
        return columns[0] if self.nodes else ",".join(columns[1:]), self._interpolation

    @property
    def _interpolation(self) -> str:
        return "lin" if self.name == RAD else "log"

    def squashed(self) -> TableAxis:
        """Return the axis with one bin from end to end."""
        ends = self.edges[[0, -1]]
        return TableAxis(self.name, ends.mean(keepdims=True), ends, self.unit, nodes=False)


def axis_of(maps: xr.Dataset, dim: str) -> TableAxis:
    """Return an axis of maps: by its edges, or by its nodes where these are not the bins' centres.

    Raises
    ------
    InvalidDataError
        If neighbouring bins of energy do not touch.
    """
    if dim == RAD or low(dim) not in maps.coords:
        centres = maps[dim].to_numpy().astype(np.float64)
        unit = maps[dim].attrs.get("units", COORDS[dim].unit if dim == RAD else energy_unit(maps))
        return TableAxis(dim, centres, midpoints(centres, log=dim != RAD), unit, nodes=True)
    borders = axis_edges(maps, dim).astype(np.float64)
    middle = np.sqrt(borders[1:] * borders[:-1])
    centres = maps[dim].to_numpy() if dim in maps.coords else middle
    nodes = dim != ENERGY and _are_nodes(centres, middle, borders)
    unit = str(maps[high(dim)].attrs.get("units", energy_unit(maps)))
    return TableAxis(dim, centres if nodes else middle, borders, unit, nodes)


def _are_nodes(centres: Float, middle: Float, borders: Float) -> bool:
    """Whether nodes tell more of an axis than edges: these if they give the centres to 1e-9."""
    off = np.max(np.abs(centres / middle - 1))
    return bool(off > 1e-9 or off > np.max(np.abs(midpoints(centres, log=True) / borders - 1)))


def bands_table(name: str, axes: Sequence[TableAxis]) -> fits.BinTableHDU:
    """Make the table of a map's axes.

    Parameters
    ----------
    name : str
        HDU of the map.
    axes : sequence of TableAxis
        The slowest first, as the map has them.
    """
    index = np.indices([axis.centres.size for axis in axes]).reshape(len(axes), -1)
    table = Table({"CHANNEL": np.arange(index.shape[1])})
    for number, (axis, place) in enumerate(zip(axes[::-1], index[::-1], strict=True), 1):
        parts = (axis.centres, axis.edges[:-1], axis.edges[1:])
        for column, values in zip(axis.columns, parts, strict=True):
            table[column] = values[place]
            table[column].unit = axis.unit
        table.meta[f"AXCOLS{number}"], table.meta[f"INTERP{number}"] = axis.cards
    return fits.BinTableHDU(table, name=f"{name}_BANDS")
