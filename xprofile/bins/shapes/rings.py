"""Bins round a centre: annuli, round or elliptical, and sectors of position angle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...maps.sphere import components
from ..ds9_lines import ds9_frame, format_lengths, format_positions, shape_lines
from .areas import ellipse_solid_angle, ring_solid_angles
from .axes import (
    LocalAxes,
    digitize,
    edge_tolerance,
    lowered_edges,
    position_text,
    widths_at_edges,
)
from .shape import SphereShape

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["Annuli", "Sectors"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Positions of a sample or an outline round a full circle: steps of 1.4 deg are not seen in figures.
# With ten times fewer, circles would look like polygons; with more, figures would only be slower.
_ROUND = 257

# Positions along a radius, and along the arc of a sector. A polygon for a sector of 180 deg has
# 0.04 % less area than the sector; with ten times fewer positions, 5 %.
_RADIAL = 65


@dataclass(frozen=True, eq=False)
class Annuli(SphereShape):
    """Concentric rings; a ring that starts at 0 is a disc.

    In elliptical rings, the distance of a position is the major half axis of its ellipse.

    Parameters
    ----------
    axes : LocalAxes
        The origin is the centre, the longitude runs along the major axis.
    edges : numpy.ndarray
        Radii, or major half axes, in degrees, (nbin + 1,).
    axis_ratio : float
        Minor over major axis.
    widths : numpy.ndarray, optional
        Width of the rings at each edge in degrees, (nbin + 1,), from `widths_at_edges`. A part of
        the rings keeps those of the whole, so that each pixel stays in its ring.
    """

    axes: LocalAxes
    edges: Float
    axis_ratio: float = 1.0
    widths: Float | None = field(default=None, compare=False)

    @property
    def rings_per_bin(self) -> int:
        """Number of closed rings in one outline: the outer and the inner boundary."""
        return 2

    def cut(self, start: int, stop: int) -> Annuli:
        """Return neighbouring rings."""
        part, widths = slice(start, stop + 1), self._widths
        return replace(self, edges=self.edges[part], widths=widths[part])

    @property
    def _widths(self) -> Float:
        return widths_at_edges(self.edges) if self.widths is None else self.widths

    def coder(self, frame: BaseCoordinateFrame, pixel_size: float) -> Callable[[Float], Int]:
        """Make the function that gives the bin of unit vectors (3, ...) of a frame."""
        basis, edges = self.axes.basis(frame), self.edges_of_pixels(pixel_size)

        def code(vectors: Float) -> Int:
            a, b, c = components(basis, vectors)
            across = np.hypot(b, c)
            distance = np.arctan2(across, a)
            if self.axis_ratio != 1:
                scale = np.hypot(b, c / self.axis_ratio)
                distance *= np.divide(scale, across, out=np.ones_like(across), where=across > 0)
            return digitize(distance, edges)

        return code

    def edges_of_pixels(self, pixel_size: float) -> Float:
        """Return the edges in rad, lower by the tolerance for pixels on them, (nbin + 1,)."""
        end = 180 if self.axis_ratio == 1 else np.inf
        return lowered_edges(self.edges, pixel_size, end=end, widths=self._widths)

    @property
    def centers(self) -> SkyCoord:
        """The common centre, once for every ring, (nbin,)."""
        zero = np.zeros(self.edges.size - 1)
        return self.axes.polar(zero, zero)

    @property
    def pitch(self) -> float:
        """Largest distance between neighbouring sample positions in degrees."""
        return float(self.edges[-1] * 2 * np.pi / (_ROUND - 1))

    def _positions(self, distance: Float, phase: Float) -> SkyCoord:
        """Sky positions at distances in degrees and angles from the major axis in rad."""
        stretch = np.hypot(np.cos(phase), np.sin(phase) / self.axis_ratio)
        angle = np.degrees(phase) + self.axes.position_angle.to_value("deg")
        return self.axes.polar(distance / stretch, angle)

    def sample(self) -> SkyCoord:
        """Return sky positions that fill the rings."""
        distance = np.linspace(self.edges[0], self.edges[-1], _RADIAL)[:, None]
        return self._positions(distance, np.linspace(0, 2 * np.pi, _ROUND)).ravel()

    def coarse_sample(self, spacing: float) -> tuple[SkyCoord, float]:
        """Return fewer sky positions that fill circular rings, and their distance in degrees."""
        if self.axis_ratio != 1:
            return super().coarse_sample(spacing)
        spacing = max(spacing, self.pitch)
        first, last = self.edges[0], self.edges[-1]
        radii = np.linspace(first, last, int(np.ceil((last - first) / spacing)) + 1)
        round_ring = np.ceil(360 * np.sin(np.radians(radii)) / spacing).astype(int) + 1
        round_ring[-1] = _ROUND
        start = np.repeat(np.cumsum(round_ring) - round_ring, round_ring)
        number = np.repeat(round_ring, round_ring)
        phase = 2 * np.pi * (np.arange(start.size) - start) / number
        return self._positions(np.repeat(radii, round_ring), phase), spacing

    def outlines(self) -> list[SkyCoord]:
        """Return closed polygons: the outer boundary of each ring and, backwards, the inner one."""
        phase = np.linspace(0, 2 * np.pi, _ROUND)
        phases = np.concatenate([phase, phase[::-1]])
        low, high = self.edges[:-1, None], self.edges[1:, None]
        distance = np.where(np.arange(phases.size) < phase.size, high, low)
        return list(self._positions(distance, phases))

    def regions(self) -> list[SkyRegion]:
        """Return annuli, circles or ellipses of astropy regions, equal where the sky is flat."""
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
        """Return the lines of DS9 of these regions."""
        frame = ds9_frame(self.axes.origin.frame.replicate_without_data())
        if frame is None or self.axis_ratio != 1:
            return super().texts()
        radii = format_lengths(self.edges.tolist())
        center = format_positions(self.axes.origin)
        disc = int(self.edges[0] == 0)
        count = self.edges.size - 1 - disc
        inner, outer = radii[disc:-1], radii[disc + 1 :]
        rings = shape_lines(frame, "annulus", center * count, inner, outer)
        return shape_lines(frame, "circle", center * disc, radii[1 : 1 + disc]) + rings

    def solid_angles(self) -> Float:
        """Return the solid angles between circles or ellipses in sr, (nbin,)."""
        if self.axis_ratio == 1:
            return ring_solid_angles(self.edges)
        return np.diff([ellipse_solid_angle(edge, self.axis_ratio) for edge in self.edges])

    def details(self) -> dict[str, str]:
        """Return the centre, and the axes of ellipses."""
        found = {"centre": position_text(self.axes.origin)}
        if self.axis_ratio != 1:
            angle = self.axes.position_angle.to_value("deg")
            found |= {"axis ratio": f"{self.axis_ratio:.6g}", "position angle": f"{angle:.6g} deg"}
        return found


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

    def coder(self, frame: BaseCoordinateFrame, pixel_size: float) -> Callable[[Float], Int]:
        """Make the function that gives the bin of unit vectors (3, ...) of a frame."""
        basis, edges = self.axes.basis(frame), lowered_edges(self.edges - self.edges[0], 0, end=360)
        ring_edges = np.array([self.radius_min, self.radius_max])
        ring = lowered_edges(ring_edges, pixel_size, end=180)
        first, nearest = (
            np.radians(self.edges[0]) + edges[0],
            np.radians(edge_tolerance(0, pixel_size)),
        )
        edges -= edges[0]

        def code(vectors: Float) -> Int:
            a, north, west = components(basis, vectors)
            away = np.hypot(north, west)
            inside = digitize(np.arctan2(away, a), ring) == 0
            # the tolerance of a pixel is a length, which is a larger angle near the centre
            at_center = away <= nearest
            if at_center.any():  # position angle 0, as astropy gives it
                north[at_center], west[at_center], away[at_center] = 1, 0, 1
            angle = np.arctan2(-west, north) + nearest / away
            return np.where(inside, digitize((angle - first) % (2 * np.pi), edges), -1)

        return code

    @property
    def centers(self) -> SkyCoord:
        """Middles of the sectors, (nbin,)."""
        middle = (self.edges[1:] + self.edges[:-1]) / 2
        radius = (self.radius_min + self.radius_max) / 2
        return self.axes.polar(np.full(middle.size, radius), middle)

    @property
    def pitch(self) -> float:
        """Largest distance between neighbouring sample positions in degrees."""
        return self.radius_max * 2 * np.pi / (_ROUND - 1)

    def sample(self) -> SkyCoord:
        """Return sky positions that fill the sectors."""
        radius = np.linspace(self.radius_min, self.radius_max, _RADIAL)[:, None]
        return self.axes.polar(*np.broadcast_arrays(radius, self._angles(_ROUND))).ravel()

    def _angles(self, count: int) -> Float:
        return np.linspace(self.edges[0], self.edges[-1], count)

    def outlines(self) -> list[SkyCoord]:
        """Return closed polygons round the sectors."""
        t = np.linspace(0, 1, _RADIAL)
        low, high = self.edges[:-1, None], self.edges[1:, None]
        angle = np.hstack([low + (high - low) * t, high + (low - high) * t, low])
        radius = np.repeat([self.radius_max, self.radius_min, self.radius_max], [t.size, t.size, 1])
        return list(self.axes.polar(np.broadcast_to(radius, angle.shape), angle))

    def regions(self) -> list[SkyRegion]:
        """Return polygons of astropy regions, which equal the sectors where the sky is flat."""
        from regions import PolygonSkyRegion

        return [PolygonSkyRegion(outline[:-1]) for outline in self.outlines()]

    def solid_angles(self) -> Float:
        """Return the solid angles of the sectors in sr, (nbin,)."""
        ring = ring_solid_angles(np.array([self.radius_min, self.radius_max]))
        return np.diff(self.edges) / 360 * ring

    def details(self) -> dict[str, str]:
        """Return the centre and the radii."""
        return {
            "centre": position_text(self.axes.origin),
            "radius": f"{self.radius_min:.6g} to {self.radius_max:.6g} deg",
        }
