"""Which pixels belong to which bin, by their centres."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from .pixelgrid import PixelGrid, lonlat_deg, taken, unit_vectors

__all__ = ["Int", "Membership", "Rows", "members"]

Float = NDArray[np.float64]
Int = NDArray[np.integer[Any]]

_TILE_SIZE = (1.0, 4.0)  # degrees along the side of a tile of pixels, from and to
_PITCHES = 8  # and the pitches of the sample in one
_MARGIN = 0.8  # of the half diagonal of a tile; in a flat one, 0.5 is as far as it can be
_BEYOND = 250  # how far bins are followed off the map, in tiles
_MOST_PAIRS = 1 << 22  # numbers of vectors that are compared one by one
_EVEN = 8  # pairs on the average that have one solid angle, so that these are worth a run
_BLOCK_SIZE = 1 << 16  # pixels that are looked at together, so that they stay in cache
_MOST_OUTSIDE = 1 << 22  # pixels beyond the map that are looked at one by one


@dataclass(frozen=True, eq=False)
class Membership:
    """Pairs of bin and pixel, and what of each bin lies off the map.

    The pairs are in any order. The nearer it is to that of the pixels in memory, and the longer the
    runs of pairs of one bin, the faster are sums.

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

    def part(self, pairs: Int, pixel: Int) -> tuple[Membership, Int]:
        """Return some pairs with other pixels and bins counted from 0, and these bins' numbers."""
        bins = self.bin[pairs]
        there = np.zeros(self.nbin, bool)
        there[bins] = True
        numbers = np.flatnonzero(there)
        local = (np.cumsum(there) - 1)[bins]
        return Membership(local, pixel, self.solid_angle[pairs], np.zeros(numbers.size)), numbers

    def sum(self, values: NDArray[Any]) -> Float:
        """Sum values (..., npair) over the pairs of each bin: (..., nbin)."""
        return self._of_bins(self._of_runs(values))

    def integral(self, values: NDArray[Any]) -> Float:
        """Sum values (..., npair) times solid angle over the pairs of each bin: (..., nbin)."""
        if self._runs.area is not None:
            return self._of_bins(self._of_runs(values) * self._runs.area)
        return self._of_bins(self._of_runs(values, self.solid_angle))

    def _of_runs(self, values: NDArray[Any], weights: Float | None = None) -> Float:
        """Sums of runs (..., nrun) of values, times weights (npair,), so that these stay in cache.

        One at a time the runs' products would be as large as the values, and slow.
        """
        sums = np.empty((*values.shape[:-1], self._runs.first.size))
        for some, pairs, first in self._runs.parts if weights is not None else self._runs.whole:
            part = values[..., pairs] if weights is None else values[..., pairs] * weights[pairs]
            with np.errstate(invalid="ignore", over="ignore"):  # who gives such values looks
                np.add.reduceat(part, first, axis=-1, dtype=np.float64, out=sums[..., some])
        return sums

    def _of_bins(self, runs: Float) -> Float:
        """Sums of bins (..., nbin) of those of runs (..., nrun)."""
        total, bins = np.zeros((*runs.shape[:-1], self.nbin)), self._runs.bin
        if self._runs.ascend:
            total[..., bins] = runs
            return total
        rows = [np.bincount(bins, row, self.nbin) for row in runs.reshape(-1, bins.size)]
        return np.reshape(rows, total.shape)

    @cached_property
    def _runs(self) -> Runs:
        return Runs.of(self.bin, self.solid_angle)


