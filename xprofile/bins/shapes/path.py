"""Bins along a path over the sky: a ribbon round a polyline, with mitred joints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...exceptions import InvalidBinsError
from ...maps.sphere import lonlat_deg, sky_positions, unit_vectors
from ..ds9_lines import polygon_lines
from .axes import AT_END, digitize, edge_tolerance, position_text
from .path_edges import PathEdges
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

# Sample positions across the ribbon, and along the path at most. They only set how close to the
# ribbon pixels are searched: fewer across make the search slower, more along the sample larger.
_ACROSS = 9
_ALONG = 4000

# Positions that are checked for overlaps, across the ribbon and along half its height. A smaller
# number would miss smaller overlaps, in which solid angles would be counted twice.
_CHECKED = 17

# Share of the height by which these positions keep off the edges, and distance in degrees within
# which they are found where they should be: above rounding (1e-12) and far below the steps.
_INSIDE = 1e-9


# Share of the way between joints by which they keep off the joints, so that rounding (1e-14 of it)
# finds them in no other segment. If it were ten times larger, all would still be in their bins.
_OFF_JOINT = 1e-6


@dataclass(frozen=True, eq=False)
class Path(SphereShape):
    """Bins along a polyline, between mitred joints.

    Each vertex has a joint: the great circle that halves the angle between its two segments. The
    ribbon of a segment ends at its two joints, so that neighbouring segments share no pixel and
    miss none. The distance of a position is that of its foot on the segment. On the outer side of
    a joint, where the foot would be beyond the segment, it is that of the vertex: there the bins
    end at the joint, if an edge is at the vertex.

    Parameters
    ----------
    points : SkyCoord
        Vertices, (nvertex,); a closed path has the first one again at its end.
    edges : numpy.ndarray
        Distances along the path in degrees, (nbin + 1,).
    height : float
        Full extent across the path in degrees.
    width : float, optional
        Width of the narrowest bin in degrees, which sets the tolerance at edges. A part of the bins
        keeps that of the whole, so that each pixel stays in its bin.
    """

    points: SkyCoord
    edges: Float
    height: float
    width: float | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
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
        return replace(self, edges=self.edges[start : stop + 1], width=self._width)

    @property
    def _width(self) -> float:
        return float(np.diff(self.edges).min()) if self.width is None else self.width

    def coder(self, frame: BaseCoordinateFrame, pixel_size: float) -> Callable[[Float], Int]:
        """Make the function that gives the bin of unit vectors (3, ...) of a frame."""
        ribbon = Ribbon.from_points(self.points, frame, self._ribbon.half)
        ahead, left = edge_tolerance(np.array([self._width, self.height]), pixel_size)
        edges = self.edges - ahead
        if self.edges[0] < AT_END:  # the joints decide where the path begins and ends
            edges[0] = -np.inf
        if self.edges[-1] > self.lengths[-1] - AT_END:
            edges[-1] = np.inf

        def code(vectors: Float) -> Int:
            flat = vectors.reshape(3, -1)
            segment, along = ribbon.locate(flat, np.radians(ahead), np.radians(left))
            found = digitize(self._along(segment, along, ahead), edges)
            return np.where(segment >= 0, found, -1).reshape(vectors.shape[1:])

        return code

    def distance_finder(self, frame: BaseCoordinateFrame, zero: float) -> Callable[[Float], Float]:
        """Make the function that gives distances from `zero` on of unit vectors (3, n) of a frame.

        It gives NaN for vectors that are not within the height.
        """
        ribbon = Ribbon.from_points(self.points, frame, self._ribbon.half)

        def find(vectors: Float) -> Float:
            segment, along = ribbon.locate(vectors)
            return np.where(segment >= 0, self._along(segment, along) - zero, np.nan)

        return find

    def _along(self, segment: Int, along: Float, tolerance: float = 0.0) -> Float:
        """Distance along the path in degrees, at angles in rad along segments.

        Positions beyond the end of a segment are before an edge that is, to within the tolerance,
        at its vertex.
        """
        ends = np.maximum(np.diff(self.lengths) - 2 * tolerance, 0)
        return np.asarray(self.lengths[segment] + np.clip(np.degrees(along), 0, ends[segment]))

    def sky(self, along: Float, across: Float) -> SkyCoord:
        """Sky positions at distances along and across the path in degrees that broadcast.

        Those that would be beyond a joint of their segment are on the joint.
        """
        along, across = np.broadcast_arrays(np.radians(along), np.radians(across))
        vectors = PathEdges.from_distances(self._ribbon, along).positions(across)
        return sky_positions(vectors, self.points.frame)

    @cached_property
    def _lines(self) -> PathEdges:
        """The edges of the bins."""
        return PathEdges.from_distances(self._ribbon, np.radians(self.edges))

    def distance(self, coord: SkyCoord) -> float:
        """Distance along the path in degrees of one sky position on the ribbon.

        Raises
        ------
        InvalidBinsError
            If the position is further from the path than half the height.
        """
        for end in (0, -1):  # rounding could put these off the path
            if self.points[end].separation(coord).deg < AT_END:
                return float(self.lengths[end])
        lon, lat = lonlat_deg(coord, self.points.frame)
        vector = unit_vectors(np.atleast_1d(lon), np.atleast_1d(lat))
        segment, along = self._ribbon.locate(vector)
        if segment[0] < 0:
            raise InvalidBinsError(f"the origin {coord!r} is not within the height of the path")
        return float(self._along(segment, along)[0])

    @property
    def centers(self) -> SkyCoord:
        """Points of the path half-way between the edges, (nbin,)."""
        return self.sky((self.edges[1:] + self.edges[:-1]) / 2, np.zeros(self.edges.size - 1))

    @property
    def pitch(self) -> float:
        """Largest distance between neighbouring sample positions in degrees."""
        return float(max(self.height / (_ACROSS - 1), np.ptp(self.edges) / _ALONG))

    def sample(self) -> SkyCoord:
        """Return sky positions that fill the bins."""
        ribbon, lines = self._ribbon, self._lines
        (first, last), (start, stop) = lines.segment[[0, -1]], lines.along[[0, -1]]
        legs = np.arange(first, last + 1)
        pieces = np.ceil(np.degrees(ribbon.span.max(axis=0)[legs]) / self.pitch).astype(int)
        pieces = np.maximum(pieces, 1)
        segment = np.append(np.repeat(legs, pieces), last)[:, None]
        share = np.append(np.concatenate([np.arange(n) / n for n in pieces]), 1)[:, None]
        across = np.radians(np.linspace(-self.height / 2, self.height / 2, _ACROSS))
        begin = PathEdges(ribbon, segment, np.where(segment == first, start, -np.inf)).at(across)
        end = PathEdges(ribbon, segment, np.where(segment == last, stop, np.inf)).at(across)
        vectors = ribbon.place(segment, begin + share * (end - begin), across)
        return sky_positions(vectors.reshape(3, -1), self.points.frame)

    def outlines(self) -> list[SkyCoord]:
        """Return closed polygons round the bins."""
        points, stops = self.polygons()
        starts = np.concatenate([[0], stops[:-1]])
        return [points[start:stop] for start, stop in zip(starts, stops, strict=True)]

    def polygons(self) -> tuple[SkyCoord, Int]:
        """Corners of all closed polygons round the bins, and the end of each polygon in them."""
        corners, stops = self._lines.polygons()
        return sky_positions(corners, self.points.frame), stops

    def regions(self) -> list[SkyRegion]:
        """Return polygons of astropy regions, which equal the bins where the sky is flat."""
        from regions import PolygonSkyRegion

        return [PolygonSkyRegion(outline[:-1]) for outline in self.outlines()]

    def texts(self) -> list[str]:
        """Return the lines of DS9 of these polygons."""
        return polygon_lines(*self.polygons())

    def solid_angles(self) -> Float:
        """Return the solid angles of the bins in sr, (nbin,); NaN where the ribbon meets itself.

        Of a segment's ribbon, a joint adds on one side what it takes from the other. So bins
        between vertices have the solid angle of a straight one: their length times
        2 sin(height / 2). Near a joint, bins are narrower on its inner side than on the outer one.
        """
        area: Float = np.diff(self._lines.areas())
        area[self._overlapping_bins()] = np.nan
        return area

    def _overlapping_bins(self) -> Int:
        """Numbers of bins that share positions with another part of the path."""
        ends, half = (self.edges[0], self.edges[-1]), self.height / 2
        count = int(np.clip(_CHECKED * np.ptp(ends) / half, _CHECKED, _ALONG))
        distance = np.interp((np.arange(count) + 0.5) / count, (0, 1), ends)
        segment = np.searchsorted(self.lengths[1:-1], distance, side="right")
        share = (distance - self.lengths[segment]) / np.diff(self.lengths)[segment]
        share = np.clip(share, _OFF_JOINT, 1 - _OFF_JOINT)
        across = np.radians(np.linspace(-half, half, _CHECKED) * (1 - _INSIDE))
        segment, share, across = (
            np.broadcast_to(a, (_CHECKED, count)).ravel() for a in (segment, share, across[:, None])
        )
        first, last = self._ribbon.ends(segment, across)
        vectors = self._ribbon.positions(segment, share, across)
        expected = self._along(segment, first + share * (last - first), AT_END)
        found = self._along(*self._ribbon.locate(vectors), AT_END)
        both = np.stack([expected, found])[:, ~(np.abs(found - expected) < _INSIDE)]
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
