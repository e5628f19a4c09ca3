"""The pixels of bins that emit photons, and how many each emits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from ...maps.grid import AnyGrid
from ..members.membership import Membership
from ..sums.sparse import sort_numbers, sum_by_number
from .healpix.plane import numbers_on_plane
from .receivers import boxes

__all__ = ["Emission", "Light"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Emission:
    """Pixels that emit photons of bins.

    Parameters
    ----------
    bin : numpy.ndarray of int
        Bin of each pixel, (npixel,).
    x, y : numpy.ndarray
        Pixel numbers (npixel,); of HEALPix, those on the plane of the cells.
    emitted : numpy.ndarray
        Share of the photons of a bin that each pixel emits, (nenergy, npixel).
    nbin : int
        Number of bins.
    """

    bin: Int
    x: Float
    y: Float
    emitted: Float
    nbin: int

    @classmethod
    def from_members(cls, grid: AnyGrid, members: Membership, exposure: Float) -> Emission:
        """Let the pixels of bins emit by solid angle times exposure (nenergy, npair).

        A bin without exposure at an energy emits by solid angle.
        """
        bins = members.bin.astype(np.intp)
        weight = members.solid_angle * exposure
        total = sum_by_number(bins, weight, members.nbin)
        for factor in (members.solid_angle, np.ones(bins.size)):
            none = ~(total > 0)[:, bins]
            if none.any():
                weight = np.where(none, factor, weight)
                total = sum_by_number(bins, weight, members.nbin)
        emitted = weight / total[:, bins]
        x, y = numbers_on_plane(grid, members.pixel.astype(np.intp))
        return cls(bins, x, y, emitted, members.nbin)

    def take(self, pixels: Int | NDArray[np.bool_], weight: Float | float = 1.0) -> Emission:
        """Keep some pixels, and multiply what they emit by weights."""
        emitted = self.emitted[:, pixels] * weight
        return Emission(self.bin[pixels], self.x[pixels], self.y[pixels], emitted, self.nbin)

    def at(self, energies: Int) -> Emission:
        """Keep some energies, in order."""
        if energies.size == len(self.emitted):
            return self
        return Emission(self.bin, self.x, self.y, self.emitted[energies], self.nbin)

    def join(self, other: Emission) -> Emission:
        """Add the pixels of other bins, whose numbers are then behind."""
        return Emission(
            np.concatenate([self.bin, other.bin + self.nbin]),
            np.concatenate([self.x, other.x]),
            np.concatenate([self.y, other.y]),
            np.concatenate([self.emitted, other.emitted], axis=1),
            self.nbin + other.nbin,
        )

    def by_bin(self) -> Iterator[tuple[int, Emission]]:
        """Yield the number of each bin that has pixels, and its pixels."""
        order, start = sort_numbers(self.bin, self.nbin)
        for number in np.flatnonzero(np.diff(start)).tolist():
            yield number, self.take(order[start[number] : start[number + 1]])

    def boxes(self) -> Float:
        """First and last column, first and last row of each bin that has pixels, (4, n)."""
        order, start = sort_numbers(self.bin, self.nbin)
        return boxes(self.x[order], self.y[order], start[:-1][np.diff(start) > 0])

    def by_pixel(self) -> tuple[Float, Float, csc_array]:
        """Return the numbers x and y of distinct pixels, and what they emit to each bin.

        The matrix (nbin, npixel) has the index of each entry in `emitted`.
        """
        x, y = (numbers.astype(np.intp) for numbers in (self.x, self.y))
        x0, y0, width = x.min(), y.min(), int(np.ptp(x)) + 1
        place = (y - y0) * width + (x - x0)
        occupied = np.bincount(place) > 0
        index = (np.cumsum(occupied) - 1)[place]
        row, column = np.divmod(np.flatnonzero(occupied), width)
        order, start = sort_numbers(index, row.size)
        entries = csc_array((order, self.bin[order], start), shape=(self.nbin, row.size))
        return (column + x0).astype(float), (row + y0).astype(float), entries


@dataclass(frozen=True, eq=False)
class Light:
    """Light of sources that are not bins.

    Parameters
    ----------
    emission : Emission
        Pixels of the sources.
    pair : numpy.ndarray of int
        Number of a pair of bin and pixel, which is the same pixel or near, for each of these
        pixels, (npixel,). They have its point spread function.
    """

    emission: Emission
    pair: Int

    @property
    def number(self) -> int:
        """Number of sources."""
        return self.emission.nbin
