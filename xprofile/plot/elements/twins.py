"""A second quantity over the same bins, with an axis on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import xarray as xr

from .labels import axis_label, quantity_label
from .series import draw_series, read_series
from .xaxis import XAxis
from .yaxis import TWIN_COLOR, right_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["draw_twin"]


def draw_twin(
    ax: Axes,
    axis: XAxis,
    source: xr.Dataset,
    name: str,
    bands: list[tuple[str, xr.Dataset]],
    lines: Sequence[Line2D],
) -> Line2D:
    """Draw a quantity with an axis on the right; return a line for the legend.

    A single series is grey, several have the colours of those on the left.
    """
    from matplotlib.lines import Line2D

    from .power_labels import set_label_with_power

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
