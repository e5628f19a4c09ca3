"""Lists of astropy sky regions: where they lie along the profile."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

import numpy as np
from astropy.coordinates import ICRS, SkyCoord, UnitSphericalRepresentation
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    CompoundSkyRegion,
    EllipseSkyRegion,
    PolygonSkyRegion,
    RectangleSkyRegion,
    Regions,
    SkyRegion,
)

from .exceptions import InvalidBinsError

__all__ = ["polygon_texts", "region_centers", "region_edges", "region_texts", "regions_of_texts"]

Float = NDArray[np.float64]

_DS9_FRAMES = {"icrs": "icrs", "galactic": "galactic", "fk5": "j2000", "fk4": "b1950"}
_CONCENTRIC = 1e-9  # degrees


def region_centers(regions: Sequence[SkyRegion]) -> SkyCoord:
    """Centres of regions, in the frame of the first.

    That of a polygon is the mean of its vertices, that of a compound the mean of its parts'.

    Raises
    ------
    InvalidBinsError
        If a region has neither centre nor vertices.
    """
    centers = [_center(region) for region in regions]
    frame = centers[0].frame.replicate_without_data()
    if not all(c.frame.is_equivalent_frame(frame) for c in centers):
        centers = [c.transform_to(frame) for c in centers]
    lon = np.array([c.spherical.lon.deg for c in centers])
    lat = np.array([c.spherical.lat.deg for c in centers])
    return SkyCoord(lon, lat, unit="deg", frame=frame)


def _center(region: SkyRegion) -> SkyCoord:
    for name in ("center", "centroid"):  # planar regions have the one, spherical ones either
        if getattr(region, name, None) is not None:
            return getattr(region, name)
    if isinstance(region, PolygonSkyRegion):
        return _mean(region.vertices)
    if isinstance(region, CompoundSkyRegion):
        first, second = _center(region.region1), _center(region.region2)
        return _mean(SkyCoord([first, second.transform_to(first.frame)]))
    raise InvalidBinsError(
        f"{type(region).__name__} has no centre, so it has no place along the profile; "
        "give circles, annuli, ellipses, rectangles, polygons, or compounds of them"
    )


def _mean(points: SkyCoord) -> SkyCoord:
    """Direction of the mean of unit vectors."""
    mean = points.cartesian.mean().represent_as(UnitSphericalRepresentation)
    return SkyCoord(points.frame.replicate_without_data().realize_frame(mean))


def region_edges(regions: Sequence[SkyRegion], centers: SkyCoord) -> tuple[Float, Float]:
    """Lower and upper edge of each region along the profile, in degrees.

    Concentric circles and annuli are bounded by their radii. Of others the distance is the
    separation from the first region's centre, as in Gammapy, and the edges are where the line
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
        return 0.0, float(region.radius.to_value("deg"))
    return float(region.inner_radius.to_value("deg")), float(region.outer_radius.to_value("deg"))


def _directions(regions: Sequence[SkyRegion], centers: SkyCoord) -> Float:
    """Position angle in rad, at each centre, of the line that comes from the first one.

    Each is East of the North of its region's own frame, as the region's angle is.
    """
    if centers.size == 1:
        return np.array([0.0])
    other = centers[np.append(1, np.zeros(centers.size - 1, int))]
    angles = centers.position_angle(other).rad
    for i, region in enumerate(regions):
        own = _center(region)
        if not own.frame.is_equivalent_frame(centers.frame.replicate_without_data()):
            angles[i] = own.position_angle(other[i].transform_to(own.frame)).rad
    angles[1:] += np.pi
    return np.asarray(angles)


def _half_extent(region: SkyRegion, position_angle: float) -> float:
    """Distance in degrees from the centre to the boundary along a position angle."""
    if isinstance(region, CircleSkyRegion | CircleAnnulusSkyRegion):
        return _radii(region)[1]
    if isinstance(region, PolygonSkyRegion):
        center = _center(region)
        away = center.position_angle(region.vertices).rad - position_angle
        return float(np.abs(center.separation(region.vertices).deg * np.cos(away)).max())
    if not isinstance(region, RectangleSkyRegion | EllipseSkyRegion):
        return np.nan
    turn = position_angle + np.pi / 2 - region.angle.to_value("rad")
    along = abs(np.cos(turn)) / (region.width.to_value("deg") / 2)
    across = abs(np.sin(turn)) / (region.height.to_value("deg") / 2)
    if isinstance(region, EllipseSkyRegion):
        return float(1 / np.hypot(along, across))
    return float(1 / max(along, across))


def _half_steps(distance: Float) -> Float:
    """Half the distance to the neighbours, for shapes whose extent is not known."""
    if distance.size < 2:
        return np.zeros_like(distance)
    return np.abs(np.gradient(distance)) / 2


def region_texts(regions: Sequence[SkyRegion]) -> list[str]:
    """Write each region as one line of DS9, or as its repr where DS9 has no such thing."""
    return [_text(region) for region in regions]


def regions_of_texts(texts: Iterable[str]) -> list[list[SkyRegion]]:
    """Read the texts of bins: of one region each, or of several if bins were merged.

    Raises
    ------
    InvalidBinsError
        If a text is not of sky regions in DS9's format.
    """
    return [_regions_of(str(text)) for text in texts]


def _regions_of(text: str) -> list[SkyRegion]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", AstropyUserWarning)  # a line that is skipped
            regions = list(Regions.parse(text, format="ds9"))
    except (ValueError, TypeError, KeyError, AstropyUserWarning):
        regions = []
    if not regions or not all(isinstance(region, SkyRegion) for region in regions):
        raise InvalidBinsError(
            f"the text of a bin is no sky region in DS9's format: {text[:80]!r}; give the bins "
            "themselves as bins="
        )
    return regions


def polygon_texts(points: SkyCoord, stops: NDArray[np.intp]) -> list[str]:
    """Write polygons, given by all their corners and where each stops, as lines of DS9.

    The last corner of each is its first again, and is left out. In a frame that DS9 lacks they
    are written in ICRS.
    """
    frame = points.frame.replicate_without_data()
    if frame.name not in _DS9_FRAMES or not frame.is_equivalent_frame(type(frame)()):
        points, frame = points.icrs, ICRS()
    lon, lat = points.spherical.lon.deg, points.spherical.lat.deg
    corners = np.array([f"{x:.10f},{y:.10f}" for x, y in zip(lon, lat, strict=True)])
    return [
        f"{_DS9_FRAMES[frame.name]};polygon({','.join(part[:-1])})"
        for part in np.split(corners, stops[:-1])
    ]


def _text(region: SkyRegion) -> str:
    plain = " ".join(repr(region).split())
    frame = _center(region).frame.replicate_without_data()
    if not frame.is_equivalent_frame(type(frame)()):
        return plain  # DS9 knows no other equinox
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", AstropyUserWarning)  # a frame that DS9 has not
            text = Regions([region]).serialize(format="ds9", precision=10)
    except (NotImplementedError, ValueError, KeyError, AttributeError, AstropyUserWarning):
        return plain
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return ";".join(lines) if lines else plain
