"""Pairs of a region and a direction in it, in a block of directions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cells import Cells
from .containing import half_open, in_rectangle, scaled_distance, separation
from .leaves import CIRCLE, ELLIPSE, OTHER, POLYGON, RECTANGLE, Leaves
from .rows import Row, find_rows

__all__ = ["PairFinder"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]
Bool = NDArray[np.bool_]

_BATCH = 1 << 11  # cells that are examined together, so that they stay in cache
_POLYGON_RUN = 8  # cells that are compared with polygons together; affects speed alone
_SMALL = 0.5  # rad; cells of pixels are smaller, unless they are at the seam of a map
_RUN = 32  # cells that are compared with regions together; affects speed alone
_COSINE_ROUNDING = 1e-15

# Pairs of region and cell that are compared together: few enough that numpy starts no threads,
# which take several times as long where all processors are busy. Affects speed alone.
_COMPARISONS = 1 << 16


@dataclass(frozen=True, eq=False)
class PairFinder:
    """Finds the pairs of a region, that is not a compound, and a direction in it.

    Parameters
    ----------
    leaves : Leaves
        The regions.
    tolerance : numpy.ndarray
        Distance in rad by which edges along the width and the height are lowered, (n, 2).
    rows : list of Row
        Regions that are examined together.
    single : numpy.ndarray of int
        Numbers of the others.
    """

    leaves: Leaves
    tolerance: Float
    rows: list[Row]
    single: Int

    @classmethod
    def from_leaves(cls, leaves: Leaves, tolerance: Float) -> PairFinder:
        """Prepare the search."""
        rows = find_rows(leaves, tolerance)
        alone = np.ones(leaves.kind.size, bool)
        for row in rows:
            alone[row.leaf] = False
        return cls(leaves, tolerance, rows, np.flatnonzero(alone))

    def find(self, vectors: Float) -> tuple[Int, Int]:
        """Regions, and flat indices of unit vectors (3, ny, nx), of all pairs."""
        if len(self.rows) == 1 and not self.single.size:
            row = self.rows[0]
            return row.find(vectors.reshape(3, -1), self.tolerance[row.leaf[0], 1])
        cells = Cells.from_block(vectors)
        found = [self._in_row(row, cells) for row in self.rows]
        found += list(self._in_singles(cells)) if self.single.size else []
        if not found:
            return np.empty(0, int), np.empty(0, int)
        regions, index = (np.concatenate(part) for part in zip(*found, strict=True))
        return regions, index

    def _in_row(self, row: Row, cells: Cells) -> tuple[Int, Int]:
        """Pairs of the regions of a row."""
        local = cells.center @ row.basis.T
        near = np.flatnonzero(_may_meet(row.kind, local, row.half[None], cells.radius))
        vectors = cells.vectors[near].transpose(1, 0, 2).reshape(3, -1)
        regions, index = row.find(vectors, self.tolerance[row.leaf[0], 1])
        return regions, cells.index[near].ravel()[index]

    def _in_singles(self, cells: Cells) -> Iterator[tuple[Int, Int]]:
        """Pairs of the regions that are examined one by one, in batches of one kind."""
        region, cell = self._near(cells)
        for kind in np.unique(self.leaves.kind[self.single]).tolist():
            chosen = np.flatnonzero(self.leaves.kind[region] == kind)
            for start in range(0, chosen.size, _BATCH):
                part = chosen[start : start + _BATCH]
                leaf, here = region[part], cell[part]
                if kind == POLYGON:
                    inside = self.in_polygons(leaf, here, cells)
                elif kind == OTHER:
                    inside = self.in_others(leaf, cells.vectors[here])
                else:
                    inside = self.in_simple(kind, leaf, cells.vectors[here])
                row, column = np.nonzero(inside)
                yield leaf[row], cells.index[here[row], column]

    def _near(self, cells: Cells) -> tuple[Int, Int]:
        """Regions and cells that may share directions."""
        leaves = self.leaves
        region, cell = _meeting(leaves.basis[self.single, 0], leaves.reach[self.single], cells)
        region = self.single[region]
        local = np.matmul(leaves.basis[region], cells.center[cell][..., None])[..., 0]
        kept = np.ones(region.size, bool)
        for kind in (CIRCLE, ELLIPSE, RECTANGLE):
            pairs = np.flatnonzero(leaves.kind[region] == kind)
            kept[pairs] = _may_meet(
                kind, local[pairs], leaves.outer[region[pairs]], cells.radius[cell[pairs]]
            ) & ~_in_hole(local[pairs], leaves.inner[region[pairs]], cells.radius[cell[pairs]])
        return region[kept], cell[kept]

    def in_simple(self, kind: int, leaf: Int, vectors: Float) -> Bool:
        """Whether circles, ellipses or rectangles of a kind contain directions (p, 3, m)."""
        local = np.matmul(self.leaves.basis[leaf], vectors)
        outer, inner, tolerance = (
            values[leaf] for values in (self.leaves.outer, self.leaves.inner, self.tolerance)
        )
        if kind == RECTANGLE:
            inside = in_rectangle(local, outer, tolerance)
            hollow = np.isfinite(inner[:, 0])
            if hollow.any():
                inside[hollow] &= ~in_rectangle(local[hollow], inner[hollow], tolerance[hollow])
            return inside
        high, low = outer[:, 0] - tolerance[:, 0], inner[:, 0] - tolerance[:, 0]
        low[np.isnan(low)] = -np.inf
        if kind == CIRCLE:
            high[outer[:, 0] >= np.pi] = np.inf
            return half_open(separation(local), low, high)
        inside = half_open(scaled_distance(local, outer), np.full_like(low, -np.inf), high)
        hollow = np.isfinite(low)
        if hollow.any():
            distance = scaled_distance(local[hollow], inner[hollow])
            inside[hollow] &= half_open(distance, low[hollow], np.full(int(hollow.sum()), np.inf))
        return inside

    def in_polygons(self, leaf: Int, cell: Int, cells: Cells) -> Bool:
        """Whether polygons contain the directions of cells.

        Runs of cells that no side comes near are inside or outside as a whole, and so are cells.
        """
        number, polygons = self.leaves.polygon[leaf], self.leaves.polygons
        tolerance = float(self.tolerance[leaf[0], 0])
        basis, center = polygons.basis[number], cells.center[cell]
        local = np.matmul(basis, center[..., None])[..., 0]
        run = np.arange(leaf.size) // _POLYGON_RUN * leaf.size + leaf
        first = np.flatnonzero(np.diff(run, prepend=-1))
        place = np.repeat(np.arange(first.size), np.diff(first, append=leaf.size))
        middle = np.add.reduceat(local, first, axis=0)
        middle /= np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-300)
        reach = _separations(local, middle[place]) + cells.radius[cell] + tolerance
        whole = np.maximum.reduceat(reach, first)
        inside = polygons.contains(number[first], middle[..., None], tolerance)[place, 0]
        mixed = np.zeros(first.size, bool)
        mixed[polygons.sides_near(number[first], middle, whole)[0]] = True
        near = np.flatnonzero(mixed[place])
        inside[near] = polygons.contains(number[near], local[near][..., None], tolerance)[:, 0]
        result = np.repeat(inside[:, None], cells.index.shape[1], axis=1)
        disc, side = polygons.sides_near(
            number[near], local[near], cells.radius[cell[near]] + tolerance
        )
        # the rows of `near` that have sides
        kept, disc = np.unique(disc, return_inverse=True)
        near = near[kept]
        vectors = np.matmul(basis[near], cells.vectors[cell[near]])
        small = cells.radius[cell[near]] < _SMALL
        result[near] ^= polygons.crossed_within(disc, side, local[near], vectors, tolerance)
        torn = near[~small]  # at the seam of a map
        result[torn] = polygons.contains(number[torn], vectors[~small], tolerance)
        return np.asarray(result & np.isfinite(cells.vectors[cell, 0]))

    def in_others(self, leaf: Int, vectors: Float) -> Bool:
        """Whether spherical regions contain directions (p, 3, m)."""
        inside = np.zeros((leaf.size, vectors.shape[2]), bool)
        for number in np.unique(leaf).tolist():
            pairs = leaf == number
            code = self.leaves.others[number].coder(self.leaves.frame, 0.0)
            inside[pairs] = code(vectors[pairs].transpose(1, 0, 2)) >= 0
        return inside


def _separations(one: Float, other: Float) -> Float:
    """Angles in rad between unit vectors (n, 3), and the rounding of such angles."""
    return np.asarray(np.arccos(np.clip(np.sum(one * other, axis=1), -1, 1)) + 1e-7)


def _meeting(centers: Float, reach: Float, cells: Cells) -> tuple[Int, Int]:
    """Indices of discs round directions (n, 3), and of cells, that may share directions.

    Runs of cells are compared first.
    """
    count = cells.radius.size
    pad = -count % _RUN
    middles = np.pad(cells.center, ((0, pad), (0, 0))).reshape(-1, _RUN, 3)
    radius = np.pad(cells.radius, (0, pad), constant_values=-np.inf).reshape(-1, _RUN)
    whole = middles.sum(axis=1)
    whole /= np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), np.finfo(float).tiny)
    cosine = np.clip(np.matmul(middles, whole[..., None])[..., 0], -1, 1)
    run_radius = np.max(np.arccos(cosine) + radius, axis=1, initial=0)
    parts = [(np.empty(0, int), np.empty(0, int))]
    step = max(_COMPARISONS // max(run_radius.size, 1), 1)
    for start in range(0, len(centers), step):
        limit = np.cos(np.minimum(reach[start : start + step, None] + run_radius, np.pi))
        disc, run = np.nonzero(centers[start : start + step] @ whole.T >= limit - _COSINE_ROUNDING)
        for first in range(0, disc.size, _COMPARISONS // _RUN):
            pairs = slice(first, first + _COMPARISONS // _RUN)
            number, near = disc[pairs] + start, run[pairs]
            cosine = np.matmul(middles[near], centers[number][..., None])[..., 0]
            limit = np.cos(np.clip(reach[number, None] + radius[near], 0, np.pi))
            limit[radius[near] < 0] = np.inf
            row, place = np.nonzero(cosine >= limit - _COSINE_ROUNDING)
            parts.append((number[row], near[row] * _RUN + place))
    found = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return found[0], found[1]


def _may_meet(kind: int, local: Float, half: Float, radius: Float) -> Bool:
    """Whether regions with half sizes (p, 2) may meet discs round local directions (p, 3)."""
    a, b, c = local.T
    along, across = half.T
    if kind == CIRCLE:
        return np.asarray(np.arctan2(np.hypot(b, c), a) - radius <= along)
    lat = np.arcsin(np.clip(np.abs(c), 0, 1))
    near = lat <= across + radius
    if kind == ELLIPSE:
        return np.asarray(near & (np.arcsin(np.clip(np.abs(b), 0, 1)) <= along + radius))
    past = np.abs(np.arctan2(b, a)) - along
    to_side = np.arcsin(np.clip(np.sin(past) * np.hypot(a, b), -1, 1))
    to_side = np.where(past > np.pi / 2, np.pi / 2 - lat, to_side)
    return np.asarray(near & ((past <= 0) | (to_side <= radius)))


def _in_hole(local: Float, inner: Float, radius: Float) -> Bool:
    """Whether discs round local directions (p, 3) are in holes with half sizes (p, 2)."""
    distance = np.arctan2(np.hypot(local[:, 1], local[:, 2]), local[:, 0])
    least = np.nan_to_num(inner.min(axis=1), nan=-1.0)
    return np.asarray(distance + radius < np.minimum(least, np.pi / 2) - 1e-6)
