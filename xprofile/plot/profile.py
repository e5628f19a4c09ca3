"""Figure of a profile: a quantity over the bins, with a series for each energy bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import astropy.units as u
import xarray as xr

from ..exceptions import InvalidOptionError
from ..profile.sed import quantity_name
from ..schema.number_checks import check_bool, check_number
from ..schema.options import suggests_options
from ..schema.variables import SED_TYPES
from .elements.colormaps import check_colormap
from .elements.labels import axis_label, described_label, errors_label, limits_label, quantity_label
from .elements.legends import draw_legend
from .elements.quantities import find_quantity, split_energy_bins
from .elements.series import STYLES, Series, draw_series, errors_handle, limits_handle, read_series
from .elements.xaxis import XAxis, make_xaxis
from .elements.yaxis import (
    TWIN_COLOR,
    axes_without_sky,
    check_scale,
    label_yaxis,
    right_axes,
    set_scale,
)
from .models.panels import move_label_below
from .models.shapes import check_shape, draw_residuals, draw_shape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["plot_profile"]

_Bands = list[tuple[str, xr.Dataset]]


@suggests_options
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
    model: xr.Dataset | None = None,
    offset: float = 0.0,
    cmap: Any = None,
    add_legend: bool | None = None,
    negative_limits: bool = False,
    **kwargs: Any,
) -> Axes:
    """Plot a quantity over the bins of a profile, with a series for each energy bin.

    Fluxes and norms are drawn as points with errors, with horizontal bars from edge to edge of the
    bin, and arrows at upper limits; counts as points with errors of sqrt(N); other quantities as
    points if they have errors, such as parameters of `fit_spectrum`, or else as steps. Several
    calls draw over each other. Bins with NaN are left out, and so are bins in which the error of
    another quantity is NaN.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate` or `fit_spectrum`, or with a `quantity`, another Dataset along bins.
    quantity : str, optional
        A sed type, or the name of a variable such as ``npred`` or ``sqrt_ts``; by default the sed
        type of the profile, or of a fit of spectra the first parameter besides the amplitude.
    ax : matplotlib.axes.Axes, optional
        The current axes by default.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        The same as a sed type given as `quantity`. The sed type of the profile is plotted as it is
        stored, so a surface brightness stays one.
    sqrt_ts_threshold_ul : float, optional
        Significance below which the upper limit is drawn; by default that of the profile.
    x : str, optional
        Coordinate of the bins on the horizontal axis, such as ``"lon"`` or ``"lat"``; by default
        the coordinate of their dimension. A coordinate without edges is interpolated linearly
        between the centres to find them. Longitudes continue through 0, and increase to the left
        as on the sky.
    x_unit : str or Unit, optional
        Unit of the horizontal axis; by default that of the coordinate.
    style : {"points", "steps"}, optional
        Draw points, or steps in front of a shade of the errors, instead of the default style of
        the quantity.
    yscale : {"linear", "log", "symlog"} or str, optional
        Scale of the vertical axis; by default it does not change. A log axis hides limits and the
        parts of errors at or below 0; a warning gives the number of hidden values and limits. A
        symlog axis is linear up to the smallest error.
    twin : str, optional
        Another quantity, such as ``"sqrt_ts"``, drawn as dotted steps with an axis on the right.
    model : xarray.Dataset, optional
        Result of `fit_shape` for the same bins and spectral model: drawn as steps with a band of
        its errors, as they are seen with the PSF, or without it for a profile of `unfold`. Axes
        below have the residuals of the counts, in units of the square root of the predicted ones.
    offset : float
        Move points and limits from the centre of each bin by this share of its width, from -0.5 to
        0.5, so that several profiles can be told apart. Horizontal bars stay.
    cmap : str or matplotlib.colors.Colormap, optional
        Colours of the energy bins, from the lowest to the highest. By default the colours of
        ``rcParams["axes.prop_cycle"]``, or for more bins than it has colours, of
        ``rcParams["image.cmap"]``.
    add_legend : bool, optional
        Draw a legend; by default if the axes have more than one series, a ``label``, limits, or
        errors of another confidence level than 1 sigma. It states the level of these errors, and
        the level and method of the limits. It is where the axes have no data, or else above the
        data, for which the vertical axis becomes longer, or above axes whose limits were set.
    negative_limits : bool
        Draw arrows also at limits below 0; by default the value with its errors is drawn there.
    **kwargs
        Passed to `matplotlib.axes.Axes.errorbar`, or for steps to `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; with a twin, those with the vertical axis on the left.

    Raises
    ------
    MissingVariableError
        If the profile has no such quantity.
    InvalidDataError
        If the quantity has dims other than the bins' and energy, or is not a number.
    InvalidOptionError
        If the sed type, style or scale is unknown, `offset` leaves the bins, the bins have no
        coordinate `x`, `x_unit` does not fit it, or `model` is not a fit of a shape.

    See Also
    --------
    xprofile.plot.plot_stat_scan : Plot the fit statistic over bins and flux.
    xprofile.plot.plot_summary : Plot sky, flux, counts and significance in one figure.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(rings, selection_optional=["ul"])
    >>> ax = xprofile.plot.plot_profile(profile, "eflux", twin="sqrt_ts", x_unit="arcmin")
    >>> ax.get_xlabel()
    'Projected distance [arcmin]'
    >>> plt.close()
    """
    _check_options(quantity, sed_type, style, offset)
    check_bool("negative_limits", negative_limits)
    check_colormap(cmap)
    check_scale(yscale)
    wanted = quantity if sed_type is None else quantity_name(sed_type)
    source, name = find_quantity(profile, wanted, sqrt_ts_threshold_ul)
    bands, axis = split_energy_bins(source, name), make_xaxis(source, x, x_unit)
    beside = find_quantity(profile, twin, None) if twin else None
    right_bands = split_energy_bins(*beside) if beside else []
    if model is not None:
        check_shape(model, source, name)
    ax = axes_without_sky(ax)
    axis = axis.shifted_to(ax).moved_by(offset)
    series = [read_series(band, name, negative_limits=negative_limits) for _, band in bands]
    series = [replace(one, style=style or one.style) for one in series]
    styles = _band_styles(source, name, bands, cmap, kwargs)
    lines = [draw_series(ax, axis, one, look) for one, look in zip(series, styles, strict=True)]
    set_scale(ax, yscale, series)
    if model is not None:
        draw_shape(ax, axis, source, name, model, lines)
    axis.label_axes(ax)
    label_yaxis(ax, source, name)
    extra = [_draw_twin(ax, axis, *beside, right_bands, lines)] if beside else []
    named = _interval_entries(source, name, series, lines)
    if model is not None:
        draw_residuals(ax, axis, model, lines)
    move_label_below(ax)
    draw_legend(ax, [*extra, *named], add_legend, labelled="label" in kwargs or bool(named))
    return ax


def _check_options(
    quantity: str | None, sed_type: str | None, style: str | None, offset: float
) -> None:
    """Raise if options exclude each other, the style is unknown, or the offset leaves the bin."""
    check_number("offset", offset, "a finite number")
    if abs(offset) > 0.5:
        raise InvalidOptionError(
            f"offset must be from -0.5 to 0.5 of the width of a bin, found {offset:g}"
        )
    if quantity is not None and sed_type is not None:
        raise InvalidOptionError(
            "give a quantity or a sed_type, not both, as each names what to plot"
        )
    if style not in (None, *STYLES):
        raise InvalidOptionError(f"unknown style {style!r}; choose one of {list(STYLES)}")


def _band_styles(
    source: xr.Dataset, name: str, bands: _Bands, cmap: Any, given: dict[str, Any]
) -> list[dict[str, Any]]:
    """Keywords of each energy bin: those of the caller, a colour, and a label for the legend."""
    named = None if name in SED_TYPES else described_label(source, name)
    label = given.get("label") or named
    colored = {"color", "c"} & set(given)
    colors = [] if colored else _band_colors(len(bands), cmap)
    styles = []
    for index, (text, _) in enumerate(bands):
        words = ", ".join(part for part in (label, text) if part)
        color = {"color": colors[index]} if colors else {}
        styles.append({**given, **color, **({"label": words} if words else {})})
    return styles


def _interval_entries(
    source: xr.Dataset, name: str, series: Sequence[Series], lines: Sequence[Line2D]
) -> list[Line2D]:
    """Entries of a legend for errors and limits, with their confidence levels."""
    errors = errors_label(source.attrs) if f"{name}_err" in source else ""
    limits = limits_label(source.attrs)
    found = errors_handle(series, lines, errors), limits_handle(series, lines, limits)
    return [entry for entry in found if entry is not None]


def _band_colors(count: int, cmap: Any = None) -> list[Any]:
    """Colours of energy bins from a colour map; empty if the cycle of rcParams has enough."""
    from matplotlib import rcParams
    from matplotlib.pyplot import get_cmap

    if cmap is None and count <= len(rcParams["axes.prop_cycle"]):
        return []
    top = 1.0 if cmap is not None else 0.9  # the last colour of many maps is pale
    share = [top * index / max(count - 1, 1) for index in range(count)]
    return [get_cmap(cmap)(value) for value in share]


def _draw_twin(
    ax: Axes,
    axis: XAxis,
    source: xr.Dataset,
    name: str,
    bands: _Bands,
    lines: Sequence[Line2D],
) -> Line2D:
    """Draw a quantity with an axis on the right; return a line for the legend.

    A single series is grey, several have the colours of the energy bins.
    """
    from matplotlib.lines import Line2D

    from .elements.power_labels import set_label_with_power

    right, new = right_axes(ax)
    alone = new and len(bands) == 1
    looks: dict[str, Any] = {"linestyle": ":", "linewidth": 1.2}
    for index, (_, band) in enumerate(bands):
        color = TWIN_COLOR if alone else lines[index % len(lines)].get_color()
        steps = replace(read_series(band, name), style="steps", errors=None)
        draw_series(right, axis, steps, {**looks, "color": color})
    if new:
        right.axhline(0, color=TWIN_COLOR, linewidth=0.5)
        right.yaxis.label.set_color(TWIN_COLOR)
        set_label_with_power(right.yaxis, axis_label(source[name].attrs, name))
        right.tick_params(axis="y", colors=TWIN_COLOR)
    label = quantity_label(source[name].attrs, name)
    return Line2D([], [], color=TWIN_COLOR, label=label, **looks)
