"""Directions on the sphere: unit vectors, sky positions, and solid angles between directions."""

from __future__ import annotations

import astropy.units as u
import numpy as np
from astropy.coordinates import (
    FK5,
    ICRS,
    BarycentricMeanEcliptic,
    BarycentricTrueEcliptic,
    BaseCoordinateFrame,
    Galactic,
    Latitude,
    Longitude,
    SkyCoord,
    SkyOffsetFrame,
    SphericalRepresentation,
    Supergalactic,
    UnitSphericalRepresentation,
    offset_by,
)
from numpy.typing import NDArray

from ..exceptions import InvalidOptionError

__all__ = [
    "components",
    "cross",
    "dot",
    "fixed_positions",
    "is_turned",
    "lonlat_deg",
    "lonlat_of_vectors",
    "north_in_icrs",
    "position_angle_deg",
    "quadrilateral_solid_angle",
    "same_frame",
    "sky_positions",
    "unit_vectors",
]

Float = NDArray[np.float64]

# Frames whose axes are those of ICRS, turned as a whole, for any equinox. Angles between positions
# are the same in all of them. In others, such as FK4 or GCRS, aberration changes angles by 1e-4.
_TURNED = (
    ICRS, FK5, Galactic, Supergalactic, BarycentricMeanEcliptic, BarycentricTrueEcliptic,
)  # fmt: skip

# Decimals of positions in degrees: 4e-9 arcsec, so that 30 deg is not given as 29.999999999999996.
# With one decimal less, positions would still be right to 4e-8 arcsec; with two more, rounding
# errors would show.
_DECIMALS = 12


def unit_vectors(lon: Float, lat: Float) -> Float:
    """Unit vectors (3, ...) of longitudes and latitudes in degrees that broadcast."""
    lon, lat = np.radians(lon), np.radians(lat)
    cos = np.cos(lat)
    up = np.broadcast_to(np.sin(lat), np.broadcast_shapes(lon.shape, lat.shape))
    return np.stack([cos * np.cos(lon), cos * np.sin(lon), up])


def components(basis: Float, vectors: Float) -> Float:
    """Components (3, ...) of vectors (3, ...) along the rows of a matrix (3, 3).

    numpy computes them in one thread. A product of matrices would start threads for each block of
    pixels, which take several times as long where all processors are busy.
    """
    return np.asarray(np.einsum("ij,j...->i...", basis, vectors))


def sky_positions(vectors: Float, frame: BaseCoordinateFrame) -> SkyCoord:
    """Sky positions of unit vectors (3, ...) of a frame, rounded to 1e-12 degrees."""
    lon, lat = lonlat_of_vectors(vectors)
    # astropy takes half as long again if it makes the angles itself
    angles = Longitude(lon, u.deg, copy=False), Latitude(lat, u.deg, copy=False)
    data = UnitSphericalRepresentation(*angles, copy=False)
    return SkyCoord(frame.replicate_without_data().realize_frame(data))


def lonlat_of_vectors(vectors: Float) -> tuple[Float, Float]:
    """Longitude and latitude in degrees of unit vectors (3, ...), rounded to 1e-12 degrees.

    Longitudes go from 0 to 360; those that are rounded up are 360.
    """
    x, y, z = vectors
    angles = np.degrees([np.arctan2(y, x) % (2 * np.pi), np.arctan2(z, np.hypot(x, y))])
    lon, lat = np.round(angles, _DECIMALS) + 0.0
    return lon, lat


def position_angle_deg(start: tuple[Float, Float], end: tuple[Float, Float]) -> Float:
    """Position angles, East of North, of positions as seen from others, from 0 to 360 degrees.

    Parameters
    ----------
    start, end : tuple of numpy.ndarray
        Longitudes and latitudes in degrees. `astropy.coordinates.position_angle` takes ten times as
        long for the few positions of usual bins.
    """
    (_, lat), (_, other) = np.radians(start), np.radians(end)
    turn = np.radians(end[0] - start[0])
    east = np.sin(turn) * np.cos(other)
    north = np.sin(other) * np.cos(lat) - np.cos(other) * np.sin(lat) * np.cos(turn)
    return np.asarray(np.degrees(np.arctan2(east, north) % (2 * np.pi)))


