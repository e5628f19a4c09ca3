"""Lists of astropy sky regions as bins that may overlap, measured on the sphere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray
from regions import SkyRegion

from ...maps.sphere import same_frame, sky_positions
from ..centers import region_centers
from ..shapes.axes import edge_tolerance
from ..shapes.region_areas import region_solid_angle
from ..shapes.shape import OverlappingMembers, Shape
from .compounds import Compounds
from .leaves import POLYGON, RECTANGLE, Leaves
from .pairs import PairFinder
from .profile_edges import region_edges
from .relations import RegionRelations
from .sampling import sample_leaves, sample_pitch

__all__ = ["RegionList"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class RegionList(Shape, OverlappingMembers):
    """Astropy regions as bins; they may overlap.

    Circles, annuli and ellipses are measured by the separation from their centre and the position
    angle, rectangles by the longitude and latitude along their width and height. The sides of
    polygons are great circles. Compounds are combined by their operators.

    Parameters
    ----------
    listed : tuple of regions.SkyRegion
        One bin each.
    """

    listed: tuple[SkyRegion, ...]

    @cached_property
    def centers(self) -> SkyCoord:
        """Centres of the regions, (nbin,)."""
        return region_centers(self.listed)

    @cached_property
    def compounds(self) -> Compounds:
        """The parts of the regions that are not compounds, and how they are combined.

        Raises
        ------
        InvalidBinsError
            If a region or a part has no area, or a compound is what lies outside its parts.
        """
        return Compounds.from_regions(self.listed)

    @cached_property
    def _leaves(self) -> Leaves:
        frame = self.centers.frame.replicate_without_data()
        return Leaves.from_regions(self.compounds.parts, frame)

    def finder(
        self, frame: BaseCoordinateFrame, pixel_size: float
    ) -> Callable[[Float], tuple[Int, Int]]:
        """Make the function that finds the regions of unit vectors (3, ny, nx) of a frame."""
        leaves, compounds = self._leaves_in(frame), self.compounds
        find = PairFinder.from_leaves(leaves, _tolerance(leaves, pixel_size)).find
        return lambda vectors: compounds.combine(*find(vectors))

    def relations(self, frame: BaseCoordinateFrame, pixel_size: float) -> RegionRelations:
        """Return how the regions lie to discs and directions of a frame."""
        leaves = self._leaves_in(frame)
        tolerance = _tolerance(leaves, pixel_size)
        finder = PairFinder(leaves, tolerance, [], np.arange(leaves.kind.size))
        return RegionRelations(self.compounds, leaves, tolerance, finder)

    def _leaves_in(self, frame: BaseCoordinateFrame) -> Leaves:
        """Return the parts of the regions in a frame."""
        if same_frame(frame, self._leaves.frame):
            return self._leaves
        return Leaves.from_regions(self.compounds.parts, frame)

    @property
    def pitch(self) -> float:
        """Largest distance between neighbouring sample positions in degrees."""
        return float(np.degrees(sample_pitch(self._leaves)))

    def sample(self) -> SkyCoord:
        """Return sky positions that fill the regions, neighbours at most `pitch` apart."""
        directions = sample_leaves(self._leaves, sample_pitch(self._leaves))
        return sky_positions(directions, self._leaves.frame)

    def edges(self) -> tuple[Float, Float]:
        """Lower and upper edge of each region along the profile in degrees."""
        return region_edges(self._leaves, self.compounds.plain, self.centers)

    def regions(self) -> list[SkyRegion]:
        """Return the regions, which `SkyBins.to_regions` copies."""
        return list(self.listed)

    def take(self, numbers: Int) -> RegionList:
        """Return the regions with these numbers, in this order."""
        return RegionList(tuple(self.listed[number] for number in numbers.tolist()))

    def solid_angles(self) -> Float:
        """Return the solid angle of each region in sr, (nbin,); NaN where it is not known."""
        return np.array([region_solid_angle(region) for region in self.listed])

    def details(self) -> dict[str, str]:
        """Return the kinds of regions and their numbers."""
        kinds = Counter(type(region).__name__ for region in self.listed)
        return {"regions": ", ".join(f"{number} {kind}" for kind, number in kinds.items())}


def _tolerance(leaves: Leaves, pixel_size: float) -> Float:
    """Distance in rad by which edges along the width and the height are lowered, (n, 2)."""
    width = np.degrees(leaves.outer - np.nan_to_num(leaves.inner))
    width[leaves.kind == RECTANGLE] *= 2
    width[leaves.kind == POLYGON] = 0
    return np.radians(edge_tolerance(width, pixel_size))
