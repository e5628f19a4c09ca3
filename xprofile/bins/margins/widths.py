"""Widths of the bins of a margin, and the edges of those without a place along the profile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ROUNDING", "margin_widths", "numbered_on"]

Float = NDArray[np.float64]

# Factor by which each bin of a margin is wider than the one before, outwards: signal from further
# out matters less. At 1, wide margins of narrow bins would have hundreds of bins; at ten times as
# much, the second bin would be too wide to follow a gradient.
_GROWTH = 1.5

# Part of a width that is rounding, so that a margin of two widths has two bins.
ROUNDING = 1e-6


def margin_widths(margin: float, first: float) -> Float:
    """Widths of the bins of a margin, outwards from one that is at most as wide as `first`."""
    widths = [first]
    while sum(widths) < margin * (1 - ROUNDING):
        widths.append(widths[-1] * _GROWTH)
    return np.array(widths) * margin / sum(widths)


def numbered_on(lower: Float, upper: Float, known: int) -> tuple[Float, Float]:
    """Edges of bins, from `known` on after the last one, each as wide as it was."""
    lower, upper = lower.copy(), upper.copy()
    widths = np.cumsum(upper[known:] - lower[known:])
    end = upper[:known].max()
    lower[known:] = end + np.concatenate([[0], widths])[:-1]
    upper[known:] = end + widths
    return lower, upper
