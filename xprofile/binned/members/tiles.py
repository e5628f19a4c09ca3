"""Tiles of pixels, and the selection of those near bins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ...bins.shapes.shape import OverlappingMembers, SphereMembers
from ...maps.pixelgrid import PixelGrid
from ...maps.sphere import lonlat_deg, unit_vectors

__all__ = ["Tiles"]

Bool = NDArray[np.bool_]
Float = NDArray[np.float64]
_TILE_SIZE = (1.0, 4.0)  # degrees; smallest and largest side of a tile; affects speed alone
_PITCHES_PER_TILE = 8  # side of a tile in pitches of the bins' sample; affects speed alone

# A tile is near if a sample position is within this part of its half diagonal from one of nine
# points of the tile. In a flat tile the nine points are within 0.5 of all others; the rest allows
# for distortion. Ten times larger, nearly all tiles are near, which is slow; ten times smaller,
# pixels of bins are missed (in 16 of 192 bins tried on eight projections).
_MARGIN = 0.8

# Number of tiles beyond the edge of the map up to which bins are followed pixel by pixel: at least
# 60 deg if pixels are larger than 0.008 deg. The solid angle of bins further out comes from their
# areas. Ten times smaller, that happens for more bins; ten times larger, tables of tiles need
# gigabytes of memory.
_MAX_TILES_BEYOND = 128

# components of pairs of vectors that are compared one by one, instead of by a tree; affects speed
# alone
_MAX_COMPARISONS = 1 << 22

# Pairs of vectors that are compared in one call: few enough that numpy starts no threads, which
# take several times as long where all processors are busy. Affects speed alone.
_TOGETHER = 1 << 16
_BLOCK_SIZE = 1 << 16  # pixels that are examined together, so that they stay in cache


@dataclass(frozen=True, eq=False)
class Tiles:
    """Rectangles of pixels, some of which are near bins.

    Parameters
    ----------
    columns, rows : numpy.ndarray
        Pixel numbers along x and y at which tiles start, and at which the last one ends.
    near : numpy.ndarray
        Whether each tile may contain part of a bin, (nrow, ncolumn).
    cut_off : bool
        Whether bins reach beyond all tiles.
    """

    columns: Float
    rows: Float
    near: Bool
    cut_off: bool = False

    @classmethod
    def from_shape(cls, shape: SphereMembers | OverlappingMembers, grid: PixelGrid) -> Tiles:
        """Cover the map and the bins beyond it with tiles, and find the tiles near bins.

        A tile is near if a sample position of the bins is within about half its diagonal.
        """
        tile_size = float(np.clip(_PITCHES_PER_TILE * shape.pitch, *_TILE_SIZE))
        sample, pitch = shape.coarse_sample(tile_size / _PITCHES_PER_TILE)
        axes = [
            _tile_edges(numbers, position, grid.pixel_size, tile_size)
            for numbers, position in zip((grid.x, grid.y), grid.pixel(sample), strict=True)
        ]
        cut_off = any(cut for _, cut in axes)
        if cut_off:  # tiles beyond the map are of no use
            axes = [
                _tile_edges(numbers, numbers, grid.pixel_size, tile_size)
                for numbers in (grid.x, grid.y)
            ]
        columns, rows = (edges for edges, _ in axes)
        near = _near_tiles(grid, columns, rows, sample, np.radians(pitch))
        return cls(columns, rows, near, cut_off)

    def pixels_beyond(self, grid: PixelGrid) -> float:
        """Number of pixels in near tiles without a pixel of the map."""
        beyond = np.count_nonzero(self.near & (self.share_on_map(grid) == 0))
        return beyond * self.size

    @property
    def size(self) -> float:
        """Number of pixels in a tile."""
        return float((self.columns[1] - self.columns[0]) * (self.rows[1] - self.rows[0]))

    def share_on_map(self, grid: PixelGrid) -> Float:
        """Share of each tile's pixels that are on the map, (nrow, ncolumn)."""
        along_x, along_y = (
            np.diff(np.searchsorted(np.sort(numbers), edges)) / np.diff(edges)
            for edges, numbers in ((self.columns, grid.x), (self.rows, grid.y))
        )
        return np.asarray(along_y[:, None] * along_x)

    def within(self, x: Float, y: Float) -> Tiles:
        """Keep the tiles that overlap a block, cut to its columns and rows."""
        columns, across = _cut(self.columns, x)
        rows, down = _cut(self.rows, y)
        return Tiles(columns, rows, self.near[down, across])

    def blocks(self, selected: Bool, step: int = 1) -> Iterator[tuple[Float, Float]]:
        """Pixel numbers of columns (nx,) and rows (ny,) in the selected tiles, one in `step`."""
        for top, bottom, left, right in _rectangles(selected):
            x = np.arange(self.columns[left], self.columns[right], step)
            y = np.arange(self.rows[top], self.rows[bottom], step)
            height = max(_BLOCK_SIZE // x.size, 1)
            for start in range(0, y.size, height):
                yield x, y[start : start + height]


def _cut(edges: Float, numbers: Float) -> tuple[Float, slice]:
    """Edges of the tiles that overlap some pixel numbers, cut to them, and a slice of the tiles."""
    low, high = numbers.min(), numbers.max() + 1
    first, last = np.searchsorted(edges, low, "right") - 1, np.searchsorted(edges, high)
    return np.clip(edges[first : last + 1], low, high), slice(first, last)


def _rectangles(selected: Bool) -> Iterator[tuple[int, int, int, int]]:
    """Rectangles (top, bottom, left, right) of selected tiles, ends not included.

    They are runs along a row, and include the rows below it that are equal.
    """
    top = 0
    while top < len(selected):
        bottom = top + 1
        while bottom < len(selected) and (selected[bottom] == selected[top]).all():
            bottom += 1
        change = np.flatnonzero(np.diff(selected[top], prepend=False, append=False)).tolist()
        for left, right in zip(change[::2], change[1::2], strict=True):
            yield top, bottom, left, right
        top = bottom


def _tile_edges(
    numbers: Float, sample: Float, pixel_size: float, tile_size: float
) -> tuple[Float, bool]:
    """Pixel numbers at which tiles start that cover a map and a sample of bins along one axis.

    The side of a tile is a multiple of 8 pixels, so that a step of 8 pixels fits in it. Also give
    whether the sample reaches beyond the tiles.
    """
    known = sample[np.isfinite(sample)]
    side = 8 * int(np.clip(tile_size / pixel_size / 8, 1, 16))
    reach = _MAX_TILES_BEYOND * side
    wanted = known.min(initial=np.inf) - 2, known.max(initial=-np.inf) + 2
    low = max(min(numbers.min(), wanted[0]), numbers.min() - reach)
    high = min(max(numbers.max(), wanted[1]), numbers.max() + reach)
    cut_off = bool(wanted[0] < low or wanted[1] > high)
    return np.arange(np.floor(low), np.ceil(high) + side + 1, side), cut_off


def _near_tiles(
    grid: PixelGrid, columns: Float, rows: Float, sample: SkyCoord, pitch: float
) -> Bool:
    """Whether each tile may contain part of a bin, (nrow, ncolumn).

    The sample is compared with nine points of each tile: its centre, its corners, and the middles
    of its sides.
    """
    x, y = (np.sort(np.append(e, (e[1:] + e[:-1]) / 2)) - 0.5 for e in (columns, rows))
    lattice = grid.vectors(x, y[:, None])
    points = np.lib.stride_tricks.sliding_window_view(lattice, (3, 3), axis=(1, 2))[:, ::2, ::2]
    chords = np.linalg.norm(points - points[..., 1:2, 1:2], axis=0)
    flat = np.radians((columns[1] - columns[0]) * grid.pixel_size)
    half_diagonal = np.where(np.isfinite(chords), chords, 1.5 * flat).max(axis=(-2, -1))
    reach = _MARGIN * half_diagonal + pitch
    known = np.isfinite(lattice[0])
    distance = np.full(known.shape, np.inf)
    positions = unit_vectors(*map(np.ravel, lonlat_deg(sample, grid.frame)))
    distance[known] = _nearest(lattice[:, known], positions, 1.001 * reach.max())
    nearest = np.lib.stride_tricks.sliding_window_view(distance, (3, 3))[::2, ::2]
    near = np.asarray(nearest.min(axis=(-2, -1)) <= reach)
    return near if grid.separable else near | _at_rim(known)


def _at_rim(known: Bool) -> Bool:
    """Whether each tile is at the rim of the sky, where projections stretch without limit.

    Its nine points, of which `known` says whether they are on the sky, do not tell what is between
    them there. Tiles beside such tiles may hold a part of the rim.
    """
    from scipy.ndimage import binary_dilation

    points = np.lib.stride_tricks.sliding_window_view(known, (3, 3))[::2, ::2]
    whole, any_known = points.all(axis=(-2, -1)), points.any(axis=(-2, -1))
    beside = binary_dilation(any_known & ~whole, np.ones((3, 3), bool))
    return np.asarray((any_known & ~whole) | (beside & ~any_known))


def _nearest(vectors: Float, points: Float, reach: float) -> Float:
    """Chord from each unit vector (3, n) to the nearest of some points (3, m).

    It may be infinite beyond `reach`.
    """
    if vectors.size * points.size < _MAX_COMPARISONS:
        step = max(_TOGETHER // vectors.shape[1], 1)
        starts = range(0, points.shape[1], step)
        parts = [(vectors.T @ points[:, i : i + step]).max(axis=1) for i in starts]
        return np.asarray(np.sqrt(np.maximum(2 - 2 * np.max(parts, axis=0), 0)))
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(points.T).query(vectors.T, distance_upper_bound=reach)[0])
