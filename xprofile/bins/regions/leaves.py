"""Sky regions as arrays: their kinds, local axes and sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    PolygonSkyRegion,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
)

from ...exceptions import InvalidBinsError
from ...maps.sphere import lonlat_deg, same_frame, sky_positions, unit_vectors
from ..centers import fixed_region
from ..shapes.spherical import Spherical, is_spherical
from .polygons import Polygons

__all__ = ["CIRCLE", "ELLIPSE", "OTHER", "POLYGON", "RECTANGLE", "Leaves", "check_kind"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

CIRCLE, ELLIPSE, RECTANGLE, POLYGON, OTHER = range(5)

# class: kind, attributes with the outer sizes and those with the sizes of the hole (width and
# height), and the factor from an attribute to half a size
_KINDS: dict[type, tuple[int, tuple[str, ...], tuple[str, ...], float]] = {
    CircleSkyRegion: (CIRCLE, ("radius",), (), 1),
    CircleAnnulusSkyRegion: (CIRCLE, ("outer_radius",), ("inner_radius",), 1),
    EllipseSkyRegion: (ELLIPSE, ("width", "height"), (), 0.5),
    EllipseAnnulusSkyRegion: (
        ELLIPSE, ("outer_width", "outer_height"), ("inner_width", "inner_height"), 0.5,
    ),
    RectangleSkyRegion: (RECTANGLE, ("width", "height"), (), 0.5),
    RectangleAnnulusSkyRegion: (
        RECTANGLE, ("outer_width", "outer_height"), ("inner_width", "inner_height"), 0.5,
    ),
    PolygonSkyRegion: (POLYGON, (), (), 1),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Leaves:
    """Regions that are not compounds, as arrays; angles are in rad.

    Parameters
    ----------
    kind : numpy.ndarray of int
        Kind of each region, (n,).
    basis : numpy.ndarray
        Local axes as unit vectors of a frame, one in each row, (n, 3, 3): toward the centre, along
        the width, and along the height.
    outer, inner : numpy.ndarray
        Half the width and height of the outer boundary, and of the hole, (n, 2); NaN without a
        hole.
    reach : numpy.ndarray
        Radius of a circle round the centre that holds the region, (n,).
    polygons : Polygons
        Sides of the polygons.
    polygon : numpy.ndarray of int
        Number of each region among the polygons, -1 for others, (n,).
    others : dict of int to Spherical
        Spherical regions by their number.
    frame : BaseCoordinateFrame
        Frame of the unit vectors.
    """

    kind: Int
    basis: Float
    outer: Float
    inner: Float
    reach: Float
    polygons: Polygons
    polygon: Int
    others: dict[int, Spherical]
    frame: BaseCoordinateFrame

    @classmethod
    def from_regions(cls, regions: Sequence[Any], frame: BaseCoordinateFrame) -> Leaves:
        """Read regions that are not compounds."""
        regions = [fixed_region(region) for region in regions]
        kind = np.array([_kind(region) for region in regions])
        outer, inner, angle = _sizes(regions)
        basis = _bases(regions, kind, angle, frame)
        listed = np.flatnonzero(kind == POLYGON)
        polygons = _no_polygons()
        if listed.size:
            polygons = Polygons.from_corners(_corners([regions[i] for i in listed.tolist()], frame))
            basis[listed], outer[listed] = polygons.basis, polygons.reach[:, None]
        row = np.full(len(regions), -1)
        row[listed] = np.arange(listed.size)
        others = {i: Spherical(regions[i]) for i in np.flatnonzero(kind == OTHER).tolist()}
        for i, other in others.items():
            circle = other.bounding_disc()
            basis[i], outer[i] = circle.axes.basis(frame), np.radians(circle.edges[-1])
        reach = np.where(kind == RECTANGLE, _half_diagonal(outer), outer.max(axis=1))
        reach = np.minimum(reach, np.pi)
        return cls(kind, basis, outer, inner, reach, polygons, row, others, frame)


def check_kind(region: Any) -> None:
    """Raise unless a region, that is not a compound, has pixels on the sky.

    Raises
    ------
    InvalidBinsError
        If it is a point, a text, a line, or of another unknown kind.
    """
    if not is_spherical(region) and _kind(region) == OTHER:
        name = type(region).__name__
        raise InvalidBinsError(
            f"{name} has no area on the sky, so no pixel is in it; give circles, annuli, ellipses, "
            "rectangles, polygons, or compounds of them"
        )


def _kind(region: Any) -> int:
    return _row_of_kinds(region.__class__)[0]


@cache
def _row_of_kinds(region: type) -> tuple[int, tuple[str, ...], tuple[str, ...], float]:
    """Row of the table of kinds for a class of regions."""
    known = (_KINDS[base] for base in region.__mro__ if base in _KINDS)
    return next(known, (OTHER, (), (), 1))


@cache
def _no_polygons() -> Polygons:
    return Polygons.from_corners([])


def _sizes(regions: Sequence[Any]) -> tuple[Float, Float, Float]:
    """Half sizes (n, 2) of the outer boundary and of the hole, and angles (n,), in rad."""
    outer, inner, angle = [], [], []
    for region in regions:
        _, outside, hole, factor = _row_of_kinds(region.__class__)
        outer.append(_half_sizes(region, outside, factor))
        inner.append(_half_sizes(region, hole, factor))
        angle.append(_degrees(region.angle) if len(outside) == 2 else 0.0)
    half = np.radians([outer, inner]).reshape(2, -1, 2)
    return half[0], half[1], np.radians(angle)


def _half_sizes(region: Any, names: tuple[str, ...], factor: float) -> tuple[float, float]:
    """Half the width and the height in degrees; a single size is both, and none is NaN."""
    if not names:
        return np.nan, np.nan
    first = factor * _degrees(getattr(region, names[0]))
    return first, factor * _degrees(getattr(region, names[1])) if len(names) > 1 else first


def _degrees(angle: u.Quantity) -> float:
    """Value of an angle in degrees; fast if that is its unit."""
    return float(angle.value if angle.unit is u.deg else angle.to_value(u.deg))


def _half_diagonal(half: Float) -> Float:
    """Distance of the corners of rectangles from their centre, at most 180 deg."""
    along, across = np.minimum(half, [np.pi, np.pi / 2]).T
    farthest = np.arccos(np.clip(np.cos(along) * np.cos(across), -1, 1))
    return np.asarray(np.where(along > np.pi / 2, np.maximum(farthest, along), farthest))


def _bases(regions: Sequence[Any], kind: Int, angle: Float, frame: BaseCoordinateFrame) -> Float:
    """Local axes of the regions that have a centre and perhaps an angle, (n, 3, 3)."""
    basis = np.full((len(regions), 3, 3), np.nan)
    simple = np.flatnonzero(kind < POLYGON)
    centers = [regions[i].center for i in simple.tolist()]
    for group in _by_frame(centers):
        numbers = simple[group]
        lon, lat = np.array([lonlat_deg(centers[i]) for i in group.tolist()]).T
        axes = np.concatenate([unit_vectors(lon, lat), _along(lon, lat, angle[numbers])], axis=1)
        center, toward = np.split(_turned(axes, centers[group[0]], frame), 2)
        basis[numbers] = np.stack([center, toward, np.cross(center, toward)], axis=1)
    return basis


def _corners(polygons: Sequence[Any], frame: BaseCoordinateFrame) -> list[Float]:
    """Corners (ncorner, 3) of each polygon as unit vectors of a frame."""
    found: list[Float] = [np.empty((0, 3))] * len(polygons)
    vertices = [polygon.vertices for polygon in polygons]
    for group in _by_frame(vertices):
        parts = [unit_vectors(*lonlat_deg(vertices[i])) for i in group.tolist()]
        joined = _turned(np.concatenate(parts, axis=1), vertices[group[0]], frame)
        stops = np.cumsum([part.shape[1] for part in parts])
        for i, corners in zip(group.tolist(), np.split(joined, stops[:-1]), strict=True):
            found[i] = corners
    return found


def _turned(vectors: Float, origin: SkyCoord, frame: BaseCoordinateFrame) -> Float:
    """Unit vectors (n, 3) of a frame, from those (3, n) of the frame of a position."""
    if not same_frame(origin.frame, frame):
        vectors = unit_vectors(*lonlat_deg(sky_positions(vectors, origin.frame), frame))
    return np.asarray(vectors.T)


def _along(lon: Float, lat: Float, angle: Float) -> Float:
    """Directions (3, n) at right angles to positions, at a position angle of 90 deg + angle."""
    lon, lat = np.radians(lon), np.radians(lat)
    east = np.stack([-np.sin(lon), np.cos(lon), np.zeros_like(lon)])
    north = np.stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    return np.asarray(east * np.cos(angle) - north * np.sin(angle))


def _by_frame(positions: Sequence[SkyCoord]) -> list[Int]:
    """Group the numbers of positions by their frame."""
    frames: list[BaseCoordinateFrame] = []
    group = np.empty(len(positions), int)
    for i, position in enumerate(positions):
        known = (j for j, frame in enumerate(frames) if same_frame(frame, position.frame))
        group[i] = next(known, len(frames))
        if group[i] == len(frames):
            frames.append(position.frame)
    return [np.flatnonzero(group == j) for j in range(len(frames))]
