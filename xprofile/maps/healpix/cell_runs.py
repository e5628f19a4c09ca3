"""Numbers of the cells of a map, as runs of consecutive numbers.

A map of the whole sky in order is one run, so its numbers take no memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CellRuns", "expand_runs"]

AnyInt = NDArray[np.integer[Any]]
Int = NDArray[np.int64]

# Numbers that are compared together, so that they stay in cache; affects speed alone.
_BLOCK_SIZE = 1 << 18

# Largest range of numbers, in numbers of the map, for which places are looked up in a table
# instead of by bisection. Affects memory and speed alone.
_TABLE = 4


@dataclass(frozen=True, eq=False)
class CellRuns:
    """The numbers of some cells, in the order in which a map holds them.

    Parameters
    ----------
    first : numpy.ndarray of int
        Number of the first cell of each run, (nrun,).
    start : numpy.ndarray of int
        Place along the map of the first cell of each run, and the number of cells, (nrun + 1,).
    """

    first: Int
    start: Int

    @classmethod
    def from_ids(cls, ids: Any) -> CellRuns:
        """Find the runs in numbers (ncell,) of numpy, or of dask, which is read block by block."""
        if not hasattr(ids, "dask"):
            return _find_runs(np.asarray(ids))
        from dask.base import compute
        from dask.delayed import delayed

        find = delayed(_find_runs, pure=False)
        parts = compute(*(find(block) for block in ids.to_delayed()))  # type: ignore[no-untyped-call]
        ends = np.cumsum([0, *(part.size for part in parts)])
        starts = [part.start[:-1] + end for part, end in zip(parts, ends, strict=False)]
        return _joined(np.concatenate([part.first for part in parts]), np.concatenate(starts), ends)

    @classmethod
    def consecutive(cls, first: int, size: int) -> CellRuns:
        """Make a single run."""
        return cls(np.array([first]), np.array([0, size]))

    @property
    def size(self) -> int:
        """Number of cells."""
        return int(self.start[-1])

    @property
    def length(self) -> Int:
        """Number of cells of each run, (nrun,)."""
        return np.diff(self.start)

    @cached_property
    def ends(self) -> tuple[int, int]:
        """Lowest and highest number."""
        return int(self.first.min()), int((self.first + self.length).max()) - 1

    @cached_property
    def _by_number(self) -> tuple[Int, Int, Int]:
        """First number, number of cells, and first place of the runs by ascending number."""
        if np.all(self.first[1:] > self.first[:-1]):
            return self.first, self.length, self.start[:-1]
        order = np.argsort(self.first, kind="stable")
        return self.first[order], self.length[order], self.start[order]

    @property
    def repeat(self) -> bool:
        """Whether a number comes twice."""
        first, length, _ = self._by_number
        return bool(np.any(first[1:] < first[:-1] + length[:-1]))

    def numbers(self, place: AnyInt) -> Int:
        """Numbers of the cells at places along the map, of any shape."""
        place = np.asarray(place, np.int64)
        if self.first.size == 1:
            return np.asarray(place + self.first[0])
        if self.first.size == self.size:
            return np.asarray(self.first[place])
        run = np.searchsorted(self.start, place, "right") - 1
        return np.asarray(self.first[run] + (place - self.start[run]))

    def all_numbers(self) -> Int:
        """Numbers of all cells, (ncell,)."""
        if self.first.size == self.size:
            return self.first
        return expand_runs(self.first, self.length)

    def find(self, numbers: AnyInt) -> Int:
        """Places along the map of cells by their numbers, of any shape; -1 off the map."""
        numbers = np.asarray(numbers, np.int64)
        low, high = self.ends
        inside = (numbers >= low) & (numbers <= high)
        if self.first.size == 1:
            return np.where(inside, numbers - low, -1)
        if self._table is not None:
            return np.where(inside, self._table[np.where(inside, numbers - low, 0)], -1)
        first, length, place = self._by_number
        run = np.maximum(np.searchsorted(first, numbers, "right") - 1, 0)
        offset = numbers - first[run]
        return np.where(inside & (offset < length[run]), place[run] + offset, -1)

    @cached_property
    def _table(self) -> Int | None:
        """Place of each number from the lowest to the highest, -1 off the map; None if too long."""
        low, high = self.ends
        if high - low >= _TABLE * self.size:
            return None
        table = np.full(high - low + 1, -1)
        table[self.all_numbers() - low] = np.arange(self.size)
        return table

    def find_runs(self, start: AnyInt, stop: AnyInt) -> tuple[Int, Int, Int]:
        """Find the parts of ranges of numbers that are on the map.

        Parameters
        ----------
        start, stop : numpy.ndarray of int
            First number of each range, and the one after its last, (n,).

        Returns
        -------
        row, place, length : numpy.ndarray of int
            Index of the range, first place along the map, and number of cells, of each part.
        """
        first, length, place = self._by_number
        if first.size == 1 and start.size:
            low, high = np.clip([start, stop], first[0], first[0] + length[0]).astype(np.int64)
            row = np.flatnonzero(high > low)
            low, high = low[row] + (place[0] - first[0]), high[row] + (place[0] - first[0])
            return row, low, high - low
        begin = np.searchsorted(first + length, start, "right")
        count = np.maximum(np.searchsorted(first, stop) - begin, 0)
        row = np.repeat(np.arange(start.size), count)
        run = expand_runs(begin, count)
        inner: Int = np.maximum(start[row], first[run])
        outer: Int = np.minimum(stop[row], first[run] + length[run])
        at: Int = place[run] + inner - first[run]
        return row, at, outer - inner

    def cut(self, start: int, stop: int) -> CellRuns:
        """Keep the cells from one place along the map to another, with places from 0."""
        begin = int(np.searchsorted(self.start, start, "right")) - 1
        end = int(np.searchsorted(self.start, stop))
        first, places = self.first[begin:end].copy(), self.start[begin : end + 1] - start
        first[0] += -places[0]
        places[0], places[-1] = 0, stop - start
        return CellRuns(first, places)


def expand_runs(start: AnyInt, length: AnyInt) -> Int:
    """Numbers of all cells in runs of consecutive numbers, one run after the other."""
    kept = length > 0
    if not kept.all():
        start, length = start[kept], length[kept]
    if not start.size:
        return np.empty(0, np.int64)
    if np.array_equal(start[1:], start[:-1] + length[:-1]):
        return np.arange(int(start[0]), int(start[-1] + length[-1]))
    ends = np.cumsum(length)
    steps = np.ones(ends[-1], np.int64)
    steps[0], steps[ends[:-1]] = start[0], start[1:] - (start[:-1] + length[:-1] - 1)
    return np.cumsum(steps, out=steps)


def _find_runs(ids: NDArray[Any]) -> CellRuns:
    """Find the runs in numbers (ncell,)."""
    steps = [np.zeros(1, np.int64)]
    for begin in range(0, ids.size - 1, _BLOCK_SIZE):
        part = ids[begin : begin + _BLOCK_SIZE + 1].astype(np.int64, copy=False)
        steps.append(np.flatnonzero(part[1:] != part[:-1] + 1) + begin + 1)
    place = np.concatenate(steps) if ids.size else np.empty(0, np.int64)
    return CellRuns(ids[place].astype(np.int64), np.append(place, ids.size))


def _joined(first: Int, start: Int, ends: Int) -> CellRuns:
    """Join runs that go on in the next block."""
    length = np.diff(start, append=ends[-1])
    kept = np.ones(first.size, bool)
    kept[1:] = first[1:] != first[:-1] + length[:-1]
    return CellRuns(first[kept], np.append(start[kept], ends[-1]))
