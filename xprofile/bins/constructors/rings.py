"""Constructors of bins round a centre: annuli, elliptical annuli and sectors."""

from __future__ import annotations

from typing import Any, Self

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ...exceptions import InvalidBinsError
from ...schema.names import POSITION_ANGLE
from ...schema.options import suggests_options
from ..shapes.rings import Annuli, Sectors
from .arguments import SAME_POSITION, axes_at, bin_edges, positive_angle
from .base import Constructor

__all__ = ["RingConstructors"]

Float = NDArray[np.float64]


class RingConstructors(Constructor):
    """Constructors of `SkyBins` round a centre."""

    @classmethod
    @suggests_options
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
    ) -> Self:
        """Make concentric annuli round `center`, by true angular distance.

        :doc:`/reference/bins` has figures.

        Parameters
        ----------
        center : SkyCoord
            Scalar.
        edges : Quantity, optional
            Radii, (nbin + 1,).
        radius_max, radius_min : Quantity, optional
            Range of the radii, with `nbin` or `step`, instead of `edges`.
        nbin : int, optional
            Number of annuli of equal width.
        step : Quantity, optional
            Width of the annuli. As many are made as fit.
        planar : bool
            Find pixels in the plane of the map instead, with the regions of `to_regions`.

        Returns
        -------
        SkyBins
            Bins are half-open: r_in <= distance < r_out.

        Raises
        ------
        InvalidBinsError
            If the radii are not ascending angles from 0 to 180 deg.

        See Also
        --------
        SkyBins.elliptical_annuli : Annuli with two axes.
        SkyBins.sectors : Parts of one annulus.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> center = SkyCoord(83.63, 22.01, unit="deg")
        >>> bins = SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
        >>> bins.solid_angle.to("deg2").round(2)
        <Quantity [0.2 , 0.59, 0.98, 1.37] deg2>
        """
        radii = _radii(edges, radius_min, radius_max, nbin, step)
        axes = axes_at(center, "center")
        return cls(Annuli(axes, radii), radii[:-1], radii[1:], "annuli", planar=planar)

    @classmethod
    @suggests_options
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
    ) -> Self:
        """Make concentric elliptical annuli, by the major half axis.

        :doc:`/reference/bins` has figures.

        Parameters
        ----------
        center : SkyCoord
            Scalar.
        axis_ratio : float
            Minor over major axis, above 0 and up to 1.
        position_angle : Quantity
            Direction of the major axis, East of North in the frame of `center`.
        edges, radius_max, radius_min, nbin, step, planar : optional
            As in `annuli`, for the major half axis.

        Returns
        -------
        SkyBins
            A position at a true distance r and an angle phi from the major axis lies on the
            ellipse with the major half axis r sqrt(cos^2 phi + sin^2 phi / axis_ratio^2).

        Raises
        ------
        InvalidBinsError
            If the radii are not ascending angles from 0 to 180 deg, or `axis_ratio` is out of its
            range.

        See Also
        --------
        SkyBins.annuli : Round annuli.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> center = SkyCoord(10.68, 41.27, unit="deg")
        >>> SkyBins.elliptical_annuli(
        ...     center, axis_ratio=0.3, position_angle=38 * u.deg, edges=[0, 0.5, 1, 2] * u.deg
        ... )
        <SkyBins: 3 elliptical annuli, projected distance 0 to 2 deg>
        """
        if not 0 < axis_ratio <= 1:
            raise InvalidBinsError(f"axis_ratio must be above 0 and up to 1, found {axis_ratio!r}")
        radii = _radii(edges, radius_min, radius_max, nbin, step)
        axes = axes_at(center, "center", position_angle)
        shape = Annuli(axes, radii, float(axis_ratio))
        return cls(shape, radii[:-1], radii[1:], "elliptical annuli", planar=planar)

    @classmethod
    @suggests_options
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
    ) -> Self:
        """Make sectors of a ring, for results with the dimension ``position_angle``.

        :doc:`/reference/bins` has figures.

        Parameters
        ----------
        center : SkyCoord
            Scalar.
        radius_max, radius_min : Quantity
            Outer and inner radius of the ring.
        nbin : int, optional
            Number of equal sectors of the full circle, from North over East.
        edges : Quantity, optional
            Ascending position angles East of North, which span at most 360 deg.
        step : Quantity, optional
            Width of the sectors. As many are made as fit into the full circle.
        planar : bool
            Find pixels in the plane of the map instead, with the polygons of `to_regions`.

        Returns
        -------
        SkyBins
            Bins are half-open: the lower edge belongs to a bin, the upper edge to the next.

        Raises
        ------
        InvalidBinsError
            If the edges span more than 360 deg, or `radius_min` is not below `radius_max`.

        See Also
        --------
        SkyBins.annuli : Bins by distance from a centre.
        SkyBins.along_path : Bins along any curve.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> center = SkyCoord(83.63, 22.01, unit="deg")
        >>> SkyBins.sectors(center, radius_max=1 * u.deg, nbin=8)
        <SkyBins: 8 sectors, position angle 0 to 360 deg>
        """
        angles = bin_edges(0.0, 360.0, nbin=nbin, edges=edges, step=step)
        if np.ptp(angles) > 360 + SAME_POSITION:
            raise InvalidBinsError(f"sectors span {np.ptp(angles):.6g} deg, more than 360")
        low = positive_angle(radius_min, "radius_min", zero=True)
        high = positive_angle(radius_max, "radius_max")
        if low >= high:
            raise InvalidBinsError(f"radius_min {low:.6g} deg is not below radius_max {high:.6g}")
        axes = axes_at(center, "center")
        shape = Sectors(axes, angles, low, high)
        return cls(shape, angles[:-1], angles[1:], "sectors", POSITION_ANGLE, planar)


def _radii(edges: Any, radius_min: Any, radius_max: Any, nbin: int | None, step: Any) -> Float:
    """Radii in degrees from the arguments of annuli."""
    if edges is None and radius_max is None:
        raise InvalidBinsError("annuli need edges=, or radius_max= with nbin= or step=")
    if edges is not None and radius_max is not None:
        raise InvalidBinsError("annuli take edges= or radius_max=, not both")
    low = positive_angle(radius_min, "radius_min", zero=True)
    high = low if radius_max is None else positive_angle(radius_max, "radius_max", zero=True)
    radii = bin_edges(low, high, nbin=nbin, edges=edges, step=step)
    if radii[0] < 0 or radii[-1] > 180 or not np.all(np.diff(radii) > 0):
        raise InvalidBinsError(
            f"annuli have radii from {radii[0]:.6g} to {radii[-1]:.6g} deg, expected ascending "
            "radii from 0 to 180"
        )
    return radii
