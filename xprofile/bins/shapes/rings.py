"""Bins round a centre: annuli, round or elliptical, and sectors of position angle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from .. import ds9
from .axes import LocalAxes, digitize, edges_until, texts_of
from .shape import SphereShape

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["Annuli", "Sectors"]

Float = NDArray[np.float64]

Int = NDArray[np.intp]

_ROUND = 257  # positions round a full circle

_RADIAL = 65  # positions along a radius


@dataclass(frozen=True, eq=False)
class Annuli(SphereShape):
    """Concentric rings, those that start at 0 being discs.

    Of elliptical ones the distance is the major half axis of the ellipse that a position is on.

    Parameters
    ----------
    axes : LocalAxes
        The origin is the centre, the longitude runs along the major axis.
    edges : numpy.ndarray
        Radii, or major half axes, in degrees, (nbin + 1,).
    axis_ratio : float
        Minor over major axis.
    """

    axes: LocalAxes
    edges: Float
    axis_ratio: float = 1.0

    rings_per_bin: ClassVar[int] = 2

    def coder(self, frame: BaseCoordinateFrame) -> Callable[[Float], Int]:
        """Make the function that tells the bin of unit vectors (3, ...) of a frame."""
        basis = self.axes.basis(frame)
        edges = edges_until(self.edges, 180 if self.axis_ratio == 1 else np.inf)

        def code(vectors: Float) -> Int:
            a, b, c = np.tensordot(basis, vectors, 1)
            across = np.hypot(b, c)
            distance = np.arctan2(across, a)
            if self.axis_ratio != 1:
                scale = np.hypot(b, c / self.axis_ratio)
                distance *= np.divide(scale, across, out=np.ones_like(across), where=across > 0)
            return digitize(distance, edges)

        return code

    @property
    def centers(self) -> SkyCoord:
        """The common centre, once for every ring, (nbin,)."""
        zero = np.zeros(self.edges.size - 1)
        return self.axes.polar(zero, zero)

    @property
    def pitch(self) -> float:
        """Distance of neighbouring sample positions in degrees."""
        return float(self.edges[-1] * 2 * np.pi / (_ROUND - 1))

    def _positions(self, distance: Float, phase: Float) -> SkyCoord:
        """Sky positions at distances in degrees and angles from the major axis in rad."""
        stretch = np.hypot(np.cos(phase), np.sin(phase) / self.axis_ratio)
        angle = np.degrees(phase) + self.axes.position_angle.to_value("deg")
        return self.axes.polar(distance / stretch, angle)

    def sample(self) -> SkyCoord:
        """Positions that fill the rings."""
        distance = np.linspace(self.edges[0], self.edges[-1], _RADIAL)[:, None]
        return self._positions(distance, np.linspace(0, 2 * np.pi, _ROUND)).ravel()

    def outlines(self) -> list[SkyCoord]:
        """Closed polygons: the outer boundary of each ring and, backwards, the inner one."""
        phase = np.linspace(0, 2 * np.pi, _ROUND)
        phases = np.concatenate([phase, phase[::-1]])
        low, high = self.edges[:-1, None], self.edges[1:, None]
        distance = np.where(np.arange(phases.size) < phase.size, high, low)
        return list(self._positions(distance, phases))

    def regions(self) -> list[SkyRegion]:
        """Annuli, circles and ellipses of astropy regions: the same where the plane is flat."""
        from regions import (
            CircleAnnulusSkyRegion,
            CircleSkyRegion,
            EllipseAnnulusSkyRegion,
            EllipseSkyRegion,
        )

        center, pairs = self.axes.origin, zip(self.edges[:-1], self.edges[1:], strict=True)
        if self.axis_ratio == 1:
            return [
                CircleAnnulusSkyRegion(center, low * u.deg, high * u.deg)
                if low > 0
                else CircleSkyRegion(center, high * u.deg)
                for low, high in pairs
            ]
        angle = self.axes.position_angle - 90 * u.deg

        def ellipse(low: float, high: float) -> SkyRegion:
            inner, outer = (2 * r * np.array([1, self.axis_ratio]) * u.deg for r in (low, high))
            if low == 0:
                return EllipseSkyRegion(center, *outer, angle=angle)
            sides = (inner[0], outer[0], inner[1], outer[1])
            return EllipseAnnulusSkyRegion(center, *sides, angle=angle)

        return [ellipse(low, high) for low, high in pairs]

    def texts(self) -> list[str]:
        """Lines of DS9 of these regions, or what stands for them in frames that it lacks."""
        frame = ds9.ds9_frame(self.axes.origin.frame.replicate_without_data())
        if frame is None or self.axis_ratio != 1:
            return texts_of(self.regions())
        radii, place = ds9.lengths(self.edges.tolist()), ds9.places(self.axes.origin)
        disc = int(self.edges[0] == 0)
        count = self.edges.size - 1 - disc
        rings = ds9.lines(frame, "annulus", place * count, radii[disc:-1], radii[disc + 1 :])
        return ds9.lines(frame, "circle", place * disc, radii[1 : 1 + disc]) + rings


@dataclass(frozen=True, eq=False)
class Sectors(SphereShape):
    """Sectors of a ring, by position angle.

    Parameters
    ----------
    axes : LocalAxes
        The origin is the centre, the position angle 0.
    edges : numpy.ndarray
        Position angles East of North in degrees, ascending, (nbin + 1,).
    radius_min, radius_max : float
        Bounds of the ring in degrees.
    """

    axes: LocalAxes
    edges: Float
    radius_min: float
    radius_max: float

    def coder(self, frame: BaseCoordinateFrame) -> Callable[[Float], Int]:
        """Make the function that tells the bin of unit vectors (3, ...) of a frame."""
        basis, edges = self.axes.basis(frame), edges_until(self.edges - self.edges[0], 360)
        ring = edges_until(np.array([self.radius_min, self.radius_max]), 180)
        first = np.radians(self.edges[0])

        def code(vectors: Float) -> Int:
            a, north, west = np.tensordot(basis, vectors, 1)
            angle = (np.arctan2(-west, north) - first) % (2 * np.pi)
            inside = digitize(np.arctan2(np.hypot(north, west), a), ring) == 0
            return np.where(inside, digitize(angle, edges), -1)

        return code

    @property
    def centers(self) -> SkyCoord:
        """Middles of the sectors, (nbin,)."""
        middle = (self.edges[1:] + self.edges[:-1]) / 2
        radius = (self.radius_min + self.radius_max) / 2
        return self.axes.polar(np.full(middle.size, radius), middle)

    @property
    def pitch(self) -> float:
        """Distance of neighbouring sample positions in degrees."""
        return self.radius_max * 2 * np.pi / (_ROUND - 1)

    def sample(self) -> SkyCoord:
        """Positions that fill the sectors."""
        radius = np.linspace(self.radius_min, self.radius_max, _RADIAL)[:, None]
        return self.axes.polar(*np.broadcast_arrays(radius, self._angles(_ROUND))).ravel()

    def _angles(self, count: int) -> Float:
        return np.linspace(self.edges[0], self.edges[-1], count)

    def outlines(self) -> list[SkyCoord]:
        """Closed polygons round the sectors."""
        t = np.linspace(0, 1, _RADIAL)
        low, high = self.edges[:-1, None], self.edges[1:, None]
        angle = np.hstack([low + (high - low) * t, high + (low - high) * t, low])
        radius = np.repeat([self.radius_max, self.radius_min, self.radius_max], [t.size, t.size, 1])
        return list(self.axes.polar(np.broadcast_to(radius, angle.shape), angle))

    def regions(self) -> list[SkyRegion]:
        """Polygons of astropy regions: the same sectors where the plane is flat."""
        from regions import PolygonSkyRegion

        return [PolygonSkyRegion(outline[:-1]) for outline in self.outlines()]

    def texts(self) -> list[str]:
        """Lines of DS9 of these polygons, or what stands for them in frames that it lacks."""
        return texts_of(self.regions())
