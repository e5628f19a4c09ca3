"""Methods of one map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

from .base import DataArrayProfile
from .delegation import calls

if TYPE_CHECKING:
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from astropy.wcs import WCS
    from matplotlib.axes import Axes

    from ..bins.skybins import AnyBins

__all__ = ["ImageAccessor"]


class ImageAccessor(DataArrayProfile):
    """Methods of one map, at ``image.profile``.

    Parameters
    ----------
    obj : xarray.DataArray
        Map with pixels on the sky, of any further dims.

    See Also
    --------
    xprofile.open_map : Open one map.
    xprofile.accessor.maps.MapsAccessor : Methods of a Dataset of maps.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> image = maps.counts.sum("energy")
    >>> image.profile
    Map image: counts
    ...
    """

    _stage = "image"

    @property
    def wcs(self) -> WCS:
        """Celestial WCS of the map, a copy; one in HEALPix has none.

        See Also
        --------
        xprofile.skycoord : Sky positions of the pixels.

        Examples
        --------
        >>> import xprofile
        >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
        >>> image = maps.counts.sum("energy")
        >>> image.profile.wcs.wcs.ctype[0]
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
        >>> image = maps.counts.sum("energy")
        >>> image.profile.skycoord.shape
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
        >>> image = maps.counts.sum("energy")
        >>> image.profile.solid_angle.dims
        ('lat', 'lon')
        """
        from ..maps.positions import solid_angle

        return solid_angle(self._obj)

    @calls("binned.selection.cutout")
    def cutout(
        self,
        center: SkyCoord,
        width: u.Quantity | tuple[u.Quantity, u.Quantity] | None = None,
        *,
        radius: u.Quantity | None = None,
    ) -> xr.DataArray:
        """Cut the map out round a position."""
        from ..binned.selection import cutout

        return cutout(self._obj, center, width, radius=radius)

    @calls("binned.image_binning.bin_image")
    def bin(
        self,
        bins: AnyBins,
        *,
        how: Literal["sum", "mean"] = "sum",
        overlap: Literal["center", "subpixel"] = "center",
        subpixels: int | None = None,
        progress: bool = False,
    ) -> xr.DataArray:
        """Sum or average over bins."""
        from ..binned.image_binning import bin_image

        return bin_image(
            self._obj, bins, how=how, overlap=overlap, subpixels=subpixels, progress=progress
        )

    @calls("maps.smoothing.smooth")
    def smooth(
        self, width: u.Quantity, *, kernel: str = "gauss", mask: xr.DataArray | None = None
    ) -> xr.DataArray:
        """Smooth the map."""
        from ..maps.smoothing import smooth

        return smooth(self._obj, width, kernel=kernel, mask=mask)

    @calls("plot.sky.plot_sky")
    def plot_sky(
        self,
        *,
        ax: Axes | None = None,
        stretch: str = "linear",
        cmap: Any = None,
        vmin: float | None = None,
        vmax: float | None = None,
        add_colorbar: bool = True,
        **kwargs: Any,
    ) -> Axes:
        """Show the map on sky axes."""
        from ..plot import plot_sky

        return plot_sky(
            self._obj,
            ax=ax,
            stretch=stretch,
            cmap=cmap,
            vmin=vmin,
            vmax=vmax,
            add_colorbar=add_colorbar,
            **kwargs,
        )
