"""Search for the pixels of bins on the sphere, in a whole map or in one block of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from ...bins.shapes.shape import OverlappingMembers, SphereMembers
from ...maps.arrays import take_pixels
from ...maps.pixelgrid import PixelGrid
from .beyond import BeyondMap
from .flat_indexing import flat_index
from .membership import FindMembers, Int, Membership, Pairs, chunk_slices
from .subpixels import Finder, Subpixels
from .tiles import Tiles

__all__ = ["Search"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Number of pixels beyond the map that are examined one by one, in 0.1 to 0.5 s. If there are more,
# the solid angle beyond the map comes from the areas of the bins. Ten times larger, bins far beyond
# the map take seconds; ten times smaller, it would be that of pixels for fewer bins: the two differ
# by 1e-4 for a bin of a million pixels, and by 1e-3 for one of ten thousand.
_MAX_PIXELS_BEYOND = 1 << 20

# The same for sub-positions of pixels: a second. Ten times larger, bins far beyond the map take ten
# seconds; ten times smaller, the solid angle beyond it would be that of pixels for fewer bins.
_MAX_SUBPIXELS_BEYOND = 1 << 23

# every 8th row and column is tried first, then all, to find quickly that a block has pixels of
# bins; affects speed alone
_PROBE_STEPS = (8, 1)


@dataclass(frozen=True, eq=False)
class Search:
    """Search for the pixels of bins.

    Parameters
    ----------
    finder : callable
        Gives the bins, and the flat indices of the pixels, of all pairs of a bin and a pixel in
        it, of some columns (nx,) and rows (ny,) of a grid.
    nbin : int
        Number of bins.
    grid : PixelGrid
        The pixels of the map.
    tiles : Tiles
        Tiles that cover the map and, on the continued grid, the bins beyond it.
    may_overlap : bool
        Whether a pixel can be in several bins.
    subpixels : Subpixels or None
        Sub-positions that tell the shares of pixels; None if pixels count by their centres.
    beyond : BeyondMap or None
        Gives the solid angle beyond the map, if it has too many pixels there; None if they count.
    """

    finder: Finder
    nbin: int
    grid: PixelGrid
    tiles: Tiles
    may_overlap: bool = False
    subpixels: Subpixels | None = None
    beyond: BeyondMap | None = None

    @classmethod
    def from_shape(
        cls,
        shape: SphereMembers | OverlappingMembers,
        nbin: int,
        grid: PixelGrid,
        subpixels: Subpixels | None = None,
    ) -> Search:
        """Prepare the search for bins of a shape."""
        tiles, beyond = Tiles.from_shape(shape, grid), None
        most = _MAX_SUBPIXELS_BEYOND / subpixels.number**2 if subpixels else _MAX_PIXELS_BEYOND
        if tiles.cut_off or tiles.pixels_beyond(grid) > min(most, _MAX_PIXELS_BEYOND):
            tiles, beyond = tiles.within(grid.x, grid.y), BeyondMap(shape, nbin, grid)
        if isinstance(shape, SphereMembers):
            code = _make_finder(shape, grid)
            return cls(code, nbin, grid, tiles, False, subpixels, beyond)
        find = shape.finder(grid.frame, grid.pixel_size)

        def finder(grid: PixelGrid, x: Float, y: Float) -> tuple[Int, Int]:
            return find(grid.vectors(x, y[:, None]))

        return cls(finder, nbin, grid, tiles, True, subpixels, beyond)

    def members(self) -> Membership:
        """Find the pixels of all bins.

        Pixels of the grid continued beyond the map count as outside, unless the sky there is also
        on another pixel of the grid. If there are very many of them, the solid angle beyond the map
        comes from the areas of the bins.
        """
        found = Membership.from_pairs(self._pairs(self._share_on_map > 0), self.nbin)
        if self.beyond is None:
            return found
        inside = np.asarray(
            np.bincount(found.bin, found.solid_angle, minlength=self.nbin), dtype=np.float64
        )
        return replace(found, outside=self.beyond.solid_angles(inside))

    @cached_property
    def overlap(self) -> int:
        """Number of pixels counted in more than one bin; see Membership."""
        if not self.may_overlap:
            return 0
        total = 0
        for x, y in self.tiles.blocks(self.tiles.near & (self._share_on_map > 0)):
            _, pixel, _, _, overlaps = _block_pairs(self.finder, self.grid, x, y, self.subpixels)
            on_map = pixel >= 0
            if overlaps is not None:
                total += int(overlaps[on_map].sum())
            else:
                total += int(np.count_nonzero(on_map)) - np.unique(pixel[on_map]).size
        return total

    @cached_property
    def outside(self) -> Float:
        """Solid angle of each bin beyond the map in sr, as `members` gives it."""
        if self.beyond is not None:
            inside = np.zeros(self.nbin)
            for bins, p, area, *_ in self._pairs(self._share_on_map > 0):
                inside += np.bincount(bins[p >= 0], area[p >= 0], minlength=self.nbin)
            return self.beyond.solid_angles(inside)
        at_edge = (self._share_on_map > 0) & (self._share_on_map < 1)
        beyond = (
            Pairs(bins[p < 0], p[p < 0], area[p < 0]) for bins, p, area, *_ in self._pairs(at_edge)
        )
        return Membership.from_pairs(beyond, self.nbin).outside

    @cached_property
    def _share_on_map(self) -> Float:
        return self.tiles.share_on_map(self.grid)

    def _pairs(self, on_map: Bool) -> Iterator[Pairs]:
        """Pairs in the near tiles of a selection (nrow, ncolumn), and in all beyond the map."""
        selected = self.tiles.near & (on_map | (self._share_on_map == 0))
        for x, y in self.tiles.blocks(selected):
            yield _block_pairs(self.finder, self.grid, x, y, self.subpixels)

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
                if _has_members(self.finder, grid, tiles, self.subpixels):
                    how = (self.finder, self.nbin, grid, tiles, self.subpixels)
                    yield (i, j), partial(_block_members, *how)


def _has_members(
    finder: Finder, grid: PixelGrid, tiles: Tiles, subpixels: Subpixels | None
) -> bool:
    """Whether a block has pixels of bins."""
    return any(
        bool((flat_index(grid, x, y[:, None]).reshape(-1)[finder(grid, x, y)[1]] >= 0).any())
        for step in _PROBE_STEPS
        for x, y in tiles.blocks(tiles.near, step)
    ) or any(
        bool((_block_pairs(finder, grid, x, y, subpixels).pixel >= 0).any())
        for x, y in (tiles.blocks(tiles.near) if subpixels else ())
    )


def _block_members(
    finder: Finder, nbin: int, grid: PixelGrid, tiles: Tiles, subpixels: Subpixels | None
) -> tuple[Membership, Int]:
    """Find the pixels of bins in a block, and the numbers of the bins that have pixels there."""
    pairs = (_block_pairs(finder, grid, x, y, subpixels) for x, y in tiles.blocks(tiles.near))
    return Membership.from_pairs(pairs, nbin).drop_empty_bins()


def _make_finder(shape: SphereMembers, grid: PixelGrid) -> Finder:
    """Make the function that finds the pixels of bins that do not overlap."""
    size = grid.pixel_size
    straight = shape.straight_coder(grid.frame, size) if grid.separable else None
    coder = shape.coder(grid.frame, size)

    def find(grid: PixelGrid, x: Float, y: Float) -> tuple[Int, Int]:
        if straight is not None:
            bins = straight(*grid.lonlat(x, y[:, None]))
        else:
            bins = coder(grid.vectors(x, y[:, None]))
        inside = np.flatnonzero(bins >= 0)
        return take_pixels(bins, inside), inside

    return find


def _block_pairs(
    finder: Finder, grid: PixelGrid, x: Float, y: Float, subpixels: Subpixels | None
) -> Pairs:
    """Pairs of bins and pixels, of some columns and rows."""
    share: Float | None = None
    overlaps: Int | None = None
    if subpixels is None:
        bins, inside = finder(grid, x, y)
    else:
        bins, inside, share, overlaps = subpixels.pairs(finder, grid, x, y)
    pixel = flat_index(grid, x, y[:, None]).reshape(-1)[inside]
    beyond = np.flatnonzero(pixel < 0)
    if beyond.size:
        kept = np.ones(pixel.size, bool)
        row, column = np.divmod(inside[beyond], x.size)
        kept[beyond] = grid.canonical(x[column], y[row])
        bins, inside, pixel = bins[kept], inside[kept], pixel[kept]
        if share is not None and overlaps is not None:
            share, overlaps = share[kept], overlaps[kept]
    area = _solid_angles(grid, x, y, inside)
    if share is None:
        return Pairs(bins, pixel, area)
    on_sky = np.isfinite(area)  # False for pixels whose centre is off the sky
    return Pairs(bins, pixel, area * share, share, overlaps).take(on_sky)


def _solid_angles(grid: PixelGrid, x: Float, y: Float, inside: Int) -> Float:
    """Solid angles in sr of some pixels of a block, in any order, also if some come twice."""
    flat: NDArray[np.intp] = inside.astype(np.intp, copy=False)
    if np.all(flat[1:] > flat[:-1]):
        return grid.solid_angles(x, y, flat)
    chosen = np.zeros(x.size * y.size, bool)
    chosen[inside] = True
    area = np.empty(chosen.size)
    area[chosen] = grid.solid_angles(x, y, np.flatnonzero(chosen))
    return area[inside]
