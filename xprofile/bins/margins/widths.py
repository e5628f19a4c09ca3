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

# Part of a width that is rounding. A thousand times more or less changes nothing but widths that
# are as near to each other.
ROUNDING = 1e-6


def margin_widths(margin: float, first: float) -> Float:
    """Widths of the bins of a margin, outwards from one about as wide as `first`.

    Its width is from about 0.6 to 1.6 of `first`, if the margin is not narrower. Bins much narrower
    than the others would be too fine for the PSF where these are not.
    """
    number, least = 1, first**2 * (1 + ROUNDING)
    while _first_width(margin, number) * _first_width(margin, number + 1) > least:
        number += 1
    widths = _GROWTH ** np.arange(number)
    return np.asarray(margin * widths / widths.sum())


def _first_width(margin: float, number: int) -> float:
    """Width of the first of some bins."""
    return float(margin / (_GROWTH ** np.arange(number)).sum())


def numbered_on(lower: Float, upper: Float, known: int) -> tuple[Float, Float]:
    """Edges of bins, from `known` on after the last one, each as wide as it was."""
    lower, upper = lower.copy(), upper.copy()
    widths = np.cumsum(upper[known:] - lower[known:])
    end = upper[:known].max()
    lower[known:] = end + np.concatenate([[0], widths])[:-1]
    upper[known:] = end + widths
    return lower, upper
