"""Outlines and numbers of bins, drawn on sky axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from ..exceptions import InvalidOptionError
from ..maps.pixelgrid import PixelGrid
from .number_labels import number_bins

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.path import Path

__all__ = ["add_numbers", "draw_outlines", "shown_grid"]

_EDGE_COLOR = "tab:orange"  # stands out on dark images and on white paper


def draw_outlines(
    paths: Sequence[Path], centers: SkyCoord | None, ax: Axes | None, **kwargs: Any
) -> PolyCollection:
    """Draw one path for each bin, with its number if `centers` are given.

    Parameters
    ----------
    paths : sequence of matplotlib.path.Path
        In pixels of the axes' WCS.
    centers : SkyCoord or None
        Centres of the bins, (nbin,), to write numbers into the bins.
    ax : astropy.visualization.wcsaxes.WCSAxes or None
        The current axes if None.
    **kwargs
        Passed to `matplotlib.collections.PolyCollection`.
    """
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.collections import PolyCollection

    style = normalize_kwargs(kwargs, PolyCollection)
    color = style.pop("color", _EDGE_COLOR)
    drawn = PolyCollection([], **{"facecolor": "none", "edgecolor": color, **style})
    codes: Any = [path.codes for path in paths]
    drawn.set_verts_and_codes([np.asarray(path.vertices) for path in paths], codes)
    _add(_axes(ax), drawn)
    if centers is not None:
        add_numbers(centers, drawn)
    return drawn


def add_numbers(centers: SkyCoord, drawn: PolyCollection) -> None:
    """Write numbers into bins that are drawn, as many as have room."""
    grid = shown_grid(drawn.axes)
    number_bins(drawn, np.stack(grid.pixel(centers), axis=-1))


def _axes(ax: Any) -> Any:
    """Return the axes, or the current axes if there is a figure."""
    from matplotlib.pyplot import gca, get_fignums

    return gca() if ax is None and get_fignums() else ax


def shown_grid(ax: Any) -> PixelGrid:
    """Return the WCS of sky axes, by default of the current ones, and their limits in pixels.

    Raises
    ------
    InvalidOptionError
        If the axes have no WCS.
    """
    ax = _axes(ax)
    wcs = getattr(ax, "wcs", None)
    if not isinstance(wcs, WCS) or not wcs.has_celestial:
        raise InvalidOptionError(
            "bins are drawn on axes with a WCS; draw a map first with "
            "image.profile.plot_sky(), or make such axes with plt.subplot(projection=wcs)"
        )
    wcs = wcs.celestial
    known = ax.has_data() or not ax.get_autoscalex_on()
    x = ax.get_xlim() if known else 2 * (float(wcs.wcs.crpix[wcs.wcs.lng]) - 1,)
    return PixelGrid(wcs, np.array(x), np.array(ax.get_ylim()))


def _add(ax: Axes, drawn: PolyCollection) -> None:
    """Put bins on axes, and adapt the limits if nothing else is on the axes."""
    empty = not ax.has_data()
    ax.add_collection(drawn, autolim=empty)
    if empty:
        ax.autoscale_view()
