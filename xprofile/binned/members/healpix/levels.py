"""Search for the cells of bins by levels: coarse cells first, and only those that edges cross."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ....maps.healpix.library import healpix_library
from ....maps.healpix.rings import cell_radius
from .judges import Judge

__all__ = ["Pieces", "cell_centers", "search_levels"]

Float = NDArray[np.float64]
AnyInt = NDArray[np.integer[Any]]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

# Level at which the search starts: 768 cells of 7 deg. Affects speed alone.
_FIRST_LEVEL = 3

_TOGETHER = 1 << 16  # cells that are examined together, so that they stay in cache

# Cells wholly in bins that are held before they are joined to runs; affects memory alone.
_MOST_PIECES = 1 << 18

# Cells beyond a map that edges cross and that are opened, of one level. If there are more, the
# centres of these decide. Ten times larger, bins far beyond the map take seconds; ten times
# smaller, their solid angle beyond the map would be right to 1e-3 instead of 3e-4.
_MOST_BEYOND = 1 << 18

# Probes across the narrowest bin that tell whether edges cross a cell, of bins that do not tell;
# fewest and most levels of probes; beyond the most, all cells near the bins are opened. With a
# tenth of 3, parts of bins between probes are missed; with more, probes take longer than opening.
_PROBES, _PROBE_LEVELS = 3, (3, 5)

# bins, and nested numbers of the cells of one level that are in them
_Found: TypeAlias = tuple[AnyInt, Int]


@dataclass
class Pieces:
    """Cells that are wholly in a bin, of several levels.

    Parameters
    ----------
    level : int
        Level of the map, or of the sub-positions of its cells.
    found : dict
        Bins and nested numbers of cells, by their level.
    size : int
        Number of cells.
    """

    level: int
    found: dict[int, list[_Found]] = field(default_factory=dict)
    size: int = 0

    def add(self, level: int, bins: AnyInt, cell: Int) -> None:
        """Add cells by their bins, with -1 for none."""
        kept = np.flatnonzero(bins >= 0)
        if kept.size:
            self.found.setdefault(level, []).append((bins[kept].astype(np.int32), cell[kept]))
            self.size += kept.size

    def by_level(self) -> Iterator[tuple[int, AnyInt, Int]]:
        """Yield each level, and the bins and nested numbers of its cells."""
        for level, parts in self.found.items():
            bins, cell = (np.concatenate(part) for part in zip(*parts, strict=True))
            yield level, bins, cell

    def number(self, nbin: int) -> Float:
        """Number of cells of the map's level in each bin, (nbin,)."""
        total = np.zeros(nbin)
        for level, bins, _ in self.by_level():
            total += np.bincount(bins, minlength=nbin) * 4.0 ** (self.level - level)
        return total


def search_levels(
    judge: Judge, level: int, deepest: int, touches: Callable[[Int, int], Bool] | None
) -> Iterator[tuple[bool, Pieces]]:
    """Find the cells of bins.

    Parameters
    ----------
    judge : Judge
        The bins.
    level : int
        Level of the map. Down to it, all cells that may be in a bin are opened.
    deepest : int
        Level whose centres decide: that of the map, or of the sub-positions of its cells.
    touches : callable or None
        Tells which cells, by nested numbers and their level, have a part on the map; None for a
        map of the whole sky.

    Yields
    ------
    on_map : bool
        Whether the cells have a part on the map. The last ones have none.
    pieces : Pieces
        Cells of bins, each in one of the pieces. There are few pieces with a part on the map, or a
        single one if there are sub-positions.
    """
    on_map, beyond = Pieces(deepest), Pieces(deepest)
    waiting: dict[int, list[_Found]] = {}
    first = min(level, _FIRST_LEVEL)
    cells = np.arange(12 * 4**first)
    pairs, index = judge.start(cell_centers(cells, first), cell_radius(first))
    stack = [(first, *part) for part in _batches(pairs, cells[index])]
    while stack:
        at, asked, cell = stack.pop()
        if touches is not None:
            here = touches(cell, at)
            if not here.all():
                waiting.setdefault(at, []).append((asked[~here], cell[~here]))
                asked, cell = asked[here], cell[here]
        asked, cell = _examine(judge, (level, deepest), at, asked, cell, on_map)
        stack += [(at + 1, *part) for part in _batches(asked, cell)]
        if on_map.size > _MOST_PIECES and level == deepest:
            yield True, on_map
            on_map = Pieces(deepest)
    yield True, on_map
    open_cells: list[_Found] = []
    for at in range(first, deepest + 1):
        open_cells += waiting.get(at, [])
        batches = [part for found in open_cells for part in _batches(*found)]
        too_many = sum(asked.size for asked, _ in batches) > _MOST_BEYOND
        ends = (at, at) if too_many else (level, deepest)
        left = [_examine(judge, ends, at, *batch, beyond) for batch in batches]
        open_cells = [(asked, cell) for asked, cell in left if asked.size]
    yield False, beyond


