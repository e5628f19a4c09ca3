"""Pixels of astropy sky regions in the plane of the map, as Gammapy and regions <= 0.11 have them.

Circles, annuli, ellipses and rectangles are measured with one pixel scale and one angle, those of
a step of one arcsecond North from the region's centre (`regions` 0.12 takes other scales). They are
evaluated in one batch. Other shapes go through ``region.to_pixel``.
"""

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
    PixCoord,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
    SkyRegion,
)

from .membership import Membership, flat_positions, gather
from .pixelgrid import PixelGrid
from .regionlist import region_centers
from .sphere import same_frame

__all__ = ["planar_members", "planar_rings"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

_CIRCLE, _ELLIPSE, _RECTANGLE = range(3)

# boundaries of a disc and of a square, each 2 wide
_PHASE = np.linspace(0, 2 * np.pi, 181)
_ROUND = np.stack([np.cos(_PHASE), np.sin(_PHASE)], axis=-1)
_SQUARE = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]])

# shape: kind, attributes that hold inner and outer width and height (None: no hole), and what
# turns an attribute into a full width
_SHAPES = {
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
class _Shapes:
    """Parameters of simple regions in pixels, one row each; sizes are full widths."""

    kind: Int
    x: Float
    y: Float
    angle: Float
    outer: Float  # (n, 2)
    inner: Float  # (n, 2), NaN where there is no hole


def planar_members(regions: Sequence[SkyRegion], grid: PixelGrid) -> Membership:
    """Find the pixels whose centre each region contains; regions may overlap.

    Parameters
    ----------
    regions : sequence of regions.SkyRegion
        One bin each.
    grid : PixelGrid
        The pixels.
    """
    simple = [i for i, region in enumerate(regions) if type(region) in _SHAPES]
    other = [i for i in range(len(regions)) if i not in set(simple)]
    found = [_other_pixels(regions[i], i, grid) for i in other]
    for frame_indices in _by_frame(regions, simple):
        rows, x, y = _simple_pixels([regions[i] for i in frame_indices], grid)
        found.append((np.asarray(frame_indices)[rows], x, y))
    code, x, y = (np.concatenate(column) for column in zip(*found, strict=True))
    pixel = flat_positions(grid, x, y)
    beyond = np.flatnonzero(pixel < 0)
    kept = np.ones(pixel.size, bool)
    kept[beyond] = grid.own(x[beyond], y[beyond])
    area = grid.solid_angle(x[kept], y[kept])
    return gather([(code[kept], pixel[kept], area)], len(regions))


def planar_rings(regions: Sequence[SkyRegion], grid: PixelGrid) -> dict[int, list[Float]]:
    """Outlines of the simple ones of some regions, in the plane in which they have their pixels.

    Returns
    -------
    dict of int to list of numpy.ndarray
        By the region's number: pixel numbers along closed rings, (npoint, 2), the outer boundary
        and that of the hole, which runs the other way round.
    """
    simple = [i for i, region in enumerate(regions) if type(region) in _SHAPES]
    rings = {}
    for indices in _by_frame(regions, simple):
        shapes = _in_pixels([regions[i] for i in indices], grid)
        for row, index in enumerate(indices):
            outer, hole = (_ring(shapes, row, size[row]) for size in (shapes.outer, shapes.inner))
            rings[index] = [outer, hole[::-1]] if np.isfinite(shapes.inner[row]).all() else [outer]
    return rings


def _ring(shapes: _Shapes, row: int, size: Float) -> Float:
    """Points along the boundary of one shape of a full width and height, (npoint, 2)."""
    square = shapes.kind[row] == _RECTANGLE
    along, across = ((_SQUARE if square else _ROUND) * size / 2).T
    cos, sin = np.cos(shapes.angle[row]), np.sin(shapes.angle[row])
    x, y = shapes.x[row] + cos * along - sin * across, shapes.y[row] + sin * along + cos * across
    return np.stack([x, y], axis=-1)


def _by_frame(regions: Sequence[SkyRegion], indices: list[int]) -> list[list[int]]:
    """Group regions by the frame of their centre: North is that frame's."""
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


def _simple_pixels(regions: Sequence[SkyRegion], grid: PixelGrid) -> tuple[Int, Float, Float]:
    """Region index and pixel numbers, on the map or not, of all pixels of simple regions."""
    shapes = _in_pixels(regions, grid)
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


def _in_pixels(regions: Sequence[SkyRegion], grid: PixelGrid) -> _Shapes:
    """Scale and turn regions of one frame by a step of 1 arcsec North of each centre."""
    center = region_centers(regions)
    north = center.directional_offset_by(0 * u.deg, 1 * u.arcsec)
    x, y = grid.pixel(center)
    x_north, y_north = grid.pixel(north)
    dx, dy = x_north - x, y_north - y
    if grid.separable:  # the two may have come out a whole turn apart
        dx -= grid.full_turn * np.round(dx / grid.full_turn)
    per_arcsec = np.hypot(dx, dy)
    angle = np.array([getattr(r, "angle", 0 * u.deg).to_value("rad") for r in regions])
    turn = np.arctan2(dy, dx) - np.pi / 2
    outer, inner = (_sizes(regions, hole) * per_arcsec[:, None] for hole in (False, True))
    kind = np.array([_SHAPES[type(r)][0] for r in regions])
    return _Shapes(kind, x, y, angle + turn, outer, inner)


def _sizes(regions: Sequence[SkyRegion], hole: bool) -> Float:
    """Full widths and heights in arcsec, (n, 2), of the outer boundary or of the hole."""
    sizes = np.full((len(regions), 2), np.nan)
    for i, region in enumerate(regions):
        _, inner, outer, factor = _SHAPES[type(region)]
        names = inner if hole else outer
        if names is not None:
            sizes[i] = [factor * getattr(region, name).to_value("arcsec") for name in names]
    return sizes


def _contains(shapes: _Shapes, row: Int, x: Float, y: Float) -> NDArray[np.bool_]:
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
