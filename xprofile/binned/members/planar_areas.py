"""Solid angles of regions in the plane of a map, where their pixels are too many to be listed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from regions import PixCoord, PixelRegion

from ...bins.shapes.plane import RECTANGLE, PlaneShapes
from ...maps.pixelgrid import PixelGrid

__all__ = ["fits_in_map", "is_large", "lattice_solid_angle", "plane_solid_angles"]

Int = NDArray[np.intp]
Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Pixels beyond the map, in the boxes round all regions, that are examined one by one, in 0.1 s. Ten
# times larger, regions far larger than the map take a second; ten times smaller, the solid angle of
# more regions would be that of their area, which differs from that of their pixels by 1e-3 for ten
# thousand pixels. Regions with smaller boxes than the second number are left to their pixels.
_MAX_PIXELS, _SMALL = 1 << 20, 1 << 10

# Positions in all regions, and the fewest and most in one: the integrand is smooth but at the end
# of the sky. With 2^15 circles are right to 1e-6, and to 1e-3 across the end of the sky.
_POSITIONS = 1 << 19
_FEWEST, _MOST = 1 << 8, 1 << 15

# Positions in the boxes of all regions of other shapes, and the most with all corners together. A
# single polygon is right to 2e-3, in 0.2 s. Ten times fewer, it would be wrong by 1e-2.
_LATTICE, _LATTICE_CORNERS = 1 << 18, 1 << 28


def fits_in_map(start: Float, stop: Float, grid: PixelGrid) -> Bool:
    """Whether boxes of pixels with corners (2, nbox), ends not included, are within the map."""
    low = np.array([[grid.x.min()], [grid.y.min()]])
    high = np.array([[grid.x.max()], [grid.y.max()]])
    return np.asarray(((start >= low) & (stop <= high + 1)).all(axis=0))


def is_large(start: Float, stop: Float, grid: PixelGrid) -> Bool:
    """Whether the solid angle of regions in boxes (2, nbox) comes from their area, (nbox,)."""
    with np.errstate(invalid="ignore"):
        size = np.maximum(stop - start, 0).prod(axis=0)
        beyond = (size > 0) & ~fits_in_map(start, stop, grid)
    return np.asarray(beyond & (size > _SMALL) & (size[beyond].sum() > _MAX_PIXELS))


def plane_solid_angles(shapes: PlaneShapes, numbers: Int, grid: PixelGrid) -> Float:
    """Solid angles in sr of some simple regions in the plane of the map, (n,)."""
    each = int(np.clip(_POSITIONS // max(numbers.size, 1), _FEWEST, _MOST))
    found = [np.empty(0)]
    step = max(_POSITIONS // each, 1)
    for start in range(0, numbers.size, step):
        part = numbers[start : start + step]
        hole = np.zeros(part.size)
        hollow = np.isfinite(shapes.inner[part, 0])
        if hollow.any():
            chosen = part[hollow]
            hole[hollow] = _filled(shapes, chosen, shapes.inner[chosen], each, grid)
        found.append(_filled(shapes, part, shapes.outer[part], each, grid) - hole)
    return np.concatenate(found)


def _filled(shapes: PlaneShapes, numbers: Int, size: Float, each: int, grid: PixelGrid) -> Float:
    """Solid angles of regions with full widths and heights (n, 2), without holes."""
    n = max(int(np.sqrt(each / 2)), 8)
    middles, turns = (np.arange(n) + 0.5) / n, 2 * np.pi * (np.arange(2 * n) + 0.5) / (2 * n)
    radius = np.sqrt(middles)[:, None]  # rings of equal area
    disc = np.stack([radius * np.cos(turns), radius * np.sin(turns)]).reshape(2, -1) / 2
    across = (np.arange(2 * n) + 0.5) / (2 * n) - 0.5
    square = np.stack(np.broadcast_arrays(middles[:, None] - 0.5, across)).reshape(2, -1)
    is_square = (shapes.kind[numbers] == RECTANGLE)[:, None]
    u, v = (np.where(is_square, square[i], disc[i]) * size[:, i, None] for i in (0, 1))
    (ax, bx), (ay, by) = np.moveaxis(shapes.axes[numbers], (-2, -1), (0, 1))[..., None]
    x, y = shapes.x[numbers, None] + ax * u + bx * v, shapes.y[numbers, None] + ay * u + by * v
    area = size.prod(axis=1) * np.where(is_square[:, 0], 1, np.pi / 4)
    area = area * np.abs(ax * by - bx * ay)[:, 0]
    return np.asarray(area * _known_solid_angles(grid, x, y).mean(axis=1))


def lattice_solid_angle(
    region: PixelRegion, start: Float, stop: Float, grid: PixelGrid, number: int
) -> float:
    """Solid angle in sr of any region in the plane of the map, one of a number of them.

    The region is in a box of pixels with corners (2,).
    """
    corners = number * (len(getattr(region, "vertices", ())) or 1)
    number = int(np.clip(_LATTICE_CORNERS // corners, _FEWEST, max(_LATTICE // number, _FEWEST)))
    size = stop - start
    side = np.sqrt(size.prod() / number)
    n = np.clip(np.ceil(size / side), 1, number).astype(int)
    x, y = (
        low + length * (np.arange(k) + 0.5) / k - 0.5
        for low, length, k in zip(start, size, n, strict=True)
    )
    x, y = (a.ravel() for a in np.meshgrid(x, y))
    inside = np.asarray(region.contains(PixCoord(x, y)))
    total = _known_solid_angles(grid, x[inside], y[inside]).sum()
    return float(total * size.prod() / x.size)


def _known_solid_angles(grid: PixelGrid, x: Float, y: Float) -> Float:
    """Solid angles in sr of pixels at any positions, 0 where they do not stand for the sky."""
    found = np.nan_to_num(grid.solid_angle(x, y))
    return np.where(grid.canonical(x, y), found, 0)
