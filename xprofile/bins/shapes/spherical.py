"""Spherical regions of astropy regions (from version 0.12 on), as they say themselves."""

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


def is_spherical(region: Any) -> bool:
    """Whether something is a spherical region, which older versions do not have."""
    return any(kind.__name__ == "SphericalSkyRegion" for kind in type(region).__mro__)


@dataclass(frozen=True, eq=False)
class Spherical(SphereMembers):
    """One bin: what a spherical region contains.

    Parameters
    ----------
    region : regions.SphericalSkyRegion
        Any.
    """

    region: Any

    def coder(self, frame: BaseCoordinateFrame) -> Callable[[Float], Int]:
        """Make the function that tells the bin, 0 or -1, of unit vectors (3, ...) of a frame."""

        def code(vectors: Float) -> Int:
            result = np.full(vectors.shape[1:], -1)
            known = np.isfinite(vectors[0])
            sky = sky_positions(vectors[:, known], frame)
            result[known] = np.where(self.region.contains(sky), 0, -1)
            return result

        return code

    def _circle(self) -> Annuli:
        """A disc round the region: its bounding circle, or the whole sky."""
        bound = getattr(self.region, "bounding_circle", None)
        if bound is None:
            return Annuli(LocalAxes(spherical_center(self.region), 0 * u.deg), np.array([0, 180.0]))
        radius = min(float(bound.radius.to_value("deg")) * 1.01, 180.0)
        return Annuli(LocalAxes(bound.center, 0 * u.deg), np.array([0, radius]))

    @property
    def pitch(self) -> float:
        """Distance of neighbouring sample positions in degrees."""
        return self._circle().pitch

    def sample(self) -> SkyCoord:
        """Positions that fill the region's bounding circle."""
        return self._circle().sample()


def spherical_center(region: Any) -> SkyCoord:
    """Centre, or else centroid, of a spherical region."""
    return region.center if hasattr(region, "center") else region.centroid
