"""Which pixels of a grid another grid covers, block by block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..pixelgrid import PixelGrid
from .edge_of_sky import trusted_pixels
from .interpolation import covered_pixels

__all__ = ["coverage"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

_BLOCK, _STEP = 512, 32  # pixels along a side of a block, and between compared ones; for speed

# Pixels beyond the compared ones that have to be on the map, too. Linear interpolation takes one; a
# smaller number would find blocks at the edge covered, a larger one takes longer.
_BESIDE = 2

# Projections without gaps or folds between pixels that are on the sky. On others, each pixel is
# examined.
_WHOLE = ("CAR", "CEA", "MER", "TAN", "SIN", "ARC", "STG", "ZEA", "AIT", "MOL", "SFL")


def coverage(source: PixelGrid, target: PixelGrid) -> Bool:
    """Whether `interpolate_to` gives values for the pixels of `target`, (ny, nx).

    A block is covered as a whole if the places of some of its pixels are so far inside `source`
    that those between are inside, too. In other blocks, each pixel is examined.

    Parameters
    ----------
    source, target : PixelGrid
        Grids of any projections and frames.
    """
    result = np.ones(target.shape, bool)
    whole = all(grid.wcs.wcs.ctype[0][-3:] in _WHOLE for grid in (source, target))
    trusted = trusted_pixels(source) if whole else np.zeros(source.shape, bool)
    for rows, columns in _blocks(target.shape):
        x, y = target.x[columns], target.y[rows]
        if not (whole and _is_inside(source, trusted, target, x, y)):
            result[rows, columns] = covered_pixels(source, target.subgrid(x, y))
    return result


def _blocks(shape: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
    for top in range(0, shape[0], _BLOCK):
        for left in range(0, shape[1], _BLOCK):
            yield slice(top, top + _BLOCK), slice(left, left + _BLOCK)


def _is_inside(source: PixelGrid, trusted: Bool, target: PixelGrid, x: Float, y: Float) -> bool:
    """Whether a block of neighbouring pixels is inside a map, and far enough from its edge."""
    some_x, some_y = (numbers[_some(numbers.size)] for numbers in (x, y))
    lon, lat = np.broadcast_arrays(*target.lonlat(some_x, some_y[:, None]))
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return False
    sky = SkyCoord(lon.ravel(), lat.ravel(), unit="deg", frame=target.frame)
    places = np.reshape(source.pixel(sky), (2, *lon.shape))
    if not np.isfinite(places).all():
        return False
    steps = [np.abs(np.diff(places, axis=axis)).max(initial=0) for axis in (1, 2)]
    # pixels between are nearer to a compared one than the sum of the steps
    margin = _BESIDE + sum(steps)
    (left, low), (right, high) = (
        (np.floor(places.min(axis=(1, 2)) - margin)).astype(int).tolist(),
        (np.ceil(places.max(axis=(1, 2)) + margin)).astype(int).tolist(),
    )
    rows, columns = source.shape
    if left < 0 or low < 0 or right >= columns or high >= rows:
        return False
    return bool(trusted[low : high + 1, left : right + 1].all())


def _some(size: int) -> NDArray[np.intp]:
    """Indices of compared columns or rows, with the first and the last one."""
    return np.unique(np.append(np.arange(0, size, _STEP), size - 1))
