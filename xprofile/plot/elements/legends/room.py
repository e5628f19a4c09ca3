"""Room above data for a legend: axes that grow, and grow again if they follow more data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..yaxis import axes_in_place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

__all__ = ["end_room", "grow", "keep_room", "keep_shared_room", "may_grow"]

_ROOM = "_xprofile_room"  # attribute of axes with the callback that keeps the room of a legend
_SHARE = "_xprofile_share"  # attribute of a legend above data: its share of the axes

_EQUAL = 1e-6  # axes that differ in length by this share are the same; a pixel is a thousandth


def may_grow(ax: Axes) -> bool:
    """Whether the upper end of the vertical axis follows the data, and is at the top."""
    lower, upper = ax.get_ylim()
    return ax.get_autoscaley_on() and lower < upper


def grow(ax: Axes, share: float) -> None:
    """Make the vertical axis longer so that this share of it is above the data.

    The margin below the data, where arrows of limits end, keeps its height on the screen.
    """
    transform = ax.yaxis.get_transform()
    lower, upper, top = transform.transform([*ax.get_ylim(), ax.dataLim.y1]).tolist()
    margin = _margin_below(ax)
    size = (top - lower - margin * (upper - lower)) / (1 - share - margin)
    if np.isfinite(size) and size > (1 + _EQUAL) * (upper - lower):
        lower += margin * (upper - lower - size)
        low, high = transform.inverted().transform([lower, lower + size]).tolist()
        ax.set_ylim(low, high, auto=True)


def _margin_below(ax: Axes) -> float:
    """Share of the vertical axis below the data, at most the one that autoscaling leaves."""
    transform, margin = ax.yaxis.get_transform(), ax.get_ymargin()
    lower, upper, bottom = transform.transform([*ax.get_ylim(), ax.dataLim.y0]).tolist()
    found = (bottom - lower) / (upper - lower)
    return float(np.clip(found, 0, margin / (1 + 2 * margin))) if np.isfinite(found) else 0.0


def keep_shared_room(ax: Axes) -> None:
    """Make room again for legends of other panels, whose shared axis follows the data of this."""
    for other in ax.get_shared_y_axes().get_siblings(ax):
        share = getattr(other.get_legend(), _SHARE, None)
        if other is not ax and share is not None and may_grow(other):
            grow(other, share)


def keep_room(axes: Sequence[Axes], legend: Legend, share: float) -> None:
    """Make room for a legend again whenever axes that share no end follow more data."""
    owner: Any = legend.axes  # the legend itself forgets them if it is removed
    setattr(legend, _SHARE, share)

    def grow_again(ax: Axes) -> None:
        if owner.get_legend() is legend and may_grow(ax):
            with ax.callbacks.blocked(signal="ylim_changed"):  # it is called by the growth, too
                grow(ax, share)

    for ax in axes:
        if len(ax.get_shared_y_axes().get_siblings(ax)) == 1:
            setattr(ax, _ROOM, ax.callbacks.connect("ylim_changed", grow_again))


def end_room(ax: Axes) -> None:
    """Take away the room of a legend that another is about to replace."""
    for one in axes_in_place(ax):
        if hasattr(one, _ROOM):
            one.callbacks.disconnect(getattr(one, _ROOM))
            delattr(one, _ROOM)
            one.autoscale_view(scalex=False)
