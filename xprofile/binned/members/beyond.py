"""Solid angle of bins beyond a map, from their areas instead of pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...bins.shapes.shape import OverlappingMembers, Shape, SphereMembers
from ...maps.pixelgrid import PixelGrid
from ...maps.sphere import lonlat_deg, sky_positions, unit_vectors
from .flat_indexing import flat_index
from .membership import Int

__all__ = ["BeyondMap"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Directions that are examined in all bins of unknown area, and the fewest and most in one bin. With
# 2^18, solid angles of compounds are right to 1e-3, in 0.2 s; ten times more take 2 s, ten times
# fewer are wrong by 5e-3.
_DIRECTIONS = 1 << 19
_FEWEST, _MOST = 1 << 8, 1 << 18

# Positions along the side of a pixel at which bins are looked for just beyond the map. Ten times
# fewer, a bin that leaves the map by a strip narrower than a pixel would lose this strip.
_PER_PIXEL = 4

# Area in pixels from which a bin without a pixel centre is beyond the map, even if its own centre
# is on the map: a ring round the map. A bin of this area inside the map has no pixel centre in one
# of 1e14 cases. Ten times smaller, one of 20 thin bins inside the map would count as beyond it.
_SURELY_HAS_PIXELS = 32

_GOLDEN = (np.sqrt(5) - 1) / 2  # turns from ring to ring, so that no edge follows the directions


@dataclass(frozen=True, eq=False)
class BeyondMap:
    """The parts of bins beyond a map.

    Parameters
    ----------
    shape : SphereMembers or OverlappingMembers
        The bins.
    nbin : int
        Number of bins.
    grid : PixelGrid
        The pixels of the map.
    """

    shape: SphereMembers | OverlappingMembers
    nbin: int
    grid: PixelGrid

    def solid_angles(self, inside: Float) -> Float:
        """Solid angle of each bin beyond the map in sr, (nbin,).

        For bins that reach beyond the map, their area less that of their pixels. For bins of
        unknown area, a sum over directions.

        Parameters
        ----------
        inside : numpy.ndarray
            Solid angle of the pixels of the map in each bin in sr, (nbin,).
        """
        area = np.full(self.nbin, np.nan)
        if isinstance(self.shape, Shape):
            area = np.abs(self.shape.solid_angles())
        find = _direction_finder(self.shape, self.grid)
        leaves = np.where(inside > 0, self._at_border(find), self._off_map(area))
        outside = np.where(leaves, np.maximum(area - inside, 0), 0)
        unknown = np.flatnonzero(np.isnan(area))
        outside[unknown] = self._sampled(unknown, find)
        return np.asarray(outside)

    def _at_border(self, find: Callable[[Float], tuple[Int, Int]]) -> Bool:
        """Whether each bin is found just beyond the map, (nbin,)."""
        ends = [(n.min() - 1, n.max() + 1) for n in (self.grid.x, self.grid.y)]
        sizes = [n.size for n in (self.grid.x, self.grid.y)]
        if any(hi - lo - 1 != n for (lo, hi), n in zip(ends, sizes, strict=True)):
            return np.ones(self.nbin, bool)  # a thinned map, with gaps between its pixels
        x, y = (np.linspace(lo, hi, _PER_PIXEL * int(hi - lo) + 1) for lo, hi in ends)
        found = np.zeros(self.nbin, bool)
        for columns, rows in ((x, np.array(ends[1])), (np.array(ends[0]), y)):
            bins, place = find(self.grid.vectors(columns, rows[:, None]))
            row, column = np.divmod(place, columns.size)
            found[bins[self.grid.canonical(columns[column], rows[row])]] = True
        return found

    def _off_map(self, area: Float) -> Bool:
        """Whether bins without pixels are beyond the map, not between its pixels, (nbin,)."""
        far = area > _SURELY_HAS_PIXELS * np.radians(self.grid.pixel_size) ** 2
        if isinstance(self.shape, Shape):
            far |= ~self._on_map(unit_vectors(*lonlat_deg(self.shape.centers, self.grid.frame)))
        return np.asarray(far)

    def _on_map(self, vectors: Float) -> Bool:
        """Whether directions (3, n) are on pixels of the map, (n,)."""
        x, y = self.grid.pixel(sky_positions(vectors, self.grid.frame))
        on_map = np.isfinite(x) & np.isfinite(y)
        on_map[on_map] = flat_index(self.grid, np.rint(x[on_map]), np.rint(y[on_map])) >= 0
        return np.asarray(on_map)

    def _sampled(self, numbers: Int, find: Callable[[Float], tuple[Int, Int]]) -> Float:
        """Solid angles beyond the map in sr of some bins, from directions that fill them."""
        if not numbers.size:
            return np.empty(0)
        sample = unit_vectors(*lonlat_deg(self.shape.sample().ravel(), self.grid.frame))
        bins, place = find(sample[:, None])
        number = int(np.clip(_DIRECTIONS // numbers.size, _FEWEST, _MOST))
        pitch = np.radians(self.shape.pitch)
        total = np.zeros(numbers.size)
        for i, bin_number in enumerate(numbers.tolist()):
            own = sample[:, place[bins == bin_number]]
            if own.size:
                total[i] = self._sampled_one(bin_number, _disc(own, 2 * pitch, number), find)
        return total

    def _sampled_one(
        self,
        number: int,
        disc: tuple[Float, Float],
        find: Callable[[Float], tuple[Int, Int]],
    ) -> float:
        vectors, weights = disc
        bins, place = find(vectors)
        place = place[bins == number]
        beyond = ~self._on_map(vectors.reshape(3, -1)[:, place])
        return float(np.sum(weights[place[beyond] // vectors.shape[2]]))


def _direction_finder(
    shape: SphereMembers | OverlappingMembers, grid: PixelGrid
) -> Callable[[Float], tuple[Int, Int]]:
    """Make the function that finds the bins of unit vectors (3, ny, nx), as pairs."""
    if isinstance(shape, OverlappingMembers):
        return shape.finder(grid.frame, grid.pixel_size)
    code = shape.coder(grid.frame, grid.pixel_size)

    def find(vectors: Float) -> tuple[Int, Int]:
        bins = code(vectors).reshape(-1)
        place = np.flatnonzero(bins >= 0)
        return bins[place], place

    return find


def _disc(points: Float, margin: float, number: int) -> tuple[Float, Float]:
    """Unit vectors (3, ring, n) that fill a disc round points (3, m), and weights (ring,) in sr."""
    mean = points.mean(axis=1)
    length = np.linalg.norm(mean)
    toward = mean / length if length > 0 else points[:, 0]
    least = float(np.clip(toward @ points, -1, 1).min())
    largest = np.sin(min(np.arccos(least) + margin, np.pi) / 2)
    rings = max(int(np.sqrt(number / 2)), 8)
    edges = largest * np.arange(rings + 1) / rings  # sines of half the radius
    radius = 2 * np.arcsin((edges[1:] + edges[:-1]) / 2)[:, None]
    angle = 2 * np.pi * (np.arange(2 * rings) / (2 * rings) + _GOLDEN * np.arange(rings)[:, None])
    first = np.cross(toward, np.eye(3)[np.argmin(np.abs(toward))])
    first /= np.linalg.norm(first)
    second = np.cross(toward, first)
    local = (
        np.cos(radius) + 0 * angle,
        np.sin(radius) * np.cos(angle),
        np.sin(radius) * np.sin(angle),
    )
    vectors = np.tensordot(np.stack([toward, first, second], axis=1), np.stack(local), 1)
    return vectors, 4 * np.pi * np.diff(edges**2) / (2 * rings)
