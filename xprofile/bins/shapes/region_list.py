"""Lists of astropy sky regions as bins, and their edges along the profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseSkyRegion,
    PolygonSkyRegion,
    RectangleSkyRegion,
    SkyRegion,
)

from ...maps.sphere import same_frame
from ..centers import region_center, region_centers
from .region_areas import region_solid_angle
from .shape import Shape

__all__ = ["RegionList"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Degrees within which centres are the same: above the rounding of separations of positions in
# different frames (1e-12) and far below any pixel. If it were smaller than rounding, annuli would
# not be bounded by their radii; ten times larger would change nothing.
_CONCENTRIC = 1e-9


@dataclass(frozen=True, eq=False)
class RegionList(Shape):
    """Astropy regions as bins.

    Parameters
    ----------
    listed : tuple of regions.SkyRegion
        One bin each.
    """

    listed: tuple[SkyRegion, ...]

    @cached_property
    def centers(self) -> SkyCoord:
        """Centres of the regions, (nbin,)."""
        return region_centers(self.listed)

    def edges(self) -> tuple[Float, Float]:
        """Lower and upper edge of each region along the profile in degrees."""
        return _region_edges(self.listed, self.centers)

    def regions(self) -> list[SkyRegion]:
        """Return the regions."""
        return list(self.listed)

    def take(self, numbers: Int) -> RegionList:
        """Return the regions with these numbers, in this order."""
        return RegionList(tuple(self.listed[number] for number in numbers.tolist()))

    def solid_angles(self) -> Float:
        """Return the solid angle of each region in sr, (nbin,); NaN where it is not known."""
        return np.array([region_solid_angle(region) for region in self.listed])

    def details(self) -> dict[str, str]:
        """Return the kinds of regions and their numbers."""
        kinds = Counter(type(region).__name__ for region in self.listed)
        return {"regions": ", ".join(f"{number} {kind}" for kind, number in kinds.items())}


def _region_edges(regions: Sequence[SkyRegion], centers: SkyCoord) -> tuple[Float, Float]:
    """Lower and upper edge of each region along the profile in degrees.

    Concentric circles and annuli are bounded by their radii. The distance of other regions is the
    separation from the first region's centre, as in Gammapy, and their edges are where the line
    from that centre enters and leaves the region.
    """
    distance = centers[0].separation(centers).deg
    radial = (CircleSkyRegion, CircleAnnulusSkyRegion)
    if np.all(distance < _CONCENTRIC) and all(isinstance(r, radial) for r in regions):
        radii = [_radii(region) for region in regions]
        return np.array([r[0] for r in radii]), np.array([r[1] for r in radii])
    direction = _directions(regions, centers)
    half = np.array([_half_extent(r, a) for r, a in zip(regions, direction, strict=True)])
    unknown = np.isnan(half)
    if unknown.any():
        half[unknown] = _half_steps(distance)[unknown]
    return distance - half, distance + half


def _radii(region: SkyRegion) -> tuple[float, float]:
    if isinstance(region, CircleSkyRegion):
        return 0.0, float(region.radius.to_value(u.deg))
    return float(region.inner_radius.to_value(u.deg)), float(region.outer_radius.to_value(u.deg))


def _directions(regions: Sequence[SkyRegion], centers: SkyCoord) -> Float:
    """Position angle in rad, at each centre, of the line that comes from the first centre.

    Each is measured from North over East in the frame of its region, as the region's angle is.
    """
    if centers.size == 1:
        return np.array([0.0])
    other = centers[np.append(1, np.zeros(centers.size - 1, int))]
    angles = centers.position_angle(other).rad
    for i, region in enumerate(regions):
        center = region_center(region)
        if not same_frame(center.frame, centers.frame):
            angles[i] = center.position_angle(other[i].transform_to(center.frame)).rad
    angles[1:] += np.pi
    return np.asarray(angles)


def _half_extent(region: SkyRegion, position_angle: float) -> float:
    """Distance in degrees from the centre to the boundary along a position angle in rad."""
    if isinstance(region, CircleSkyRegion | CircleAnnulusSkyRegion):
        return _radii(region)[1]
    if isinstance(region, PolygonSkyRegion):
        center = region_center(region)
        away = center.position_angle(region.vertices).rad - position_angle
        return float(np.abs(center.separation(region.vertices).deg * np.cos(away)).max())
    if not isinstance(region, RectangleSkyRegion | EllipseSkyRegion):
        return np.nan
    turn = position_angle + np.pi / 2 - region.angle.to_value(u.rad)
    along = abs(np.cos(turn)) / (region.width.to_value(u.deg) / 2)
    across = abs(np.sin(turn)) / (region.height.to_value(u.deg) / 2)
    if isinstance(region, EllipseSkyRegion):
        return float(1 / np.hypot(along, across))
    return float(1 / max(along, across))


def _half_steps(distance: Float) -> Float:
    """Half the distance to the neighbours, for regions whose extent is not known."""
    if distance.size < 2:
        return np.zeros_like(distance)
    return np.abs(np.gradient(distance)) / 2
