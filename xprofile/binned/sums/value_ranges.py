"""Ranges of the values in bins, and which of them are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exceptions import InvalidDataError

Float = NDArray[np.float64]

# rounding leaves backgrounds as low as this times the largest one; they count as zero
_NEGLIGIBLE = 1e-6

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Span:
    """Lowest and highest of a cube's used values at each energy, and how many are wrong."""

    lowest: Float
    highest: Float  # if any is below 0, and of the background
    wrong: int
    example: float

    @classmethod
    def of(cls, name: str, values: NDArray[Any], sums: Float) -> Span:
        """Look at the values (nplane, npair) of some planes, whose sums tell if all are finite."""
        lowest = values.min(-1, initial=0)
        if (lowest >= 0).all() and np.isfinite(sums).all():
            return cls(lowest, _highest(name, values), 0, np.nan)
        known = np.isfinite(values)
        ends = (reduce(-1, initial=0, where=known) for reduce in (values.min, values.max))
        low, high = (end.astype(float) for end in ends)
        bad = ~known | (values < _floor(name, high)[:, None])
        example = float(values[bad][0]) if bad.any() else np.nan
        return cls(low, high, int(np.count_nonzero(bad)), example)

    @classmethod
    def joined(cls, spans: Sequence[Span]) -> Span:
        """Join those of planes that follow each other along the energies."""
        low, high = (
            np.concatenate([getattr(span, end) for span in spans]) for end in ("lowest", "highest")
        )
        first = next((span.example for span in spans if span.wrong), np.nan)
        return cls(low, high, sum(span.wrong for span in spans), first)

    def __add__(self, other: Span) -> Span:
        """Look at what two blocks have."""
        example = self.example if self.wrong else other.example
        lowest = np.fmin(self.lowest, other.lowest)
        highest = np.fmax(self.highest, other.highest)
        return Span(lowest, highest, self.wrong + other.wrong, example)

    def check(self, name: str) -> None:
        """Refuse values that are negative for more than rounding, or not finite.

        Raises
        ------
        InvalidDataError
            If there are such.
        """
        low = self.lowest < _floor(name, self.highest)
        if self.wrong or low.any():
            example = self.example if self.wrong else self.lowest[low][0]
            raise InvalidDataError(
                f"{name} is negative or not finite in {max(self.wrong, 1)} used pixels inside "
                f"the bins, for example {example:.6g}; expected finite values >= 0. Mend the map, "
                "or set maps['mask'] to False there"
            )


def _highest(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Highest values (nplane,) of planes; 0 where `_floor` needs none."""
    return values.max(-1, initial=0) if name == "background" else np.zeros(len(values))


def _floor(name: str, highest: Float) -> Float:
    if name != "background":
        return np.zeros_like(highest)
    return np.asarray(-np.maximum(_NEGLIGIBLE * highest, _ROUNDING))
