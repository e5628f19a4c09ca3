"""Regions that one coordinate tells apart: concentric rings, and rectangles in a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...maps.sphere import components
from .containing import scaled_distance, separation
from .intervals import Intervals
from .leaves import CIRCLE, ELLIPSE, RECTANGLE, Leaves

__all__ = ["Row", "find_rows"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Smallest number of regions that are examined together; affects speed alone.
_FEWEST = 4

# Largest difference in rad between axes of rectangles on one great circle: rounding gives 1e-11 for
# the rectangles of a line. Ten times larger would move pixels on edges by 1e-9 rad, which is beyond
# the tolerance of edges if pixels are smaller than 0.06 deg; ten times smaller would be slower.
_SAME_AXIS = 1e-10


@dataclass(frozen=True, eq=False)
class Row:
    """Regions whose members differ in one coordinate.

    Parameters
    ----------
    leaf : numpy.ndarray of int
        Numbers of the regions, (n,).
    kind : int
        Kind of the regions.
    basis : numpy.ndarray
        Common axes, (3, 3).
    half : numpy.ndarray
        Half the width and height in rad of a region that holds all, (2,).
    intervals : Intervals
        Values of the coordinate of each region.
    """

    leaf: Int
    kind: int
    basis: Float
    half: Float
    intervals: Intervals

    def find(self, vectors: Float, tolerance: float) -> tuple[Int, Int]:
        """Regions, and indices of unit vectors (3, n), of all pairs.

        `tolerance` is the distance in rad by which the edges along the height of rectangles are
        lowered.
        """
        if self.kind != RECTANGLE:
            local = components(self.basis, vectors)[None]
            values = separation(local) if self.kind == CIRCLE else self._distance(local)
            return self.intervals.pairs(values[0])
        height = self.half[1]
        limits = np.sin(np.clip([-height - tolerance, height - tolerance], -np.pi / 2, np.pi / 2))
        if height >= np.pi / 2:  # the poles are inside
            limits = np.array([-np.inf, np.inf])
        across = self.basis[2] @ vectors
        near = np.flatnonzero((across >= limits[0]) & (across < limits[1]))
        along, toward = self.basis[1::-1] @ np.take(vectors, near, axis=1)
        regions, index = self.intervals.pairs(np.arctan2(along, toward))
        return regions, near[index]

    def _distance(self, local: Float) -> Float:
        return scaled_distance(local, self.half[None])


def find_rows(leaves: Leaves, tolerance: Float) -> list[Row]:
    """Find regions that one coordinate tells apart, at least four together.

    Parameters
    ----------
    leaves : Leaves
        Regions.
    tolerance : numpy.ndarray
        Distance in rad by which edges are lowered, (n, 2).
    """
    rows = []
    for kind, make in ((CIRCLE, _rings), (ELLIPSE, _rings), (RECTANGLE, _boxes)):
        numbers = np.flatnonzero(leaves.kind == kind)
        if numbers.size >= _FEWEST:
            rows += make(leaves, numbers, kind, tolerance)
    return rows


def _groups(keys: Float) -> list[Int]:
    """Indices of equal rows of keys (n, m), of those that occur often enough."""
    _, inverse, count = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    parts = np.split(order, np.cumsum(count)[:-1])
    return [part for part in parts if part.size >= _FEWEST]


def _rings(leaves: Leaves, numbers: Int, kind: int, tolerance: Float) -> list[Row]:
    """Concentric rings of one shape, in one frame."""
    outer, inner = leaves.outer[numbers], leaves.inner[numbers]
    keys = leaves.basis[numbers, 0]
    if kind == ELLIPSE:
        ratio = outer[:, 1] / outer[:, 0]
        hole = np.where(np.isnan(inner[:, 0]), ratio, inner[:, 1] / inner[:, 0])
        alike = np.abs(hole / ratio - 1) < 1e-12
        numbers, outer, inner = numbers[alike], outer[alike], inner[alike]
        shape = np.log(ratio[alike])[:, None].round(12)
        keys = np.hstack([leaves.basis[numbers].reshape(-1, 9)[:, :6], shape])
    rows = []
    for group in _groups(keys) if numbers.size else []:
        leaf = numbers[group]
        low = np.where(np.isnan(inner[group, 0]), -np.inf, inner[group, 0] - tolerance[leaf, 0])
        high = outer[group, 0] - tolerance[leaf, 0]
        if kind == CIRCLE:
            high[outer[group, 0] >= np.pi] = np.inf
        half = outer[group[np.argmax(outer[group, 0])]]
        intervals = Intervals.from_ends(leaf, low, high)
        rows.append(Row(leaf, kind, leaves.basis[leaf[0]], half, intervals))
    return rows


def _boxes(leaves: Leaves, numbers: Int, kind: int, tolerance: Float) -> list[Row]:
    """Rectangles of one height whose widths are along one great circle, in one direction."""
    numbers = numbers[np.isnan(leaves.inner[numbers, 0]) & (leaves.outer[numbers, 0] < np.pi / 2)]
    rows = []
    keys = np.hstack([leaves.basis[numbers, 2].round(9), leaves.outer[numbers, 1:]])
    for group in _groups(keys) if numbers.size else []:
        leaf = numbers[group]
        basis = leaves.basis[leaf[leaf.size // 2]]
        local = leaves.basis[leaf, 0] @ basis.T
        along, half = np.arctan2(local[:, 1], local[:, 0]), leaves.outer[leaf, 0]
        reach = np.max(np.abs(along) + half)
        apart = np.abs(leaves.basis[leaf, 2] - basis[2]).max()
        if apart > _SAME_AXIS or np.abs(local[:, 2]).max() > _SAME_AXIS or reach > np.pi - 1e-3:
            continue
        step = tolerance[leaf, 0]
        whole = np.array([reach, leaves.outer[leaf[0], 1]])
        intervals = Intervals.from_ends(leaf, along - half - step, along + half - step)
        rows.append(Row(leaf, kind, basis, whole, intervals))
    return rows
