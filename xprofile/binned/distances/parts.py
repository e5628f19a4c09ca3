"""Parts of bins: the distances of their used pixels, and how much of the signal is at each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...bins.distances import DistanceAxis
from ...bins.skybins import SkyBins
from ...maps.grid import AnyGrid
from ...maps.healpix.grid import HealpixGrid
from ...schema.names import AXIS_SIZE, ENERGY, GEOMETRY, LAT, LON, PART_DISTANCE, PART_SHARE
from ...schema.variables import BINNED, data_array
from ..members.membership import Int, Membership
from ..sums.map_sums import MapSums
from ..sums.masks import UsedMasks
from ..sums.pixel_values import PixelValues
from ..sums.reindexing import append_zeros
from .positions import PixelDistances

__all__ = ["PartFinder", "PartSums", "SumsAndParts", "pixel_places"]

Float = NDArray[np.float64]

# Parts of each bin, for each pixel that the widest bin is long, and the fewest and most of them. A
# Gaussian with a sigma of a sixteenth of a bin is then averaged right to 1e-3. With ten times as
# many, binned data of many bins would be larger than the maps; with a tenth, averages over bins as
# wide as the source are off by per cents.
_PER_PIXEL, _FEWEST, _MOST = 2, 16, 64


# planes of the row and column of each pixel in the whole map, for maps in blocks
_ROW, _COLUMN = "pixel_row", "pixel_column"


@dataclass(frozen=True, eq=False)
class PartFinder:
    """Parts of bins: equal steps of distance.

    Parameters
    ----------
    distances : PixelDistances
        Distances within pixels.
    nbin, npart : int
        Number of bins, and of parts of each.
    plane : int
        True energy whose exposure weights the pixels.
    """

    distances: PixelDistances
    nbin: int
    npart: int
    plane: int

    @classmethod
    def from_bins(cls, bins: SkyBins, grid: AnyGrid, ntrue: int) -> PartFinder | None:
        """Choose parts; None for bins without distances, or with very many pixels."""
        axis = DistanceAxis.from_bins(bins, bins, grid.frame)
        if axis is None:
            return None
        area = float(axis.solid_angle(*axis.edges).sum()) / np.radians(grid.pixel_size) ** 2
        number = min(area, float(np.prod(grid.shape)))
        distances = PixelDistances.from_axis(axis, grid, number)
        if distances is None:
            return None
        longest = float(np.max(axis.upper - axis.lower)) / grid.pixel_size
        npart = int(np.clip(np.ceil(_PER_PIXEL * longest), _FEWEST, _MOST))
        return cls(distances, len(bins), npart, ntrue // 2)

    def locate(self, bins: Int, pixel: Int) -> tuple[NDArray[np.intp], Float]:
        """Flat number of the part, and distance, of positions in pixels, (number, npair).

        Positions along a side are enough where the distance does not depend on the row.
        """
        axis, grid = self.distances.axis, self.distances.grid
        by_column, flat = self.distances.by_column, pixel.astype(np.intp, copy=False)
        if by_column is None:
            found = self.distances.find(flat)
        else:
            found = np.take(by_column, flat % grid.shape[1], axis=1)
        finite = np.isfinite(found)
        if not finite.all():
            found = np.where(finite, found, (axis.lower + axis.upper)[bins] / 2)
        ratio = axis.size if axis.geometry == "radial" else 1.0
        border = grid.pixel_size / np.sqrt(2) / ratio  # beyond the bin's edges
        start, stop = axis.lower - border, axis.upper + border
        part = found - start[bins]
        part /= (stop - start)[bins]
        part *= self.npart
        number = part.astype(np.intp)  # rounded towards 0, where those below the border are put
        np.clip(number, 0, self.npart - 1, out=number)
        number += bins.astype(np.intp) * self.npart
        return number, found


@dataclass(frozen=True, eq=False)
class PartSums:
    """Sums over the pixels in parts of bins.

    Parameters
    ----------
    mask_index : numpy.ndarray of int
        Index of each energy's mask in `signal`, -1 for an energy without used pixels, (nenergy,).
    signal : numpy.ndarray
        Solid angle times exposure of used pixels, (nmask, nbin, npart).
    sky : numpy.ndarray
        Solid angle of all pixels, and this times their distance in degrees, (2, nbin, npart).
    """

    mask_index: Int
    signal: Float
    sky: Float

    @classmethod
    def from_block(
        cls,
        finder: PartFinder,
        masks: UsedMasks,
        pixel_values: PixelValues,
        members: Membership,
        bins: Int,
    ) -> PartSums:
        """Sum over one block."""
        shape = finder.nbin, finder.npart
        pixel = members.pixel
        if _ROW in pixel_values:  # those of a block, numbered in the whole map
            row, column = (pixel_values[name][slice(0, 1)][0] for name in (_ROW, _COLUMN))
            pixel = row * finder.distances.grid.shape[1] + column
        part, distance = finder.locate(bins[members.bin], pixel)
        area = members.solid_angle / len(part)
        plane = pixel_values["exposure"][slice(finder.plane, finder.plane + 1)][0].astype(float)
        weight = area * np.where(np.isfinite(plane) & (plane > 0), plane, 0)

        def total(values: Float) -> Float:
            flat = np.broadcast_to(values, part.shape).ravel()
            sums = np.bincount(part.ravel(), flat, shape[0] * shape[1])
            return sums.astype(np.float64, copy=False).reshape(shape)

        signal = [total(weight if used is None else weight * used) for used in masks.masks]
        sky = np.stack([total(area), total(area * distance)])
        return cls(masks.mask_index, np.array(signal).reshape(len(signal), *shape), sky)

    def __add__(self, other: PartSums) -> PartSums:
        """Add the sums of two blocks."""
        pairs = np.stack([self.mask_index, other.mask_index])
        distinct, inverse = np.unique(pairs, axis=1, return_inverse=True)
        any_used = (distinct >= 0).any(axis=0)
        mask_index = np.where(any_used, np.cumsum(any_used) - 1, -1)[inverse.reshape(-1)]
        first, second = distinct[:, any_used]
        signal = append_zeros(self.signal)[first] + append_zeros(other.signal)[second]
        return replace(self, mask_index=mask_index, signal=signal, sky=self.sky + other.sky)

    def variables(self, finder: PartFinder) -> dict[str, xr.Variable]:
        """Make ``part_share`` and ``part_distance``."""
        axis, sky = finder.distances.axis, self.sky
        middle = ((axis.lower + axis.upper) / 2)[:, None]
        distance = np.where(sky[0] > 0, sky[1] / np.where(sky[0] > 0, sky[0], 1), middle)
        weights = np.where(self.signal.sum(axis=-1, keepdims=True) > 0, self.signal, sky[0])
        total = weights.sum(axis=-1, keepdims=True)
        share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        attrs = {GEOMETRY: axis.geometry, AXIS_SIZE: float(axis.size)}
        found = {PART_DISTANCE: data_array(PART_DISTANCE, distance, BINNED, **attrs)}
        entry = BINNED[PART_SHARE]
        if len(share) == 1 or not len(share):
            values = share[0] if len(share) else np.zeros(distance.shape)
            return found | {PART_SHARE: xr.Variable(entry.dims, values, entry.attrs)}
        none = np.zeros((1, *share.shape[1:]))
        stacked = np.moveaxis(np.concatenate([share, none])[self.mask_index], 0, -1)
        return found | {PART_SHARE: xr.Variable((*entry.dims, ENERGY), stacked, entry.attrs)}


@dataclass(frozen=True, eq=False)
class SumsAndParts:
    """Sums of maps over bins, and over parts of them, of the same blocks."""

    sums: MapSums
    parts: PartSums

    @classmethod
    def from_block(
        cls, finder: PartFinder, pixel_values: PixelValues, members: Membership, bins: Int
    ) -> SumsAndParts:
        """Read one block."""
        masks = UsedMasks(pixel_values, members)
        sums = MapSums.from_block(pixel_values, members, bins, masks)
        return cls(sums, PartSums.from_block(finder, masks, pixel_values, members, bins))

    def __add__(self, other: SumsAndParts) -> SumsAndParts:
        """Add the sums of two blocks."""
        return SumsAndParts(self.sums + other.sums, self.parts + other.parts)


def pixel_places(grid: AnyGrid, like: xr.Variable) -> dict[str, xr.Variable]:
    """Row and column of each pixel, (lat, lon), which take no memory.

    Those of HEALPix cells, of which a row may hold hundreds of millions, are in the chunks of a
    variable.
    """
    if isinstance(grid, HealpixGrid):
        import dask.array as da

        assert like.chunks is not None
        cells = da.arange(grid.shape[1], chunks=(like.chunks[-1],))[None]
        planes = {_ROW: da.zeros_like(cells), _COLUMN: cells}  # type: ignore[no-untyped-call]
        return {name: xr.Variable((LAT, LON), plane) for name, plane in planes.items()}
    rows, columns = (np.arange(size) for size in grid.shape)
    places = {_ROW: rows[:, None], _COLUMN: columns[None]}
    return {n: xr.Variable((LAT, LON), np.broadcast_to(v, grid.shape)) for n, v in places.items()}
