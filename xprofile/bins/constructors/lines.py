"""Constructors of bins along a great circle or a path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ...exceptions import InvalidBinsError
from ...schema.options import suggests_options
from ..shapes.axes import LocalAxes
from ..shapes.boxes import Boxes
from ..shapes.path import Path, path_lengths
from .arguments import (
    SAME_POSITION,
    bin_edges,
    fixed_places,
    one_angle,
    one_position,
    positive_angle,
)
from .base import Constructor

__all__ = ["LineConstructors"]

Float = NDArray[np.float64]


class LineConstructors(Constructor):
    """Constructors of `SkyBins` along a line."""

    @classmethod
    @suggests_options
    def along_line(
        cls,
        start: SkyCoord,
        end: SkyCoord,
        *,
        height: u.Quantity,
        nbin: int | None = None,
        edges: u.Quantity | None = None,
        step: u.Quantity | None = None,
        origin: SkyCoord | u.Quantity | None = None,
        planar: bool = False,
    ) -> Self:
        """Make boxes along the great circle from `start` to `end`.

        :doc:`/reference/bins` has figures.

        Parameters
        ----------
        start, end : SkyCoord
            Scalar, in any frames.
        height : Quantity
            Full extent across the line.
        nbin : int, optional
            Number of equal bins between `start` and `end`.
        edges : Quantity, optional
            Distances from the origin, (nbin + 1,), instead of `nbin`.
        step : Quantity, optional
            Width of the bins, instead of `nbin`. As many are made as fit.
        origin : SkyCoord or Quantity, optional
            Where the distance is 0: a position, which is projected onto the line, or a distance
            from `start`. By default it is `start`.
        planar : bool
            Find pixels in the plane of the map instead, with the rectangles of `to_regions`.

        Returns
        -------
        SkyBins
            Bins are half-open: the lower edge belongs to a bin, the upper edge to the next.

        Raises
        ------
        InvalidBinsError
            If `start` and `end` are equal or opposite, `height` is not a positive angle, or not
            exactly one of `nbin`, `edges` and `step` is given.

        See Also
        --------
        SkyBins.along_path : Bins along a bent line.
        SkyBins.grid : Several rows of boxes.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> start, end = SkyCoord([10, 350] * u.deg, [0, 0] * u.deg, frame="galactic")
        >>> bins = SkyBins.along_line(start, end, height=3 * u.deg, step=5 * u.deg)
        >>> bins.edges
        <Quantity [ 0.,  5., 10., 15., 20.] deg>
        """
        start, end = one_position(start, "start"), one_position(end, "end")
        length = float(start.separation(end).deg)
        if not SAME_POSITION < length < 180 - SAME_POSITION:
            raise InvalidBinsError(
                f"start and end are {length:.6g} deg apart, so they do not define one great "
                "circle; give two positions between 0 and 180 deg apart"
            )
        axes = LocalAxes(start, start.position_angle(end))
        zero = _origin_distance(origin, axes.longitude)
        along = bin_edges(-zero, length - zero, nbin=nbin, edges=edges, step=step)
        if not np.all(np.abs(along + zero) <= 180):
            raise InvalidBinsError(
                f"edges go from {along[0]:.6g} to {along[-1]:.6g} deg, expected at most 180 deg "
                "before or behind the start"
            )
        half = positive_angle(height, "height") / 2
        boxes = Boxes(axes, along + zero, np.array([-half, half]))
        return cls(boxes, along[:-1], along[1:], "boxes along a line", planar=planar)

    @classmethod
    @suggests_options
    def along_path(
        cls,
        points: SkyCoord,
        *,
        height: u.Quantity,
        nbin: int | None = None,
        edges: u.Quantity | None = None,
        step: u.Quantity | None = None,
        origin: SkyCoord | u.Quantity | None = None,
        closed: bool = False,
        planar: bool = False,
    ) -> Self:
        """Make bins along a polyline or a dense curve, such as a shell, a jet or a warped plane.

        :doc:`/reference/bins` has figures.

        Parameters
        ----------
        points : SkyCoord, or list of SkyCoord
            Vertices, (nvertex,), joined by great circles.
        height : Quantity
            Full extent across the path. Edges of bins are at right angles to the path, up to the
            joint at a vertex, which halves the angle there; an edge at a vertex is the joint.
        nbin, edges, step, origin : optional
            As in `along_line`. Distance is measured along the path from the first vertex; a
            position beside the path has that of its foot, or that of the vertex where, outside a
            bend, it has no foot.
        closed : bool
            Close the path by a line to the first vertex. A path that ends there is closed anyway.
        planar : bool
            Find pixels in the plane of the map instead, with the polygons of `to_regions`.

        Returns
        -------
        SkyBins
            Bins are half-open: the lower edge belongs to a bin, the upper edge to the next.
            Where the path crosses itself, a position belongs to the part of the path next to it.

        Raises
        ------
        InvalidBinsError
            If there are fewer than two vertices, if neighbours are equal or 90 deg apart, or if the
            path bends too sharply for its height. The message names the vertex.

        See Also
        --------
        SkyBins.along_line : Boxes along one great circle.
        SkyBins.sectors : Bins along a circle, by position angle.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> points = SkyCoord([2, 0, -1], [0, 0, 1], unit="deg", frame="galactic")
        >>> SkyBins.along_path(points, height=0.4 * u.deg, nbin=6)
        <SkyBins: 6 bins along a path, projected distance 0 to 3.41418 deg, height 0.4 deg>
        """
        points = _vertices(points, closed)
        length = float(path_lengths(points)[-1])
        full = positive_angle(height, "height")
        whole = Path(points, np.array([0, length]), full)
        zero = _origin_distance(origin, whole.distance)
        along = bin_edges(-zero, length - zero, nbin=nbin, edges=edges, step=step)
        if along[0] + zero < -SAME_POSITION or along[-1] + zero > length + SAME_POSITION:
            raise InvalidBinsError(
                f"edges go from {along[0]:.6g} to {along[-1]:.6g} deg, the path from "
                f"{-zero:.6g} to {length - zero:.6g} deg"
            )
        path = Path(points, np.clip(along + zero, 0, length), full)
        return cls(path, along[:-1], along[1:], "bins along a path", planar=planar)


def _origin_distance(
    origin: SkyCoord | u.Quantity | None, distance: Callable[[SkyCoord], float]
) -> float:
    """Distance of the origin from the start in degrees; `distance` gives that of a position."""
    if origin is None:
        return 0.0
    if isinstance(origin, SkyCoord):
        return distance(one_position(origin, "origin"))
    return one_angle(origin, "origin")


def _vertices(points: Any, closed: bool) -> SkyCoord:
    """Return the vertices of a path, with the first one at the end again if it is closed."""
    if isinstance(points, Sequence | np.ndarray) and all(isinstance(p, SkyCoord) for p in points):
        points = SkyCoord(list(points)) if len(points) else points
    if not isinstance(points, SkyCoord) or points.ndim != 1 or points.size < 2:
        raise InvalidBinsError(f"points must be a SkyCoord of two or more positions: {points!r}")
    points = fixed_places(points, "points")
    ends = points[0].separation(points[-1]).deg
    if closed and ends > SAME_POSITION:
        points = points[np.append(np.arange(points.size), 0)]
    steps = points[:-1].separation(points[1:]).deg
    wrong = np.flatnonzero(~((steps > SAME_POSITION) & (steps < 90)))
    if wrong.size:
        first = wrong[0]
        raise InvalidBinsError(
            f"vertices {first} and {first + 1} of the path are {steps[first]:.6g} deg apart, "
            "expected more than 0 and less than 90; drop or add vertices"
        )
    return points
