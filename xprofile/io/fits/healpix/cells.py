"""The cells that a HEALPix map has: all of the sky, a range, or listed ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import xarray as xr
from astropy.coordinates import FK5, ICRS, BaseCoordinateFrame
from numpy.typing import NDArray
from xarray.core import indexing

from ....maps.healpix.coords import cell_coords
from ....maps.healpix.grid import HealpixGrid
from ....maps.regridding.matching import PixelMatch
from ....maps.sphere import same_frame
from ..cubes import Array, Cube, Key

__all__ = ["HealpixCells", "cells_of_grid", "slice_of_key"]

Numbers: TypeAlias = range | Any  # a range, or an array of numpy or dask

_BLOCK = 1 << 22  # numbers that are compared at once; affects memory alone


@dataclass(frozen=True, eq=False)
class HealpixCells:
    """The cells of a map, in the order of its values.

    Parameters
    ----------
    level : int
        Level of the grid.
    indexing_scheme : {"nested", "ring"}
        Order in which cells are numbered.
    frame : BaseCoordinateFrame
        Frame of the sky.
    numbers : range or array of int
        Numbers of the cells, each once.
    """

    level: int
    indexing_scheme: Literal["nested", "ring"]
    frame: BaseCoordinateFrame
    numbers: Numbers

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.numbers)

    @property
    def is_whole_sky(self) -> bool:
        """Whether the map has all cells."""
        return bool(self.size == 12 * 4**self.level)

    @cached_property
    def grid(self) -> HealpixGrid:
        """The cells as a grid of maps."""
        ids = np.arange(self.size) + self.numbers.start if _is_range(self.numbers) else self.numbers
        return HealpixGrid.from_cells(self.level, self.indexing_scheme, self.frame, ids)

    def coords(self, *, lazy: bool) -> dict[str, xr.Variable]:
        """Make the coordinates of maps; with `lazy`, numbers of a range take no memory."""
        ids: Any = self.numbers
        if _is_range(ids):
            cube = RangeCube(ids.start, self.size)
            ids = indexing.LazilyIndexedArray(cube) if lazy else cube.read()
        return cell_coords(self.level, self.indexing_scheme, self.frame, ids)

    def same_cells(self, other: HealpixCells) -> bool:
        """Whether two maps have the same cells in the same order."""
        return (
            self._same_sky(other)
            and self.indexing_scheme == other.indexing_scheme
            and _equal(self.numbers, other.numbers)
        )

    def find(self, other: HealpixCells) -> PixelMatch | None:
        """Find the cells of another map among these, which may be numbered in another order.

        Returns
        -------
        PixelMatch or None
            Places in the one row of this map, -1 for those that it does not have. None if the maps
            have different grids.
        """
        if not self._same_sky(other):
            return None
        return PixelMatch(np.zeros(1, np.intp), self.grid.find_nested(other.grid.nested))

    def _same_sky(self, other: HealpixCells) -> bool:
        """Whether two grids have the same cells; FK5 of J2000 and ICRS are taken as one."""
        one, two = self.frame, other.frame
        usual = all(any(same_frame(frame, u) for u in (ICRS(), FK5())) for frame in (one, two))
        return self.level == other.level and (usual or same_frame(one, two))

    @property
    def text(self) -> str:
        """Description for messages."""
        return (
            f"HEALPix, NSIDE {2**self.level}, {self.indexing_scheme}, {self.size} cells in "
            f"{self.frame.name}"
        )


def cells_of_grid(grid: HealpixGrid) -> HealpixCells:
    """Return the cells of a grid of maps."""
    return HealpixCells(grid.level, grid.indexing_scheme, grid.frame, grid.cell_ids)


def _is_range(numbers: Numbers) -> bool:
    return isinstance(numbers, range)


def _equal(one: Numbers, other: Numbers) -> bool:
    if len(one) != len(other):
        return False
    if one is other or (_is_range(one) and _is_range(other)):
        return one is other or bool(one == other)
    parts = (slice(start, start + _BLOCK) for start in range(0, len(one), _BLOCK))
    return all(np.array_equal(np.asarray(one[part]), np.asarray(other[part])) for part in parts)


@dataclass(frozen=True, eq=False)
class RangeCube(Cube):
    """Ascending numbers, made when they are needed.

    Parameters
    ----------
    start, number : int
        First number, and how many there are.
    """

    start: int
    number: int

    dtype = np.dtype(np.int64)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the array."""
        return (self.number,)

    def read_block(self, key: Key) -> Array:
        """Return the numbers for a slice or an array of indices."""
        if isinstance(key[0], slice):
            return np.arange(*key[0].indices(self.number), dtype=np.int64) + self.start
        return np.asarray(key[0], np.int64) + self.start


def slice_of_key(key: Any, size: int) -> tuple[int, int, Any]:
    """Return the ends of the smallest range that contains a key, and the key within the range."""
    if isinstance(key, slice):
        start, stop, step = key.indices(size)
        if step == 1:
            return start, max(start, stop), slice(None)
        key = np.arange(start, stop, step)
    wanted: NDArray[np.int64] = np.asarray(key, np.int64)
    if not wanted.size:
        return 0, 0, slice(None)
    wanted = np.where(wanted < 0, wanted + size, wanted)
    low = int(wanted.min())
    return low, int(wanted.max()) + 1, wanted - low
