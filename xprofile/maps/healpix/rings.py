"""Rings of HEALPix cells at one latitude, and the parts of rings that cells of lower levels hold.

Equations of Gorski et al. (2005), ApJ 622, 759, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .library import healpix_library

__all__ = ["Rings", "cell_radius"]

Float = NDArray[np.float64]
Int = NDArray[np.int64]
T = TypeVar("T", bound=np.generic)

# Ring, in cells of a side, of the southern corner of each of the twelve base cells, and place of
# its middle along the ring, in eighths of a turn.
_FACE_RING = np.repeat([2, 3, 4], 4)
_FACE_PLACE = np.array([1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7])

# Side of blocks whose cells are brought to another order, as a power of 2; affects speed alone.
_BLOCK_LEVELS = 7


def cell_radius(level: int) -> float:
    """Largest distance in rad between the centre of a cell and its corners, at one level.

    That of the cells whose northern corner is where the polar cap begins, as in the HEALPix
    library (``max_pixrad``).
    """
    nside = 2.0**level
    low, rise = 2 / 3, (2 - 1 / nside) / (3 * nside)  # height of one end, and of the other above it
    wide, narrow = (np.sqrt(1 - z**2) for z in (low, low + rise))
    inward = rise * (2 * low + rise) / (wide + narrow)
    round_axis = 2 * np.sqrt(wide * narrow) * np.sin(np.pi / (8 * nside))
    chord = np.sqrt(inward**2 + rise**2 + round_axis**2)  # without the rounding of cosines
    return float(2 * np.arcsin(chord / 2))


@dataclass(frozen=True, eq=False)
class Rings:
    """Rings of cells from North to South, in which cells are numbered by the ring scheme.

    Parameters
    ----------
    level : int
        Level of the cells.
    """

    level: int

    @property
    def nside(self) -> int:
        """Number of cells along a side of each of the twelve base cells."""
        return int(2**self.level)

    @cached_property
    def length(self) -> Int:
        """Number of cells in each ring, (nring,)."""
        ring = np.arange(1, 4 * self.nside)
        return np.asarray(4 * np.minimum(np.minimum(ring, 4 * self.nside - ring), self.nside))

    @cached_property
    def start(self) -> Int:
        """Number of the first cell of each ring, and the number of all cells, (nring + 1,)."""
        return np.concatenate([[0], np.cumsum(self.length)])

    @property
    def number(self) -> int:
        """Number of rings."""
        return 4 * self.nside - 1

    def ends(self, number: Int) -> tuple[Int, Int]:
        """Number of the first cell in the ring of each cell, and of all cells in the ring.

        Tables of rings would take gigabytes at the deepest levels.
        """
        nside, total = self.nside, 12 * self.nside**2
        cap = 2 * nside * (nside - 1)
        south = number >= total - cap
        from_pole = np.where(south, total - 1 - number, number)
        ring = ((1 + np.sqrt(1 + 2 * from_pole.astype(np.float64))) / 2).astype(np.int64)
        ring -= 2 * ring * (ring - 1) > from_pole  # rounding
        ring += 2 * ring * (ring + 1) <= from_pole
        in_cap = np.where(south, total - 2 * ring * (ring + 1), 2 * ring * (ring - 1))
        between = number - (number - cap) % (4 * nside)
        polar = (number < cap) | south
        return np.where(polar, in_cap, between), np.where(polar, 4 * ring, 4 * nside)

    @cached_property
    def lat(self) -> Float:
        """Latitude of each ring in rad, (nring,)."""
        ring, nside = np.arange(1, 2 * self.nside + 1), self.nside
        from_pole = 2 * np.arcsin(ring[: nside - 1] / (nside * np.sqrt(6)))
        north = np.pi / 2 - from_pole, np.arcsin((4 - 2 * ring[nside - 1 :] / nside) / 3)
        lat = np.concatenate(north)
        lat[-1] = 0.0
        return np.concatenate([lat, -lat[-2::-1]])

    @cached_property
    def first_lon(self) -> Float:
        """Longitude of the first cell of each ring in rad, (nring,)."""
        ring = np.arange(1, 4 * self.nside)
        on_meridian = (self.length == 4 * self.nside) & ((ring - self.nside) % 2 == 1)
        return np.where(on_meridian, 0.0, np.pi / self.length)

    def cut_cells(self, nested: Int, level: int) -> tuple[Int, Int, Int]:
        """Cut cells of a lower level into parts of rings.

        Parameters
        ----------
        nested : numpy.ndarray of int
            Nested numbers of the cells at their level, (n,).
        level : int
            Their level, at most that of the rings.

        Returns
        -------
        cell, start, length : numpy.ndarray of int
            Index of the cell, number of the first cell of the part by the ring scheme, and number
            of its cells, of each part.
        """
        depth = self.level - level
        side = 1 << depth
        # along a diagonal of a cell from West to East, ring numbers are consecutive
        diagonal = np.arange(2 * side - 1)
        x, y = np.maximum(diagonal - side + 1, 0), np.minimum(diagonal, side - 1)
        first = (nested[:, None] << 2 * depth) + (_spread_bits(x) | _spread_bits(y) << 1)
        start = healpix_library().core.nested_to_ring(first.ravel(), self.nside)
        cell = np.repeat(np.arange(nested.size), diagonal.size)
        length = np.tile(side - np.abs(diagonal - side + 1), nested.size)
        if side == 1:
            return cell, start, length
        begin, size = self.ends(start)
        beyond = start + length - (begin + size)
        over = np.flatnonzero(beyond > 0)  # they go on at longitude 0
        length[over] -= beyond[over]
        return (
            np.concatenate([cell, cell[over]]),
            np.concatenate([start, begin[over]]),
            np.concatenate([length, beyond[over]]),
        )

    def blocks(self, first: int, size: int) -> Int:
        """Numbers of the blocks of cells for `to_nested` that hold cells of consecutive numbers."""
        level = min(self.level, _BLOCK_LEVELS)
        block = np.arange(12 * 4 ** (self.level - level))
        ring = self._corner_ring(block, level)
        low, high = np.searchsorted(self.start, [first, first + size - 1], "right")
        return np.asarray(block[(ring >= low) & (ring - 2 * ((1 << level) - 1) <= high)])

    def to_nested(self, values: NDArray[T], first: int, block: Int) -> tuple[Int, NDArray[T]]:
        """Bring values of cells from the order of the ring scheme to the nested one.

        In a block of cells of a lower level, the number by the ring scheme is a number of the
        diagonal, less the place along the diagonal. So a table of diagonals is enough.

        Parameters
        ----------
        values : numpy.ndarray
            Values of cells of consecutive numbers, (n,). The first and the last one also stand for
            all cells before and after them.
        first : int
            The first of these numbers.
        block : numpy.ndarray of int
            Some of the `blocks`, (nblock,).

        Returns
        -------
        start : numpy.ndarray of int
            Nested numbers of the first cells of the blocks, (nblock,).
        values : numpy.ndarray
            Values of the cells of each block, (nblock, ncell).
        """
        level = min(self.level, _BLOCK_LEVELS)
        diagonal, y = _inside_block(level)
        number, begin, size = self._diagonals(block, level)
        number, begin = number - first, begin - first
        cell = np.take(number, diagonal, axis=1) - y
        wrapped = np.flatnonzero((number - (1 << level) < begin).any(axis=1))
        if wrapped.size:  # blocks at longitude 0, some of whose rings begin inside
            least = np.take(begin[wrapped], diagonal, axis=1)
            turn = np.take(size[wrapped], diagonal, axis=1)
            cell[wrapped] += np.where(cell[wrapped] < least, turn, 0)
        return block << 2 * level, np.take(values, cell, mode="clip")

    def _corner_ring(self, block: Int, level: int) -> Int:
        """Ring, from 1, of the southern corner of blocks of cells."""
        face, place = np.divmod(block, 4 ** (self.level - level))
        x, y = _gather_bits(place), _gather_bits(place >> 1)
        return np.asarray(_FACE_RING[face] * self.nside - ((x + y) << level) - 1)

    def _diagonals(self, block: Int, level: int) -> tuple[Int, Int, Int]:
        """Diagonals of blocks of cells, from South-West to North-East, (nblock, ndiagonal) each.

        The number by the ring scheme that a cell would have at y = 0, and the first number and the
        length of the ring.
        """
        side, per_face = 1 << level, 4 ** (self.level - level)
        face, place = np.divmod(block, per_face)
        x, y = (side * _gather_bits(place >> shift)[:, None] for shift in (0, 1))
        across, step = 4 * self.nside, np.arange(2 * side - 1)
        ring = self._corner_ring(block, level)[:, None] - step
        size = self.length[ring - 1]
        odd = (size == across) & ((ring - self.nside) % 2 == 1)
        place_in_ring = _FACE_PLACE[face][:, None] * (size // 4) + x - y + 1 + odd + step
        return self.start[ring - 1] + place_in_ring // 2 - 1, self.start[ring - 1], size


@cache
def _inside_block(level: int) -> tuple[Int, Int]:
    """Diagonal, and place along the diagonal, of each cell of a block by its nested number."""
    inside = np.arange(4**level)
    x, y = _gather_bits(inside), _gather_bits(inside >> 1)
    return x + y, y


def _gather_bits(values: NDArray[np.integer[Any]]) -> Int:
    """Move bit 2 i of whole numbers to bit i; the others are left out."""
    gathered = values.astype(np.int64) & 0x5555555555555555
    for shift, mask in (
        (1, 0x3333333333333333), (2, 0x0F0F0F0F0F0F0F0F), (4, 0x00FF00FF00FF00FF),
        (8, 0x0000FFFF0000FFFF), (16, 0x00000000FFFFFFFF),
    ):  # fmt: skip
        gathered = (gathered | gathered >> shift) & mask
    return gathered


def _spread_bits(values: NDArray[np.integer[Any]]) -> Int:
    """Move bit i of whole numbers below 2^31 to bit 2 i."""
    spread = values.astype(np.int64)
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333), (1, 0x5555555555555555),
    ):  # fmt: skip
        spread = (spread | spread << shift) & mask
    return spread
