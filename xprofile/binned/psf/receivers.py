"""The pixels that receive photons, once each, and the sums over them that make the bins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from ...maps.pixelgrid import PixelGrid
from ..members.membership import Membership
from .near import PixelOutlines
from .photons import pixel_sides
from .subpixels import subpixels

__all__ = ["AnyReceivers", "PixelTable", "Receivers", "boxes", "used_pixels"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


class AnyReceivers(Protocol):
    """Pixels that receive photons, of a plane or of HEALPix, as sums over pairs need them."""

    @property
    def pixel(self) -> Int:
        """Flat indices (npixel,) of the pixels, ascending."""

    @property
    def vectors(self) -> Float:
        """Unit vectors (3, npixel) of the centres."""

    @property
    def tree(self) -> Any:
        """Tree of the centres, to find those near a direction."""

    @property
    def is_cut(self) -> NDArray[np.bool_]:
        """Whether pixels are partly off the sky, (npixel,)."""

    @property
    def column_sums(self) -> Any:
        """Share of each pixel in each bin with each mask, (nbin * nmask, npixel)."""

    def sides(self, x: Float, y: Float) -> Float:
        """Width and height in rad of pixels at positions, (2, n)."""

    def outlines(self, some: Int) -> PixelOutlines:
        """Corners of some pixels, by their indices."""

    def subpixels(self, some: Int, order: int) -> tuple[Float, Float]:
        """Return parts of some pixels: solid angles in sr (n, m), and unit vectors (3, n, m)."""


@dataclass(frozen=True, eq=False)
class PixelTable:
    """Distinct pixels that are found by their numbers.

    Parameters
    ----------
    x, y : numpy.ndarray
        Pixel numbers (npixel,), which are whole.
    turn : int
        Number of columns after which pixels are the same again; 0 if they never are.
    """

    x: Float
    y: Float
    turn: int

    @cached_property
    def ends(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """First and last column, and first and last row; not without pixels."""
        x, y = self.x, self.y
        return (int(x.min()), int(x.max())), (int(y.min()), int(y.max()))

    @cached_property
    def _table(self) -> Int:
        """Index of each pixel number among the pixels, -1 where there is none, (rows, columns).

        One row and one column more, of -1, at the end.
        """
        (x0, x1), (y0, y1) = self.ends
        table = np.full((y1 - y0 + 2, x1 - x0 + 2), -1, np.intp)
        table[(self.y - y0).astype(int), (self.x - x0).astype(int)] = np.arange(self.x.size)
        return table

    def find(self, x: Float | Int, y: Float | Int) -> Int:
        """Index of the pixel at numbers that broadcast, -1 where there is none."""
        (x0, x1), (y0, y1) = self.ends
        if self.turn:
            x = x0 + (x - x0) % self.turn
        known = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
        column = np.where(known, x - x0, -1).astype(int)
        row = np.where(known, y - y0, -1).astype(int)
        return np.asarray(self._table[row, column])


@dataclass(frozen=True, eq=False)
class Receivers:
    """Distinct pixels of bins, used with some mask at least.

    Parameters
    ----------
    grid : PixelGrid
        The pixels of the map.
    pixel : numpy.ndarray of int
        Flat indices (npixel,) of the pixels, ascending.
    sums : scipy.sparse.csr_array
        Share of each pixel in each bin with each mask, (nbin * nmask, npixel).
    shape : tuple of int
        Number of bins and of masks.
    """

    grid: PixelGrid
    pixel: Int
    sums: Any
    shape: tuple[int, int]

    @classmethod
    def from_members(
        cls, grid: PixelGrid, members: Membership, used: NDArray[np.bool_]
    ) -> Receivers:
        """Collect the used pixels of bins, with `used` (nmask, npair)."""
        return cls(grid, *used_pixels(members, used))

    @cached_property
    def x(self) -> Float:
        """Pixel numbers of the columns, (npixel,)."""
        return np.asarray(self.grid.x[self.pixel % self.grid.x.size])

    @cached_property
    def y(self) -> Float:
        """Pixel numbers of the rows, (npixel,)."""
        return np.asarray(self.grid.y[self.pixel // self.grid.x.size])

    @cached_property
    def vectors(self) -> Float:
        """Unit vectors (3, npixel) of the centres."""
        return self.grid.vectors(self.x, self.y)

    @cached_property
    def tree(self) -> Any:
        """Tree of the centres, to find those near a direction."""
        return cKDTree(self.vectors.T)

    @cached_property
    def is_cut(self) -> NDArray[np.bool_]:
        """Whether pixels are partly off the sky, or beyond the seam of it, (npixel,)."""
        corners = [(a, b) for a in (-0.5, 0.5) for b in (-0.5, 0.5)]
        whole = [self.grid.canonical(self.x + a, self.y + b) for a, b in corners]
        return np.asarray(~np.all(whole, axis=0))

    @cached_property
    def column_sums(self) -> Any:
        """The sums, ordered for the choice of some pixels."""
        return self.sums.tocsc()

    def place_vectors(self, x: Float, y: Float) -> Float:
        """Unit vectors (3, n) of pixel positions."""
        return self.grid.vectors(x, y)

    def sides(self, x: Float, y: Float) -> Float:
        """Width and height in rad of pixels at positions, (2, n)."""
        usual = np.radians(self.grid.pixel_size)  # of places off the sky of the map
        sides = np.stack(pixel_sides(self.grid, x, y))
        return np.where(np.isfinite(sides) & (sides > 0), sides, usual)

    def outlines(self, some: Int) -> PixelOutlines:
        """Corners of some pixels, by their indices."""
        return PixelOutlines.from_pixels(self.grid, self.x[some], self.y[some], self.is_cut[some])

    def subpixels(self, some: Int, order: int) -> tuple[Float, Float]:
        """Return parts of some pixels: solid angles in sr (n, m), and unit vectors (3, n, m)."""
        return subpixels(self.grid, self.x[some], self.y[some], order)

    @cached_property
    def table(self) -> PixelTable:
        """The pixels, to find them by their numbers."""
        return PixelTable(self.x, self.y, self.grid.whole_turn)

    @cached_property
    def rows(self) -> Int:
        """Rows of the sums that have pixels, (nrow,)."""
        return np.flatnonzero(np.diff(self.sums.indptr)).astype(np.intp)

    @cached_property
    def boxes(self) -> Float:
        """First and last column, first and last row of these rows, (4, nrow)."""
        pixels = self.sums.indices
        return boxes(self.x[pixels], self.y[pixels], self.sums.indptr[self.rows])


def used_pixels(
    members: Membership, used: NDArray[np.bool_]
) -> tuple[Int, csr_array, tuple[int, int]]:
    """Return the used pixels of bins with masks, and sums over them; see `Receivers`."""
    mask, pair = np.nonzero(used)
    pixel, column = np.unique(members.pixel[pair], return_inverse=True)
    row = members.bin[pair].astype(np.intp) * used.shape[0] + mask
    share = np.ones(pair.size) if members.share is None else members.share[pair]
    shape = members.nbin, used.shape[0]
    sums = csr_array((share, (row, column)), shape=(shape[0] * shape[1], pixel.size))
    return pixel.astype(np.intp), sums, shape


def boxes(x: Float, y: Float, start: Int) -> Float:
    """First and last column, first and last row of pixels in groups, by their starts, (4, n)."""
    ends = (np.minimum, x), (np.maximum, x), (np.minimum, y), (np.maximum, y)
    return np.stack([end.reduceat(numbers, start) for end, numbers in ends])
