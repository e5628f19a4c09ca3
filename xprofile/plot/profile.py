"""Profiles: a quantity over the bins, a series for each energy bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import astropy.units as u
import xarray as xr

from ..exceptions import InvalidOptionError
from ..profile.sed import quantity_name
from ..schema.variables import SED_TYPES
from .labels import COMMON, axis_text, name_text
from .quantities import energy_bands, resolve
from .series import STYLES, draw_series, read_series
from .xaxis import BinAxis, bin_axis
from .yaxis import TWIN_COLOR, check_scale, right_axes, set_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["band_colors", "name_axes", "plain_axes", "plot_profile"]

_Bands = list[tuple[str, xr.Dataset]]


def plot_profile(
    profile: xr.Dataset,
    quantity: str | None = None,
    *,
    ax: Axes | None = None,
    sed_type: str | None = None,
    sqrt_ts_threshold_ul: float | None = None,
    x: str | None = None,
    x_unit: str | u.Unit | None = None,
    style: Literal["points", "steps"] | None = None,
    yscale: str | None = None,
    twin: str | None = None,
    cmap: Any = None,
    add_legend: bool | None = None,
    **kwargs: Any,
) -> Axes:
    """Plot a quantity over the bins of a profile, a series for each energy bin.

    A sed quantity is drawn as points with errors, horizontally from edge to edge of the bin, and
    arrows at the upper limits; counts as points with errors of sqrt(N); anything else as steps,
    so that several calls draw over each other. Bins with NaN are left out.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`.
    quantity : str, optional
        A sed type, or the name of a variable such as ``npred`` or ``sqrt_ts``; the profile's own
        sed type by default.
    ax : matplotlib.axes.Axes, optional
        The current axes by default.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        The same as naming it as `quantity`. The profile's own is plotted as it is stored, so a
        surface brightness stays one.
    sqrt_ts_threshold_ul : float, optional
        Significance below which the upper limit is drawn; the profile's own by default.
    x : str, optional
        A coordinate of the bins to plot over, such as ``"lon"`` or ``"lat"``; their own by
        default. Without edges of its own it has those of the bins, as it changes linearly from
        centre to centre. Longitudes run on through 0, and grow to the left as on the sky.
    x_unit : str or Unit, optional
        Unit of the horizontal axis; that of the coordinate by default.
    style : {"points", "steps"}, optional
        Points, or steps before a shade of the errors, instead of what the quantity has by itself.
    yscale : {"linear", "log", "symlog"} or str, optional
        Scale of the vertical axis; what it is by default. On a log axis, of a value at or below 0
        only the part of the error above 0 is seen, and of such a limit nothing; a warning says
        how many there are. A symlog axis is linear up to the smallest error.
    twin : str, optional
        Another quantity, such as ``"sqrt_ts"``, as dotted steps with an axis on the right.
    cmap : str or matplotlib.colors.Colormap, optional
        Colours of the energy bins, from the lowest to the highest; by default those of
        ``rcParams["axes.prop_cycle"]``, or of ``rcParams["image.cmap"]`` for more bins than that
        has.
    add_legend : bool, optional
        By default if there is more than one series on the axes, or a ``label``.
    **kwargs
        Passed to `matplotlib.axes.Axes.errorbar`, or for steps to `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes
        Those on the left, if there is a twin.

    Raises
    ------
    MissingVariableError
        If the profile has no such quantity.
    InvalidDataError
        If the quantity has dims other than the bins' and energy, or is not a number.
    InvalidOptionError
        If there is no such sed type, style or scale, the bins have no coordinate `x`, or `x_unit`
        does not suit it.
    """
    _check(quantity, sed_type, style)
    check_scale(yscale)
    wanted = quantity if sed_type is None else quantity_name(sed_type)
    source, name = resolve(profile, wanted, sqrt_ts_threshold_ul)
    bands, axis = energy_bands(source, name), bin_axis(source, x, x_unit)
    beside = resolve(profile, twin, None) if twin else None
    right_bands = energy_bands(*beside) if beside else []
    ax = plain_axes(ax)
    axis = axis.on(ax)
    series = [read_series(band, name) for _, band in bands]
    series = [replace(one, style=style or one.style) for one in series]
    styles = _band_styles(source, name, bands, cmap, kwargs)
    lines = [draw_series(ax, axis, one, own) for one, own in zip(series, styles, strict=True)]
    set_scale(ax, yscale, series)
    axis.label_axes(ax)
    name_axes(ax, source, name)
    extra = [_draw_twin(ax, axis, *beside, right_bands, lines)] if beside else []
    _add_legend(ax, extra, add_legend, labelled="label" in kwargs)
    return ax


def _check(quantity: str | None, sed_type: str | None, style: str | None) -> None:
    if quantity is not None and sed_type is not None:
        raise InvalidOptionError("give a quantity or a sed_type, not both: they say the same")
    if style not in (None, *STYLES):
        raise InvalidOptionError(f"no style {style!r}; there are {list(STYLES)}")


def _band_styles(
    source: xr.Dataset, name: str, bands: _Bands, cmap: Any, given: dict[str, Any]
) -> list[dict[str, Any]]:
    """Keywords of each energy bin: the caller's, its colour and its words in the legend."""
    named = None if name in SED_TYPES else name_text(source[name].attrs, name)
    label = given.get("label") or named
    colored = {"color", "c"} & set(given)
    colors = [] if colored else band_colors(len(bands), cmap)
    styles = []
    for index, (text, _) in enumerate(bands):
        words = ", ".join(part for part in (label, text) if part)
        own = {"color": colors[index]} if colors else {}
        styles.append({**given, **own, **({"label": words} if words else {})})
    return styles


