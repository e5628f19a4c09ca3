"""Places whose kernels serve the pixels round them.

A kernel over pixel offsets changes slowly from pixel to pixel. So it is calculated at the corners
of cells, and pixels take the mean of the four, weighted by how near they are. Cells are divided
until angles between pixels, too, are such means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid
from .kernels import Window, offset_angles
from .photons import ring_positions

__all__ = ["Lattice", "Limits"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Largest relative error of angles that are taken from kernels elsewhere, for densities that fall
# with the fourth power or less; it is inverse to steeper powers. Shares of photons are right to
# about as much: a third of it on the mean over a cell. Ten times larger, shares are off by 0.2 %;
# ten times smaller, there are three times as many kernels along each side.
_ERROR = 5e-4

# Largest relative change of angles from corner to corner of a cell, for the same densities. Means
# of kernels are then off by less than 1e-3. Ten times larger, by 10 %; ten times smaller, there are
# 10 times as many along each side.
_CHANGE = 0.03

# The power for which these are. A technical choice: that of King functions.
_POWER = 4.0

# Number of pixels in a cell that are faster to treat one by one than by four kernels: a few, and
# more where the reach has less pixels than a kernel costs at least. The most are for kernels that
# are small. Ten times larger or smaller changes the time, not the results.
_FEW, _KERNEL, _MOST_FEW = 4, 1250, 60

# Offsets at which angles are compared, in parts of the half axes of the window.
_TURN = np.arange(8) * np.pi / 4
_COMPARED = np.stack([np.cos(_TURN), np.sin(_TURN)])


@dataclass(frozen=True)
class Limits:
    """How far photons have to be followed: an angle in rad, and most columns and rows.

    Also the power with which their density falls; see `PointSpread.steepness`.
    """

    reach: float
    x: int
    y: int
    power: float = _POWER


@dataclass(frozen=True, eq=False)
class _Cell:
    """Pixels (n,) of sources between corners, whose pixel numbers are whole."""

    x: tuple[int, int]
    y: tuple[int, int]
    pixels: Int


@dataclass(frozen=True, eq=False)
class Lattice:
    """Choice of places for the pixels of sources.

    Parameters
    ----------
    grid : PixelGrid
        The pixels of the map.
    x, y : numpy.ndarray
        Pixel numbers (npixel,) of the sources.
    limits : Limits
        How far photons have to be followed.
    """

    grid: PixelGrid
    x: Float
    y: Float
    limits: Limits

    def window(self, x: float, y: float) -> Window:
        """Offsets from a pixel within the reach, and within the limits."""
        dx, dy = ring_positions(self.grid, x, y, self.limits.reach)
        sizes, inside = [], self.limits.reach <= np.pi / 2  # wider rings go round the other side
        for offset, most in ((dx, self.limits.x), (dy, self.limits.y)):
            far = np.abs(offset).max() if inside and np.isfinite(offset).all() else np.inf
            sizes.append(int(min(far + 2, most)))
        if self.grid.separable:
            half_turn = int(self.grid.full_turn // 2)
            if self._pole_within(y):
                sizes = [min(half_turn, self.limits.x), self.limits.y]
            sizes[0] = min(sizes[0], half_turn)
        return Window(*sizes)

    def _goes_round(self, x: tuple[int, int], y: tuple[int, int]) -> bool:
        """Whether photons go round the sky to columns that are not whole numbers of pixels away."""
        if not self.grid.separable or self.grid.whole_turn:
            return False
        far = max(self.window(x[0], row).x for row in y)
        return far + self.limits.x >= self.grid.full_turn - 2

    def _pole_within(self, y: float) -> bool:
        """Whether a pole of a separable grid is within the reach of a row."""
        lat = abs(float(self.grid.linear_coordinate(1, np.array([y]))[0]))
        return bool(90 - lat <= np.degrees(self.limits.reach) * (1 + 1e-9))

    def places(self) -> tuple[dict[tuple[int, int], tuple[Int, Float]], Int]:
        """Choose places, and pixels that have none.

        Returns
        -------
        places : dict
            For pixel numbers (x, y) of a place, the indices (n,) and weights (n,) of the pixels
            that it serves.
        others : numpy.ndarray of int
            Indices of pixels that are to be treated one by one.
        """
        found: dict[tuple[int, int], list[tuple[Int, Float]]] = {}
        others: list[Int] = []
        for cell in self._cells(others):
            for place, weight in self._weights(cell):
                kept = weight > 0
                if kept.any():
                    found.setdefault(place, []).append((cell.pixels[kept], weight[kept]))
        joined = {
            place: (np.concatenate([p for p, _ in parts]), np.concatenate([w for _, w in parts]))
            for place, parts in found.items()
        }
        return joined, np.concatenate([np.empty(0, np.intp), *others])

    def _cells(self, others: list[Int]) -> Iterator[_Cell]:
        """Divide the pixels into cells that are good enough; add those left over to `others`."""
        waiting = [np.arange(self.x.size)]
        while waiting:
            pixels = waiting.pop()
            x, y = _ends(self.x[pixels]), _ends(self.y[pixels])
            round_sky = self._goes_round(x, y)
            few = pixels.size <= self._few and not self.grid.separable
            if few or (round_sky and y[0] == y[1]):
                others.append(pixels)
            elif round_sky:
                waiting.extend(self._halves(x, y, pixels))
            elif self._even(x, y):
                yield _Cell((sum(x) // 2,) * 2, (sum(y) // 2,) * 2, pixels)
            elif self._good(x, y):
                yield _Cell(x, y, pixels)
            elif x[0] == x[1] and y[0] == y[1]:  # one pixel of several bins, at the rim of the sky
                others.append(pixels)
            else:
                waiting.extend(self._halves(x, y, pixels))

    @property
    def _few(self) -> float:
        """Number of pixels that are faster to treat one by one than as a cell."""
        inside = np.pi * (self.limits.reach / np.radians(self.grid.pixel_size)) ** 2
        return float(min(_FEW * (1 + _KERNEL / max(inside, 1.0)), _MOST_FEW))

    @property
    def _strictness(self) -> float:
        """Factor of the errors that are allowed."""
        return min(_POWER / max(self.limits.power, _POWER), 1.0)

    def _halves(self, x: tuple[int, int], y: tuple[int, int], pixels: Int) -> list[Int]:
        """Divide pixels along the longer side, or along y on a separable grid."""
        along_x = not self.grid.separable and x[1] - x[0] > y[1] - y[0]
        values, ends = (self.x, x) if along_x else (self.y, y)
        lower = values[pixels] <= sum(ends) // 2
        return [pixels[lower], pixels[~lower]]

    def _weights(self, cell: _Cell) -> Iterator[tuple[tuple[int, int], Float]]:
        """Corners of a cell with the weights of its pixels."""
        axes = []
        for values, (first, last) in ((self.x, cell.x), (self.y, cell.y)):
            if first == last or (values is self.x and self.grid.separable):
                axes.append([(first, np.ones(cell.pixels.size))])
                continue
            part = (values[cell.pixels] - first) / (last - first)
            axes.append([(first, 1 - part), (last, part)])
        for column, a in axes[0]:
            for row, b in axes[1]:
                yield (column, row), a * b

    def _even(self, x: tuple[int, int], y: tuple[int, int]) -> bool:
        """Whether the kernel of its middle serves a whole cell."""
        columns, rows = ([e[0], sum(e) // 2, e[1]] for e in (x, y))
        angles = self._angles(np.repeat(columns, 3), np.tile(rows, 3))
        if x[0] == x[1] and (y[0] == y[1]):
            return bool(np.isfinite(angles).all())
        most = _ERROR if self.grid.separable else _ERROR * self._strictness  # off along x alone
        return bool((np.abs(angles / angles[:, [4]] - 1) < most).all())

    def _good(self, x: tuple[int, int], y: tuple[int, int]) -> bool:
        """Whether means of the kernels of its corners serve a cell."""
        if self.grid.separable and y[1] - y[0] <= 1:
            return True
        corners = self._angles(np.repeat(x, 2), np.tile(y, 2))  # (noffset, 4)
        if not (np.ptp(corners, axis=1) < _CHANGE * corners.min(axis=1) * self._strictness).all():
            return False
        part = np.array([[0.5, 0.0, 1.0, 0.5, 0.5], [0.5, 0.5, 0.5, 0.0, 1.0]])
        width, height = x[1] - x[0], y[1] - y[0]
        a, b = np.rint(x[0] + part[0] * width), np.rint(y[0] + part[1] * height)
        p, q = (a - x[0]) / max(width, 1), (b - y[0]) / max(height, 1)
        weights = np.stack([(1 - p) * (1 - q), (1 - p) * q, p * (1 - q), p * q])
        true = self._angles(a, b)
        return bool((np.abs(corners @ weights / true - 1) < _ERROR * self._strictness).all())

    def _angles(self, x: Float, y: Float) -> Float:
        """Angles (noffset, n) from pixels to others within the reach; NaN beyond the sky.

        On a separable grid, the width of pixels in rows within half the reach.
        """
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        middle = x.size // 2
        window = self.window(float(x[middle]), float(y[middle]))
        if self.grid.separable:
            rows = y + np.array([0.0, window.y / 2, -window.y / 2])[:, None]
            lat = np.radians(self.grid.linear_coordinate(1, rows))
            return np.asarray(np.maximum(np.cos(lat), 1e-9))
        sizes = np.multiply.outer([window.x, window.y], [1.0, 0.5, 0.0])
        offsets = np.rint(np.maximum(sizes, 1)[:, :, None] * _COMPARED[:, None])
        dx, dy = offsets.reshape(2, -1, 1)
        on_sky = self.grid.canonical(x + dx, y + dy) & self.grid.canonical(x, y)
        return np.where(on_sky, offset_angles(self.grid, x, y, dx, dy), np.nan)


def _ends(numbers: Float) -> tuple[int, int]:
    """Smallest and largest of some whole numbers."""
    return int(numbers.min()), int(numbers.max())
