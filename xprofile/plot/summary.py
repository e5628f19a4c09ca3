"""A summary of a profile: the sky with its bins, flux, counts and significance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..bins.drawing import add_numbers
from ..bins.numbers import number_size, thinned
from ..bins.skybins import AnyBins, SkyBins
from ..exceptions import InvalidBinsError
from ..profile.sed import quantity_name
from ..schema.axes import bin_dim
from .bins import bin_centers, plot_bins
from .profile import plot_profile
from .quantities import energy_bands, resolve
from .skypanel import bins_of, blank_axes, fit_blank, image_axes
from .xaxis import bin_axis
from .yaxis import TWIN_COLOR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.lines import Line2D

__all__ = ["plot_summary"]

_HEIGHTS = {"profile": 2.2, "counts": 1.8, "significance": 1.3}  # inches

_NEEDS = {"counts": "counts", "significance": "sqrt_ts"}  # variables without which there is none

_WIDTH = 8.0  # inches

_MARGINS = 2.2  # of it, for labels and legends

_BESIDE_WIDTH = 4.0  # inches more for a sky on the left

_BESIDE: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1, 1), "frameon": False}

_WIDE = 1.3  # a sky that is wider than this times its height lies above the profile

_LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "counts": ("Counts", {}),
    "npred": ("Predicted", {"linestyle": "-"}),
    "npred_background": ("Background", {"linestyle": "--"}),
}


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
    """Show a profile whole: its bins on the sky, flux, counts and significance.

    The bins are numbered from 0, as ``isel`` counts, on the sky and above the profile; of many
    every 2nd, 5th, 10th ... The energy bins have the same colours in all panels.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`.
    image : xarray.DataArray, optional
        Map to show below the bins, dims lat and lon; cut out and smoothed as it shall be seen.
        Without it the sky is blank.
    figure : matplotlib.figure.Figure or SubFigure, optional
        A new one by default, of a size that suits the bins, with constrained layout.
    bins : SkyBins or list of regions.SkyRegion, optional
        The bins to draw; by default those that the coordinate ``region`` tells of. Without both,
        and without an image, there is no sky.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        The profile's own by default.
    x, x_unit : optional
        Coordinate to plot over and its unit, as in `plot_profile`.
    image_kw : mapping, optional
        Passed to `plot_sky`, such as ``{"stretch": "sqrt"}``.
    bins_kw : mapping, optional
        Passed to `plot_bins`.
    **kwargs
        Passed to `plot_profile` for the flux.

    Returns
    -------
    dict of str to matplotlib.axes.Axes
        ``sky``, ``profile``, ``counts`` and ``significance``; without those for which the profile
        has no data.

    Raises
    ------
    InvalidBinsError
        If there are not as many bins as the profile has, or a region cannot be read.
    MissingVariableError, InvalidDataError, InvalidOptionError
        As `plot_profile` and `plot_sky`.
    """
    wanted = None if sed_type is None else quantity_name(sed_type)
    source, name = resolve(profile, wanted, None)
    bands = energy_bands(source, name)
    axis, shown = bin_axis(source, x, x_unit), _checked_bins(profile, bins)
    given, figure = figure, figure or _new_figure()
    sky, drawn = _draw_sky(figure, image, shown, image_kw or {}, bins_kw or {})
    heights = {p: size for p, size in _HEIGHTS.items() if _NEEDS.get(p, name) in source}
    heights["profile"] = max(heights["profile"], 0.25 * len(bands))  # room for the legend
    width = _WIDTH + min(axis.centre.size / 50, 4)
    panels, size = _lay_out(figure, sky, heights, width)
    if given is None:
        figure.set_size_inches(size)
    over: dict[str, Any] = {"x": x, "x_unit": x_unit, "add_legend": False}
    plot_profile(profile, name, ax=panels["profile"], **{**over, **kwargs})
    over["cmap"] = _colors(panels["profile"], len(bands))
    _draw_counts(panels.get("counts"), profile, over)
    _draw_significance(panels.get("significance"), profile, over)
    _finish(panels)
    figure.canvas.figure.draw_without_rendering()  # only then is it known what has room
    if shown is not None and drawn is not None:
        add_numbers(bin_centers(shown), drawn)
    _number_above(panels["profile"], axis.centre)
    return panels if sky is None else {"sky": sky, **panels}


def _checked_bins(profile: xr.Dataset, bins: AnyBins | None) -> SkyBins | xr.Dataset | None:
    shown, expected = bins_of(profile, bins), profile.sizes.get(bin_dim(profile), 1)
    if isinstance(shown, SkyBins) and len(shown) != expected:
        raise InvalidBinsError(
            f"there are {len(shown)} bins, and {expected} along {bin_dim(profile)} in the profile; "
            "give those of which the profile was made"
        )
    return shown


def _new_figure() -> Any:
    import matplotlib.pyplot as plt

    return plt.figure(layout="constrained")


def _draw_sky(
    figure: Any,
    image: xr.DataArray | None,
    bins: SkyBins | xr.Dataset | None,
    image_kw: Mapping[str, Any],
    bins_kw: Mapping[str, Any],
) -> tuple[Axes | None, PolyCollection | None]:
    """Draw the sky and the bins' outlines, as far as they are known."""
    if image is not None:
        sky = image_axes(figure, image, image_kw)
    elif bins is not None:
        sky = blank_axes(figure, bins)
    else:
        return None, None
    drawn = None if bins is None else plot_bins(bins, sky, **bins_kw)
    if image is None:
        fit_blank(sky)
    return sky, drawn


def _lay_out(
    figure: Any, sky: Axes | None, heights: dict[str, float], width: float
) -> tuple[dict[str, Axes], tuple[float, float]]:
    """Make panels that share their horizontal axis, below the sky or on its right.

    They come with the size in inches that suits the whole.
    """
    rows, cells = list(heights.values()), []
    size = width, 0.7 + sum(rows)
    if sky is not None and _aspect(sky) < _WIDE:
        grid = figure.add_gridspec(len(rows), 2, height_ratios=rows, width_ratios=[1, 1.2])
        place, cells = grid[:, 0], [grid[row, 1] for row in range(len(rows))]
        size = width + _BESIDE_WIDTH, size[1]
    else:
        above = [] if sky is None else [0.7 + min((width - _MARGINS) / _aspect(sky), 3.5)]
        grid = figure.add_gridspec(len(above + rows), 1, height_ratios=above + rows)
        place, *cells = (grid[row] for row in range(len(above + rows)))
        cells = cells if above else [place, *cells]
        size = width, size[1] + sum(above)
    if sky is not None:
        sky.set_subplotspec(place)
    panels: dict[str, Axes] = {}
    for name, cell in zip(heights, cells, strict=True):
        panels[name] = figure.add_subplot(cell, sharex=panels.get("profile"))
    return panels, size


def _aspect(sky: Axes) -> float:
    """Width of sky axes over their height."""
    return float(np.ptp(sky.get_xlim()) / np.ptp(sky.get_ylim()))


def _colors(ax: Axes, count: int) -> Any:
    """Colour map of the energy bins, as they are drawn on axes; None if there is just one."""
    from matplotlib.colors import ListedColormap

    handles: Any = ax.get_legend_handles_labels()[0]
    if count == 1 or len(handles) != count:
        return None
    return ListedColormap([getattr(handle, "lines", [handle])[0].get_color() for handle in handles])


def _draw_counts(ax: Axes | None, profile: xr.Dataset, over: dict[str, Any]) -> None:
    """Draw counts and what is predicted, in the colours of the energy bins or of their own."""
    if ax is None:
        return
    for name, (words, look) in _LOOKS.items():
        if name in profile:
            plot_profile(profile, name, ax=ax, label=words, **look, **over)
    found = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    handles: Any = [found[words] for words, _ in _LOOKS.values() if words in found]
    if over["cmap"] is not None:
        ax.set_yscale("symlog", linthresh=1)  # the bands differ by orders of magnitude
        ax.set_ylim(0, 1.5 * max(ax.dataLim.y1, 1))
        handles = [_proxy(words, look) for name, (words, look) in _LOOKS.items() if name in profile]
    ax.legend(handles=handles, **_BESIDE)


def _proxy(words: str, look: dict[str, Any]) -> Line2D:
    """Stand for the series of all energy bins in a legend."""
    from matplotlib import rcParams
    from matplotlib.lines import Line2D

    marker = {} if look else {"marker": "o", "linestyle": "none"}
    return Line2D([], [], color=rcParams["text.color"], label=words, **{**marker, **look})


def _draw_significance(ax: Axes | None, profile: xr.Dataset, over: dict[str, Any]) -> None:
    if ax is not None:
        plot_profile(profile, "sqrt_ts", ax=ax, **over)
        ax.axhline(0, color=TWIN_COLOR, linewidth=0.5, zorder=1)


def _finish(panels: Mapping[str, Axes]) -> None:
    """Name the shared axis once, and the energy bins beside the first panel."""
    first, *below = panels.values()
    for ax in list(panels.values())[:-1]:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    if first.get_legend_handles_labels()[1]:
        first.legend(**_BESIDE)
    figure: Any = first.figure
    figure.align_ylabels([first, *below])


def _number_above(ax: Axes, centres: NDArray[np.float64]) -> None:
    """Write the numbers of the bins above the profile."""
    from matplotlib import rcParams

    size = number_size()
    height = np.full(centres.size, ax.get_ylim()[1])
    figure: Any = ax.figure
    places = ax.transData.transform(np.stack([centres, height], axis=1))
    kept = np.arange(0, centres.size, thinned(places, size * figure.dpi / 72))
    ax.yaxis.get_offset_text().set(x=-0.01, horizontalalignment="right")  # out of their way
    above = ax.secondary_xaxis("top")
    above.set_xticks(centres[kept], [str(number) for number in kept], fontsize=size)
    above.tick_params(length=2)
    above.set_xlabel("Bin", fontsize=rcParams["font.size"] * 0.8)
