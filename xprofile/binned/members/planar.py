"""Pixels of astropy sky regions in the plane of the map, as in Gammapy and regions <= 0.11.

Circles, annuli, ellipses and rectangles are measured with one pixel scale and one angle, taken from
a step of one arcsecond North of the region's centre (`regions` 0.12 uses other scales). They are
evaluated in one batch. Other shapes go through ``region.to_pixel``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from regions import PixCoord, SkyRegion

from ...bins.centers import fixed_region
from ...bins.regions.intervals import Intervals
from ...bins.shapes.plane import (
    CIRCLE,
    RECTANGLE,
    SIMPLE_SHAPES,
    PlaneShapes,
    group_by_frame,
    shapes_in_pixels,
)
from ...maps.pixelgrid import PixelGrid
from .flat_indexing import flat_index
from .membership import Membership, Pairs
from .planar_areas import is_large, lattice_solid_angle, plane_solid_angles

__all__ = ["planar_members"]

Int = NDArray[np.intp]
Float = NDArray[np.float64]

_FEWEST = 4  # rings that are examined together; affects speed alone
_BATCH = 1 << 18  # pixels that are examined together; affects memory alone

# Largest relative difference between the ratios of axes of ellipses of one shape: above rounding
# (1e-15). Ten times larger still moves no boundary by a millionth of a pixel.
_SAME_RATIO = 1e-12


def planar_members(regions: Sequence[SkyRegion], grid: PixelGrid) -> Membership:
    """Find the pixels whose centre each region contains; regions may overlap.

    Parameters
    ----------
    regions : sequence of regions.SkyRegion
        One for each bin.
    grid : PixelGrid
        The pixels of a map.
    """
    total = np.full(len(regions), np.nan)  # known where pixels beyond the map are not listed
    pairs = (_on_map(grid, *block) for block in _blocks(regions, grid, total))
    found = Membership.from_pairs(pairs, len(regions))
    inside = np.bincount(found.bin, found.solid_angle, minlength=len(regions))
    outside = np.where(np.isnan(total), found.outside, np.maximum(total - inside, 0))
    return replace(found, outside=outside)


def _blocks(
    regions: Sequence[SkyRegion], grid: PixelGrid, total: Float
) -> Iterator[tuple[Int, Float, Float]]:
    """Yield region indices and pixel numbers of the pixels in regions, also beyond the map.

    Regions that are far larger than the map get their solid angle in `total`, and have only the
    pixels on the map.
    """
    simple = [i for i, region in enumerate(regions) if type(region) in SIMPLE_SHAPES]
    others = sorted(set(range(len(regions))) - set(simple))
    for i in others:
        yield _other_pixels(regions[i], i, grid, total, len(others))
    for indices in group_by_frame(regions, simple):
        numbers = np.asarray(indices)
        part = total[numbers]
        for index, x, y in _simple_pixels([regions[i] for i in indices], grid, part):
            yield numbers[index], x, y
        total[numbers] = part


def _on_map(grid: PixelGrid, bins: Int, x: Float, y: Float) -> Pairs:
    """Bins, flat indices and solid angles of pairs, -1 beyond the map."""
    pixel = flat_index(grid, x, y)
    beyond = np.flatnonzero(pixel < 0)
    if beyond.size:
        kept = np.ones(pixel.size, bool)
        kept[beyond] = grid.canonical(x[beyond], y[beyond])
        bins, pixel, x, y = bins[kept], pixel[kept], x[kept], y[kept]
    return Pairs(bins, pixel, grid.solid_angle(x, y))


def _simple_pixels(
    regions: Sequence[SkyRegion], grid: PixelGrid, total: Float
) -> Iterator[tuple[Int, Float, Float]]:
    """Yield region indices and pixel numbers of the pixels in simple regions."""
    shapes = shapes_in_pixels(regions, grid)
    width, height = np.abs(shapes.axes[..., 0]), np.abs(shapes.axes[..., 1])
    half = (width * shapes.outer[:, :1] + height * shapes.outer[:, 1:]).T / 2
    centre = np.stack([shapes.x, shapes.y])
    start, stop = np.floor(centre - half), np.ceil(centre + half) + 1
    single = np.asarray(np.isfinite(start).all(axis=0))
    large = np.flatnonzero(is_large(start, stop, grid))
    total[large] = plane_solid_angles(shapes, large, grid)
    start[:, large], stop[:, large] = _cut_to_map(start[:, large], stop[:, large], grid)
    for group in _concentric(shapes):
        largest = int(group[np.argmax(shapes.outer[group, 0])])
        rings = _rings(shapes, group)
        for _, x, y in _box_pixels(start[:, [largest]], stop[:, [largest]]):
            index, kept = rings.pairs(_ring_value(shapes, largest, x, y))
            yield index, x[kept], y[kept]
        single[group] = False
    numbers = np.flatnonzero(single)
    for box, x, y in _box_pixels(start[:, numbers], stop[:, numbers]):
        index = numbers[box]
        inside = _contains(shapes, index, x, y)
        yield index[inside], x[inside], y[inside]


def _cut_to_map(start: Float, stop: Float, grid: PixelGrid) -> tuple[Float, Float]:
    """Cut boxes of pixels with corners (2, nbox) to the map."""
    low = np.array([[grid.x.min()], [grid.y.min()]])
    high = np.array([[grid.x.max()], [grid.y.max()]]) + 1
    start = np.clip(start, low, high)
    return start, np.clip(stop, start, high)


def _concentric(shapes: PlaneShapes) -> list[Int]:
    """Groups of at least four circles, or ellipses of one shape, round the same position."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = shapes.outer[:, 1] / shapes.outer[:, 0]
        hole = np.where(
            np.isnan(shapes.inner[:, 0]), ratio, shapes.inner[:, 1] / shapes.inner[:, 0]
        )
        alike = (shapes.kind != RECTANGLE) & (np.abs(hole / ratio - 1) < _SAME_RATIO)
    numbers = np.flatnonzero(alike & np.isfinite(shapes.x))
    if numbers.size < _FEWEST:
        return []
    axes = shapes.axes[numbers].reshape(-1, 4)
    keys = np.column_stack(
        [shapes.kind[numbers], shapes.x[numbers], shapes.y[numbers], axes, ratio[numbers].round(12)]
    )
    _, inverse, count = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    parts = np.split(numbers[order], np.cumsum(count)[:-1])
    return [part for part in parts if part.size >= _FEWEST]


