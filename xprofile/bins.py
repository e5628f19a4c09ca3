"""Rows of bins on the sky, with true edges: every way to make them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from .binedges import angle, bin_edges, scalar_coord, signed_angle
from .exceptions import InvalidBinsError
from .placed import PlacedBins
from .schema import DISTANCE, POSITION_ANGLE, REGION
from .shapes.axes import LocalAxes
from .shapes.boxes import Boxes
from .shapes.path import Path, path_lengths
from .shapes.rings import Annuli, Sectors
from .shapes.spherical import is_spherical

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["SkyBins", "as_bins"]

Float = NDArray[np.float64]

_SMALLEST = 1e-9  # degrees between positions that are not the same


class SkyBins(PlacedBins):
    """Bins on the sky; make them with one of the class methods.

    Pixels belong to a bin by their centre. Edges are half-open, so neighbouring bins share no
    pixel and miss none.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from xprofile import SkyBins
    >>> start, end = SkyCoord([10, 350] * u.deg, [0, 0] * u.deg, frame="galactic")
    >>> SkyBins.along_line(start, end, height=3 * u.deg, nbin=51)
    <SkyBins: 51 boxes along a line, projected distance 0 to 20 deg, height 3 deg>
    """

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
    ) -> SkyBins:
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
    ) -> SkyBins:
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
    def annuli(
        cls,
        center: SkyCoord,
        *,
        edges: u.Quantity | None = None,
        radius_max: u.Quantity | None = None,
        radius_min: u.Quantity = 0 * u.deg,
        nbin: int | None = None,
        step: u.Quantity | None = None,
        planar: bool = False,
    ) -> SkyBins:
        """Concentric annuli round `center`, by true angular distance.

        Parameters
        ----------
        center : SkyCoord
            Scalar.
        edges : Quantity, optional
            Radii, (nbin + 1,).
        radius_max, radius_min : Quantity, optional
            With `nbin` or `step`, instead of `edges`.
        nbin : int, optional
            Number of annuli of equal width.
        step : Quantity, optional
            Width of the annuli, as many as fit.
        planar : bool
            Find pixels in the plane of the map instead, with the regions of `to_regions`.

        Returns
        -------
        SkyBins
            Bins of r_in <= distance < r_out.

        Raises
        ------
        InvalidBinsError
            If the radii are not angles from 0 to 180 deg in ascending order.
        """
        radii = _radii(edges, radius_min, radius_max, nbin, step)
        axes = LocalAxes(scalar_coord(center, "center"), 0 * u.deg)
        return cls(Annuli(axes, radii), radii[:-1], radii[1:], "annuli", planar=planar)

    @classmethod
    def elliptical_annuli(
        cls,
        center: SkyCoord,
        *,
        axis_ratio: float,
        position_angle: u.Quantity,
        edges: u.Quantity | None = None,
        radius_max: u.Quantity | None = None,
        radius_min: u.Quantity = 0 * u.deg,
        nbin: int | None = None,
        step: u.Quantity | None = None,
        planar: bool = False,
    ) -> SkyBins:
        """Concentric elliptical annuli; the distance is the major half axis.

        Parameters
        ----------
        center : SkyCoord
            Scalar.
        axis_ratio : float
            Minor over major axis, above 0 and up to 1.
        position_angle : Quantity
            Of the major axis, East of North in the frame of `center`.
        edges, radius_max, radius_min, nbin, step, planar
            As in `annuli`, of the major half axis.

        Returns
        -------
        SkyBins
            A position at a true distance r and an angle phi from the major axis belongs to the
            ellipse with the major half axis r sqrt(cos^2 phi + sin^2 phi / axis_ratio^2).

        Raises
        ------
        InvalidBinsError
            As `annuli`, or if `axis_ratio` is out of its range.
        """
        if not 0 < axis_ratio <= 1:
            raise InvalidBinsError(f"axis_ratio must be above 0 and up to 1, found {axis_ratio!r}")
        radii = _radii(edges, radius_min, radius_max, nbin, step)
        turn = signed_angle(position_angle, "position_angle") * u.deg
        axes = LocalAxes(scalar_coord(center, "center"), turn)
        shape = Annuli(axes, radii, float(axis_ratio))
        return cls(shape, radii[:-1], radii[1:], "elliptical annuli", planar=planar)

    @classmethod
    def sectors(
        cls,
        center: SkyCoord,
        *,
        radius_max: u.Quantity,
        radius_min: u.Quantity = 0 * u.deg,
        nbin: int | None = None,
        edges: u.Quantity | None = None,
        step: u.Quantity | None = None,
        planar: bool = False,
    ) -> SkyBins:
        """Sectors of a ring; the dimension of the results is ``position_angle``.

        Parameters
        ----------
        center : SkyCoord
            Scalar.
        radius_max, radius_min : Quantity
            Bounds of the ring.
        nbin : int, optional
            Number of equal sectors round the full circle, from North over East.
        edges : Quantity, optional
            Position angles East of North, ascending, no more than 360 deg in all.
        step : Quantity, optional
            Width of the sectors, as many as fit into the full circle.
        planar : bool
            Find pixels in the plane of the map instead, with the polygons of `to_regions`.

        Returns
        -------
        SkyBins
            The lower edge belongs to a bin, the upper to the next.

        Raises
        ------
        InvalidBinsError
            If the edges span more than 360 deg, or the radii are wrong.
        """
        angles = bin_edges(0.0, 360.0, nbin=nbin, edges=edges, step=step)
        if np.ptp(angles) > 360 + _SMALLEST:
            raise InvalidBinsError(f"sectors span {np.ptp(angles):.6g} deg, more than 360")
        low, high = angle(radius_min, "radius_min", zero=True), angle(radius_max, "radius_max")
        if low >= high:
            raise InvalidBinsError(f"radius_min {low:.6g} deg is not below radius_max {high:.6g}")
        axes = LocalAxes(scalar_coord(center, "center"), 0 * u.deg)
        shape = Sectors(axes, angles, low, high)
        return cls(shape, angles[:-1], angles[1:], "sectors", POSITION_ANGLE, planar)

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
    ) -> SkyBins:
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

    @classmethod
    def from_regions(cls, regions: Sequence[SkyRegion]) -> SkyBins:
        """Any list of astropy sky regions, one bin each, in the plane of the map.

        Parameters
        ----------
        regions : sequence of regions.SkyRegion
            They may overlap; each counts fully. Spherical regions are what they say. Distance is
            measured from the first region's centre; of concentric circles and annuli it is the
            mean of the radii.

        Raises
        ------
        InvalidBinsError
            If the list is empty, holds anything else, or a region has no place on the sky.
        """
        from .regionlist import RegionList

        try:
            regions = tuple(regions)
        except TypeError:
            raise InvalidBinsError(
                f"expected a list of astropy sky regions, found {type(regions).__name__}"
            ) from None
        wrong = sorted({type(r).__name__ for r in regions if not _is_region(r)})
        if not regions or wrong:
            raise InvalidBinsError(
                f"expected a list of astropy sky regions, found {', '.join(wrong) or 'none'}; "
                "pixel regions become sky regions by region.to_sky(wcs)"
            )
        shape = RegionList(regions)
        return cls(shape, *shape.edges(), "sky regions", DISTANCE, planar=True)


def as_bins(bins: SkyBins | SkyRegion | Sequence[SkyRegion]) -> SkyBins:
    """Accept bins, or a bare list of astropy sky regions, or one region."""
    if isinstance(bins, SkyBins):
        return bins
    if _is_region(bins):
        return SkyBins.from_regions([bins])
    return SkyBins.from_regions(bins)


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


def _radii(edges: Any, radius_min: Any, radius_max: Any, nbin: int | None, step: Any) -> Float:
    """Radii in degrees from the arguments of annuli."""
    if edges is None and radius_max is None:
        raise InvalidBinsError("annuli need edges=, or radius_max= with nbin= or step=")
    if edges is not None and radius_max is not None:
        raise InvalidBinsError("annuli take edges= or radius_max=, not both")
    low = angle(radius_min, "radius_min", zero=True)
    high = low if radius_max is None else angle(radius_max, "radius_max", zero=True)
    radii = bin_edges(low, high, nbin=nbin, edges=edges, step=step)
    if radii[0] < 0 or radii[-1] > 180 or not np.all(np.diff(radii) > 0):
        raise InvalidBinsError(
            f"annuli have radii from {radii[0]:.6g} to {radii[-1]:.6g} deg, expected ascending "
            "ones from 0 to 180"
        )
    return radii


def _is_region(region: Any) -> bool:
    package = sys.modules.get("regions")  # what has not been imported has made nothing
    return package is not None and (isinstance(region, package.SkyRegion) or is_spherical(region))
