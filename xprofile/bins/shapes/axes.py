"""Local axes in which bins are measured on the sky."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...maps.sphere import lonlat_deg, sky_positions, unit_vectors

__all__ = ["LocalAxes", "digitize", "edges_until", "position_text"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Degrees from the end of an axis within which an edge is the end: above the rounding of angles in
# degrees (1e-13) and far below any pixel. If it were smaller than rounding, pixels at the antipode
# or at a pole could be lost from bins that end there; ten times larger would change nothing.
_AT_END = 1e-9


@dataclass(frozen=True, eq=False)
class LocalAxes:
    """Axes on the sky: longitude 0 at `origin`, running along a great circle.

    Parameters
    ----------
    origin : SkyCoord
        Scalar.
    position_angle : Quantity
        Direction of the great circle at the origin, East of North in the origin's frame.
    """

    origin: SkyCoord
    position_angle: u.Quantity

    def basis(self, frame: BaseCoordinateFrame) -> Float:
        """Right-handed axes (3, 3), one in each row, as unit vectors of a frame."""
        first, second = (unit_vectors(*lonlat_deg(c, frame)) for c in (self.origin, self._toward))
        return np.stack([first, second, np.cross(first, second)])

    @cached_property
    def _toward(self) -> SkyCoord:
        """Position on the great circle at longitude 90."""
        return self.origin.directional_offset_by(self.position_angle, 90 * u.deg)

    def sky(self, lon: Float, lat: Float) -> SkyCoord:
        """Sky positions of local longitudes and latitudes in degrees that broadcast."""
        frame = self.origin.frame
        basis = self.basis(frame.replicate_without_data())
        return sky_positions(np.tensordot(basis.T, unit_vectors(lon, lat), 1), frame)

    def polar(self, radius: Float, angle: Float) -> SkyCoord:
        """Sky positions at a distance and position angle (East of North) in degrees."""
        radius, angle = np.broadcast_arrays(radius, angle)  # astropy needs equal shapes at a pole
        return self.origin.directional_offset_by(angle * u.deg, radius * u.deg)

    def longitude(self, coord: SkyCoord) -> float:
        """Local longitude in degrees of one sky position."""
        basis = self.basis(self.origin.frame.replicate_without_data())
        a, b, _ = basis @ unit_vectors(*lonlat_deg(coord, self.origin.frame))
        return float(np.degrees(np.arctan2(b, a)))


def edges_until(edges: Float, end: float) -> Float:
    """Edges in rad from edges in degrees; edges at the end of an axis become inf.

    So the last bin keeps pixels that rounding puts past the end.
    """
    return np.where(edges > end - _AT_END, np.inf, np.radians(edges))


def digitize(values: Float, edges: Float) -> Int:
    """Half-open bin [edge, next edge) of each value, -1 outside and for NaN."""
    code = np.searchsorted(edges, values, side="right") - 1
    code[code == edges.size - 1] = -1  # NaN too, which sorts last
    return code


def position_text(coord: SkyCoord) -> str:
    """Write one sky position for people, with its frame."""
    lon, lat = lonlat_deg(coord)
    return f"{coord.frame.name} {float(lon):.6g}, {float(lat):.6g} deg"
