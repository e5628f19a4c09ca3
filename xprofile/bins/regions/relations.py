"""Whether discs on the sky are wholly in regions, wholly outside, or met by their edges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..shapes.clearance import ellipse_clearance, to_meridian
from .cells import Cells
from .compounds import Compounds
from .containing import scaled_distance
from .leaves import CIRCLE, ELLIPSE, OTHER, POLYGON, RECTANGLE, Leaves
from .pairs import PairFinder

__all__ = ["RegionRelations"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]
Bool = NDArray[np.bool_]

# Radians by which discs are taken larger: above the rounding of angles. If it were smaller, cells
# on edges could count as wholly in a region; ten times larger is still far below a cell.
_ROUNDING = 1e-7

_TOGETHER = 16  # directions that are compared with polygons together; affects speed alone
_COMPARISONS = 1 << 16  # pairs of region and disc at once; affects speed and memory alone


@dataclass(frozen=True, eq=False)
class RegionRelations:
    """How the regions of a list lie to discs and directions, by pairs.

    Parameters
    ----------
    compounds : Compounds
        The regions.
    leaves : Leaves
        Their parts, in the frame of the unit vectors.
    tolerance : numpy.ndarray
        Distance in rad by which edges along the width and the height are lowered, (n, 2).
    finder : PairFinder
        Tells which directions are in the parts.
    """

    compounds: Compounds
    leaves: Leaves
    tolerance: Float
    finder: PairFinder

    def near(self, centers: Float, radius: float) -> tuple[Int, Int]:
        """Regions, and indices of discs (3, n) of one radius in rad, of pairs that may meet."""
        toward, reach = self.leaves.basis[:, 0], self.leaves.reach + self.tolerance.max(axis=1)
        limit = np.cos(np.minimum(reach + radius + _ROUNDING, np.pi))
        step = max(_COMPARISONS // centers.shape[1], 1)
        found = []
        for start in range(0, len(toward), step):
            part = slice(start, start + step)
            row, disc = np.nonzero(toward[part] @ centers >= limit[part, None])
            found.append((self.compounds.owner[part][row], disc))
        region, disc = (np.concatenate(parts) for parts in zip(*found, strict=True))
        if not self.compounds.alike:
            return region, disc
        keys = np.unique(region * centers.shape[1] + disc)
        return np.divmod(keys, centers.shape[1])

    @cached_property
    def width_without_edges(self) -> Float:
        """Width in rad of regions whose edges are not known, infinite for others, (nregion,)."""
        owner, width = self.compounds.owner, np.full(self.leaves.kind.size, np.inf)
        unknown = self.leaves.kind == OTHER
        width[unknown] = self.leaves.outer[unknown, 0]
        found = np.full(int(owner.max(initial=-1)) + 1, np.inf)
        np.minimum.at(found, owner, width)
        return found

    def compare(self, region: Int, centers: Float, radius: float) -> tuple[Bool, Bool]:
        """Whether regions contain centres of discs (3, n), and whether edges may meet the discs."""
        return self.compounds.evaluate(
            region, lambda part, pair: self._compare(part, centers[:, pair].T, radius)
        )

    def contain(self, region: Int, vectors: Float) -> Bool:
        """Whether regions contain directions (3, n)."""

        def test(part: Int, pair: Int) -> tuple[Bool, Bool]:
            found = self._contain(part, vectors[:, pair].T)
            return found, np.zeros(found.size, bool)

        return self.compounds.evaluate(region, test)[0]

    def _contain(self, part: Int, vectors: Float) -> Bool:
        """Whether parts contain directions (p, 3)."""
        leaves, inside = self.leaves, np.zeros(part.size, bool)
        for kind in np.unique(leaves.kind[part]).tolist():
            pairs = np.flatnonzero(leaves.kind[part] == kind)
            leaf, here = part[pairs], vectors[pairs][..., None]
            if kind == POLYGON:
                inside[pairs] = self._in_polygons(leaf, vectors[pairs])
            elif kind == OTHER:
                inside[pairs] = self.finder.in_others(leaf, here)[:, 0]
            else:
                inside[pairs] = self.finder.in_simple(kind, leaf, here)[:, 0]
        return inside

    def _in_polygons(self, leaf: Int, vectors: Float) -> Bool:
        """Whether polygons contain directions (p, 3), neighbours of which follow each other.

        Runs of directions are compared with the sides together.
        """
        run = np.flatnonzero(np.diff(leaf, prepend=-1))
        place = np.arange(leaf.size) - np.repeat(run, np.diff(run, append=leaf.size))
        slot = place % _TOGETHER
        first = np.flatnonzero(slot == 0)
        group = np.cumsum(slot == 0) - 1
        parts = np.full((first.size, 3, _TOGETHER), np.nan)
        parts[group, :, slot] = vectors
        index = np.arange(parts[:, 0].size).reshape(-1, _TOGETHER)
        cells = Cells.from_parts(parts, index)
        inside = self.finder.in_polygons(leaf[first], np.arange(first.size), cells)
        return np.asarray(inside[group, slot])

    def _compare(self, part: Int, centers: Float, radius: float) -> tuple[Bool, Bool]:
        """Whether parts contain centres of discs (p, 3), and whether edges may meet the discs."""
        leaves = self.leaves
        reach = radius + self.tolerance[part].max(axis=1) + _ROUNDING
        inside, crossed = np.zeros(part.size, bool), np.zeros(part.size, bool)
        toward = np.einsum("pj,pj->p", leaves.basis[part, 0], centers)
        near = toward >= np.cos(np.minimum(leaves.reach[part] + reach, np.pi)) - 1e-15
        for kind in np.unique(leaves.kind[part]).tolist():
            pairs = np.flatnonzero(near & (leaves.kind[part] == kind))
            leaf = part[pairs]
            local = np.matmul(leaves.basis[leaf], centers[pairs][..., None])[..., 0]
            if kind == POLYGON:
                number = leaves.polygon[leaf]
                crossed[pairs[leaves.polygons.sides_near(number, local, reach[pairs])[0]]] = True
                sure = np.flatnonzero(~crossed[pairs])
                if sure.size:
                    inside[pairs[sure]] = self._in_polygons(leaf[sure], centers[pairs[sure]])
            elif kind == OTHER:
                crossed[pairs] = True
            else:
                within, clearance = _clearance(kind, local, leaves.outer[leaf])
                hollow = np.flatnonzero(np.isfinite(leaves.inner[leaf, 0]))
                in_hole, of_hole = _clearance(kind, local[hollow], leaves.inner[leaf[hollow]])
                within[hollow] &= ~in_hole
                clearance[hollow] = np.minimum(clearance[hollow], of_hole)
                inside[pairs], crossed[pairs] = within, clearance <= reach[pairs]
        return inside, crossed


def _clearance(kind: int, local: Float, half: Float) -> tuple[Bool, Float]:
    """Whether boundaries with half sizes (p, 2) hold local directions (p, 3), and distances.

    The distances in rad, (p,), are lower bounds to the nearest point of the boundary.
    """
    a, b, c = local.T
    across = np.hypot(b, c)
    distance = np.arctan2(across, a)
    if kind == CIRCLE:
        gap = np.abs(distance - half[:, 0])
        return distance < half[:, 0], np.where(half[:, 0] >= np.pi, np.inf, gap)
    if kind == ELLIPSE:
        scaled = scaled_distance(local[..., None], half)[:, 0]
        ratio = half[:, 1] / half[:, 0]
        bound = ellipse_clearance(distance, scaled, half[None, :, 0], ratio)
        return scaled < half[:, 0], np.maximum(bound, distance - half.max(axis=1))
    assert kind == RECTANGLE
    lat, lon = np.arctan2(c, np.hypot(a, b)), np.arctan2(b, a)
    all_round, to_poles = half[:, 0] >= np.pi, half[:, 1] >= np.pi / 2
    between = (np.abs(lon) < half[:, 0]) | all_round
    in_rows = (np.abs(lat) < half[:, 1]) | to_poles
    to_side = np.where(all_round, np.inf, to_meridian(np.abs(lon) - half[:, 0], lat))
    to_row = np.where(to_poles, np.inf, np.abs(np.abs(lat) - half[:, 1]))
    outside = np.maximum(np.where(between, 0, to_side), np.where(in_rows, 0, to_row))
    inside = between & in_rows
    return inside, np.where(inside, np.minimum(to_side, to_row), outside)
