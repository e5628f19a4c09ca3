"""Shares of the photons of places that land in single pixels, by integrals along their outlines.

This serves any pixel: at seams and poles, and those that the rim of the sky cuts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid
from .outlines import LARGEST_BEND, bends, on_plane, turned_shares
from .photons import local_axes
from .point_spread import PointSpread

__all__ = ["PARTS", "PixelOutlines"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Number of parts of sides that bend more and more. With more numbers, pixels would be integrated in
# more groups; with 8 alone, most pixels take eight times as long.
PARTS = (1, 2, 4, 8)

# Parts of a side of a pixel that the rim of the sky cuts. With ten times fewer, ends at the rim
# would be missed; with ten times as many, these pixels would take ten times as long.
_CUT_PARTS = 12

# Halvings of a part of a side to find where it leaves the sky: 1e-9 of a pixel. A technical number.
_HALVINGS = 25

# Most numbers in one array of sides and usual positions along a side. A technical size.
_BLOCK = 60_000


@dataclass(frozen=True, eq=False)
class PixelOutlines:
    """Corners of pixels on the sky.

    Parameters
    ----------
    group : numpy.ndarray of int
        Group of each pixel, (npixel,).
    row : numpy.ndarray of int
        Row of each pixel in its group, (npixel,).
    corners : tuple of numpy.ndarray
        Unit vectors (3, nrow, ncorner) of each group, in order along the outline.
    """

    group: Int
    row: Int
    corners: tuple[Float, ...]

    @classmethod
    def from_pixels(
        cls, grid: PixelGrid, x: Float, y: Float, cut: NDArray[np.bool_]
    ) -> PixelOutlines:
        """Find the corners of pixels with numbers (npixel,), some of which the rim cuts."""
        need = np.ones(x.size)
        if grid.tangent_plane is None:
            need = np.sqrt(bends(grid, x, y) / LARGEST_BEND)
        group = np.searchsorted(PARTS[:-1], np.where(cut, 0, need))
        group = np.where(cut, len(PARTS), group)
        row, corners = np.zeros(x.size, dtype=np.intp), []
        for number, parts in enumerate((*PARTS, _CUT_PARTS)):
            some = np.flatnonzero(group == number)
            row[some] = np.arange(some.size)
            dx, dy = _outline(parts)
            at_x, at_y = x[some, None] + dx, y[some, None] + dy
            is_cut = number == len(PARTS) and some.size > 0
            corners.append(_cut_corners(grid, at_x, at_y) if is_cut else grid.vectors(at_x, at_y))
        return cls(group, row, tuple(corners))

    def shares(self, spread: PointSpread, vectors: Float, pairs: tuple[Int, Int]) -> Float:
        """Integrate the point spread function of places over pixels.

        Parameters
        ----------
        spread : PointSpread
            With one position.
        vectors : numpy.ndarray
            Unit vectors (3, nplace).
        pairs : tuple of numpy.ndarray of int
            Indices (npair,) of places and of pixels, which are less than 60 deg away.

        Returns
        -------
        numpy.ndarray
            Shares (nenergy, npair).
        """
        (source, target), axes = pairs, np.moveaxis(local_axes(vectors), -1, 0)
        shares = np.zeros((spread.nenergy, source.size))
        of_pair = self.group[target]
        for number, corners in enumerate(self.corners):
            some = np.flatnonzero(of_pair == number)
            toward = vectors[:, source[some]] * corners[:, self.row[target[some]], 0]
            some = some[np.argsort(toward.sum(axis=0))]  # near ones need more positions
            step = max(1, _BLOCK // (6 * corners.shape[-1]))
            for start in range(0, some.size, step):
                chosen = some[start : start + step]
                around = corners[:, self.row[target[chosen]]]
                plane, _ = on_plane(axes[source[chosen]], around)
                sides = turned_shares(spread, plane, np.roll(plane, -1, axis=-1))
                shares[:, chosen] = np.abs(sides.sum(axis=-1))
        return shares


def _outline(parts: int) -> tuple[Float, Float]:
    """Offsets (4 * parts,) from the middle of a pixel to positions along its outline."""
    step = np.arange(parts) / parts - 0.5
    end = np.full(parts, 0.5)
    return np.concatenate([step, end, -step, -end]), np.concatenate([-end, step, end, -step])


def _cut_corners(grid: PixelGrid, x: Float, y: Float) -> Float:
    """Corners (3, n, 2 * ncorner) of outlines (n, ncorner), of which a part is on the sky.

    Where the outline leaves the sky, it goes on along a great circle to where it comes back: the
    rim of most projections is one.
    """
    inside = grid.canonical(x, y)
    next_x, next_y = (np.roll(a, -1, axis=1) for a in (x, y))
    next_inside = np.roll(inside, -1, axis=1)
    out = inside & ~next_inside
    crossing = inside != next_inside
    on = np.where(out, 0.0, 1.0)  # part of the way to the next position: on the sky, and off it
    off = 1 - on
    for _ in range(_HALVINGS):
        middle = (on + off) / 2
        known = grid.canonical(x + middle * (next_x - x), y + middle * (next_y - y))
        on, off = np.where(known, middle, on), np.where(known, off, middle)
    ends = x + on * (next_x - x), y + on * (next_y - y)
    at_x, at_y = (
        np.stack([start, np.where(crossing, end, start)], -1).reshape(len(x), -1)
        for start, end in zip((x, y), ends, strict=True)
    )
    valid = np.stack([inside, crossing | inside], -1).reshape(len(x), -1)
    number = valid.shape[1]
    index = np.where(np.tile(valid, 2), np.arange(2 * number), -1)
    last = np.maximum.accumulate(index, axis=1)[:, number:]  # at or before it, on the sky
    last = np.maximum(last, 0) % number
    at_x, at_y = (np.take_along_axis(a, last, axis=1) for a in (at_x, at_y))
    return np.asarray(np.nan_to_num(grid.vectors(at_x, at_y)))
