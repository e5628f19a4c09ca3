"""Sky positions of the centres of regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from astropy.coordinates import SkyCoord, UnitSphericalRepresentation
from regions import CompoundSkyRegion, PolygonSkyRegion, SkyRegion

from ..exceptions import InvalidBinsError
from ..maps.sphere import lonlat_deg

__all__ = ["region_center", "region_centers"]


def region_centers(regions: Sequence[SkyRegion]) -> SkyCoord:
    """Centres of regions, in the frame of the first one.

    Raises
    ------
    InvalidBinsError
        If a region has neither a centre nor vertices.
    """
    centers = [region_center(region) for region in regions]
    frame = centers[0].frame.replicate_without_data()
    lon, lat = np.array([lonlat_deg(c, frame) for c in centers]).T
    return SkyCoord(lon, lat, unit="deg", frame=frame)


def region_center(region: SkyRegion) -> SkyCoord:
    """Centre of a region: the mean of a polygon's vertices, or of the centres of two parts.

    Raises
    ------
    InvalidBinsError
        If the region has neither a centre nor vertices.
    """
    for name in ("center", "centroid"):  # a spherical region may have only the second
        if getattr(region, name, None) is not None:
            return getattr(region, name)
    if isinstance(region, PolygonSkyRegion):
        return _mean_direction(region.vertices)
    if isinstance(region, CompoundSkyRegion):
        return _mean_direction(region_centers([region.region1, region.region2]))
    raise InvalidBinsError(
        f"{type(region).__name__} has no centre, so it has no place along the profile; "
        "give circles, annuli, ellipses, rectangles, polygons, or compounds of them"
    )


def _mean_direction(points: SkyCoord) -> SkyCoord:
    mean = points.cartesian.mean().represent_as(UnitSphericalRepresentation)
    return SkyCoord(points.frame.replicate_without_data().realize_frame(mean))
