"""Which pixels belong to which bin, by their centres."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from .wcs import PixelGrid

__all__ = ["Membership", "Rows", "members"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

_BLOCK = 1 << 20  # pixels whose vectors are held at once


@dataclass(frozen=True, eq=False)
class Membership:
    """Pairs of bin and pixel, in order of bins, and what of each bin lies off the map.

    Parameters
    ----------
    bin, pixel : numpy.ndarray of int
        Shape (npair,): the bin, and the pixel's flat index in the (lat, lon) plane.
    solid_angle : numpy.ndarray
        Solid angle of each pair's pixel in sr, (npair,).
    outside : numpy.ndarray
        Solid angle in sr of the pixels that the grid would have beyond the map, (nbin,).
    """

    bin: Int
    pixel: Int
    solid_angle: Float
    outside: Float

    @property
    def nbin(self) -> int:
        """Number of bins."""
        return self.outside.size

    def sum(self, weights: Float) -> Float:
        """Sum pair weights, shape (..., npair), over the pairs of each bin: (..., nbin)."""
        total = np.zeros((*weights.shape[:-1], self.nbin))
        if self.bin.size:
            first = np.flatnonzero(np.diff(self.bin, prepend=-1))
            total[..., self.bin[first]] = np.add.reduceat(weights, first, axis=-1, dtype=np.float64)
        return total


class Rows(Protocol):
    """Bins that do not overlap, measured by true angles on the sphere."""

    def coder(self, frame: BaseCoordinateFrame) -> Callable[[Float], Int]:
        """Make the function that tells the bin of unit vectors (3, ...) of a frame, -1 for none."""

    def sample(self) -> SkyCoord:
        """Return sky positions that fill the bins, no two neighbours further apart than `pitch`."""

    @property
    def pitch(self) -> float:
        """Distance of neighbouring sample positions in degrees."""


def members(rows: Rows, nbin: int, grid: PixelGrid) -> Membership:
    """Find the pixels of bins that do not overlap.

    Parameters
    ----------
    rows : Rows
        The bins.
    nbin : int
        How many bins there are.
    grid : PixelGrid
        The pixels.

    Returns
    -------
    Membership
        Pixels that the grid would have beyond the map count as outside, unless the plane
        repeats there what it has elsewhere.
    """
    coder = rows.coder(grid.frame)
    pairs = [_block_pairs(coder, grid, x, y) for x, y in _blocks(rows, grid)]
    if not pairs:
        return gather(np.empty(0, int), np.empty(0, int), np.empty(0), nbin)
    code, pixel, area = (np.concatenate(column) for column in zip(*pairs, strict=True))
    return gather(code, pixel, area, nbin)


def gather(code: Int, pixel: Int, area: Float, nbin: int) -> Membership:
    """Sort pairs by bin; pixel -1 means off the map."""
    outside = np.bincount(code[pixel < 0], area[pixel < 0], minlength=nbin)
    on = np.flatnonzero(pixel >= 0)
    on = on[np.argsort(code[on], kind="stable")]
    return Membership(code[on], pixel[on], area[on], outside.astype(float))


def positions(pixels: Float, wanted: Float) -> Int:
    """Index of each wanted pixel number among `pixels`, -1 where it is not there."""
    start = pixels.min()
    table = np.full(int(pixels.max() - start) + 1, -1)
    table[(pixels - start).astype(int)] = np.arange(pixels.size)
    offset = (wanted - start).astype(int)
    known = (wanted >= start) & (offset < table.size)
    return np.where(known, table[np.where(known, offset, 0)], -1)


def flat_positions(grid: PixelGrid, x: Float, y: Float) -> Int:
    """Flat index in the (lat, lon) plane of pixel numbers that broadcast, -1 off the map."""
    ix, iy = positions(grid.x, x), positions(grid.y, y)
    return np.where((ix >= 0) & (iy >= 0), iy * grid.x.size + ix, -1)


def _blocks(rows: Rows, grid: PixelGrid) -> Iterator[tuple[Float, Float]]:
    """Columns and rows that may hold pixels of the bins, a bounded number of pixels at a time."""
    x, y = grid.pixel(rows.sample())
    found = np.isfinite(x) & np.isfinite(y)
    if not found.any():
        return
    margin = 2 + 2 * rows.pitch / grid.pixel_size
    columns, lines = (
        np.arange(np.floor(p[found].min() - margin), np.ceil(p[found].max() + margin) + 1)
        for p in (x, y)
    )
    step = max(1, _BLOCK // columns.size)
    for start in range(0, lines.size, step):
        yield columns, lines[start : start + step]


def _block_pairs(
    coder: Callable[[Float], Int], grid: PixelGrid, x: Float, y: Float
) -> tuple[Int, Int, Float]:
    """Codes, flat positions and solid angles of the pixels of one block that are in a bin."""
    y = y[:, None]
    code = coder(grid.vectors(x, y))
    pixel = flat_positions(grid, x, y)
    inside = (code >= 0) & ((pixel >= 0) | grid.own(x, y))
    return code[inside], pixel[inside], grid.solid_angle(x, y)[inside]
