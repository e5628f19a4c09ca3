"""Axes of maps as GADF's BANDS tables hold them, in ascending order of change.

Format: https://gamma-astro-data-formats.readthedocs.io/en/latest/skymaps/wcs/index.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ..exceptions import FileFormatError
from .columns import column_in

__all__ = ["Axis", "bins_axis", "midpoints", "nodes_axis", "read_axes"]

Float = NDArray[np.float64]

# columns of nodes and edges by the names that AXCOLS gives; the dimension they become
_AXES = {
    "E_MIN,E_MAX": ("energy", "ENERGY", "E_MIN", "E_MAX"),
    "ENERGY": ("energy", "ENERGY", "E_MIN", "E_MAX"),
    "ENERGY_MIN,ENERGY_MAX": ("energy", "ENERGY", "ENERGY_MIN", "ENERGY_MAX"),
    "ENERGY_TRUE": ("energy_true", "ENERGY_TRUE", "ENERGY_TRUE_MIN", "ENERGY_TRUE_MAX"),
    "ENERGY_TRUE_MIN,ENERGY_TRUE_MAX": (
        "energy_true", "ENERGY_TRUE", "ENERGY_TRUE_MIN", "ENERGY_TRUE_MAX",
    ),
    "RAD": ("rad", "RAD", "RAD_MIN", "RAD_MAX"),
    "MIGRA": ("migra", "MIGRA", "MIGRA_MIN", "MIGRA_MAX"),
    "MIGRA_MIN,MIGRA_MAX": ("migra", "MIGRA", "MIGRA_MIN", "MIGRA_MAX"),
    "RAD_MIN,RAD_MAX": ("rad", "RAD", "RAD_MIN", "RAD_MAX"),
}  # fmt: skip


_UNITS = {"energy": "TeV", "energy_true": "TeV", "rad": "deg", "migra": ""}


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis that is not of the sky: centres and edges, energies in TeV and angles in degrees.

    Values are those at the centres, if they are nodes, else of the bins.
    """

    name: str
    centres: Float
    edges: Float
    at_nodes: bool = False

    @property
    def size(self) -> int:
        """Number of bins."""
        return self.centres.size

    def times(self, factor: float) -> Axis:
        """Return the axis in another unit."""
        return replace(self, centres=self.centres * factor, edges=self.edges * factor)


def read_axes(hdu: fits.BinTableHDU) -> list[Axis]:
    """Read all axes of a BANDS table, the slowest first, as the data have them.

    Raises
    ------
    FileFormatError
        If an axis is unknown, has a column missing, or does not ascend.
    """
    keys = sorted(key for key in hdu.header if key.startswith("AXCOLS"))
    if not keys:
        raise FileFormatError(f"{hdu.name} has no AXCOLS keyword: its axes are not named")
    columns = [hdu.header[key] for key in keys]
    kinds = ["center" if "," not in text else "edges" for text in columns]
    interpolations = [hdu.header.get(key.replace("AXCOLS", "INTERP"), "log") for key in keys]
    axes = []
    stride = 1
    for text, kind, interpolation in zip(columns, kinds, interpolations, strict=True):
        axis = _read_axis(hdu, text, kind, interpolation, stride)
        stride *= axis.size
        axes.append(axis)
    if stride != len(hdu.data):
        raise FileFormatError(
            f"{hdu.name} has {len(hdu.data)} rows, expected {stride} for axes "
            f"{[(a.name, a.size) for a in axes]}"
        )
    return axes[::-1]


def _read_axis(
    hdu: fits.BinTableHDU, text: str, kind: str, interpolation: str, stride: int
) -> Axis:
    if text not in _AXES:
        raise FileFormatError(f"{hdu.name} has an axis {text!r}, expected one of {list(_AXES)}")
    name, centre, lower, upper = _AXES[text]
    needed = [centre] if kind == "center" else [lower, upper]
    missing = [column for column in needed if column not in hdu.columns.names]
    if missing:
        raise FileFormatError(f"{hdu.name} has no column {missing}; found {hdu.columns.names}")
    if not len(hdu.data):
        raise FileFormatError(f"{hdu.name} has no rows, expected one for each bin of its axes")
    lines = slice(None, None, stride)
    first, *last = (column_in(hdu, column, None, _UNITS[name])[lines] for column in needed)
    log, where = interpolation == "log", f"{hdu.name}: {name}"
    period = _period(first)
    if last:
        return bins_axis(name, first[:period], last[0][:period], where, log=log)
    return nodes_axis(name, first[:period], where, log=log)


def nodes_axis(name: str, nodes: Float, where: str, *, log: bool = True) -> Axis:
    """Make an axis of nodes, with edges half-way between them.

    Raises
    ------
    FileFormatError
        If they do not ascend.
    """
    _check_ascent(nodes, where, positive=log)
    return Axis(name, nodes, midpoints(nodes, log=log), at_nodes=True)


def bins_axis(name: str, lower: Float, upper: Float, where: str, *, log: bool = True) -> Axis:
    """Make an axis of bins that touch.

    Raises
    ------
    FileFormatError
        If they do not, or do not ascend.
    """
    _check_ascent(lower, where, positive=log)
    edges = np.append(lower, upper[-1])
    _check_ascent(edges, where, positive=log)
    if not np.allclose(edges[1:], upper, rtol=1e-5, atol=0):
        raise FileFormatError(
            f"{where} has gaps or overlaps: bins start at {lower}, and end at {upper}"
        )
    return Axis(name, np.sqrt(edges[1:] * edges[:-1]) if log else _means(edges), edges)


def _check_ascent(values: Float, where: str, *, positive: bool) -> None:
    fine = np.isfinite(values).all() and np.all(np.diff(values) > 0)
    if not fine or (positive and values[0] <= 0):
        kind = "positive and finite values" if positive else "finite values"
        raise FileFormatError(f"{where} does not ascend in {kind}: found {values}")


def _period(nodes: Float) -> int:
    """Number of values before the first one comes back."""
    again = np.flatnonzero(nodes[1:] == nodes[0])
    return int(again[0]) + 1 if again.size else nodes.size


def _means(edges: Float) -> Float:
    return np.asarray((edges[1:] + edges[:-1]) / 2)


def midpoints(centres: Float, *, log: bool) -> Float:
    """Edges half-way between nodes, the outer ones as far out as the next ones are in."""
    x = np.log(centres) if log else centres
    if x.size == 1:
        return np.array([centres[0] * 0.5, centres[0] * 2.0]) if log else np.array([x[0], x[0]])
    middle = _means(x)
    edges = np.concatenate([[2 * x[0] - middle[0]], middle, [2 * x[-1] - middle[-1]]])
    return np.exp(edges) if log else edges
