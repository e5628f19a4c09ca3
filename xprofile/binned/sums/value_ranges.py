"""Ranges of the values in bins, and the check that refuses negative and non-finite values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exceptions import InvalidDataError
from ...schema.number_checks import ROUNDED_MAPS, lowest_valid

__all__ = ["ValueRange"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class ValueRange:
    """Range of a cube's used values at each energy, and number of invalid ones.

    Parameters
    ----------
    lowest, highest : numpy.ndarray
        Lowest value (at most 0) and highest value (at least 0) at each energy, (nenergy,). Where
        `highest` is not needed, as no value is negative, it is 0 except for `ROUNDED_MAPS`.
    n_not_finite : int
        Number of values that are not finite.
    n_negative : int
        Number of values that are too negative within their block of the map.
    example : float
        One of the values that are not finite, NaN if all are.
    """

    lowest: Float
    highest: Float
    n_not_finite: int
    n_negative: int
    example: float

    @classmethod
    def from_values(cls, name: str, values: NDArray[Any], sums: Float) -> ValueRange:
        """Find the range of the values (nplane, npair) of some planes.

        Their `sums` tell at once whether all values are finite.
        """
        lowest = values.min(-1, initial=0)
        if (lowest >= 0).all() and np.isfinite(sums).all():
            return cls(lowest, _highest(name, values), 0, 0, np.nan)
        finite = np.isfinite(values)
        ends = (reduce(-1, initial=0, where=finite) for reduce in (values.min, values.max))
        low, high = (end.astype(float) for end in ends)
        negative = finite & (values < lowest_valid(name, high)[:, None])
        example = np.nan if finite.all() else float(values[~finite][0])
        n_not_finite, n_negative = (int(np.count_nonzero(bad)) for bad in (~finite, negative))
        return cls(low, high, n_not_finite, n_negative, example)

    @classmethod
    def concatenate(cls, ranges: Sequence[ValueRange]) -> ValueRange:
        """Concatenate the ranges of consecutive planes."""
        low, high = (
            np.concatenate([getattr(part, end) for part in ranges]) for end in ("lowest", "highest")
        )
        example = next((part.example for part in ranges if part.n_not_finite), np.nan)
        not_finite, negative = (
            sum(getattr(part, name) for part in ranges) for name in ("n_not_finite", "n_negative")
        )
        return cls(low, high, not_finite, negative, example)

    def __add__(self, other: ValueRange) -> ValueRange:
        """Combine the ranges of two blocks of a map."""
        return ValueRange(
            np.fmin(self.lowest, other.lowest),
            np.fmax(self.highest, other.highest),
            self.n_not_finite + other.n_not_finite,
            self.n_negative + other.n_negative,
            self.example if self.n_not_finite else other.example,
        )

    def check(self, name: str, highest_of_map: Callable[[], Float]) -> None:
        """Raise unless all values are finite and 0 or above, up to rounding.

        Parameters
        ----------
        name : str
            Name of the cube.
        highest_of_map : callable
            Gives the highest used value at each energy of the whole map, (nenergy,). It is only
            called where the bins alone do not tell rounding from negative values.

        Raises
        ------
        InvalidDataError
            If a value is not.
        """
        low = self.lowest < lowest_valid(name, self.highest)
        if low.any():
            low = self.lowest < lowest_valid(name, highest_of_map())
        if self.n_not_finite or low.any():
            example = self.example if self.n_not_finite else self.lowest[low][0]
            number = self.n_not_finite + (self.n_negative if low.any() else 0)
            raise InvalidDataError(
                f"{name} is negative or not finite in {max(number, 1)} used pixels inside "
                f"the bins, for example {example:.6g}; expected finite values >= 0. Correct the "
                "map, or set maps['mask'] to False in these pixels"
            )


def _highest(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Highest values of planes, (nplane,); 0 where `lowest_valid` does not use them."""
    return values.max(-1, initial=0) if name in ROUNDED_MAPS else np.zeros(len(values))
