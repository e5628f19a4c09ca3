"""Solid angles in sr of boxes, rings, ellipses, rectangles and polygons on the sphere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...maps.sphere import dot

__all__ = [
    "band_widths",
    "ellipse_solid_angle",
    "polygon_solid_angle",
    "rectangle_solid_angle",
    "ring_solid_angles",
]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Points of the quadrature over an ellipse. The integrand is entire and periodic, so the error falls
# faster than any power: for a half axis of 180 deg it is 1e-4 with 8 points, 1e-9 with 16, and
# that of rounding with 32.
_ELLIPSE_POINTS = 64

# Number of sides up to which each is compared with all, and length in median sides above which one
# is always; they affect speed alone.
_FEW_SIDES = 300
_LONG_SIDE = 4

# Radians within which neighbouring corners of a polygon are one corner: above rounding (1e-16), so
# that rounding does not make tiny sides cross others. If it were ten times larger, solid angles
# would still be right to 1e-16 sr.
_SAME_CORNER = 1e-9


def band_widths(lat: Float) -> Float:
    """Differences of the sines of latitudes in degrees, (n - 1,), without loss for narrow bands."""
    lat = np.radians(np.clip(lat, -90, 90))
    return np.asarray(2 * np.cos((lat[1:] + lat[:-1]) / 2) * np.sin(np.diff(lat) / 2))


def ring_solid_angles(radii: Float) -> Float:
    """Solid angles between circles of radii in degrees, (n - 1,), without loss for thin rings."""
    radii = np.radians(radii)
    half_sum, half_step = (radii[1:] + radii[:-1]) / 2, np.diff(radii) / 2
    return np.asarray(4 * np.pi * np.sin(half_sum) * np.sin(half_step))


def ellipse_solid_angle(half: float, ratio: float) -> float:
    """Solid angle of an ellipse with a half axis in degrees, and the ratio of the other one to it.

    Its boundary is at a distance of half / sqrt(cos^2 phi + sin^2 phi / ratio^2) at an angle phi
    from the first axis. With tan phi = ratio tan t, the integral of 1 - cos(distance) over phi
    becomes one of an entire function of t.
    """
    t = 2 * np.pi * np.arange(_ELLIPSE_POINTS) / _ELLIPSE_POINTS
    distance = np.radians(half) * np.hypot(np.cos(t), ratio * np.sin(t))
    mean = np.mean(np.sinc(distance / (2 * np.pi)) ** 2)
    return float(np.pi * ratio * np.radians(half) ** 2 * mean)


def rectangle_solid_angle(width: float, height: float) -> float:
    """Solid angle of a rectangle with full extents in degrees through its centre.

    Its sides are meridians and parallels of axes along the width and the height. NaN if it is
    wider than 360 deg or higher than 180 deg.
    """
    if width > 360 or height > 180:
        return np.nan
    return float(2 * np.radians(width) * np.sin(np.radians(height) / 2))


def polygon_solid_angle(corners: Float) -> float:
    """Solid angle of a polygon between great circles of less than 180 deg; NaN if sides cross.

    The polygon is the smaller of the two parts of the sphere that its sides separate.

    Parameters
    ----------
    corners : numpy.ndarray
        Unit vectors, (3, ncorner), without the first one again at the end.
    """
    steps = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=0)
    corners = corners[:, steps > _SAME_CORNER]
    after = np.roll(corners, -1, axis=1)
    if corners.shape[1] < 3 or _sides_cross(corners, after):
        return np.nan
    first = corners[:, 0]
    # triangles from the first corner, as in xprofile.maps.sphere but with their signs
    triple = first @ np.cross(corners, after, axis=0)
    denominator = 1 + first @ corners + dot(corners, after) + first @ after
    area = abs(float(np.sum(2 * np.arctan2(triple, denominator)))) % (4 * np.pi)
    return min(area, 4 * np.pi - area)


def _sides_cross(start: Float, stop: Float) -> bool:
    """Whether any two sides of a polygon may cross, given by their ends (3, n).

    In polygons that do not fit into a hemisphere, sides on opposite sides of the sky count, too.
    """
    poles = np.cross(start, stop, axis=0)
    for one, other in _close_sides(start, stop):
        apart = np.ones(one.size, bool)  # the ends of each side are on both sides of the other
        for i, j in ((one, other), (other, one)):
            apart &= dot(poles[:, i], start[:, j]) * dot(poles[:, i], stop[:, j]) < 0
        gap = np.abs(one - other)
        if np.any(apart & (gap > 1) & (gap < start.shape[1] - 1)):  # neighbours share a corner
            return True
    return False


def _close_sides(start: Float, stop: Float) -> Iterator[tuple[Int, Int]]:
    """Yield pairs of sides that may cross, or cross the side opposite on the sky."""
    number = start.shape[1]
    length = np.linalg.norm(stop - start, axis=0)
    long = length > _LONG_SIDE * np.median(length)
    for i in np.flatnonzero(long) if number > _FEW_SIDES else range(number):
        yield np.full(number, i), np.arange(number)
    if number <= _FEW_SIDES:
        return
    from scipy.spatial import cKDTree

    short = np.flatnonzero(~long)
    middle = (start + stop)[:, short].T
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    reach, tree = length[short].max() * (1 + 1e-9), cKDTree(middle)
    for points in (middle, -middle):
        for first in range(0, short.size, _FEW_SIDES):
            near = tree.query_ball_point(points[first : first + _FEW_SIDES], reach)
            sizes = [len(found) for found in near]
            one = np.repeat(short[first : first + _FEW_SIDES], sizes)
            yield one, short[np.concatenate([np.asarray(n, np.intp) for n in near])]
