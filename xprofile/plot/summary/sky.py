"""The sky panel of a summary: bins on an image, or on blank sky axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import xarray as xr

from ...bins.skybins import AnyBins, SkyBins, as_bins
from ...exceptions import InvalidBinsError
from ...schema.axes import bin_dim
from ...schema.names import REGION
from ..bins import plot_bins
from ..blank_sky import blank_sky_axes, limit_aspect
from ..sky import add_sky_axes, plot_sky

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection

__all__ = ["bins_to_draw", "draw_sky"]


def bins_to_draw(profile: xr.Dataset, bins: AnyBins | None) -> SkyBins | xr.Dataset | None:
    """Return the given bins, or the profile if it has the regions of its bins, or None.

    Raises
    ------
    InvalidBinsError
        If the given bins are not as many as those of the profile.
    """
    if bins is None:
        return profile if REGION in profile.coords else None
    shown, expected = as_bins(bins), profile.sizes.get(bin_dim(profile), 1)
    if len(shown) != expected:
        raise InvalidBinsError(
            f"there are {len(shown)} bins, and {expected} along {bin_dim(profile)} in the profile; "
            "give the bins with which the profile was made"
        )
    return shown


def draw_sky(
    figure: Any,
    image: xr.DataArray | None,
    bins: SkyBins | xr.Dataset | None,
    image_kw: Mapping[str, Any],
    bins_kw: Mapping[str, Any],
) -> tuple[Axes | None, PolyCollection | None]:
    """Draw the sky and the outlines of bins on new axes of a figure.

    Returns
    -------
    sky : astropy.visualization.wcsaxes.WCSAxes or None
        The axes; None without an image and bins.
    drawn : matplotlib.collections.PolyCollection or None
        The outlines.
    """
    if image is not None:
        sky = plot_sky(image, ax=add_sky_axes(figure, image), **image_kw)
    elif bins is not None:
        sky = blank_sky_axes(figure, bins)
    else:
        return None, None
    drawn = None if bins is None else plot_bins(bins, sky, **bins_kw)
    if image is None:
        limit_aspect(sky)
    return sky, drawn
