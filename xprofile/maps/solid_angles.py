"""Solid angles of pixels: between parallels, on the tangent plane, or of any four corners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .arrays import take_pixels
from .sphere import quadrilateral_solid_angle
from .tangent_plane import TangentPlane

__all__ = ["Pixels", "block_solid_angles", "pixel_solid_angles"]

Float = NDArray[np.float64]

# Half the distance, in pixels, between the points of a numerical derivative. Measured errors of the
# solid angle are below 2e-9 here. Ten times larger they are 2e-7, and more pixels at the border of
# the sky get 0, as a point of their derivative is off the sky; at 1e-5, rounding reaches 1e-8.
_DERIVATIVE_STEP = 1e-3


class Pixels(Protocol):
    """The part of `PixelGrid` that solid angles need."""

    @property
    def separable(self) -> bool:
        """Whether longitude is linear in x alone and latitude in y alone."""

    @property
    def steps(self) -> Float:
        """Width and height of a pixel in degrees; separable grids only."""

    @property
    def tangent_plane(self) -> TangentPlane | None:
        """Plane of a gnomonic projection."""

    def linear_coordinate(self, axis: int, pixel: Float) -> Float:
        """Longitude or latitude in degrees, also beyond the poles; separable grids only."""

    def vectors(self, x: Float, y: Float) -> Float:
        """Unit vectors (3, ...) of pixel positions."""


def pixel_solid_angles(grid: Pixels, x: Float, y: Float) -> Float:
    """Solid angles in sr of pixels at positions that broadcast; see `PixelGrid.solid_angle`."""
    if grid.separable:
        return _between_parallels(grid, x, y)
    axes = _rectangular_axes(grid)
    if axes is not None:
        columns, rows = ([e - 0.5, e + 0.5] for e in (x, y))
        return _rectangles(*([_from_touching_point(axes, c, r) for c in columns] for r in rows))
    corners = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    area = quadrilateral_solid_angle(*(grid.vectors(x + dx, y + dy) for dx, dy in corners))
    return _fill_at_border(grid, area, *np.broadcast_arrays(x, y))


def block_solid_angles(grid: Pixels, x: Float, y: Float, inside: NDArray[np.intp]) -> Float:
    """Solid angles in sr of some pixels of a block; see `PixelGrid.solid_angles`.

    Where the block is most of a contiguous range, neighbours share the work for their corners.
    """
    if grid.separable:
        area = np.broadcast_to(_between_parallels(grid, x[:1], y[:, None]), (y.size, x.size))
        return take_pixels(area, inside)
    contiguous = x[-1] - x[0] + 1 == x.size and y[-1] - y[0] + 1 == y.size
    if not contiguous or 2 * inside.size < x.size * y.size:
        row, column = np.divmod(inside, x.size)
        return pixel_solid_angles(grid, x[column], y[row])
    corners = np.append(x, x[-1] + 1) - 0.5, np.append(y, y[-1] + 1)[:, None] - 0.5
    axes = _rectangular_axes(grid)
    if axes is not None:
        signed = _from_touching_point(axes, *corners)
        left, right = signed[:, :-1], signed[:, 1:]
        area = _rectangles((left[:-1], right[:-1]), (left[1:], right[1:]))
        return take_pixels(area, inside)
    vectors = grid.vectors(*corners)
    left, right = vectors[..., :-1], vectors[..., 1:]
    area = quadrilateral_solid_angle(left[:, :-1], right[:, :-1], right[:, 1:], left[:, 1:])
    row, column = np.divmod(inside, x.size)
    return _fill_at_border(grid, take_pixels(area, inside), x[column], y[row])


def _between_parallels(grid: Pixels, x: Float, y: Float) -> Float:
    """Solid angles of pixels between two meridians and two parallels."""
    step, centre = np.radians(grid.steps), np.radians(grid.linear_coordinate(1, y))
    edges = (np.clip(centre + s * step[1] / 2, -np.pi / 2, np.pi / 2) for s in (-1, 1))
    lower, upper = (np.sin(edge) for edge in edges)
    return np.asarray(step[0] * (upper - lower) * np.ones_like(x))


def _rectangular_axes(grid: Pixels) -> tuple[Float, Float] | None:
    """`TangentPlane.rectangular_axes` of a grid, None without a tangent plane."""
    return None if grid.tangent_plane is None else grid.tangent_plane.rectangular_axes


def _from_touching_point(axes: tuple[Float, Float], x: Float, y: Float) -> Float:
    """Signed solid angle of the rectangle between the touching point and each pixel position.

    The rectangle lies on the tangent plane, with sides along the pixel axes.
    """
    x, y = (start + size * e for size, start, e in zip(*axes, (x, y), strict=True))
    return np.asarray(np.arctan2(x * y, np.sqrt(1 + x**2 + y**2)))


def _rectangles(lower: Sequence[Float], upper: Sequence[Float]) -> Float:
    """Solid angles of rectangles, from `_from_touching_point` at (left, right) of both sides."""
    return np.asarray(np.abs((upper[1] - upper[0]) - (lower[1] - lower[0])))


def _fill_at_border(grid: Pixels, area: Float, x: Float, y: Float) -> Float:
    """Replace the NaN of pixels that have a corner off the sky."""
    lost = ~np.isfinite(area)
    if lost.any():
        area[lost] = _local_solid_angles(grid, x[lost], y[lost])
    return area


def _local_solid_angles(grid: Pixels, x: Float, y: Float) -> Float:
    """Solid angles from the derivatives at the pixel centres, 0 off the sky."""
    eps = _DERIVATIVE_STEP
    ex = (grid.vectors(x + eps, y) - grid.vectors(x - eps, y)) / (2 * eps)
    ey = (grid.vectors(x, y + eps) - grid.vectors(x, y - eps)) / (2 * eps)
    return np.asarray(np.nan_to_num(np.linalg.norm(np.cross(ex, ey, axis=0), axis=0)))
