"""Shares of the photons of one pixel that land in the pixels round it, by their offsets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid
from .outlines import outline_shares
from .photons import CORE, near_shares, pixel_sides
from .point_spread import PointSpread
from .subpixels import separations, sum_over_subpixels, zones

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
    core, followed = CORE * max(width, height), not spread.is_smooth(width, height)
    dx, dy = window.offsets
    first = window.x if grid.separable else 0  # the first half of the columns is a mirror image
    dx = dx[:, first:]
    angle = offset_angles(grid, column, row, dx, dy)
    near = _mirrored(angle, first) <= core
    turn = grid.whole_turn
    twice = bool(turn) and 2 * window.x + 1 > turn  # the last column is the first one, a turn away
    found = np.zeros((spread.nenergy, angle.size))
    for order, wanted in zones(angle, core, float(spread.reach.max()), followed, spread.ends):
        some = np.flatnonzero(wanted)
        j, i = np.divmod(some, dx.size)
        pixels = dx[0, i], dy[j, 0]
        found[:, some] = sum_over_subpixels(grid, spread, (center, x, y), pixels, order)
    found = _mirrored(found.reshape(-1, *angle.shape), first)
    if twice:
        found[..., -1] = 0.0
    if followed:
        exact = _near(grid, spread, (center[:, 0], x, y), (width, height), window, near)
        found.reshape(len(found), -1)[:, np.flatnonzero(near)] = exact
    return found


def _mirrored(values: Float, first: int) -> Float:
    """Put the mirror image of columns before them, unless `first` is 0."""
    return np.concatenate([values[..., :0:-1], values], axis=-1) if first else values


def _near(
    grid: PixelGrid,
    spread: PointSpread,
    place: tuple[Float, float, float],
    sides: tuple[float, float],
    window: Window,
    near: NDArray[np.bool_],
) -> Float:
    """Shares (nenergy, n) of the photons of a pixel for the offsets of a window that are near."""
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
            return box[:, 0, near[rows, columns]]
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
    return followed[:, near.ravel()]
