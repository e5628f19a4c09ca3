"""Lists of astropy sky regions: where they lie along the profile."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import astropy.units as u
import numpy as np
from astropy.coordinates import Angle, SkyCoord, UnitSphericalRepresentation
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    CompoundSkyRegion,
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    PolygonSkyRegion,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
    Regions,
    SkyRegion,
)

from . import ds9
from .exceptions import InvalidBinsError
from .sphere import lonlat_deg, same_frame

__all__ = ["RegionList", "region_centers", "region_texts", "regions_of_texts"]

Float = NDArray[np.float64]

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
    lon, lat = np.array([lonlat_deg(c, frame) for c in centers]).T
    return SkyCoord(lon, lat, unit="deg", frame=frame)


@dataclass(frozen=True, eq=False)
class RegionList:
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
        return region_edges(self.listed, self.centers)

    def regions(self) -> list[SkyRegion]:
        """Return the regions."""
        return list(self.listed)

    def texts(self) -> list[str]:
        """Lines of DS9, or what stands for them where DS9 has no such thing."""
        return region_texts(self.listed)


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
        return 0.0, float(region.radius.to_value(u.deg))
    return float(region.inner_radius.to_value(u.deg)), float(region.outer_radius.to_value(u.deg))


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
        if not same_frame(own.frame, centers.frame):
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
    turn = position_angle + np.pi / 2 - region.angle.to_value(u.rad)
    along = abs(np.cos(turn)) / (region.width.to_value(u.deg) / 2)
    across = abs(np.sin(turn)) / (region.height.to_value(u.deg) / 2)
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
    return [_plain_text(region) or _text(region) for region in regions]


# name of a shape in DS9, its lengths in the order of DS9, their scale, and whether it has an angle
_DS9_SHAPES: dict[type, tuple[str, tuple[str, ...], float, bool]] = {
    CircleSkyRegion: ("circle", ("radius",), 1, False),
    CircleAnnulusSkyRegion: ("annulus", ("inner_radius", "outer_radius"), 1, False),
    EllipseSkyRegion: ("ellipse", ("width", "height"), 0.5, True),
    RectangleSkyRegion: ("box", ("width", "height"), 1, True),
    EllipseAnnulusSkyRegion: (
        "ellipse", ("inner_width", "inner_height", "outer_width", "outer_height"), 0.5, True,
    ),
    RectangleAnnulusSkyRegion: (
        "box", ("inner_width", "inner_height", "outer_width", "outer_height"), 1, True,
    ),
}  # fmt: skip


def _plain_text(region: SkyRegion) -> str:
    """Line of DS9 of a simple region without words or colours, as `regions` writes it, else ""."""
    if type(region) not in _DS9_SHAPES or region.meta or region.visual:
        return ""
    frame = ds9.ds9_frame(region.center.frame)
    if frame is None:
        return ""
    shape, names, scale, turned = _DS9_SHAPES[type(region)]
    sizes = ds9.lengths(scale * getattr(region, name).to_value(u.deg) for name in names)
    turn = []
    if turned:
        write = ds9.angles if isinstance(region.angle, Angle) else ds9.lengths
        turn = write([region.angle.to_value(u.deg)])
    numbers = [*ds9.places(region.center), *sizes, *turn]
    return f"{frame};{shape}({','.join(numbers)})"


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


def _text(region: SkyRegion) -> str:
    frame = _center(region).frame.replicate_without_data()
    if not frame.is_equivalent_frame(type(frame)()):
        return _repr(region)  # DS9 knows no other equinox
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", AstropyUserWarning)  # a frame that DS9 has not
            text = Regions([region]).serialize(format="ds9", precision=10)
    except (NotImplementedError, ValueError, KeyError, AttributeError, AstropyUserWarning):
        return _repr(region)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return ";".join(lines) if lines else _repr(region)


def _repr(region: SkyRegion) -> str:
    return " ".join(repr(region).split())
