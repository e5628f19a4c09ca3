"""Constructor of bins from astropy regions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from ...exceptions import InvalidBinsError
from ...schema.names import DISTANCE
from ...schema.options import suggests_options
from ..shapes.spherical import is_spherical
from .base import Constructor

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["RegionConstructor", "is_region"]


class RegionConstructor(Constructor):
    """Constructor of `SkyBins` from astropy regions."""

    @classmethod
    @suggests_options
    def from_regions(cls, regions: Sequence[SkyRegion]) -> Self:
        """Make one bin of each astropy sky region, in the plane of the map.

        Parameters
        ----------
        regions : sequence of regions.SkyRegion
            They may overlap; each counts fully. Spherical regions keep their true shape on the
            sphere.

        Returns
        -------
        SkyBins
            The distance of a bin is measured from the first region's centre. For concentric
            circles and annuli it is the mean of the radii.

        Raises
        ------
        InvalidBinsError
            If the list is empty, holds anything else, or a region has no centre.

        See Also
        --------
        SkyBins.to_regions : the way back
        xprofile.exclude : mask regions

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from regions import CircleSkyRegion
        >>> from xprofile import SkyBins
        >>> centers = SkyCoord([0, 2, 4], [0, 0, 0], unit="deg", frame="galactic")
        >>> SkyBins.from_regions([CircleSkyRegion(center, 1 * u.deg) for center in centers])
        <SkyBins: 3 sky regions, projected distance -1 to 5 deg, planar>
        """
        from ..shapes.region_list import RegionList

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
        shape = RegionList(regions)
        return cls(shape, *shape.edges(), "sky regions", DISTANCE, planar=True)


def is_region(value: Any) -> bool:
    """Whether a value is an astropy sky region, planar or spherical."""
    package = sys.modules.get("regions")  # if it is not imported, no region exists
    return package is not None and (isinstance(value, package.SkyRegion) or is_spherical(value))
