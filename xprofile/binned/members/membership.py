"""Which pixels belong to which bin, by their centres."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid

__all__ = ["Find", "Int", "Membership", "flat_positions", "gather", "joined", "slices"]

Float = NDArray[np.float64]

Int = NDArray[np.integer[Any]]

Find: TypeAlias = "Callable[[], tuple[Membership, Int]]"

_Part: TypeAlias = tuple[slice, slice, NDArray[np.intp]]

_EVEN = 8  # pairs on the average that have one solid angle, so that these are worth a run

_BLOCK_SIZE = 1 << 16  # pairs that are weighted and summed together, so that they stay in cache


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

    @property
    def overlap(self) -> int:
        """How often a pixel is in one more bin."""
        there = np.zeros(int(self.pixel.max(initial=-1)) + 1, bool)
        there[self.pixel] = True
        return int(self.pixel.size - np.count_nonzero(there))

    def compact(self) -> tuple[Membership, Int]:
        """Return the same with no bins but those that have pixels, and these bins' numbers."""
        there = np.zeros(self.nbin, bool)
        there[self.bin] = True
        numbers = np.flatnonzero(there)
        local = (np.cumsum(there, dtype=np.int32) - 1)[self.bin]
        return Membership(local, self.pixel, self.solid_angle, np.zeros(numbers.size)), numbers

    def blocks(self, chunks: Sequence[Sequence[int]]) -> Iterator[tuple[tuple[int, int], Find]]:
        """Blocks (row, column) of a plane with pixels of bins, and what finds these there.

        Parameters
        ----------
        chunks : sequence of sequences of int
            Rows and columns of the blocks.
        """
        lines, columns = (slices(sizes) for sizes in chunks)
        across, width = len(chunks[1]), sum(chunks[1])
        of_row, of_column = (
            np.repeat(np.arange(len(sizes), dtype=np.int32), sizes) for sizes in chunks
        )
        row, column = np.divmod(self.pixel, self.pixel.dtype.type(width))
        number = of_row[row] * across + of_column[column]
        if len(chunks[0]) * across < 2**15:
            number = number.astype(np.int16)  # which sorts faster
        order = np.argsort(number, kind="stable")  # so that the bins of a block stay in order
        first = np.flatnonzero(np.diff(number[order], prepend=-1)).tolist()
        for start, stop in pairwise([*first, order.size]):
            pairs = order[start:stop]
            i, j = divmod(int(number[pairs[0]]), across)
            y, x = row[pairs] - lines[i].start, column[pairs] - columns[j].start
            pixel = y * chunks[1][j] + x
            part = Membership(self.bin[pairs], pixel, self.solid_angle[pairs], self.outside)
            yield (i, j), partial(_known, *part.compact())

    def sum(self, values: NDArray[Any]) -> Float:
        """Sum values (..., npair) over the pairs of each bin: (..., nbin)."""
        return self._of_bins(self._of_runs(values))

    def integral(self, values: NDArray[Any]) -> Float:
        """Sum values (..., npair) times solid angle over the pairs of each bin: (..., nbin)."""
        if self._runs.area is not None:
            return self._of_bins(self._of_runs(values) * self._runs.area)
        return self._of_bins(self._of_runs(values, self.solid_angle))

    def _of_runs(self, values: NDArray[Any], weights: Float | None = None) -> Float:
        """Sums of runs (..., nrun) of values (..., npair), times weights (npair,) if there are any.

        Products are made a part at a time, so that they stay in cache.
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


def slices(sizes: Sequence[int]) -> list[slice]:
    """Where chunks of these sizes are, one after the other."""
    return [slice(*ends) for ends in pairwise([0, *np.cumsum(sizes).tolist()])]


def _known(members: Membership, numbers: Int) -> tuple[Membership, Int]:
    return members, numbers


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
    dtype = np.dtype(np.int32 if grid.x.size * grid.y.size < 2**31 else np.int64)
    ix, iy = (positions(have, e).astype(dtype) for have, e in ((grid.x, x), (grid.y, y)))
    flat = iy * dtype.type(grid.x.size) + ix
    return np.asarray(np.where((ix >= 0) & (iy >= 0), flat, dtype.type(-1)))
