"""Sky positions of the centres of regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from astropy.coordinates import SkyCoord, UnitSphericalRepresentation
from regions import CompoundSkyRegion, PolygonSkyRegion, SkyRegion

from ..exceptions import InvalidBinsError
from ..maps.sphere import lonlat_deg

__all__ = ["region_centers"]


def region_centers(regions: Sequence[SkyRegion]) -> SkyCoord:
    """Centres of regions, in the frame of the first.

    That of a polygon is the mean of its vertices, that of a compound the mean of its parts'.

    Raises
    ------
    InvalidBinsError
        If a region has neither centre nor vertices.
    """
    centers = [region_center(region) for region in regions]
    frame = centers[0].frame.replicate_without_data()
    lon, lat = np.array([lonlat_deg(c, frame) for c in centers]).T
    return SkyCoord(lon, lat, unit="deg", frame=frame)


def region_center(region: SkyRegion) -> SkyCoord:
    for name in ("center", "centroid"):  # planar regions have the one, spherical ones either
        if getattr(region, name, None) is not None:
            return getattr(region, name)
    if isinstance(region, PolygonSkyRegion):
        return _mean(region.vertices)
    if isinstance(region, CompoundSkyRegion):
        first, second = region_center(region.region1), region_center(region.region2)
        return _mean(SkyCoord([first, second.transform_to(first.frame)]))
    raise InvalidBinsError(
        f"{type(region).__name__} has no centre, so it has no place along the profile; "
        "give circles, annuli, ellipses, rectangles, polygons, or compounds of them"
    )


def _mean(points: SkyCoord) -> SkyCoord:
    """Direction of the mean of unit vectors."""
    mean = points.cartesian.mean().represent_as(UnitSphericalRepresentation)
    return SkyCoord(points.frame.replicate_without_data().realize_frame(mean))
