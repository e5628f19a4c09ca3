"""Lines across a ribbon, between the bins of a path: their bends, and what lies between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ribbon import Ribbon

__all__ = ["PathEdges"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Radians from a vertex within which a line is at its joint: above the rounding of distances along
# a path (1e-14), far below any pixel. If it were smaller than rounding, the wedge on the outer side
# of a joint could go to the wrong bin; ten times larger would change nothing.
_AT_VERTEX = 1e-11

# Straight pieces of one side of a bin between joints. They matter for short lines far from the
# great circle of the path: with one piece, the sides of a bin of 10 deg by 10 deg would be off by
# 0.02 deg.
_PIECES = 8

# Points of the quadrature across the ribbon, in each part between bends, where the integrand is
# smooth. The error is 1e-15 for bends of 90 deg; with a tenth of them it would be 1e-4.
_POINTS = 32


@dataclass(frozen=True, eq=False)
class PathEdges:
    """Lines across a ribbon at some distances along it.

    A line is at right angles to its segment, and ends at the joints of the segment: beyond them it
    follows the joint. At a vertex it is the joint.

    Parameters
    ----------
    ribbon : Ribbon
        The ribbon.
    segment : numpy.ndarray of int
        Segment of each line, (nline,).
    along : numpy.ndarray
        Angle in rad from the segment's start, (nline,); -inf for the joint at its start, inf for
        the joint at its end.
    """

    ribbon: Ribbon
    segment: Int
    along: Float

    @classmethod
    def from_distances(cls, ribbon: Ribbon, distance: Float) -> PathEdges:
        """Make the lines at distances along a path in rad, of any shape."""
        ends = np.append(0, np.cumsum(ribbon.step))
        number = np.searchsorted(ends, distance + _AT_VERTEX, side="right") - 1
        segment = np.clip(number, 0, ribbon.step.size - 1)
        along = distance - ends[segment]
        along = np.where(along < _AT_VERTEX, -np.inf, along)
        return cls(ribbon, segment, np.where(distance > ends[-1] - _AT_VERTEX, np.inf, along))

    def at(self, across: Float) -> Float:
        """Angle along the segments in rad of the lines at distances to the left in rad."""
        return np.asarray(np.clip(self.along, *self.ribbon.ends(self.segment, across)))

    def positions(self, across: Float) -> Float:
        """Unit vectors (3, ...) on the lines at distances to the left in rad that broadcast."""
        return self.ribbon.place(self.segment, self.at(across), across)

    @property
    def bends(self) -> Float:
        """Distances to the left in rad where lines meet the joints, (nline, 2), ascending.

        They are on the edge of the ribbon for lines that meet no joint.
        """
        half, vertex = self.ribbon.half, self.segment[:, None] + [0, 1]
        part = np.stack([self.along, self.ribbon.step[self.segment] - self.along], axis=1)
        part[np.isinf(self.along)] = 0
        with np.errstate(divide="ignore", invalid="ignore"):
            lift = np.arctan(np.sin(part) / np.tan(self.ribbon.turn[vertex] / 2))
        lift[np.isinf(self.along)] = half  # these are the joint all along
        return np.sort(np.clip(lift, -half, half), axis=1)

    def areas(self) -> Float:
        """Solid angle of the ribbon from its start to each line in sr, (nline,)."""
        ribbon, node = self.ribbon, np.polynomial.legendre.leggauss(_POINTS)
        ends = np.pad(self.bends, ((0, 0), (1, 1)), constant_values=ribbon.half)
        ends[:, 0] = -ribbon.half
        middle, extent = (ends[:, 1:] + ends[:, :-1]) / 2, np.diff(ends) / 2
        across = middle[..., None] + extent[..., None] * node[0]
        row = PathEdges(ribbon, self.segment[:, None, None], self.along[:, None, None])
        part = np.sum(extent * ((np.cos(across) * row.at(across)) @ node[1]), axis=1)
        part[self.along == -np.inf] = 0  # what a joint takes on one side it adds on the other
        # of a whole segment's ribbon, likewise, its length times this height is left
        height = 2 * np.sin(ribbon.half)
        straight = np.append(0, np.cumsum(ribbon.step))[self.segment] * height
        return np.asarray(straight + part)

    def polygons(self) -> tuple[Float, Int]:
        """Corners (3, n) of closed polygons between neighbouring lines, and where each ends."""
        right, left = self._sides(-self.ribbon.half), self._sides(self.ribbon.half)
        bent = self._bent_places()
        rings = [
            np.concatenate([right[i], bent[i + 1], left[i][::-1], bent[i][::-1], right[i][:1]])
            for i in range(len(right))
        ]
        segment, along, across = np.concatenate(rings).T
        stops = np.cumsum([len(ring) for ring in rings])
        return self.ribbon.place(segment.astype(int), along, across), stops

    def _sides(self, across: float) -> list[Float]:
        """Places on one side of each bin: segment, angle along it and to the left, (n, 3)."""
        first, last = self.ribbon.ends(np.arange(self.ribbon.step.size), np.asarray(across))
        ends = np.append(0, np.cumsum(np.maximum(last - first, 0)))
        places = ends[self.segment] + self.at(np.asarray(across)) - first[self.segment]
        steps = list(np.linspace(places[:-1], places[1:], _PIECES + 1, axis=1))
        starts = np.searchsorted(ends, places[:-1], side="right")
        stops = np.searchsorted(ends, places[1:])
        for i in np.flatnonzero(starts < stops):  # joints within these sides
            steps[i] = np.sort(np.append(steps[i], ends[starts[i] : stops[i]]))
        for i in np.flatnonzero(places[1:] <= places[:-1]):  # the lines meet here
            steps[i] = steps[i][:1]
        found = np.concatenate(steps)
        segment = np.searchsorted(ends[1:-1], found, side="right")
        along = first[segment] + found - ends[segment]
        sides = np.stack([segment, along, np.full(found.size, across)], axis=1)
        return np.split(sides, np.cumsum([step.size for step in steps])[:-1])

    def _bent_places(self) -> list[Float]:
        """Places where each line meets joints inside the ribbon, as in `_sides`."""
        bends = self.bends
        rows = PathEdges(self.ribbon, self.segment[:, None], self.along[:, None])
        places = np.stack(np.broadcast_arrays(rows.segment, rows.at(bends), bends), axis=2)
        inside = np.abs(bends) < self.ribbon.half
        return [place[kept] for place, kept in zip(places, inside, strict=True)]
