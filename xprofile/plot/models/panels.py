"""Axes of residuals below those of a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["axes_below", "find_axes_below", "move_label_below"]

_LABEL = "residuals below axes"
_HEIGHT = "30%"  # of that of the axes


def find_axes_below(ax: Axes) -> Axes | None:
    """Return the axes of residuals below others, if there are any."""
    siblings = ax.get_shared_x_axes().get_siblings(ax)
    found = [other for other in siblings if other.get_label() == f"{_LABEL} {id(ax)}"]
    return found[0] if found else None


def axes_below(ax: Axes) -> Axes:
    """Return axes of residuals below others, which become as much smaller; new ones if needed.

    The axes above stay the current ones.
    """
    found = find_axes_below(ax)
    if found is not None:
        return found
    from mpl_toolkits.axes_grid1 import make_axes_locatable  # type: ignore[import-untyped]

    from .room import RoomOfAxes

    siblings = ax.get_shared_x_axes().get_siblings(ax)
    twins = [other for other in siblings if other.bbox.bounds == ax.bbox.bounds]
    below: Axes = make_axes_locatable(ax).append_axes("bottom", _HEIGHT, pad=0.08, sharex=ax)
    below.set_label(f"{_LABEL} {id(ax)}")
    for twin in twins:  # axes with the scale on the right
        twin.set_axes_locator(ax.get_axes_locator())
    ax.tick_params(labelbottom=False)
    ax.add_artist(RoomOfAxes(below))
    figure: Any = ax.figure
    figure.sca(ax)
    return below


def move_label_below(ax: Axes) -> None:
    """Move the label of the horizontal axis to the axes of residuals, if there are any."""
    below = find_axes_below(ax)
    if below is not None and ax.get_xlabel():
        below.set_xlabel(ax.get_xlabel())
        ax.set_xlabel("")
