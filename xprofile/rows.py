"""Shapes of bins that are measured by true angles on the sphere, in axes of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray
from regions import CircleAnnulusSkyRegion, CircleSkyRegion, RectangleSkyRegion, SkyRegion

from .wcs import unit_vectors

__all__ = ["Annuli", "Line", "LocalAxes"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

_OUTLINE = 181  # points along one side of an outline


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
        toward = self.origin.directional_offset_by(self.position_angle, 90 * u.deg)
        first, second = (
            unit_vectors(np.asarray(c.spherical.lon.deg), np.asarray(c.spherical.lat.deg))
            for c in (self.origin.transform_to(frame), toward.transform_to(frame))
        )
        return np.stack([first, second, np.cross(first, second)])

    def sky(self, lon: Float, lat: Float) -> SkyCoord:
        """Sky positions of local longitudes and latitudes in degrees."""
        frame = self.origin.frame.replicate_without_data()
        x, y, z = np.tensordot(self.basis(frame).T, unit_vectors(lon, lat), 1)
        angles = np.degrees([np.arctan2(y, x) % (2 * np.pi), np.arctan2(z, np.hypot(x, y))])
        return SkyCoord(*(np.round(angles, 12) + 0.0), unit="deg", frame=frame)

    def polar(self, radius: Float, angle: Float) -> SkyCoord:
        """Sky positions at a distance and position angle (East of North) in degrees."""
        return self.origin.directional_offset_by(angle * u.deg, radius * u.deg)


def digitize(values: Float, edges: Float) -> Int:
    """Half-open bin [edge, next edge) of each value, -1 outside."""
    code = np.searchsorted(edges, values, side="right") - 1
    return np.where(code < edges.size - 1, code, -1)


@dataclass(frozen=True, eq=False)
class Line:
    """Boxes along a great circle, between the perpendiculars at `edges`, `height` across.

    Parameters
    ----------
    axes : LocalAxes
        Longitude runs along the line.
    edges : numpy.ndarray
        Distances from the axes' origin in degrees, (nbin + 1,).
    height : float
        Full extent across the line in degrees.
    """

    axes: LocalAxes
    edges: Float
    height: float

    def coder(self, frame: BaseCoordinateFrame) -> Callable[[Float], Int]:
        """Make the function that tells the bin of unit vectors (3, ...) of a frame."""
        basis, edges, half = self.axes.basis(frame), np.radians(self.edges), self.height / 2

        def code(vectors: Float) -> Int:
            a, b, c = np.tensordot(basis, vectors, 1)
            across = np.degrees(np.arctan2(c, np.hypot(a, b)))
            inside = (-half <= across) & (across < half)
            return np.where(inside, digitize(np.arctan2(b, a), edges), -1)

        return code

    @cached_property
    def _mid(self) -> Float:
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def centers(self) -> SkyCoord:
        """Centres of the boxes, (nbin,)."""
        return self.axes.sky(self._mid, np.zeros_like(self._mid))

    @property
    def pitch(self) -> float:
        """Distance of neighbouring sample positions in degrees."""
        length = self.edges[-1] - self.edges[0]
        return float(max(length, self.height) / 64)

    def sample(self) -> SkyCoord:
        """Positions that fill the boxes."""
        along, across = np.meshgrid(
            np.linspace(self.edges[0], self.edges[-1], 65),
            np.linspace(-self.height / 2, self.height / 2, 65),
        )
        return self.axes.sky(along.ravel(), across.ravel())

    def outlines(self) -> list[SkyCoord]:
        """Closed polygons round the boxes."""
        t = np.linspace(0, 1, _OUTLINE)
        low, high = self.edges[:-1, None], self.edges[1:, None]
        along = np.hstack([low + (high - low) * t, high - (high - low) * t, low])
        half = self.height / 2
        across = np.concatenate([np.full(t.size, -half), np.full(t.size, half), [-half]])
        points = self.axes.sky(along, np.broadcast_to(across, along.shape))
        return list(points)

    def regions(self) -> list[SkyRegion]:
        """Rectangles of astropy regions: the same boxes where the plane is flat."""
        centers = self.centers
        ahead = self.axes.sky(self._mid + 1e-3, np.zeros_like(self._mid))
        angles = centers.position_angle(ahead).to("deg") - 90 * u.deg
        widths = np.diff(self.edges) * u.deg
        return [
            RectangleSkyRegion(c, w, self.height * u.deg, angle=a)
            for c, w, a in zip(centers, widths, angles, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class Annuli:
    """Concentric rings, those that start at 0 being discs.

    Parameters
    ----------
    axes : LocalAxes
        The origin is the centre.
    edges : numpy.ndarray
        Radii in degrees, (nbin + 1,).
    """

    axes: LocalAxes
    edges: Float

    def coder(self, frame: BaseCoordinateFrame) -> Callable[[Float], Int]:
        """Make the function that tells the bin of unit vectors (3, ...) of a frame."""
        basis, edges = self.axes.basis(frame), np.radians(self.edges)

        def code(vectors: Float) -> Int:
            a, b, c = np.tensordot(basis, vectors, 1)
            return np.where(np.isfinite(a), digitize(np.arctan2(np.hypot(b, c), a), edges), -1)

        return code

    @property
    def centers(self) -> SkyCoord:
        """The common centre, once for every ring, (nbin,)."""
        zero = np.zeros(self.edges.size - 1)
        return self.axes.polar(zero, zero)

    @property
    def pitch(self) -> float:
        """Distance of neighbouring sample positions in degrees."""
        return float(self.edges[-1] * 2 * np.pi / 256)

    def sample(self) -> SkyCoord:
        """Positions that fill the rings."""
        radius, angle = np.meshgrid(
            np.linspace(self.edges[0], self.edges[-1], 65), np.linspace(0, 360, 257)
        )
        return self.axes.polar(radius.ravel(), angle.ravel())

    def outlines(self) -> list[SkyCoord]:
        """Closed polygons: the outer circle of each ring and, backwards, the inner one."""
        angle = np.linspace(0, 360, 2 * _OUTLINE)
        angles = np.concatenate([angle, angle[::-1]])
        low, high = self.edges[:-1, None], self.edges[1:, None]
        radius = np.where(np.arange(angles.size) < angle.size, high, low)
        return list(self.axes.polar(radius, np.broadcast_to(angles, radius.shape)))

    def regions(self) -> list[SkyRegion]:
        """Annuli and circles of astropy regions: the same rings where the plane is flat."""
        center = self.axes.origin
        return [
            CircleAnnulusSkyRegion(center, low, high) if low > 0 else CircleSkyRegion(center, high)
            for low, high in zip(self.edges[:-1] * u.deg, self.edges[1:] * u.deg, strict=True)
        ]
