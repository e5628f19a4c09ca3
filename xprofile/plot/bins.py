"""Figure of the outlines of bins: of `SkyBins`, of lists of regions, of a Dataset's regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord

from ..bins.drawing import draw_outlines, shown_grid
from ..bins.outlines import region_paths
from ..bins.region_texts import regions_of_texts
from ..bins.skybins import AnyBins, as_bins
from ..exceptions import MissingVariableError
from ..maps.pixelgrid import PixelGrid
from ..schema.names import LAT, LON, REGION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.path import Path

__all__ = ["bin_centers", "plot_bins"]


def plot_bins(
    bins: AnyBins | xr.Dataset, ax: Axes | None = None, *, numbers: bool = False, **kwargs: Any
) -> PolyCollection:
    """Draw the outlines of bins on sky axes.

    Parameters
    ----------
    bins : SkyBins, list of regions.SkyRegion, or xarray.Dataset
        Bins by true angles are drawn by their true outlines; regions in the plane of the map as
        that plane has them. Of binned data or a profile the ``region`` of each bin is drawn, with
        all its parts if bins were merged.
    ax : astropy.visualization.wcsaxes.WCSAxes, optional
        The current axes by default. Their limits stay as they are if they show anything.
    numbers : bool
        Write the number of each bin into it, from 0 as ``isel`` counts; of many bins that of
        every 2nd, 5th, 10th ..., so that they keep apart on the axes as they are now.
    **kwargs
        Passed to `matplotlib.collections.PolyCollection`; ``color`` is the colour of the edges.

    Returns
    -------
    matplotlib.collections.PolyCollection
        One path for each bin, in pixels of the axes' WCS; it is interrupted where the bin crosses
        the seam of the projection or leaves the sky.

    Raises
    ------
    InvalidOptionError
        If the axes have no WCS.
    InvalidBinsError
        If `bins` are no bins, or a region has no outline or is not in DS9's format.
    MissingVariableError
        If a Dataset has no ``region``.
    """
    if not isinstance(bins, xr.Dataset):
        return as_bins(bins).plot(ax, numbers=numbers, **kwargs)
    paths = _merged_paths(bins, shown_grid(ax))
    return draw_outlines(paths, bin_centers(bins) if numbers else None, ax, **kwargs)


def bin_centers(bins: AnyBins | xr.Dataset) -> SkyCoord:
    """Sky positions of bins, or of those of a Dataset, (nbin,)."""
    if not isinstance(bins, xr.Dataset):
        return as_bins(bins).center
    lon, lat = (np.atleast_1d(bins[name]) for name in (LON, LAT))
    return SkyCoord(lon, lat, unit="deg", frame=bins[LON].attrs["frame"])


def _merged_paths(data: xr.Dataset, grid: PixelGrid) -> list[Path]:
    """Make the path of all regions of each bin."""
    from matplotlib.path import Path

    if REGION not in data.coords:
        raise MissingVariableError("the Dataset has no coordinate region, so no bin to draw")
    parts = regions_of_texts(np.atleast_1d(data[REGION].to_numpy()))
    paths = region_paths([region for part in parts for region in part], grid)
    stops = np.cumsum([len(part) for part in parts])
    starts = stops - [len(part) for part in parts]
    return [Path.make_compound_path(*paths[i:j]) for i, j in zip(starts, stops, strict=True)]
