"""Cells of bins in the order of a map, as runs of cells that follow each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....bins.shapes.shape import OverlappingMembers
from ....bins.skybins import SkyBins
from ....maps.healpix.cell_runs import expand_runs
from ....maps.healpix.grid import HealpixGrid
from ....maps.healpix.rings import Rings
from ..membership import FindMembers, Membership
from ..membership import Int as AnyInt
from ..runs import Runs as PairRuns
from .arithmetic import runs_by_arithmetic
from .judges import make_judge
from .levels import Pieces, search_levels
from .runs import Runs, join_runs
from .subcells import count_overlaps, shared_cells

__all__ = ["CellSearch"]

Float = NDArray[np.float64]
Int = NDArray[np.int64]


# Runs that are held before they are joined with those found before; affects memory alone.
_MOST_RUNS = 1 << 22

# Part of the sky, 1 in this number, on maps below which cells are looked up one by one in maps by
# the ring scheme, in which parts of rings would be more than the cells. Affects speed alone.
_FEW = 64


@dataclass(frozen=True, eq=False)
class CellSearch:
    """The cells of bins, in runs along a map.

    Parameters
    ----------
    bin : numpy.ndarray of int
        Bin of each run, (nrun,).
    start, stop : numpy.ndarray of int
        Flat index of the first cell of each run, and the one after its last, (nrun,).
    outside : numpy.ndarray
        Solid angle of each bin beyond the map in sr, on cells of the same level, (nbin,).
    cell_solid_angle : float
        Solid angle of a cell in sr.
    may_overlap : bool
        Whether a cell can be in several bins.
    share : numpy.ndarray or None
        Share of each run's cells in the bin, (nrun,); None if all cells count fully.
    shared_overlap : int
        Number of cells a part of which is in more than one bin, if there are shares.
    """

    bin: AnyInt
    start: AnyInt
    stop: AnyInt
    outside: Float
    cell_solid_angle: float
    may_overlap: bool
    share: Float | None = None
    shared_overlap: int = 0

    @classmethod
    def from_bins(cls, bins: SkyBins, grid: HealpixGrid, number: int = 1) -> CellSearch:
        """Find the cells of bins, or with `number` x `number` sub-positions the shares of cells."""
        nbin, area = len(bins), grid.cell_solid_angle
        may_overlap = isinstance(bins.shape, OverlappingMembers)
        share, overlap = None, 0
        runs = runs_by_arithmetic(bins, grid) if number == 1 else None
        if runs is not None:
            total = np.bincount(runs[0], runs[2] - runs[1], nbin).astype(np.float64)
            found = _places(runs, grid, by_bin=may_overlap)
        else:
            found, total, pieces = _search(bins, grid, number)
            if number > 1:
                found, share, overlap = _with_shares(found, pieces, grid, may_overlap=may_overlap)
        cells = (found[2] - found[1]) * (1 if share is None else share)
        outside = np.asarray(total - np.bincount(found[0], cells, nbin), np.float64) * area
        return cls(*found, outside, area, may_overlap, share, overlap)

    @property
    def nbin(self) -> int:
        """Number of bins."""
        return self.outside.size

    @property
    def overlap(self) -> int:
        """Number of cells counted in more than one bin; a cell in three bins counts twice."""
        if self.share is not None or not self.may_overlap or not self.bin.size:
            return self.shared_overlap
        order = np.argsort(self.start, kind="stable")
        start, stop = self.start[order], self.stop[order]
        covered = np.maximum.accumulate(stop)
        before = np.append(start[0], covered[:-1])
        return int(np.sum(stop - start) - np.sum(np.maximum(stop - np.maximum(start, before), 0)))

    def members(self) -> Membership:
        """Return the cells of all bins."""
        runs = self.bin, self.start, self.stop, self.share
        found = _members(*runs, self.cell_solid_angle, self.outside)
        known = not self.may_overlap and self.share is None
        return replace(found, single=known, shared_overlap=self.shared_overlap)

    def blocks(
        self, chunks: Sequence[Sequence[int]]
    ) -> Iterator[tuple[tuple[int, int], FindMembers]]:
        """Yield the position (0, column) of each block with cells of bins, and its members.

        Parameters
        ----------
        chunks : sequence of sequences of int
            Numbers of rows, which is 1, and of cells of the blocks.
        """
        ends = np.cumsum(chunks[1])
        begins = ends - np.asarray(chunks[1])
        order = slice(None) if _ascend(self.start) else np.argsort(self.start, kind="stable")
        bins, start, stop = self.bin[order], self.start[order], self.stop[order]
        share = None if self.share is None else self.share[order]
        # runs that begin before a block may reach into it
        first = np.searchsorted(np.maximum.accumulate(stop), begins, "right")
        last = np.searchsorted(start, ends)
        for j, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
            part = slice(first[j], last[j])
            if np.any(stop[part] > begin) and end > begin:
                of_runs = None if share is None else share[part]
                runs = bins[part], start[part], stop[part], of_runs
                yield (0, j), partial(_block_members, *runs, (begin, end), self.cell_solid_angle)


def _ascend(numbers: AnyInt) -> bool:
    return bool(np.all(numbers[1:] >= numbers[:-1]))


def _block_members(
    bins: AnyInt,
    start: AnyInt,
    stop: AnyInt,
    share: Float | None,
    block: tuple[int, int],
    area: float,
) -> tuple[Membership, AnyInt]:
    """Return the cells of bins in a block of a map, and the numbers of these bins."""
    inside = np.flatnonzero(stop > block[0])
    numbers, place = np.unique(bins[inside], return_inverse=True)
    start = np.maximum(start[inside], block[0]) - block[0]
    stop = np.minimum(stop[inside], block[1]) - block[0]
    share = None if share is None else share[inside]
    return _members(place.reshape(-1), start, stop, share, area, np.zeros(numbers.size)), numbers


def _members(
    bins: AnyInt, start: AnyInt, stop: AnyInt, share: Float | None, area: float, outside: Float
) -> Membership:
    """Return the cells of runs one by one."""
    length = stop - start
    pixel = expand_runs(start, length)
    number = np.repeat(bins.astype(np.int32), length)
    if share is None:
        first = np.cumsum(length) - length
        runs = PairRuns(first, bins.astype(np.intp), np.full(bins.size, area), pixel.size)
        areas = np.broadcast_to(area, pixel.size)
        return Membership(number, pixel, areas, outside, known_runs=runs)
    shares = np.repeat(share, length)
    return Membership(number, pixel, area * shares, outside, shares)


def _search(bins: SkyBins, grid: HealpixGrid, number: int) -> tuple[Runs, Float, Pieces]:
    """Search by levels: runs of whole cells, the number of all cells on the sky, and cells found.

    The cells found are those that have a part on the map, if there are sub-positions.
    """
    deepest = grid.level + number.bit_length() - 1
    touches = None if grid.whole_sky else grid.touches
    place_type: type[np.integer[Any]] = np.int32 if grid.cells.size < 2**31 else np.int64
    total, last = np.zeros(len(bins)), Pieces(deepest)
    found: list[Runs] = []
    for on_map, pieces in search_levels(make_judge(bins, grid), grid.level, deepest, touches):
        total += pieces.number(len(bins))
        if on_map:
            last = pieces
            numbers, start, stop = _places_of(pieces, grid)
            places = start.astype(place_type), stop.astype(place_type)
            found.append((numbers.astype(np.int32), *places))
            if sum(runs[0].size for runs in found[1:]) > _MOST_RUNS:
                found = [_joined(found, by_bin=False)]
    by_bin = isinstance(bins.shape, OverlappingMembers)
    return _joined(found, by_bin=by_bin), total / number**2, last


def _joined(found: Sequence[Runs], *, by_bin: bool) -> Runs:
    """Join runs of several parts."""
    bins, start, stop = (np.concatenate(part) for part in zip(*found, strict=True))
    return join_runs(bins, start, stop, by_bin=by_bin)


def _places(runs: Runs, grid: HealpixGrid, *, by_bin: bool) -> Runs:
    """Bins, and first and last places along a map, of runs of numbers of cells."""
    if grid.whole_sky and grid.cells.first.size == 1 and not by_bin:
        return join_runs(*runs, by_bin=False)
    row, place, length = grid.cells.find_runs(runs[1], runs[2])
    return join_runs(runs[0][row], place, place + length, by_bin=by_bin)


def _with_shares(
    whole: Runs, pieces: Pieces, grid: HealpixGrid, *, may_overlap: bool
) -> tuple[Runs, Float, int]:
    """Add cells that are in bins in part; also give shares, and the number of shared overlaps."""
    bins, nested, share = shared_cells(pieces, grid.level)
    place = grid.find_nested(nested)
    kept = place >= 0
    bins, nested, place, share = bins[kept], nested[kept], place[kept], share[kept]
    number, start, stop = (
        np.concatenate(pair) for pair in zip(whole, (bins, place, place + 1), strict=True)
    )
    shares = np.append(np.ones(whole[0].size), share)
    order = np.lexsort([start, number] if may_overlap else [number, start])
    overlap = 0
    if may_overlap:
        cells = grid.nested_of(grid.numbers(expand_runs(whole[1], whole[2] - whole[1])))
        overlap = count_overlaps(pieces, grid.level, cells, nested)
    return (number[order], start[order], stop[order]), shares[order], overlap


def _places_of(pieces: Pieces, grid: HealpixGrid) -> Runs:
    """Bins, and first and last places along a map, of runs of whole cells."""
    none: Runs = (np.empty(0, np.int64),) * 3
    by_rings = grid.indexing_scheme == "ring" and grid.cells.size * _FEW >= 12 * 4**grid.level
    rings, found = Rings(grid.level), [none]
    for level, bins, cell in pieces.by_level():
        if level > grid.level:
            continue
        if by_rings:
            index, start, length = rings.cut_cells(cell, level)
            found.append((bins[index], start, start + length))
        else:
            depth = 2 * (grid.level - level)
            found.append((bins, cell << depth, (cell + 1) << depth))
    runs = _joined(found, by_bin=False)
    if by_rings or grid.indexing_scheme == "nested":
        return _places(runs, grid, by_bin=False)
    row, place = grid.find_nested_ranges(*runs[1:])
    return join_runs(runs[0][row], place, place + 1, by_bin=False)
