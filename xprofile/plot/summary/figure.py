"""Figure with a summary of a profile: the sky with its bins, flux, counts and significance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...bins.drawing import add_numbers
from ...bins.number_labels import number_size, number_step
from ...bins.skybins import AnyBins
from ...profile.sed import quantity_name
from ...schema.axes import bin_dim
from ...schema.options import suggests_options
from ..bins import bin_centers
from ..elements.quantities import find_quantity, split_energy_bins
from ..elements.xaxis import make_xaxis
from ..elements.yaxis import TWIN_COLOR
from ..profile import plot_profile
from .layout import add_panels, draw_panel_legend, finish_panels, narrow_width
from .sky import bins_to_draw, draw_sky

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["plot_summary"]

_HEIGHTS = {"profile": 2.2, "counts": 1.8, "significance": 1.3}  # inches
_NEEDS = {"counts": "counts", "significance": "sqrt_ts"}  # variable that a panel needs
_WIDTH = 8.0  # inches
_FEW_DECADES = 300  # range of counts up to which 1, 2 and 5 of each decade have room as numbers

# variables in the panel of the counts: text in the legend, and style
_COUNTS: dict[str, tuple[str, dict[str, Any]]] = {
    "counts": ("Counts", {}),
    "npred": ("Predicted", {"linestyle": "-"}),
    "npred_background": ("Background", {"linestyle": "--"}),
}


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
        By default a new one with constrained layout, of a size that suits the bins. If
        ``rcParams["figure.figsize"]`` is narrower than 6.4 in, as with the style
        "xprofile.two-column", it has this width, and all panels are below each other.
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
        Passed to `plot_profile` for the flux.

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
    given, figure = figure, figure or _new_figure()
    sky, drawn = draw_sky(figure, image, shown, image_kw or {}, bins_kw or {})
    heights = {p: size for p, size in _HEIGHTS.items() if _NEEDS.get(p, name) in source}
    heights["profile"] = max(heights["profile"], 0.25 * len(bands))  # room for the legend
    column = narrow_width() if given is None else None
    narrow = column is not None
    width = column or _WIDTH + min(axis.centre.size / 50, 4)
    panels, size = add_panels(figure, sky, heights, width, narrow=narrow)
    if given is None:
        figure.set_size_inches(size)
    over: dict[str, Any] = {"x": x or bin_dim(profile), "x_unit": x_unit, "add_legend": False}
    plot_profile(profile, name, ax=panels["profile"], **{**over, **kwargs})
    over["cmap"] = _colors(panels["profile"], len(bands))
    _draw_counts(panels.get("counts"), profile, over, narrow)
    _draw_significance(panels.get("significance"), profile, over)
    finish_panels(panels, narrow=narrow)
    figure.canvas.figure.draw_without_rendering()  # numbers need the final sizes of the axes
    if shown is not None and drawn is not None:
        add_numbers(bin_centers(shown), drawn)
    _number_above(panels["profile"], axis.centre)
    return panels if sky is None else {"sky": sky, **panels}


def _new_figure() -> Any:
    import matplotlib.pyplot as plt

    return plt.figure(layout="constrained")


def _colors(ax: Axes, count: int) -> Any:
    """Colour map of the energy bins as drawn on axes; None for a single energy bin."""
    from matplotlib.colors import ListedColormap

    handles: Any = ax.get_legend_handles_labels()[0]
    if count == 1 or len(handles) != count:
        return None
    return ListedColormap([getattr(handle, "lines", [handle])[0].get_color() for handle in handles])


def _draw_counts(ax: Axes | None, profile: xr.Dataset, over: dict[str, Any], narrow: bool) -> None:
    """Draw counts and predicted counts, in the colours of the energy bins if there are several."""
    if ax is None:
        return
    for name, (words, look) in _COUNTS.items():
        if name in profile:
            plot_profile(profile, name, ax=ax, label=words, **look, **over)
    found = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    handles: Any = [found[words] for words, _ in _COUNTS.values() if words in found]
    if over["cmap"] is not None:
        _scale_counts(ax)
        handles = [
            _proxy(words, look) for name, (words, look) in _COUNTS.items() if name in profile
        ]
    draw_panel_legend(ax, handles, narrow=narrow)


def _scale_counts(ax: Axes) -> None:
    """Make the counts of energy bins, which differ by orders of magnitude, fill their panel.

    The axis is logarithmic. If a bin has no counts, it is linear below 1 and begins at 0.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    shown = np.concatenate([np.ravel(line.get_ydata()) for line in ax.lines])
    shown = shown[np.isfinite(shown)]
    if shown.size and shown.min() > 0:
        ax.set_yscale("log")
        ax.autoscale_view(scalex=False)
        if shown.max() < _FEW_DECADES * shown.min():
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_major_formatter("{x:g}")
            ax.yaxis.set_minor_formatter(NullFormatter())
        return
    ax.set_yscale("symlog", linthresh=1, linscale=0.3)
    ax.set_ylim(0, 1.5 * max(ax.dataLim.y1, 1))


def _proxy(words: str, look: dict[str, Any]) -> Line2D:
    """Make a line that represents the series of all energy bins in a legend."""
    from matplotlib import rcParams
    from matplotlib.lines import Line2D

    marker = {} if look else {"marker": "o", "linestyle": "none"}
    return Line2D([], [], color=rcParams["text.color"], label=words, **{**marker, **look})


def _draw_significance(ax: Axes | None, profile: xr.Dataset, over: dict[str, Any]) -> None:
    """Draw the significance and a line at 0."""
    if ax is not None:
        plot_profile(profile, "sqrt_ts", ax=ax, **over)
        ax.axhline(0, color=TWIN_COLOR, linewidth=0.5, zorder=1)


def _number_above(ax: Axes, centres: NDArray[np.float64]) -> None:
    """Write the numbers of the bins above the profile."""
    from matplotlib import rcParams

    size = number_size()
    height = np.full(centres.size, ax.get_ylim()[1])
    figure: Any = ax.figure
    places = ax.transData.transform(np.stack([centres, height], axis=1))
    kept = np.arange(0, centres.size, number_step(places, size * figure.dpi / 72))
    above = ax.secondary_xaxis("top")
    above.set_xticks(centres[kept], [str(number) for number in kept], fontsize=size)
    above.tick_params(length=2)
    above.set_xlabel("Bin", fontsize=rcParams["font.size"] * 0.8)
