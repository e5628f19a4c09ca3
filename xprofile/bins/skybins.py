"""Bins on the sky with true edges, as one value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..exceptions import InvalidBinsError
from ..schema.html_tables import html_table
from ..schema.names import DISTANCE
from ..schema.options import suggests_options
from ..schema.values import value_key
from .constructors.grids import GridConstructor
from .constructors.lines import LineConstructors
from .constructors.regions import RegionConstructor, bins_of_regions, is_region
from .constructors.rings import RingConstructors
from .selecting import selected_numbers
from .shapes.axes import read_only
from .shapes.shape import Shape, SphereShape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from regions import SkyRegion

__all__ = ["AnyBins", "SkyBins", "as_bins"]

Float = NDArray[np.float64]
AnyBins: TypeAlias = "SkyBins | SkyRegion | Sequence[SkyRegion]"

# Gap between neighbouring bins, in widths of the narrowest bin, below which they touch: the edges
# of lists of regions are right to 1e-6 of a width. If it were ten times larger, gaps of 1e-4 of a
# bin would not be reported.
_TOUCHING = 1e-5


@dataclass(frozen=True, eq=False, repr=False)
class SkyBins(LineConstructors, GridConstructor, RingConstructors, RegionConstructor):
    """Bins on the sky along a dimension; make them with one of the class methods.

    Pixels belong to a bin by their centre. Edges are half-open, so neighbouring bins share no
    pixel and miss none: a centre on the lower edge is in the bin, one on the upper edge is in the
    next. It is on an edge to within 1e-6 of a pixel or 1e-9 of the bin's width, the larger of them,
    so that rounding does not decide.

    Bins are values: they are equal if shape, edges, dimension and `planar` are. They are selected
    like the elements of an array: ``bins[2:5]``, ``bins[-1]``, ``bins[[0, 3]]``.

    Parameters
    ----------
    shape : Shape
        Bins by true angles on the sphere, or a list of regions.
    lower, upper : numpy.ndarray
        Edges along the dimension in degrees, (nbin,); NaN for bins without such an axis.
    description : str
        Kind of the bins, for people. Equal bins may have different descriptions.
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
    >>> bins = SkyBins.along_line(start, end, height=3 * u.deg, nbin=20)
    >>> bins
    <SkyBins: 20 boxes along a line, projected distance 0 to 20 deg, height 3 deg>
    >>> bins[5:8]
    <SkyBins: 3 boxes along a line, projected distance 5 to 8 deg, height 3 deg>
    """

    shape: Shape
    lower: Float
    upper: Float
    description: str = field(compare=False)
    dim: str = DISTANCE
    planar: bool = False

    def __post_init__(self) -> None:
        for name in ("lower", "upper"):
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name), float)))

    __array_ufunc__ = None  # so that arrays are compared as a whole

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return an array of one object, as numpy must not look into bins for numbers."""
        found = np.empty((), dtype=object)
        found[()] = self
        return found

    def __eq__(self, other: object) -> bool:
        return value_key(self) == value_key(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(value_key(self))

    def __len__(self) -> int:
        return self.lower.size

    @property
    def nbin(self) -> int:
        """Number of bins."""
        return len(self)

    def __getitem__(self, index: Any) -> Self:
        numbers = selected_numbers(index, len(self))
        if np.array_equal(numbers, np.arange(len(self))):
            return self
        shape, lower, upper = self.shape.take(numbers), self.lower[numbers], self.upper[numbers]
        return replace(self, shape=shape, lower=lower, upper=upper)

    def __iter__(self) -> Iterator[Self]:
        return (self[number] for number in range(len(self)))

    def __repr__(self) -> str:
        text = f"{len(self)} {self.description}"
        if self._range_text:
            text += f", {self.dim.replace('_', ' ')} {self._range_text}"
        height = self.shape.row_height()
        if height is not None:
            text += f", height {height:.6g} deg"
        return f"<{type(self).__name__}: {text}{', planar' if self.planar else ''}>"

    @property
    def _range_text(self) -> str:
        """Range of the dimension with its unit, "" for bins without edges."""
        if not np.isfinite(self.lower).all():
            return ""
        return f"{self.lower.min():.6g} to {self.upper.max():.6g} deg"

    def _repr_html_(self) -> str:
        rows = {"bins": f"{len(self)} {self.description}", "dimension": self.dim}
        if self._range_text:
            first, last = (f"{self.lower[i]:.6g} to {self.upper[i]:.6g} deg" for i in (0, -1))
            rows |= {"range": self._range_text, "first bin": first, "last bin": last}
        height = self.shape.row_height()
        if height is not None:
            rows["height"] = f"{height:.6g} deg"
        rows |= self.shape.details()
        rows["pixels"] = "in the plane of the map" if self.planar else "by angles on the sphere"
        return html_table(type(self).__name__, rows)

    @property
    def center(self) -> SkyCoord:
        """Centres of the bins, (nbin,)."""
        return self._center.copy()

    @cached_property
    def _center(self) -> SkyCoord:
        return self.shape.centers

    @property
    def distance(self) -> Float:
        """Centres of the bins along the dimension in degrees, (nbin,)."""
        return (self.lower + self.upper) / 2

    @property
    def edges(self) -> u.Quantity:
        """Edges along the dimension in deg, (nbin + 1,).

        Raises
        ------
        InvalidBinsError
            If the bins have no edges along their dimension, or do not touch.
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
        """
        return self._solid_angle.copy()

    @cached_property
    def _solid_angle(self) -> u.Quantity:
        return self.shape.solid_angles() * u.sr

    def to_regions(self) -> list[SkyRegion]:
        """Return astropy sky regions, one for each bin, for plotting, DS9 and other tools."""
        from .centers import copied_region

        return [copied_region(region) for region in self._regions]

    @cached_property
    def _regions(self) -> tuple[SkyRegion, ...]:
        return tuple(self.shape.regions())

    def region_texts(self) -> list[str]:
        """Return each bin's region as one line of DS9."""
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
            Write the number of each bin into it, as `xarray.Dataset.isel` counts them, from 0, if it has room.
        **kwargs
            Passed to `matplotlib.collections.PolyCollection`.

        Returns
        -------
        matplotlib.collections.PolyCollection

        See Also
        --------
        xprofile.plot.plot_bins : the same for lists of regions and Datasets
        """
        from .drawing import draw_outlines, shown_grid
        from .outlines import region_paths, shape_paths

        grid = shown_grid(ax)
        if isinstance(self.shape, SphereShape) and not self.planar:
            paths = shape_paths(self.shape, grid)
        else:
            paths = region_paths(self._regions, grid, planar=self.planar)
        return draw_outlines(paths, self.center if numbers else None, ax, **kwargs)


def as_bins(bins: AnyBins) -> SkyBins:
    """Return bins as they are; make them of a list of astropy sky regions, or of one region.

    The regions are not copied, so the bins are for one call alone.
    """
    if isinstance(bins, SkyBins):
        return bins
    return bins_of_regions(SkyBins, [bins] if is_region(bins) else bins)
