"""Which pixels belong to which bin, as pairs of bin and pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .runs import Runs

__all__ = ["FindMembers", "Int", "Membership", "Pairs", "chunk_slices"]

Float = NDArray[np.float64]
Int = NDArray[np.integer[Any]]

# Rounding of the sum of a pixel's shares: 1e-12 for thousands of them. Ten times larger or smaller,
# overlaps are the same, as shares are multiples of 1 / n^2.
_ROUNDING = 1e-9

# finds the pixels of bins in one block: with bins numbered from 0, and the numbers these bins have
FindMembers: TypeAlias = "Callable[[], tuple[Membership, Int]]"


class Pairs(NamedTuple):
    """Some pairs of a bin and a pixel in it; see Membership. A pixel of -1 is beyond the map."""

    bin: Int
    pixel: Int
    solid_angle: Float
    share: Float | None = None
    overlaps: Int | None = None

    def take(self, kept: NDArray[np.bool_]) -> Pairs:
        """Keep some of the pairs."""
        share = None if self.share is None else self.share[kept]
        overlaps = None if self.overlaps is None else self.overlaps[kept]
        return Pairs(self.bin[kept], self.pixel[kept], self.solid_angle[kept], share, overlaps)


@dataclass(frozen=True, eq=False)
class Membership:
    """Pairs of bin and pixel, and the solid angle of each bin beyond the map.

    The pairs may be in any order. Sums are faster if it is close to the order of the pixels in
    memory, and if many consecutive pairs have the same bin.

    Parameters
    ----------
    bin, pixel : numpy.ndarray of int
        Number of the bin, and flat index of the pixel in the (lat, lon) plane, (npair,).
    solid_angle : numpy.ndarray
        Solid angle of each pair's pixel in sr, or of the share of it, (npair,).
    outside : numpy.ndarray
        Solid angle of each bin beyond the map in sr, on the pixels of the continued grid, (nbin,).
    share : numpy.ndarray or None
        Share of each pair's pixel in the bin, (npair,); None if all pixels count fully.
    shared_overlap : int
        Number of pixels a part of which is in more than one bin, if there are shares.
    single : bool
        Whether it is known that no pixel is in more than one bin.
    known_runs : Runs or None
        The runs of pairs with the same bin; None to find them.
    """

    bin: Int
    pixel: Int
    solid_angle: Float
    outside: Float
    share: Float | None = None
    shared_overlap: int = 0
    single: bool = False
    known_runs: Runs | None = None

    @classmethod
    def from_pairs(cls, blocks: Iterable[Pairs], nbin: int) -> Membership:
        """Make a Membership from pairs, given in blocks, all with shares or all without."""
        outside, kept, shares, overlap = np.zeros(nbin), [], [], 0
        for bins, pixel, area, share, overlaps in blocks:
            beyond = pixel < 0
            overlap += 0 if overlaps is None else int(overlaps[~beyond].sum())
            if beyond.any():
                outside += np.bincount(bins[beyond], area[beyond], minlength=nbin)
                bins, pixel, area = bins[~beyond], pixel[~beyond], area[~beyond]
                share = None if share is None else share[~beyond]
            shares += [] if share is None else [share]
            kept.append((bins.astype(np.int32), pixel, area))
        if not kept:
            kept = [(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0))]
        bins, pixel, area = (np.concatenate(column) for column in zip(*kept, strict=True))
        share = np.concatenate(shares) if shares else None
        return cls(bins, pixel, area, outside, share, overlap)

    @classmethod
    def from_parts(cls, parts: Sequence[tuple[Int, Membership]], nbin: int) -> Membership:
        """Join the memberships of different bins, each with the numbers of its bins in the result.

        Pairs are sorted by bin.
        """
        outside = np.zeros(nbin)
        for numbers, part in parts:
            outside[numbers] = part.outside
        bins = np.concatenate([numbers[part.bin] for numbers, part in parts])
        pixel = np.concatenate([part.pixel for _, part in parts])
        area = np.concatenate([part.solid_angle for _, part in parts])
        shares = [part.share for _, part in parts if part.share is not None]
        order = np.argsort(bins, kind="stable")
        if not shares:
            return cls(bins[order], pixel[order], area[order], outside)
        share = np.concatenate(shares)
        excess = np.ceil(np.bincount(pixel, share) - _ROUNDING) - 1
        overlap = int(np.maximum(excess, 0).sum())
        return cls(bins[order], pixel[order], area[order], outside, share[order], overlap)

    @property
    def nbin(self) -> int:
        """Number of bins."""
        return self.outside.size

    @property
    def overlap(self) -> int:
        """Number of pixels counted in more than one bin; a pixel in three bins counts twice."""
        if self.share is not None:
            return self.shared_overlap
        if self.single:
            return 0
        in_bin = np.zeros(int(self.pixel.max(initial=-1)) + 1, bool)
        in_bin[self.pixel] = True
        return int(self.pixel.size - np.count_nonzero(in_bin))

    def number_of_pixels(self) -> NDArray[np.int64]:
        """Count the pixels of each bin that are on the map, (nbin,)."""
        return np.bincount(self._runs.bin, self._runs.length, self.nbin).astype(np.int64)

    def drop_empty_bins(self) -> tuple[Membership, Int]:
        """Keep the bins that have pixels, renumbered from 0; return their old numbers too.

        The solid angle beyond the map is left out.
        """
        has_pixels = np.zeros(self.nbin, bool)
        has_pixels[self.bin] = True
        numbers = np.flatnonzero(has_pixels)
        bins = (np.cumsum(has_pixels, dtype=np.int32) - 1)[self.bin]
        outside = np.zeros(numbers.size)
        return Membership(bins, self.pixel, self.solid_angle, outside, self.share), numbers

    def blocks(
        self, chunks: Sequence[Sequence[int]]
    ) -> Iterator[tuple[tuple[int, int], FindMembers]]:
        """Yield the position (row, column) of each block with pixels of bins, and its members.

        Parameters
        ----------
        chunks : sequence of sequences of int
            Numbers of rows and of columns of the blocks.
        """
        rows, columns = (chunk_slices(sizes) for sizes in chunks)
        across, width = len(chunks[1]), sum(chunks[1])
        block_row, block_column = (
            np.repeat(np.arange(len(sizes), dtype=np.int32), sizes) for sizes in chunks
        )
        row, column = np.divmod(self.pixel, self.pixel.dtype.type(width))
        block = block_row[row] * across + block_column[column]
        if len(chunks[0]) * across < 2**15:
            block = block.astype(np.int16)  # sorts faster
        order = np.argsort(block, kind="stable")  # keeps the order of bins within each block
        first = np.flatnonzero(np.diff(block[order], prepend=-1)).tolist()
        for start, stop in pairwise([*first, order.size]):
            pairs = order[start:stop]
            i, j = divmod(int(block[pairs[0]]), across)
            y, x = row[pairs] - rows[i].start, column[pairs] - columns[j].start
            pixel = y * chunks[1][j] + x
            share = None if self.share is None else self.share[pairs]
            area = self.solid_angle[pairs]
            part = Membership(self.bin[pairs], pixel, area, self.outside, share)
            yield (i, j), partial(_return_members, *part.drop_empty_bins())

    def sum(self, values: NDArray[Any]) -> Float:
        """Sum values (..., npair), times shares, over the pairs of each bin: (..., nbin)."""
        return self._runs.add_to_bins(self._runs.sum(values, self.share), self.nbin)

    def area(self, used: NDArray[np.bool_] | None = None) -> Float:
        """Solid angle in sr of the pixels of each bin, or of the used ones (npair,): (nbin,)."""
        if used is None:
            return self._area.copy()
        return self._runs.add_to_bins(self._runs.sum(self.solid_angle * used), self.nbin)

    def integral(self, values: NDArray[Any]) -> Float:
        """Sum values (..., npair) times solid angle over the pairs of each bin: (..., nbin)."""
        if self._runs.solid_angle is not None:
            sums = self._runs.sum(values) * self._runs.solid_angle
        else:
            sums = self._runs.sum(values, self.solid_angle)
        return self._runs.add_to_bins(sums, self.nbin)

    def sum_and_integral(self, values: NDArray[Any]) -> tuple[Float, Float]:
        """Return `sum` and `integral` of values (..., npair), which are summed once if they can."""
        area = self._runs.solid_angle
        if area is None or self.share is not None:
            return self.sum(values), self.integral(values)
        sums = self._runs.sum(values)
        plain, weighted = (self._runs.add_to_bins(s, self.nbin) for s in (sums, sums * area))
        return plain, weighted

    @cached_property
    def _area(self) -> Float:
        return self._runs.add_to_bins(self._runs.sum(self.solid_angle), self.nbin)

    @cached_property
    def _runs(self) -> Runs:
        if self.known_runs is not None:
            return self.known_runs
        return Runs.from_pairs(self.bin, self.solid_angle)


def _return_members(members: Membership, numbers: Int) -> tuple[Membership, Int]:
    """Return members that are already known; with `functools.partial`, a `FindMembers`."""
    return members, numbers


def chunk_slices(sizes: Sequence[int]) -> list[slice]:
    """Slices of consecutive chunks of the given sizes."""
    return [slice(*ends) for ends in pairwise([0, *np.cumsum(sizes).tolist()])]
