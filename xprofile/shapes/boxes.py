"""Boxes in rotated axes: a row along a great circle, or a grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray
from regions import RectangleSkyRegion, SkyRegion

from .axes import LocalAxes, digitize, edges_until

__all__ = ["Boxes"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

_SIDE = 65  # positions along one side of a sample or an outline


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes between meridians and parallels of local axes, numbered along the first edges first.

    Parameters
    ----------
    axes : LocalAxes
        Longitude runs along the row.
    edges : numpy.ndarray
        Local longitudes in degrees, (ncolumn + 1,).
    across : numpy.ndarray
        Local latitudes in degrees, (nrow + 1,); two for a single row.
    """

    axes: LocalAxes
    edges: Float
    across: Float

    def coder(self, frame: BaseCoordinateFrame) -> Callable[[Float], Int]:
        """Make the function that tells the bin of unit vectors (3, ...) of a frame."""
        basis, rows = self.axes.basis(frame), self.across.size - 1
        middle = (self.edges[0] + self.edges[-1]) / 2
        edges, across = edges_until(self.edges, middle + 180), edges_until(self.across, 90)

        def code(vectors: Float) -> Int:
            a, b, c = np.tensordot(basis, vectors, 1)
            column = digitize(turned(np.arctan2(b, a), np.radians(middle)), edges)
            row = digitize(np.arctan2(c, np.hypot(a, b)), across)
            return np.where((column >= 0) & (row >= 0), column * rows + row, -1)

        return code

    @cached_property
    def _mid(self) -> tuple[Float, Float]:
        """Local longitude and latitude of the middle of each box, (nbin,)."""
        lon, lat = (np.asarray((e[1:] + e[:-1]) / 2) for e in (self.edges, self.across))
        return np.repeat(lon, lat.size), np.tile(lat, lon.size)

    @property
    def centers(self) -> SkyCoord:
        """Centres of the boxes, (nbin,)."""
        return self.axes.sky(*self._mid)

    @property
    def pitch(self) -> float:
        """Distance of neighbouring sample positions in degrees."""
        return float(max(np.ptp(self.edges), np.ptp(self.across)) / (_SIDE - 1))

    def sample(self) -> SkyCoord:
        """Positions that fill the boxes."""
        along = np.linspace(self.edges[0], self.edges[-1], _SIDE)
        across = np.linspace(self.across[0], self.across[-1], _SIDE)
        return self.axes.sky(along[:, None], across).ravel()

    def outlines(self) -> list[SkyCoord]:
        """Closed polygons round the boxes."""
        columns, rows = self.edges.size - 1, self.across.size - 1
        low, high = (np.repeat(e, rows)[:, None] for e in (self.edges[:-1], self.edges[1:]))
        down, up = (np.tile(e, columns)[:, None] for e in (self.across[:-1], self.across[1:]))
        t, one = np.linspace(0, 1, _SIDE), np.ones(_SIDE)
        lon = np.hstack([low + (high - low) * t, high * one, high + (low - high) * t, low * one])
        lat = np.hstack([down * one, down + (up - down) * t, up * one, up + (down - up) * t])
        return list(self.axes.sky(lon, lat))

    def regions(self) -> list[SkyRegion]:
        """Rectangles of astropy regions: the same boxes where the plane is flat."""
        lon, lat = self._mid
        centers, ahead = self.axes.sky(lon, lat), self.axes.sky(lon + 1e-3, lat)
        angles = centers.position_angle(ahead).to("deg") - 90 * u.deg
        rows, columns = self.across.size - 1, self.edges.size - 1
        widths = np.repeat(np.diff(self.edges), rows) * np.cos(np.radians(lat)) * u.deg
        heights = np.tile(np.diff(self.across), columns) * u.deg
        parts = zip(centers, widths, heights, angles, strict=True)
        return [RectangleSkyRegion(c, w, h, angle=a) for c, w, h, a in parts]


def turned(angle: Float, middle: float) -> Float:
    """Angles in rad, whole turns added so that they are within half a turn of `middle`."""
    return np.asarray(angle + 2 * np.pi * np.round((middle - angle) / (2 * np.pi)))
