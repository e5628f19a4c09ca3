"""Sums of values on HEALPix over disks round each cell.

The cells of a ring that are in a disk follow each other, so that their sum is a difference of two
cumulative sums along the ring.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ring_places import RingPlaces

__all__ = ["Disk"]

Float = NDArray[np.float64]
Int = NDArray[np.int64]

# Part of a cell and of the radius by which centres on the rim of a disk may be beyond it, for
# rounding of 1e-15. Ten times larger changes nothing; at 0.1, disks would be larger.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Disk:
    """A disk that spreads values evenly over the cells with their centres in it.

    Parameters
    ----------
    places : RingPlaces
        The cells of a map.
    radius : float
        Radius in rad.
    """

    places: RingPlaces
    radius: float

    def spread(self, values: Float | None) -> Float:
        """Sum of the values (n, ncell) in the disk round each cell of the map.

        Without values, the number of cells of the sky in it.
        """
        places = self.places
        found = np.zeros((1 if values is None else len(values), places.order.size))
        sums: dict[int, Float] = {}
        for ring in places.used.tolist():
            order, along = places.in_ring(ring)
            near = places.rings_near(ring, ring, self.radius * (1 + _ROUNDING))
            start, number = self._cells_near(ring, along, near)
            if values is None:
                found[0, order] = number.sum(axis=0)
                continue
            others = range(near.start, near.stop)
            sums = {other: sums[other] for other in others if other in sums}  # for the next rings
            for i, other in enumerate(others):
                if other not in sums:
                    sums[other] = self._cumulative(values, other)
                found[:, order] += _sums_along(sums[other], start[i], number[i])
        return found

    def _cells_near(self, ring: int, along: Int, near: slice) -> tuple[Int, Int]:
        """First cell in the disk and number of cells on rings, round each cell of a ring."""
        places = self.places
        colatitude = places.colatitude[near]
        length = places.rings.length[near][:, None]
        apart = np.sin((colatitude - places.colatitude[ring]) / 2) ** 2
        sines = np.sin(colatitude) * np.sin(places.colatitude[ring])
        inside = np.sin(self.radius * (1 + _ROUNDING) / 2) ** 2 - apart
        half = 2 * np.arcsin(np.sqrt(np.clip(inside / sines, 0, 1)))[:, None]
        lon = places.first[ring] + 2 * np.pi * along / places.rings.length[ring]
        middle = (lon - places.first[near][:, None]) * length / (2 * np.pi)
        reach = half * length / (2 * np.pi) + _ROUNDING
        start = np.ceil(middle - reach).astype(np.int64)
        number = np.floor(middle + reach).astype(np.int64) - start + 1
        number = np.where(inside[:, None] < 0, 0, np.minimum(number, length))
        return start, number

    def _cumulative(self, values: Float, ring: int) -> Float:
        """Sums (n, ncell + 1) of the values before each cell of a ring, and of all."""
        cells = self.places.values_of_ring(values, ring)
        sums = np.zeros((len(cells), cells.shape[1] + 1))
        np.cumsum(cells, axis=1, out=sums[:, 1:])
        return sums


def _sums_along(sums: Float, start: Int, number: Int) -> Float:
    """Sums over cells of a ring that follow each other, round its end and on."""
    ends = []
    for place in (start + number, start):
        turn, rest = np.divmod(place, sums.shape[1] - 1)
        ends.append(turn * sums[:, -1:] + sums[:, rest])
    return np.asarray(ends[0] - ends[1])
