"""Spherical regions of the package `regions` (from version 0.12 on), on the sphere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...maps.sphere import sky_positions
from .axes import LocalAxes
from .rings import Annuli
from .shape import SphereMembers

__all__ = ["Spherical", "is_spherical"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Radius of the disc that is searched, in radii of the bounding circle, which rounding of `regions`
# may make too small. If the margin were smaller than rounding, pixels at the border could be lost;
# if it were ten times larger, the search would take 20 % longer.
_MARGIN = 1.01


def is_spherical(region: Any) -> bool:
    """Whether a value is a spherical region, a class that older versions do not have."""
    return any(kind.__name__ == "SphericalSkyRegion" for kind in type(region).__mro__)


@dataclass(frozen=True, eq=False)
class Spherical(SphereMembers):
    """One bin that holds the directions that a spherical region contains.

    Parameters
    ----------
    region : regions.SphericalSkyRegion
        Of any kind.
    """

    region: Any

    def coder(self, frame: BaseCoordinateFrame, pixel_size: float) -> Callable[[Float], Int]:
        """Make the function that gives the bin, 0 or -1, of unit vectors (3, ...) of a frame."""

        def code(vectors: Float) -> Int:
            result = np.full(vectors.shape[1:], -1)
            known = np.isfinite(vectors[0])
            sky = sky_positions(vectors[:, known], frame)
            own = getattr(self.region, "frame", None)
            if own is not None:  # not left to `regions`, for which astropy may keep an equinox
                own = own() if isinstance(own, type) else own
                sky = sky.transform_to(own, merge_attributes=False)
            result[known] = np.where(self.region.contains(sky), 0, -1)
            return result

        return code

    def bounding_disc(self) -> Annuli:
        """Return a disc round the region: its bounding circle, or the whole sky."""
        bound = getattr(self.region, "bounding_circle", None)
        if bound is None:
            return Annuli(LocalAxes(_center(self.region), 0 * u.deg), np.array([0, 180.0]))
        radius = min(float(bound.radius.to_value("deg")) * _MARGIN, 180.0)
        return Annuli(LocalAxes(bound.center, 0 * u.deg), np.array([0, radius]))

    @property
    def pitch(self) -> float:
        """Largest distance between neighbouring sample positions in degrees."""
        return self.bounding_disc().pitch

    def sample(self) -> SkyCoord:
        """Return sky positions that fill the region's bounding circle."""
        return self.bounding_disc().sample()


def _center(region: Any) -> SkyCoord:
    """Centre of a spherical region, or its centroid if it has no centre."""
    return region.center if hasattr(region, "center") else region.centroid
