"""Edges of boxes in rad: rows and columns of local components, and local axes in a frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .axes import digitize

__all__ = ["StraightEdges", "local_longitude", "row_finder", "turn_to_middle"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Radians between two poles that are the same. Rounding gives 1e-16 for a line along the equator of
# its frame; ten times larger would move pixels within 1e-13 rad of an edge to the next box.
_SAME_POLE = 1e-14

# Local latitude in rad of an edge from which pixels are compared by angles, not by sines, which are
# faster. At 80 deg sines tell angles of 1e-15 rad apart, and at 89.99 deg of 1e-12. With a latitude
# nearer to the pole, rounding of sines would be larger than the tolerance of an edge.
_STEEP = np.radians(80)


class StraightEdges(NamedTuple):
    """Edges of boxes along the meridians and parallels of a frame, lower by their tolerance.

    Parameters
    ----------
    lon : numpy.ndarray
        Longitudes of the edges of the columns in rad, in the order of the columns, (ncolumn + 1,).
        They ascend or descend. A direction on an edge belongs to the next column.
    lat : numpy.ndarray
        Local latitudes of the edges of the rows in rad, ascending, (nrow + 1,).
    sign : float
        1, or -1 if local latitudes and longitudes are opposite to those of the frame.
    whole_turn : bool
        Whether the last column meets the first one.
    """

    lon: Float
    lat: Float
    sign: float
    whole_turn: bool


def row_finder(across: Float) -> Callable[[Float, Float, Float], Int]:
    """Make the function that gives the row of unit vectors by their local components (n,)."""
    lat = np.clip(across, -np.pi / 2, np.pi / 2)
    if np.any(np.isfinite(across) & (np.abs(lat) > _STEEP)):
        return lambda a, b, c: digitize(np.arctan2(c, np.hypot(a, b)), across)
    heights = np.where(np.isinf(across), across, np.sin(lat))
    return lambda a, b, c: digitize(c, heights)


def local_longitude(basis: Float) -> Callable[[Float], Float] | None:
    """Make the function of `Boxes.local_longitude` for local axes in a frame."""
    if np.hypot(*basis[2, :2]) > _SAME_POLE:
        return None
    sign, first = np.sign(basis[2, 2]), np.arctan2(*basis[0, 1::-1])
    return lambda lon: np.asarray(sign * (np.radians(lon) - first))


def turn_to_middle(angle: float) -> Float:
    """Matrix (3, 3) that moves the longitude `angle`, in rad, to 0."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
