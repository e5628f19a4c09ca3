"""Axes of maps as GADF's BANDS tables hold them, in ascending order of change.

Format: https://gamma-astro-data-formats.readthedocs.io/en/latest/skymaps/wcs/index.html
"""

from __future__ import annotations

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ...exceptions import FileFormatError
from ...maps.axes import Axis, bins_axis, nodes_axis
from .columns import column_in

__all__ = ["read_axes"]

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


def _period(nodes: Float) -> int:
    """Number of values before the first one comes back."""
    again = np.flatnonzero(nodes[1:] == nodes[0])
    return int(again[0]) + 1 if again.size else nodes.size
