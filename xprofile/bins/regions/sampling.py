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
    if box.all():
        local = _in_rectangles(along, across)
    else:
        beyond = np.maximum(np.abs([along, across]) - pitch, 0) / half[leaf].T
        kept = np.flatnonzero(box | (np.hypot(*beyond) <= 1))
        leaf, along, across, box = leaf[kept], along[kept], across[kept], box[kept]
        local = np.where(box, _in_rectangles(along, across), _in_ellipses(along, across))
    return np.asarray(np.einsum("in,nij->jn", local, leaves.basis[leaf]))


def _in_rectangles(lon: Float, lat: Float) -> Float:
    """Local directions (3, n) of longitudes and latitudes in rad."""
    cos = np.cos(lat)
    return np.stack([cos * np.cos(lon), cos * np.sin(lon), np.sin(lat)])


def _in_ellipses(along: Float, across: Float) -> Float:
    """Local directions (3, n) at distances in rad from the centre, in the plane of the sky."""
    distance, angle = np.hypot(along, across), np.arctan2(across, along)
    distance = np.minimum(distance, np.pi)
    sin = np.sin(distance)
    return np.stack([np.cos(distance), sin * np.cos(angle), sin * np.sin(angle)])


def _half(leaves: Leaves) -> Float:
    """Half the width and height of a box that holds each region, (n, 2)."""
    box = (leaves.kind == RECTANGLE)[:, None]
    return np.minimum(leaves.outer, np.where(box, [np.pi, np.pi / 2], np.pi))
