"""Base classes of the shapes of bins, and some of the bins of a shape."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from .axes import read_only

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["OverlappingMembers", "Selected", "Shape", "SphereMembers", "SphereShape"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]
T = TypeVar("T")


class Shape(ABC):
    """Bins on the sky: their centres, and the astropy regions that stand for them."""

    @property
    @abstractmethod
    def centers(self) -> SkyCoord:
        """Centres of the bins, (nbin,)."""

    @abstractmethod
    def regions(self) -> list[SkyRegion]:
        """Return astropy sky regions, one for each bin."""

    def texts(self) -> list[str]:
        """Return each bin's region as one line of DS9, in ICRS where DS9 lacks the frame."""
        from ..ds9_regions import region_texts

        return region_texts(self.regions())

    @abstractmethod
    def take(self, numbers: Int) -> Shape:
        """Return the bins with these numbers, in this order."""

    def solid_angles(self) -> Float:
        """Return the area of each bin on the sphere in sr, (nbin,); NaN where it is not known."""
        return np.full(self.centers.size, np.nan)

    def row_height(self) -> float | None:
        """Return the full extent in degrees across a single row of bins, None for other shapes."""
        return None

    def details(self) -> dict[str, str]:
        """Return names and values of what describes the shape, for people."""
        return {}


class Sampled(ABC):
    """Bins that sky positions fill."""

    @property
    @abstractmethod
    def pitch(self) -> float:
        """Largest distance between neighbouring sample positions in degrees."""

    @abstractmethod
    def sample(self) -> SkyCoord:
        """Return sky positions that fill the bins, neighbours at most `pitch` apart."""

    def coarse_sample(self, spacing: float) -> tuple[SkyCoord, float]:
        """Return fewer sky positions that fill the bins, and the largest distance of neighbours.

        The distance is up to ``spacing`` degrees, or ``pitch`` if that is more. The border of all
        bins is as fine as that of `sample`, which is what shapes give that cannot do better.
        """
        return self.sample(), self.pitch


class SphereMembers(Sampled):
    """Bins that do not overlap, and can tell the bin of a direction on the sphere."""

    @abstractmethod
    def coder(self, frame: BaseCoordinateFrame, pixel_size: float) -> Callable[[Float], Int]:
        """Make the function that gives the bin of unit vectors (3, ...) of a frame.

        It gives -1 for vectors outside all bins.
        """

    def straight_coder(
        self, frame: BaseCoordinateFrame, pixel_size: float
    ) -> Callable[[Float, Float], Int] | None:
        """Make the function that gives the bin of longitudes and latitudes that broadcast.

        None, unless the bins run along the meridians and parallels of the frame.
        """
        return None


class OverlappingMembers(Sampled):
    """Bins that may overlap, and can find the bins of directions on the sphere."""

    @abstractmethod
    def finder(
        self, frame: BaseCoordinateFrame, pixel_size: float
    ) -> Callable[[Float], tuple[Int, Int]]:
        """Make the function that finds the bins of unit vectors (3, ny, nx) of a frame.

        It gives all pairs of a bin and a vector in it, in any order: the bins, and the flat indices
        of the vectors, (npair,) each.
        """


class SphereShape(Shape, SphereMembers):
    """Bins measured by true angles on the sphere; dataclasses get read-only copies of arrays."""

    def __post_init__(self) -> None:
        for part in fields(self):  # type: ignore[arg-type]
            value = getattr(self, part.name)
            if isinstance(value, np.ndarray | SkyCoord):
                object.__setattr__(self, part.name, read_only(value))

    @property
    def rings_per_bin(self) -> int:
        """Number of closed rings, of equal numbers of points, in one outline."""
        return 1

    @abstractmethod
    def outlines(self) -> list[SkyCoord]:
        """Return closed polygons round the bins."""

    def take(self, numbers: Int) -> SphereShape:
        """Return the bins with these numbers, in this order."""
        start, stop = int(numbers[0]), int(numbers[-1]) + 1
        if np.array_equal(numbers, np.arange(start, stop)):
            if start == 0 and stop == self.centers.size:
                return self
            run = self.cut(start, stop)
            if run is not None:
                return run
        return Selected(self, numbers)

    def cut(self, start: int, stop: int) -> SphereShape | None:
        """Return neighbouring bins as a shape of the same kind, or None.

        None, unless pixels on the edges stay in the same bins.
        """
        return None


@dataclass(frozen=True, eq=False)
class Selected(SphereShape):
    """Some of the bins of a shape.

    Pixels get the numbers of the whole shape first, so each stays in its bin, also on edges.

    Parameters
    ----------
    whole : SphereShape
        The shape.
    numbers : numpy.ndarray of int
        Which of its bins, each once, (nbin,).
    """

    whole: SphereShape
    numbers: Int

    @property
    def centers(self) -> SkyCoord:
        """Centres of the bins, (nbin,)."""
        return self.whole.centers[self.numbers]

    def regions(self) -> list[SkyRegion]:
        """Return the astropy sky regions of the bins."""
        return self._pick(self.whole.regions())

    def texts(self) -> list[str]:
        """Return the lines of DS9 of the bins."""
        return self._pick(self.whole.texts())

    def outlines(self) -> list[SkyCoord]:
        """Return closed polygons round the bins."""
        return self._pick(self.whole.outlines())

    def _pick(self, values: list[T]) -> list[T]:
        return [values[number] for number in self.numbers.tolist()]

    @property
    def rings_per_bin(self) -> int:
        """Number of closed rings in one outline."""
        return self.whole.rings_per_bin

    def take(self, numbers: Int) -> SphereShape:
        """Return the bins with these numbers, in this order."""
        return self.whole.take(self.numbers[numbers])

    def solid_angles(self) -> Float:
        """Return the area of each bin on the sphere in sr, (nbin,)."""
        return self.whole.solid_angles()[self.numbers]

    def row_height(self) -> float | None:
        """Return the full extent in degrees across the whole shape, if it is a single row."""
        return self.whole.row_height()

    def details(self) -> dict[str, str]:
        """Return names and values of what describes the whole shape, for people."""
        return self.whole.details()

    def coder(self, frame: BaseCoordinateFrame, pixel_size: float) -> Callable[[Float], Int]:
        """Make the function that gives the bin of unit vectors (3, ...) of a frame."""
        code, renumber = self.whole.coder(frame, pixel_size), self._renumber
        return lambda vectors: renumber(code(vectors))

    def straight_coder(
        self, frame: BaseCoordinateFrame, pixel_size: float
    ) -> Callable[[Float, Float], Int] | None:
        """Make the function that gives the bin of longitudes and latitudes that broadcast."""
        code, renumber = self.whole.straight_coder(frame, pixel_size), self._renumber
        return None if code is None else lambda lon, lat: renumber(code(lon, lat))

    def _renumber(self, code: Int) -> Int:
        """Numbers among these bins of numbers of the whole shape, -1 for other bins."""
        table = np.full(self.numbers.max() + 2, -1)  # its last entry is for all others
        table[self.numbers] = np.arange(self.numbers.size)
        return np.asarray(table[np.minimum(code, table.size - 1)])

    @property
    def pitch(self) -> float:
        """Largest distance between neighbouring sample positions of the whole shape in degrees."""
        return self.whole.pitch

    def sample(self) -> SkyCoord:
        """Return sky positions that fill the whole shape."""
        return self.whole.sample()

    def coarse_sample(self, spacing: float) -> tuple[SkyCoord, float]:
        """Return fewer sky positions that fill the whole shape, and their distance."""
        return self.whole.coarse_sample(spacing)
