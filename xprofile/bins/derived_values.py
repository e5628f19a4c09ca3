"""Values that follow from the shape and the edges of bins: centres, edges, areas and regions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..exceptions import InvalidBinsError
from ..schema.options import suggests_options
from .shapes.shape import Shape, SphereShape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from regions import SkyRegion

__all__ = ["DerivedValues"]

Float = NDArray[np.float64]

# Gap between neighbouring bins, in widths of the narrowest bin, below which they touch: the edges
# of lists of regions are right to 1e-6 of a width. If it were ten times larger, gaps of 1e-4 of a
# bin would not be reported.
_TOUCHING = 1e-5


class DerivedValues:
    """Properties and methods of `SkyBins` that follow from its fields."""

    shape: Shape
    lower: Float
    upper: Float
    dim: str
    planar: bool

    @property
    def nbin(self) -> int:
        """Number of bins, as ``len(bins)``.

        See Also
        --------
        SkyBins.edges : Edges of the bins.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> center = SkyCoord(83.63, 22.01, unit="deg")
        >>> bins = SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
        >>> bins.nbin
        4
        """
        return self.lower.size

    @property
    def center(self) -> SkyCoord:
        """Positions of the centres of the bins on the sky, (nbin,).

        See Also
        --------
        SkyBins.distance : Centres along the dimension.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> center = SkyCoord(83.63, 22.01, unit="deg")
        >>> SkyBins.sectors(center, radius_max=1 * u.deg, nbin=4).center.shape
        (4,)
        """
        return self._center.copy()

    @cached_property
    def _center(self) -> SkyCoord:
        return self.shape.centers

    @property
    def distance(self) -> Float:
        """Centres of the bins along the dimension in degrees, (nbin,).

        They are half-way between the edges, and NaN for bins without edges.

        See Also
        --------
        SkyBins.edges : Edges along the dimension.
        SkyBins.center : Positions on the sky.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> center = SkyCoord(83.63, 22.01, unit="deg")
        >>> bins = SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
        >>> bins.distance
        array([0.125, 0.375, 0.625, 0.875])
        """
        return (self.lower + self.upper) / 2

    @property
    def edges(self) -> u.Quantity:
        """Edges along the dimension in deg, (nbin + 1,).

        Raises
        ------
        InvalidBinsError
            If the bins have no edges along their dimension, or do not touch.

        See Also
        --------
        SkyBins.distance : Centres along the dimension.
        xprofile.axis_edges : Edges of any binned axis of a Dataset.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> center = SkyCoord(83.63, 22.01, unit="deg")
        >>> bins = SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
        >>> bins.edges
        <Quantity [0.  , 0.25, 0.5 , 0.75, 1.  ] deg>
        """
        if not np.isfinite([self.lower, self.upper]).all():
            raise InvalidBinsError(
                f"{self!r} have no edges along {self.dim}: lower and upper are NaN"
            )
        if not np.all(self.lower < self.upper):
            raise InvalidBinsError(
                f"the extent of {self!r} along {self.dim} is not known, so they have no edges"
            )
        gaps = np.abs(self.lower[1:] - self.upper[:-1])
        if np.any(gaps > _TOUCHING * np.min(self.upper - self.lower)):
            raise InvalidBinsError(
                f"{self!r} do not touch in ascending order, so they have no common edges; use "
                "lower and upper"
            )
        return np.append(self.lower, self.upper[-1]) * u.deg

    @property
    def solid_angle(self) -> u.Quantity:
        """Area of the bins on the sphere in sr, (nbin,), independent of pixels.

        It is exact for bins by true angles, and for regions as they are on the sky. NaN for
        compounds and other regions without a known area, for polygons whose sides cross, and where
        a path runs into itself.

        See Also
        --------
        xprofile.solid_angle : Solid angle of pixels.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> center = SkyCoord(83.63, 22.01, unit="deg")
        >>> bins = SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
        >>> bins.solid_angle.to("deg2").round(3)
        <Quantity [0.196, 0.589, 0.982, 1.374] deg2>
        """
        return self._solid_angle.copy()

    @cached_property
    def _solid_angle(self) -> u.Quantity:
        return self.shape.solid_angles() * u.sr

    def to_regions(self) -> list[SkyRegion]:
        """Return astropy sky regions, one for each bin, for plotting, DS9 and other tools.

        Returns
        -------
        list of regions.SkyRegion
            Regions of the same outlines, such as circles, annuli, rectangles and polygons. Changes
            of them do not change the bins.

        See Also
        --------
        SkyBins.from_regions : The way back.
        SkyBins.region_texts : The same as lines of DS9.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> center = SkyCoord(83.63, 22.01, unit="deg")
        >>> bins = SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
        >>> [type(region).__name__ for region in bins[:2].to_regions()]
        ['CircleSkyRegion', 'CircleAnnulusSkyRegion']
        """
        from .centers import copied_region

        return [copied_region(region) for region in self._regions]

    @cached_property
    def _regions(self) -> tuple[SkyRegion, ...]:
        return tuple(self.shape.regions())

    def region_texts(self) -> list[str]:
        """Return each bin's region as one line of DS9.

        Returns
        -------
        list of str
            Lines with their frame. Angles are in deg.

        See Also
        --------
        SkyBins.to_regions : The same as astropy regions.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> center = SkyCoord(83.63, 22.01, unit="deg")
        >>> bins = SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
        >>> print(bins.region_texts()[1])
        icrs;annulus(83.6300000000,22.0100000000,0.2500000000,0.5000000000)
        """
        return list(self._texts)

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return tuple(self.shape.texts())

    @suggests_options
    def plot(
        self, ax: Axes | None = None, *, numbers: bool = False, **kwargs: Any
    ) -> PolyCollection:
        """Draw the outlines of the bins on sky axes.

        Parameters
        ----------
        ax : astropy.visualization.wcsaxes.WCSAxes, optional
            The current axes by default.
        numbers : bool
            Write the number of each bin into it, as ``isel`` counts them, from 0, if it has room.
        **kwargs
            Passed to `matplotlib.collections.PolyCollection`.

        Returns
        -------
        matplotlib.collections.PolyCollection
            One outline or more for each bin.

        Raises
        ------
        InvalidOptionError
            If the axes have no WCS.

        See Also
        --------
        xprofile.plot.plot_bins : The same for lists of regions and Datasets.

        Examples
        --------
        >>> import astropy.units as u
        >>> import matplotlib.pyplot as plt
        >>> from astropy.coordinates import SkyCoord
        >>> import xprofile
        >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
        >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
        >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
        >>> ax = maps.counts.sum("energy").profile.plot_sky()
        >>> outlines = rings.plot(ax, numbers=True, edgecolor="white")
        """
        from .drawing import draw_outlines, shown_grid
        from .outlines import region_paths, shape_paths

        grid = shown_grid(ax)
        if isinstance(self.shape, SphereShape) and not self.planar:
            paths = shape_paths(self.shape, grid)
        else:
            paths = region_paths(self._regions, grid, planar=self.planar)
        return draw_outlines(paths, self.center if numbers else None, ax, **kwargs)
