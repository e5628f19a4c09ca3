"""How the PSF spreads light from each distance of a profile over its bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...bins.distances import DistanceAxis
from ...maps.grid import AnyGrid
from ...schema.names import (
    AXIS_SIZE,
    DISTANCE_UNIT,
    ENERGY,
    GEOMETRY,
    SOURCE_DISTANCE,
    SOURCE_EXPOSURE,
    SOURCE_MIXING,
    high,
    low,
)
from ...schema.variables import BINNED
from ..members.membership import Membership
from ..mixing.maps_psf import MapsPsf
from ..sums.pixel_pairs import PixelPairs
from .lights import Lights
from .positions import PixelDistances

__all__ = ["Sources"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Most distances in a bin, and in all bins. The light of a bin is then resolved to a sixth of its
# width, or to a pixel. With ten times as many, `bin` takes ten times as long; with one, a source
# narrower than its bin is as wide as the bin.
_MOST_IN_BIN, _MOST = 6, 200

# Distance from a centre, in pixels, up to which bins begin that have twice as many, as sources are
# brightest there. With 4, shares of the light in bins of two pixels are right to 0.5 %; ten times
# larger, `bin` takes twice as long.
_CENTRAL = 6

# Radius of 68 % of the photons, in pixels, below which all light of a pixel starts at its centre.
# Below, bins end at sharp edges of pixels, which hardly any light crosses; above, light starts
# where it is in the pixel. At 5, the PSF would be wider by the size of a pixel; at 0.05, light is
# interpolated across the edges of pixels.
_SHARP = 0.5


@dataclass(frozen=True, eq=False)
class Sources:
    """Light at some distances, from pixels.

    Parameters
    ----------
    distance : numpy.ndarray
        Distances in degrees, ascending, (nsource,).
    lower, upper : numpy.ndarray
        Ranges in degrees that they stand for, (nsource,).
    bin : numpy.ndarray of int
        Number of the bin of each distance, (nsource,).
    lights : Lights
        Pixels of each distance.
    axis : DistanceAxis
        The axis of distances.
    """

    distance: Float
    lower: Float
    upper: Float
    bin: Int
    lights: Lights
    axis: DistanceAxis

    @classmethod
    def from_pairs(
        cls, axis: DistanceAxis, pairs: PixelPairs, grid: AnyGrid, psf: MapsPsf
    ) -> Sources | None:
        """Sort the pixels of bins by distance; None if no bin on the axis has pixels."""
        pair = np.flatnonzero(np.isin(pairs.bin, axis.numbers))
        if not pair.size:
            return None
        lower, upper, bins = _cells(axis, grid.pixel_size)
        within = psf.spread.share_within(np.array([_SHARP * np.radians(grid.pixel_size)]))
        sharp = bool(np.median(within) > 0.68)
        distances = PixelDistances.from_axis(axis, grid, pair.size) or PixelDistances(axis, grid, 1)
        distance = distances.find(pairs.pixel[pair].astype(np.intp))
        cell = np.searchsorted(lower, distance, side="right") - 1
        inside = (cell >= 0) & (distance < upper[np.maximum(cell, 0)])
        area = np.where(inside, pairs.solid_angle[pair] / distances.number, 0.0)
        place = np.where(inside, cell, 0).ravel()
        total = np.bincount(place, area.ravel(), lower.size)
        square = np.where(inside, area * distance**2, 0).ravel()
        known = np.flatnonzero(total > 0)
        if not known.size:
            return None
        mean = np.sqrt(np.bincount(place, square, lower.size)[known] / total[known])
        number = np.zeros(lower.size, np.intp)
        number[known] = np.arange(known.size)
        lights = Lights.from_positions(
            np.where(inside, number[cell], -1), pairs, pair, distances, spread=not sharp
        )
        if axis.geometry == "linear":
            mean = np.bincount(place, (area * np.nan_to_num(distance)).ravel(), lower.size)
            mean = mean[known] / total[known]
        starts, stops = _joined(axis, lower[known], upper[known], bins[known])
        at = np.maximum.accumulate(np.clip(mean, starts, stops))
        return cls(at, starts, stops, bins[known], lights, axis)

    def variables(
        self,
        pairs: PixelPairs,
        shares: Float,
        emission: Float,
        solid_angle: Float,
        known: xr.Variable,
    ) -> tuple[dict[str, xr.Variable], dict[str, xr.Variable]]:
        """Make ``source_mixing`` and ``source_exposure``, and the coordinates of the distances.

        Parameters
        ----------
        pairs : PixelPairs
            All pixels of the bins.
        shares : numpy.ndarray
            Shares of the light that bins get, (ntrue, nsource, nbin, nmask).
        emission : numpy.ndarray
            Photons that each pixel of `lights` emits, (ntrue, nlight).
        solid_angle : numpy.ndarray
            Solid angle of the whole bins in sr, (nbin,).
        known : xarray.Variable
            ``psf_share`` of a point source at the origin.
        """
        alike = ENERGY not in known.dims
        receivers = pairs.members(np.zeros(solid_angle.size))
        mean = self.lights.mean_exposure(emission) * self._on_map(receivers, solid_angle)
        distance, lower, upper = self.distance, self.lower, self.upper
        if self.axis.geometry == "radial" and self.axis.lower.min() == 0:
            shares = np.concatenate([_at_zero(known, alike=alike), shares], axis=1)
            mean = np.concatenate([mean[:, :1], mean], axis=1)
            distance, lower, upper = (
                np.append(v, w) for v, w in ((0.0, distance), (lower[0], lower), (lower[0], upper))
            )
        return _variables(shares, mean, alike), _coords(self.axis, distance, lower, upper)

    def _on_map(self, receivers: Membership, solid_angle: Float) -> Float:
        """Share of the bin of each distance that is on the map, (nsource,)."""
        area = receivers.area()
        share = np.divide(area, solid_angle, out=np.zeros_like(area), where=solid_angle > 0)
        return np.asarray(np.minimum(share, 1)[self.bin])


def _cells(axis: DistanceAxis, pixel_size: float) -> tuple[Float, Float, Int]:
    """Ranges of distance, ascending, and the bin of each, (ncell,)."""
    starts, stops = axis.edges
    most = int(min(_MOST_IN_BIN, max(_MOST // starts.size, 1)))
    central = (axis.geometry == "radial") & (starts < _CENTRAL * pixel_size)
    wanted = np.ceil((stops - starts) / pixel_size * (1 - 1e-9) * np.where(central, 2, 1))
    number = np.clip(wanted, 1, np.where(central, 2 * most, most)).astype(int)
    order = np.argsort(starts, kind="stable")
    bins = np.repeat(axis.numbers[order], number[order])
    count = np.arange(bins.size) - np.repeat(
        np.cumsum(number[order]) - number[order], number[order]
    )
    step = np.repeat(((stops - starts) / number)[order], number[order])
    lower = axis.lower[bins] + count * step
    return lower, lower + step, bins


def _joined(axis: DistanceAxis, lower: Float, upper: Float, bins: Int) -> tuple[Float, Float]:
    """Ranges that fill each bin, of cells that have pixels."""
    starts, stops = lower.copy(), upper.copy()
    for number in np.unique(bins):
        inside = np.flatnonzero(bins == number)
        starts[inside[0]] = axis.lower[number]
        starts[inside[1:]] = stops[inside[:-1]]
        stops[inside[-1]] = axis.upper[number]
    return starts, stops


def _at_zero(point: xr.Variable, *, alike: bool) -> Float:
    """Shares of a point source, (ntrue, 1, nbin, nmask)."""
    values = point.to_numpy()
    return np.asarray(values[:, None, :, None] if alike else values[:, None])


def _variables(shares: Float, exposure: Float, alike: bool) -> dict[str, xr.Variable]:
    entry, known = BINNED[SOURCE_MIXING], BINNED[SOURCE_EXPOSURE]
    dims = entry.dims if alike else (*entry.dims, ENERGY)
    return {
        SOURCE_MIXING: xr.Variable(dims, shares[..., 0] if alike else shares, entry.attrs),
        SOURCE_EXPOSURE: xr.Variable(known.dims, exposure, known.attrs),
    }


def _coords(
    axis: DistanceAxis, distance: Float, lower: Float, upper: Float
) -> dict[str, xr.Variable]:
    """Coordinates of the distances that light comes from."""
    attrs = {"units": DISTANCE_UNIT, "long_name": "distance of the light"}
    shape = {GEOMETRY: axis.geometry, AXIS_SIZE: float(axis.size)}
    dims = (SOURCE_DISTANCE,)
    return {
        SOURCE_DISTANCE: xr.Variable(dims, distance, {**attrs, **shape}),
        low(SOURCE_DISTANCE): xr.Variable(dims, lower, {**attrs, "long_name": "inner edge"}),
        high(SOURCE_DISTANCE): xr.Variable(dims, upper, {**attrs, "long_name": "outer edge"}),
    }
