"""Sums of maps over the used pixels of bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...schema.variables import BINNED, MAPS, names_of_kind
from ..members.membership import Int, Membership
from .masks import UsedMasks, zero_unused
from .pixel_values import PixelValues
from .position_sums import PositionSums
from .reindexing import append_zeros, reindex_bins
from .value_ranges import ValueRange

__all__ = ["RESPONSE_POSITION", "MapSums"]

Float = NDArray[np.float64]

# plane of the nearest position of the response to each pixel
RESPONSE_POSITION = "response_position"

# cubes that are summed over the pixels of a bin
_SUMMED = tuple(name for name in names_of_kind(BINNED, "sum", "matched") if name in MAPS)


@dataclass(frozen=True, eq=False)
class MapSums:
    """Sums over the used pixels of bins.

    Parameters
    ----------
    bins : numpy.ndarray
        Numbers of the bins, ascending, (nbin,).
    sums : dict of numpy.ndarray
        Sums of counts, background and the like, (nenergy, nbin).
    off_background : numpy.ndarray or None
        Sum of the background that off counts give each pixel, (nenergy, nbin); None without.
    used_solid_angle : numpy.ndarray
        Solid angle of the used pixels in sr, (nenergy, nbin).
    mask_index : numpy.ndarray of int
        Index of each energy's mask along the first axis of `exposure`, -1 for an energy without
        used pixels, (nenergy,).
    exposure : numpy.ndarray
        Sum of exposure times solid angle with each distinct mask, (nmask, ntrue, nbin).
    solid_angle : numpy.ndarray
        Solid angle of all pixels on the map in sr, used or not, (nbin,).
    n_pixels : numpy.ndarray of int
        Number of these pixels, (nbin,).
    by_position : PositionSums or None
        The exposure by the nearest position of the response; None for a single response.
    ranges : dict of ValueRange
        Ranges of the values that were summed.
    """

    bins: Int
    sums: dict[str, Float]
    off_background: Float | None
    used_solid_angle: Float
    mask_index: Int
    exposure: Float
    solid_angle: Float
    n_pixels: NDArray[np.int64]
    by_position: PositionSums | None
    ranges: dict[str, ValueRange]

    @classmethod
    def from_block(
        cls,
        pixel_values: PixelValues,
        members: Membership,
        bins: Int,
        masks: UsedMasks | None = None,
    ) -> MapSums:
        """Sum maps over the used pixels of bins in one block, a few energies at a time."""
        masks = UsedMasks(pixel_values, members) if masks is None else masks
        names = [name for name in _SUMMED if name in pixel_values]
        n_pixels = members.number_of_pixels()
        summed = pixel_values["counts"].map_batches(
            partial(_sum_energies, pixel_values, members, masks, names)
        )
        totals, ranges, off = zip(*summed, strict=True)
        by_position = None
        if RESPONSE_POSITION in pixel_values:
            planes = pixel_values["exposure"], pixel_values[RESPONSE_POSITION]
            by_position, exposure_range = PositionSums.from_block(masks, *planes, members, bins)
            exposure = by_position.total(bins)
        else:
            exposure, exposure_range = masks.exposure(pixel_values["exposure"], members)
        return cls(
            bins,
            {name: np.concatenate([part[name] for part in totals]) for name in names},
            np.concatenate(off) if "counts_off" in names else None,
            masks.solid_angle(),
            masks.mask_index,
            exposure,
            members.area(),
            n_pixels,
            by_position,
            {name: ValueRange.concatenate([part[name] for part in ranges]) for name in names}
            | {"exposure": exposure_range},
        )

    def __add__(self, other: MapSums) -> MapSums:
        """Add the sums of two blocks."""
        bins = np.union1d(self.bins, other.bins)
        one, two = self.reindex(bins), other.reindex(bins)
        pairs = np.stack([self.mask_index, other.mask_index])
        distinct, inverse = np.unique(pairs, axis=1, return_inverse=True)
        any_used = (distinct >= 0).any(axis=0)  # False for energies without used pixels in either
        mask_index = np.where(any_used, np.cumsum(any_used) - 1, -1)[inverse.reshape(-1)]
        first, second = distinct[:, any_used]
        return MapSums(
            bins,
            {name: values + two.sums[name] for name, values in one.sums.items()},
            None
            if one.off_background is None or two.off_background is None
            else one.off_background + two.off_background,
            one.used_solid_angle + two.used_solid_angle,
            mask_index,
            append_zeros(one.exposure)[first] + append_zeros(two.exposure)[second],
            one.solid_angle + two.solid_angle,
            one.n_pixels + two.n_pixels,
            None
            if one.by_position is None or two.by_position is None
            else one.by_position.merge(two.by_position, first, second),
            {name: one_range + other.ranges[name] for name, one_range in self.ranges.items()},
        )

    def reindex(self, bins: Int) -> MapSums:
        """Return the sums for `bins`, which include all of these; the others get 0."""

        def reindexed(values: Float) -> Float:
            return reindex_bins(values, self.bins, bins)

        return MapSums(
            bins,
            {name: reindexed(values) for name, values in self.sums.items()},
            None if self.off_background is None else reindexed(self.off_background),
            reindexed(self.used_solid_angle),
            self.mask_index,
            reindexed(self.exposure),
            reindexed(self.solid_angle),
            reindex_bins(self.n_pixels, self.bins, bins).astype(np.int64),
            self.by_position,
            self.ranges,
        )


def _sum_energies(
    pixel_values: PixelValues,
    members: Membership,
    masks: UsedMasks,
    names: Sequence[str],
    energies: slice,
) -> tuple[dict[str, Float], dict[str, ValueRange], Float | None]:
    """Sums, ranges of the values, and sum of the background of off counts, at some energies."""
    used, batch, totals, ranges = masks.used(energies), {}, {}, {}
    for name in names:
        values = zero_unused(pixel_values[name][energies], used)
        totals[name] = members.sum(values)
        ranges[name] = ValueRange.from_values(name, values, totals[name])
        if (ranges[name].lowest < 0).any():
            values = np.maximum(values, 0)
            totals[name] = members.sum(values)
        batch[name] = values
    off = members.sum(_off_background(batch)) if "counts_off" in batch else None
    return totals, ranges, off


def _off_background(values: dict[str, NDArray[Any]]) -> Float:
    """Background that the off counts give each pixel, 0 without off acceptance."""
    on, off = (values[name].astype(float) for name in ("acceptance", "acceptance_off"))
    ratio = np.divide(on, off, out=np.zeros_like(on), where=off > 0)
    return np.asarray(ratio * values["counts_off"])
