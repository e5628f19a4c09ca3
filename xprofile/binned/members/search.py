"""Search for the pixels of bins on the sphere, in a whole map or in one block of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bins.shapes.shape import SphereMembers
from ...maps.arrays import take_pixels
from ...maps.pixelgrid import PixelGrid
from .flat_indexing import flat_index
from .membership import FindMembers, Int, Membership, chunk_slices
from .tiles import Tiles

__all__ = ["Search"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# gives the bin of each pixel of some columns (nx,) and rows (ny,) of a grid, (ny, nx); -1 for none
Coder: TypeAlias = Callable[[PixelGrid, Float, Float], Int]

# Number of pixels beyond the map that are examined one by one, in about 0.3 s. If there are more, a
# regular sample of them gives the solid angle beyond the map, to about 4e-4. Ten times larger, bins
# far beyond the map take ten times longer; ten times smaller, that solid angle is wrong by 1e-3.
_MAX_PIXELS_BEYOND = 1 << 22

# every 8th row and column is tried first, then all, to find quickly that a block has pixels of
# bins; affects speed alone
_PROBE_STEPS = (8, 1)


@dataclass(frozen=True, eq=False)
class Search:
    """Search for the pixels of bins that do not overlap.

    Parameters
    ----------
    coder : callable
        Gives the bin of each pixel of some columns (nx,) and rows (ny,) of a grid, (ny, nx), -1
        for pixels outside all bins.
    nbin : int
        Number of bins.
    grid : PixelGrid
        The pixels of the map.
    tiles : Tiles
        Tiles that cover the map and, on the continued grid, the bins beyond it.
    """

    coder: Coder
    nbin: int
    grid: PixelGrid
    tiles: Tiles
    overlap: ClassVar[int] = 0  # these bins do not share pixels; see Membership

    @classmethod
    def from_shape(cls, shape: SphereMembers, nbin: int, grid: PixelGrid) -> Search:
        """Prepare the search for bins of a shape."""
        return cls(_make_coder(shape, grid), nbin, grid, Tiles.from_shape(shape, grid))

    def members(self) -> Membership:
        """Find the pixels of all bins.

        Pixels of the grid continued beyond the map count as outside, unless the sky there is also
        on another pixel of the grid. If there are very many of them, one in 4, 16 or 64 is examined
        and represents its neighbours.
        """
        return Membership.from_pairs(self._pairs(self._share_on_map > 0), self.nbin)

    @cached_property
    def outside(self) -> Float:
        """Solid angle of each bin beyond the map in sr, on the pixels of the continued grid."""
        at_edge = (self._share_on_map > 0) & (self._share_on_map < 1)
        beyond = ((bins[p < 0], p[p < 0], area[p < 0]) for bins, p, area in self._pairs(at_edge))
        return Membership.from_pairs(beyond, self.nbin).outside

    @cached_property
    def _share_on_map(self) -> Float:
        return self.tiles.share_on_map(self.grid)

    def _pairs(self, on_map: Bool) -> Iterator[tuple[Int, Int, Float]]:
        """Pairs in the near tiles of a selection (nrow, ncolumn), and in all beyond the map."""
        beyond = self.tiles.near & (self._share_on_map == 0)
        excess = np.count_nonzero(beyond) * self.tiles.size / _MAX_PIXELS_BEYOND
        sample_step = int(min(2 ** np.ceil(np.log2(max(excess, 1)) / 2), 8))
        for selected, step in ((self.tiles.near & on_map, 1), (beyond, sample_step)):
            for x, y in self.tiles.blocks(selected, step):
                yield _block_pairs(self.coder, self.grid, x, y, step)

    def blocks(
        self, chunks: Sequence[Sequence[int]]
    ) -> Iterator[tuple[tuple[int, int], FindMembers]]:
        """Yield the position (row, column) of each block with pixels of bins, and its search.

        Parameters
        ----------
        chunks : sequence of sequences of int
            Numbers of rows and of columns of the blocks.
        """
        rows, columns = (chunk_slices(sizes) for sizes in chunks)
        for i, j in np.ndindex(len(rows), len(columns)):
            x, y = self.grid.x[columns[j]], self.grid.y[rows[i]]
            if not (x.size and y.size):
                continue
            tiles = self.tiles.within(x, y)
            if tiles.near.any():
                grid = self.grid.subgrid(x, y)
                if _has_members(self.coder, grid, tiles):
                    yield (i, j), partial(_block_members, self.coder, self.nbin, grid, tiles)


def _has_members(coder: Coder, grid: PixelGrid, tiles: Tiles) -> bool:
    """Whether a block has pixels of bins."""
    return any(
        bool(((coder(grid, x, y) >= 0) & (flat_index(grid, x, y[:, None]) >= 0)).any())
        for step in _PROBE_STEPS
        for x, y in tiles.blocks(tiles.near, step)
    )


def _block_members(
    coder: Coder, nbin: int, grid: PixelGrid, tiles: Tiles
) -> tuple[Membership, Int]:
    """Find the pixels of bins in a block, and the numbers of the bins that have pixels there."""
    pairs = (_block_pairs(coder, grid, x, y, 1) for x, y in tiles.blocks(tiles.near))
    return Membership.from_pairs(pairs, nbin).drop_empty_bins()


def _make_coder(shape: SphereMembers, grid: PixelGrid) -> Coder:
    """Make the function that gives the bin of each pixel of some columns and rows of a grid."""
    straight = shape.straight_coder(grid.frame) if grid.separable else None
    if straight is not None:
        return lambda grid, x, y: straight(*grid.lonlat(x, y[:, None]))
    coder = shape.coder(grid.frame)
    return lambda grid, x, y: coder(grid.vectors(x, y[:, None]))


def _block_pairs(
    coder: Coder, grid: PixelGrid, x: Float, y: Float, step: int
) -> tuple[Int, Int, Float]:
    """Bins, flat indices and solid angles of the pixels in bins, of some columns and rows."""
    bins = coder(grid, x, y)
    inside = np.flatnonzero(bins >= 0)
    pixel = take_pixels(flat_index(grid, x, y[:, None]), inside)
    beyond = np.flatnonzero(pixel < 0)
    if beyond.size:
        kept = np.ones(pixel.size, bool)
        row, column = np.divmod(inside[beyond], x.size)
        kept[beyond] = grid.canonical(x[column], y[row])
        inside, pixel = inside[kept], pixel[kept]
    return take_pixels(bins, inside), pixel, step**2 * grid.solid_angles(x, y, inside)
