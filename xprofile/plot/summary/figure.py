"""Figure with a summary of a profile: the sky with its bins, flux, counts and significance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import astropy.units as u
import xarray as xr

from ...bins.drawing import add_numbers
from ...bins.skybins import AnyBins
from ...profile.sed import quantity_name
from ...schema.axes import bin_dim
from ...schema.options import suggests_options
from ..bins import bin_centers
from ..elements.legends import legend_entries
from ..elements.quantities import find_quantity, split_energy_bins
from ..elements.xaxis import make_xaxis
from ..elements.yaxis import TWIN_COLOR
from ..profile import plot_profile
from .counts import draw_counts
from .finish import finish_panels
from .layout import add_panels, laid_out, plan_summary
from .sky import bins_to_draw, draw_sky

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_summary"]

_HEIGHTS = {"profile": 2.2, "counts": 1.8, "significance": 1.3}  # inches
_NEEDS = {"counts": "counts", "significance": "sqrt_ts"}  # variable that a panel needs


@suggests_options
def plot_summary(
    profile: xr.Dataset,
    image: xr.DataArray | None = None,
    *,
    figure: Any = None,
    bins: AnyBins | None = None,
    sed_type: str | None = None,
    x: str | None = None,
    x_unit: str | u.Unit | None = None,
    image_kw: Mapping[str, Any] | None = None,
    bins_kw: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> dict[str, Axes]:
    """Plot a summary of a profile: its bins on the sky, flux, counts and significance.

    The bins are numbered from 0, as in ``isel``, on the sky and above the profile; of many bins,
    every 2nd, 5th, 10th ... gets a number. An energy bin has the same colour in all panels.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`.
    image : xarray.DataArray, optional
        Map to show below the bins, dims lat and lon; cut it out and smooth it before. Without it
        the sky is blank.
    figure : matplotlib.figure.Figure or matplotlib.figure.SubFigure, optional
        By default a new one with constrained layout, of a size that suits the bins. If it is
        narrower than 6.4 in, all panels are below each other; for a new one,
        ``rcParams["figure.figsize"]`` has the width, as in the style "xprofile.two-column". Legends
        are inside panels that are narrower than 6.4 in, or that have an axis on their right. An
        empty figure without a layout is laid out once.
    bins : SkyBins or list of regions.SkyRegion, optional
        Bins to draw; by default those of the coordinate ``region``. Without both, and without an
        image, the figure has no sky.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        Quantity of the profile panel; by default as in `plot_profile`.
    x, x_unit : optional
        Coordinate on the horizontal axis and its unit, as in `plot_profile`.
    image_kw : mapping, optional
        Passed to `plot_sky`, such as ``{"stretch": "sqrt"}``.
    bins_kw : mapping, optional
        Passed to `plot_bins`.
    **kwargs
        Passed to `plot_profile` for the flux; ``add_legend=False`` leaves out its legend alone.

    Returns
    -------
    dict of str to matplotlib.axes.Axes
        Panels ``sky``, ``profile``, ``counts`` and ``significance``, those for which the profile
        has data.

    Raises
    ------
    InvalidBinsError
        If the number of bins differs from that of the profile, or a region cannot be read.
    MissingVariableError, InvalidDataError, InvalidOptionError
        As `plot_profile` and `plot_sky`.

    See Also
    --------
    xprofile.plot.plot_profile : Plot one quantity alone.
    xprofile.plot.plot_sky : Show a map alone.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> panels = xprofile.plot.plot_summary(maps.profile.estimate(rings), bins=rings)
    >>> list(panels)
    ['sky', 'profile', 'counts', 'significance']
    """
    wanted = None if sed_type is None else quantity_name(sed_type)
    source, name = find_quantity(profile, wanted, None)
    bands = split_energy_bins(source, name)
    axis, shown = make_xaxis(source, x, x_unit), bins_to_draw(profile, bins)
    heights = {p: size for p, size in _HEIGHTS.items() if _NEEDS.get(p, name) in source}
    heights["profile"] = max(heights["profile"], 1.2 + 0.25 * len(bands))  # room for the legend
    given, figure = figure, figure or _new_figure()
    with laid_out(figure):
        sky, drawn = draw_sky(figure, image, shown, image_kw or {}, bins_kw or {})
        plan = plan_summary(given, sky, axis.centre.size)
        panels, size = add_panels(figure, sky, heights, plan)
        if given is None:
            figure.set_size_inches(size)
        over: dict[str, Any] = {"x": x or bin_dim(profile), "x_unit": x_unit, "add_legend": False}
        plot_profile(profile, name, ax=panels["profile"], **{**over, **kwargs, "add_legend": False})
        over["cmap"] = _colors(panels["profile"], len(bands))
        entries = {"profile": legend_entries(panels["profile"])}
        if kwargs.get("add_legend") is False:
            entries.clear()
        if "counts" in panels:
            entries["counts"] = draw_counts(panels["counts"], profile, over)
        _draw_significance(panels.get("significance"), profile, over)
        shown_entries = {panel: some for panel, some in entries.items() if some}
        finish_panels(panels, shown_entries, axis.centre, narrow=plan.narrow)
        if shown is not None and drawn is not None:
            add_numbers(bin_centers(shown), drawn)
    return panels if sky is None else {"sky": sky, **panels}


def _new_figure() -> Any:
    import matplotlib.pyplot as plt

    return plt.figure(layout="constrained")


def _colors(ax: Axes, count: int) -> Any:
    """Colour map of the energy bins as drawn on axes; None for a single energy bin."""
    from matplotlib.colors import ListedColormap

    handles: Any = ax.get_legend_handles_labels()[0]
    points = [handle.lines[0] for handle in handles if hasattr(handle, "lines")]
    series = (points or handles)[:count]  # lines of a model come later
    if count == 1 or len(series) != count:
        return None
    return ListedColormap([line.get_color() for line in series])


def _draw_significance(ax: Axes | None, profile: xr.Dataset, over: dict[str, Any]) -> None:
    """Draw the significance and a line at 0."""
    if ax is not None:
        plot_profile(profile, "sqrt_ts", ax=ax, **over)
        ax.axhline(0, color=TWIN_COLOR, linewidth=0.5, zorder=1)
