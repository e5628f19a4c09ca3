"""Bins along a path over the sky: a ribbon round a polyline, with mitred joints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...exceptions import InvalidBinsError
from ...maps.sphere import sky_positions, unit_vectors
from .. import ds9
from .axes import digitize
from .ribbon import Ribbon
from .shape import SphereShape

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["Path"]

Float = NDArray[np.float64]

Int = NDArray[np.intp]

_SHARPEST = 150.0  # deg; the mitre of a sharper joint would be four times as long as wide

_SAME = 1e-9  # degrees from an end of the path

_ACROSS = 9  # sample positions across the ribbon

_ALONG = 4000  # and along the path at the most


@dataclass(frozen=True, eq=False)
class Path(SphereShape):
    """Bins along a polyline, between mitred joints.

    The ribbon of each segment ends where the great circles that halve the angles at its ends
    cut it, so that neighbouring segments share no pixel and miss none. Distance runs in
    proportion from one of these to the next; on the path itself it is the length along it.

    Parameters
    ----------
    points : SkyCoord
        Vertices, (nvertex,); a closed path has the first one again at its end.
    edges : numpy.ndarray
        Distances along the path in degrees, (nbin + 1,).
    height : float
        Full extent across the path in degrees.
    """

    points: SkyCoord
    edges: Float
    height: float

    def __post_init__(self) -> None:
        turn = np.degrees(np.abs(self._own.turn))
        if turn.max() > _SHARPEST:
            raise InvalidBinsError(
                f"the path turns by {turn.max():.4g} deg at vertex {turn.argmax()}, at the most "
                f"{_SHARPEST:g} deg is possible; round it with more vertices"
            )
        narrow = np.flatnonzero(self._own.span.min(axis=0) < -1e-9 * self._own.step)
        if narrow.size:
            raise InvalidBinsError(
                f"the path bends too sharply for a height of {self.height:.6g} deg near vertex "
                f"{narrow[0]}: its joints would cross inside the ribbon; take a smaller height, "
                "or a smoother path"
            )

    @cached_property
    def lengths(self) -> Float:
        """Distance of each vertex from the first along the path in degrees, (nvertex,)."""
        return path_lengths(self.points)

    @cached_property
    def _own(self) -> Ribbon:
        return Ribbon.of(self.points, self.points.frame, np.radians(self.height / 2))

    def coder(self, frame: BaseCoordinateFrame) -> Callable[[Float], Int]:
        """Make the function that tells the bin of unit vectors (3, ...) of a frame."""
        ribbon = Ribbon.of(self.points, frame, self._own.half)
        steps, edges = np.diff(self.lengths), self.edges.copy()
        if edges[0] < _SAME:  # the joints say where the path begins and ends
            edges[0] = -np.inf
        if edges[-1] > self.lengths[-1] - _SAME:
            edges[-1] = np.inf

        def code(vectors: Float) -> Int:
            segment, share = ribbon.locate(vectors.reshape(3, -1))
            along = self.lengths[segment] + share * steps[segment]
            found = np.where(segment >= 0, digitize(along, edges), -1)
            return found.reshape(vectors.shape[1:])

        return code

    def sky(self, along: Float, across: Float) -> SkyCoord:
        """Sky positions at distances along and across the path in degrees that broadcast."""
        along, across = np.broadcast_arrays(along, across)
        last = self.lengths.size - 2
        segment = np.clip(np.searchsorted(self.lengths, along, side="right") - 1, 0, last)
        span = self.lengths[segment + 1] - self.lengths[segment]
        share = np.clip((along - self.lengths[segment]) / span, 0, 1)
        vectors = self._own.positions(segment, share, np.radians(across))
        return sky_positions(vectors, self.points.frame)

    def place(self, coord: SkyCoord) -> float:
        """Distance along the path in degrees of one sky position on the ribbon.

        Raises
        ------
        InvalidBinsError
            If it is further from the path than half the height.
        """
        local = coord.transform_to(self.points.frame)
        for end in (0, -1):  # where rounding might have it off the path
            if self.points[end].separation(local).deg < _SAME:
                return float(self.lengths[end])
        place = local.spherical
        vector = unit_vectors(np.array([place.lon.deg]), np.array([place.lat.deg]))
        (segment,), (share,) = self._own.locate(vector)
        if segment < 0:
            raise InvalidBinsError(f"the origin {coord!r} is not within the height of the path")
        return float(self.lengths[segment] + share * np.diff(self.lengths)[segment])

    @property
    def centers(self) -> SkyCoord:
        """Points of the path half-way between the edges, (nbin,)."""
        return self.sky((self.edges[1:] + self.edges[:-1]) / 2, np.zeros(self.edges.size - 1))

    @property
    def pitch(self) -> float:
        """Distance of neighbouring sample positions in degrees."""
        return float(max(self.height / (_ACROSS - 1), np.ptp(self.edges) / _ALONG))

    def sample(self) -> SkyCoord:
        """Positions that fill the ribbon."""
        pieces = np.ceil(np.degrees(self._own.span.max(axis=0)) / self.pitch)
        ends = np.append(0, np.cumsum(pieces))
        along = np.interp(np.arange(ends[-1] + 1), ends, self.lengths)
        along = np.unique(np.clip(along, self.edges[0], self.edges[-1]))
        across = np.linspace(-self.height / 2, self.height / 2, _ACROSS)
        return self.sky(along[:, None], across).ravel()

    def outlines(self) -> list[SkyCoord]:
        """Closed polygons round the bins."""
        points, stops = self.polygons()
        starts = np.concatenate([[0], stops[:-1]])
        return [points[start:stop] for start, stop in zip(starts, stops, strict=True)]

    def polygons(self) -> tuple[SkyCoord, Int]:
        """Corners of all closed polygons round the bins, and where in them each polygon stops."""
        half, along, side = self.height / 2, [], []
        for low, high in pairwise(self.edges):
            steps = self._steps(low, high, (high - low) / 8)
            along += [steps, steps[::-1], steps[:1]]
            side.append(np.repeat([-half, half, -half], [steps.size, steps.size, 1]))
        stops = np.cumsum([part.size for part in side])
        return self.sky(np.concatenate(along), np.concatenate(side)), stops

    def _steps(self, low: float, high: float, pitch: float) -> Float:
        """Distances from `low` to `high` no further apart than `pitch`, vertices among them."""
        even = np.linspace(low, high, int(np.ceil((high - low) / pitch)) + 1)
        vertices = self.lengths[(self.lengths > low) & (self.lengths < high)]
        return np.unique(np.concatenate([even, vertices]))

    def regions(self) -> list[SkyRegion]:
        """Polygons of astropy regions: the same bins where the plane is flat."""
        from regions import PolygonSkyRegion

        return [PolygonSkyRegion(outline[:-1]) for outline in self.outlines()]

    def texts(self) -> list[str]:
        """Lines of DS9 of these polygons."""
        return ds9.polygons(*self.polygons())


def path_lengths(points: SkyCoord) -> Float:
    """Distance of each vertex from the first along a polyline in degrees, (nvertex,)."""
    steps = points[:-1].separation(points[1:]).deg
    return np.concatenate([[0.0], np.cumsum(steps)])
