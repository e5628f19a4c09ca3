"""Directions that fill regions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .leaves import RECTANGLE, Leaves

__all__ = ["sample_leaves", "sample_pitch"]

Float = NDArray[np.float64]

# Directions of a sample. With ten times more, small lists would take 10 ms longer; with ten times
# fewer, tiles of pixels that are far from a list of many regions would be searched.
_POINTS = 512


def sample_pitch(leaves: Leaves) -> float:
    """Distance in rad between neighbours for which a sample has about 500 directions."""
    half = _half(leaves)
    return float(np.sqrt(4 * np.sum(half[:, 0] * half[:, 1]) / _POINTS + half.max() ** 2 / 1e5))


def sample_leaves(leaves: Leaves, pitch: float) -> Float:
    """Unit vectors (3, n) that fill regions, neighbours at most `pitch` in rad apart."""
    half = _half(leaves)
    count = np.ceil(2 * half / pitch).astype(int) + 1
    size = count[:, 0] * count[:, 1]
    leaf = np.repeat(np.arange(size.size), size)
    offset = np.arange(leaf.size) - np.repeat(np.cumsum(size) - size, size)
    u, v = np.divmod(offset, count[leaf, 1])
    steps = np.maximum(count - 1, 1)
    along = (2 * u / steps[leaf, 0] - 1) * half[leaf, 0]
    across = (2 * v / steps[leaf, 1] - 1) * half[leaf, 1]
    box = leaves.kind[leaf] == RECTANGLE
    beyond = np.maximum(np.abs([along, across]) - pitch, 0) / half[leaf].T
    kept = np.flatnonzero(box | (np.hypot(*beyond) <= 1))
    leaf, along, across, box = leaf[kept], along[kept], across[kept], box[kept]
    # longitude and latitude of rectangles; of others, distance and angle from the centre
    distance, angle = np.hypot(along, across), np.arctan2(across, along)
    distance = np.minimum(distance, np.pi)
    a = np.where(box, np.cos(across) * np.cos(along), np.cos(distance))
    b = np.where(box, np.cos(across) * np.sin(along), np.sin(distance) * np.cos(angle))
    c = np.where(box, np.sin(across), np.sin(distance) * np.sin(angle))
    return np.asarray(np.einsum("ni,nij->jn", np.stack([a, b, c], axis=1), leaves.basis[leaf]))


def _half(leaves: Leaves) -> Float:
    """Half the width and height of a box that holds each region, (n, 2)."""
    box = (leaves.kind == RECTANGLE)[:, None]
    return np.minimum(leaves.outer, np.where(box, [np.pi, np.pi / 2], np.pi))
