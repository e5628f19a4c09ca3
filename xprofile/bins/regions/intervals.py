"""Intervals of a coordinate, some of which overlap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Intervals"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Intervals:
    """Half-open intervals, as pieces between which the intervals that hold a value change.

    Parameters
    ----------
    edges : numpy.ndarray
        Ascending edges of the pieces, (m,).
    first, stop : numpy.ndarray of int
        Slice of `members` with the intervals that hold each piece, (m + 1,) each; the first and
        the last piece are outside all edges.
    members : numpy.ndarray of int
        Numbers of intervals, piece by piece.
    """

    edges: Float
    first: Int
    stop: Int
    members: Int

    @classmethod
    def from_ends(cls, numbers: Int, lower: Float, upper: Float) -> Intervals:
        """Make them from the number and the ends (n,) of each interval."""
        edges = np.unique(np.concatenate([lower, upper]))
        start, stop = np.searchsorted(edges, lower), np.searchsorted(edges, upper)
        count = stop - start
        piece = np.repeat(start - np.cumsum(count) + count, count) + np.arange(count.sum())
        order = np.argsort(piece, kind="stable")
        piece, every = piece[order] + 1, np.arange(edges.size + 1)
        first, last = np.searchsorted(piece, every), np.searchsorted(piece, every, "right")
        return cls(edges, first, last, np.repeat(numbers, count)[order])

    def pairs(self, values: Float) -> tuple[Int, Int]:
        """Numbers of the intervals, and indices of the values (n,), of all pairs; none for NaN."""
        piece = np.searchsorted(self.edges, values, "right")  # of NaN, the last one
        if self._only is not None:
            found = self._only[piece]
            index = np.flatnonzero(found >= 0)
            return found[index], index
        count = self.stop[piece] - self.first[piece]
        index = np.repeat(np.arange(values.size), count)
        offset = np.arange(index.size) - np.repeat(np.cumsum(count) - count, count)
        return self.members[self.first[piece[index]] + offset], index

    @cached_property
    def _only(self) -> Int | None:
        """The interval that holds each piece, -1 for none; None if a piece has several."""
        count = self.stop - self.first
        if count.max(initial=0) > 1:
            return None
        only = np.full(count.size, -1)
        only[count > 0] = self.members[self.first[count > 0]]
        return only
