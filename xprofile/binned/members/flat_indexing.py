"""Pixel numbers looked up in the columns and rows of a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid
from .membership import Int

__all__ = ["flat_index"]

Float = NDArray[np.float64]


def flat_index(grid: PixelGrid, x: Float, y: Float) -> Int:
    """Flat index in the (lat, lon) plane of pixel numbers that broadcast, -1 beyond the map."""
    dtype = np.dtype(np.int32 if grid.x.size * grid.y.size < 2**31 else np.int64)
    column, row = (_lookup(numbers, e).astype(dtype) for numbers, e in ((grid.x, x), (grid.y, y)))
    flat = row * dtype.type(grid.x.size) + column
    return np.asarray(np.where((column >= 0) & (row >= 0), flat, dtype.type(-1)))


def _lookup(numbers: Float, wanted: Float) -> Int:
    """Index of each wanted pixel number in `numbers`, -1 if it is not there."""
    start = numbers.min()
    table = np.full(int(numbers.max() - start) + 1, -1)
    table[(numbers - start).astype(int)] = np.arange(numbers.size)
    in_range = (wanted >= start) & (wanted <= numbers.max())
    offset = np.where(in_range, wanted - start, 0).astype(int)  # far positions overflow integers
    return np.where(in_range, table[offset], -1)
