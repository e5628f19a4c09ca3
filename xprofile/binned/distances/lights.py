"""Pixels that emit the light of each distance.

Photons start at the centres of pixels. Light at another position in a pixel is shared among its
pixel and the neighbours, with the weights of an interpolation by polynomials of fourth order. So
the share of its photons that a bin gets is right, as it changes little from pixel to pixel unless
the PSF is much narrower than a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...maps.grid import AnyGrid
from ...maps.healpix.grid import HealpixGrid
from ...maps.pixelgrid import PixelGrid
from ..members.membership import Membership
from ..psf.emission import Emission, Light
from ..psf.healpix.plane import cell_plane, plane_pixels
from ..sums.pixel_pairs import PixelPairs
from ..sums.sparse import sort_numbers, sum_by_number
from .positions import PixelDistances

__all__ = ["Lights"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Lights:
    """Pixels that emit the light of some sources.

    Parameters
    ----------
    source, pixel : numpy.ndarray of int
        Number of the source, and flat index of the pixel, (nlight,); each pair once. Of HEALPix,
        the flat index on the plane of the cells.
    pair : numpy.ndarray of int
        Number of a pair of bin and pixel whose light a pixel emits, (nlight,).
    weights : scipy.sparse.csr_array
        Solid angle of the light of each pair that a pixel emits, (nlight, npair).
    nsource : int
        Number of sources.
    """

    source: Int
    pixel: Int
    pair: Int
    weights: csr_array
    nsource: int

    @classmethod
    def from_positions(
        cls,
        source: Int,
        pairs: PixelPairs,
        pair: Int,
        distances: PixelDistances,
        *,
        spread: bool,
    ) -> Lights:
        """Collect the light of positions within pixels.

        Parameters
        ----------
        source : numpy.ndarray of int
            Number of the source of each position, -1 for none, (number, npixel).
        pairs : PixelPairs
            All pixels of the bins.
        pair : numpy.ndarray of int
            Numbers of the pairs whose pixels have these positions, (npixel,).
        distances : PixelDistances
            The positions.
        spread : bool
            Whether light starts at its position, rather than at the centre of its pixel.
        """
        position, number, start = _sorted_by_source(source)
        sources, parents = source[position[start], number[start]], pair[number[start]]
        first = np.append(start, position.size)
        ones = np.ones(position.size)
        found = csr_array((ones, position, first), shape=(start.size, distances.number))
        plane, pixels, offsets = _on_plane(distances, pairs.pixel[parents].astype(np.intp))
        steps, shares = _shared(*(offset * spread for offset in offsets))
        area = pairs.solid_angle[parents] / distances.number
        weight = (found @ shares) * area[:, None]
        pixel = _neighbours(pixels, plane, steps)
        return cls._joined(sources, parents, pixel, weight, steps, pairs.bin.size)

    @classmethod
    def _joined(
        cls, source: Int, parent: Int, pixel: Int, weight: Float, steps: Int, npair: int
    ) -> Lights:
        """Join the light that pixels (nowner, nstep) emit for the same source (nowner,).

        Each owner is a pair `parent` of bin and pixel, whose light it is.
        """
        nsource, size = int(source.max()) + 1, int(pixel.max()) + 1
        number = np.searchsorted(source, np.arange(nsource + 1)) * len(steps)
        entry = np.arange(pixel.size)
        by_source = csr_array((entry, pixel.ravel(), number), shape=(nsource, size))
        by_source = by_source.tocsc().tocsr()  # sorts by pixel
        entry, at = by_source.data, by_source.indices.astype(np.intp)
        row = np.repeat(np.arange(nsource), np.diff(by_source.indptr))
        first = np.flatnonzero(np.diff(row * size + at, prepend=-1))
        owner, step = np.divmod(entry, len(steps))
        far = (steps**2).sum(axis=1)[step] * entry.size + np.arange(entry.size)
        nearest = np.minimum.reduceat(far, first) % entry.size
        values = weight.ravel()[entry], parent[owner], np.append(first, entry.size)
        weights = csr_array(values, shape=(first.size, npair))
        return cls(row[first], at[first], parent[owner[nearest]], weights, nsource)

    def emission(self, pairs: PixelPairs) -> Float:
        """Photons that each pixel emits, for an even brightness, (ntrue, nlight).

        Some are negative, next to others that are positive.
        """
        return np.asarray((self.weights @ pairs.exposure.T).T)

    def light(self, pairs: PixelPairs, grid: AnyGrid, emission: Float) -> Light:
        """Return the light as something that emits photons.

        Each pixel has the PSF of a pair of bin and itself, or of the nearest one whose light it
        emits.
        """
        one = np.ones(self.pixel.size)
        members = Membership(self.source, self.pixel, one, np.zeros(self.nsource))
        plane, pixels = grid, pairs.pixel.astype(np.intp)
        if isinstance(grid, HealpixGrid):
            plane = cell_plane(grid)
            pixels = plane_pixels(plane, grid.pixel_vectors(pixels))
        order = np.argsort(pixels, kind="stable")
        own = order[np.searchsorted(pixels[order], self.pixel, side="right") - 1]
        pair = np.where(pixels[own] == self.pixel, own, self.pair)
        return Light(Emission.from_members(plane, members, emission), pair)

    def mean_exposure(self, emission: Float) -> Float:
        """Exposure of each source, (ntrue, nsource)."""
        area = np.bincount(self.source, self.weights.sum(axis=1), self.nsource)
        return sum_by_number(self.source, emission, self.nsource) / area


def _on_plane(distances: PixelDistances, pixel: Int) -> tuple[PixelGrid, Int, tuple[Float, Float]]:
    """Plane of the pixels, their flat indices on it, and offsets of the positions in them."""
    grid, number = distances.grid, distances.along_side
    if not isinstance(grid, HealpixGrid):
        return grid, pixel, distances.offsets
    plane, bits = cell_plane(grid), np.arange(int(np.log2(number)))
    children = np.arange(number**2)[:, None]  # nested: bits of both axes in turn
    x, y = (((children >> 2 * bits + axis & 1) << bits).sum(axis=1) for axis in (0, 1))
    offsets = (x + 0.5) / number - 0.5, (y + 0.5) / number - 0.5
    return plane, plane_pixels(plane, grid.pixel_vectors(pixel)), offsets


def _sorted_by_source(source: Int) -> tuple[Int, Int, Int]:
    """Positions and pixels sorted by source and pixel, and where each of these pairs begins.

    `source` (number, npixel) is that of each position, -1 for none.
    """
    pixel, position = np.nonzero(source.T >= 0)
    known = source[position, pixel]
    order, _ = sort_numbers(known, int(known.max()) + 1)
    position, pixel, known = position[order], pixel[order], known[order]
    pairs = known * source.shape[1] + pixel
    return position, pixel, np.flatnonzero(np.diff(pairs, prepend=-1))


def _shared(dx: Float, dy: Float) -> tuple[Int, Float]:
    """Steps (nstep, 2) to neighbours, and their weights at offsets in pixels, (number, nstep).

    They are products of the polynomials of Lagrange for five pixels. Neighbours without any weight
    are left out.
    """
    line = (-2, -1, 0, 1, 2)
    x, y = (
        np.stack(
            [
                np.prod([(d - other) / (step - other) for other in line if other != step], axis=0)
                for step in line
            ],
            axis=-1,
        )
        for d in (dx, dy)
    )
    shares = (x[:, :, None] * y[:, None]).reshape(len(x), -1)
    steps = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    some = shares.any(axis=0)
    return steps[some], shares[:, some]


def _neighbours(pixel: Int, grid: PixelGrid, steps: Int) -> Int:
    """Flat index of neighbours (npixel, nstep) of pixels; of those beyond the map, of the pixels.

    This holds for neighbours off the sky, too.
    """
    rows, columns = grid.shape
    row, column = (values[:, None] for values in np.divmod(pixel, columns))
    y, x = row + steps[:, 1], column + steps[:, 0]
    y = np.where((y >= 0) & (y < rows), y, row)
    x = np.where((x >= 0) & (x < columns), x, column)
    if not grid.separable:
        on_sky = grid.canonical(grid.x[x], grid.y[y])
        x, y = np.where(on_sky, x, column), np.where(on_sky, y, row)
    return np.asarray(y * columns + x)
