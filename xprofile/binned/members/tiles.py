"""Tiles of pixels, of which some are near bins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ...bins.shapes.shape import SphereMembers
from ...maps.pixelgrid import PixelGrid
from ...maps.sphere import lonlat_deg, unit_vectors

__all__ = ["Tiles"]

Bool = NDArray[np.bool_]

Float = NDArray[np.float64]


_TILE_SIZE = (1.0, 4.0)  # degrees along the side of a tile of pixels, from and to

_PITCHES = 8  # and the pitches of the sample in one

_MARGIN = 0.8  # of the half diagonal of a tile; in a flat one, 0.5 is as far as it can be

_BEYOND = 250  # how far bins are followed off the map, in tiles

_MOST_PAIRS = 1 << 22  # numbers of vectors that are compared one by one

_BLOCK_SIZE = 1 << 16  # pixels that are looked at together, so that they stay in cache


@dataclass(frozen=True, eq=False)
class Tiles:
    """Rectangles of pixels, of which some are near bins.

    Parameters
    ----------
    columns, lines : numpy.ndarray
        First pixel numbers of tiles along x and y, and where the last ones stop.
    near : numpy.ndarray
        Whether tiles may hold part of the bins, (nline, ncolumn).
    """

    columns: Float
    lines: Float
    near: Bool

    @classmethod
    def near_to(cls, shape: SphereMembers, grid: PixelGrid) -> Tiles:
        """Lay tiles over the map and what the grid would have beyond it round the bins.

        One is near if a sample position of the bins is about as near as it is large.
        """
        sample = shape.sample()
        columns, lines = (
            _tile_edges(have, placed, grid.pixel_size, np.clip(_PITCHES * shape.pitch, *_TILE_SIZE))
            for have, placed in zip((grid.x, grid.y), grid.pixel(sample), strict=True)
        )
        return cls(
            columns, lines, _near_tiles(grid, columns, lines, sample, np.radians(shape.pitch))
        )

    @property
    def size(self) -> float:
        """Pixels of a whole tile."""
        return float((self.columns[1] - self.columns[0]) * (self.lines[1] - self.lines[0]))

    def share(self, grid: PixelGrid) -> Float:
        """Share of the tiles' pixels that are on the map, (nline, ncolumn)."""
        on_x, on_y = (
            np.diff(np.searchsorted(np.sort(have), edges)) / np.diff(edges)
            for edges, have in ((self.columns, grid.x), (self.lines, grid.y))
        )
        return np.asarray(on_y[:, None] * on_x)

    def within(self, x: Float, y: Float) -> Tiles:
        """Cut off what is beyond the pixels of a block."""
        columns, across = _cut(self.columns, x)
        lines, down = _cut(self.lines, y)
        return Tiles(columns, lines, self.near[down, across])

    def blocks(self, kept: Bool, step: int = 1) -> Iterator[tuple[Float, Float]]:
        """Pixel numbers of columns (nx,) and rows (ny,) that cover some tiles, one in `step`."""
        for first, last, left, right in _rectangles(kept):
            x = np.arange(self.columns[left], self.columns[right], step)
            y = np.arange(self.lines[first], self.lines[last], step)
            height = max(_BLOCK_SIZE // x.size, 1)
            for start in range(0, y.size, height):
                yield x, y[start : start + height]


def _cut(edges: Float, have: Float) -> tuple[Float, slice]:
    """Edges of tiles no further than pixels reach, and which tiles these are."""
    low, high = have.min(), have.max() + 1
    first, last = np.searchsorted(edges, low, "right") - 1, np.searchsorted(edges, high)
    return np.clip(edges[first : last + 1], low, high), slice(first, last)


def _rectangles(kept: NDArray[np.bool_]) -> Iterator[tuple[int, int, int, int]]:
    """Rectangles of tiles, (first, last, left, right): runs along a line, and the same below it."""
    first = 0
    while first < len(kept):
        last = first + 1
        while last < len(kept) and (kept[last] == kept[first]).all():
            last += 1
        change = np.flatnonzero(np.diff(kept[first], prepend=False, append=False)).tolist()
        for left, right in zip(change[::2], change[1::2], strict=True):
            yield first, last, left, right
        first = last


def _tile_edges(have: Float, placed: Float, size: float, tile: float) -> Float:
    """First pixel numbers of tiles over a map's columns and the positions of a sample."""
    found = placed[np.isfinite(placed)]
    step = 8 * int(np.clip(tile / size / 8, 1, 16))
    reach = _BEYOND * step
    low = max(min(have.min(), found.min(initial=np.inf) - 2), have.min() - reach)
    high = min(max(have.max(), found.max(initial=-np.inf) + 2), have.max() + reach)
    return np.arange(np.floor(low), np.ceil(high) + step + 1, step)


def _near_tiles(
    grid: PixelGrid, columns: Float, lines: Float, sample: SkyCoord, pitch: float
) -> NDArray[np.bool_]:
    """Whether tiles may hold part of the bins, (nline, ncolumn).

    Each tile is known by its middle, its corners, and the middles of its sides.
    """
    x, y = (np.sort(np.append(e, (e[1:] + e[:-1]) / 2)) - 0.5 for e in (columns, lines))
    lattice = grid.vectors(x, y[:, None])
    around = np.lib.stride_tricks.sliding_window_view(lattice, (3, 3), axis=(1, 2))[:, ::2, ::2]
    chords = np.linalg.norm(around - around[..., 1:2, 1:2], axis=0)
    flat = np.radians((columns[1] - columns[0]) * grid.pixel_size)
    reach = np.where(np.isfinite(chords), chords, 1.5 * flat).max(axis=(-2, -1))
    points = unit_vectors(*lonlat_deg(sample.ravel(), grid.frame))
    known = np.isfinite(lattice[0])
    distance = np.full(known.shape, np.inf)
    distance[known] = _nearest(lattice[:, known], points)
    nearest = np.lib.stride_tricks.sliding_window_view(distance, (3, 3))[::2, ::2]
    return np.asarray(nearest.min(axis=(-2, -1)) <= _MARGIN * reach + pitch)


def _nearest(vectors: Float, points: Float) -> Float:
    """Chord from each of some unit vectors (3, n) to the nearest of some points (3, m)."""
    if vectors.size * points.size < _MOST_PAIRS:
        cosine = (vectors.T @ points).max(axis=1)
        return np.asarray(np.sqrt(np.maximum(2 - 2 * cosine, 0)))
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(points.T).query(vectors.T)[0])
