"""Means of maps over the pixels of another grid, where one of them is in HEALPix, or both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..grid import AnyGrid
from ..healpix.grid import HealpixGrid
from ..pixelgrid import PixelGrid
from ..sphere import same_frame
from .any_grids import interpolate_to_positions
from .averaging import average_to, positions_along_side
from .overlaps import overlap_means
from .positions import offsets_along_side, positions_in_pixels

__all__ = ["average_to_any", "depends_on_neighbours"]

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_TOGETHER = 1 << 20  # positions at once; affects memory alone

# Cells of a map along a side of a pixel, above which the map gets the larger cells of a lower level
# first. Up to five are 10 positions along each side; ten times more would take 100 times as long,
# and below one, sources would be wider than the pixels.
_FINE = 5.0


def average_to_any(values: Float, source: AnyGrid, target: AnyGrid) -> tuple[Float, Float]:
    """Average planes over the pixels of a grid; as `average_to`, for grids of any kinds.

    Cells of the same frame are copied, or means of those of a deeper level. Cells smaller than the
    pixels count by the solid angle in common, so that the integral of compact sources stays.
    Otherwise values are linear between the centres of pixels or cells.

    Parameters
    ----------
    values : numpy.ndarray
        Values (nplane, ny, nx) on the pixels of `source`; (nplane, 1, ncell) on cells. NaN and
        infinite ones count as 0.
    source, target : PixelGrid or HealpixGrid
        The pixels of the map, and those that are wanted.

    Returns
    -------
    means : numpy.ndarray
        Means (nplane, ny, nx) over the pixels of `target`, with 0 beyond `source`.
    covered : numpy.ndarray
        Share of each pixel of `target` in which values are known, (ny, nx).
    """
    if isinstance(source, PixelGrid) and isinstance(target, PixelGrid):
        return average_to(values, source, target)
    finite = np.asarray(np.isfinite(values).all(axis=0))
    planes = np.concatenate([np.where(finite, values, 0.0), finite[None].astype(float)])
    found = _means_of_parts(planes, source, target)
    if found is None:
        if isinstance(source, HealpixGrid):
            source, planes = _coarse(source, planes, target.pixel_size)
        larger = target.pixel_size > source.pixel_size
        found = (overlap_means if larger else _means)(planes, source, target)
    return found[:-1], found[-1]


def depends_on_neighbours(source: AnyGrid, target: AnyGrid) -> bool:
    """Whether the mean over a pixel depends on the other pixels that are wanted.

    It does where integrals are kept: then the means over a part of a grid differ a little from
    those over the whole.
    """
    if isinstance(source, PixelGrid) and isinstance(target, PixelGrid):
        return False
    return not _holds_parts(source, target) and target.pixel_size > source.pixel_size


def _holds_parts(source: AnyGrid, target: AnyGrid) -> bool:
    """Whether cells are those of a map, or hold its cells as a whole."""
    if not isinstance(source, HealpixGrid) or not isinstance(target, HealpixGrid):
        return False
    return source.level >= target.level and same_frame(source.frame, target.frame)


def _means_of_parts(planes: Float, source: AnyGrid, target: AnyGrid) -> Float | None:
    """Means (nplane, 1, ncell) over cells that are those of the map or hold them; None if not."""
    if not isinstance(source, HealpixGrid) or not isinstance(target, HealpixGrid):
        return None
    if not _holds_parts(source, target):
        return None
    wanted = target.nested_of(target.numbers(np.arange(target.shape[1])))
    return _children_means(planes[:, 0], source, wanted, target.level)[:, None]


def _children_means(values: Float, source: HealpixGrid, nested: Int, level: int) -> Float:
    """Means (nplane, n) over the cells of a map in larger cells (n,), as parts of all of them."""
    parts = 4 ** (source.level - level)
    result = np.zeros((len(values), nested.size))
    step = max(_TOGETHER // parts, 1)
    for start in range(0, nested.size, step):
        some = slice(start, start + step)
        place = source.find_nested((nested[some, None] * parts + np.arange(parts)).ravel())
        found = np.where(place >= 0, values[:, place], 0.0)
        result[:, some] = found.reshape(len(values), -1, parts).mean(axis=-1)
    return result


def _coarse(source: HealpixGrid, planes: Float, size: float) -> tuple[HealpixGrid, Float]:
    """Give a map that is much finer than pixels of a size in degrees the cells of a lower level."""
    steps = int(np.clip(np.floor(np.log2(size / source.pixel_size / _FINE)) + 1, 0, source.level))
    if steps == 0:
        return source, planes
    level = source.level - steps
    nested = np.unique(source.nested >> 2 * steps)
    values = _children_means(planes[:, 0], source, nested, level)[:, None]
    return HealpixGrid(level, "nested", source.frame, nested), values


def _means(planes: Float, source: AnyGrid, target: AnyGrid) -> Float:
    """Means over pixels (nplane, ny, nx), by some positions in each of them on the sky."""
    number = positions_along_side(target.pixel_size / source.pixel_size)
    size = target.shape[0] * target.shape[1]
    result = np.zeros((len(planes), size))
    step = max(_TOGETHER // number**2, 1)
    for start in range(0, size, step):
        pixel = np.arange(start, min(start + step, size))
        sky, density = positions_in_pixels(target, pixel, offsets_along_side(number))
        found = np.nan_to_num(interpolate_to_positions(planes, source, sky), nan=0.0)
        weight = density.reshape(pixel.size, -1)
        total = (found.reshape(len(planes), pixel.size, -1) * weight).sum(axis=-1)
        known = weight.sum(axis=1)
        result[:, pixel] = np.divide(total, known, out=np.zeros(total.shape), where=known > 0)
    return result.reshape(len(planes), *target.shape)
