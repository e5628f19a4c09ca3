"""Polygons whose sides are great circles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Polygons", "perpendicular"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]
Bool = NDArray[np.bool_]

# Shift of the point inside from which sides are seen, in rad, so that by symmetry it is on no side.
# It must be above rounding (1e-16) and far below the distance of its antipode from the polygon; ten
# times larger would change nothing.
_SHIFT = 1e-6

_SLACK = 1e-7  # rad, above the rounding of angles from cosines (3e-8), far below any pixel

_BATCH = 1 << 19  # pairs of direction and side that are examined together; affects memory alone


@dataclass(frozen=True, eq=False)
class Polygons:
    """Sides of polygons, one polygon after the other.

    A direction is inside if the great circle from it, away from the centre to the antipode of the
    centre, crosses an odd number of sides. Directions on a side belong to the polygon on one of
    its two sides, which is the same for all polygons.

    Parameters
    ----------
    first, count : numpy.ndarray of int
        Number of the first side, and number of sides, of each polygon, (n,).
    basis : numpy.ndarray
        Local axes of each polygon, one in each row, (n, 3, 3); the first is toward the centre.
    reach : numpy.ndarray
        Radius in rad of a circle round the centre that holds the polygon, (n,).
    corners : numpy.ndarray
        Local directions of both ends of each side, (nside, 2, 3).
    normal : numpy.ndarray
        Local unit vectors at right angles to each side, (nside, 3).
    sign : numpy.ndarray
        1 or -1, which turns them to the side that is the same for all polygons, (nside,).
    """

    first: Int
    count: Int
    basis: Float
    reach: Float
    corners: Float
    normal: Float
    sign: Float

    @classmethod
    def from_corners(cls, corners: Sequence[Float]) -> Polygons:
        """Make them from the corners (ncorner, 3) of each polygon, as unit vectors."""
        count = np.array([len(part) for part in corners], int)
        first = np.cumsum(count) - count
        owner = np.repeat(np.arange(count.size), count)
        start = np.concatenate([np.empty((0, 3)), *corners])
        after = np.arange(len(start)) + 1
        after[first + count - 1] = first
        stop = start[after]
        mean = np.zeros((count.size, 3))
        np.add.at(mean, owner, start)
        mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), np.finfo(float).tiny)
        center = mean + _SHIFT * np.array([0.48, 0.6, 0.64])
        center /= np.linalg.norm(center, axis=1, keepdims=True)
        toward = perpendicular(center)
        basis = np.stack([center, toward, np.cross(center, toward)], axis=1)
        farthest = np.ones(count.size)
        np.minimum.at(farthest, owner, np.sum(start * center[owner], axis=1))
        # beyond a hemisphere, a side may be farther away than its ends
        reach = np.where(farthest > 0, np.arccos(np.clip(farthest, -1, 1)), np.pi)
        normal = np.cross(start, stop)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), np.finfo(float).tiny)
        largest = np.argmax(np.abs(normal).round(6), axis=1)
        sign = np.where(normal[np.arange(len(normal)), largest] < 0, -1.0, 1.0)
        turn = basis[owner]
        local = np.stack([np.einsum("sij,sj->si", turn, end) for end in (start, stop)], axis=1)
        normal = np.einsum("sij,sj->si", turn, normal)
        return cls(first, count, basis, reach, local, normal, sign)

    def contains(self, number: Int, local: Float, tolerance: float) -> Bool:
        """Whether each polygon contains some directions.

        Parameters
        ----------
        number : numpy.ndarray of int
            Numbers of the polygons, (p,).
        local : numpy.ndarray
            Directions in the local axes of each polygon, (p, 3, m).
        tolerance : float
            Distance in rad within which a direction is on a side.
        """
        inside = np.zeros((number.size, local.shape[2]), bool)
        per_batch = max(_BATCH // local.shape[2], 1)
        stops = np.cumsum(self.count[number])
        start = 0
        while start < number.size:
            done = stops[start - 1] if start else 0
            stop = max(int(np.searchsorted(stops, done + per_batch, "right")), start + 1)
            part = slice(start, stop)
            inside[part] = self._crossed(number[part], local[part], tolerance)
            start = stop
        return inside

    def _crossed(self, number: Int, local: Float, tolerance: float) -> Bool:
        """Whether an odd number of sides is crossed on the way to the antipode."""
        pair, side = self.sides(number)
        a, b, c = local[pair].transpose(1, 0, 2)
        _, b1, c1 = self.corners[side, 0].T[..., None]
        _, b2, c2 = self.corners[side, 1].T[..., None]
        along1, along2 = b * c1 - c * b1, b * c2 - c * b2
        crosses = (along1 >= 0) != (along2 >= 0)
        w1, w2 = np.abs(along2), np.abs(along1)
        ahead = b * (b1 * w1 + b2 * w2) + c * (c1 * w1 + c2 * w2) > 0
        normal = (self.normal[side] * self.sign[side, None]).T[..., None]
        here = normal[0] * a + normal[1] * b + normal[2] * c >= -tolerance
        crosses &= ahead & (here == (normal[0] >= 0))
        first = np.cumsum(self.count[number]) - self.count[number]
        return np.asarray(np.add.reduceat(crosses, first, axis=0, dtype=np.int64) % 2 == 1)

    def sides(self, number: Int) -> tuple[Int, Int]:
        """Index of the polygon, and number, of each side of some polygons, (nside,)."""
        count = self.count[number]
        pair = np.repeat(np.arange(number.size), count)
        side = np.arange(pair.size) - np.repeat(
            np.cumsum(count) - count - self.first[number], count
        )
        return pair, side

    def sides_near(self, number: Int, local: Float, radius: Float) -> tuple[Int, Int]:
        """Find the sides of polygons near discs, each one with its polygon and a local centre.

        Returns
        -------
        disc, side : numpy.ndarray of int
            Ascending index of the disc, and number of the side, of each pair.
        """
        found = [(np.empty(0, int), np.empty(0, int))]
        step = max(_BATCH // max(int(self.count.max(initial=1)), 1), 1)
        for start in range(0, number.size, step):
            part = slice(start, start + step)
            pair, side = self.sides(number[part])
            limit = np.sin(np.minimum(radius[part], np.pi / 2))[pair]
            close = np.abs(np.einsum("sj,sj->s", self.normal[side], local[part][pair])) <= limit
            pair, side = pair[close] + start, side[close]
            middle = self.corners[side].sum(axis=1)
            length = np.linalg.norm(middle, axis=1)  # 2 cos of half the side
            half = np.arccos(np.clip(length / 2, -1, 1))
            cosine = np.einsum("sj,sj->s", middle, local[pair]) / np.maximum(length, 1e-300)
            near = np.arccos(np.clip(cosine, -1, 1)) <= half + radius[pair] + _SLACK
            found.append((pair[near], side[near]))
        pair, side = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return pair, side

    def crossed_within(
        self, disc: Int, side: Int, center: Float, local: Float, tolerance: float
    ) -> Bool:
        """Whether the way from the centre of a disc to directions crosses an odd number of sides.

        Parameters
        ----------
        disc, side : numpy.ndarray of int
            Pairs of a disc and a side near it, by ascending disc, (npair,).
        center : numpy.ndarray
            Local centres of the discs, (p, 3); the discs are far smaller than a hemisphere.
        local : numpy.ndarray
            Directions in the discs, (p, 3, m).
        tolerance : float
            Distance in rad within which a direction is on a side.
        """
        odd = np.zeros((center.shape[0], local.shape[2]), bool)
        way = np.cross(center[..., None], local, axis=1)
        step = max(_BATCH // local.shape[2], 1)
        for start in range(0, disc.size, step):
            pair, number = disc[start : start + step], side[start : start + step]
            normal = self.normal[number] * self.sign[number, None]
            here = np.einsum("sj,sjm->sm", normal, local[pair]) >= -tolerance
            there = np.einsum("sj,sj->s", normal, center[pair]) >= -tolerance
            ends = np.einsum("sej,sjm->esm", self.corners[number], way[pair])
            toward = np.einsum("sej,sj->es", self.corners[number], center[pair])[..., None]
            ahead = toward[0] * np.abs(ends[1]) + toward[1] * np.abs(ends[0]) > 0
            crossed = (here != there[:, None]) & ((ends[0] >= 0) != (ends[1] >= 0)) & ahead
            first = np.flatnonzero(np.diff(pair, prepend=-1))
            if first.size:
                odd[pair[first]] ^= np.logical_xor.reduceat(crossed, first, axis=0)
        return odd


def perpendicular(vectors: Float) -> Float:
    """Unit vectors at right angles to unit vectors (..., 3)."""
    least = np.eye(3)[np.argmin(np.abs(vectors), axis=-1)]
    found = np.cross(vectors, least)
    return np.asarray(found / np.linalg.norm(found, axis=-1, keepdims=True))
