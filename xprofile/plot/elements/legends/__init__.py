"""Legends that cover no data: in a free place, above the data, or above the axes.

The place is chosen once, when a figure is drawn on axes, from the data that the axes have then. The
room above the data stays if the axes follow further data, unless panels share the vertical axis.

`placing` chooses the place, `obstacles` has what is drawn on axes, and `room` keeps the room above
the data.
"""

from .placing import (
    draw_legend,
    draw_legend_beside,
    draw_legend_on_top,
    is_legend_inside,
    legend_entries,
    place_legend,
)

__all__ = [
    "draw_legend",
    "draw_legend_beside",
    "draw_legend_on_top",
    "is_legend_inside",
    "legend_entries",
    "place_legend",
]
