"""Geometry of a path on the sphere: the segment of a direction, and its place along the segment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...maps.sphere import lonlat_deg, unit_vectors

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

__all__ = ["Ribbon"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Radians between the first and the last vertex of a closed path: above rounding (1e-16), below any
# pixel. If it were smaller than rounding, the ends of a closed path could have a gap or overlap.
_CLOSED = 1e-9

# Points of the path in half a height. The nearest point gives a first guess of the segment; with
# ten times fewer, the guess could be on another part of the path, with more the search is slower.
_POINTS_PER_HALF = 4

# Largest number of these points, which bounds memory.
_MOST_POINTS = 100_000

# Chord by which the largest distance to the ribbon's edge grows, in tolerances: more than at the
# corner of the sharpest bend that is allowed, 1 / cos 75 deg. A larger number changes nothing.
_BOUND_STEPS = 5

# Nearest points that are tried, where parts of the path run side by side. With a single one, pixels
# of legs that nearly touch would be lost; more are only slower.
_TRIES = 8


@dataclass(frozen=True, eq=False)
class Ribbon:
    """Segments between joints, as unit vectors of one frame.

    Where the ribbon meets itself, a direction belongs to the nearest part of the path.

    Parameters
    ----------
    vertex : numpy.ndarray
        Vertices, (nvertex, 3).
    pole : numpy.ndarray
        Poles of the segments' great circles, to the left of the path, (nsegment, 3).
    joint : numpy.ndarray
        Normals of the planes between segments, in the direction of the path, (nvertex, 3).
    turn : numpy.ndarray
        Angle in rad by which the path turns to the left at each vertex, (nvertex,).
    closed : bool
        Whether the path ends where it starts.
    half : float
        Extent to either side in rad, without the left edge itself.
    """

    vertex: Float
    pole: Float
    joint: Float
    turn: Float
    closed: bool
    half: float

    @classmethod
    def from_points(cls, points: SkyCoord, frame: BaseCoordinateFrame, half: float) -> Ribbon:
        """Make the ribbon round a polyline in a frame."""
        vertex = unit_vectors(*lonlat_deg(points, frame)).T
        closed = bool(np.linalg.norm(vertex[0] - vertex[-1]) < _CLOSED)
        pole = np.cross(vertex[:-1], vertex[1:])
        pole /= np.linalg.norm(pole, axis=1, keepdims=True)
        before = np.concatenate([pole[-1:] if closed else pole[:1], pole])
        after = np.concatenate([pole, pole[:1] if closed else pole[-1:]])
        arrive, leave = np.cross(before, vertex), np.cross(after, vertex)
        joint = arrive + leave
        joint /= np.maximum(np.linalg.norm(joint, axis=1, keepdims=True), np.finfo(float).tiny)
        sine = np.sum(np.cross(arrive, leave) * vertex, axis=1)
        turn = np.arctan2(sine, np.sum(arrive * leave, axis=1))
        if closed:  # one joint, to the last digit
            joint[-1] = joint[0]
        return cls(vertex, pole, joint, turn, closed, half)

    @cached_property
    def step(self) -> Float:
        """Length of each segment in rad, (nsegment,)."""
        start, stop = self.vertex[:-1], self.vertex[1:]
        cross = np.linalg.norm(np.cross(start, stop), axis=1)
        return np.asarray(np.arctan2(cross, np.sum(start * stop, axis=1)))

    @cached_property
    def span(self) -> Float:
        """Length in rad of the right and left side of each segment's ribbon, (2, nsegment)."""
        segment = np.arange(self.step.size)
        first, last = self.ends(segment, np.array([[-self.half], [self.half]]))
        return last - first

    def locate(self, vectors: Float, ahead: float = 0.0, left: float = 0.0) -> tuple[Int, Float]:
        """Segment of each vector (3, n), -1 off the ribbon, and angle from the segment's start.

        The angle, in rad along the segment, is negative before the start, up to the joint there.

        Parameters
        ----------
        vectors : numpy.ndarray
            Unit vectors, (3, n).
        ahead, left : float
            Distance in rad before a joint, and to the right of a side of the ribbon, within which
            directions are on it: they are then in the next segment, and in or out of the ribbon.
        """
        tree, owner, bound = self._samples
        bound += _BOUND_STEPS * (ahead + left)
        segment, along = np.full(vectors.shape[1], -1), np.full(vectors.shape[1], np.nan)
        todo = np.flatnonzero(np.isfinite(vectors[0]))
        for rank in range(1, _TRIES + 1):
            distance, nearest = tree.query(vectors[:, todo].T, k=[rank], distance_upper_bound=bound)
            near = np.isfinite(distance[:, 0])
            todo = todo[near]
            found = self._between_joints(vectors[:, todo], owner[nearest[near, 0]], ahead)
            along[todo], across = self._local(vectors[:, todo], found)
            inside = (found >= 0) & (-self.half - left <= across) & (across < self.half - left)
            segment[todo[inside]] = found[inside]
            todo = todo[~inside]
        return segment, along

    @cached_property
    def _samples(self) -> tuple[cKDTree, Int, float]:
        """Points on the path, the segment of each, and the largest chord to the ribbon's edge."""
        ends = np.append(0, np.cumsum(self.step))
        count = int(np.clip(np.ceil(_POINTS_PER_HALF * ends[-1] / self.half), 1, _MOST_POINTS))
        along = np.linspace(0, ends[-1], count + 1)
        owner = np.clip(np.searchsorted(ends, along, side="right") - 1, 0, self.step.size - 1)
        share = (along - ends[owner]) / self.step[owner]
        points = self.positions(owner, share, np.zeros_like(share))
        corner = np.arcsin(min(np.sin(self.half) / np.cos(self.turn / 2).min(), 1))
        reach = min(corner + ends[-1] / count / 2, np.pi)
        from scipy.spatial import cKDTree

        return cKDTree(points.T), owner, 2 * np.sin(reach / 2) * (1 + 1e-9)

    def _between_joints(self, vectors: Float, guess: Int, tolerance: float) -> Int:
        """Walk from a guess to the segment whose joints enclose each vector, -1 if none does."""
        limit = -np.sin(tolerance)
        count = len(self.pole)
        segment = guess.copy()
        going = np.arange(segment.size)
        for _ in range(count):
            here, part = segment[going], vectors[:, going]
            step = (self._ahead(part, here + 1) >= limit).astype(int)
            step[self._ahead(part, here) < limit] = -1
            segment[going] = here + step
            if self.closed:
                segment %= count
            going = going[(step != 0) & (segment[going] >= 0) & (segment[going] < count)]
            if not going.size:
                break
        segment[(segment < 0) | (segment >= count)] = -1
        segment[going] = -1
        return segment

    def _ahead(self, vectors: Float, vertex: Int) -> Float:
        """Signed sine of the distance of vectors (3, n) ahead of the joints at vertices (n,)."""
        return np.asarray(np.sum(vectors * self.joint[vertex].T, axis=0))

    def _local(self, vectors: Float, segment: Int) -> tuple[Float, Float]:
        """Angles in rad along the segment from its start, and to its left, each (n,)."""
        start, pole = self.vertex[segment].T, self.pole[segment].T
        ahead = np.sum(vectors * np.cross(pole, start, axis=0), axis=0)
        along = np.arctan2(ahead, np.sum(vectors * start, axis=0))
        return along, np.arcsin(np.clip(np.sum(vectors * pole, axis=0), -1, 1))

    def positions(self, segment: Int, share: Float, across: Float) -> Float:
        """Unit vectors (3, ...) at a share of the way from joint to joint, and rad to the left."""
        first, last = self.ends(segment, across)
        return self.place(segment, first + share * (last - first), across)

    def place(self, segment: Int, along: Float, across: Float) -> Float:
        """Unit vectors (3, ...) at angles in rad from segments' starts, and to the left."""
        start, pole = self.vertex[segment], self.pole[segment]
        turned, lift = np.asarray(along)[..., None], np.asarray(across)[..., None]
        on_circle = np.cos(turned) * start + np.sin(turned) * np.cross(pole, start)
        return np.moveaxis(np.cos(lift) * on_circle + np.sin(lift) * pole, -1, 0)

    def ends(self, segment: Int, across: Float) -> tuple[Float, Float]:
        """Angles from a segment's start to its two joints, at a distance to the left in rad."""
        # on the inner side of a bend a joint shortens the segment, on the outer side it extends it
        first, last = (
            np.arcsin(np.clip(np.tan(across) * np.tan(self.turn[vertex] / 2), -1, 1))
            for vertex in (segment, segment + 1)
        )
        return first, self.step[segment] - last
