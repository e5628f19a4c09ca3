"""Methods that accessors of Datasets and of DataArrays share."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import xarray as xr

from .delegation import calls

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.wcs import WCS

__all__ = ["Selections", "SkyPixels"]

Data = TypeVar("Data", xr.Dataset, xr.DataArray)


class Selections(Generic[Data]):
    """Methods that select a part of maps, binned data, profiles and fits, and their variables."""

    _obj: Data

    @calls("binned.nearest_bins.isel")
    def isel(
        self, indexers: Mapping[Hashable, Any] | None = None, *, drop: bool = False, **by_name: Any
    ) -> Data:
        """Select by number, or the bins that hold Quantities."""
        from ..binned.nearest_bins import isel

        return isel(self._obj, indexers, drop=drop, **by_name)

    @calls("binned.nearest_bins.nearest")
    def nearest(
        self,
        position: SkyCoord | None = None,
        *,
        tolerance: Any = None,
        drop: bool = False,
        **by_name: Any,
    ) -> Data:
        """Select the bin that holds a value or a position."""
        from ..binned.nearest_bins import nearest

        return nearest(self._obj, position, tolerance=tolerance, drop=drop, **by_name)

    @calls("maps.indexing.selecting.select")
    def sel(
        self,
        indexers: Mapping[Hashable, Any] | None = None,
        *,
        position: SkyCoord | None = None,
        method: str | None = None,
        tolerance: Any = None,
        drop: bool = False,
        **by_name: Any,
    ) -> Data:
        """Select by coordinates with Quantities."""
        from ..maps.indexing.selecting import select

        return select(
            self._obj, indexers, position=position, method=method, tolerance=tolerance, drop=drop,
            **by_name,
        )  # fmt: skip


class SkyPixels(Generic[Data]):
    """Properties of pixels on the sky, of the accessors of maps and of one map."""

    _obj: Data

    @property
    def wcs(self) -> WCS:
        """Celestial WCS of the pixels, a copy; maps in HEALPix have none.

        See Also
        --------
        xprofile.skycoord : Sky positions of the pixels.

        Examples
        --------
        >>> import xprofile
        >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
        >>> maps.profile.wcs.wcs.ctype[0]
        'GLON-CAR'
        """
        from ..maps.wcs import decode_wcs

        return decode_wcs(self._obj).deepcopy()

    @property
    def skycoord(self) -> SkyCoord:
        """Sky coordinates of the pixel centres, (lat, lon) or (cell), NaN off the sky.

        See Also
        --------
        xprofile.skycoord : The function.

        Examples
        --------
        >>> import xprofile
        >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
        >>> maps.profile.skycoord.shape
        (200, 400)
        """
        from ..maps.positions import skycoord

        return skycoord(self._obj)

    @property
    def solid_angle(self) -> xr.DataArray:
        """Solid angle of the pixels in sr, (lat, lon) or (cell).

        See Also
        --------
        xprofile.solid_angle : The function.

        Examples
        --------
        >>> import xprofile
        >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
        >>> maps.profile.solid_angle.dims
        ('lat', 'lon')
        """
        from ..maps.positions import solid_angle

        return solid_angle(self._obj)
