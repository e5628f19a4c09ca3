"""Axes of their own in which bins are measured on the sky."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...maps.sphere import lonlat_deg, sky_positions, unit_vectors

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["LocalAxes", "digitize", "edges_until", "texts_of"]

Float = NDArray[np.float64]

Int = NDArray[np.intp]

_SAME = 1e-9  # degrees


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
        """Right-handed axes (3, 3), a row each, as unit vectors of a frame."""
        first, second = (unit_vectors(*lonlat_deg(c, frame)) for c in (self.origin, self._toward))
        return np.stack([first, second, np.cross(first, second)])

    @cached_property
    def _toward(self) -> SkyCoord:
        """Where the great circle is at longitude 90."""
        return self.origin.directional_offset_by(self.position_angle, 90 * u.deg)

    def sky(self, lon: Float, lat: Float) -> SkyCoord:
        """Sky positions of local longitudes and latitudes in degrees that broadcast."""
        frame = self.origin.frame
        basis = self.basis(frame.replicate_without_data())
        return sky_positions(np.tensordot(basis.T, unit_vectors(lon, lat), 1), frame)

    def polar(self, radius: Float, angle: Float) -> SkyCoord:
        """Sky positions at a distance and position angle (East of North) in degrees."""
        radius, angle = np.broadcast_arrays(radius, angle)  # at a pole astropy wants them alike
        return self.origin.directional_offset_by(angle * u.deg, radius * u.deg)

    def longitude(self, coord: SkyCoord) -> float:
        """Local longitude in degrees of one sky position."""
        basis = self.basis(self.origin.frame.replicate_without_data())
        a, b, _ = basis @ unit_vectors(*lonlat_deg(coord, self.origin.frame))
        return float(np.degrees(np.arctan2(b, a)))


def edges_until(edges: Float, end: float) -> Float:
    """Edges in rad from edges in degrees; nothing that is at or past the end of an axis is lost."""
    return np.where(edges > end - _SAME, np.inf, np.radians(edges))


def texts_of(regions: Sequence[SkyRegion]) -> list[str]:
    """Lines of DS9 of astropy regions, or what stands for them in frames that it lacks."""
    from ..region_texts import region_texts

    return region_texts(regions)


def digitize(values: Float, edges: Float) -> Int:
    """Half-open bin [edge, next edge) of each value, -1 outside and for NaN."""
    code = np.searchsorted(edges, values, side="right") - 1
    code[code == edges.size - 1] = -1  # NaN too, which sorts last
    return code