def _rings(shapes: PlaneShapes, group: Int) -> Intervals:
    """Widths of concentric rings, as intervals of `_ring_value`."""
    outer, inner = shapes.outer[group, 0], shapes.inner[group, 0]
    if shapes.kind[group[0]] == CIRCLE:
        return Intervals.from_ends(group, np.where(np.isnan(inner), -np.inf, inner), outer)
    # the outer boundary of an ellipse belongs to it
    return Intervals.from_ends(group, -outer, np.where(np.isnan(inner), np.inf, -inner))


def _ring_value(shapes: PlaneShapes, number: int, x: Float, y: Float) -> Float:
    """Full width of the concentric ring through each pixel centre; negative for ellipses."""
    along, across = _local(shapes, number, x, y)
    if shapes.kind[number] == CIRCLE:
        return np.asarray(2 * np.hypot(along, across))
    width, height = shapes.outer[number]
    return np.asarray(-2 * np.hypot(along, across * (width / height)))


def _box_pixels(start: Float, stop: Float) -> Iterator[tuple[Int, Float, Float]]:
    """Box index and pixel numbers of the pixels in boxes with corners (2, nbox), in batches."""
    columns, rows = (stop - start).astype(int)
    height = np.clip(_BATCH // np.maximum(columns, 1), 1, None)  # of strips of a box
    strips = -(-rows // height)
    box = np.repeat(np.arange(rows.size), strips)
    number = np.arange(box.size) - np.repeat(np.cumsum(strips) - strips, strips)
    first = number * height[box]
    size = columns[box] * (np.minimum(first + height[box], rows[box]) - first)
    stops = np.cumsum(size)
    begin = 0
    while begin < box.size:
        done = stops[begin - 1] if begin else 0
        end = max(int(np.searchsorted(stops, done + _BATCH, "right")), begin + 1)
        part = slice(begin, end)
        strip = np.repeat(np.arange(begin, end), size[part])
        in_strip = np.arange(strip.size) - (stops - size - done)[strip]
        index = box[strip]
        row, column = np.divmod(in_strip, columns[index])
        yield index, start[0][index] + column, start[1][index] + first[strip] + row
        begin = end


def _local(shapes: PlaneShapes, index: Int | int, x: Float, y: Float) -> tuple[Float, Float]:
    """Distances in pixels of pixel centres from the centres of shapes, along width and height."""
    dx, dy = x - shapes.x[index], y - shapes.y[index]
    (ax, bx), (ay, by) = np.moveaxis(shapes.axes[index], (-2, -1), (0, 1))
    scale = ax * by - bx * ay
    return (by * dx - bx * dy) / scale, (ax * dy - ay * dx) / scale


def _contains(shapes: PlaneShapes, index: Int, x: Float, y: Float) -> NDArray[np.bool_]:
    """Whether each pixel centre is inside the shape with its index, and not in the shape's hole."""
    along, across = _local(shapes, index, x, y)
    distance = np.hypot(along, across)

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


def _other_pixels(
    region: SkyRegion, index: int, grid: PixelGrid, total: Float, number: int
) -> tuple[Int, Float, Float]:
    """Region index and pixel numbers of the pixels in one of a number of regions of any shape."""
    pixel_region = grid.region_in_pixels(fixed_region(region))
    try:
        box = pixel_region.bounding_box
    except ValueError:  # the projection has no position for a vertex
        return np.empty(0, int), np.empty(0), np.empty(0)
    shift = 0.0
    if grid.separable:
        middle = (box.ixmin + box.ixmax) / 2 - (grid.x[0] + grid.x[-1]) / 2
        shift = grid.full_turn * np.round(middle / grid.full_turn)
    start = np.array([[np.floor(box.ixmin - shift) - 1], [box.iymin - 1.0]])
    stop = np.array([[np.ceil(box.ixmax - shift) + 1], [box.iymax + 1.0]])
    if is_large(start, stop, grid).any():
        box = start[:, 0] + np.array([shift, 0]), stop[:, 0] + np.array([shift, 0])
        total[index] = lattice_solid_angle(pixel_region, *box, grid, number)
        start, stop = _cut_to_map(start, stop, grid)
    x, y = np.meshgrid(
        *(np.arange(low, high) for low, high in zip(start[:, 0], stop[:, 0], strict=True))
    )
    inside = np.asarray(pixel_region.contains(PixCoord(x + shift, y)))
    return np.full(int(inside.sum()), index), x[inside], y[inside]
