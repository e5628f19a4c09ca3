"""Bins along a path over the sky: a ribbon round a polyline, with mitred joints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...exceptions import InvalidBinsError
from ...maps.sphere import sky_positions, unit_vectors
from ..ds9_lines import polygon_lines
from .axes import digitize, position_text
from .ribbon import Ribbon
from .shape import SphereShape

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["Path", "path_lengths"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Largest turn at a vertex in degrees. The mitre of a joint of 150 deg is four times as long as the
# ribbon is wide; of 165 deg it would be eight times as long, far from the path itself.
_SHARPEST = 150.0

# Share of a segment by which its joints may cross inside the ribbon: rounding gives 1e-13. If it
# were ten times larger, a few more paths would be accepted, with a bin too small by 1e-8.
_CROSSING = 1e-9

# Degrees from an end of the path within which an edge or position is the end: above the rounding of
# distances (1e-12), far below any pixel. If it were smaller than rounding, pixels at the ends could
# be lost; ten times larger would change nothing.
_AT_END = 1e-9

# Sample positions across the ribbon, and along the path at most. They only set how close to the
# ribbon pixels are searched: fewer across make the search slower, more along the sample larger.
_ACROSS = 9
_ALONG = 4000

# Straight pieces of an outline in a bin without vertices. They matter for short edges far from the
# great circle of the path: with one piece, the sides of a bin of 10 deg by 10 deg would be off by
# 0.02 deg.
_PIECES = 8

# Positions that are checked for overlaps, across the ribbon and along half its height. A smaller
# number would miss smaller overlaps, in which solid angles would be counted twice.
_CHECKED = 17

# Share of the height by which these positions keep off the edges, and distance in degrees within
# which they are found where they should be: above rounding (1e-12) and far below the steps.
_INSIDE = 1e-9


@dataclass(frozen=True, eq=False)
class Path(SphereShape):
    """Bins along a polyline, between mitred joints.

    Each vertex has a joint: the great circle that halves the angle between its two segments. The
    ribbon of a segment ends at its two joints, so that neighbouring segments share no pixel and
    miss none. The distance grows evenly from one joint to the next; on the path itself it is the
    length along the path.

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
        turn = np.degrees(np.abs(self._ribbon.turn))
        if turn.max() > _SHARPEST:
            raise InvalidBinsError(
                f"the path turns by {turn.max():.4g} deg at vertex {turn.argmax()}, expected at "
                f"most {_SHARPEST:g} deg; round the bend with more vertices"
            )
        narrow = np.flatnonzero(self._ribbon.span.min(axis=0) < -_CROSSING * self._ribbon.step)
        if narrow.size:
            raise InvalidBinsError(
                f"the path bends too sharply for a height of {self.height:.6g} deg near vertex "
                f"{narrow[0]}: its joints would cross inside the ribbon; take a smaller height or "
                "a smoother path"
            )

    @cached_property
    def lengths(self) -> Float:
        """Distance of each vertex from the first along the path in degrees, (nvertex,)."""
        return path_lengths(self.points)

    @cached_property
    def _ribbon(self) -> Ribbon:
        """Ribbon in the frame of the points."""
        return Ribbon.from_points(self.points, self.points.frame, np.radians(self.height / 2))

    def cut(self, start: int, stop: int) -> Path:
        """Return neighbouring bins along the same path."""
        return replace(self, edges=self.edges[start : stop + 1])

    def coder(self, frame: BaseCoordinateFrame) -> Callable[[Float], Int]:
        """Make the function that gives the bin of unit vectors (3, ...) of a frame."""
        ribbon = Ribbon.from_points(self.points, frame, self._ribbon.half)
        edges = self.edges.copy()
        if edges[0] < _AT_END:  # the joints decide where the path begins and ends
            edges[0] = -np.inf
        if edges[-1] > self.lengths[-1] - _AT_END:
            edges[-1] = np.inf

        def code(vectors: Float) -> Int:
            segment, share = ribbon.locate(vectors.reshape(3, -1))
            found = np.where(segment >= 0, digitize(self._along(segment, share), edges), -1)
            return found.reshape(vectors.shape[1:])

        return code

    def _along(self, segment: Int, share: Float) -> Float:
        """Distance along the path in degrees, at shares of the way along segments."""
        return np.asarray(self.lengths[segment] + share * np.diff(self.lengths)[segment])

    def sky(self, along: Float, across: Float) -> SkyCoord:
        """Sky positions at distances along and across the path in degrees that broadcast."""
        return sky_positions(self._vectors(along, across), self.points.frame)

    def _vectors(self, along: Float, across: Float) -> Float:
        """Unit vectors (3, ...) at distances along and across the path, in the points' frame."""
        along, across = np.broadcast_arrays(along, across)
        last = self.lengths.size - 2
        segment = np.clip(np.searchsorted(self.lengths, along, side="right") - 1, 0, last)
        span = self.lengths[segment + 1] - self.lengths[segment]
        share = np.clip((along - self.lengths[segment]) / span, 0, 1)
        return self._ribbon.positions(segment, share, np.radians(across))

    def distance(self, coord: SkyCoord) -> float:
        """Distance along the path in degrees of one sky position on the ribbon.

        Raises
        ------
        InvalidBinsError
            If the position is further from the path than half the height.
        """
        local = coord.transform_to(self.points.frame)
        for end in (0, -1):  # rounding could put these off the path
            if self.points[end].separation(local).deg < _AT_END:
                return float(self.lengths[end])
        position = local.spherical
        vector = unit_vectors(np.array([position.lon.deg]), np.array([position.lat.deg]))
        (segment,), (share,) = self._ribbon.locate(vector)
        if segment < 0:
            raise InvalidBinsError(f"the origin {coord!r} is not within the height of the path")
        return float(self.lengths[segment] + share * np.diff(self.lengths)[segment])

    @property
    def centers(self) -> SkyCoord:
        """Points of the path half-way between the edges, (nbin,)."""
        return self.sky((self.edges[1:] + self.edges[:-1]) / 2, np.zeros(self.edges.size - 1))

    @property
    def pitch(self) -> float:
        """Largest distance between neighbouring sample positions in degrees."""
        return float(max(self.height / (_ACROSS - 1), np.ptp(self.edges) / _ALONG))

    def sample(self) -> SkyCoord:
        """Return sky positions that fill the ribbon."""
        pieces = np.ceil(np.degrees(self._ribbon.span.max(axis=0)) / self.pitch)
        ends = np.append(0, np.cumsum(pieces))
        along = np.interp(np.arange(ends[-1] + 1), ends, self.lengths)
        along = np.unique(np.clip(along, self.edges[0], self.edges[-1]))
        across = np.linspace(-self.height / 2, self.height / 2, _ACROSS)
        return self.sky(along[:, None], across).ravel()

    def outlines(self) -> list[SkyCoord]:
        """Return closed polygons round the bins."""
        points, stops = self.polygons()
        starts = np.concatenate([[0], stops[:-1]])
        return [points[start:stop] for start, stop in zip(starts, stops, strict=True)]

    def polygons(self) -> tuple[SkyCoord, Int]:
        """Corners of all closed polygons round the bins, and the end of each polygon in them."""
        half, along, side = self.height / 2, [], []
        for low, high in pairwise(self.edges):
            steps = self._steps(low, high)
            along += [steps, steps[::-1], steps[:1]]
            side.append(np.repeat([-half, half, -half], [steps.size, steps.size, 1]))
        stops = np.cumsum([part.size for part in side])
        return self.sky(np.concatenate(along), np.concatenate(side)), stops

    def _steps(self, low: float, high: float) -> Float:
        """Distances from `low` to `high` in even steps, with the vertices between them."""
        vertices = self.lengths[(self.lengths > low) & (self.lengths < high)]
        return np.unique(np.concatenate([np.linspace(low, high, _PIECES + 1), vertices]))

    def regions(self) -> list[SkyRegion]:
        """Return polygons of astropy regions, which equal the bins where the sky is flat."""
        from regions import PolygonSkyRegion

        return [PolygonSkyRegion(outline[:-1]) for outline in self.outlines()]

    def texts(self) -> list[str]:
        """Return the lines of DS9 of these polygons."""
        return polygon_lines(*self.polygons())

    def solid_angles(self) -> Float:
        """Return the solid angles of the bins in sr, (nbin,); NaN where the ribbon meets itself.

        Of a segment's ribbon, a joint adds on one side what it takes from the other. So a bin has
        the solid angle of a straight one: its length times 2 sin(height / 2).
        """
        area: Float = 2 * np.sin(np.radians(self.height / 2)) * np.radians(np.diff(self.edges))
        area[self._overlapping_bins()] = np.nan
        return area

    def _overlapping_bins(self) -> Int:
        """Numbers of bins that share positions with another part of the path."""
        ends, half = (self.edges[0], self.edges[-1]), self.height / 2
        count = int(np.clip(_CHECKED * np.ptp(ends) / half, _CHECKED, _ALONG))
        along = np.interp((np.arange(count) + 0.5) / count, (0, 1), ends)
        across = np.linspace(-half, half, _CHECKED) * (1 - _INSIDE)
        along, across = (a.ravel() for a in np.meshgrid(along, across))
        segment, share = self._ribbon.locate(self._vectors(along, across))
        found = self._along(segment, share)
        both = np.stack([along, found])[:, ~(np.abs(found - along) < _INSIDE)]
        return np.setdiff1d(digitize(both.ravel(), self.edges), [-1])

    def row_height(self) -> float:
        """Return the full extent across the path in degrees."""
        return self.height

    def details(self) -> dict[str, str]:
        """Return the first and the last vertex, and their number."""
        return {
            "vertices": str(self.points.size),
            "first vertex": position_text(self.points[0]),
            "last vertex": position_text(self.points[-1]),
        }


def path_lengths(points: SkyCoord) -> Float:
    """Distance of each vertex from the first one along a polyline in degrees, (nvertex,)."""
    steps = points[:-1].separation(points[1:]).deg
    return np.concatenate([[0.0], np.cumsum(steps)])
