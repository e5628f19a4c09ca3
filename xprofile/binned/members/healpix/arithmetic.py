"""Cells of boxes along meridians and parallels, and of circular rings, by arithmetic.

The cells of a ring of HEALPix have one latitude and evenly spaced longitudes, so edges of bins give
the numbers of the cells next to them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.coordinates import BaseCoordinateFrame
from numpy.typing import NDArray

from ....bins.shapes.box_edges import StraightEdges
from ....bins.shapes.boxes import Boxes
from ....bins.shapes.rings import Annuli
from ....bins.shapes.shape import Selected, Shape
from ....bins.skybins import SkyBins
from ....maps.healpix.grid import HealpixGrid
from ....maps.healpix.rings import Rings
from .runs import Runs, join_runs, runs_of_codes

__all__ = ["runs_by_arithmetic"]

AnyInt = NDArray[np.integer[Any]]
Float = NDArray[np.float64]
Int = NDArray[np.int64]

# Parts of rings that are examined, of each edge: 1 GB. Affects memory and speed alone.
_MOST_PARTS = 1 << 24

# Most cells whose bins are brought from the order of rings to that of nested numbers: 400 MB; and
# least share of them that is in bins. Affects memory and speed alone.
_MOST_CELLS, _SHARE = 50_331_648, 1 / 16

_BLOCKS = 32  # blocks of cells that are brought to this order together; affects speed alone


def runs_by_arithmetic(bins: SkyBins, grid: HealpixGrid) -> Runs | None:
    """Bins, and first and last numbers by the scheme of a map, of runs of cells.

    None for other shapes, or if a search by levels is better, as for nested numbers of few or of
    very many cells.
    """
    shape: Shape | None = None if bins.planar else bins.shape
    selected: AnyInt | None = None
    if isinstance(shape, Selected):
        selected, shape = shape.numbers, shape.whole
    rings = Rings(grid.level)
    if isinstance(shape, Boxes):
        edges = shape.straight_edges(grid.frame, grid.pixel_size)
        if edges is None or edges.lon.size * rings.number > _MOST_PARTS:
            return None
        runs = _of_boxes(edges, rings)
    elif isinstance(shape, Annuli) and shape.axis_ratio == 1:
        radii = shape.edges_of_pixels(grid.pixel_size)
        if 2 * radii.size * rings.number > _MOST_PARTS:
            return None
        runs = _of_circles(_center(shape, grid.frame), radii, rings)
    else:
        return None
    if selected is not None:
        numbers = np.full(int(max(runs[0].max(initial=0), selected.max())) + 1, -1)
        numbers[selected] = np.arange(selected.size)
        kept = numbers[runs[0]] >= 0
        runs = numbers[runs[0]][kept], runs[1][kept], runs[2][kept]
    return runs if grid.indexing_scheme == "ring" else _to_nested(runs, rings, grid)


def _to_nested(runs: Runs, rings: Rings, grid: HealpixGrid) -> Runs | None:
    """Bring runs from the ring scheme to nested numbers; None if levels are better."""
    bins, start, stop = join_runs(*runs, by_bin=False)
    if not start.size:
        return bins, start, stop
    first, size = int(start[0]), int(stop[-1] - start[0])
    length = stop - start
    if size > _MOST_CELLS or length.sum() < _SHARE * size or not grid.whole_sky:
        return None
    gap = np.diff(start, append=stop[-1] + 1) - length
    steps = np.stack([length, gap], axis=1).ravel()
    codes = np.stack([bins, np.full(bins.size, -1)], axis=1).astype(np.int32).ravel()
    codes = np.repeat(np.append(np.int32(-1), codes), np.append(1, steps))
    blocks = rings.blocks(first, size)
    found = []
    for i in range(0, blocks.size, _BLOCKS):
        numbers, of_cells = rings.to_nested(codes, first - 1, blocks[i : i + _BLOCKS])
        found.append(runs_of_codes(of_cells, numbers))
    bins, start, stop = (np.concatenate(part) for part in zip(*found, strict=True))
    return join_runs(bins, start, stop, by_bin=False)


def _of_boxes(edges: StraightEdges, rings: Rings) -> Runs:
    """Runs by the ring scheme of boxes along meridians and parallels."""
    row = np.searchsorted(edges.lat, edges.sign * rings.lat, "right") - 1
    ring = np.flatnonzero((row >= 0) & (row < edges.lat.size - 1))
    length = rings.length[ring, None]
    place = (edges.lon - rings.first_lon[ring, None]) * length / (2 * np.pi)
    # the first cell beyond each edge, towards ascending longitudes
    bounds = np.ceil(place) if edges.sign > 0 else np.floor(place) + 1
    cell = bounds.astype(np.int64)
    if edges.whole_turn:
        cell[:, -1] = cell[:, 0] + (length[:, 0] if edges.sign > 0 else -length[:, 0])
    low, high = (cell[:, :-1], cell[:, 1:]) if edges.sign > 0 else (cell[:, 1:], cell[:, :-1])
    rows = edges.lat.size - 1
    bins = np.arange(edges.lon.size - 1) * rows + row[ring, None]
    return _in_rings(bins, ring, low, high - low, rings)


def _of_circles(center: tuple[float, float], radii: Float, rings: Rings) -> Runs:
    """Runs by the ring scheme of circular rings round a centre (lon, lat), by radii in rad.

    A circle meets a latitude, a step from its centre, at a difference of longitude (turn) with
    sin^2(turn / 2) = (sin^2(radius / 2) - sin^2(step / 2)) / (cos lat cos lat_0), by haversines.
    """
    lon, lat = center
    ring = np.flatnonzero(np.abs(rings.lat - lat) <= radii[-1])
    length, step = rings.length[ring, None], (rings.lat[ring, None] - lat) / 2
    radius = np.clip(radii, 0, np.pi) / 2
    width = np.cos(rings.lat[ring, None]) * max(np.cos(lat), np.finfo(float).tiny)
    with np.errstate(over="ignore"):
        share = (np.sin(radius) ** 2 - np.sin(step) ** 2) / width
    turn = 2 * np.arcsin(np.sqrt(np.clip(share, 0, 1)))
    place, turn = (
        angle * length / (2 * np.pi) for angle in (lon - rings.first_lon[ring, None], turn)
    )
    first = np.ceil(place - length / 2)
    low, high = np.ceil(place - turn), np.floor(place + turn) + 1
    whole, empty = (share >= 1) | np.isinf(radii), (share <= 0) & np.isfinite(radii)
    low = np.where(whole, first, np.where(empty, np.ceil(place), np.maximum(low, first)))
    last = first + length
    high = np.where(whole, last, np.where(empty, np.ceil(place), np.minimum(high, last)))
    low, high = low.astype(np.int64), high.astype(np.int64)
    starts = np.hstack([low[:, 1:], high[:, :-1]])
    counts = np.hstack([low[:, :-1] - low[:, 1:], high[:, 1:] - high[:, :-1]])
    bins = np.tile(np.arange(radii.size - 1), 2)
    return _in_rings(np.broadcast_to(bins, starts.shape), ring, starts, counts, rings)


def _center(shape: Annuli, frame: BaseCoordinateFrame) -> tuple[float, float]:
    """Longitude and latitude in rad of the centre of rings."""
    a, b, c = shape.axes.basis(frame)[0]
    return float(np.arctan2(b, a)), float(np.arctan2(c, np.hypot(a, b)))


def _in_rings(bins: AnyInt, ring: Int, low: Int, count: Int, rings: Rings) -> Runs:
    """Runs of cells that begin at places along rings, which go on after a whole turn.

    Parameters
    ----------
    bins, low, count : numpy.ndarray of int
        Bin, place of the first cell, and number of cells, (nring, n).
    ring : numpy.ndarray of int
        Index of each ring, (nring,).
    rings : Rings
        All rings.
    """
    begin, end = rings.start[ring][:, None], rings.start[ring + 1][:, None]
    start = begin + low % (end - begin)
    kept = count > 0
    every = kept.all()
    bins, start, stop, begin, end = (
        values.ravel() if every else values[kept]
        for values in np.broadcast_arrays(bins, start, start + count, begin, end)
    )
    over = np.flatnonzero(stop > end)  # they go on at longitude 0
    again = begin[over] + stop[over] - end[over]
    stop[over] = end[over]
    return (
        np.concatenate([bins, bins[over]]),
        np.concatenate([start, begin[over]]),
        np.concatenate([stop, again]),
    )
