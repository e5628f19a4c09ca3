"""Shares of cells in bins, from cells of deeper levels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .levels import Pieces

__all__ = ["count_overlaps", "shared_cells"]

AnyInt = NDArray[np.integer[Any]]
Float = NDArray[np.float64]
Int = NDArray[np.int64]


def shared_cells(pieces: Pieces, level: int) -> tuple[AnyInt, Int, Float]:
    """Bins, nested numbers and shares of the cells of a level that bins hold in part.

    Parameters
    ----------
    pieces : Pieces
        Cells of bins. Those of deeper levels count.
    level : int
        Level of the map.
    """
    bins, parent, weight = _deeper(pieces, level)
    order = np.lexsort([bins, parent])
    bins, parent, weight = bins[order], parent[order], weight[order]
    new = np.ones(bins.size, bool)
    new[1:] = (bins[1:] != bins[:-1]) | (parent[1:] != parent[:-1])
    first = np.flatnonzero(new)
    share = np.add.reduceat(weight, first) if first.size else weight
    return bins[first], parent[first], share


def _deeper(pieces: Pieces, level: int) -> tuple[AnyInt, Int, Float]:
    """Bins, numbers of the cells that they are in, and shares of these, of deeper cells."""
    found: list[tuple[AnyInt, Int, Float]] = [(np.empty(0, int), np.empty(0, int), np.empty(0))]
    for depth, bins, cell in pieces.by_level():
        if depth > level:
            weight = np.full(cell.size, 0.25 ** (depth - level))
            found.append((bins, cell >> 2 * (depth - level), weight))
    bins, parent, weight = (np.concatenate(part) for part in zip(*found, strict=True))
    return bins, parent, weight


def count_overlaps(pieces: Pieces, level: int, whole: Int, shared: Int) -> int:
    """Count the cells a part of which is in more than one bin; a part in three bins counts twice.

    Parameters
    ----------
    pieces : Pieces
        Cells of bins, of all levels.
    level : int
        Level of the map.
    whole, shared : numpy.ndarray of int
        Nested numbers of the cells of the map in all pairs of a bin and a cell that is wholly in
        it, and of those of a bin and a cell in part of it.
    """
    cells, place = np.unique(np.concatenate([whole, shared]), return_inverse=True)
    number = np.bincount(place.reshape(-1)[: whole.size], minlength=cells.size)
    most = np.zeros(cells.size, np.int64)
    start, stop = _deeper_runs(pieces, level, np.unique(shared))
    position = np.concatenate([start, stop])
    step = np.repeat([1, -1], [start.size, stop.size])
    order = np.lexsort([step, position])  # at the same position, bins end first
    begins = np.flatnonzero(step[order] > 0)
    owner = np.searchsorted(cells, position[order[begins]] >> 2 * (pieces.level - level))
    np.maximum.at(most, owner, np.cumsum(step[order])[begins])
    return int(np.maximum(most + number - 1, 0).sum())


def _deeper_runs(pieces: Pieces, level: int, cells: Int) -> tuple[Int, Int]:
    """First and last numbers at the deepest level of deeper pieces in some cells, ascending."""
    found = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for depth, _, cell in pieces.by_level():
        if depth > level and cells.size:
            parent = cell >> 2 * (depth - level)
            place = np.minimum(np.searchsorted(cells, parent), cells.size - 1)
            kept = cell[cells[place] == parent]
            shift = 2 * (pieces.level - depth)
            found.append((kept << shift, (kept + 1) << shift))
    start, stop = (np.concatenate(part) for part in zip(*found, strict=True))
    return start, stop
