"""Solid angles of astropy regions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import astropy.units as u
import numpy as np

from ...maps.sphere import fixed_positions, lonlat_deg, unit_vectors
from .areas import (
    band_widths,
    ellipse_solid_angle,
    polygon_solid_angle,
    rectangle_solid_angle,
    ring_solid_angles,
)

__all__ = ["region_solid_angle"]


def region_solid_angle(region: Any) -> float:
    """Solid angle of a region on the sphere in sr.

    Radii, widths and heights are true angles from the centre. Rectangles are between meridians and
    parallels of their axes, and the sides of polygons are great circles. NaN for compounds and for
    regions of other kinds.
    """
    make = _SOLID_ANGLES.get(type(region).__name__.replace("Spherical", ""))
    return np.nan if make is None else make(region)


def _degrees(region: Any, *names: str) -> list[float]:
    return [float(getattr(region, name).to_value(u.deg)) for name in names]


def _circle(region: Any) -> float:
    return _ring(0.0, *_degrees(region, "radius"))


def _annulus(region: Any) -> float:
    return _ring(*_degrees(region, "inner_radius", "outer_radius"))


def _ring(inner: float, outer: float) -> float:
    return float(ring_solid_angles(np.array([inner, outer]))[0]) if outer <= 180 else np.nan


def _ellipse(width: float, height: float) -> float:
    return ellipse_solid_angle(width / 2, height / width) if max(width, height) <= 360 else np.nan


def _full(area: Callable[[float, float], float]) -> Callable[[Any], float]:
    """Make the function for regions with a width and a height."""
    return lambda region: area(*_degrees(region, "width", "height"))


def _hollow(area: Callable[[float, float], float]) -> Callable[[Any], float]:
    """Make the function for regions with an inner and an outer width and height."""

    def solid_angle(region: Any) -> float:
        outer = area(*_degrees(region, "outer_width", "outer_height"))
        return outer - area(*_degrees(region, "inner_width", "inner_height"))

    return solid_angle


def _polygon(region: Any) -> float:
    return polygon_solid_angle(unit_vectors(*lonlat_deg(fixed_positions(region.vertices))))


def _lune(region: Any) -> float:
    """Solid angle of the part that two hemispheres share."""
    return float(2 * np.pi - 2 * region.center_gc1.separation(region.center_gc2).rad)


def _range(region: Any) -> float:
    """Solid angle of a range of longitude, of latitude, or of both in one frame."""
    lon, lat = region.longitude_range, region.latitude_range
    if lon is None and lat is None:  # the region was made in another frame
        return np.nan
    lon = np.array([0.0, 360.0]) if lon is None else lon.to_value(u.deg)
    lat = np.array([-90.0, 90.0]) if lat is None else lat.to_value(u.deg)
    if lat[0] > lat[1]:  # `regions` contradicts itself on what these contain
        return np.nan
    width = np.ptp(lon) if lon[0] < lon[1] else 360 - np.ptp(lon)
    return float(np.radians(width) * band_widths(lat)[0])


_SOLID_ANGLES: dict[str, Callable[[Any], float]] = {
    "CircleSkyRegion": _circle,
    "CircleAnnulusSkyRegion": _annulus,
    "EllipseSkyRegion": _full(_ellipse),
    "EllipseAnnulusSkyRegion": _hollow(_ellipse),
    "RectangleSkyRegion": _full(rectangle_solid_angle),
    "RectangleAnnulusSkyRegion": _hollow(rectangle_solid_angle),
    "PolygonSkyRegion": _polygon,
    "LuneSkyRegion": _lune,
    "RangeSkyRegion": _range,
}
