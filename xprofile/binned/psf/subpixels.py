"""Positions in a pixel whose weighted sum is an integral over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid

__all__ = ["separations", "subpixels", "zones"]

Float = NDArray[np.float64]

# Distances, in cores, up to which 3 x 3 and 2 x 2 positions of a pixel are summed over. A density
# that falls like the fourth power of the angle is then integrated to 2e-4. At a tenth, the cores
# themselves would be too small; ten times larger would take twice as long.
_ZONES = ((3, 2.5), (2, np.inf))


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
    """
    start = np.where(followed, core, -1.0)
    at_end = np.zeros(angle.shape, dtype=bool)
    for end in ends:
        at_end |= np.abs(angle - end) <= core * _NEAR_END
    at_end &= angle > start
    if at_end.any():
        yield _AT_END, at_end
        angle = np.where(at_end, np.inf, angle)
    for order, ratio in _ZONES:
        stop = np.minimum(core * ratio, reach + core)
        wanted = (angle > start) & (angle <= stop)
        if wanted.any():
            yield order, wanted
        start = np.maximum(start, core * ratio)


def separations(first: Float, second: Float) -> Float:
    """Angles in rad between unit vectors (3, ...) that broadcast, exact also where small."""
    chord = np.sqrt(sum((b - a) ** 2 for a, b in zip(first, second, strict=True)))
    return np.asarray(2 * np.arcsin(np.minimum(chord / 2, 1.0)))


def subpixels(
    grid: PixelGrid, x: Float, y: Float, order: int, *, even: bool = False
) -> Iterator[tuple[Float, Float]]:
    """Yield parts of each pixel: solid angles (...) in sr, and unit vectors (3, ...).

    A sum over them is the integral over the pixel, for polynomials of degree 2 `order` - 1. Parts
    that are off the sky have 0.

    Parameters
    ----------
    grid : PixelGrid
        The pixels of a map.
    x, y : numpy.ndarray
        Pixel numbers, which broadcast.
    order : int
        Number of positions along a side of a pixel.
    even : bool
        Whether the scale of the map hardly changes within a pixel.
    """
    points, weights = np.polynomial.legendre.leggauss(order)
    whole = grid.solid_angle(x, y) if even and not grid.separable else None
    for dx, a in zip(points / 2, weights / 2, strict=True):
        for dy, b in zip(points / 2, weights / 2, strict=True):
            vectors = grid.vectors(x + dx, y + dy)
            area = a * b * (_local_area(grid, x + dx, y + dy) if whole is None else whole)
            known = np.isfinite(area) & np.isfinite(vectors[2])
            yield np.where(known, area, 0.0), np.where(known, vectors, 0.0)


def _local_area(grid: PixelGrid, x: Float, y: Float) -> Float:
    """Solid angle per pixel at positions, from derivatives; NaN off the sky."""
    if grid.separable:
        return np.asarray(np.radians(grid.steps).prod() * np.cos(np.radians(grid.lonlat(x, y)[1])))
    step = 1e-3  # of a pixel: a technical choice, for the scale hardly changes within it
    along_x = grid.vectors(x + step, y) - grid.vectors(x - step, y)
    along_y = grid.vectors(x, y + step) - grid.vectors(x, y - step)
    return np.asarray(np.linalg.norm(np.cross(along_x, along_y, axis=0), axis=0) / (2 * step) ** 2)
