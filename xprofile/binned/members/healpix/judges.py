"""Bins of each kind as seen from discs on the sky: the bin of a centre, and edges in the disc."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ....bins.shapes.clearance import clearance_finder
from ....bins.shapes.shape import OverlappingMembers, SphereMembers
from ....bins.skybins import SkyBins
from ....exceptions import InvalidBinsError
from ....maps.healpix.grid import HealpixGrid
from ....maps.sphere import lonlat_deg, unit_vectors

if TYPE_CHECKING:
    from ....bins.regions.relations import RegionRelations

__all__ = ["Judge", "make_judge"]

Float = NDArray[np.float64]
AnyInt = NDArray[np.integer[Any]]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]


class Judge(Protocol):
    """Tells bins of discs and directions, each with the number of a bin in question or 0."""

    def start(self, centers: Float, radius: float) -> tuple[Int, Int]:
        """Bins in question, and indices of discs (3, n) of one radius in rad, of all pairs."""

    def compare(self, asked: AnyInt, centers: Float, radius: float) -> tuple[Int, Bool]:
        """Bins of the centres, -1 for none, and whether edges may meet the discs, (n,) each."""

    def decide(self, asked: AnyInt, vectors: Float) -> Int:
        """Bins of directions (3, n), -1 for none."""

    def width(self, asked: AnyInt) -> Float:
        """Width in rad of bins whose edges are not known, infinite for others, (n,)."""


@dataclass(frozen=True, eq=False)
class _OneBin:
    """Bins that do not overlap.

    Parameters
    ----------
    code : callable
        Gives the bin of unit vectors.
    clearance : callable
        Gives lower bounds in rad of their distance to the nearest edge.
    narrowest : float
        Width in rad of the narrowest bin, if edges are not known; else infinite.
    """

    code: Callable[[Float], Int]
    clearance: Callable[[Float], Float]
    narrowest: float

    def start(self, centers: Float, radius: float) -> tuple[Int, Int]:
        return np.zeros(centers.shape[1], np.int64), np.arange(centers.shape[1])

    def compare(self, asked: AnyInt, centers: Float, radius: float) -> tuple[Int, Bool]:
        return self.code(centers), self.clearance(centers) <= radius

    def decide(self, asked: AnyInt, vectors: Float) -> Int:
        return self.code(vectors)

    def width(self, asked: AnyInt) -> Float:
        return np.full(asked.size, self.narrowest)


@dataclass(frozen=True, eq=False)
class _Regions:
    """Regions that may overlap: each disc is compared with the regions near it."""

    relations: RegionRelations

    def start(self, centers: Float, radius: float) -> tuple[Int, Int]:
        return self.relations.near(centers, radius)

    def compare(self, asked: AnyInt, centers: Float, radius: float) -> tuple[Int, Bool]:
        inside, crossed = self.relations.compare(_index(asked), centers, radius)
        return np.where(inside, asked, -1), crossed

    def decide(self, asked: AnyInt, vectors: Float) -> Int:
        return np.where(self.relations.contain(_index(asked), vectors), asked, -1)

    def width(self, asked: AnyInt) -> Float:
        return self.relations.width_without_edges[asked]


def _index(numbers: AnyInt) -> NDArray[np.intp]:
    return numbers.astype(np.intp, copy=False)


def make_judge(bins: SkyBins, grid: HealpixGrid) -> Judge:
    """Make what tells the cells of bins.

    Raises
    ------
    InvalidBinsError
        If the bins are in the plane of a map.
    """
    frame, size = grid.frame, grid.pixel_size
    shape = None if bins.planar else bins.shape
    if isinstance(shape, OverlappingMembers):
        from ....bins.regions.region_list import RegionList

        if isinstance(shape, RegionList):
            return _Regions(shape.relations(frame, size))
    if not isinstance(shape, SphereMembers):
        raise InvalidBinsError(
            "bins with planar=True are in the plane of a map, and HEALPix cells are on no plane; "
            "leave out planar=True, so that angles are those on the sphere"
        )
    code, clearance = shape.coder(frame, size), clearance_finder(shape, frame, size)
    if clearance is not None:
        return _OneBin(code, clearance, np.inf)
    width = np.nanmin(np.append(bins.upper - bins.lower, bins.shape.row_height() or np.nan))
    return _OneBin(code, _beyond_sample(shape, grid), float(np.radians(width)))


def _beyond_sample(
    shape: SphereMembers | OverlappingMembers, grid: HealpixGrid
) -> Callable[[Float], Float]:
    """Make the function that gives distances to positions that fill bins, less their pitch."""
    from scipy.spatial import cKDTree

    sample, pitch = shape.coarse_sample(0.0)
    known = unit_vectors(*map(np.ravel, lonlat_deg(sample, grid.frame)))
    tree = cKDTree(known.T)

    def find(vectors: Float) -> Float:
        chord = tree.query(vectors.T)[0]
        return np.asarray(2 * np.arcsin(np.minimum(chord / 2, 1)) - np.radians(pitch))

    return find
