"""Bins on the sky with true edges, as one value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..schema.html_tables import html_table
from ..schema.names import DISTANCE
from ..schema.values import value_key
from .constructors.grids import GridConstructor
from .constructors.lines import LineConstructors
from .constructors.regions import RegionConstructor, bins_of_regions, is_region
from .constructors.rings import RingConstructors
from .derived_values import DerivedValues
from .selecting import selected_numbers
from .shapes.axes import read_only
from .shapes.shape import Shape

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["AnyBins", "SkyBins", "as_bins"]

Float = NDArray[np.float64]
AnyBins: TypeAlias = "SkyBins | SkyRegion | Sequence[SkyRegion]"


@dataclass(frozen=True, eq=False, repr=False)
class SkyBins(
    LineConstructors, GridConstructor, RingConstructors, RegionConstructor, DerivedValues
):
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

    See Also
    --------
    xprofile.bin_maps : Sum maps over bins.
    xprofile.plot.plot_bins : Draw bins on the sky.

    Notes
    -----
    The page :doc:`/reference/bins` has a figure of each kind of bins.

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


def as_bins(bins: AnyBins) -> SkyBins:
    """Return bins as they are; make them of a list of astropy sky regions, or of one region.

    The regions are not copied, so the bins are for one call alone.
    """
    if isinstance(bins, SkyBins):
        return bins
    return bins_of_regions(SkyBins, [bins] if is_region(bins) else bins)
