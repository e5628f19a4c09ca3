"""Search for the pixels of bins on the sphere: of a whole map, or of a block of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from .membership import Find, Int, Membership, flat_positions, gather, slices
from .pixelgrid import PixelGrid, taken
from .sphere import lonlat_deg, unit_vectors

__all__ = ["Rows", "Search"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Coder: TypeAlias = Callable[[PixelGrid, Float, Float], Int]

_TILE_SIZE = (1.0, 4.0)  # degrees along the side of a tile of pixels, from and to
_PITCHES = 8  # and the pitches of the sample in one
_MARGIN = 0.8  # of the half diagonal of a tile; in a flat one, 0.5 is as far as it can be
_BEYOND = 250  # how far bins are followed off the map, in tiles
_MOST_PAIRS = 1 << 22  # numbers of vectors that are compared one by one
_BLOCK_SIZE = 1 << 16  # pixels that are looked at together, so that they stay in cache
_MOST_OUTSIDE = 1 << 22  # pixels beyond the map that are looked at one by one
_PROBE = 8  # one pixel in so many, along each axis, tells of most blocks that bins touch them


class Rows(Protocol):
    """Bins that do not overlap, measured by true angles on the sphere."""

    def coder(self, frame: BaseCoordinateFrame) -> Callable[[Float], Int]:
        """Make the function that tells the bin of unit vectors (3, ...) of a frame, -1 for none."""

    def sample(self) -> SkyCoord:
        """Return sky positions that fill the bins, no two neighbours further apart than `pitch`."""

    @property
    def pitch(self) -> float:
        """Distance of neighbouring sample positions in degrees."""


@runtime_checkable
class Straight(Protocol):
    """Bins of which some run along the meridians and parallels of a frame."""

    def straight_coder(self, frame: BaseCoordinateFrame) -> Callable[[Float, Float], Int] | None:
        """Make the function that tells the bin of longitudes and latitudes in degrees, if so."""


@dataclass(frozen=True, eq=False)
class Search:
    """Bins that do not overlap, to be found among the pixels of a map.

    Parameters
    ----------
    coder : callable
        Tells the bin of pixel positions (nx,) and (ny,) of a grid, (ny, nx), -1 for none.
    nbin : int
        How many bins there are.
    grid : PixelGrid
        The pixels.
    tiles : Tiles
        Tiles over the map, and what the grid would have beyond it round the bins.
    """

    coder: Coder
    nbin: int
    grid: PixelGrid
    tiles: Tiles
    overlap = 0  # that of a Membership, which these bins never have

    @classmethod
    def of(cls, rows: Rows, nbin: int, grid: PixelGrid) -> Search:
        """Prepare it."""
        return cls(_coder(rows, grid), nbin, grid, Tiles.near_to(rows, grid))

    def members(self) -> Membership:
        """Find the pixels of all bins.

        Pixels that the grid would have beyond the map count as outside, unless the plane repeats
        there what it has elsewhere. Where these are very many, one in 4, 16 or 64 stands for its
        neighbours.
        """
        return gather(self._pairs(self._share > 0), self.nbin)

    @cached_property
    def outside(self) -> Float:
        """Solid angle in sr of the pixels that the grid would have beyond the map, (nbin,)."""
        pairs = self._pairs((self._share > 0) & (self._share < 1))
        beyond = ((c[p < 0], p[p < 0], area[p < 0]) for c, p, area in pairs)
        return gather(beyond, self.nbin).outside

    @cached_property
    def _share(self) -> Float:
        return self.tiles.share(self.grid)

    def _pairs(self, on_map: Bool) -> Iterator[tuple[Int, Int, Float]]:
        """Pairs in some near tiles (nline, ncolumn), and in all that are off the map."""
        off_map = self.tiles.near & (self._share == 0)
        far = np.count_nonzero(off_map) * self.tiles.size / _MOST_OUTSIDE
        sparse = int(min(2 ** np.ceil(np.log2(max(far, 1)) / 2), 8))
        for kept, step in ((self.tiles.near & on_map, 1), (off_map, sparse)):
            for block in self.tiles.blocks(kept, step):
                yield _block_pairs(self.coder, self.grid, *block, step)

    def blocks(self, chunks: Sequence[Sequence[int]]) -> Iterator[tuple[tuple[int, int], Find]]:
        """Blocks (row, column) of the plane with pixels of bins, and what finds these there.

        Parameters
        ----------
        chunks : sequence of sequences of int
            Rows and columns of the blocks.
        """
        lines, columns = (slices(sizes) for sizes in chunks)
        for i, j in np.ndindex(len(lines), len(columns)):
            x, y = self.grid.x[columns[j]], self.grid.y[lines[i]]
            if not (x.size and y.size):
                continue
            tiles = self.tiles.within(x, y)
            if tiles.near.any():
                grid = self.grid.part(x, y)
                if _touched(self.coder, grid, tiles):
                    yield (i, j), partial(_members_of_block, self.coder, self.nbin, grid, tiles)


def _touched(coder: Coder, grid: PixelGrid, tiles: Tiles) -> bool:
    """Whether bins have a pixel of a block; one in many tells, mostly."""
    return any(
        bool(((coder(grid, x, y) >= 0) & (flat_positions(grid, x, y[:, None]) >= 0)).any())
        for step in (_PROBE, 1)
        for x, y in tiles.blocks(tiles.near, step)
    )


def _members_of_block(
    coder: Coder, nbin: int, grid: PixelGrid, tiles: Tiles
) -> tuple[Membership, Int]:
    """Pixels of the bins in a block, and the numbers of the bins that have some."""
    pairs = (_block_pairs(coder, grid, *block, 1) for block in tiles.blocks(tiles.near))
    return gather(pairs, nbin).compact()


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
    def near_to(cls, rows: Rows, grid: PixelGrid) -> Tiles:
        """Lay tiles over the map and what the grid would have beyond it round the bins.

        One is near if a sample position of the bins is about as near as it is large.
        """
        sample = rows.sample()
        columns, lines = (
            _tile_edges(have, placed, grid.pixel_size, np.clip(_PITCHES * rows.pitch, *_TILE_SIZE))
            for have, placed in zip((grid.x, grid.y), grid.pixel(sample), strict=True)
        )
        return cls(
            columns, lines, _near_tiles(grid, columns, lines, sample, np.radians(rows.pitch))
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


def _coder(rows: Rows, grid: PixelGrid) -> Coder:
    """Make the function that tells the bin of pixel positions (nx,) and (ny,) of a grid."""
    if grid.separable and isinstance(rows, Straight):
        straight = rows.straight_coder(grid.frame)
        if straight is not None:
            return lambda grid, x, y: straight(*grid.lonlat(x, y[:, None]))
    coder = rows.coder(grid.frame)
    return lambda grid, x, y: coder(grid.vectors(x, y[:, None]))


def _block_pairs(
    coder: Coder, grid: PixelGrid, x: Float, y: Float, step: int
) -> tuple[Int, Int, Float]:
    """Codes, flat positions and solid angles of the pixels of one block that are in a bin."""
    code = coder(grid, x, y)
    inside = np.flatnonzero(code >= 0)
    pixel = taken(flat_positions(grid, x, y[:, None]), inside)
    beyond = np.flatnonzero(pixel < 0)
    if beyond.size:
        kept = np.ones(pixel.size, bool)
        row, column = np.divmod(inside[beyond], x.size)
        kept[beyond] = grid.own(x[column], y[row])
        inside, pixel = inside[kept], pixel[kept]
    return taken(code, inside), pixel, step**2 * grid.solid_angles(x, y, inside)
