"""Sky axes without an image, centred on bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from astropy.coordinates import (
    ICRS,
    BaseCoordinateFrame,
    SkyCoord,
    UnitSphericalRepresentation,
)
from astropy.wcs import WCS
from astropy.wcs.utils import celestial_frame_to_wcs
from numpy.typing import NDArray

from ..bins.skybins import SkyBins
from .bins import bin_centers
from .sky import label_sky_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["blank_sky_axes", "limit_aspect"]

# Limits of the width over the height of a blank sky. Outside them, the labels of its axes have no
# room in the figure.
_MIN_ASPECT, _MAX_ASPECT = 0.6, 4.0

# Distance from the middle in degrees beyond which bins are shown on the whole sky. The zenithal
# equal-area projection stretches shapes by a third at 60 deg, and without limit towards 180 deg. At
# a tenth of it, bins a few degrees wide would be dots on the whole sky.
_LARGE = 60


def blank_sky_axes(figure: Any, bins: SkyBins | xr.Dataset) -> Axes:
    """Make sky axes that are centred on bins, without an image."""
    wcs, frame = _wcs_centred_on(bin_centers(bins))
    axes: Axes = figure.add_subplot(projection=wcs)
    axes.set_aspect("equal")
    label_sky_axes(axes, frame)
    return axes


def limit_aspect(ax: Axes) -> None:
    """Widen the limits of a blank sky that is too narrow or too flat for the labels of its axes."""
    x, y = np.array(ax.get_xlim()), np.array(ax.get_ylim())
    aspect = np.ptp(x) / np.ptp(y)
    if aspect < _MIN_ASPECT:
        ax.set_xlim(*_widened(x, _MIN_ASPECT / aspect))
    if aspect > _MAX_ASPECT:
        ax.set_ylim(*_widened(y, aspect / _MAX_ASPECT))


def _widened(limits: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Limits with the same middle and a larger range."""
    middle = limits.mean()
    return np.asarray(middle + factor * (limits - middle))


def _wcs_centred_on(centers: SkyCoord) -> tuple[WCS, BaseCoordinateFrame]:
    """Make a projection in degrees that is centred on bins, and return its frame."""
    mean = centers.cartesian.mean().represent_as(UnitSphericalRepresentation)
    middle = SkyCoord(centers.frame.replicate_without_data().realize_frame(mean))
    large = bool((middle.separation(centers).deg > _LARGE).any())
    kind = "AIT" if large else "ZEA"
    try:
        wcs = celestial_frame_to_wcs(middle.frame.replicate_without_data(), projection=kind)
    except ValueError:  # a frame without a name in FITS
        middle = middle.transform_to(ICRS())
        wcs = celestial_frame_to_wcs(ICRS(), projection=kind)
    position = middle.spherical
    wcs.wcs.crval = position.lon.deg, 0.0 if large else position.lat.deg
    wcs.wcs.crpix = 1, 1
    wcs.wcs.cdelt = -1, 1
    wcs.wcs.set()
    return wcs, middle.frame.replicate_without_data()