def _examine(
    judge: Judge, levels: tuple[int, int], at: int, asked: AnyInt, cell: Int, pieces: Pieces
) -> tuple[AnyInt, Int]:
    """Keep cells that are wholly in bins, and return the parts of those that edges cross."""
    centers = cell_centers(cell, at)
    if at == levels[1]:
        pieces.add(at, judge.decide(asked, centers), cell)
        return asked[:0], cell[:0]
    bins, crossed = judge.compare(asked, centers, cell_radius(at))
    if at >= levels[0] and np.isfinite(judge.width(asked)).any():  # sub-positions
        crossed &= _may_have_edges(judge, at, asked, cell)
        bins = judge.decide(asked, centers)
    pieces.add(at, np.where(crossed, -1, bins), cell)
    opened = np.flatnonzero(crossed)
    parts = 4 * cell[opened][:, None] + np.arange(4)
    return np.repeat(asked[opened], 4), parts.ravel()


def _may_have_edges(judge: Judge, at: int, asked: AnyInt, cell: Int) -> Bool:
    """Whether cells may hold edges, of bins that do not tell: probes are in different bins."""
    width = judge.width(asked)
    found = np.ones(asked.size, bool)
    known = np.isfinite(width)
    if not known.any():
        return found
    depth = int(np.ceil(np.log2(2 * _PROBES * cell_radius(at) / width[known].min())))
    depth = max(depth, _PROBE_LEVELS[0])
    if depth > _PROBE_LEVELS[1]:
        return found
    # up to the border of the cells, so that edges next to it are seen
    dx, dy = np.meshgrid(*[np.linspace(0, 1, 2**depth + 1)] * 2)
    step = max(_TOGETHER // dx.size, 1)
    for some in np.split(np.flatnonzero(known), range(step, int(known.sum()), step)):
        offsets = (np.broadcast_to(d.ravel(), (some.size, dx.size)).ravel() for d in (dx, dy))
        probes = cell_centers(np.repeat(cell[some], dx.size), at, *offsets)
        bins = judge.decide(np.repeat(asked[some], dx.size), probes).reshape(some.size, -1)
        found[some] = (bins != bins[:, :1]).any(axis=1)
    return found


def _batches(asked: AnyInt, cell: Int) -> Iterator[_Found]:
    """Cut pairs into batches."""
    for start in range(0, asked.size, _TOGETHER):
        part = slice(start, start + _TOGETHER)
        yield asked[part], cell[part]


def cell_centers(
    nested: Int, level: int, dx: Float | float = 0.5, dy: Float | float = 0.5
) -> Float:
    """Unit vectors (3, n) of the centres of cells by nested numbers, or of other places inside."""
    core = healpix_library().core
    return np.stack(core.healpix_to_xyz(nested, 2**level, dx, dy, order="nested"))