def band_colors(count: int, cmap: Any = None) -> list[Any]:
    """Colours of energy bins from a colour map; none if the cycle of rcParams has enough."""
    from matplotlib import rcParams
    from matplotlib.pyplot import get_cmap

    if cmap is None and count <= len(rcParams["axes.prop_cycle"]):
        return []
    top = 1.0 if cmap is not None else 0.9  # the last colour is pale in many of them
    share = [top * index / max(count - 1, 1) for index in range(count)]
    return [get_cmap(cmap)(value) for value in share]


def _draw_twin(
    ax: Axes,
    axis: BinAxis,
    source: xr.Dataset,
    name: str,
    bands: _Bands,
    lines: Sequence[Line2D],
) -> Line2D:
    """Draw a quantity on an axis of its own on the right; return a line for the legend.

    It is grey if there is one series, and has the colours of the energy bins otherwise.
    """
    from matplotlib.lines import Line2D

    right, new = right_axes(ax)
    alone = new and len(bands) == 1
    looks: dict[str, Any] = {"linestyle": ":", "linewidth": 1.2}
    for index, (_, band) in enumerate(bands):
        color = TWIN_COLOR if alone else lines[index % len(lines)].get_color()
        steps = replace(read_series(band, name), style="steps", errors=None)
        draw_series(right, axis, steps, {**looks, "color": color})
    if new:
        right.axhline(0, color=TWIN_COLOR, linewidth=0.5)
        right.set_ylabel(axis_text(source[name].attrs, name), color=TWIN_COLOR)
        right.tick_params(axis="y", colors=TWIN_COLOR)
    label = name_text(source[name].attrs, name)
    return Line2D([], [], color=TWIN_COLOR, label=label, **looks)


def _add_legend(ax: Axes, extra: list[Line2D], add_legend: bool | None, *, labelled: bool) -> None:
    """Draw a legend if it is wanted, or if there is more than one series to tell apart."""
    handles, texts = ax.get_legend_handles_labels()
    if not texts or add_legend is False:
        return
    if add_legend or len(texts) > 1 or labelled:
        handles += extra
        ax.legend(handles=handles, ncols=1 + (len(handles) - 1) // 6)


def plain_axes(ax: Axes | None) -> Axes:
    """Return the current axes; new ones if those show the sky."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    current = plt.gca()
    return plt.figure().add_subplot() if hasattr(current, "wcs") else current


def name_axes(ax: Axes, source: xr.Dataset, name: str) -> None:
    """Name the vertical axis; over another quantity, by what the two have in common."""
    label, before = axis_text(source[name].attrs, name), ax.get_ylabel()
    ax.set_ylabel(COMMON.get(name, label) if before and before != label else label)