_Part: TypeAlias = "tuple[slice, slice, NDArray[np.intp]]"


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs of neighbouring pairs of one bin, and of one solid angle where that seldom changes.

    Parameters
    ----------
    first : numpy.ndarray of int
        First pair of each run, (nrun,).
    bin : numpy.ndarray of int
        Their bins, (nrun,).
    area : numpy.ndarray or None
        Their pairs' solid angle, (nrun,); None if it changes within runs.
    size : int
        Number of pairs.
    """

    first: NDArray[np.intp]
    bin: Int
    area: Float | None
    size: int

    @classmethod
    def of(cls, bins: Int, area: Float) -> Runs:
        """Find them among bins and solid angles (npair,) of pairs."""
        starts, steps = np.ones(bins.size, bool), np.ones(bins.size, bool)
        np.not_equal(bins[1:], bins[:-1], out=starts[1:])
        np.not_equal(area[1:], area[:-1], out=steps[1:])
        even = _EVEN * np.count_nonzero(steps) <= bins.size
        first = np.flatnonzero(starts | steps if even else starts)
        return cls(first, bins[first], area[first] if even else None, bins.size)

    @cached_property
    def ascend(self) -> bool:
        """Whether each bin comes once, in order."""
        return bool(np.all(np.diff(self.bin) > 0))

    @property
    def whole(self) -> list[_Part]:
        """All runs as the one part that there is; none if there are no runs."""
        return [(slice(None), slice(None), self.first)] if self.size else []

    @cached_property
    def parts(self) -> list[_Part]:
        """Numbers of runs that are summed together, their pairs, and where each starts there."""
        wanted = np.arange(_BLOCK_SIZE, self.size, _BLOCK_SIZE)
        inner = np.unique(np.searchsorted(self.first, wanted))
        ends = [0, *inner[(inner > 0) & (inner < self.first.size)].tolist(), self.first.size]
        places = [*self.first[ends[:-1]].tolist(), self.size]
        return [
            (slice(*some), slice(*pairs), self.first[slice(*some)] - pairs[0])
            for some, pairs in zip(pairwise(ends), pairwise(places), strict=True)
            if pairs[1] > pairs[0]
        ]


class Rows(Protocol):
    """Bins that do not overlap, measured by true angles on the sphere."""

    def coder(self, frame: BaseCoordinateFrame) -> Callable[[Float], Int]:
        """Make the function that tells the bin of unit vectors (3, ...) of a frame, -1 for none."""

    def sample(self) -> SkyCoord:
        """Return sky positions that fill the bins, no two neighbours further apart than `pitch`."""

    @property
    def pitch(self) -> float:
        """Distance of neighbouring sample positions in degrees."""


@runtime_checkable
class Straight(Protocol):
    """Bins of which some run along the meridians and parallels of a frame."""

    def straight_coder(self, frame: BaseCoordinateFrame) -> Callable[[Float, Float], Int] | None:
        """Make the function that tells the bin of longitudes and latitudes in degrees, if so."""


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
        repeats there what it has elsewhere. Where these are very many, one in 4, 16 or 64 stands
        for its neighbours.
    """
    coder = _coder(rows, grid)
    return gather((_block_pairs(coder, grid, *block) for block in _blocks(rows, grid)), nbin)


def joined(parts: Sequence[tuple[Int, Membership]], nbin: int) -> Membership:
    """Join memberships, each with the numbers that its bins have among all."""
    outside = np.zeros(nbin)
    for numbers, part in parts:
        outside[numbers] = part.outside
    code = np.concatenate([numbers[part.bin] for numbers, part in parts])
    pixel = np.concatenate([part.pixel for _, part in parts])
    area = np.concatenate([part.solid_angle for _, part in parts])
    order = np.argsort(code, kind="stable")
    return Membership(code[order], pixel[order], area[order], outside)


def gather(blocks: Iterable[tuple[Int, Int, Float]], nbin: int) -> Membership:
    """Make a membership of bins, pixels and areas of pairs; pixel -1 means off the map."""
    outside, kept = np.zeros(nbin), []
    for code, pixel, area in blocks:
        off = pixel < 0
        if off.any():
            outside += np.bincount(code[off], area[off], minlength=nbin)
            code, pixel, area = code[~off], pixel[~off], area[~off]
        kept.append((code.astype(np.int32), pixel, area))
    if not kept:
        kept = [(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0))]
    code, pixel, area = (np.concatenate(column) for column in zip(*kept, strict=True))
    return Membership(code, pixel, area, outside)


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
    dtype = np.min_scalar_type(-grid.x.size * grid.y.size)
    ix, iy = (positions(have, e).astype(dtype) for have, e in ((grid.x, x), (grid.y, y)))
    return np.where((ix >= 0) & (iy >= 0), iy * dtype.type(grid.x.size) + ix, dtype.type(-1))


