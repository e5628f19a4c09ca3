"""Simple sky regions in the plane of a map, scaled and turned at their centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import astropy.units as u
import numpy as np
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
from ..centers import region_centers

__all__ = ["SIMPLE_SHAPES", "PlaneShapes", "group_by_frame", "planar_rings", "shapes_in_pixels"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

_CIRCLE, _ELLIPSE, _RECTANGLE = range(3)

# Boundaries of a disc and of a square, both with a width of 2. The disc has a point each
# 2 deg; with ten times fewer, circles in figures would look like polygons.
_PHASE = np.linspace(0, 2 * np.pi, 181)
_ROUND = np.stack([np.cos(_PHASE), np.sin(_PHASE)], axis=-1)
_SQUARE = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]])

# class: kind, attributes with the inner width and height (None without a hole), attributes with the
# outer width and height, and the factor from an attribute to a full width
SIMPLE_SHAPES = {
    CircleSkyRegion: (_CIRCLE, None, ("radius", "radius"), 2),
    CircleAnnulusSkyRegion: (
        _CIRCLE, ("inner_radius", "inner_radius"), ("outer_radius", "outer_radius"), 2,
    ),
    EllipseSkyRegion: (_ELLIPSE, None, ("width", "height"), 1),
    EllipseAnnulusSkyRegion: (
        _ELLIPSE, ("inner_width", "inner_height"), ("outer_width", "outer_height"), 1,
    ),
    RectangleSkyRegion: (_RECTANGLE, None, ("width", "height"), 1),
    RectangleAnnulusSkyRegion: (
        _RECTANGLE, ("inner_width", "inner_height"), ("outer_width", "outer_height"), 1,
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
    angle : numpy.ndarray
        Angles in rad between the axis of the width and that of x, (n,).
    outer, inner : numpy.ndarray
        Full width and height of the outer boundary and of the hole, (n, 2); NaN without a hole.
    """

    kind: Int
    x: Float
    y: Float
    angle: Float
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
    square = shapes.kind[row] == _RECTANGLE
    along, across = ((_SQUARE if square else _ROUND) * size / 2).T
    cos, sin = np.cos(shapes.angle[row]), np.sin(shapes.angle[row])
    x, y = shapes.x[row] + cos * along - sin * across, shapes.y[row] + sin * along + cos * across
    return np.stack([x, y], axis=-1)


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
    """Scale and turn regions of one frame by a step of 1 arcsec North of each centre."""
    center = region_centers(regions)
    north = center.directional_offset_by(0 * u.deg, 1 * u.arcsec)
    x, y = grid.pixel(center)
    x_north, y_north = grid.pixel(north)
    dx, dy = x_north - x, y_north - y
    if grid.separable:  # the two positions may be a whole turn apart
        dx -= grid.full_turn * np.round(dx / grid.full_turn)
    per_arcsec = np.hypot(dx, dy)
    angle = np.array([getattr(r, "angle", 0 * u.deg).to_value("rad") for r in regions])
    turn = np.arctan2(dy, dx) - np.pi / 2
    outer, inner = (_sizes(regions, hole) * per_arcsec[:, None] for hole in (False, True))
    kind = np.array([SIMPLE_SHAPES[type(r)][0] for r in regions])
    return PlaneShapes(kind, x, y, angle + turn, outer, inner)


def _sizes(regions: Sequence[SkyRegion], hole: bool) -> Float:
    """Full widths and heights in arcsec, (n, 2), of the outer boundary or of the hole."""
    sizes = np.full((len(regions), 2), np.nan)
    for i, region in enumerate(regions):
        _, inner, outer, factor = SIMPLE_SHAPES[type(region)]
        names = inner if hole else outer
        if names is not None:
            sizes[i] = [factor * getattr(region, name).to_value("arcsec") for name in names]
    return sizes
