"""Constructor of bins from astropy regions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ...exceptions import InvalidBinsError, InvalidOptionError
from ...schema.names import DISTANCE
from ...schema.options import suggests_options
from ..shapes.spherical import is_spherical
from .base import Constructor

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["RegionConstructor", "bins_of_regions", "is_region"]

Bins = TypeVar("Bins", bound=Constructor)


class RegionConstructor(Constructor):
    """Constructor of `SkyBins` from astropy regions."""

    @classmethod
    @suggests_options
    def from_regions(cls, regions: Sequence[SkyRegion], *, planar: bool = False) -> Self:
        """Make one bin of each astropy sky region.

        Regions are what they say on the sky. Circles, annuli and ellipses are measured by the true
        separation from their centre and the position angle. Rectangles are between meridians and
        parallels of axes along their width and height. Angles are anticlockwise from West, as seen
        with East to the left: the width points to the position angle 270 deg + angle in the frame
        of the region's centre. The sides of polygons are great circles. Compounds are combined by
        their operator. Pixel centres on an inner radius or on the lower sides of a rectangle belong
        to it, those on an outer radius or on the upper sides do not: at angle 0 the lower sides are
        in the West and South, and they turn with the rectangle.

        :doc:`/reference/bins` has figures.

        Parameters
        ----------
        regions : sequence of regions.SkyRegion
            They may overlap; each counts fully.
        planar : bool
            Find pixels in the plane of the map, with one scale and angle for each region, as
            Gammapy and regions up to 0.11 do. Spherical regions stay on the sphere.

        Returns
        -------
        SkyBins
            The distance of a bin is measured from the first region's centre. For concentric
            circles and annuli it is the mean of the radii.

        Raises
        ------
        InvalidBinsError
            If the list is empty or holds anything else, or a region has no area.

        See Also
        --------
        SkyBins.to_regions : The way back.
        xprofile.exclude : Mask regions.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from regions import CircleSkyRegion
        >>> from xprofile import SkyBins
        >>> centers = SkyCoord([0, 2, 4], [0, 0, 0], unit="deg", frame="galactic")
        >>> SkyBins.from_regions([CircleSkyRegion(center, 1 * u.deg) for center in centers])
        <SkyBins: 3 sky regions, projected distance -1 to 5 deg>
        """
        from ..centers import copied_region

        copies = [copied_region(region) for region in _checked(regions)]
        return bins_of_regions(cls, copies, planar=planar)


def bins_of_regions(cls: type[Bins], regions: Sequence[SkyRegion], *, planar: bool = False) -> Bins:
    """Make bins of regions that nobody changes while the bins are in use."""
    from ..regions.region_list import RegionList

    shape = RegionList(_checked(regions))
    _ = shape.compounds  # raises for regions without an area
    try:
        return cls(shape, *shape.edges(), "sky regions", DISTANCE, planar=planar)
    except InvalidOptionError as error:  # of a frame that astropy cannot turn
        raise InvalidBinsError(str(error)) from error


def _checked(regions: Sequence[SkyRegion]) -> tuple[SkyRegion, ...]:
    """Return the regions of a list, or raise `InvalidBinsError` if it holds anything else."""
    try:
        regions = tuple(regions)
    except TypeError:
        raise InvalidBinsError(
            f"expected a list of astropy sky regions, found {type(regions).__name__}"
        ) from None
    wrong = sorted({type(r).__name__ for r in regions if not is_region(r)})
    if not regions or wrong:
        raise InvalidBinsError(
            f"expected a list of astropy sky regions, found {', '.join(wrong) or 'none'}; "
            "pixel regions become sky regions by region.to_sky(wcs)"
        )
    return regions


def is_region(value: Any) -> bool:
    """Whether a value is an astropy sky region, planar or spherical."""
    package = sys.modules.get("regions")  # if it is not imported, no region exists
    return package is not None and (isinstance(value, package.SkyRegion) or is_spherical(value))