def lonlat_deg(coord: SkyCoord, frame: BaseCoordinateFrame | None = None) -> tuple[Float, Float]:
    """Longitude and latitude in degrees of sky positions.

    In `frame`, by default in the frame of the positions. Their distance does not count.
    """
    if frame is not None and not same_frame(coord.frame, frame):
        coord = _in_frame(fixed_positions(coord), frame)
    data = coord.frame.data
    if not isinstance(data, UnitSphericalRepresentation | SphericalRepresentation):
        data = coord.spherical
    return np.asarray(data.lon.to_value(u.deg)), np.asarray(data.lat.to_value(u.deg))


def fixed_positions(coord: SkyCoord, name: str = "the position") -> SkyCoord:
    """Return new sky positions without distances, in a frame that is ICRS turned as a whole.

    Positions in other frames, such as FK4 or AltAz, become positions in ICRS. `name` is their name
    in messages.

    Raises
    ------
    InvalidOptionError
        If astropy cannot turn the positions to ICRS, for want of a time, place or distance.
    """
    frame = coord.frame if is_turned(coord.frame) else _in_frame(coord, ICRS(), name).frame
    data = frame.data.represent_as(UnitSphericalRepresentation).copy()
    for angle in (data.lon, data.lat):  # not to be changed by whoever holds them
        angle.flags.writeable = False
    return SkyCoord(frame.replicate_without_data().realize_frame(data))


def is_turned(frame: BaseCoordinateFrame) -> bool:
    """Whether a frame is ICRS turned as a whole, so that angles in both are the same.

    Frames relative to an origin do not count: astropy turns them to the equinox of another frame
    without a look at that of their origin, if it is not by way of ICRS.
    """
    return isinstance(frame, _TURNED) and not isinstance(frame, SkyOffsetFrame)


def north_in_icrs(coord: SkyCoord) -> u.Quantity:
    """Position angles in ICRS of the North of the frame of sky positions, at their distance."""
    frame, data = coord.frame.replicate_without_data(), coord.data
    unit = data.represent_as(UnitSphericalRepresentation)
    north = offset_by(unit.lon, unit.lat, 0 * u.deg, 1 * u.arcsec)
    ends = (unit, UnitSphericalRepresentation(*north))
    if data.norm().unit.is_equivalent(u.m):  # some frames cannot be turned without a distance
        ends = tuple(SphericalRepresentation(e.lon, e.lat, data.norm()) for e in ends)
    place, step = (_in_frame(SkyCoord(frame.realize_frame(e)), ICRS()) for e in ends)
    return place.position_angle(step)


def _in_frame(coord: SkyCoord, frame: BaseCoordinateFrame, name: str = "the position") -> SkyCoord:
    """Return positions in just this frame: astropy may keep the equinox of the positions."""
    try:
        return coord.transform_to(frame, merge_attributes=False)
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise InvalidOptionError(
            f"{name} is in the frame {coord.frame.name!r}, and astropy cannot turn it to "
            f"{frame.name!r}: {error}; give a position in ICRS, or what is missing in its frame"
        ) from error


def same_frame(one: BaseCoordinateFrame, other: BaseCoordinateFrame) -> bool:
    """Whether two frames have the same axes.

    Frames without attributes, such as ICRS and Galactic, are compared by type alone, which is fast.
    """
    if type(one) is not type(other):
        return False
    return not one.frame_attributes or bool(one.is_equivalent_frame(other))


def quadrilateral_solid_angle(a: Float, b: Float, c: Float, d: Float) -> Float:
    """Solid angles in sr of spherical quadrilaterals, whose corners are unit vectors (3, ...)."""
    return np.asarray(_triangle_solid_angle(a, b, c) + _triangle_solid_angle(a, c, d))


def dot(a: Float, b: Float) -> Float:
    """Scalar products of vectors (3, ...)."""
    return np.asarray(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


def cross(a: Float, b: Float) -> Float:
    """Vector products of vectors (3, ...)."""
    first, second, third = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1]
    return np.stack([first, second, third - a[1] * b[0]])


def _triangle_solid_angle(a: Float, b: Float, c: Float) -> Float:
    """Solid angles in sr of spherical triangles, whose corners are unit vectors (3, ...).

    Equation of Van Oosterom and Strackee (1983), IEEE Trans. Biomed. Eng. 30, 125.
    """
    triple = dot(a, cross(b, c))
    denominator = 1 + dot(a, b) + dot(b, c) + dot(c, a)
    return np.asarray(np.abs(2 * np.arctan2(triple, denominator)))
