"""Photons sent out from a place to all sides, and the shares of them that land in pixels.

A photon lands as a box as large as its distance to the next photon. Boxes that reach into several
pixels are shared among them, so no photon is lost or counted twice, for any point spread function,
also one that is much narrower than a pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid
from ...maps.sphere import cross, dot
from .point_spread import PointSpread

__all__ = [
    "CORE",
    "local_axes",
    "near_shares",
    "pixel_positions",
    "pixel_sides",
    "ring_positions",
]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Photons along the shorter side of a pixel, of the two sets from which shares are extrapolated.
# Shares of pixels are then right to 1e-3 of the largest for any point spread function. With half of
# them, to 3e-3; with ten times as many, kernels take 100 times as long.
_PER_PIXEL = (16.0, 8.0)

# Relative steps to which the angles between photons are rounded, so that neighbours share a
# set. Ten times larger takes up to twice as long; ten times smaller, each pixel has its own set.
_ROUNDED = 0.05

# Most rings, for pixels that are much longer than wide: 150 rings are 70,000 photons. Ten times as
# many would take seconds for each place; a tenth would be coarser than the pixels.
_MOST_RINGS = 150

# Distance, in longer sides of a pixel, from a place to the centres of pixels within which photons
# are followed one by one. Beyond, they are integrals of the density over the pixel at 3 x 3 points,
# which are right to 2e-4 if the density falls like the fourth power of the angle. At a tenth, these
# would be 20 % off; ten times larger would take 100 times as long.
CORE = 2.5

# Fewest photons on a ring. With 4, rings round the centre of a pixel would be too coarse.
_FEWEST = 16


class Landings(NamedTuple):
    """Where photons land: parts of them (npart,) in pixels, which are whole numbers."""

    x: Float
    y: Float
    ring: Int
    share: Float

    def take(self, kept: NDArray[np.bool_]) -> Landings:
        """Keep some parts."""
        return Landings(self.x[kept], self.y[kept], self.ring[kept], self.share[kept])

    def by_ring(self, index: Int, nring: int, size: int) -> tuple[Int, Float]:
        """Sum the shares of each ring over targets with an index (npart,) below a size.

        Return the indices (n,) of targets that get photons, and the sums (nring, n).
        """
        reached = np.bincount(index, minlength=size) > 0
        number = (np.cumsum(reached) - 1)[index]
        targets = np.flatnonzero(reached)
        flat = self.ring * targets.size + number
        sums = np.bincount(flat, self.share, nring * targets.size).astype(float, copy=False)
        return targets, sums.reshape(nring, targets.size)


@dataclass(frozen=True, eq=False)
class Photons:
    """Directions of photons round a place, on rings.

    Parameters
    ----------
    angles : numpy.ndarray
        Radii (nring,) of the rings in rad, ascending from 0 in equal steps.
    ring : numpy.ndarray of int
        Ring of each photon, (nphoton,).
    local : numpy.ndarray
        Components (3, nphoton) of the directions: along two axes on the sky and toward the place.
    share : numpy.ndarray
        Share of the photons of a ring, (nphoton,).
    """

    angles: Float
    ring: Int
    local: Float
    share: Float

    @classmethod
    @lru_cache(maxsize=32)  # a technical size: a set of photons takes about a MB
    def up_to(cls, angle: float, step: float) -> Photons:
        """Send out photons up to an angle, at a distance from each other (rad)."""
        angles = np.linspace(0.0, angle, int(np.ceil(angle / step)) + 1)
        number = np.ceil(2 * np.pi * np.sin(angles) / step).astype(int)
        number = np.maximum(number, _FEWEST)
        number[0] = 1
        ring = np.repeat(np.arange(angles.size), number)
        count = np.arange(ring.size) - np.repeat(np.cumsum(number) - number, number)
        turn = 2 * np.pi * (count + 0.5 * (ring % 2) + 0.25) / number[ring]
        sine = np.sin(angles)[ring]
        local = np.stack([sine * np.cos(turn), sine * np.sin(turn), np.cos(angles)[ring]])
        return cls(angles, ring, local, 1 / number[ring])

    def land(
        self, grid: PixelGrid, center: Float, x: float, sides: tuple[float, float]
    ) -> Landings:
        """Let photons land in pixels.

        Parameters
        ----------
        grid : PixelGrid
            The pixels of a map.
        center : numpy.ndarray
            Unit vector (3,) of the place that sends them.
        x : float
            Column of the place; see `pixel_positions`.
        sides : tuple of float
            Width and height of pixels at the place in rad.
        """
        directions = np.einsum("ai,an->in", local_axes(center), self.local)
        column, row = pixel_positions(grid, directions, x)
        found = np.isfinite(column) & np.isfinite(row)
        step = self.angles[1] if self.angles.size > 1 else 0.0
        pieces = [
            _split(position[found], min(step / side, 1.0))
            for position, side in zip((column, row), sides, strict=True)
        ]
        ring, share = self.ring[found], self.share[found]
        parts = [(i, j, ring, share * a * b) for i, a in pieces[0] for j, b in pieces[1]]
        return Landings(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def near_shares(
    grid: PixelGrid,
    spread: PointSpread,
    place: tuple[Float, float],
    sides: tuple[float, float],
    find: Callable[[Float, Float], Int],
    size: int,
) -> tuple[Int, Float]:
    """Follow the photons of a place one by one to the pixels round it.

    Parameters
    ----------
    grid : PixelGrid
        The pixels of a map.
    spread : PointSpread
        With one position.
    place : tuple
        Unit vector (3,) of the place, and its column; see `pixel_positions`.
    sides : tuple of float
        Width and height of pixels at the place in rad.
    find : callable
        Gives the index of pixels, from pixel numbers x and y, or -1.
    size : int
        Number of these indices.

    Returns
    -------
    targets : numpy.ndarray of int
        Indices (n,) of pixels that get photons.
    shares : numpy.ndarray
        Shares of the photons (nenergy, n), complete for pixels with their centre in the core.
    """
    reach, side = float(spread.reach.max()), _round_down(min(sides))
    farthest = min((CORE + 1) * max(sides), max(reach, side / 1e3))
    farthest = _round_down(farthest) * float(np.exp(_ROUNDED))
    found = []
    for number in _PER_PIXEL:
        step = max(side / number, farthest / _MOST_RINGS * _PER_PIXEL[0] / number)
        photons = Photons.up_to(farthest, step)
        landed = photons.land(grid, *place, sides)
        index = find(landed.x, landed.y)
        kept = index >= 0
        targets, rings = landed.take(kept).by_ring(index[kept], photons.angles.size, size)
        found.append((targets, spread.node_weights(photons.angles)[0] @ rings))
    (targets, fine), (others, coarse) = found
    targets, indices = np.unique(np.concatenate([targets, others]), return_inverse=True)
    shares = np.zeros((spread.nenergy, targets.size))
    shares[:, indices[: fine.shape[1]]] += fine * 4 / 3  # the error is of second order
    shares[:, indices[fine.shape[1] :]] -= coarse / 3
    return targets, np.maximum(shares, 0.0)


def _round_down(angle: float) -> float:
    """Round down to a power, so that angles that differ a little become the same."""
    if not angle > 0:
        return angle
    return float(np.exp(np.floor(np.log(angle) / _ROUNDED) * _ROUNDED))


def local_axes(center: Float) -> Float:
    """Three axes (3, 3, ...) of unit vectors (3, ...): two at right angles to it, and itself."""
    other = np.moveaxis(np.eye(3)[np.abs(center).argmin(axis=0)], -1, 0)
    first = cross(center, other)
    first /= np.sqrt(dot(first, first))
    return np.stack([first, cross(center, first), center])


def _split(position: Float, side: float) -> tuple[tuple[Float, Float], tuple[Float, Float]]:
    """Two neighbouring pixels, and the shares in them of intervals of a length of at most 1."""
    start = position - side / 2
    first = np.floor(start + 0.5)
    share = np.clip((first + 0.5 - start) / max(side, np.finfo(float).tiny), 0.0, 1.0)
    return (first, share), (first + 1, 1 - share)


def pixel_positions(grid: PixelGrid, vectors: Float, near: float) -> tuple[Float, Float]:
    """Pixel positions of unit vectors (3, n) of the frame of the grid, NaN where it has none.

    On a separable grid, in the turn of 360 degrees that is nearest to the column `near`.
    """
    lon = np.degrees(np.arctan2(vectors[1], vectors[0]))
    lat = np.degrees(np.arctan2(vectors[2], np.hypot(vectors[0], vectors[1])))
    if not grid.separable:
        return grid.world_pixel(lon, lat)
    zero = np.zeros(1)
    (x0, y0), (dx, dy) = (
        [float(grid.linear_coordinate(axis, zero + n)[0]) for axis in (0, 1)] for n in (0.0, 1.0)
    )
    x, turn = (lon - x0) / (dx - x0), grid.full_turn
    return x - turn * np.floor((x - near) / turn + 0.5), (lat - y0) / (dy - y0)


def pixel_sides(grid: PixelGrid, x: Float, y: Float) -> tuple[Float, Float]:
    """Width and height in rad of pixels at positions (n,), NaN off the sky."""
    width, height = (
        np.sqrt(dot(step, step)) / 0.5
        for step in (
            grid.vectors(x + 0.25, y) - grid.vectors(x - 0.25, y),
            grid.vectors(x, y + 0.25) - grid.vectors(x, y - 0.25),
        )
    )
    return width, height


def ring_positions(grid: PixelGrid, x: float, y: float, angle: float) -> tuple[Float, Float]:
    """Offsets (n,) in pixels from a pixel to positions at an angle in rad round it."""
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    local = np.stack([np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn)])
    local = np.concatenate([local, np.full((1, turn.size), np.cos(angle))])
    center = grid.vectors(np.array([x]), np.array([y]))[:, 0]
    column, row = pixel_positions(grid, np.einsum("ai,an->in", local_axes(center), local), x)
    return column - x, row - y
