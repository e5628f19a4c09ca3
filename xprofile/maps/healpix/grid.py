"""Cells of a HEALPix map: where they are, how large they are, and which one a position is in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...exceptions import InvalidDataError
from ..sphere import lonlat_deg, lonlat_of_vectors
from .cell_runs import CellRuns, expand_runs
from .library import healpix_library

__all__ = ["DEEPEST_LEVEL", "HealpixGrid"]

Float = NDArray[np.float64]
Int = NDArray[np.integer[Any]]

# Deepest level whose cells 64-bit integers can number, as HEALPix defines it; cells are then
# 0.4 mas wide.
DEEPEST_LEVEL = 29


@dataclass(frozen=True, eq=False)
class HealpixGrid:
    """The cells of a map, all of the sky or some of them, in any order.

    As a plane, they are one row: the flat index of a cell is its place along ``cell``.

    Parameters
    ----------
    level : int
        Level of the grid: NSIDE is 2**level.
    indexing_scheme : {"nested", "ring"}
        Order in which cells are numbered.
    frame : BaseCoordinateFrame
        Frame of the sky, without data.
    cell_ids : numpy.ndarray or dask.array.Array of int
        Numbers of the cells, (ncell,), each once. `numbers` gives some of them, also of dask.
    """

    level: int
    indexing_scheme: Literal["nested", "ring"]
    frame: BaseCoordinateFrame
    cell_ids: Any

    @classmethod
    def from_cells(
        cls,
        level: int,
        indexing_scheme: Literal["nested", "ring"],
        frame: BaseCoordinateFrame,
        cell_ids: Any,
    ) -> HealpixGrid:
        """Make the grid of some cells.

        Raises
        ------
        InvalidDataError
            If no cell is left, or if numbers of cells repeat, are not whole or are out of range.
        """
        ids = cell_ids if hasattr(cell_ids, "dask") else np.atleast_1d(np.asarray(cell_ids))
        if not ids.size:
            raise InvalidDataError("the maps have no pixels: a selection has left no cell")
        if ids.dtype.kind not in "iu":
            raise InvalidDataError(
                f"cell_ids has the type {ids.dtype}, expected whole numbers of HEALPix cells"
            )
        grid = cls(level, indexing_scheme, frame, ids)
        last = 12 * 4**level - 1
        low, high = grid.cells.ends
        if low < 0 or high > last:
            raise InvalidDataError(
                f"cell_ids has {low if low < 0 else high}, expected numbers from 0 to {last} for "
                f"level {level} (NSIDE {2**level}); check the level"
            )
        if grid.cells.repeat:
            raise InvalidDataError("numbers in cell_ids repeat: a pixel would count twice")
        return grid

    def __getstate__(self) -> dict[str, Any]:
        """Leave out numbers that dask holds, which `cells` tells."""
        return {**vars(self), "cells": self.cells, "cell_ids": None}

    @cached_property
    def cells(self) -> CellRuns:
        """Numbers of the cells, as runs of consecutive numbers."""
        return CellRuns.from_ids(self.cell_ids)

    def numbers(self, pixel: Int) -> NDArray[np.int64]:
        """Numbers of the cells with these flat indices."""
        return self.cells.numbers(pixel)

    @property
    def whole_sky(self) -> bool:
        """Whether the map holds all cells of the sky."""
        return bool(self.cells.size == 12 * 4**self.level)

    @property
    def nside(self) -> int:
        """Number of cells along a side of each of the twelve base cells."""
        return int(2**self.level)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows, which is 1, and of cells."""
        return 1, self.cells.size

    @property
    def cell_solid_angle(self) -> float:
        """Solid angle of every cell in sr."""
        return float(4 * np.pi / (12 * 4**self.level))

    @property
    def pixel_size(self) -> float:
        """Side in degrees of a square with the solid angle of a cell."""
        return float(np.degrees(np.sqrt(self.cell_solid_angle)))

    @cached_property
    def nested(self) -> NDArray[np.int64]:
        """Numbers of the cells in the nested scheme, (ncell,)."""
        return self.nested_of(self.cells.all_numbers())

    def nested_of(self, cell_ids: Int) -> NDArray[np.int64]:
        """Nested numbers of some cells that are given by the grid's own scheme."""
        if self.indexing_scheme == "nested":
            return np.asarray(cell_ids, np.int64)
        return np.asarray(healpix_library().core.ring_to_nested(cell_ids, self.nside), np.int64)

    def numbers_of(self, nested: Int) -> NDArray[np.int64]:
        """Numbers by the grid's own scheme of cells that are given by nested numbers."""
        if self.indexing_scheme == "nested":
            return np.asarray(nested, np.int64)
        return np.asarray(healpix_library().core.nested_to_ring(nested, self.nside), np.int64)

    def find_nested(self, nested: Int) -> NDArray[np.int64]:
        """Flat indices of cells that are given by nested numbers; -1 for cells off the map."""
        return self.cells.find(self.numbers_of(nested))

    @cached_property
    def _nested_order(self) -> NDArray[np.intp]:
        """Places along the map of the cells by ascending nested number, (ncell,)."""
        return np.argsort(self.nested, kind="stable")

    @cached_property
    def _nested_runs(self) -> CellRuns:
        """Ascending numbers of the cells in the nested scheme, as runs."""
        return CellRuns.from_ids(self.nested[self._nested_order])

    def find_nested_ranges(self, start: Int, stop: Int) -> tuple[Int, NDArray[np.int64]]:
        """Flat indices of the cells on the map in ranges of nested numbers.

        Parameters
        ----------
        start, stop : numpy.ndarray of int
            First number of each range, and the one after its last, (n,).

        Returns
        -------
        row, pixel : numpy.ndarray of int
            Index of the range, and flat index, of each cell.
        """
        row, first, length = self._nested_runs.find_runs(start, stop)
        place = expand_runs(first, length)
        return np.repeat(row, length), self._nested_order[place].astype(np.int64, copy=False)

    def touches(self, nested: Int, level: int) -> NDArray[np.bool_]:
        """Whether cells of a lower level, by nested numbers, have a part on the map, (n,)."""
        if level > self.level:
            nested, level = nested >> 2 * (level - self.level), self.level
        depth, runs = 2 * (self.level - level), self._nested_runs
        first = np.append(runs.first, np.iinfo(np.int64).max)
        after = np.searchsorted(runs.first + runs.length, nested << depth, "right")
        return np.asarray(first[after] < (nested + 1) << depth)

    def find_pixels(self, coord: SkyCoord) -> NDArray[np.int64]:
        """Flat indices of the cells that sky positions are in; -1 off the map."""
        lon, lat = (np.atleast_1d(values) for values in lonlat_deg(coord, self.frame))
        library = healpix_library()
        known = np.isfinite(lon) & np.isfinite(lat)
        nested = library.core.lonlat_to_healpix(
            np.where(known, lon, 0.0) * u.deg, np.where(known, lat, 0.0) * u.deg,
            self.nside, order="nested",
        )  # fmt: skip
        return np.where(known, self.find_nested(nested), -1)

    def pixel_vectors(self, pixel: Int) -> Float:
        """Unit vectors (3, n) of the centres of cells with these flat indices."""
        library = healpix_library()
        ids, order = self.numbers(pixel), self.indexing_scheme
        return np.stack(library.core.healpix_to_xyz(ids, self.nside, order=order))

    def subcell_vectors(self, pixel: Int, along_side: int) -> Float:
        """Unit vectors (3, n, k^2) of k x k positions in cells with these flat indices.

        They are the centres of cells of a deeper level, so k must be a power of 2.
        """
        parts, library = along_side**2, healpix_library()
        nested = self.nested_of(self.numbers(pixel))[:, None] * parts + np.arange(parts)
        nside = self.nside * along_side
        return np.stack(library.core.healpix_to_xyz(nested, nside, order="nested"))

    def pixel_positions(self, pixel: Int) -> tuple[Float, Float]:
        """Longitudes and latitudes in degrees (n,) of cells with these flat indices."""
        return lonlat_of_vectors(self.pixel_vectors(pixel))

    def pixel_solid_angles(self, pixel: Int) -> Float:
        """Solid angles in sr (n,) of cells with these flat indices."""
        return np.full(np.shape(pixel), self.cell_solid_angle)
