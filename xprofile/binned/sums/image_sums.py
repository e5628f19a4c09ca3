"""Sums of one image over the pixels of bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..members.membership import Int, Membership
from .pixel_values import PixelValues
from .reindexing import reindex_bins

__all__ = ["ImageSums"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ImageSums:
    """Sums over the pixels of bins that have a finite value.

    Parameters
    ----------
    bins : numpy.ndarray
        Numbers of the bins, ascending, (nbin,).
    plain, weighted : numpy.ndarray
        Sums of the values, and of the values times solid angle, (nplane, nbin).
    solid_angle : numpy.ndarray
        Sum of the solid angle of these pixels, (nplane, nbin).
    n_pixels : numpy.ndarray of int
        Number of pixels on the map, finite or not, (nbin,).
    """

    bins: Int
    plain: Float
    weighted: Float
    solid_angle: Float
    n_pixels: NDArray[np.int64]

    @classmethod
    def from_block(cls, pixel_values: PixelValues, members: Membership, bins: Int) -> ImageSums:
        """Sum the image over the pixels of bins in one block, a few planes at a time."""
        image = pixel_values["image"]
        everywhere = members.integral(np.ones((1, members.bin.size), bool))

        def add(planes: slice) -> list[Float]:
            values = image[planes].astype(float, copy=False)
            finite = np.isfinite(values)
            if finite.all():
                solid_angle = np.repeat(everywhere, len(values), axis=0)
            else:
                values = np.where(finite, values, 0.0)
                solid_angle = members.integral(finite)
            return [*members.sum_and_integral(values), solid_angle]

        sums = image.map_batches(add)
        plain, weighted, solid_angle = np.concatenate(sums, axis=1)
        return cls(bins, plain, weighted, solid_angle, members.number_of_pixels())

    def __add__(self, other: ImageSums) -> ImageSums:
        """Add the sums of two blocks."""
        bins = np.union1d(self.bins, other.bins)
        one, two = self.reindex(bins), other.reindex(bins)
        return ImageSums(
            bins,
            one.plain + two.plain,
            one.weighted + two.weighted,
            one.solid_angle + two.solid_angle,
            one.n_pixels + two.n_pixels,
        )

    def reindex(self, bins: Int) -> ImageSums:
        """Return the sums for `bins`, which include all of these; the others get 0."""
        plain, weighted, solid_angle, n_pixels = (
            reindex_bins(values, self.bins, bins)
            for values in (self.plain, self.weighted, self.solid_angle, self.n_pixels)
        )
        return ImageSums(bins, plain, weighted, solid_angle, n_pixels.astype(np.int64))
