"""Views: a quantity in several series over the bins or over energy, drawn as figures show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..exceptions import InvalidOptionError
from ..schema.names import DATASET
from ..schema.number_checks import check_number
from ..schema.variables import PROFILE, SED_TYPES, names_of_kind
from .elements.colormaps import check_colormap
from .elements.labels import described_label, errors_label, limits_label
from .elements.legends import draw_legend
from .elements.looks import chosen_looks, series_looks, shared_look, spread
from .elements.quantities import find_quantity, split_energy_bins
from .elements.series import (
    Series,
    draw_series,
    errors_handle,
    limits_handle,
    read_series,
)
from .elements.shown_units import check_yunit
from .elements.spectra import energy_axis, find_spectrum, is_spectrum, split_bins
from .elements.twins import draw_twin
from .elements.xaxis import XAxis, make_xaxis
from .elements.yaxis import (
    axes_without_sky,
    check_scale,
    hide_inner_labels,
    label_yaxis,
    set_scale,
)
from .models.curves import check_model, same_quantity
from .models.panels import move_label_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["View", "check_no_power", "draw_view", "make_view"]


@dataclass(frozen=True)
class View:
    """What to draw: a quantity over an axis, in several series.

    Parameters
    ----------
    source : xarray.Dataset
        With the quantity.
    name : str
        Its variable.
    axis : XAxis
        The horizontal axis.
    split : callable
        Splits a Dataset with a variable into series.
    power : float
        Power of energy that the quantity is multiplied by.
    """

    source: xr.Dataset
    name: str
    axis: XAxis
    split: Callable[[xr.Dataset, str], list[tuple[str, xr.Dataset]]]
    power: float = 0.0


def make_view(
    profile: xr.Dataset,
    wanted: str | None,
    threshold: float | None,
    x: str | None,
    x_unit: Any,
    power: float = 0.0,
) -> View:
    """Choose the quantity and the horizontal axis: that of the bins, or energy."""
    if is_spectrum(profile, x):
        source, name = find_spectrum(profile, wanted, threshold, power)
        return View(source, name, energy_axis(source, x_unit), split_bins, power)
    check_no_power(power)
    source, name = find_quantity(profile, wanted, threshold)
    split_energy_bins(source, name)  # raises before the axis is made
    return View(source, name, make_xaxis(source, x, x_unit), split_energy_bins)


def check_no_power(power: float) -> None:
    """Raise if a power of energy is given for what is not a spectrum."""
    check_number("energy_power", power, "a finite number")
    if power != 0:
        raise InvalidOptionError(
            f"energy_power={power:g} is for spectra; give x='energy', or leave it out"
        )


def draw_view(
    view: View,
    ax: Axes | None,
    *,
    beside: tuple[xr.Dataset, str] | None = None,
    style: str | None = None,
    yscale: str | None = None,
    model: Any = None,
    model_kw: Mapping[str, Any],
    offset: float | None = None,
    cmap: Any = None,
    add_legend: bool | None = None,
    negative_limits: bool = False,
    ul_kw: Mapping[str, Any],
    given: dict[str, Any],
) -> Axes:
    """Draw a quantity with the options of `plot_profile`."""
    check_colormap(cmap)
    check_scale(yscale)
    source, name = view.source, view.name
    groups = view.split(source, name)
    others = view.split(*beside) if beside else []
    known = None if model is None else _prepared(model, view)
    series = [read_series(one, name, negative_limits=negative_limits) for _, one in groups]
    series = [replace(one, style=style or one.style) for one in series]
    label = None if name in SED_TYPES else _label(source, name)
    texts = [text for text, _ in groups]
    looks, ul_looks = series_looks(texts, label, cmap, given), chosen_looks(texts, ul_kw)
    ax = axes_without_sky(ax)
    axis = view.axis.shifted_to(ax)
    check_yunit(ax, name, str(source[name].attrs.get("units", "")))
    yscale = _scales(ax, view, yscale, series)
    lines = _draw(ax, axis, series, looks, offset, ul_looks)
    set_scale(ax, yscale, series)
    if known is not None:
        known.draw(ax, axis, lines, model_kw)
    axis.label_axes(ax)
    label_yaxis(ax, source, name)
    extra = [draw_twin(ax, axis, *beside, others, lines)] if beside else []
    named = _interval_entries(source, name, series, lines, shared_look(ul_looks))
    if known is not None:
        known.draw_below(ax, axis, lines)
    move_label_below(ax)
    labelled = "label" in given or "label" in model_kw or bool(named)
    draw_legend(ax, [*extra, *named], add_legend, labelled=labelled)
    hide_inner_labels(ax)
    return ax


def _label(source: xr.Dataset, name: str) -> str:
    """Label of a quantity, with the name of the data set of a joint fit that was selected."""
    label = described_label(source, name)
    alone = DATASET in source.coords and not source[DATASET].ndim
    if not alone or name not in names_of_kind(PROFILE, "sum"):
        return label
    return f"{label}, {source[DATASET].item()}"


def _draw(
    ax: Axes,
    axis: XAxis,
    series: Sequence[Series],
    looks: Sequence[dict[str, Any]],
    offset: float | None,
    ul_looks: Sequence[Mapping[str, Any]],
) -> list[Line2D]:
    """Draw series, points beside each other if there are several and no offset is given."""
    shares = spread(len(series)) if offset is None else [offset] * len(series)
    if offset is None and axis.turn is not None:
        shares.reverse()  # a longitude increases to the left
    return [
        draw_series(ax, axis.moved_by(share), one, look, limits)
        for share, one, look, limits in zip(shares, series, looks, ul_looks, strict=True)
    ]


def _prepared(model: Any, view: View) -> Any:
    """Check a model, and compute its values in the quantity that is drawn."""
    source, name, power = view.source, view.name, view.power
    power_of_curve = power + 2 * (name == "e2dnde")
    return check_model(
        model,
        source,
        name,
        view.axis,
        lambda data: view.split(data, name),
        lambda other: same_quantity(other, source, name, power),
        (lambda energy: energy**power_of_curve) if view.axis.log else None,
    )


def _scales(ax: Axes, view: View, yscale: str | None, series: Sequence[Series]) -> str | None:
    """Scale of the vertical axis: of new axes with a spectrum logarithmic, if values span a decade.

    All values must be above 0. Numbers at the ticks of less than a decade would be wide.
    """
    if not view.axis.log or ax.has_data():
        return yscale
    ax.set_xscale("log")
    shown = np.concatenate([[], *(array for one in series for array in (one.value, one.limit))])
    shown = shown[np.isfinite(shown)]
    wide = shown.size > 0 and shown.min() > 0 and shown.max() >= 10 * shown.min()
    return yscale or ("log" if wide else None)


def _interval_entries(
    source: xr.Dataset,
    name: str,
    series: Sequence[Series],
    lines: Sequence[Line2D],
    ul_kw: Mapping[str, Any],
) -> list[Line2D]:
    """Entries of a legend for errors and limits, with their confidence levels."""
    errors = errors_label(source.attrs) if f"{name}_err" in source else ""
    limits = limits_label(source.attrs)
    found = errors_handle(series, lines, errors), limits_handle(series, lines, limits, ul_kw)
    return [entry for entry in found if entry is not None]
