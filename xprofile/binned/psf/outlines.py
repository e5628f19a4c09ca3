"""Shares of the photons of a place that land in the pixels round it, by integrals along outlines.

The share in an area is the integral of the share within a radius over the position angle along the
outline of the area. Neighbours have a side in common, so no photon is lost or counted twice, for
any point spread function, also one that is much narrower than a pixel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid
from ...maps.sphere import dot
from .photons import local_axes
from .point_spread import PointSpread
from .subpixels import gauss_points

__all__ = ["LARGEST_BEND", "bends", "on_plane", "outline_shares", "turned_shares"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Fewest and most positions along a part of a side, and how many more there are for each unit of
# half its length, in logarithms of the distance. Shares are then right to 1e-5. With half of them,
# to 1e-3; with ten times as many, the integrals take ten times as long.
_FEWEST, _MOST, _PER_UNIT = 4, 32, 3.0

# Largest distance between a side and a great circle, in parts of its length; sides that bend more
# are divided. Shares in neighbours are wrong by as much as that. Ten times larger, by 0.2 %; ten
# times smaller, most maps would need three times as many sides.
LARGEST_BEND = 2e-4

# Most parts of a side. Ten times fewer would be too coarse next to poles; ten times more would
# change shares by less than 1e-4.
_MOST_PARTS = 10

# Smallest cosine of the angle from a place to a corner: 60 deg. Lines on the plane of the great
# circles become long beyond; at 0 there is no plane, and at 0.9 coarse maps would have none.
_NEAREST = 0.5

# Distance of a side from the place, in parts of its length, below which it goes through the place.
# Half of the photons are then on each side of it. Ten times more or less changes nothing.
_THROUGH = 1e-9


def outline_shares(
    grid: PixelGrid,
    spread: PointSpread,
    vectors: Float,
    pixels: tuple[Float, Float],
    half: tuple[int, int],
) -> tuple[Float, NDArray[np.bool_]]:
    """Integrate the point spread function over the pixels of boxes.

    Parameters
    ----------
    grid : PixelGrid
        The pixels of a map.
    spread : PointSpread
        With one position.
    vectors : numpy.ndarray
        Unit vectors (3, nplace) of the places.
    pixels : tuple of numpy.ndarray
        Pixel numbers x and y (nplace,) in the middle of each box.
    half : tuple of int
        Number of columns and of rows on each side of the middle.

    Returns
    -------
    shares : numpy.ndarray
        Shares of the photons (nenergy, nplace, 2 * rows + 1, 2 * columns + 1).
    known : numpy.ndarray of bool
        Whether a pixel has its whole outline on the sky, with the same shape without nenergy. The
        shares of others are wrong.
    """
    axes = np.moveaxis(local_axes(vectors), -1, 0)  # (nplace, 3, 3)
    parts = _number_of_parts(grid, *pixels)
    lines = [np.arange(-n - 0.5, n + 1) for n in half]
    fine = [np.linspace(-n - 0.5, n + 0.5, (2 * n + 1) * parts + 1) for n in half]
    found: list[Float] = []
    complete: list[NDArray[np.bool_]] = []
    for along_x, (dx, dy) in ((True, (fine[0], lines[1])), (False, (lines[0], fine[1]))):
        x, y = pixels[0][:, None, None] + dx, pixels[1][:, None, None] + dy[:, None]
        plane, known = on_plane(axes, grid.vectors(x, y))
        if not grid.separable:
            known = np.asarray(known & grid.canonical(x, y))
        plane = np.where(known, plane, 1.0)
        if not along_x:
            plane, known = np.swapaxes(plane, -1, -2), np.swapaxes(known, -1, -2)
        sides = turned_shares(spread, plane[..., :-1], plane[..., 1:])
        sides = sides.reshape(*sides.shape[:-1], -1, parts).sum(axis=-1)
        both = known[..., :-1] & known[..., 1:]
        whole = np.asarray(both.reshape(*both.shape[:-1], -1, parts).all(axis=-1))
        found.append(sides if along_x else sides.swapaxes(-1, -2))
        complete.append(whole if along_x else whole.swapaxes(-1, -2))
    (below, left), (row, column) = found, complete
    shares = below[..., :-1, :] - below[..., 1:, :] + left[..., 1:] - left[..., :-1]
    return np.abs(shares), row[:, :-1] & row[:, 1:] & column[..., 1:] & column[..., :-1]


def _number_of_parts(grid: PixelGrid, x: Float, y: Float) -> int:
    """Number of parts of sides that are nearly great circles, from sides of the middle pixels."""
    if grid.tangent_plane is not None:
        return 1
    most = float(bends(grid, x, y).max(initial=0.0))
    return int(np.clip(np.ceil(np.sqrt(most / LARGEST_BEND)), 1, _MOST_PARTS))


def bends(grid: PixelGrid, x: Float, y: Float) -> Float:
    """Largest distance (n,) from a side of a pixel to a great circle, in parts of its length."""
    step = np.array([-0.5, 0.0, 0.5])[:, None]
    half = np.full((3, 1), 0.5)
    bend = np.zeros(np.shape(x))
    for dx, dy in ((step, -half), (step, half), (-half, step), (half, step)):
        first, middle, last = np.moveaxis(grid.vectors(x + dx, y + dy), 1, 0)
        chord, along = first + last, last - first
        off = middle - chord / np.sqrt(dot(chord, chord))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.sqrt(dot(off, off) / dot(along, along))
        bend = np.fmax(bend, np.where(dot(along, along) > 1e-24, ratio, 0.0))
    return bend


def on_plane(axes: Float, vectors: Float) -> tuple[Float, NDArray[np.bool_]]:
    """Positions (2, nplace, ...) on planes that touch the sphere at places; whether they are."""
    local = np.einsum("pia,ap...->ip...", axes, vectors)
    with np.errstate(invalid="ignore"):
        near = local[2] > _NEAREST
    return local[:2] / np.where(near, local[2], 1.0), near


def turned_shares(spread: PointSpread, first: Float, last: Float) -> Float:
    """Integrals of the share within a radius along straight lines, (nenergy, ...).

    Over the position angle, in full turns. The logarithm of the distance, rather than the position
    on the line, goes in even steps, so that lines close to the place are right as well.
    """
    step = last - first
    length = np.maximum(np.hypot(*step), np.finfo(float).tiny)
    step = step / length
    across = first[0] * step[1] - first[1] * step[0]
    through = np.abs(across) <= _THROUGH * length
    distance = np.where(through, 1.0, np.abs(across))
    start, stop = (np.arcsinh((end * step).sum(axis=0) / distance) for end in (first, last))
    half, middle = (stop - start) / 2, (stop + start) / 2
    half = np.where(through, 0.0, half)
    number = int(np.clip(np.ceil(_FEWEST + _PER_UNIT * half.max(initial=0.0)), _FEWEST, _MOST))
    points, weights = gauss_points(number)
    stretch = np.cosh(middle[..., None] + half[..., None] * points)
    radius = np.arctan(distance[..., None] * stretch).reshape(-1, number)
    beyond = spread.sum_beyond(radius, (half[..., None] * weights / stretch).reshape(-1, number))
    turn = np.where(through, 0.0, np.arctan(np.sinh(stop)) - np.arctan(np.sinh(start)))
    total = spread.containment[0, :, -1]  # whose integral is exact
    inside = np.multiply.outer(total, turn) - beyond.reshape(-1, *turn.shape)
    return np.asarray(inside * np.sign(across) / (2 * np.pi))
