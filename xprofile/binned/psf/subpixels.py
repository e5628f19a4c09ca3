"""Positions in a pixel whose weighted sum is an integral over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid
from .point_spread import PointSpread

__all__ = ["CELL_ZONES", "gauss_points", "separations", "subpixels", "sum_over_subpixels", "zones"]

Float = NDArray[np.float64]

# Distances, in cores, up to which 3 x 3 and 2 x 2 positions of a pixel are summed over. A density
# that falls like the fourth power of the angle is then integrated to 2e-4. At a tenth, the cores
# themselves would be too small; ten times larger would take twice as long.
_ZONES = ((3, 2.5), (2, np.inf))

# The same for cells of HEALPix, whose sums over pairs take the place of kernels. Beyond 10 cores,
# 30 cells away, their centres are right to 1e-3; at a tenth, such densities would be 10 % off.
CELL_ZONES = ((3, 2.5), (2, 10.0), (1, np.inf))


# Positions along a side of pixels in which the density drops to 0, and how near their centres are
# to that angle, in cores: half a diagonal is 0.28. Shares there are then right to a few per cent
# each, and sums over a bin to 0.5 %. Ten times more would take 100 times as long; with a tenth,
# small shares are off by 5 %.
_AT_END, _NEAR_END = 5, 0.3


def zones(
    angle: Float,
    core: Float | float,
    reach: float,
    followed: NDArray[np.bool_] | bool = True,
    ends: Sequence[float] = (),
    orders: Sequence[tuple[int, float]] = _ZONES,
) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yield orders of sums over pixels, and where they are used within reach.

    Parameters
    ----------
    angle : numpy.ndarray
        Angles in rad from places to pixels.
    core : numpy.ndarray or float
        Angles of the cores of the places.
    reach : float
        Angle of the farthest photons.
    followed : numpy.ndarray of bool or bool
        Whether photons in the core are followed one by one, so that no sum is used there.
    ends : sequence of float
        Angles at which the density drops to 0.
    orders : sequence of tuple
        Number of positions along a side of a pixel, and cores up to which there are so many.
    """
    start = np.where(followed, core, -1.0)
    at_end = np.zeros(angle.shape, dtype=bool)
    for end in ends:
        at_end |= np.abs(angle - end) <= core * _NEAR_END
    at_end &= angle > start
    if at_end.any():
        yield _AT_END, at_end
        angle = np.where(at_end, np.inf, angle)
    for order, ratio in orders:
        stop = np.minimum(core * ratio, reach + core)
        wanted = (angle > start) & (angle <= stop)
        if wanted.any():
            yield order, wanted
        start = np.maximum(start, core * ratio)


@lru_cache(maxsize=64)  # a technical size
def gauss_points(order: int) -> tuple[Float, Float]:
    """Positions from -1 to 1, and weights, that integrate polynomials (Gauss-Legendre)."""
    return np.polynomial.legendre.leggauss(order)


def separations(first: Float, second: Float) -> Float:
    """Angles in rad between unit vectors (3, ...) that broadcast, exact also where small."""
    chord = np.sqrt(sum((b - a) ** 2 for a, b in zip(first, second, strict=True)))
    return np.asarray(2 * np.arcsin(np.minimum(chord / 2, 1.0)))


def sum_over_subpixels(
    grid: PixelGrid,
    spread: PointSpread,
    place: tuple[Float, float, float],
    offsets: tuple[Float, Float],
    order: int,
) -> Float:
    """Sum the density round a place over positions in pixels, (nenergy, npixel).

    Parameters
    ----------
    grid : PixelGrid
        The pixels of a map, whose scale hardly changes within one.
    spread : PointSpread
        With one position.
    place : tuple
        Unit vector (3, 1) of the place, and its pixel numbers x and y.
    offsets : tuple of numpy.ndarray
        Offsets x and y (npixel,) of the pixels, whole numbers.
    order : int
        Number of positions along a side of a pixel.
    """
    (center, x, y), (dx, dy) = place, offsets
    if grid.separable:
        angle, area = _separable_subpixels(grid, y, dx, dy, order)
    else:
        area, vectors = subpixels(grid, x + dx, y + dy, order, even=True)
        angle = separations(center[..., None], vectors)
    return spread.sum_density(angle, area)