def _blocks(rows: Rows, grid: PixelGrid) -> Iterator[tuple[Float, Float, int]]:
    """Columns and rows of the plane that may hold pixels of the bins, and the step between them.

    Tiles go over the map and what the grid would have beyond it round the bins. One is kept if
    a sample position of the bins is about as near as it is large.
    """
    sample = rows.sample()
    columns, lines = (
        _tile_edges(have, placed, grid.pixel_size, np.clip(_PITCHES * rows.pitch, *_TILE_SIZE))
        for have, placed in zip((grid.x, grid.y), grid.pixel(sample), strict=True)
    )
    near = _near_tiles(grid, columns, lines, sample, np.radians(rows.pitch))
    over_x, over_y = (
        (e[1:] > have.min()) & (e[:-1] <= have.max())
        for e, have in ((columns, grid.x), (lines, grid.y))
    )
    on_map = over_y[:, None] & over_x
    size = (columns[1] - columns[0]) * (lines[1] - lines[0])
    far = np.count_nonzero(near & ~on_map) * size / _MOST_OUTSIDE
    sparse = int(min(2 ** np.ceil(np.log2(max(far, 1)) / 2), 8))
    for kept, step in ((near & on_map, 1), (near & ~on_map, sparse)):
        for first, last, left, right in _rectangles(kept):
            x = np.arange(columns[left], columns[right], step)
            y = np.arange(lines[first], lines[last], step)
            height = max(_BLOCK_SIZE // x.size, 1)
            for start in range(0, y.size, height):
                yield x, y[start : start + height], step


def _rectangles(kept: NDArray[np.bool_]) -> Iterator[tuple[int, int, int, int]]:
    """Rectangles of tiles, (first, last, left, right): runs along a line, and the same below it."""
    first = 0
    while first < len(kept):
        last = first + 1
        while last < len(kept) and (kept[last] == kept[first]).all():
            last += 1
        change = np.flatnonzero(np.diff(kept[first], prepend=False, append=False)).tolist()
        for left, right in zip(change[::2], change[1::2], strict=True):
            yield first, last, left, right
        first = last


def _tile_edges(have: Float, placed: Float, size: float, tile: float) -> Float:
    """First pixel numbers of tiles over a map's columns and the positions of a sample."""
    found = placed[np.isfinite(placed)]
    step = 8 * int(np.clip(tile / size / 8, 1, 16))
    reach = _BEYOND * step
    low = max(min(have.min(), found.min(initial=np.inf) - 2), have.min() - reach)
    high = min(max(have.max(), found.max(initial=-np.inf) + 2), have.max() + reach)
    return np.arange(np.floor(low), np.ceil(high) + step + 1, step)


def _near_tiles(
    grid: PixelGrid, columns: Float, lines: Float, sample: SkyCoord, pitch: float
) -> NDArray[np.bool_]:
    """Whether tiles may hold part of the bins, (nline, ncolumn).

    Each tile is known by its middle, its corners, and the middles of its sides.
    """
    x, y = (np.sort(np.append(e, (e[1:] + e[:-1]) / 2)) - 0.5 for e in (columns, lines))
    lattice = grid.vectors(x, y[:, None])
    around = np.lib.stride_tricks.sliding_window_view(lattice, (3, 3), axis=(1, 2))[:, ::2, ::2]
    chords = np.linalg.norm(around - around[..., 1:2, 1:2], axis=0)
    flat = np.radians((columns[1] - columns[0]) * grid.pixel_size)
    reach = np.where(np.isfinite(chords), chords, 1.5 * flat).max(axis=(-2, -1))
    points = unit_vectors(*lonlat_deg(sample.ravel(), grid.frame))
    known = np.isfinite(lattice[0])
    distance = np.full(known.shape, np.inf)
    distance[known] = _nearest(lattice[:, known], points)
    nearest = np.lib.stride_tricks.sliding_window_view(distance, (3, 3))[::2, ::2]
    return np.asarray(nearest.min(axis=(-2, -1)) <= _MARGIN * reach + pitch)


def _nearest(vectors: Float, points: Float) -> Float:
    """Chord from each of some unit vectors (3, n) to the nearest of some points (3, m)."""
    if vectors.size * points.size < _MOST_PAIRS:
        cosine = (vectors.T @ points).max(axis=1)
        return np.asarray(np.sqrt(np.maximum(2 - 2 * cosine, 0)))
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(points.T).query(vectors.T)[0])


def _coder(rows: Rows, grid: PixelGrid) -> Callable[[Float, Float], Int]:
    """Make the function that tells the bin of pixel positions (nx,) and (ny, 1): (ny, nx)."""
    if grid.separable and isinstance(rows, Straight):
        straight = rows.straight_coder(grid.frame)
        if straight is not None:
            return lambda x, y: straight(*grid.lonlat(x, y))
    coder = rows.coder(grid.frame)
    return lambda x, y: coder(grid.vectors(x, y))


def _block_pairs(
    coder: Callable[[Float, Float], Int], grid: PixelGrid, x: Float, y: Float, step: int
) -> tuple[Int, Int, Float]:
    """Codes, flat positions and solid angles of the pixels of one block that are in a bin."""
    code = coder(x, y[:, None])
    inside = np.flatnonzero(code >= 0)
    pixel = taken(flat_positions(grid, x, y[:, None]), inside)
    beyond = np.flatnonzero(pixel < 0)
    if beyond.size:
        kept = np.ones(pixel.size, bool)
        row, column = np.divmod(inside[beyond], x.size)
        kept[beyond] = grid.own(x[column], y[row])
        inside, pixel = inside[kept], pixel[kept]
    return taken(code, inside), pixel, step**2 * grid.solid_angles(x, y, inside)
