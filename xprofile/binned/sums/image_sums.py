"""Sums of one image over the pixels of bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..members.membership import Int, Membership
from .map_sums import spread_bins
from .pixel_values import Picked

__all__ = ["ImageSums"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ImageSums:
    """Sums over the pixels of bins that have a value.

    Parameters
    ----------
    bins : numpy.ndarray
        Numbers of the bins that these are, (nbin,).
    plain, weighted : numpy.ndarray
        Sums of the values, and of these times solid angle, (nplane, nbin).
    area : numpy.ndarray
        Solid angle, (nplane, nbin).
    """

    bins: Int
    plain: Float
    weighted: Float
    area: Float

    @classmethod
    def of(cls, picked: Picked, members: Membership, bins: Int) -> ImageSums:
        """Sum the pixels of bins, a plane at a time."""
        image, sums = picked["image"], []
        for planes in image.together():
            values = image[planes].astype(float)
            known = np.isfinite(values)
            values[~known] = 0
            plain, weighted = members.sum(values), members.integral(values)
            sums.append([plain, weighted, members.integral(known)])
        return cls(bins, *np.concatenate(sums, axis=1))

    def __add__(self, other: ImageSums) -> ImageSums:
        """Add up what two blocks have."""
        bins = np.union1d(self.bins, other.bins)
        one, two = self.among(bins), other.among(bins)
        return ImageSums(
            bins, one.plain + two.plain, one.weighted + two.weighted, one.area + two.area
        )

    def among(self, bins: Int) -> ImageSums:
        """Return the same for these bins and others, which have sums of 0."""
        values = (self.plain, self.weighted, self.area)
        return ImageSums(bins, *(spread_bins(v, self.bins, bins) for v in values))
