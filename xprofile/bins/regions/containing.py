"""Which directions are in circles, ellipses and rectangles, in their local axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["half_open", "in_rectangle", "scaled_distance", "separation"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


def separation(local: Float) -> Float:
    """Distance in rad, (p, m), of directions (p, 3, m) from the centre."""
    a, b, c = local[:, 0], local[:, 1], local[:, 2]
    return np.asarray(np.arctan2(np.hypot(b, c), a))


def scaled_distance(local: Float, half: Float) -> Float:
    """Half the width in rad of the concentric ellipse through each direction, (p, m).

    Parameters
    ----------
    local : numpy.ndarray
        Directions in the local axes, (p, 3, m).
    half : numpy.ndarray
        Half the width and height of an ellipse of this shape, (p, 2).
    """
    b, c = local[:, 1], local[:, 2]
    across = np.hypot(b, c)
    scale = np.hypot(b, c * (half[:, 0] / half[:, 1])[:, None])
    ratio = np.divide(scale, across, out=np.ones_like(across), where=across > 0)
    return np.asarray(np.arctan2(across, local[:, 0]) * ratio)


def half_open(values: Float, lower: Float, upper: Float) -> Bool:
    """Whether values (p, m) are in intervals with ends (p,)."""
    return np.asarray((values >= lower[:, None]) & (values < upper[:, None]))


def in_rectangle(local: Float, half: Float, tolerance: Float) -> Bool:
    """Whether directions (p, 3, m) are in rectangles, with the lower sides and without the upper.

    Parameters
    ----------
    local : numpy.ndarray
        Directions in the local axes, (p, 3, m).
    half : numpy.ndarray
        Half the width and height in rad, (p, 2).
    tolerance : numpy.ndarray
        Distance in rad within which a direction is on a side, along both axes, (p, 2).
    """
    lower, upper = -half - tolerance, half - tolerance
    lower[half >= np.pi * np.array([1, 0.5])] = -np.inf  # the whole range, ends included
    upper[half >= np.pi * np.array([1, 0.5])] = np.inf
    heights = np.sin(np.clip([lower[:, 1], upper[:, 1]], -np.pi / 2, np.pi / 2))
    heights = np.where(np.isinf([lower[:, 1], upper[:, 1]]), [lower[:, 1], upper[:, 1]], heights)
    inside = half_open(local[:, 2], *heights)
    inside &= half_open(np.arctan2(local[:, 1], local[:, 0]), lower[:, 0], upper[:, 0])
    return inside
