"""Ways to make bins of boxes: along a line or a path, and grids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..exceptions import InvalidBinsError
from ..schema.names import REGION
from .constructor import Constructor
from .edges import angle, bin_edges, scalar_coord, signed_angle
from .shapes.axes import LocalAxes
from .shapes.boxes import Boxes
from .shapes.path import Path, path_lengths

__all__ = ["BoxConstructors"]

Float = NDArray[np.float64]

_SMALLEST = 1e-9  # degrees between positions that are not the same


class BoxConstructors(Constructor):
    """Ways to make `SkyBins` of boxes."""

    @classmethod
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
        """Boxes along the great circle from `start` to `end`.

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
            Width of the bins, as many as fit, instead of `nbin`.
        origin : SkyCoord or Quantity, optional
            Where the distance is 0: a position, of which the foot on the line counts, or a
            distance from `start`; `start` by default.
        planar : bool
            Find pixels in the plane of the map instead, with the rectangles of `to_regions`.

        Returns
        -------
        SkyBins
            The lower edge belongs to a bin, the upper to the next.

        Raises
        ------
        InvalidBinsError
            If start and end are the same or opposite, `height` is not a positive angle, or not
            just one of `nbin`, `edges` and `step` is given.
        """
        start, end = scalar_coord(start, "start"), scalar_coord(end, "end")
        length = float(start.separation(end).deg)
        if not _SMALLEST < length < 180 - _SMALLEST:
            raise InvalidBinsError(
                f"start and end are {length:.6g} deg apart: no great circle is singled out; "
                "give two positions between 0 and 180 deg apart"
            )
        axes = LocalAxes(start, start.position_angle(end.transform_to(start.frame)))
        zero = _zero(origin, axes.longitude)
        along = bin_edges(-zero, length - zero, nbin=nbin, edges=edges, step=step)
        if not np.all(np.abs(along + zero) <= 180):
            raise InvalidBinsError(
                f"edges go from {along[0]:.6g} to {along[-1]:.6g} deg, expected no more than 180 "
                "deg before or behind the start"
            )
        half = angle(height, "height") / 2
        boxes = Boxes(axes, along + zero, np.array([-half, half]))
        return cls(boxes, along[:-1], along[1:], "boxes along a line", planar=planar)

    @classmethod
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
        """Bins along a polyline or a dense curve: a shell, a jet, a warped plane.

        Parameters
        ----------
        points : SkyCoord
            Vertices, (nvertex,), joined by great circles.
        height : Quantity
            Full extent across the path. At bends the ribbon has mitred joints.
        nbin, edges, step, origin
            As in `along_line`; distance is measured along the path from the first vertex.
        closed : bool
            Go back to the first vertex at the end. A path that ends there is closed anyway.
        planar : bool
            Find pixels in the plane of the map instead, with the polygons of `to_regions`.

        Returns
        -------
        SkyBins
            The lower edge belongs to a bin, the upper to the next.

        Raises
        ------
        InvalidBinsError
            If there are fewer than two vertices, neighbours are the same or 90 deg apart, or the
            path bends too sharply for its height; the message names the vertex.
        """
        points = _vertices(points, closed)
        length = float(path_lengths(points)[-1])
        full = angle(height, "height")
        whole = Path(points, np.array([0, length]), full)
        zero = _zero(origin, whole.place)
        along = bin_edges(-zero, length - zero, nbin=nbin, edges=edges, step=step)
        if along[0] + zero < -_SMALLEST or along[-1] + zero > length + _SMALLEST:
            raise InvalidBinsError(
                f"edges go from {along[0]:.6g} to {along[-1]:.6g} deg, the path from "
                f"{-zero:.6g} to {length - zero:.6g} deg"
            )
        path = Path(points, np.clip(along + zero, 0, length), full)
        return cls(path, along[:-1], along[1:], "bins along a path", planar=planar)

    @classmethod
    def grid(
        cls,
        center: SkyCoord,
        *,
        width: u.Quantity,
        height: u.Quantity,
        nbin: tuple[int, int],
        position_angle: u.Quantity = 90 * u.deg,
        planar: bool = False,
    ) -> Self:
        """A grid of boxes; the dimension of the results is ``region``.

        Parameters
        ----------
        center : SkyCoord
            Scalar.
        width, height : Quantity
            Full extent of the grid along and across `position_angle`, up to 360 and 180 deg.
        nbin : tuple of int
            Number of boxes along and across. Those across follow each other first.
        position_angle : Quantity
            Direction in which the grid is wide, East of North in the frame of `center`.
        planar : bool
            Find pixels in the plane of the map instead, with the rectangles of `to_regions`.

        Returns
        -------
        SkyBins

        Raises
        ------
        InvalidBinsError
            If an extent is no positive angle or a number no positive integer.
        """
        axes = LocalAxes(
            scalar_coord(center, "center"), signed_angle(position_angle, "position_angle") * u.deg
        )
        if not isinstance(nbin, Sequence) or len(nbin) != 2:
            raise InvalidBinsError(f"nbin must be two numbers, along and across, found {nbin!r}")
        sides = (angle(width, "width", most=360) / 2, angle(height, "height") / 2)
        along, across = (bin_edges(-s, s, nbin=n) for s, n in zip(sides, nbin, strict=True))
        nowhere = np.full((along.size - 1) * (across.size - 1), np.nan)
        shape = Boxes(axes, along, across)
        return cls(shape, nowhere, nowhere, "boxes of a grid", REGION, planar)


def _zero(origin: SkyCoord | u.Quantity | None, place: Callable[[SkyCoord], float]) -> float:
    """Where distance is 0, in degrees from the start."""
    if origin is None:
        return 0.0
    if isinstance(origin, SkyCoord):
        return place(scalar_coord(origin, "origin"))
    return signed_angle(origin, "origin")


def _vertices(points: Any, closed: bool) -> SkyCoord:
    """Vertices of a path, the first again at the end if it is closed."""
    if not isinstance(points, SkyCoord) or points.ndim != 1 or points.size < 2:
        raise InvalidBinsError(f"points must be a SkyCoord of two or more positions: {points!r}")
    ends = points[0].separation(points[-1]).deg
    if closed and ends > _SMALLEST:
        points = points[np.append(np.arange(points.size), 0)]
    steps = points[:-1].separation(points[1:]).deg
    same = np.flatnonzero(~((steps > _SMALLEST) & (steps < 90)))
    if same.size:
        raise InvalidBinsError(
            f"vertices {same[0]} and {same[0] + 1} of the path are {steps[same[0]]:.6g} deg apart, "
            "expected more than 0 and less than 90; drop or add vertices"
        )
    return points
