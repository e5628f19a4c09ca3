"""Pixels of astropy sky regions in the plane of the map, as Gammapy and regions <= 0.11 have them.

Circles, annuli, ellipses and rectangles are measured with one pixel scale and one angle, those of
a step of one arcsecond North from the region's centre (`regions` 0.12 takes other scales). They are
evaluated in one batch. Other shapes go through ``region.to_pixel``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from regions import PixCoord, SkyRegion

from ...bins.shapes.plane import SIMPLE_SHAPES, PlaneShapes, group_by_frame, in_pixels
from ...maps.pixelgrid import PixelGrid
from .membership import Membership, flat_positions, gather

__all__ = ["planar_members"]

Int = NDArray[np.intp]

Float = NDArray[np.float64]


def planar_members(regions: Sequence[SkyRegion], grid: PixelGrid) -> Membership:
    """Find the pixels whose centre each region contains; regions may overlap.

    Parameters
    ----------
    regions : sequence of regions.SkyRegion
        One bin each.
    grid : PixelGrid
        The pixels.
    """
    simple = [i for i, region in enumerate(regions) if type(region) in SIMPLE_SHAPES]
    other = [i for i in range(len(regions)) if i not in set(simple)]
    found = [_other_pixels(regions[i], i, grid) for i in other]
    for frame_indices in group_by_frame(regions, simple):
        rows, x, y = _simple_pixels([regions[i] for i in frame_indices], grid)
        found.append((np.asarray(frame_indices)[rows], x, y))
    code, x, y = (np.concatenate(column) for column in zip(*found, strict=True))
    pixel = flat_positions(grid, x, y)
    beyond = np.flatnonzero(pixel < 0)
    kept = np.ones(pixel.size, bool)
    kept[beyond] = grid.canonical(x[beyond], y[beyond])
    area = grid.solid_angle(x[kept], y[kept])
    return gather([(code[kept], pixel[kept], area)], len(regions))


def _simple_pixels(regions: Sequence[SkyRegion], grid: PixelGrid) -> tuple[Int, Float, Float]:
    """Region index and pixel numbers, on the map or not, of all pixels of simple regions."""
    shapes = in_pixels(regions, grid)
    cos, sin = np.abs(np.cos(shapes.angle)), np.abs(np.sin(shapes.angle))
    width, height = shapes.outer.T / 2
    half = np.stack([cos * width + sin * height, sin * width + cos * height])
    centre = np.stack([shapes.x, shapes.y])
    start, stop = np.floor(centre - half), np.ceil(centre + half) + 1
    row, x, y = _box_pixels(start, stop)
    inside = _contains(shapes, row, x, y)
    return row[inside], x[inside], y[inside]


def _box_pixels(start: Float, stop: Float) -> tuple[Int, Float, Float]:
    """All integer positions of boxes, given as (2, nbox) corners, one box after the other."""
    lost = ~np.isfinite(start).all(axis=0)
    columns, lines = np.where(lost, 0, stop - start).astype(int)
    size = columns * lines
    row = np.repeat(np.arange(size.size), size)
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    line, column = np.divmod(within, np.maximum(columns, 1)[row])
    return row, start[0][row] + column, start[1][row] + line


def _contains(shapes: PlaneShapes, row: Int, x: Float, y: Float) -> NDArray[np.bool_]:
    dx, dy = x - shapes.x[row], y - shapes.y[row]
    cos, sin = np.cos(shapes.angle)[row], np.sin(shapes.angle)[row]
    along, across = cos * dx + sin * dy, sin * dx - cos * dy
    distance = np.hypot(dx, dy)

    def within(size: Float) -> NDArray[np.bool_]:
        width, height = size[row].T
        tests = [
            2 * distance < width,
            (2 * along / width) ** 2 + (2 * across / height) ** 2 <= 1,
            (np.abs(along) < width / 2) & (np.abs(across) < height / 2),
        ]
        return np.choose(shapes.kind[row], tests).astype(bool)

    with np.errstate(divide="ignore", invalid="ignore"):
        return within(shapes.outer) ^ within(shapes.inner)


def _other_pixels(region: SkyRegion, index: int, grid: PixelGrid) -> tuple[Int, Float, Float]:
    """Pixels of a region of any other shape, by its own pixel region."""
    pixel_region = region.to_pixel(grid.wcs)
    try:
        box = pixel_region.bounding_box
    except ValueError:  # a vertex is where the projection has no place
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
