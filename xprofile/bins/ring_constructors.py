"""Ways to make bins round a centre: annuli, elliptical annuli and sectors."""

from __future__ import annotations

from typing import Any, Self

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..exceptions import InvalidBinsError
from ..schema.names import POSITION_ANGLE
from .constructor import Constructor
from .edges import angle, bin_edges, scalar_coord, signed_angle
from .shapes.axes import LocalAxes
from .shapes.rings import Annuli, Sectors

__all__ = ["RingConstructors"]

Float = NDArray[np.float64]

_SMALLEST = 1e-9  # degrees by which sectors may span more than a full circle


class RingConstructors(Constructor):
    """Ways to make `SkyBins` round a centre."""

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
    ) -> Self:
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
    ) -> Self:
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
    ) -> Self:
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
