"""Pixels of bins with their exposures and masks, for how the PSF spreads the photons of bins."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exceptions import TooLargeError
from ..members.membership import Int, Membership
from .map_sums import RESPONSE_POSITION, MapSums
from .masks import UsedMasks
from .pixel_values import PixelValues
from .position_sums import PositionSums

__all__ = ["PIXEL_NUMBER", "PSF_POSITION", "PixelPairs", "SumsAndPairs"]

Bool = NDArray[np.bool_]
Float = NDArray[np.float64]

# planes of the flat index of each pixel in the whole map, and of the nearest position of the PSF
PIXEL_NUMBER, PSF_POSITION = "pixel_number", "psf_position"

# Most exposures of pixels that are held in memory: 4 GB. Ten times more would fill the memory of a
# large computer; ten times fewer would refuse maps of 4000 x 2000 pixels with 20 energies.
_MOST_EXPOSURES = 500_000_000


@dataclass(frozen=True, eq=False)
class PixelPairs:
    """Pairs of a bin and a pixel in it, used or not, with the values that spread its photons.

    Parameters
    ----------
    bin, pixel : numpy.ndarray of int
        Number of the bin, and flat index of the pixel in the whole map, (npair,).
    solid_angle : numpy.ndarray
        Solid angle of the pixel, or of its share in the bin, in sr, (npair,).
    share : numpy.ndarray or None
        Share of the pixel in the bin, (npair,); None if all pixels count fully.
    exposure : numpy.ndarray
        Exposure of the pixel, (ntrue, npair); unknown or negative ones are 0.
    used : numpy.ndarray of bool
        Whether each distinct mask uses the pixel, (nmask, npair).
    mask_index : numpy.ndarray of int
        Index of each energy's mask in `used`, -1 for an energy without used pixels, (nenergy,).
    position : numpy.ndarray of int or None
        Flat index of the position of the PSF that is nearest to the pixel, (npair,).
    edisp_position : numpy.ndarray of int or None
        The same of the energy dispersion.
    """

    bin: Int
    pixel: Int
    solid_angle: Float
    share: Float | None
    exposure: Float
    used: Bool
    mask_index: Int
    position: NDArray[np.intp] | None
    edisp_position: NDArray[np.intp] | None

    @classmethod
    def from_block(cls, pixel_values: PixelValues, members: Membership, bins: Int) -> PixelPairs:
        """Read the values of the pixels of bins in one block."""
        masks = UsedMasks(pixel_values, members)
        size = members.bin.size
        used = [np.ones(size, bool) if mask is None else mask for mask in masks.masks]
        planes = pixel_values["exposure"]
        _check_size(len(planes) * size)
        exposure = np.empty((len(planes), size))
        for energies in planes.batches():
            exposure[energies] = planes[energies]
        exposure[~(np.isfinite(exposure) & (exposure > 0))] = 0
        pixel, position, edisp_position = (
            pixel_values[name][slice(0, 1)][0].astype(np.intp) if name in pixel_values else None
            for name in (PIXEL_NUMBER, PSF_POSITION, RESPONSE_POSITION)
        )
        return cls(
            bins[members.bin],
            members.pixel.astype(np.intp) if pixel is None else pixel,
            members.solid_angle,
            members.share,
            exposure,
            np.array(used, bool).reshape(len(used), size),
            masks.mask_index,
            position,
            edisp_position,
        )

    def __add__(self, other: PixelPairs) -> PixelPairs:
        """Join the pairs of two blocks."""
        pairs = np.stack([self.mask_index, other.mask_index])
        distinct, inverse = np.unique(pairs, axis=1, return_inverse=True)
        any_used = (distinct >= 0).any(axis=0)
        mask_index = np.where(any_used, np.cumsum(any_used) - 1, -1)[inverse.reshape(-1)]
        first, second = distinct[:, any_used]
        _check_size(len(self.exposure) * (self.bin.size + other.bin.size))
        return PixelPairs(
            np.concatenate([self.bin, other.bin]),
            np.concatenate([self.pixel, other.pixel]),
            np.concatenate([self.solid_angle, other.solid_angle]),
            _join(self.share, other.share),
            np.concatenate([self.exposure, other.exposure], axis=1),
            np.concatenate(
                [_with_nothing(self.used)[first], _with_nothing(other.used)[second]], axis=1
            ),
            mask_index,
            _join(self.position, other.position),
            _join(self.edisp_position, other.edisp_position),
        )

    def in_order(self) -> PixelPairs:
        """Sort the pairs by bin and pixel, so that blocks do not change the result."""
        order = np.lexsort([self.pixel, self.bin])

        def ordered(values: NDArray[Any] | None) -> Any:
            return None if values is None else values[..., order]

        values = {part.name: getattr(self, part.name) for part in fields(self)}
        index = values.pop("mask_index")
        return PixelPairs(**{k: ordered(v) for k, v in values.items()}, mask_index=index)

    def by_edisp_position(self) -> PositionSums | None:
        """Sums of exposure times solid angle of all pixels, used or not; None without positions."""
        if self.edisp_position is None:
            return None
        keys = np.stack([self.bin.astype(np.intp), self.edisp_position])
        distinct, part = np.unique(keys, axis=1, return_inverse=True)
        weights = self.exposure * self.solid_angle
        sums = [np.bincount(part.reshape(-1), row, distinct.shape[1]) for row in weights]
        return PositionSums(distinct[0], distinct[1], np.asarray(sums, dtype=np.float64)[None])

    def members(self, outside: Float) -> Membership:
        """Return the membership of these pairs, for bins with a solid angle beyond the map."""
        return Membership(self.bin, self.pixel, self.solid_angle, outside, self.share)


@dataclass(frozen=True, eq=False)
class SumsAndPairs:
    """Sums of maps over bins, and the pixels of the bins, of the same blocks."""

    sums: MapSums
    pairs: PixelPairs

    @classmethod
    def from_block(cls, pixel_values: PixelValues, members: Membership, bins: Int) -> SumsAndPairs:
        """Read one block."""
        sums = MapSums.from_block(pixel_values, members, bins)
        return cls(sums, PixelPairs.from_block(pixel_values, members, bins))

    def __add__(self, other: SumsAndPairs) -> SumsAndPairs:
        """Join two blocks."""
        return SumsAndPairs(self.sums + other.sums, self.pairs + other.pairs)


def _join(one: NDArray[Any] | None, two: NDArray[Any] | None) -> NDArray[Any] | None:
    return None if one is None or two is None else np.concatenate([one, two])


def _with_nothing(used: Bool) -> Bool:
    """Append a mask that uses nothing, which the index -1 selects."""
    return np.concatenate([used, np.zeros((1, used.shape[1]), bool)])


def _check_size(number: int) -> None:
    """Raise if exposures of pixels would not fit into memory."""
    if number > _MOST_EXPOSURES:
        raise TooLargeError(
            f"psf=True needs the exposures of all pixels of the bins at all true energies, here "
            f"{number:.3g} numbers ({number * 8 / 1e9:.3g} GB), more than {_MOST_EXPOSURES:.0e}; "
            "take fewer or smaller bins, or join pixels with maps.profile.coarsen"
        )
