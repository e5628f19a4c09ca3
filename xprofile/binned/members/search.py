"""Search for the pixels of bins on the sphere: of a whole map, or of a block of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bins.shapes.shape import SphereMembers
from ...maps.pixelgrid import PixelGrid, take_pixels
from .membership import Find, Int, Membership, flat_positions, gather, slices
from .tiles import Tiles

__all__ = ["Search"]

Float = NDArray[np.float64]

Bool = NDArray[np.bool_]

Coder: TypeAlias = Callable[[PixelGrid, Float, Float], Int]

_MOST_OUTSIDE = 1 << 22  # pixels beyond the map that are looked at one by one

_PROBE = 8  # one pixel in so many, along each axis, tells of most blocks that bins touch them


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
    def of(cls, shape: SphereMembers, nbin: int, grid: PixelGrid) -> Search:
        """Prepare it."""
        return cls(_coder(shape, grid), nbin, grid, Tiles.near_to(shape, grid))

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
                grid = self.grid.subgrid(x, y)
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


def _coder(shape: SphereMembers, grid: PixelGrid) -> Coder:
    """Make the function that tells the bin of pixel positions (nx,) and (ny,) of a grid."""
    straight = shape.straight_coder(grid.frame) if grid.separable else None
    if straight is not None:
        return lambda grid, x, y: straight(*grid.lonlat(x, y[:, None]))
    coder = shape.coder(grid.frame)
    return lambda grid, x, y: coder(grid.vectors(x, y[:, None]))


def _block_pairs(
    coder: Coder, grid: PixelGrid, x: Float, y: Float, step: int
) -> tuple[Int, Int, Float]:
    """Codes, flat positions and solid angles of the pixels of one block that are in a bin."""
    code = coder(grid, x, y)
    inside = np.flatnonzero(code >= 0)
    pixel = take_pixels(flat_positions(grid, x, y[:, None]), inside)
    beyond = np.flatnonzero(pixel < 0)
    if beyond.size:
        kept = np.ones(pixel.size, bool)
        row, column = np.divmod(inside[beyond], x.size)
        kept[beyond] = grid.canonical(x[column], y[row])
        inside, pixel = inside[kept], pixel[kept]
    return take_pixels(code, inside), pixel, step**2 * grid.solid_angles(x, y, inside)
