"""Vertical axes: their scale, and a second one on the right."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import InvalidOptionError
from .series import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TWIN_COLOR", "check_scale", "right_axes", "set_scale"]

TWIN_COLOR = "0.5"  # grey

_TWIN = "twin of a profile"


def check_scale(yscale: str | None) -> None:
    """Raise unless matplotlib has such a scale."""
    from matplotlib.scale import get_scale_names

    if yscale is not None and yscale not in get_scale_names():
        raise InvalidOptionError(
            f"no yscale {yscale!r}; there are 'linear', 'log', 'symlog' and matplotlib's others"
        )


def set_scale(ax: Axes, yscale: str | None, drawn: Sequence[Series]) -> None:
    """Scale the vertical axis, and warn of what has no place on it."""
    if yscale == "symlog":
        ax.set_yscale("symlog", linthresh=_linear_range(ax, drawn))
    elif yscale is not None:
        ax.set_yscale(yscale)
    ax.autoscale_view()  # with margins that suit the scale
    if ax.get_yscale() != "log":
        return
    shown = np.concatenate([array for series in drawn for array in (series.value, series.limit)])
    hidden = np.count_nonzero(shown <= 0)
    if hidden:
        warnings.warn(
            f"{hidden} of the {np.count_nonzero(np.isfinite(shown))} values and limits are not "
            "above 0, so they have no place on a log axis; yscale='symlog' has one for them",
            UserWarning,
            stacklevel=3,
        )


def _linear_range(ax: Axes, drawn: Sequence[Series]) -> float:
    """Where a symlog axis turns linear: the smallest error, or value where there are no errors."""
    errors = [series.errors for series in drawn if series.errors is not None]
    parts = errors or [array for series in drawn for array in (series.value, series.limit)]
    sizes = np.abs(np.concatenate([part.ravel() for part in parts]))
    before = getattr(ax.yaxis.get_transform(), "linthresh", np.inf)  # of what is there already
    least = float(np.min(sizes, where=sizes > 0, initial=before))
    return least if np.isfinite(least) else 1.0


def right_axes(ax: Axes) -> tuple[Axes, bool]:
    """Return the axes on the right of others, behind them, and whether they are new."""
    for other in ax.get_shared_x_axes().get_siblings(ax):
        if other.get_label() == _TWIN and other.bbox.bounds == ax.bbox.bounds:
            return other, False
    figure: Any = ax.figure
    shown = ax.patch.get_visible()
    right = ax.twinx()
    right.set_label(_TWIN)
    right.set_zorder(ax.get_zorder() - 1)
    right.set_facecolor(ax.get_facecolor())
    right.patch.set_visible(shown)
    ax.patch.set_visible(False)
    figure.sca(ax)
    return right, True
