"""Pixels of astropy sky regions in the plane of the map, as in Gammapy and regions <= 0.11.

Circles, annuli, ellipses and rectangles are measured with one pixel scale and one angle, taken from
a step of one arcsecond North of the region's centre (`regions` 0.12 uses other scales). They are
evaluated in one batch. Other shapes go through ``region.to_pixel``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from regions import PixCoord, SkyRegion

from ...bins.shapes.plane import SIMPLE_SHAPES, PlaneShapes, group_by_frame, shapes_in_pixels
from ...maps.pixelgrid import PixelGrid
from .flat_indexing import flat_index
from .membership import Membership

__all__ = ["planar_members"]

Int = NDArray[np.intp]
Float = NDArray[np.float64]


def planar_members(regions: Sequence[SkyRegion], grid: PixelGrid) -> Membership:
    """Find the pixels whose centre each region contains; regions may overlap.

    Parameters
    ----------
    regions : sequence of regions.SkyRegion
        One for each bin.
    grid : PixelGrid
        The pixels of a map.
    """
    simple = [i for i, region in enumerate(regions) if type(region) in SIMPLE_SHAPES]
    other = [i for i in range(len(regions)) if i not in set(simple)]
    parts = [_other_pixels(regions[i], i, grid) for i in other]
    for indices in group_by_frame(regions, simple):
        index, x, y = _simple_pixels([regions[i] for i in indices], grid)
        parts.append((np.asarray(indices)[index], x, y))
    bins, x, y = (np.concatenate(column) for column in zip(*parts, strict=True))
    pixel = flat_index(grid, x, y)
    beyond = np.flatnonzero(pixel < 0)
    kept = np.ones(pixel.size, bool)
    kept[beyond] = grid.canonical(x[beyond], y[beyond])
    area = grid.solid_angle(x[kept], y[kept])
    return Membership.from_pairs([(bins[kept], pixel[kept], area)], len(regions))


def _simple_pixels(regions: Sequence[SkyRegion], grid: PixelGrid) -> tuple[Int, Float, Float]:
    """Region index and pixel numbers of the pixels in simple regions, also beyond the map."""
    shapes = shapes_in_pixels(regions, grid)
    cos, sin = np.abs(np.cos(shapes.angle)), np.abs(np.sin(shapes.angle))
    width, height = shapes.outer.T / 2
    half = np.stack([cos * width + sin * height, sin * width + cos * height])
    centre = np.stack([shapes.x, shapes.y])
    start, stop = np.floor(centre - half), np.ceil(centre + half) + 1
    index, x, y = _box_pixels(start, stop)
    inside = _contains(shapes, index, x, y)
    return index[inside], x[inside], y[inside]


def _box_pixels(start: Float, stop: Float) -> tuple[Int, Float, Float]:
    """Box index and pixel numbers of the pixels in boxes with corners (2, nbox), box by box."""
    off_sky = ~np.isfinite(start).all(axis=0)
    columns, rows = np.where(off_sky, 0, stop - start).astype(int)
    size = columns * rows
    index = np.repeat(np.arange(size.size), size)
    in_box = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    row, column = np.divmod(in_box, np.maximum(columns, 1)[index])
    return index, start[0][index] + column, start[1][index] + row


def _contains(shapes: PlaneShapes, index: Int, x: Float, y: Float) -> NDArray[np.bool_]:
    """Whether each pixel centre is inside the shape with its index, and not in the shape's hole."""
    dx, dy = x - shapes.x[index], y - shapes.y[index]
    cos, sin = np.cos(shapes.angle)[index], np.sin(shapes.angle)[index]
    along, across = cos * dx + sin * dy, sin * dx - cos * dy
    distance = np.hypot(dx, dy)

    def within(size: Float) -> NDArray[np.bool_]:
        width, height = size[index].T
        tests = [
            2 * distance < width,
            (2 * along / width) ** 2 + (2 * across / height) ** 2 <= 1,
            (np.abs(along) < width / 2) & (np.abs(across) < height / 2),
        ]
        return np.choose(shapes.kind[index], tests).astype(bool)

    with np.errstate(divide="ignore", invalid="ignore"):
        return within(shapes.outer) ^ within(shapes.inner)


def _other_pixels(region: SkyRegion, index: int, grid: PixelGrid) -> tuple[Int, Float, Float]:
    """Region index and pixel numbers of the pixels in a region of another shape."""
    pixel_region = grid.region_in_pixels(region)
    try:
        box = pixel_region.bounding_box
    except ValueError:  # the projection has no position for a vertex
        return np.empty(0, int), np.empty(0), np.empty(0)
    shift = 0.0
    if grid.separable:
        middle = (box.ixmin + box.ixmax) / 2 - (grid.x[0] + grid.x[-1]) / 2
        shift = grid.full_turn * np.round(middle / grid.full_turn)
    x, y = np.meshgrid(
        np.arange(np.floor(box.ixmin - shift) - 1, box.ixmax - shift + 1.0),
        np.arange(box.iymin - 1, box.iymax + 1.0),
    )
    inside = np.asarray(pixel_region.contains(PixCoord(x + shift, y)))
    return np.full(int(inside.sum()), index), x[inside], y[inside]
