"""Exposure of bins by the nearest position of a grid of responses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..members.membership import Int, Membership
from .masks import UsedMasks
from .pixel_values import Planes
from .reindexing import append_zeros, reindex_bins
from .value_ranges import ValueRange

__all__ = ["PositionSums"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PositionSums:
    """Sums of exposure times solid angle over the used pixels of bins nearest to each position.

    Parameters
    ----------
    bins, positions : numpy.ndarray of int
        Number of the bin, and flat index of the position, of each sum, in ascending order of bin
        and position, (nsum,).
    exposure : numpy.ndarray
        The sums with each distinct mask, (nmask, ntrue, nsum).
    """

    bins: Int
    positions: Int
    exposure: Float

    @classmethod
    def from_block(
        cls, masks: UsedMasks, exposure: Planes, positions: Planes, members: Membership, bins: Int
    ) -> tuple[PositionSums, ValueRange]:
        """Sum over the pixels of one block; return the range of the exposures, too."""
        position = positions[slice(0, 1)][0].astype(np.int64)
        keys = np.stack([members.bin.astype(np.int64), position])
        distinct, part = np.unique(keys, axis=1, return_inverse=True)
        parts = Membership(
            part.reshape(-1), members.pixel, members.solid_angle, np.zeros(distinct.shape[1])
        )
        sums, value_range = masks.exposure(exposure, parts)
        return cls(bins[distinct[0]], distinct[1], sums), value_range

    def total(self, bins: Int) -> Float:
        """Sums over all positions, (nmask, ntrue, nbin); `bins` include all of these."""
        if not self.bins.size:
            return np.zeros((*self.exposure.shape[:-1], bins.size))
        first = np.flatnonzero(np.diff(self.bins, prepend=-1))
        return reindex_bins(np.add.reduceat(self.exposure, first, axis=-1), self.bins[first], bins)

    def merge(self, other: PositionSums, one_mask: Int, other_mask: Int) -> PositionSums:
        """Add the sums of two blocks, with the index of the mask of each in every new mask."""
        size = 1 + max(p.max(initial=0) for p in (self.positions, other.positions))
        one, two = (sums.bins * size + sums.positions for sums in (self, other))
        keys = np.union1d(one, two)
        exposure = (
            reindex_bins(append_zeros(sums.exposure), old, keys)[mask]
            for sums, old, mask in ((self, one, one_mask), (other, two, other_mask))
        )
        return PositionSums(*np.divmod(keys, size), np.add(*exposure))
