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

from ..members.membership import Membership
from ..sums.pixel_pairs import PixelPairs
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
        Number of the source, and flat index of the pixel, (nlight,); each pair once.
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
        flat = source.ravel()
        kept = np.flatnonzero(flat >= 0)
        position, number = np.divmod(kept, pair.size)
        owners, inverse = np.unique(flat[kept] * pair.size + number, return_inverse=True)
        inverse = inverse.reshape(-1)
        sources, parents = np.divmod(owners, pair.size)
        area = pairs.solid_angle[pair[parents]] / distances.number
        dx, dy = (offset * spread for offset in distances.offsets)
        parts = []
        parent_pixel = pairs.pixel[pair[parents]].astype(np.intp)
        for across, a in _shared(dx):
            for along, b in _shared(dy):
                weight = np.bincount(inverse, (a * b)[position]) * area
                if weight.any():
                    parts.append((_neighbour(parent_pixel, distances, across, along), weight))
        pixel = np.concatenate([p for p, _ in parts])
        weight = np.concatenate([w for _, w in parts])
        source_of, parent = (np.tile(v, len(parts)) for v in (sources, pair[parents]))
        size = int(pixel.max()) + 1
        distinct, first, row = np.unique(
            source_of * size + pixel, return_index=True, return_inverse=True
        )
        shape = (distinct.size, pairs.bin.size)
        weights = csr_array((weight, (row.reshape(-1), parent)), shape=shape)
        found = np.divmod(distinct, size)
        return cls(*found, parent[first], weights, int(flat.max()) + 1)

    def members(self) -> Membership:
        """Return the pixels as members of sources, each with an area of 1."""
        one = np.ones(self.pixel.size)
        return Membership(self.source, self.pixel, one, np.zeros(self.nsource))

    def emission(self, pairs: PixelPairs) -> Float:
        """Photons that each pixel emits, for an even brightness, (ntrue, nlight).

        Some are negative, next to others that are positive.
        """
        return np.asarray((self.weights @ pairs.exposure.T).T)

    def mean_exposure(self, pairs: PixelPairs) -> Float:
        """Exposure of each source, (ntrue, nsource)."""
        area = np.bincount(self.source, self.weights.sum(axis=1), self.nsource)
        total = [np.bincount(self.source, row, self.nsource) for row in self.emission(pairs)]
        return np.asarray(total) / area


def _shared(offset: Float) -> list[tuple[int, Float]]:
    """Steps to neighbours, and their weights at offsets in pixels from the centre.

    They are the polynomials of Lagrange for five pixels.
    """
    steps, found = (-2, -1, 0, 1, 2), []
    for step in steps:
        others = [other for other in steps if other != step]
        weight = np.prod([(offset - other) / (step - other) for other in others], axis=0)
        found.append((step, weight))
    return found


def _neighbour(pixel: Int, distances: PixelDistances, across: int, along: int) -> Int:
    """Flat index of neighbours of pixels; those beyond the map are the pixels themselves."""
    rows, columns = distances.grid.shape
    row, column = np.divmod(pixel, columns)
    y, x = row + along, column + across
    y = np.where((y >= 0) & (y < rows), y, row)
    x = np.where((x >= 0) & (x < columns), x, column)
    return np.asarray(y * columns + x)
