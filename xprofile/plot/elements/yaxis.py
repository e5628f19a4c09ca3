"""Axes for a profile: those to draw on, their vertical scale and label, and a second axis."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ...exceptions import InvalidOptionError
from ...schema.warning_place import user_stacklevel
from .labels import COMMON_LABELS, axis_label, described_label, quantity_label
from .series import Series
from .shown_units import keep_yunit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.gridspec import SubplotSpec

__all__ = [
    "TWIN_COLOR",
    "axes_in_place",
    "axes_without_sky",
    "check_scale",
    "hide_inner_labels",
    "label_yaxis",
    "right_axes",
    "set_scale",
]

TWIN_COLOR = "0.5"  # grey
_TWIN = "twin of a profile"


def axes_without_sky(ax: Axes | None) -> Axes:
    """Return the given axes, or the current ones, or new ones if the current ones show the sky."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    current = plt.gca()
    return plt.figure().add_subplot() if hasattr(current, "wcs") else current


def check_scale(yscale: str | None) -> None:
    """Raise unless matplotlib knows the scale."""
    from matplotlib.scale import get_scale_names

    if yscale is not None and yscale not in get_scale_names():
        raise InvalidOptionError(
            f"unknown yscale {yscale!r}; choose 'linear', 'log', 'symlog' or another scale of "
            "matplotlib"
        )


def set_scale(ax: Axes, yscale: str | None, drawn: Sequence[Series]) -> None:
    """Set the scale of the vertical axis, and warn of values that a log axis does not show."""
    if yscale == "symlog":
        ax.set_yscale("symlog", linthresh=_linear_range(ax, drawn))
    elif yscale is not None:
        ax.set_yscale(yscale)
    ax.autoscale_view()  # margins depend on the scale
    if ax.get_yscale() != "log":
        return
    shown = np.concatenate([array for series in drawn for array in (series.value, series.limit)])
    hidden = np.count_nonzero(shown <= 0)
    if hidden:
        warnings.warn(
            f"{hidden} of the {np.count_nonzero(np.isfinite(shown))} values and limits are not "
            "above 0, so a log axis does not show them; yscale='symlog' does",
            UserWarning,
            stacklevel=user_stacklevel(),
        )


def _linear_range(ax: Axes, drawn: Sequence[Series]) -> float:
    """Value up to which a symlog axis is linear: the smallest error, else the smallest value."""
    errors = [series.errors for series in drawn if series.errors is not None]
    parts = errors or [array for series in drawn for array in (series.value, series.limit)]
    sizes = np.abs(np.concatenate([part.ravel() for part in parts]))
    before = getattr(ax.yaxis.get_transform(), "linthresh", np.inf)  # of series drawn before
    least = float(np.min(sizes, where=sizes > 0, initial=before))
    return least if np.isfinite(least) else 1.0


def label_yaxis(ax: Axes, source: xr.Dataset, name: str) -> None:
    """Label the vertical axis. If it has another label already, use one common to both."""
    from .power_labels import plain_label, set_label_with_power

    keep_yunit(ax, str(source[name].attrs.get("units", "")))
    plain = axis_label(source[name].attrs, name)
    label = plain.replace(quantity_label(source[name].attrs, name), described_label(source, name))
    before = plain_label(ax.yaxis)
    common = COMMON_LABELS.get(name, plain) if before and before != label else label
    set_label_with_power(ax.yaxis, common)


def hide_inner_labels(ax: Axes) -> None:
    """Take away labels that panels beside or below have, too, as they share the axis.

    Numbers at the ticks are as the caller made the panels.
    """
    spec = ax.get_subplotspec()
    if spec is None:
        return
    below = _specs(ax.get_shared_x_axes().get_siblings(ax), spec)
    if any(s.colspan == spec.colspan and s.rowspan.start >= spec.rowspan.stop for s in below):
        ax.set_xlabel("")
    beside = _specs(ax.get_shared_y_axes().get_siblings(ax), spec)
    if any(s.rowspan == spec.rowspan and s.colspan.stop <= spec.colspan.start for s in beside):
        ax.set_ylabel("")


def _specs(panels: Sequence[Axes], spec: SubplotSpec) -> list[SubplotSpec]:
    """Places of panels in the same grid of panels."""
    found = [panel.get_subplotspec() for panel in panels]
    grid = spec.get_gridspec()
    return [one for one in found if one is not None and one.get_gridspec() is grid]


def axes_in_place(ax: Axes) -> list[Axes]:
    """Return all axes that are at the place of others and share their horizontal axis."""
    siblings = ax.get_shared_x_axes().get_siblings(ax)
    return [other for other in siblings if other is ax or _is_same_place(ax, other)]


def right_axes(ax: Axes) -> tuple[Axes, bool]:
    """Return axes behind others whose vertical axis is on the right, and whether they are new."""
    for other in axes_in_place(ax):
        if other.get_label() == _TWIN:
            return other, False
    figure: Any = ax.figure
    shown = ax.patch.get_visible()
    right = ax.twinx()
    right.set_label(_TWIN)
    right.set_axes_locator(ax.get_axes_locator())
    right.set_zorder(ax.get_zorder() - 1)
    right.set_facecolor(ax.get_facecolor())
    right.patch.set_visible(shown)
    ax.patch.set_visible(False)
    figure.sca(ax)
    return right, True


def _is_same_place(ax: Axes, other: Axes) -> bool:
    """Whether axes cover each other, which is not known before drawing if they have locators."""
    locator = ax.get_axes_locator()
    same = locator is not None and other.get_axes_locator() is locator
    return same or other.bbox.bounds == ax.bbox.bounds
