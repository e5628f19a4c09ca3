"""Rows of bins on the sky, with true edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray
from regions import SkyRegion

from .exceptions import InvalidBinsError
from .membership import Membership, members
from .planar import planar_members
from .regionlist import region_centers, region_edges, region_texts
from .rows import Annuli, Line, LocalAxes
from .wcs import PixelGrid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection

__all__ = ["SkyBins", "as_bins"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class SkyBins:
    """A row of bins on the sky; make one with a classmethod.

    Pixels belong to a bin by their centre. Edges are half-open, so neighbouring bins share no
    pixel and miss none.

    Parameters
    ----------
    shape : Line or Annuli or tuple of regions.SkyRegion
        Bins by true angles on the sphere, or regions in the plane of the map.
    lower, upper : numpy.ndarray
        Edges along the profile in degrees, (nbin,).
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

    shape: Line | Annuli | tuple[SkyRegion, ...]
    lower: Float
    upper: Float
    planar: bool

    @classmethod
    def along_line(
        cls,
        start: SkyCoord,
        end: SkyCoord,
        *,
        height: u.Quantity,
        nbin: int | None = None,
        edges: u.Quantity | None = None,
        planar: bool = False,
    ) -> SkyBins:
        """Boxes along the great circle from `start` to `end`.

        Parameters
        ----------
        start, end : SkyCoord
            Scalar, in any frames. Distance is measured from `start`.
        height : Quantity
            Full extent across the line.
        nbin : int, optional
            Number of equal bins between `start` and `end`.
        edges : Quantity, optional
            Distances from `start`, (nbin + 1,), instead of `nbin`.
        planar : bool
            Find pixels in the plane of the map instead, with the rectangles of `to_regions`.

        Returns
        -------
        SkyBins
            `nbin` bins; the lower edge belongs to a bin, the upper to the next.

        Raises
        ------
        InvalidBinsError
            If start and end are the same or opposite, `height` is not a positive angle, or not
            just one of `nbin` and `edges` is given.
        """
        start, end = _scalar(start, "start"), _scalar(end, "end")
        length = float(start.separation(end).deg)
        if not 1e-9 < length < 180 - 1e-9:
            raise InvalidBinsError(
                f"start and end are {length:.6g} deg apart: no great circle is singled out; "
                "give two positions between 0 and 180 deg apart"
            )
        axes = LocalAxes(start, start.position_angle(end.transform_to(start.frame)))
        line = Line(axes, _edges(0.0, length, nbin, edges), _positive(height, "height"))
        return cls._of_rows(line, planar=planar)

    @classmethod
    def annuli(
        cls,
        center: SkyCoord,
        *,
        edges: u.Quantity | None = None,
        radius_max: u.Quantity | None = None,
        radius_min: u.Quantity = 0 * u.deg,
        nbin: int | None = None,
        planar: bool = False,
    ) -> SkyBins:
        """Concentric annuli round `center`, by true angular distance.

        Parameters
        ----------
        center : SkyCoord
            Scalar.
        edges : Quantity, optional
            Radii, (nbin + 1,).
        radius_max, radius_min : Quantity, optional
            With `nbin`, instead of `edges`.
        nbin : int, optional
            Number of annuli of equal width.
        planar : bool
            Find pixels in the plane of the map instead, with the regions of `to_regions`.

        Returns
        -------
        SkyBins
            Bins of r_in <= distance < r_out.

        Raises
        ------
        InvalidBinsError
            If the radii are not angles from 0 to 180 deg in ascending order.
        """
        if edges is None and radius_max is None:
            raise InvalidBinsError("annuli need edges=, or radius_max= and nbin=")
        if edges is not None and radius_max is not None:
            raise InvalidBinsError("annuli take edges= or radius_max=, not both")
        low = _degrees(radius_min, "radius_min")
        high = 0.0 if radius_max is None else _degrees(radius_max, "radius_max")
        radii = _edges(low, high, nbin, edges)
        if radii[0] < 0 or radii[-1] > 180:
            raise InvalidBinsError(
                f"annuli have radii from {radii[0]:.6g} to {radii[-1]:.6g} deg, expected 0 to 180"
            )
        axes = LocalAxes(_scalar(center, "center"), 0 * u.deg)
        return cls._of_rows(Annuli(axes, radii), planar=planar)

    @classmethod
    def from_regions(cls, regions: Sequence[SkyRegion]) -> SkyBins:
        """Any list of astropy sky regions, one bin each, in the plane of the map.

        Parameters
        ----------
        regions : sequence of regions.SkyRegion
            They may overlap; each counts fully. Distance is measured from the first region's
            centre; of concentric circles and annuli it is the mean of the radii.

        Raises
        ------
        InvalidBinsError
            If the list is empty, holds anything else, or a region has no centre.
        """
        regions = tuple(regions)
        wrong = sorted({type(r).__name__ for r in regions if not isinstance(r, SkyRegion)})
        if not regions or wrong:
            raise InvalidBinsError(
                f"expected a list of astropy sky regions, found {', '.join(wrong) or 'none'}; "
                "pixel regions become sky regions by region.to_sky(wcs)"
            )
        lower, upper = region_edges(regions, region_centers(regions))
        return cls(regions, lower, upper, planar=True)

    @classmethod
    def _of_rows(cls, rows: Line | Annuli, *, planar: bool) -> SkyBins:
        return cls(rows, rows.edges[:-1], rows.edges[1:], planar)

    def __len__(self) -> int:
        return self.lower.size

    def __repr__(self) -> str:
        words = {Line: "boxes along a line", Annuli: "annuli", tuple: "sky regions"}
        text = f"<SkyBins: {len(self)} {words[type(self.shape)]}, projected distance "
        text += f"{self.lower.min():.6g} to {self.upper.max():.6g} deg"
        if isinstance(self.shape, Line):
            text += f", height {self.shape.height:.6g} deg"
        return text + (", planar>" if self.planar else ">")

    @cached_property
    def center(self) -> SkyCoord:
        """Centres of the bins, (nbin,)."""
        if isinstance(self.shape, tuple):
            return region_centers(self.shape)
        return self.shape.centers

    @property
    def distance(self) -> Float:
        """Distance of the bins' centres along the profile in degrees, (nbin,)."""
        return (self.lower + self.upper) / 2

    def to_regions(self) -> list[SkyRegion]:
        """Return astropy sky regions, one for each bin, for plotting, DS9 and other tools."""
        return list(self._regions)

    @cached_property
    def _regions(self) -> tuple[SkyRegion, ...]:
        return self.shape if isinstance(self.shape, tuple) else tuple(self.shape.regions())

    def region_texts(self) -> list[str]:
        """Return each bin's region as one line of DS9."""
        return region_texts(self._regions)

    def members(self, grid: PixelGrid) -> Membership:
        """Find the pixels of each bin.

        Parameters
        ----------
        grid : PixelGrid
            The pixels of a map, from `xprofile.wcs.pixel_grid`.
        """
        if isinstance(self.shape, tuple) or self.planar:
            return planar_members(self._regions, grid)
        return members(self.shape, len(self), grid)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> PolyCollection:
        """Draw the bins' outlines on sky axes.

        Parameters
        ----------
        ax : astropy.visualization.wcsaxes.WCSAxes, optional
            The current axes by default.
        **kwargs
            Passed to `matplotlib.collections.PolyCollection`.

        Returns
        -------
        matplotlib.collections.PolyCollection
        """
        from .plot import plot_bins

        return plot_bins(self, ax, **kwargs)


