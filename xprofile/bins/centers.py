"""Sky regions: their centres, copies, and the same regions in ICRS."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, TypeVar

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord, UnitSphericalRepresentation
from regions import CompoundSkyRegion, PolygonSkyRegion, SkyRegion

from ..exceptions import InvalidBinsError
from ..maps.sphere import fixed_positions, is_turned, lonlat_deg, north_in_icrs, same_frame

__all__ = ["copied_region", "fixed_region", "region_center", "region_centers", "region_in_icrs"]

Region = TypeVar("Region")


def copied_region(region: Region) -> Region:
    """Copy a region with all that it is made of; faster than `copy` of the package `regions`."""
    copied = copy.copy(region)
    for name, value in vars(region).items():
        vars(copied)[name] = _copied(value)
    return copied


def _copied(value: Any) -> Any:
    if isinstance(value, SkyCoord | u.Quantity | np.ndarray):
        return value.copy()
    if isinstance(value, dict) and not value:
        return copy.copy(value)  # texts and colours, mostly none
    return copied_region(value) if hasattr(value, "meta") else copy.deepcopy(value)


def fixed_region(region: Any) -> Any:
    """Return a region in a frame in which angles are those of ICRS: itself, or one in ICRS."""
    if isinstance(region, CompoundSkyRegion):
        parts = fixed_region(region.region1), fixed_region(region.region2)
        same = parts[0] is region.region1 and parts[1] is region.region2
        return region if same else _compound(region, *parts)
    points = _points(region)
    return region if points is None or is_turned(points.frame) else region_in_icrs(region)


def region_in_icrs(region: Any) -> Any:
    """Return the same region with its positions and angles in ICRS.

    A region without a centre or vertices, such as a spherical range, is returned as it is.
    """
    if isinstance(region, CompoundSkyRegion):
        return _compound(region, region_in_icrs(region.region1), region_in_icrs(region.region2))
    points = _points(region)
    if points is None or not isinstance(region, SkyRegion):
        return region
    name = "the region"
    if isinstance(region, PolygonSkyRegion):
        return region.copy(vertices=fixed_positions(points, name).icrs)
    changes = {"center": fixed_positions(points, name).icrs}
    if hasattr(region, "angle"):
        changes["angle"] = (region.angle + north_in_icrs(points)).wrap_at("180d")
    return region.copy(**changes)


def _compound(region: CompoundSkyRegion, *parts: Any) -> CompoundSkyRegion:
    return CompoundSkyRegion(*parts, region.operator, region.meta, region.visual)


def _points(region: Any) -> SkyCoord | None:
    """Centre or vertices of a region, None if it has neither."""
    return getattr(region, "center", None) or getattr(region, "vertices", None)


def region_centers(regions: Sequence[SkyRegion]) -> SkyCoord:
    """Centres of regions, in the frame of the first one, or in ICRS if angles differ there.

    Raises
    ------
    InvalidBinsError
        If a region has neither a centre nor vertices.
    """
    first = region_center(regions[0])
    first = first if is_turned(first.frame) else fixed_positions(first)
    frame = first.frame.replicate_without_data()
    alike = _alike_polygons(regions, frame)
    lonlat = np.empty((2, len(regions)))
    for numbers in alike:
        lonlat[:, numbers] = _polygon_centers([regions[i].vertices for i in numbers], frame)
    for i in sorted(set(range(len(regions))).difference(*alike)):
        lonlat[:, i] = lonlat_deg(region_center(regions[i]), frame)
    return SkyCoord(*lonlat, unit="deg", frame=frame)


def _alike_polygons(regions: Sequence[Any], frame: BaseCoordinateFrame) -> list[list[int]]:
    """Numbers of the polygons in a frame, in groups with as many vertices."""
    groups: dict[int, list[int]] = {}
    for i, region in enumerate(regions):
        if type(region) is PolygonSkyRegion and same_frame(region.vertices.frame, frame):
            groups.setdefault(region.vertices.size, []).append(i)
    return list(groups.values())


def _polygon_centers(vertices: Sequence[SkyCoord], frame: BaseCoordinateFrame) -> Any:
    """Longitudes and latitudes (2, n) in degrees of the centres of polygons in a frame."""
    lon, lat = np.stack([lonlat_deg(corners) for corners in vertices], axis=1)
    return lonlat_deg(_mean_direction(SkyCoord(lon, lat, unit="deg", frame=frame)))


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
        return _mean_direction(fixed_positions(region.vertices))
    if isinstance(region, CompoundSkyRegion):
        return _mean_direction(region_centers([region.region1, region.region2]))
    raise InvalidBinsError(
        f"{type(region).__name__} has no centre, so it has no place along the profile; "
        "give circles, annuli, ellipses, rectangles, polygons, or compounds of them"
    )


def _mean_direction(points: SkyCoord) -> SkyCoord:
    mean = points.cartesian.mean(axis=-1).represent_as(UnitSphericalRepresentation)
    return SkyCoord(points.frame.replicate_without_data().realize_frame(mean))
