"""Distances of positions within pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...bins.distances import DistanceAxis
from ...maps.grid import AnyGrid
from ...maps.healpix.grid import DEEPEST_LEVEL, HealpixGrid
from ...maps.sphere import unit_vectors

__all__ = ["PixelDistances"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Most pixels, most positions within all pixels, and positions along a side of a pixel. With 4, a
# brightness of a Gaussian whose sigma is a quarter of a pixel is averaged right to 1e-6. With ten
# times the totals, `bin` takes several times as long; with a tenth, bins of a few pixels in usual
# maps are no better than by their centres.
_MOST, _POSITIONS, _ALONG_SIDE = 400_000, 100_000, 4

_BLOCK = 1 << 18  # positions at once; a technical size


@dataclass(frozen=True, eq=False)
class PixelDistances:
    """Distances of positions within the pixels of a grid.

    Parameters
    ----------
    axis : DistanceAxis
        The axis of distances.
    grid : PixelGrid or HealpixGrid
        The pixels.
    along_side : int
        Number of positions along a side of a pixel.
    """

    axis: DistanceAxis
    grid: AnyGrid
    along_side: int

    @classmethod
    def from_axis(cls, axis: DistanceAxis, grid: AnyGrid, number: float) -> PixelDistances | None:
        """Choose the positions for a number of pixels; None if these are too many."""
        if number > _MOST:
            return None
        along_side = int(np.sqrt(_POSITIONS / max(number, 1)))
        along_side = min(max(along_side, 1), _ALONG_SIDE)
        if isinstance(grid, HealpixGrid):  # the centres of cells of a deeper level
            along_side = min(2 ** int(np.log2(along_side)), 2 ** (DEEPEST_LEVEL - grid.level))
        return cls(axis, grid, along_side)

    @property
    def number(self) -> int:
        """Number of positions in a pixel."""
        return self.along_side**2

    @property
    def offsets(self) -> tuple[Float, Float]:
        """Offsets in pixels of the positions from the centre of their pixel, (number,) each."""
        offset = (np.arange(self.along_side) + 0.5) / self.along_side - 0.5
        return np.repeat(offset, offset.size), np.tile(offset, offset.size)

    def find(self, pixel: Int) -> Float:
        """Distances in degrees (number, npixel) of positions in pixels, by their flat indices."""
        found = np.empty((self.number, pixel.size))
        step = max(_BLOCK // self.number, 1)
        for start in range(0, pixel.size, step):
            part = slice(start, start + step)
            vectors = self._vectors(pixel[part])
            found[:, part] = self.axis.find(vectors.reshape(3, -1)).reshape(vectors.shape[1:])
        return found

    @cached_property
    def by_column(self) -> Float | None:
        """Distances in degrees (along_side, ncolumn), if they do not depend on the row of a pixel.

        None if they do.
        """
        grid = self.grid
        if isinstance(grid, HealpixGrid) or self.axis.of_longitude is None or not grid.separable:
            return None
        dx = self.offsets[1][: self.along_side]
        lon, _ = grid.lonlat(grid.x + dx[:, None], grid.y)
        return self.axis.of_longitude(lon)

    def _vectors(self, pixel: Int) -> Float:
        """Unit vectors (3, number, npixel) of positions in pixels, by their flat indices."""
        (dx, dy), grid = self.offsets, self.grid
        if isinstance(grid, HealpixGrid):
            return grid.subcell_vectors(pixel, self.along_side).transpose(0, 2, 1)
        row, column = np.divmod(pixel, grid.x.size)
        x, y = grid.x + dx[:, None], grid.y + dy[:, None]
        if grid.separable:  # few angles for many pixels
            lon, lat = grid.lonlat(x, y)
            east, north = unit_vectors(lon, np.zeros(1)), unit_vectors(np.zeros(1), lat)
            found = np.empty((3, self.number, column.size))
            np.take(north[2], row, axis=1, out=found[2], mode="clip")  # not "raise", which copies
            cos = north[0][:, row]
            for component, angle in zip(found[:2], east[:2], strict=True):
                np.multiply(cos, np.take(angle, column, axis=1), out=component)
            return found
        shape = self.number, column.size
        return grid.vectors(x[:, column].ravel(), y[:, row].ravel()).reshape(3, *shape)
