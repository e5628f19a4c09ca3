"""Maps on other pixels: linear interpolation between the pixels of a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..pixelgrid import TURN_ROUNDING, PixelGrid
from ..sphere import lonlat_deg, unit_vectors
from .edge_of_sky import SkyNeighbours, find_neighbours, trusted_pixels

__all__ = [
    "covered_pixels",
    "covered_positions",
    "interpolate_at",
    "interpolate_positions",
    "interpolate_to",
    "is_whole_sky",
]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Pixels beyond the outermost centres up to which the outermost values hold: to the outer edge of
# these pixels. Ten times larger, a map would be continued by 5 pixels for which it has no data.
_EDGE = 0.5

_TOGETHER = 1 << 20  # pixels whose places are found together; affects memory alone

# projections whose planes go on round the sky from the last column to the first
_CYLINDRICAL = ("CAR", "CEA", "CYP", "MER")


def covered_pixels(source: PixelGrid, target: PixelGrid) -> Bool:
    """Whether `interpolate_to` gives values for the pixels of `target`, (ny, nx)."""
    return _find_places(source, target).inside


def interpolate_to(
    values: NDArray[np.generic], source: PixelGrid, target: PixelGrid
) -> NDArray[np.generic]:
    """Interpolate planes (n, ny, nx) linearly between pixel centres.

    Values of pixels that are not on the sky do not count. Where a map of the whole sky ends, its
    pixels beyond the seam or the pole are neighbours.

    Parameters
    ----------
    values : numpy.ndarray
        Values on the pixels of `source`.
    source, target : PixelGrid
        Grids of any projections and frames.

    Returns
    -------
    numpy.ndarray
        Values on the pixels of `target`, NaN outside `source`. Integers become floats.
    """
    values = _as_float(values)
    result = np.empty((len(values), *target.shape), values.dtype)
    height = max(_TOGETHER // max(target.x.size, 1), 1)
    for start in range(0, target.y.size, height):
        part = slice(start, start + height)
        whole = height >= target.y.size
        some = target if whole else target.subgrid(target.x, target.y[part])
        result[:, part] = _interpolated(values, source, _find_places(source, some))
    return result


def interpolate_at(
    values: NDArray[np.generic], source: PixelGrid, target: PixelGrid, x: Float, y: Float
) -> NDArray[np.generic]:
    """Interpolate planes to positions (npixel,) in another grid, (n, npixel); as `interpolate_to`.

    Values are NaN off the sky of the other grid, too.
    """
    values = _as_float(values)
    result = np.empty((len(values), x.size), values.dtype)
    for start in range(0, x.size, _TOGETHER):
        part = slice(start, start + _TOGETHER)
        places = _places_of(source, target.frame, *target.lonlat(x[part], y[part]))
        result[:, part] = _interpolated(values, source, places)
    return result


def covered_positions(source: PixelGrid, sky: SkyCoord) -> Bool:
    """Whether `interpolate_positions` gives values for positions, (n,)."""
    return _places_of(source, sky.frame, *lonlat_deg(sky)).inside


def interpolate_positions(
    values: NDArray[np.generic], source: PixelGrid, sky: SkyCoord
) -> NDArray[np.generic]:
    """Interpolate planes to positions on the sky (n,): (nplane, n); as `interpolate_to`.

    Values are NaN for positions that are NaN, too.
    """
    places = _places_of(source, sky.frame, *lonlat_deg(sky))
    return _interpolated(_as_float(values), source, places)


def is_whole_sky(grid: PixelGrid) -> bool:
    """Whether the sky goes on at the other side of a map: its columns go round, or it ends."""
    return bool(_turn(grid)) or not bool(trusted_pixels(grid).all())


def _as_float(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(values.dtype if values.dtype.kind == "f" else np.float64, copy=False)


def _interpolated(values: NDArray[Any], source: PixelGrid, places: _Places) -> NDArray[Any]:
    """Interpolate planes at places."""
    padded, x = values, places.x
    if _turn(source):
        padded = np.concatenate([values[..., -1:], values, values[..., :1]], axis=-1)
        x = x + 1
    positions = np.where(places.inside, [places.y, x], 0)
    from scipy import ndimage

    planes = [ndimage.map_coordinates(p, positions, order=1, mode="nearest") for p in padded]
    result = np.where(places.inside, np.stack(planes), np.nan).astype(values.dtype)
    if places.at_edge.size:
        result.reshape(len(values), -1)[:, places.at_edge] = places.neighbours.interpolate(values)
    return result


def _turn(grid: PixelGrid) -> float:
    """Columns in a full turn of a grid whose first column comes after the last one; otherwise 0.

    Cylindrical projections, such as a plate carree, also oblique ones, are linear in a longitude.
    """
    w = grid.wcs.wcs
    if grid.separable:
        turn = grid.full_turn
    elif (
        w.ctype[w.lng][-3:] in _CYLINDRICAL
        and not grid.wcs.sip
        and not np.any(w.get_pc()[~np.eye(2, dtype=bool)])
    ):
        turn = 360 / float(abs(w.get_cdelt()[w.lng] * w.get_pc()[w.lng, w.lng]))
    else:
        return 0.0
    return turn if w.lng == 0 and grid.shape[1] >= turn - TURN_ROUNDING else 0.0


@dataclass(frozen=True, eq=False)
class _Places:
    """Where the pixels of a grid are in another one.

    Parameters
    ----------
    x, y : numpy.ndarray
        Pixel positions, (ny, nx).
    inside : numpy.ndarray of bool
        Whether the other grid has values there, (ny, nx).
    at_edge : numpy.ndarray of int
        Flat indices of those at the edge of the sky, which have `neighbours`.
    neighbours : SkyNeighbours
        Their neighbours on the sky.
    """

    x: Float
    y: Float
    inside: Bool
    at_edge: NDArray[np.intp]
    neighbours: SkyNeighbours


def _find_places(source: PixelGrid, target: PixelGrid) -> _Places:
    lonlat = np.broadcast_arrays(*target.lonlat(target.x, target.y[:, None]))
    return _places_of(source, target.frame, *lonlat)


def _places_of(source: PixelGrid, frame: Any, lon: Float, lat: Float) -> _Places:
    sky = SkyCoord(lon.ravel(), lat.ravel(), unit="deg", frame=frame)
    x, y = source.pixel(sky)
    rows, columns = source.shape
    turn = _turn(source)
    x = x - turn * np.round((x - (columns - 1) / 2) / turn) if turn else x
    margin = _EDGE + bool(turn)
    inside = (x >= -margin) & (x <= columns - 1 + margin) & (y >= -_EDGE) & (y <= rows - 1 + _EDGE)
    inside &= np.isfinite(lon.ravel()) & np.isfinite(lat.ravel())
    within, between = _surroundings(x, y, trusted_pixels(source), inside, bool(turn))
    at_edge = np.flatnonzero(inside & ~(within & between))
    vectors = unit_vectors(*lonlat_deg(sky[at_edge], source.frame))
    found = find_neighbours(vectors, x[at_edge], y[at_edge], source)
    # at the edge of a map of a part of the sky, the outermost values hold
    replaced = found.far | ~between[at_edge]
    inside[at_edge[~between[at_edge] & ~found.known]] = False
    shape = lon.shape
    return _Places(
        x.reshape(shape), y.reshape(shape), inside.reshape(shape),
        at_edge[replaced & found.known], found.take(replaced & found.known),
    )  # fmt: skip


def _surroundings(
    x: Float, y: Float, on_sky: Bool, inside: Bool, goes_round: bool
) -> tuple[Bool, Bool]:
    """Whether the four pixels round positions are within a map, and on the sky, if within it."""
    rows, columns = on_sky.shape
    left, low = (np.floor(np.where(inside, values, 0)).astype(int) for values in (x, y))
    within, between = np.ones(x.shape, bool), np.ones(x.shape, bool)
    for row, column in ((low, left), (low, left + 1), (low + 1, left), (low + 1, left + 1)):
        if goes_round:
            column = column % columns
        there = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        within &= there
        between &= on_sky[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)] | ~there
    return within, between