def as_bins(bins: SkyBins | SkyRegion | Sequence[SkyRegion]) -> SkyBins:
    """Accept bins, or a bare list of astropy sky regions, or one region."""
    if isinstance(bins, SkyBins):
        return bins
    if isinstance(bins, SkyRegion):
        return SkyBins.from_regions([bins])
    try:
        regions = list(bins)
    except TypeError:
        raise InvalidBinsError(
            f"expected SkyBins or a list of astropy sky regions, found {type(bins).__name__}"
        ) from None
    return SkyBins.from_regions(regions)


def _scalar(coord: Any, name: str) -> SkyCoord:
    if not isinstance(coord, SkyCoord) or not coord.isscalar:
        raise InvalidBinsError(f"{name} must be one SkyCoord, found {coord!r}")
    return coord


def _degrees(value: Any, name: str) -> Any:
    """Angles in degrees, a float or an array."""
    try:
        return u.Quantity(value).to_value("deg")
    except (u.UnitConversionError, TypeError):
        raise InvalidBinsError(
            f"{name} must be an angle with a unit, such as 3 * u.deg, found {value!r}"
        ) from None


def _positive(value: Any, name: str) -> float:
    degrees = np.asarray(_degrees(value, name))
    if degrees.ndim or not 0 < degrees < 180:
        raise InvalidBinsError(f"{name} must be one angle between 0 and 180 deg, found {value!r}")
    return float(degrees)


def _edges(low: float, high: float, nbin: int | None, edges: Any) -> Float:
    """Make `nbin` equal bins from `low` to `high`, or check the edges that are given."""
    if (nbin is None) == (edges is None):
        raise InvalidBinsError("give either nbin= or edges=")
    if edges is None:
        if isinstance(nbin, bool) or int(nbin or 0) != nbin or nbin < 1:
            raise InvalidBinsError(f"nbin must be a positive integer, found {nbin!r}")
        values = np.linspace(low, high, int(nbin) + 1)
    else:
        values = np.atleast_1d(np.asarray(_degrees(edges, "edges"), dtype=float))
    if values.ndim != 1 or values.size < 2 or not np.all(np.diff(values) > 0):
        raise InvalidBinsError(
            f"bin edges must be two or more ascending angles, found {values} deg"
        )
    return values
