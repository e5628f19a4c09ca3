"""Methods of one map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

from .base import DataArrayProfile
from .delegation import calls
from .shared_methods import SkyPixels

if TYPE_CHECKING:
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from matplotlib.axes import Axes

    from ..bins.skybins import AnyBins

__all__ = ["ImageAccessor"]


class ImageAccessor(DataArrayProfile, SkyPixels[xr.DataArray]):
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
