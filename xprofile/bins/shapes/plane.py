"""Simple sky regions in the plane of a map, scaled and turned at their centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
    SkyRegion,
)

from ...maps.pixelgrid import PixelGrid
from ...maps.sphere import same_frame
from ..centers import fixed_region, region_centers

__all__ = [
    "CIRCLE",
    "RECTANGLE",
    "SIMPLE_SHAPES",
    "PlaneShapes",
    "group_by_frame",
    "planar_rings",
    "shapes_in_pixels",
]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

CIRCLE, ELLIPSE, RECTANGLE = range(3)

# Boundaries of a disc and of a square, both with a width of 2. The disc has a point each
# 2 deg; with ten times fewer, circles in figures would look like polygons.
_PHASE = np.linspace(0, 2 * np.pi, 181)
_ROUND = np.stack([np.cos(_PHASE), np.sin(_PHASE)], axis=-1)
_SQUARE = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]])

# Cosine of the angle between the axes of the pixels above which they are sheared: far above the
# rounding of matrices in files (1e-9). Ten times larger, pixels at the border of a region would be
# wrong by 1e-5 of its size, which is not seen.
_SHEARED = 1e-6

# class: kind, attributes with the inner width and height (None without a hole), attributes with the
# outer width and height, and the factor from an attribute to a full width
SIMPLE_SHAPES = {
    CircleSkyRegion: (CIRCLE, None, ("radius", "radius"), 2),
    CircleAnnulusSkyRegion: (
        CIRCLE, ("inner_radius", "inner_radius"), ("outer_radius", "outer_radius"), 2,
    ),
    EllipseSkyRegion: (ELLIPSE, None, ("width", "height"), 1),
    EllipseAnnulusSkyRegion: (
        ELLIPSE, ("inner_width", "inner_height"), ("outer_width", "outer_height"), 1,
    ),
    RectangleSkyRegion: (RECTANGLE, None, ("width", "height"), 1),
    RectangleAnnulusSkyRegion: (
        RECTANGLE, ("inner_width", "inner_height"), ("outer_width", "outer_height"), 1,
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class PlaneShapes:
    """Parameters of simple regions in pixels.

    Parameters
    ----------
    kind : numpy.ndarray of int
        Kind of each region, a circle, ellipse or rectangle, (n,).
    x, y : numpy.ndarray
        Centres in pixels, (n,).
    axes : numpy.ndarray
        Steps along x and y, in the rows, of a step of one pixel along the width and along the
        height, in the columns, (n, 2, 2).
    outer, inner : numpy.ndarray
        Full width and height of the outer boundary and of the hole, (n, 2); NaN without a hole.
    """

    kind: Int
    x: Float
    y: Float
    axes: Float
    outer: Float
    inner: Float


def planar_rings(regions: Sequence[SkyRegion], grid: PixelGrid) -> dict[int, list[Float]]:
    """Outlines of the simple regions among some regions, in the plane of a map.

    Returns
    -------
    dict of int to list of numpy.ndarray
        For each number of a simple region, closed rings of pixel numbers, (npoint, 2): the outer
        boundary, and that of the hole in the opposite direction.
    """
    simple = [i for i, region in enumerate(regions) if type(region) in SIMPLE_SHAPES]
    rings = {}
    for indices in group_by_frame(regions, simple):
        shapes = shapes_in_pixels([regions[i] for i in indices], grid)
        for row, index in enumerate(indices):
            outer, hole = (_ring(shapes, row, size[row]) for size in (shapes.outer, shapes.inner))
            rings[index] = [outer, hole[::-1]] if np.isfinite(shapes.inner[row]).all() else [outer]
    return rings


def _ring(shapes: PlaneShapes, row: int, size: Float) -> Float:
    """Points along the boundary of one region with a full width and height, (npoint, 2)."""
    square = shapes.kind[row] == RECTANGLE
    along, across = ((_SQUARE if square else _ROUND) * size / 2).T
    x, y = shapes.axes[row] @ [along, across]
    return np.stack([shapes.x[row] + x, shapes.y[row] + y], axis=-1)


def group_by_frame(regions: Sequence[SkyRegion], indices: list[int]) -> list[list[int]]:
    """Group the numbers of regions by the frame of their centres, in which North is."""
    groups: list[list[int]] = []
    for i in indices:
        frame = regions[i].center.frame
        known = (group for group in groups if same_frame(regions[group[0]].center.frame, frame))
        group = next(known, None)
        if group is None:
            groups.append([i])
        else:
            group.append(i)
    return groups


def shapes_in_pixels(regions: Sequence[SkyRegion], grid: PixelGrid) -> PlaneShapes:
    """Scale and turn regions of one frame by a step of 1 arcsec North of each centre.

    West is at right angles to North, on the side that it has on the map. Where the axes of the
    pixels are not at right angles on the sky, a step of 1 arcsec West tells the scale there.
    """
    regions = [fixed_region(region) for region in regions]
    center = region_centers(regions)
    x, y = grid.pixel(center)
    north = _step(center, grid, 0)
    per_arcsec = np.hypot(*north)
    west = np.stack([north[1], -north[0]]) if _east_is_left(grid) else [-north[1], north[0]]
    if _is_sheared(grid):
        west = _step(center, grid, 270)
    angle = np.array([getattr(r, "angle", 0 * u.deg).to_value("rad") for r in regions])
    cos, sin = np.cos(angle), np.sin(angle)
    with np.errstate(divide="ignore", invalid="ignore"):
        north, west = north / per_arcsec, west / per_arcsec
    axes = np.stack([cos * west + sin * north, cos * north - sin * west], axis=-1)
    axes = axes.transpose(1, 0, 2)
    kind = np.array([SIMPLE_SHAPES[type(r)][0] for r in regions])
    if not _is_sheared(grid):
        axes[kind == CIRCLE] = np.eye(2)
    outer, inner = (_sizes(regions, hole) * per_arcsec[:, None] for hole in (False, True))
    return PlaneShapes(kind, x, y, axes, outer, inner)


def _step(center: SkyCoord, grid: PixelGrid, position_angle: float) -> Float:
    """Steps in pixels along x and y, (2, n), of 1 arcsec from positions."""
    stepped = center.directional_offset_by(position_angle * u.deg, 1 * u.arcsec)
    dx, dy = np.subtract(grid.pixel(stepped), grid.pixel(center))
    if grid.separable:  # the two positions may be a whole turn apart
        dx -= grid.full_turn * np.round(dx / grid.full_turn)
    return np.stack([dx, dy])


def _east_is_left(grid: PixelGrid) -> bool:
    """Whether East is to the left of North on the map, as on the sky."""
    turned = np.linalg.det(grid.wcs.pixel_scale_matrix) > 0
    return bool(turned == (grid.wcs.wcs.lng == 1))


def _is_sheared(grid: PixelGrid) -> bool:
    """Whether the axes of the pixels are not at right angles on the sky."""
    x, y = grid.wcs.pixel_scale_matrix.T
    return bool(abs(x @ y) > _SHEARED * np.linalg.norm(x) * np.linalg.norm(y))


def _sizes(regions: Sequence[SkyRegion], hole: bool) -> Float:
    """Full widths and heights in arcsec, (n, 2), of the outer boundary or of the hole."""
    sizes = np.full((len(regions), 2), np.nan)
    for i, region in enumerate(regions):
        _, inner, outer, factor = SIMPLE_SHAPES[type(region)]
        names = inner if hole else outer
        if names is not None:
            sizes[i] = [factor * getattr(region, name).to_value("arcsec") for name in names]
    return sizes
