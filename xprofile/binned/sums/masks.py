"""Masks of the pixels of bins, each distinct one stored once.

Exposure is averaged over used pixels. Most energies have the same mask, so it is summed once for
each distinct mask instead of once for each energy.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...schema.number_checks import is_used
from ..members.membership import Int, Membership
from .pixel_values import PixelValues, Planes
from .value_ranges import ValueRange

__all__ = ["UsedMasks", "zero_unused"]

Bool = NDArray[np.bool_]
Float = NDArray[np.float64]


class UsedMasks:
    """Distinct masks of the pixels of bins, and the one that each energy has.

    Attributes
    ----------
    masks : list of numpy.ndarray or None
        Whether each pair's pixel is in the safe range and has a background, (npair,); None for a
        mask that is True everywhere.
    mask_index : numpy.ndarray of int
        Index in `masks` for each energy, -1 for an energy without used pixels, (nenergy,).
    """

    masks: list[Bool | None]
    mask_index: Int

    def __init__(self, pixel_values: PixelValues, members: Membership) -> None:
        self._members = members
        self.masks = []
        known: dict[bytes, int] = {}
        indices: list[int] = []
        for energies in pixel_values["counts"].batches():
            planes = _used(pixel_values, energies)
            if not members.bin.size or planes is None:
                shape = (energies.stop - energies.start, 1)
                planes = np.full(shape, members.bin.size > 0)
            for used in planes:
                any_used, all_used = used.any(), used.all()
                key = b"" if all_used else np.packbits(used).tobytes()
                index = known.setdefault(key, len(self.masks)) if any_used else -1
                if index == len(self.masks):
                    self.masks.append(None if all_used else used)
                indices.append(index)
        self.mask_index = np.array(indices, np.intp)

    def used(self, energies: slice) -> Bool | None:
        """Whether each pair's pixel is used at some energies, (nenergy, npair); None if all are."""
        indices = self.mask_index[energies].tolist()
        masks = [self.masks[index] if index >= 0 else self._nothing for index in indices]
        if all(used is None for used in masks):
            return None
        return np.stack([~self._nothing if used is None else used for used in masks])

    @cached_property
    def _nothing(self) -> Bool:
        return np.zeros(self._members.bin.size, bool)

    def solid_angle(self) -> Float:
        """Solid angle of the used pixels in sr, (nenergy, nbin)."""
        sums = [self._members.area(used) for used in self.masks]
        return np.stack([*sums, np.zeros(self._members.nbin)])[self.mask_index]

    def exposure(self, exposure: Planes, members: Membership) -> tuple[Float, ValueRange]:
        """Sum exposure times solid angle with each mask, (nmask, ntrue, nbin), and find its range.

        The range is that of the pixels that at least one mask uses. `members` are the same pairs,
        of the same bins or of parts of them.
        """
        partial = [used for used in self.masks if used is not None]
        any_is_whole = len(partial) < len(self.masks)
        any_used = None if any_is_whole else np.logical_or.reduce([self._nothing, *partial])
        sums = np.zeros((len(self.masks), len(exposure), members.nbin))

        def integrate(energies: slice) -> ValueRange:
            values = zero_unused(exposure[energies], any_used)
            for index, used in enumerate(self.masks):
                sums[index, energies] = members.integral(zero_unused(values, used))
            return ValueRange.from_values("exposure", values, sums[:, energies])

        return sums, ValueRange.concatenate(exposure.map_batches(integrate))


def zero_unused(values: NDArray[Any], used: Bool | None) -> NDArray[Any]:
    """Replace values that are not used by 0, also NaN and infinite ones; None uses all."""
    if used is None:
        return values
    with np.errstate(invalid="ignore"):
        product = values * used  # faster than np.where, but NaN where an unused value is not finite
    if product.dtype.kind == "f" and not np.isfinite(product.sum()):
        return np.where(used, values, 0)
    return product


def _used(pixel_values: PixelValues, energies: slice) -> Bool | None:
    """Whether each pair's pixel is used at some energies, (nenergy, npair); None if all are."""
    used = None
    if "mask" in pixel_values:
        used = np.asarray(is_used(pixel_values["mask"][energies]))
    if "acceptance_off" not in pixel_values:
        return used
    has_background = np.asarray(pixel_values["acceptance_off"][energies].astype(float) > 0)
    return has_background if used is None else used & has_background
