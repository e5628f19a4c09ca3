"""Geometry of a path on the sphere: which segment a direction belongs to, and where in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..wcs import unit_vectors

__all__ = ["Ribbon"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

_CLOSED = 1e-9  # rad between the first and the last vertex of a closed path


@dataclass(frozen=True, eq=False)
class Ribbon:
    """Segments between joints, as unit vectors of one frame.

    Parameters
    ----------
    vertex : numpy.ndarray
        Vertices, (nvertex, 3).
    pole : numpy.ndarray
        Poles of the segments' great circles, on their left, (nsegment, 3).
    joint : numpy.ndarray
        Normals, pointing ahead, of the planes that end the segments, (nvertex, 3).
    turn : numpy.ndarray
        Angle in rad by which the path turns to the left at each vertex, (nvertex,).
    closed : bool
        Whether the path ends where it starts.
    """

    vertex: Float
    pole: Float
    joint: Float
    turn: Float
    closed: bool

    @classmethod
    def of(cls, points: SkyCoord, frame: BaseCoordinateFrame) -> Ribbon:
        """Make the geometry of vertices in a frame."""
        local = points.transform_to(frame.replicate_without_data()).spherical
        vertex = unit_vectors(local.lon.deg, local.lat.deg).T
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
        return cls(vertex, pole, joint, turn, closed)

    def segments(self, vectors: Float, half: float) -> Int:
        """Segment that each of vectors (3, n) belongs to, -1 for none.

        `half` is the reach across the path in rad; what lies further may get any segment.
        """
        reach = half / np.cos(self.turn / 2).min()
        samples, owner = self._samples(reach)
        known = np.isfinite(vectors[0])
        chord = 2 * np.sin(min(0.8 * reach, np.pi / 2)) * (1 + 1e-9)
        tree, points = cKDTree(samples), np.where(known, vectors, 0).T
        distance, nearest = tree.query(points, distance_upper_bound=chord)
        found = np.flatnonzero(known & np.isfinite(distance))
        segment = np.full(known.size, -1)
        segment[found] = self._between_joints(vectors[:, found], owner[nearest[found]])
        return segment

    def _samples(self, reach: float) -> tuple[Float, Int]:
        """Points on the path no further apart than the reach, and the segment of each."""
        chord = np.linalg.norm(np.diff(self.vertex, axis=0), axis=1)
        pieces = np.maximum(np.ceil(chord / reach), 1).astype(int)
        owner = np.repeat(np.arange(pieces.size), pieces + 1)
        number = np.arange(owner.size) - np.repeat(np.cumsum(pieces + 1) - pieces - 1, pieces + 1)
        share = (number / pieces[owner])[:, None]
        points = (1 - share) * self.vertex[owner] + share * self.vertex[owner + 1]
        return points / np.linalg.norm(points, axis=1, keepdims=True), owner

    def _between_joints(self, vectors: Float, guess: Int) -> Int:
        """Walk from a guess to the segment between whose joints each vector lies, -1 if none."""
        count = len(self.pole)
        segment = guess.copy()
        going = np.arange(segment.size)
        for _ in range(count):
            here, part = segment[going], vectors[:, going]
            step = (self._ahead(part, here + 1) >= 0).astype(int)
            step[self._ahead(part, here) < 0] = -1
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
        """How far vectors (3, n) lie ahead of the joints at vertices (n,)."""
        return np.asarray(np.sum(vectors * self.joint[vertex].T, axis=0))

    def local(self, vectors: Float, segment: Int) -> tuple[Float, Float]:
        """Share of the way from joint to joint, and distance to the left in rad, each (n,)."""
        start, pole = self.vertex[segment].T, self.pole[segment].T
        ahead = np.sum(vectors * np.cross(pole, start, axis=0), axis=0)
        along = np.arctan2(ahead, np.sum(vectors * start, axis=0))
        across = np.arcsin(np.clip(np.sum(vectors * pole, axis=0), -1, 1))
        first, last = self._ends(segment, across)
        share = np.clip((along - first) / (last - first), 0, np.nextafter(1, 0))
        return share, across

    def positions(self, segment: Int, share: Float, across: Float) -> Float:
        """Unit vectors (3, ...) at a share of the way and a distance to the left in rad."""
        start, pole = self.vertex[segment], self.pole[segment]
        first, last = self._ends(segment, across)
        along, lift = (first + share * (last - first))[..., None], across[..., None]
        on_circle = np.cos(along) * start + np.sin(along) * np.cross(pole, start)
        return np.moveaxis(np.cos(lift) * on_circle + np.sin(lift) * pole, -1, 0)

    def _ends(self, segment: Int, across: Float) -> tuple[Float, Float]:
        """Where the joints cut segments at a distance to the left, as angles from their start."""
        start, stop = self.vertex[segment], self.vertex[segment + 1]
        cross = np.linalg.norm(np.cross(start, stop), axis=-1)
        length = np.arctan2(cross, np.sum(start * stop, axis=-1))
        # a joint cuts the inner side of a bend short and lets the outer one reach further
        lean = np.tan(across)[None] * np.tan(
            np.stack([self.turn[segment], self.turn[segment + 1]]) / 2
        )
        first, last = np.arcsin(np.clip(lean, -1, 1))
        return first, length - last
