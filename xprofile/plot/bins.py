"""Figure of the outlines of bins: of `SkyBins`, a list of regions, or those of a Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord

from ..bins.drawing import draw_outlines, shown_grid
from ..bins.ds9_regions import parse_region_texts
from ..bins.outlines import region_paths
from ..bins.skybins import AnyBins, as_bins
from ..exceptions import MissingVariableError
from ..maps.pixelgrid import PixelGrid
from ..maps.world.frames import frame_from_attrs
from ..schema.names import DISTANCE_UNIT, LAT, LON, REGION
from ..schema.options import suggests_options
from ..schema.units import values_in_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.path import Path

__all__ = ["bin_centers", "merged_paths", "plot_bins"]


@suggests_options
def plot_bins(
    bins: AnyBins | xr.Dataset, ax: Axes | None = None, *, numbers: bool = False, **kwargs: Any
) -> PolyCollection:
    """Draw the outlines of bins on sky axes.

    Parameters
    ----------
    bins : SkyBins, list of regions.SkyRegion, or xarray.Dataset
        Bins. They have their true outlines on the sky, those with ``planar=True`` their outlines
        in the plane of the map. For binned data or a profile, the ``region`` of each bin is drawn,
        with all its parts if bins were merged.
    ax : astropy.visualization.wcsaxes.WCSAxes, optional
        The current axes by default. Axes that show anything keep their limits.
    numbers : bool
        Write the number of each bin into it, from 0 as in ``isel``. Of many bins, every 2nd, 5th,
        10th ... gets a number, so that the numbers do not overlap on the axes as they are now.
    **kwargs
        Passed to `matplotlib.collections.PolyCollection`; ``color`` is the colour of the edges.

    Returns
    -------
    matplotlib.collections.PolyCollection
        One path for each bin, in pixels of the axes' WCS. It is interrupted where the bin crosses
        the seam of the projection or leaves the sky.

    Raises
    ------
    InvalidOptionError
        If the axes have no WCS.
    InvalidBinsError
        If `bins` are not bins, or a region has no outline or is not in DS9's format.
    MissingVariableError
        If a Dataset has no ``region``.

    See Also
    --------
    xprofile.plot.plot_sky : Show a map, on which the bins can be drawn.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> ax = xprofile.plot.plot_sky(maps.counts.sum("energy"))
    >>> drawn = xprofile.plot.plot_bins(rings, ax, numbers=True)
    >>> len(drawn.get_paths())
    4
    """
    if not isinstance(bins, xr.Dataset):
        return as_bins(bins).plot(ax, numbers=numbers, **kwargs)
    paths = merged_paths(bins, shown_grid(ax))
    return draw_outlines(paths, bin_centers(bins) if numbers else None, ax, **kwargs)


def bin_centers(bins: AnyBins | xr.Dataset) -> SkyCoord:
    """Sky positions of the centres of bins, or of the bins of a Dataset, (nbin,)."""
    if not isinstance(bins, xr.Dataset):
        return as_bins(bins).center
    lon, lat = (
        np.atleast_1d(values_in_unit(bins[name], name, DISTANCE_UNIT)) for name in (LON, LAT)
    )
    return SkyCoord(lon, lat, unit=DISTANCE_UNIT, frame=frame_from_attrs(bins[LON].attrs))


def merged_paths(data: xr.Dataset, grid: PixelGrid) -> list[Path]:
    """Make one path for each bin from all its regions."""
    from matplotlib.path import Path

    if REGION not in data.coords:
        raise MissingVariableError(
            "the Dataset has no coordinate region with the bins to draw; give SkyBins or a list "
            "of regions"
        )
    parts = parse_region_texts(np.atleast_1d(data[REGION].to_numpy()))
    paths = region_paths([region for part in parts for region in part], grid)
    stops = np.cumsum([len(part) for part in parts])
    starts = stops - [len(part) for part in parts]
    return [Path.make_compound_path(*paths[i:j]) for i, j in zip(starts, stops, strict=True)]
