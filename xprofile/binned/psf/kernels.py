"""Shares of the photons of one pixel that land in the pixels round it, by their offsets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid
from .outlines import outline_shares
from .photons import CORE, near_shares, pixel_sides
from .point_spread import PointSpread
from .subpixels import separations, subpixels, zones

__all__ = ["Window", "kernel", "offset_angles"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


@dataclass(frozen=True)
class Window:
    """Offsets of pixels, from -x to x and from -y to y."""

    x: int
    y: int

    @property
    def offsets(self) -> tuple[Float, Float]:
        """Offsets of the columns (1, nx) and rows (ny, 1)."""
        x, y = (np.arange(-size, size + 1.0) for size in (self.x, self.y))
        return x[None], y[:, None]


def offset_angles(grid: PixelGrid, x: Float, y: Float, dx: Float, dy: Float) -> Float:
    """Angles in rad between pixel positions and others at offsets; all four broadcast."""
    center, vectors = grid.vectors(x, y), grid.vectors(x + dx, y + dy)
    return separations(center, vectors)


def kernel(grid: PixelGrid, spread: PointSpread, x: float, y: float, window: Window) -> Float:
    """Shares of the photons of a pixel that land in the pixels round it.

    Parameters
    ----------
    grid : PixelGrid
        The pixels of the map.
    spread : PointSpread
        With one position.
    x, y : float
        Pixel numbers of the pixel, which need not be on the map, but on the sky.
    window : Window
        Offsets that are wanted.

    Returns
    -------
    numpy.ndarray
        Shares (nenergy, 2 * window.y + 1, 2 * window.x + 1); 0 off the sky.
    """
    column, row = np.full((1, 1), x), np.full((1, 1), y)
    center = grid.vectors(column, row)[:, 0]
    width, height = (float(side[0, 0]) for side in pixel_sides(grid, column, row))
    core = CORE * max(width, height)
    dx, dy = window.offsets
    angle = offset_angles(grid, column, row, dx, dy)
    found = np.zeros((spread.nenergy, *angle.shape))
    turn = grid.whole_turn
    twice = bool(turn) and dx.size > turn  # the last column is the first one, a turn away
    followed = not spread.is_smooth(width, height)
    if followed:
        near = angle <= core
        found = _near(grid, spread, (center[:, 0], x, y), (width, height), window, near)
        found[:, ~near] = 0.0
    if twice:
        angle[:, -1] = np.inf
    for order, wanted in zones(angle, core, float(spread.reach.max()), followed, spread.ends):
        found[:, wanted] = _sums(grid, spread, (center, x, y), window, wanted, order)
    return found


def _near(
    grid: PixelGrid,
    spread: PointSpread,
    place: tuple[Float, float, float],
    sides: tuple[float, float],
    window: Window,
    near: NDArray[np.bool_],
) -> Float:
    """Shares (nenergy, ...) of the photons of a pixel for the offsets of a window, if near."""
    vector, x, y = place
    half = [
        int(np.abs(np.flatnonzero(near.any(axis=axis)) - size).max())
        for axis, size in ((0, window.x), (1, window.y))
    ]
    if not grid.separable or 2 * half[0] + 1 <= grid.full_turn:
        middle = np.array([x]), np.array([y])
        box, known = outline_shares(grid, spread, vector[:, None], middle, (half[0], half[1]))
        rows = slice(window.y - half[1], window.y + half[1] + 1)
        columns = slice(window.x - half[0], window.x + half[0] + 1)
        if (known[0] | ~near[rows, columns]).all():
            found = np.zeros((spread.nenergy, *near.shape))
            found[:, rows, columns] = box[:, 0]
            return found
    turn, size = grid.whole_turn, near.shape[1]

    def find(at_x: Float, at_y: Float) -> Int:
        i, j = at_x - x + window.x, at_y - y + window.y
        if turn and size >= turn:
            i = i % turn
        inside = (i >= 0) & (i <= 2 * window.x) & (j >= 0) & (j <= 2 * window.y)
        return np.where(inside, j * size + i, -1.0).astype(np.intp)

    targets, shares = near_shares(grid, spread, (vector, x), sides, find, near.size)
    followed = np.zeros((spread.nenergy, near.size))
    followed[:, targets] = shares
    return followed.reshape(-1, *near.shape)


def _sums(
    grid: PixelGrid,
    spread: PointSpread,
    place: tuple[Float, float, float],
    window: Window,
    wanted: NDArray[np.bool_],
    order: int,
) -> Float:
    """Sums over positions in the wanted pixels of a window, (nenergy, n)."""
    (center, x, y), (dx, dy) = place, window.offsets
    rows, columns = (np.flatnonzero(wanted.any(axis=axis)) for axis in (1, 0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    inside = wanted[box]
    total = np.zeros((spread.nenergy, int(inside.sum())))
    at_x, at_y = x + dx[:, box[1]], y + dy[box[0]]
    if 2 * total.shape[1] < inside.size:  # a thin ring
        row, column = np.nonzero(inside)
        at_x, at_y, inside = at_x[0, column], at_y[row, 0], np.ones(row.size, dtype=bool)
    center = center.reshape(3, *(1,) * inside.ndim)
    for area, vectors in subpixels(grid, at_x, at_y, order, even=True):
        separation = separations(center, vectors)[inside]
        total += np.broadcast_to(area, inside.shape)[inside] * spread.density_at(separation)
    return total
