"""Boxes in rotated axes: a row along a great circle, or a grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import astropy.units as u
import numpy as np
from astropy.coordinates import Angle, BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...maps.sphere import components, lonlat_deg, position_angle_deg
from ..ds9_lines import (
    ds9_frame,
    format_angles,
    format_lengths,
    format_positions,
    shape_lines,
)
from .areas import band_widths
from .axes import (
    AT_END,
    LocalAxes,
    digitize,
    edge_tolerance,
    lowered_edges,
    position_text,
    widths_at_edges,
)
from .box_edges import StraightEdges, local_longitude, row_finder, turn_to_middle
from .shape import SphereShape

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["Boxes"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Positions along one side of a sample or an outline. With ten times fewer, the outlines of boxes of
# tens of degrees would look like polygons; with more, figures and searches would only be slower.
_SIDE = 65


@dataclass(frozen=True, eq=False)
class Boxes(SphereShape):
    """Boxes between meridians and parallels of local axes, numbered along the first edges first.

    Parameters
    ----------
    axes : LocalAxes
        Longitude runs along the row.
    edges : numpy.ndarray
        Local longitudes in degrees, (ncolumn + 1,).
    across : numpy.ndarray
        Local latitudes in degrees, (nrow + 1,); two for a single row.
    middle : float, optional
        Local longitude in degrees from which pixels are measured, up to 180 deg to both sides;
        half-way between the first and the last edge by default. A part of a row keeps that of the
        row, so that rounding puts no pixel into another box.
    widths, heights : numpy.ndarray, optional
        Width of the boxes at each edge along and across in degrees, from `widths_at_edges`. A part
        keeps those of the whole, so that each pixel stays in its box.
    """

    axes: LocalAxes
    edges: Float
    across: Float
    middle: float | None = None
    widths: Float | None = field(default=None, compare=False)
    heights: Float | None = field(default=None, compare=False)

    def coder(self, frame: BaseCoordinateFrame, pixel_size: float) -> Callable[[Float], Int]:
        """Make the function that gives the bin of unit vectors (3, ...) of a frame."""
        basis, edges, across = self._axes_and_edges(frame, pixel_size)
        column, row = self._column_finder(edges, pixel_size), row_finder(across)
        rows, to_pole = across.size - 1, bool(np.isinf(across).any())
        at_pole = np.radians(edge_tolerance(0, pixel_size))

        def code(vectors: Float) -> Int:
            a, b, c = components(basis, vectors).reshape(3, -1)
            result = row(a, b, c)
            near = np.flatnonzero(result >= 0)
            if near.size < c.size:
                a, b = a[near], b[near]
            if to_pole:  # rounding must not choose the longitude of the pole
                there = np.hypot(a, b) <= at_pole
                a[there], b[there] = 1, 0
            found = column(np.arctan2(b, a))
            result[near] = np.where(found >= 0, found * rows + result[near], -1)
            return result.reshape(vectors.shape[1:])

        return code

    def straight_coder(
        self, frame: BaseCoordinateFrame, pixel_size: float
    ) -> Callable[[Float, Float], Int] | None:
        """Make the function that gives the bin of longitudes and latitudes that broadcast.

        None if the local meridians and parallels are not those of the frame.
        """
        basis, edges, across = self._axes_and_edges(frame, pixel_size)
        local = local_longitude(basis)
        if local is None:
            return None
        sign, rows = np.sign(basis[2, 2]), across.size - 1
        find_column = self._column_finder(edges, pixel_size)

        def code(lon: Float, lat: Float) -> Int:
            along = local(lon)
            column = find_column(along - 2 * np.pi * np.round(along / (2 * np.pi)))
            row = digitize(sign * np.radians(lat), across)
            return np.where((column >= 0) & (row >= 0), column * rows + row, -1)

        return code

    def straight_edges(self, frame: BaseCoordinateFrame, pixel_size: float) -> StraightEdges | None:
        """Return the edges as longitudes and latitudes of a frame, as `straight_coder` has them.

        None if the local meridians and parallels are not those of the frame.
        """
        basis, edges, across = self._axes_and_edges(frame, pixel_size)
        if local_longitude(basis) is None:
            return None
        starts, ends = bool(np.isinf(edges[0])), bool(np.isinf(edges[-1]))
        seam = np.pi - np.radians(edge_tolerance(self._widths[0 if starts else -1], pixel_size))
        edges[0] = seam - 2 * np.pi if starts else edges[0]
        edges[-1] = seam if ends else edges[-1]
        sign = float(np.sign(basis[2, 2]))
        lon = np.arctan2(basis[0, 1], basis[0, 0]) + sign * edges
        return StraightEdges(lon, across, sign, starts and ends)

    def local_longitude(self, frame: BaseCoordinateFrame) -> Callable[[Float], Float] | None:
        """Make the function that gives local longitudes in rad of longitudes of a frame in degrees.

        None if the local meridians and parallels are not those of the frame.
        """
        return local_longitude(self.axes.basis(frame))

    def _axes_and_edges(
        self, frame: BaseCoordinateFrame, pixel_size: float
    ) -> tuple[Float, Float, Float]:
        """Local axes in a frame, and edges along and across in rad; longitude 0 is the middle."""
        basis = turn_to_middle(np.radians(self._middle)) @ self.axes.basis(frame)
        edges = lowered_edges(self.edges - self._middle, pixel_size, end=180, widths=self._widths)
        across = lowered_edges(self.across, pixel_size, end=90, widths=self._heights)
        return basis, edges, across

    def _column_finder(self, edges: Float, pixel_size: float) -> Callable[[Float], Int]:
        """Make the function that gives the column of local longitudes in rad from -pi to pi.

        The seam of a full turn is the lower edge of its first column.
        """
        starts_at_seam = np.isinf(edges[0])
        width = self._widths[0 if starts_at_seam else -1]
        seam = np.pi - np.radians(edge_tolerance(width, pixel_size))
        edges = np.where(edges == np.inf, seam, edges)

        def find(lon: Float) -> Int:
            column = digitize(lon, edges)
            if starts_at_seam:
                column[lon >= seam] = 0
            return column

        return find

    @property
    def _middle(self) -> float:
        return (self.edges[0] + self.edges[-1]) / 2 if self.middle is None else self.middle

    @property
    def _widths(self) -> Float:
        if self.widths is not None:
            return self.widths
        found = widths_at_edges(self.edges)
        if np.ptp(self.edges) > 360 - AT_END:  # the first edge is the last one
            found[[0, -1]] = found[[0, -1]].min()
        return found

    @property
    def _heights(self) -> Float:
        return widths_at_edges(self.across) if self.heights is None else self.heights

    def cut(self, start: int, stop: int) -> Boxes | None:
        """Return neighbouring boxes of whole columns, or of one column, with the same pixels."""
        rows = self.across.size - 1
        (first, low), (last, high) = divmod(start, rows), divmod(stop - 1, rows)
        if first < last and (low, high) != (0, rows - 1):
            return None
        along, across = slice(first, last + 2), slice(low, high + 2)
        return replace(
            self,
            edges=self.edges[along],
            across=self.across[across],
            middle=self._middle,
            widths=self._widths[along],
            heights=self._heights[across],
        )

    @cached_property
    def _centers_lonlat(self) -> tuple[Float, Float]:
        """Local longitude and latitude of the middle of each box, (nbin,)."""
        lon, lat = (np.asarray((e[1:] + e[:-1]) / 2) for e in (self.edges, self.across))
        return np.repeat(lon, lat.size), np.tile(lat, lon.size)

    @cached_property
    def centers(self) -> SkyCoord:
        """Centres of the boxes, (nbin,)."""
        return self.axes.sky(*self._centers_lonlat)

    @property
    def pitch(self) -> float:
        """Largest distance between neighbouring sample positions in degrees."""
        return float(max(np.ptp(self.edges), np.ptp(self.across)) / (_SIDE - 1))

    def sample(self) -> SkyCoord:
        """Return sky positions that fill the boxes."""
        along, across = (
            np.linspace(e[0], e[-1], int(np.ceil(np.ptp(e) / self.pitch)) + 1)
            for e in (self.edges, self.across)
        )
        return self.axes.sky(np.repeat(along, across.size), np.tile(across, along.size))

    def outlines(self) -> list[SkyCoord]:
        """Return closed polygons round the boxes."""
        columns, rows = self.edges.size - 1, self.across.size - 1
        low, high = (np.repeat(e, rows)[:, None] for e in (self.edges[:-1], self.edges[1:]))
        down, up = (np.tile(e, columns)[:, None] for e in (self.across[:-1], self.across[1:]))
        t, one = np.linspace(0, 1, _SIDE), np.ones(_SIDE)
        lon = np.hstack([low + (high - low) * t, high * one, high + (low - high) * t, low * one])
        lat = np.hstack([down * one, down + (up - down) * t, up * one, up + (down - up) * t])
        return list(self.axes.sky(lon, lat))

    def regions(self) -> list[SkyRegion]:
        """Return rectangles of astropy regions, which equal the boxes where the sky is flat."""
        from regions import RectangleSkyRegion

        widths, heights, angles = self._rectangles
        sizes = widths * u.deg, heights * u.deg, Angle(angles, u.deg)
        parts = zip(self.centers, *sizes, strict=True)
        return [RectangleSkyRegion(c, w, h, angle=a) for c, w, h, a in parts]

    def texts(self) -> list[str]:
        """Return the lines of DS9 of these rectangles."""
        frame = ds9_frame(self.axes.origin.frame.replicate_without_data())
        if frame is None:
            return super().texts()
        widths, heights, angles = self._rectangles
        sizes = (format_lengths(size.tolist()) for size in (widths, heights))
        turns = format_angles(angles.tolist())
        return shape_lines(frame, "box", format_positions(self.centers), *sizes, turns)

    @cached_property
    def _rectangles(self) -> tuple[Float, Float, Float]:
        """Widths, heights and angles in degrees of the rectangles that stand for the boxes."""
        lon, lat = self._centers_lonlat
        ahead = self.axes.lonlat(lon + 1e-3, lat)
        angles = position_angle_deg(lonlat_deg(self.centers), ahead) - 90
        rows, columns = self.across.size - 1, self.edges.size - 1
        widths = np.repeat(np.diff(self.edges), rows) * np.cos(np.radians(lat))
        return widths, np.tile(np.diff(self.across), columns), angles

    def solid_angles(self) -> Float:
        """Return the solid angles between meridians and parallels in sr, (nbin,)."""
        widths, bands = np.radians(np.diff(self.edges)), band_widths(self.across)
        return np.repeat(widths, bands.size) * np.tile(bands, widths.size)

    def row_height(self) -> float | None:
        """Return the full extent across the row in degrees, None for several rows."""
        return float(np.ptp(self.across)) if self.across.size == 2 else None

    def details(self) -> dict[str, str]:
        """Return the position and direction of the axes."""
        return {
            "local longitude 0": position_text(self.axes.origin),
            "position angle": f"{self.axes.position_angle.to_value('deg'):.6g} deg",
            "columns x rows": f"{self.edges.size - 1} x {self.across.size - 1}",
        }
