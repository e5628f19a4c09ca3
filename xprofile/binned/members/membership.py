"""Which pixels belong to which bin, as pairs of bin and pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .runs import Runs

__all__ = ["FindMembers", "Int", "Membership", "chunk_slices"]

Float = NDArray[np.float64]
Int = NDArray[np.integer[Any]]

# finds the pixels of bins in one block: with bins numbered from 0, and the numbers these bins have
FindMembers: TypeAlias = "Callable[[], tuple[Membership, Int]]"


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
        Solid angle of each pair's pixel in sr, (npair,).
    outside : numpy.ndarray
        Solid angle of each bin beyond the map in sr, on the pixels of the continued grid, (nbin,).
    """

    bin: Int
    pixel: Int
    solid_angle: Float
    outside: Float

    @classmethod
    def from_pairs(cls, blocks: Iterable[tuple[Int, Int, Float]], nbin: int) -> Membership:
        """Make a Membership from bins, pixels and solid angles of pairs, given in blocks.

        A pixel of -1 means that the pair is beyond the map.
        """
        outside, kept = np.zeros(nbin), []
        for bins, pixel, area in blocks:
            beyond = pixel < 0
            if beyond.any():
                outside += np.bincount(bins[beyond], area[beyond], minlength=nbin)
                bins, pixel, area = bins[~beyond], pixel[~beyond], area[~beyond]
            kept.append((bins.astype(np.int32), pixel, area))
        if not kept:
            kept = [(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0))]
        bins, pixel, area = (np.concatenate(column) for column in zip(*kept, strict=True))
        return cls(bins, pixel, area, outside)

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
        order = np.argsort(bins, kind="stable")
        return cls(bins[order], pixel[order], area[order], outside)

    @property
    def nbin(self) -> int:
        """Number of bins."""
        return self.outside.size

    @property
    def overlap(self) -> int:
        """Number of pixels counted in more than one bin; a pixel in three bins counts twice."""
        in_bin = np.zeros(int(self.pixel.max(initial=-1)) + 1, bool)
        in_bin[self.pixel] = True
        return int(self.pixel.size - np.count_nonzero(in_bin))

    def drop_empty_bins(self) -> tuple[Membership, Int]:
        """Keep the bins that have pixels, renumbered from 0; return their old numbers too.

        The solid angle beyond the map is left out.
        """
        has_pixels = np.zeros(self.nbin, bool)
        has_pixels[self.bin] = True
        numbers = np.flatnonzero(has_pixels)
        bins = (np.cumsum(has_pixels, dtype=np.int32) - 1)[self.bin]
        return Membership(bins, self.pixel, self.solid_angle, np.zeros(numbers.size)), numbers

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
            part = Membership(self.bin[pairs], pixel, self.solid_angle[pairs], self.outside)
            yield (i, j), partial(_return_members, *part.drop_empty_bins())

    def sum(self, values: NDArray[Any]) -> Float:
        """Sum values (..., npair) over the pairs of each bin: (..., nbin)."""
        return self._runs.add_to_bins(self._runs.sum(values), self.nbin)

    def integral(self, values: NDArray[Any]) -> Float:
        """Sum values (..., npair) times solid angle over the pairs of each bin: (..., nbin)."""
        if self._runs.solid_angle is not None:
            sums = self._runs.sum(values) * self._runs.solid_angle
        else:
            sums = self._runs.sum(values, self.solid_angle)
        return self._runs.add_to_bins(sums, self.nbin)

    @cached_property
    def _runs(self) -> Runs:
        return Runs.from_pairs(self.bin, self.solid_angle)


def _return_members(members: Membership, numbers: Int) -> tuple[Membership, Int]:
    """Return members that are already known; with `functools.partial`, a `FindMembers`."""
    return members, numbers


def chunk_slices(sizes: Sequence[int]) -> list[slice]:
    """Slices of consecutive chunks of the given sizes."""
    return [slice(*ends) for ends in pairwise([0, *np.cumsum(sizes).tolist()])]
