"""Bins that have their place on the sky: what every kind of them can do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from .membership import Membership, joined
from .pixelgrid import PixelGrid
from .schema import DISTANCE
from .search import Search
from .shapes.boxes import Boxes
from .shapes.path import Path
from .shapes.rings import Annuli, Sectors
from .shapes.spherical import Spherical, is_spherical

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from regions import SkyRegion

    from .regionlist import RegionList

__all__ = ["PlacedBins", "Shape", "SphereShape"]

Float = NDArray[np.float64]
SphereShape: TypeAlias = Boxes | Path | Annuli | Sectors
Shape: TypeAlias = "SphereShape | RegionList"


@dataclass(frozen=True, eq=False, repr=False)
class PlacedBins:
    """Bins on the sky, one after the other along a dimension.

    Parameters
    ----------
    shape : Boxes, Path, Annuli, Sectors or RegionList
        Bins by true angles on the sphere, or regions in the plane of the map.
    lower, upper : numpy.ndarray
        Edges along the dimension in degrees, (nbin,); NaN where there is no such axis.
    words : str
        What the bins are, for people.
    dim : str
        Dimension of the results.
    planar : bool
        Whether pixels are found in the plane of the map, as Gammapy does.
    """

    shape: Shape
    lower: Float
    upper: Float
    words: str
    dim: str = DISTANCE
    planar: bool = False

    def __len__(self) -> int:
        return self.lower.size

    def __repr__(self) -> str:
        text = f"{len(self)} {self.words}"
        if np.isfinite(self.lower).all():
            low, high = self.lower.min(), self.upper.max()
            text += f", {self.dim.replace('_', ' ')} {low:.6g} to {high:.6g} deg"
        if isinstance(self.shape, Path):
            text += f", height {self.shape.height:.6g} deg"
        if isinstance(self.shape, Boxes) and self.shape.across.size == 2:
            text += f", height {np.ptp(self.shape.across):.6g} deg"
        return f"<{type(self).__name__}: {text}{', planar' if self.planar else ''}>"

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

    def members(self, grid: PixelGrid) -> Membership:
        """Find the pixels of each bin.

        Parameters
        ----------
        grid : PixelGrid
            The pixels of a map, from `xprofile.wcs.pixel_grid`.
        """
        found = self.search(grid)
        return found.members() if isinstance(found, Search) else found

    def search(self, grid: PixelGrid) -> Search | Membership:
        """Prepare a search for the pixels of each bin; those of lists and in the plane are found.

        Parameters
        ----------
        grid : PixelGrid
            The pixels of a map.
        """
        if isinstance(self.shape, SphereShape) and not self.planar:
            return Search.of(self.shape, len(self), grid)
        return _members_of_list(self._regions, grid)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> PolyCollection:
        """Draw the bins' outlines on sky axes.

        Parameters
        ----------
        ax : astropy.visualization.wcsaxes.WCSAxes, optional
            The current axes by default.
        **kwargs
            ``numbers=True`` writes numbers into the bins; the rest is passed to
            `matplotlib.collections.PolyCollection`.

        Returns
        -------
        matplotlib.collections.PolyCollection
        """
        from .plot import plot_bins

        return plot_bins(self, ax, **kwargs)


def _members_of_list(regions: tuple[SkyRegion, ...], grid: PixelGrid) -> Membership:
    """Pixels of planar regions in one batch, and of each spherical one as it says itself."""
    from .planar import planar_members

    round_ones = np.array([is_spherical(region) for region in regions])
    if not round_ones.any():
        return planar_members(regions, grid)
    parts = [
        (np.array([i]), Search.of(Spherical(regions[i]), 1, grid).members())
        for i in np.flatnonzero(round_ones)
    ]
    flat = np.flatnonzero(~round_ones)
    if flat.size:
        parts.append((flat, planar_members([regions[i] for i in flat], grid)))
    return joined(parts, len(regions))