def _separable_subpixels(
    grid: PixelGrid, y: float, dx: Float, dy: Float, order: int
) -> tuple[Float, Float]:
    """Angles in rad and solid angles in sr of parts of pixels, (npixel, order**2).

    Of a separable grid, by haversines, which rows and columns have in common.
    """
    points, weights = gauss_points(order)
    (columns, i), (rows, j) = (np.unique(d, return_inverse=True) for d in (dx, dy))
    lon = np.radians(grid.steps[0]) * (columns[:, None] + points / 2)
    lat0, lat = (
        np.radians(grid.linear_coordinate(1, np.asarray(at)))
        for at in (y, y + rows[:, None] + points / 2)
    )
    across = np.sin(lon / 2) ** 2
    along, cosine = np.sin((lat - lat0) / 2) ** 2, np.cos(lat)
    cosine = np.where(np.abs(lat) > np.pi / 2, 0.0, cosine)  # off the sky
    i, j = i.reshape(-1), j.reshape(-1)
    square = along[j][:, None] + (np.cos(lat0) * cosine)[j][:, None] * across[i][..., None]
    angle = 2 * np.arcsin(np.sqrt(np.minimum(square, 1.0)))
    area = np.radians(grid.steps).prod() / 4 * weights * cosine
    area = area[j][:, None] * weights[:, None]
    shape = dx.size, order**2
    return angle.reshape(shape), np.broadcast_to(area, angle.shape).reshape(shape)


def subpixels(
    grid: PixelGrid, x: Float, y: Float, order: int, *, even: bool = False
) -> tuple[Float, Float]:
    """Return parts of each pixel: solid angles in sr, and unit vectors.

    A sum over them is the integral over the pixel, for polynomials of degree 2 `order` - 1. Parts
    that are off the sky have 0.

    Parameters
    ----------
    grid : PixelGrid
        The pixels of a map.
    x, y : numpy.ndarray
        Pixel numbers (npixel,).
    order : int
        Number of positions along a side of a pixel.
    even : bool
        Whether the scale of the map hardly changes within a pixel.

    Returns
    -------
    areas : numpy.ndarray
        Solid angles (npixel, order**2).
    vectors : numpy.ndarray
        Unit vectors (3, npixel, order**2).
    """
    points, weights = gauss_points(order)
    whole = grid.solid_angle(x, y)[:, None] if even and not grid.separable else None
    x = x[:, None] + np.repeat(points, order) / 2
    y = y[:, None] + np.tile(points, order) / 2
    vectors, part = grid.vectors(x, y), np.multiply.outer(weights, weights).ravel() / 4
    area = part * (_local_area(grid, x, y) if whole is None else whole)
    known = np.isfinite(area) & np.isfinite(vectors[2])
    return np.where(known, area, 0.0), np.where(known, vectors, 0.0)


def _local_area(grid: PixelGrid, x: Float, y: Float) -> Float:
    """Solid angle per pixel at positions, from derivatives; NaN off the sky."""
    if grid.separable:
        return np.asarray(np.radians(grid.steps).prod() * np.cos(np.radians(grid.lonlat(x, y)[1])))
    step = 1e-3  # of a pixel: a technical choice, for the scale hardly changes within it
    along_x = grid.vectors(x + step, y) - grid.vectors(x - step, y)
    along_y = grid.vectors(x, y + step) - grid.vectors(x, y - step)
    return np.asarray(np.linalg.norm(np.cross(along_x, along_y, axis=0), axis=0) / (2 * step) ** 2)
