"""Local axes in which bins are measured on the sky."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...maps.sphere import (
    lonlat_deg,
    lonlat_of_vectors,
    same_frame,
    sky_positions,
    unit_vectors,
)

__all__ = [
    "AT_END",
    "LocalAxes",
    "digitize",
    "edge_tolerance",
    "lowered_edges",
    "position_text",
    "read_only",
    "widths_at_edges",
]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Degrees from the end of an axis within which an edge is the end: above the rounding of angles in
# degrees (1e-13) and far below any pixel. If it were smaller than rounding, pixels at the antipode
# or at a pole could be lost from bins that end there; ten times larger would change nothing.
AT_END = 1e-9

# Distance below an edge at which a pixel centre is on the edge, in widths of the bin and in pixels:
# the larger of the two counts. Rounding of WCS and frames gives 1e-13 deg, which is 1e-10 of a
# pixel of 4 arcsec. If it were smaller than rounding, pixels on edges would fall left or right; ten
# times larger, pixels of a tangent plane that are 1e-5 of a pixel beside an edge would be on it.
_BIN_SHARE, _PIXEL_SHARE = 1e-9, 1e-6


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

    def __post_init__(self) -> None:
        for name in ("origin", "position_angle"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def basis(self, frame: BaseCoordinateFrame) -> Float:
        """Right-handed axes (3, 3), one in each row, as unit vectors of a frame; read-only.

        Those in the frame of the origin and in the last other frame are kept: binning asks for them
        many times.
        """
        if same_frame(frame, self.origin.frame):
            return self._own_basis
        known = vars(self).get("_last_basis")
        if known is None or not same_frame(known[0], frame):
            known = frame.replicate_without_data(), self._new_basis(frame)
            vars(self)["_last_basis"] = known
        basis: Float = known[1]
        return basis

    @cached_property
    def _own_basis(self) -> Float:
        return self._new_basis(self.origin.frame)

    def _new_basis(self, frame: BaseCoordinateFrame) -> Float:
        first, second = (unit_vectors(*lonlat_deg(c, frame)) for c in (self.origin, self._toward))
        third = np.cross(first, second)  # astropy gives `second` near a pole to 1e-8 rad
        third /= np.linalg.norm(third)
        basis = np.stack([first, np.cross(third, first), third])
        basis.flags.writeable = False
        return basis

    @cached_property
    def _toward(self) -> SkyCoord:
        """Position on the great circle at longitude 90."""
        return self.origin.directional_offset_by(self.position_angle, 90 * u.deg)

    def sky(self, lon: Float, lat: Float) -> SkyCoord:
        """Sky positions of local longitudes and latitudes in degrees that broadcast."""
        return sky_positions(self._vectors(lon, lat), self.origin.frame)

    def lonlat(self, lon: Float, lat: Float) -> tuple[Float, Float]:
        """Longitudes and latitudes of `sky` in degrees, in the frame of the origin."""
        return lonlat_of_vectors(self._vectors(lon, lat))

    def _vectors(self, lon: Float, lat: Float) -> Float:
        return np.asarray(np.tensordot(self._own_basis.T, unit_vectors(lon, lat), 1))

    def polar(self, radius: Float, angle: Float) -> SkyCoord:
        """Sky positions at a distance and position angle (East of North) in degrees."""
        radius, angle = np.broadcast_arrays(radius, angle)  # astropy needs equal shapes at a pole
        return self.origin.directional_offset_by(angle * u.deg, radius * u.deg)

    def longitude(self, coord: SkyCoord) -> float:
        """Local longitude in degrees of one sky position."""
        a, b, _ = self._own_basis @ unit_vectors(*lonlat_deg(coord, self.origin.frame))
        return float(np.degrees(np.arctan2(b, a)))


def edge_tolerance(width: Float | float, pixel_size: float) -> Float:
    """Distance in degrees below an edge at which pixel centres are on it.

    Parameters
    ----------
    width : numpy.ndarray or float
        Width of the bin in degrees; 0 for the tolerance of pixels alone.
    pixel_size : float
        Side of a pixel in degrees.
    """
    return np.asarray(np.maximum(_BIN_SHARE * np.asarray(width), _PIXEL_SHARE * pixel_size))


def widths_at_edges(edges: Float) -> Float:
    """Width in degrees of the narrower of the two bins at each edge, (nbin + 1,)."""
    width = np.diff(edges)
    return np.asarray(np.minimum(np.append(width, np.inf), np.append(np.inf, width)))


def lowered_edges(
    edges: Float, pixel_size: float, *, end: float = np.inf, widths: Float | None = None
) -> Float:
    """Edges in rad, lower by the tolerance, so that a pixel on an edge is in the bin above it.

    Edges at the end of an axis become inf, and those at its start -inf: these bins keep all pixels
    up to the end.

    Parameters
    ----------
    edges : numpy.ndarray
        In degrees, (nbin + 1,).
    pixel_size : float
        Side of a pixel in degrees.
    end : float
        End of the axis in degrees.
    widths : numpy.ndarray, optional
        Width of the bins at each edge, (nbin + 1,), from `widths_at_edges` of a whole row, if these
        are a part of it.
    """
    tolerance = edge_tolerance(widths_at_edges(edges) if widths is None else widths, pixel_size)
    lowered = np.radians(edges - tolerance)
    lowered[edges > end - AT_END], lowered[edges < -end + AT_END] = np.inf, -np.inf
    return np.asarray(lowered)


def digitize(values: Float, edges: Float) -> Int:
    """Half-open bin [edge, next edge) of each value, -1 outside and for NaN."""
    code = np.searchsorted(edges, values, side="right") - 1
    code[code == edges.size - 1] = -1  # NaN too, which sorts last
    return code


def read_only(values: Any) -> Any:
    """Return a copy of numbers, a Quantity or a SkyCoord that cannot be changed."""
    if isinstance(values, SkyCoord):
        copied = values.copy()
        for name in copied.data.components:
            getattr(copied.data, name).flags.writeable = False
        return copied
    copied = np.array(values, subok=isinstance(values, u.Quantity))
    copied.flags.writeable = False
    return copied


def position_text(coord: SkyCoord) -> str:
    """Write one sky position for people, with its frame."""
    lon, lat = lonlat_deg(coord)
    return f"{coord.frame.name} {float(lon):.6g}, {float(lat):.6g} deg"
