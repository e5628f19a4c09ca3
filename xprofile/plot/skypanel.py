"""The sky of a summary: bins on an image, or on axes of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from astropy.coordinates import ICRS, SkyCoord, UnitSphericalRepresentation
from astropy.wcs import WCS
from astropy.wcs.utils import celestial_frame_to_wcs
from numpy.typing import NDArray

from ..bins.skybins import AnyBins, SkyBins, as_bins
from ..maps.wcs import decode_wcs
from ..schema.names import REGION
from .bins import bin_centers
from .sky import label_sky, plot_sky

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["bins_of", "blank_axes", "fit_blank", "image_axes"]

_NARROWEST, _WIDEST = 0.6, 4.0  # width over height of a blank sky

_LARGE = 60  # degrees from the middle; bins that reach further are shown on the whole sky


def bins_of(profile: xr.Dataset, bins: AnyBins | None) -> SkyBins | xr.Dataset | None:
    """Return the bins given, or the profile if its regions tell of them; None without any."""
    if bins is not None:
        return as_bins(bins)
    return profile if REGION in profile.coords else None


def image_axes(figure: Any, image: xr.DataArray, image_kw: Mapping[str, Any]) -> Axes:
    """Show an image on new axes of a figure."""
    return plot_sky(image, ax=figure.add_subplot(projection=decode_wcs(image)), **image_kw)


def blank_axes(figure: Any, bins: SkyBins | xr.Dataset) -> Axes:
    """Make sky axes that suit bins, and wait for them."""
    wcs, frame = _wcs_round(bin_centers(bins))
    axes: Axes = figure.add_subplot(projection=wcs)
    axes.set_aspect("equal")
    label_sky(axes, frame)
    return axes


def fit_blank(ax: Axes) -> None:
    """Give axes that show nothing but bins a shape in which there is room for their labels."""
    x, y = np.array(ax.get_xlim()), np.array(ax.get_ylim())
    aspect = np.ptp(x) / np.ptp(y)
    if aspect < _NARROWEST:
        ax.set_xlim(*_widened(x, _NARROWEST / aspect))
    if aspect > _WIDEST:
        ax.set_ylim(*_widened(y, aspect / _WIDEST))


def _widened(limits: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    middle = limits.mean()
    return np.asarray(middle + factor * (limits - middle))


def _wcs_round(centers: SkyCoord) -> tuple[WCS, str]:
    """Return a projection that suits bins, in degrees, and the name of its frame."""
    mean = centers.cartesian.mean().represent_as(UnitSphericalRepresentation)
    middle = SkyCoord(centers.frame.replicate_without_data().realize_frame(mean))
    large = bool((middle.separation(centers).deg > _LARGE).any())
    kind = "AIT" if large else "ZEA"
    try:
        wcs = celestial_frame_to_wcs(middle.frame.replicate_without_data(), projection=kind)
    except ValueError:  # a frame that FITS lacks
        middle = middle.transform_to(ICRS())
        wcs = celestial_frame_to_wcs(ICRS(), projection=kind)
    position = middle.spherical
    wcs.wcs.crval = position.lon.deg, 0.0 if large else position.lat.deg
    wcs.wcs.crpix = 1, 1
    wcs.wcs.cdelt = -1, 1
    wcs.wcs.set()
    return wcs, str(middle.frame.name)
