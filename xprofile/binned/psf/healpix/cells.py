"""Cells of a HEALPix map that receive photons, and the sums over them that make the bins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ....maps.grid import AnyGrid
from ....maps.healpix.grid import HealpixGrid
from ....maps.healpix.library import healpix_library
from ....maps.pixelgrid import PixelGrid
from ....maps.sphere import dot
from ...members.membership import Membership
from ..near import PARTS, PixelOutlines
from ..outlines import LARGEST_BEND
from ..receivers import Receivers, used_pixels
from ..subpixels import gauss_points
from .plane import cell_plane, plane_pixels

__all__ = ["CellReceivers", "receivers_of"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Shorter and longer side of the most stretched cells, in sides of a square of the same solid angle.
# Sides are 0.80 of it near the equator to 1.47 long, next to |sin b| = 2/3 and the meridian between
# two base cells; these are the means over a cell. With ten times more, photons would be followed
# one by one too far; with a tenth, shares of near cells would be 20 % off.
_SIDES = (0.8, 1.25)


@dataclass(frozen=True, eq=False)
class CellReceivers:
    """Distinct cells of bins, used with some mask at least; as `Receivers` of a plane.

    Parameters
    ----------
    grid : HealpixGrid
        The cells of the map.
    pixel : numpy.ndarray of int
        Flat indices (npixel,) of the cells, ascending.
    sums : scipy.sparse.csr_array
        Share of each cell in each bin with each mask, (nbin * nmask, npixel).
    shape : tuple of int
        Number of bins and of masks.
    plane : PixelGrid
        The plane of the cells, by whose pixel numbers places are given.
    """

    grid: HealpixGrid
    pixel: Int
    sums: Any
    shape: tuple[int, int]
    plane: PixelGrid

    @cached_property
    def vectors(self) -> Float:
        """Unit vectors (3, npixel) of the centres."""
        return self.grid.pixel_vectors(self.pixel)

    @cached_property
    def tree(self) -> Any:
        """Tree of the centres, to find those near a direction."""
        return cKDTree(self.vectors.T)

    @cached_property
    def is_cut(self) -> NDArray[np.bool_]:
        """Whether cells are partly off the sky, (npixel,): none is."""
        return np.zeros(self.pixel.size, dtype=bool)

    @cached_property
    def column_sums(self) -> Any:
        """The sums, ordered for the choice of some cells."""
        return self.sums.tocsc()

    def place_vectors(self, x: Float, y: Float) -> Float:
        """Unit vectors (3, n) of positions on the plane of the cells."""
        return self.plane.vectors(x, y)

    @cached_property
    def on_plane(self) -> Receivers:
        """The cells as pixels of the plane."""
        pixel = plane_pixels(self.plane, self.vectors)
        return Receivers(self.plane, pixel, self.sums, self.shape)

    def sides(self, x: Float, y: Float) -> Float:
        """Width and height in rad of cells at places, (2, nplace)."""
        side = np.sqrt(self.grid.cell_solid_angle)
        return np.repeat(np.array(_SIDES)[:, None] * side, np.size(x), axis=1)

    def outlines(self, some: Int) -> PixelOutlines:
        """Corners of some cells, by their indices."""
        ids = self.grid.numbers(self.pixel[some])
        need = np.sqrt(_bends(self._outline(ids, 2)) / LARGEST_BEND)
        group = np.searchsorted(PARTS[:-1], need)
        row, corners = np.zeros(ids.size, dtype=np.intp), []
        for number, parts in enumerate(PARTS):
            found = np.flatnonzero(group == number)
            row[found] = np.arange(found.size)
            corners.append(self._outline(ids[found], parts))
        return PixelOutlines(group, row, tuple(corners))

    def _outline(self, ids: NDArray[np.integer[Any]], parts: int) -> Float:
        """Unit vectors (3, n, 4 * parts) of positions along the outlines of cells."""
        if not ids.size:
            return np.zeros((3, 0, 4 * parts))
        step = np.arange(parts) / parts
        end = np.ones(parts)
        dx = np.concatenate([step, end, 1 - step, 0 * end])
        dy = np.concatenate([0 * end, step, end, 1 - step])
        return self._inside(ids, dx, dy)

    def _inside(self, ids: NDArray[np.integer[Any]], dx: Float, dy: Float) -> Float:
        """Unit vectors (3, n, m) of positions from 0 to 1 along two sides of cells, (m,) each."""
        core, grid = healpix_library().core, self.grid
        number, x, y = np.broadcast_arrays(ids[:, None], dx, dy)
        flat = number.ravel(), grid.nside, x.ravel(), y.ravel()
        found = core.healpix_to_xyz(*flat, order=grid.indexing_scheme)
        return np.stack(found).reshape(3, *number.shape)

    def subpixels(self, some: Int, order: int) -> tuple[Float, Float]:
        """Return parts of some cells: solid angles in sr (n, m), and unit vectors (3, n, m).

        A sum over them is the integral over the cell, for polynomials of degree 2 `order` - 1.
        HEALPix keeps areas, so that these are even in the cells.
        """
        points, weights = gauss_points(order)
        at = (points + 1) / 2
        ids = self.grid.numbers(self.pixel[some])
        vectors = self._inside(ids, np.repeat(at, order), np.tile(at, order))
        part = np.multiply.outer(weights, weights).ravel() / 4 * self.grid.cell_solid_angle
        return np.broadcast_to(part, vectors.shape[1:]), vectors


def receivers_of(
    grid: AnyGrid, members: Membership, used: NDArray[np.bool_]
) -> CellReceivers | Receivers:
    """Collect the used pixels of bins of a map of either kind, with `used` (nmask, npair)."""
    if isinstance(grid, HealpixGrid):
        return CellReceivers(grid, *used_pixels(members, used), cell_plane(grid))
    return Receivers.from_members(grid, members, used)


def _bends(outlines: Float) -> Float:
    """Largest distance (n,) from a side of cells to a great circle, in parts of its length.

    From `outlines` (3, n, 8) with the middle of each side.
    """
    first, middle = outlines[..., ::2], outlines[..., 1::2]
    last = np.roll(first, -1, axis=-1)
    chord, along = first + last, last - first
    off = middle - chord / np.sqrt(dot(chord, chord))
    return np.asarray(np.sqrt(dot(off, off) / dot(along, along)).max(axis=-1))
