"""The cells of a map by the rings that they are on."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from .grid import HealpixGrid
from .library import healpix_library
from .rings import Rings

__all__ = ["RingPlaces"]

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RingPlaces:
    """Rings of a grid, and where the cells of a map are along them.

    Parameters
    ----------
    colatitude, first : numpy.ndarray
        Colatitude of each ring, and longitude of its first cell, in rad, (nring,).
    rings : Rings
        The rings.
    order : numpy.ndarray of int
        Places along the map of its cells, ring by ring, (ncell,).
    along : numpy.ndarray of int
        Places of these along their rings, (ncell,).
    stop : numpy.ndarray of int
        Number of cells of the map before each ring, (nring + 1,).
    """

    colatitude: Float
    first: Float
    rings: Rings
    order: NDArray[np.intp]
    along: Int
    stop: Int

    @classmethod
    def from_grid(cls, grid: HealpixGrid) -> RingPlaces:
        """Sort the cells of a map by rings."""
        rings, library = Rings(grid.level), healpix_library()
        lon, lat = library.core.healpix_to_lonlat(rings.start[:-1], grid.nside, order="ring")
        number = np.asarray(library.core.nested_to_ring(grid.nested, grid.nside), np.int64)
        order = np.argsort(number, kind="stable")
        number = number[order]
        stop = np.searchsorted(number, rings.start)
        along = number - np.repeat(rings.start[:-1], np.diff(stop))
        return cls(np.pi / 2 - lat.to_value(u.rad), lon.to_value(u.rad), rings, order, along, stop)

    @property
    def used(self) -> Int:
        """Rings with cells of the map."""
        return np.flatnonzero(np.diff(self.stop))

    def in_ring(self, ring: int) -> tuple[NDArray[np.intp], Int]:
        """Places along the map of the cells on a ring, and their places along the ring."""
        inside = slice(*self.stop[ring : ring + 2])
        return self.order[inside], self.along[inside]

    def rings_near(self, first: int, last: int, reach: float) -> slice:
        """Rings within an angle in rad of those from one ring to another."""
        low = np.searchsorted(self.colatitude, self.colatitude[first] - reach)
        high = np.searchsorted(self.colatitude, self.colatitude[last] + reach, "right")
        return slice(int(low), int(high))

    def values_of_ring(self, values: Float, ring: int) -> Float:
        """Values (n, ncell) of a map at all cells of a ring, 0 off the map."""
        found = np.zeros((len(values), int(self.rings.length[ring])))
        places, along = self.in_ring(ring)
        found[:, along] = values[:, places]
        return found
