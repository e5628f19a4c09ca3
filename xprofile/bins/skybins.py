"""Rows of bins on the sky, with true edges."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..exceptions import InvalidBinsError
from ..schema.names import DISTANCE
from .box_constructors import BoxConstructors
from .ring_constructors import RingConstructors
from .shapes.boxes import Boxes
from .shapes.path import Path
from .shapes.shape import Shape, SphereShape
from .shapes.spherical import is_spherical

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from regions import SkyRegion

__all__ = ["AnyBins", "SkyBins", "as_bins"]

Float = NDArray[np.float64]
AnyBins: TypeAlias = "SkyBins | SkyRegion | Sequence[SkyRegion]"


@dataclass(frozen=True, eq=False, repr=False)
class SkyBins(BoxConstructors, RingConstructors):
    """Bins on the sky, one after the other along a dimension; make them with a class method.

    Pixels belong to a bin by their centre. Edges are half-open, so neighbouring bins share no
    pixel and miss none.

    Parameters
    ----------
    shape : Shape
        Bins by true angles on the sphere, or regions in the plane of the map.
    lower, upper : numpy.ndarray
        Edges along the dimension in degrees, (nbin,); NaN where there is no such axis.
    description : str
        What the bins are, for people.
    dim : str
        Dimension of the results.
    planar : bool
        Whether pixels are found in the plane of the map, as Gammapy does.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from xprofile import SkyBins
    >>> start, end = SkyCoord([10, 350] * u.deg, [0, 0] * u.deg, frame="galactic")
    >>> SkyBins.along_line(start, end, height=3 * u.deg, nbin=51)
    <SkyBins: 51 boxes along a line, projected distance 0 to 20 deg, height 3 deg>
    """

    shape: Shape
    lower: Float
    upper: Float
    description: str
    dim: str = DISTANCE
    planar: bool = False

    def __len__(self) -> int:
        return self.lower.size

    def __repr__(self) -> str:
        text = f"{len(self)} {self.description}"
        if np.isfinite(self.lower).all():
            low, high = self.lower.min(), self.upper.max()
            text += f", {self.dim.replace('_', ' ')} {low:.6g} to {high:.6g} deg"
        if isinstance(self.shape, Path):
            text += f", height {self.shape.height:.6g} deg"
        if isinstance(self.shape, Boxes) and self.shape.across.size == 2:
            text += f", height {np.ptp(self.shape.across):.6g} deg"
        return f"<{type(self).__name__}: {text}{', planar' if self.planar else ''}>"

    @classmethod
    def from_regions(cls, regions: Sequence[SkyRegion]) -> Self:
        """Any list of astropy sky regions, one bin each, in the plane of the map.

        Parameters
        ----------
        regions : sequence of regions.SkyRegion
            They may overlap; each counts fully. Spherical regions are what they say. Distance is
            measured from the first region's centre; of concentric circles and annuli it is the
            mean of the radii.

        Raises
        ------
        InvalidBinsError
            If the list is empty, holds anything else, or a region has no place on the sky.
        """
        from .shapes.regionlist import RegionList

        try:
            regions = tuple(regions)
        except TypeError:
            raise InvalidBinsError(
                f"expected a list of astropy sky regions, found {type(regions).__name__}"
            ) from None
        wrong = sorted({type(r).__name__ for r in regions if not _is_region(r)})
        if not regions or wrong:
            raise InvalidBinsError(
                f"expected a list of astropy sky regions, found {', '.join(wrong) or 'none'}; "
                "pixel regions become sky regions by region.to_sky(wcs)"
            )
        shape = RegionList(regions)
        return cls(shape, *shape.edges(), "sky regions", DISTANCE, planar=True)

    @cached_property
    def center(self) -> SkyCoord:
        """Centres of the bins, (nbin,)."""
        return self.shape.centers

    @property
    def distance(self) -> Float:
        """Centres of the bins along the dimension in degrees, (nbin,)."""
        return (self.lower + self.upper) / 2

    def to_regions(self) -> list[SkyRegion]:
        """Return astropy sky regions, one for each bin, for plotting, DS9 and other tools."""
        return list(self._regions)

    @cached_property
    def _regions(self) -> tuple[SkyRegion, ...]:
        return tuple(self.shape.regions())

    def region_texts(self) -> list[str]:
        """Return each bin's region as one line of DS9."""
        return self.shape.texts()

    def plot(
        self, ax: Axes | None = None, *, numbers: bool = False, **kwargs: Any
    ) -> PolyCollection:
        """Draw the bins' outlines on sky axes.

        Parameters
        ----------
        ax : astropy.visualization.wcsaxes.WCSAxes, optional
            The current axes by default.
        numbers : bool
            Write the number of each bin into it, from 0 as ``isel`` counts, where there is room.
        **kwargs
            Passed to `matplotlib.collections.PolyCollection`.

        Returns
        -------
        matplotlib.collections.PolyCollection
        """
        from .drawing import draw_outlines, shown_grid
        from .outlines import region_paths, shape_paths

        grid = shown_grid(ax)
        if isinstance(self.shape, SphereShape) and not self.planar:
            paths = shape_paths(self.shape, grid)
        else:
            paths = region_paths(self._regions, grid)
        return draw_outlines(paths, self.center if numbers else None, ax, **kwargs)


def as_bins(bins: SkyBins | SkyRegion | Sequence[SkyRegion]) -> SkyBins:
    """Accept bins, or a bare list of astropy sky regions, or one region."""
    if isinstance(bins, SkyBins):
        return bins
    if _is_region(bins):
        return SkyBins.from_regions([bins])
    return SkyBins.from_regions(bins)


def _is_region(region: Any) -> bool:
    package = sys.modules.get("regions")  # not imported: no region exists
    return package is not None and (isinstance(region, package.SkyRegion) or is_spherical(region))
