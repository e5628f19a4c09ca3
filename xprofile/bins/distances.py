"""Distances of sky positions along the profile of bins, and how much sky there is at each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from astropy.coordinates import BaseCoordinateFrame
from numpy.typing import NDArray

from ..maps.sphere import components, lonlat_deg, unit_vectors
from ..schema.names import DISTANCE
from .shapes.boxes import Boxes
from .shapes.path import Path
from .shapes.rings import Annuli
from .shapes.shape import Selected
from .skybins import SkyBins

__all__ = ["DistanceAxis", "sky_between"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class DistanceAxis:
    """The axis along which the distance of bins is measured.

    Parameters
    ----------
    find : callable
        Gives the distances (n,) in degrees of unit vectors (3, n) of a frame; NaN off the axis.
    geometry : {"radial", "linear"}
        Whether the distance is from a centre, or along a row or path.
    size : float
        Radial: minor over major axis. Linear: solid angle in sr for each degree of the row.
    lower, upper : numpy.ndarray
        Edges of the bins in degrees, (nbin,).
    numbers : numpy.ndarray of int
        Numbers of the bins that lie on the axis, (nbin on the axis,). Bins of a margin beside a row
        do not.
    of_longitude : callable, optional
        Gives the distances of longitudes of the frame in degrees, of any shape, if the row runs
        along its equator.
    """

    find: Callable[[Float], Float]
    geometry: Literal["radial", "linear"]
    size: float
    lower: Float
    upper: Float
    numbers: Int
    of_longitude: Callable[[Float], Float] | None = None

    @classmethod
    def from_bins(
        cls, bins: SkyBins, given: SkyBins, frame: BaseCoordinateFrame
    ) -> DistanceAxis | None:
        """Find the axis of bins; None for bins without a distance, such as sectors and regions.

        Parameters
        ----------
        bins, given : SkyBins
            The bins, and those of them that are not of a margin.
        frame : BaseCoordinateFrame
            Frame of the unit vectors.
        """
        if given.dim != DISTANCE or not len(given) or not np.all(given.lower < given.upper):
            return None
        shape, first = given.shape, 0
        while isinstance(shape, Selected):
            first, shape = int(shape.numbers[first]), shape.whole
        numbers = np.arange(len(given))
        if isinstance(shape, Annuli):
            find, size = _from_center(shape, frame), shape.axis_ratio
            return cls(find, "radial", size, bins.lower, bins.upper, np.arange(len(bins)))
        if isinstance(shape, Boxes) and shape.across.size == 2:
            zero = float(shape.edges[first] - given.lower[0])
            if bins is not given:
                numbers = np.flatnonzero(_in_row(shape, bins))
            across = np.clip(np.radians(shape.across), -np.pi / 2, np.pi / 2)
            size = float(np.ptp(np.sin(across)) * np.radians(1.0))
            find, of_longitude = _along_row(shape, frame, zero)
            return cls(find, "linear", size, bins.lower, bins.upper, numbers, of_longitude)
        if isinstance(shape, Path):
            zero = float(shape.edges[first] - given.lower[0])
            size = float(2 * np.sin(np.radians(shape.height / 2)) * np.radians(1.0))
            find = shape.distance_finder(frame, zero)
            return cls(find, "linear", size, bins.lower, bins.upper, numbers)
        return None

    @property
    def edges(self) -> tuple[Float, Float]:
        """Lower and upper edges of the bins on the axis in degrees."""
        return self.lower[self.numbers], self.upper[self.numbers]

    def solid_angle(self, start: Float, stop: Float) -> Float:
        """Solid angle in sr between distances in degrees."""
        return sky_between(self.geometry, self.size, start, stop)


def sky_between(geometry: str, size: float, start: Float, stop: Float) -> Float:
    """Solid angle in sr between distances in degrees; see `DistanceAxis`."""
    if geometry == "linear":
        return np.asarray(size * (stop - start))
    a, b = (np.sin(np.radians(np.clip(r, 0, 180)) / 2) ** 2 for r in (start, stop))
    return np.asarray(4 * np.pi * size * (b - a))


def _from_center(shape: Annuli, frame: BaseCoordinateFrame) -> Callable[[Float], Float]:
    """Distance from a centre, or major half axis of the ellipse."""
    basis, ratio = shape.axes.basis(frame), shape.axis_ratio

    def find(vectors: Float) -> Float:
        a, b, c = components(basis, vectors)
        across = np.hypot(b, c)
        distance = np.degrees(np.arctan2(across, a))
        if ratio != 1:
            scale = np.hypot(b, c / ratio)
            distance *= np.divide(scale, across, out=np.ones_like(across), where=across > 0)
        return np.asarray(distance)

    return find


def _along_row(
    shape: Boxes, frame: BaseCoordinateFrame, zero: float
) -> tuple[Callable[[Float], Float], Callable[[Float], Float] | None]:
    """Local longitude from `zero` on, within half a turn of the middle of the row.

    Of unit vectors and, where the row runs along the equator of the frame, of longitudes.
    """
    basis, local = shape.axes.basis(frame), shape.local_longitude(frame)
    middle = (shape.edges[0] + shape.edges[-1]) / 2

    def distance(along: Float) -> Float:
        lon = np.degrees(along)
        return np.asarray(lon - 360 * np.round((lon - middle) / 360) - zero)

    def find(vectors: Float) -> Float:
        a, b = components(basis[:2], vectors)
        return distance(np.arctan2(b, a))

    return find, None if local is None else lambda lon: distance(local(lon))


def _in_row(shape: Boxes, bins: SkyBins) -> NDArray[np.bool_]:
    """Whether the centre of each bin lies in the row."""
    frame = shape.axes.origin.frame.replicate_without_data()
    vectors = unit_vectors(*lonlat_deg(bins.center, frame))
    lat = np.degrees(np.arcsin(np.clip(components(shape.axes.basis(frame), vectors)[2], -1, 1)))
    return np.asarray((shape.across[0] < lat) & (lat < shape.across[1]))
