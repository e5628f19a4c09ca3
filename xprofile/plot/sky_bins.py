"""Figure of a quantity on the sky: each bin is filled with the colour of its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from regions import RectangleSkyRegion

from ..bins.drawing import draw_outlines, shown_grid
from ..bins.ds9_regions import parse_region_texts
from ..exceptions import InvalidOptionError
from ..profile.sed import quantity_name
from ..schema.axes import bin_dim
from ..schema.names import ENERGY, REGION
from ..schema.options import suggests_options
from .bins import bin_centers, merged_paths
from .blank_sky import blank_sky_axes, limit_aspect
from .elements.colormaps import check_colormap
from .elements.labels import axis_label
from .elements.quantities import check_is_per_bin, check_one_quantity, find_quantity
from .elements.sky_layout import settle_sky_axes
from .sky import draw_colorbar, label_sky_axes, unused_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["asks_for_sky", "draw_sky_bins", "is_grid", "plot_sky_bins"]

# Largest distance of a box from its place in a grid, in boxes: boxes near the ends of grids of tens
# of degrees are off by 0.1 in the plane in which they are looked at. Boxes at random places are off
# by more than 0.3 in one of the two directions in 64 % of the cases, for each box.
_OFF_GRID = 0.3

_EDGES = {"edgecolor": "0.5", "linewidth": 0.4}


@suggests_options
def plot_sky_bins(
    profile: xr.Dataset,
    quantity: str | None = None,
    *,
    ax: Axes | None = None,
    sed_type: str | None = None,
    cmap: Any = None,
    vmin: float | None = None,
    vmax: float | None = None,
    add_colorbar: bool = True,
    **kwargs: Any,
) -> Axes:
    """Show a quantity on the sky: each bin has the colour of its value, with its true outline.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate` or `fit_spectrum`, of one energy bin, with the coordinate ``region``.
    quantity : str, optional
        A sed type, or the name of a variable such as ``sqrt_ts``, as in `plot_profile`. Values are
        best fits, also of bins with an upper limit; bins without a value are empty.
    ax : astropy.visualization.wcsaxes.WCSAxes, optional
        Axes that show the sky, such as those of `plot_sky`. By default new ones, in a new figure if
        the current one is in use.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        The same as a sed type given as `quantity`.
    cmap : str or matplotlib.colors.Colormap, optional
        ``rcParams["image.cmap"]`` by default.
    vmin, vmax : float, optional
        Values of the first and last colour; the smallest and largest value by default.
    add_colorbar : bool
        Draw a colour bar, with the quantity and its unit.
    **kwargs
        Passed to `matplotlib.collections.PolyCollection`, such as ``norm`` or ``edgecolor``.

    Returns
    -------
    astropy.visualization.wcsaxes.WCSAxes

    Raises
    ------
    MissingVariableError
        If the profile has no such quantity, or no ``region``.
    InvalidOptionError
        If the profile has several energy bins, the axes have no WCS, or a quantity and a sed type
        are given.
    InvalidDataError
        If the quantity is not a number for each bin.

    See Also
    --------
    xprofile.plot.plot_profile : Plot a quantity over the bins.
    xprofile.plot.plot_bins : Draw the outlines of bins alone.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> grid = xprofile.SkyBins.grid(center, width=6 * u.deg, height=4 * u.deg, nbin=(6, 4))
    >>> profile = maps.profile.estimate(grid, energy_edges=[10, 2000] * u.GeV)
    >>> ax = xprofile.plot.plot_sky_bins(profile, "sqrt_ts", cmap="magma")
    >>> ax.get_xlabel()
    'Galactic longitude [deg]'
    """
    check_one_quantity(quantity, sed_type)
    wanted = quantity if sed_type is None else quantity_name(sed_type)
    source, name = find_quantity(profile, wanted, None)
    scale: dict[str, Any] = {} if "norm" in kwargs else {"clim": (vmin, vmax)}
    return draw_sky_bins(source, name, ax, cmap, add_colorbar, {**scale, **kwargs})


def draw_sky_bins(
    source: xr.Dataset, name: str, ax: Axes | None, cmap: Any, bar: bool, given: dict[str, Any]
) -> Axes:
    """Draw a variable with the options of `plot_sky_bins`."""
    check_colormap(cmap)
    given = dict(given)
    ends = (given.pop("vmin", None), given.pop("vmax", None))  # plot_profile passes these on
    clim = given.pop("clim", None)
    limits = ends if clim is None else clim
    bar = given.pop("add_colorbar", bar)
    check_is_per_bin(source, name)
    if source[name].sizes.get(ENERGY, 1) > 1:
        raise InvalidOptionError(
            f"{name} has {source[name].sizes[ENERGY]} energy bins, and bins on the sky show one; "
            f"select it with .isel(energy=0), or give x={bin_dim(source)!r} for a series of each"
        )
    values = source[name].to_numpy().astype(float).ravel()
    blank = ax is None
    ax = blank_sky_axes(unused_figure(), source) if ax is None else ax
    grid = shown_grid(ax)
    look = {"facecolor": None, "cmap": cmap, **_EDGES, **given}
    drawn = draw_outlines(merged_paths(source, grid), None, ax, **look)
    drawn.set_array(np.ma.masked_invalid(values))
    if any(one is not None for one in limits) and np.isfinite(values).any():
        drawn.set_clim(*limits)
    drawn.autoscale_None()
    if blank:
        limit_aspect(ax)
        label_sky_axes(ax, grid.frame)
    if bar:
        draw_colorbar(ax, drawn, axis_label(source[name].attrs, name), None)
    settle_sky_axes(ax)
    return ax


def asks_for_sky(options: Sequence[Any], ax: Axes | None) -> bool:
    """Whether no option asks for a series, and the axes, if there are any, show the sky."""
    return all(one is None for one in options) and (ax is None or hasattr(ax, "wcs"))


def is_grid(profile: xr.Dataset) -> bool:
    """Whether bins are boxes in at least two rows and two columns, with none at the same place."""
    if bin_dim(profile) != REGION or REGION not in profile.coords or profile.sizes[REGION] < 4:
        return False
    boxes = parse_region_texts(profile[REGION].to_numpy())
    if not all(len(one) == 1 and isinstance(one[0], RectangleSkyRegion) for one in boxes):
        return False
    centers = bin_centers(profile)
    mean = SkyCoord(centers.cartesian.mean(), frame=centers.frame.replicate_without_data())
    middle = int(np.argmin(mean.separation(centers)))
    box: Any = boxes[middle][0]
    sizes = np.array([box.width.to_value("deg"), box.height.to_value("deg")])
    for sign in (1, -1):
        local = centers.transform_to(box.center.skyoffset_frame(rotation=sign * box.angle))
        places = np.stack([local.lon.wrap_at("180d").deg, local.lat.deg], axis=1) / sizes
        cells = np.round(places)
        rows = [np.unique(axis).size for axis in cells.T]
        distinct = np.unique(cells, axis=0).shape[0] == len(cells)
        if np.abs(places - cells).max() < _OFF_GRID and distinct and min(rows) > 1:
            return True
    return False
