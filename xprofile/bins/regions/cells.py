"""Cells of 8 x 8 directions, to leave out most directions that are far from a region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

_SIDE = 8  # affects speed alone

# Radians added to the radius of a cell: above the rounding of distances between unit vectors
# (3e-8). If it were smaller, directions at the border of a region could be missed; ten times
# larger, it would still be far below a pixel.
_ROUNDING = 1e-7


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of neighbouring directions of a block.

    Parameters
    ----------
    vectors : numpy.ndarray
        Unit vectors of the directions in each cell, (ncell, 3, 64), NaN off the sky and for those
        beyond the block.
    index : numpy.ndarray of int
        Flat indices of these directions in the block, (ncell, 64).
    center : numpy.ndarray
        Mean direction of each cell, (ncell, 3).
    radius : numpy.ndarray
        Distance in rad of the farthest direction from it, (ncell,).
    """

    vectors: Float
    index: Int
    center: Float
    radius: Float

    @classmethod
    def from_block(cls, vectors: Float) -> Cells:
        """Divide a block of unit vectors (3, ny, nx)."""
        _, ny, nx = vectors.shape
        rows, columns = -(-ny // _SIDE), -(-nx // _SIDE)
        if ny % _SIDE or nx % _SIDE:
            beyond = ((0, 0), (0, rows * _SIDE - ny), (0, columns * _SIDE - nx))
            vectors = np.pad(vectors, beyond, constant_values=np.nan)
        shape = (3, rows, _SIDE, columns, _SIDE)
        parts = vectors.reshape(shape).transpose(1, 3, 0, 2, 4).reshape(-1, 3, _SIDE**2)
        steps = np.arange(_SIDE)
        y = np.arange(rows)[:, None, None, None] * _SIDE + steps[:, None]
        x = np.arange(columns)[:, None, None] * _SIDE + steps
        index = (y * nx + x).reshape(-1, _SIDE**2)
        known = np.isfinite(parts[:, 0])
        kept = known.any(axis=1)
        if not kept.all():
            parts, index = parts[kept], index[kept]
        return cls.from_parts(parts, index)

    @classmethod
    def from_parts(cls, parts: Float, index: Int) -> Cells:
        """Make cells of unit vectors (ncell, 3, n), some of which are NaN, and their indices."""
        known = np.isfinite(parts[:, 0])
        total = parts.sum(axis=2) if known.all() else np.nansum(parts, axis=2)
        length = np.linalg.norm(total, axis=1, keepdims=True)
        center = total / np.maximum(length, np.finfo(float).tiny)
        cosine = np.matmul(center[:, None], parts)[:, 0]
        farthest = np.fmin.reduce(cosine, axis=1)
        radius = np.arccos(np.clip(farthest, -1, 1)) + _ROUNDING
        return cls(parts, index, center, radius)
