"""What every shape of bins offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["Shape", "SphereMembers", "SphereShape"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


class Shape(ABC):
    """Bins on the sky: their centres, and the astropy regions that stand for them."""

    @property
    @abstractmethod
    def centers(self) -> SkyCoord:
        """Centres of the bins, (nbin,)."""

    @abstractmethod
    def regions(self) -> list[SkyRegion]:
        """Return astropy sky regions, one for each bin."""

    @abstractmethod
    def texts(self) -> list[str]:
        """Return each bin's region as one line of DS9, or its repr where DS9 lacks the frame."""


class SphereMembers(ABC):
    """Bins that do not overlap, and can tell the bin of a direction on the sphere."""

    @abstractmethod
    def coder(self, frame: BaseCoordinateFrame) -> Callable[[Float], Int]:
        """Make the function that tells the bin of unit vectors (3, ...) of a frame, -1 for none."""

    def straight_coder(self, frame: BaseCoordinateFrame) -> Callable[[Float, Float], Int] | None:
        """Make the function that tells the bin of longitudes and latitudes that broadcast.

        None, unless the bins run along the meridians and parallels of the frame.
        """
        return None

    @property
    @abstractmethod
    def pitch(self) -> float:
        """Distance of neighbouring sample positions in degrees."""

    @abstractmethod
    def sample(self) -> SkyCoord:
        """Return sky positions that fill the bins, no two neighbours further apart than `pitch`."""


class SphereShape(Shape, SphereMembers):
    """Bins measured by true angles on the sphere."""

    rings_per_bin: ClassVar[int] = 1  # closed rings, of equal numbers of points, in one outline

    @abstractmethod
    def outlines(self) -> list[SkyCoord]:
        """Return closed polygons round the bins."""
