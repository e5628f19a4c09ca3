"""The pixels of bins that emit photons, and how many each emits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid
from ..members.membership import Membership

__all__ = ["Emission"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Emission:
    """Pixels that emit photons, sorted by bin.

    Parameters
    ----------
    bin : numpy.ndarray of int
        Bin of each pixel, (npixel,).
    x, y : numpy.ndarray
        Pixel numbers (npixel,).
    emitted : numpy.ndarray
        Share of the photons of a bin that each pixel emits, (nenergy, npixel).
    """

    bin: Int
    x: Float
    y: Float
    emitted: Float

    @classmethod
    def from_members(cls, grid: PixelGrid, members: Membership, exposure: Float) -> Emission:
        """Let the pixels of bins emit by solid angle times exposure (nenergy, npair).

        A bin without exposure at an energy emits by solid angle.
        """
        bins = members.bin.astype(np.intp)
        weight = members.solid_angle * exposure
        for factor in (members.solid_angle, np.ones(bins.size)):
            total = _sums(bins, weight, members.nbin)[:, bins]
            weight = np.where(total > 0, weight, factor)
        emitted = weight / _sums(bins, weight, members.nbin)[:, bins]
        row, column = np.divmod(members.pixel, grid.x.size)
        return cls(bins, grid.x[column], grid.y[row], emitted)

    def take(self, pixels: Int | NDArray[np.bool_]) -> Emission:
        """Keep some pixels."""
        return Emission(self.bin[pixels], self.x[pixels], self.y[pixels], self.emitted[:, pixels])

    def at(self, energies: Int) -> Emission:
        """Keep some energies."""
        return Emission(self.bin, self.x, self.y, self.emitted[energies])

    def weighted(self, weight: Float) -> Emission:
        """Multiply what pixels emit by weights (npixel,)."""
        return Emission(self.bin, self.x, self.y, self.emitted * weight)

    def by_bin(self) -> Iterator[tuple[int, Emission]]:
        """Yield the number of each bin that has pixels, and its pixels."""
        order = np.argsort(self.bin, kind="stable")
        numbers, first = np.unique(self.bin[order], return_index=True)
        if not numbers.size:
            return
        for number, pixels in zip(numbers.tolist(), np.split(order, first[1:]), strict=True):
            yield number, self.take(pixels)


def _sums(bins: Int, weight: Float, nbin: int) -> Float:
    """Sums (nenergy, nbin) of weights (nenergy, npixel)."""
    return np.stack([np.bincount(bins, row, minlength=nbin) for row in weight])
