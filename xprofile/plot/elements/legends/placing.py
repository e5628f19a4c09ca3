"""Where a legend covers no data: in a free place, above the data, or above the axes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from ..labels import LIMITS_GID
from ..yaxis import axes_in_place
from .obstacles import Obstacles, pixels_per_point
from .room import end_room, grow, keep_room, keep_shared_room, may_grow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

__all__ = [
    "draw_legend",
    "draw_legend_beside",
    "draw_legend_on_top",
    "is_legend_inside",
    "legend_entries",
    "place_legend",
]

# Places inside axes in the order of matplotlib's "best", without the centre.
_PLACES: Any = (
    "upper right", "upper left", "lower left", "lower right",
    "center left", "center right", "lower center", "upper center",
)  # fmt: skip

# Most columns of a legend above the data, its sizes of letters, the space round it, and the largest
# part of the axes that it may take. Technical sizes.
_COLUMNS, _FONTS = 3, (None, "small", "x-small")
_ABOVE, _MOST_OF_AXES = 0.06, 0.6

# Largest height of a legend above axes, in heights of the axes; a higher one gets more columns or
# smaller letters. Technical size.
_HIGH = 0.5

# Size of the free space for a legend, in sizes of the legend, for axes alone in the figure and for
# one of several, as axes shrink when others get their labels. With 1 such legends touch data.
_SPACE, _SPACE_OF_PANEL = 1.1, 1.3
_LIMITS = "_xprofile_limits"  # attribute of a legend with the entries of limits
_ENTRIES = "_xprofile_entries"  # attribute of axes with all entries of their legend


def draw_legend(
    ax: Axes, extra: Sequence[Line2D], wanted: bool | None, *, labelled: bool = True
) -> None:
    """Draw a legend if it is wanted, or by default if there is more than one series.

    Extra entries come last, and not twice with the same text. Those of limits stay in the legends
    of later calls. The legend is in a free place of the axes, or else above the data.
    """
    keep_shared_room(ax)
    handles, texts = ax.get_legend_handles_labels()
    setattr(ax, _ENTRIES, [])
    kept = getattr(ax.get_legend(), _LIMITS, [])
    before = [*texts, *(line.get_label() for line in kept)]
    new = [line for line in extra if line.get_label() not in before]
    entries = [*handles, *kept, *new]
    if not entries or not (wanted or len(texts) > 1 or labelled):
        return
    setattr(ax, _ENTRIES, entries)
    if wanted is not False:
        legend = place_legend(ax, entries)
        limits = [line for line in new if line.get_gid() == LIMITS_GID]
        setattr(legend, _LIMITS, [*kept, *limits])
        keep_shared_room(ax)


def place_legend(ax: Axes, entries: Sequence[Any], *, settled: bool = False) -> Legend:
    """Draw a legend in a free place of axes, or else above the data.

    Axes that are not settled get first the place that they will have by the layout of the figure.
    """
    _clear(ax)
    if not settled:
        _settle(ax)
    return _in_free_place(ax, entries) or _above_data(ax, entries)


def draw_legend_beside(ax: Axes, entries: Sequence[Any]) -> None:
    """Draw a legend on the right of axes."""
    _clear(ax)
    ax.legend(handles=list(entries), loc="upper left", bbox_to_anchor=(1, 1), frameon=False)


def _clear(ax: Axes) -> None:
    """Take away the legend of axes and its room."""
    end_room(ax)
    legend = ax.get_legend()
    if legend is not None:
        legend.remove()


def legend_entries(ax: Axes) -> list[Any]:
    """Return the entries of the legend that `draw_legend` drew, or draws by default."""
    return list(getattr(ax, _ENTRIES, []))


def is_legend_inside(ax: Axes) -> bool:
    """Whether the legend of axes is inside them, and covers nothing."""
    legend: Any = ax.get_legend()
    x0, y0, x1, y1 = legend.get_window_extent().extents
    inside = ax.bbox.x0 <= x0 and x1 <= ax.bbox.x1 and ax.bbox.y0 <= y0 and y1 <= ax.bbox.y1
    return bool(inside) and Obstacles.of(ax).leave_free(legend, space=1)


def draw_legend_on_top(ax: Axes, entries: Sequence[Any] | None = None) -> None:
    """Draw a legend above all data, for which the vertical axis becomes longer."""
    end_room(ax)
    _settle(ax)
    _above_data(ax, ax.get_legend_handles_labels()[0] if entries is None else entries)


def _in_free_place(ax: Axes, entries: Sequence[Any]) -> Legend | None:
    """Draw a legend in the first place without data; return None if all places have some."""
    data, space = Obstacles.of(ax), _space(ax)
    shared = len(ax.get_shared_y_axes().get_siblings(ax)) > 1
    legend = ax.legend(handles=entries, ncols=1 + (len(entries) - 1) // 6)
    size = legend.get_window_extent()
    if size.width > ax.bbox.width or size.height > ax.bbox.height:
        return None
    for place in _PLACES:
        if shared and not place.startswith("upper"):
            continue  # if other panels make room, data move down
        legend.set_loc(place)
        if data.leave_free(legend, space):
            return legend
    return None


def _above_data(ax: Axes, entries: Sequence[Any]) -> Legend:
    """Draw a legend above the data, if the upper end of the vertical axis may move.

    If not, or if the legend would take most of the axes or cover a text, it is above the axes.
    """
    axes = axes_in_place(ax)
    looks = list(product(_FONTS, range(min(_COLUMNS, len(entries)), 0, -1)))
    for font, number in looks if all(may_grow(one) for one in axes) else []:
        legend = ax.legend(handles=entries, loc="upper center", ncols=number, fontsize=font)
        size = legend.get_window_extent()
        border = 2 * legend.borderaxespad * legend.prop.get_size_in_points() * pixels_per_point(ax)
        height = size.height * _space(ax) / _SPACE
        share = height / ax.bbox.height + max(_ABOVE, border / ax.bbox.height)
        wide = size.width * (_space(ax) / _SPACE) ** 0.5  # axes of panels may become narrower
        if wide < ax.bbox.width and share < _MOST_OF_AXES:
            for one in axes:
                grow(one, share)
            if Obstacles.of(ax).leave_free(legend, space=1):
                keep_room(axes, legend, share)
                return legend
            for one in axes:
                one.autoscale_view(scalex=False)
            break
    return _above_axes(ax, entries, looks)


def _above_axes(ax: Axes, entries: Sequence[Any], looks: Sequence[tuple[Any, int]]) -> Legend:
    """Draw a legend above axes, with the first look that is not high, or else the lowest.

    If none has room in the figure, the legend is inside, where it covers least.
    """
    place: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, 1)}
    axes, above, heights = axes_in_place(ax), _height_above(ax), {}

    def draw(font: Any, number: int) -> Legend:
        legend = ax.legend(handles=entries, ncols=number, fontsize=font, **place)
        legend.borderaxespad += above / legend.prop.get_size_in_points()
        return legend

    for font, number in looks:
        legend = draw(font, number)
        size = legend.get_window_extent()
        if size.width < ax.bbox.width and _is_inside_figure(legend, axes):
            heights[font, number] = size.height
            if size.height < _HIGH * ax.bbox.height:
                return legend
    if not heights:
        return ax.legend(handles=entries, fontsize=_FONTS[-1])
    return draw(*min(heights, key=heights.__getitem__))


def _space(ax: Axes) -> float:
    """Size of the free space for a legend, in sizes of the legend."""
    figure: Any = ax.figure
    panels = [other for other in figure.axes if other not in axes_in_place(ax)]
    return _SPACE_OF_PANEL if panels else _SPACE


def _settle(ax: Axes) -> None:
    """Give axes the place that they will have by the layout of the figure and a panel below."""
    figure: Any = ax.figure
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure.canvas.figure)
    for one in axes_in_place(ax):
        locator: Any = one.get_axes_locator()
        if locator is not None:
            one.apply_aspect(locator(one, None))


def _height_above(ax: Axes) -> float:
    """Height in points of what is above axes: their title, and a second axis with its label."""
    above: list[Any] = [*([ax.title] if ax.get_title() else []), *ax.child_axes]
    boxes = [artist.get_tightbbox() for artist in above]
    top = max([ax.bbox.y1, *(box.y1 for box in boxes if box is not None)])
    return float(top - ax.bbox.y1) / pixels_per_point(ax)


def _is_inside_figure(legend: Legend, axes: Sequence[Axes]) -> bool:
    """Whether a legend above axes has room in the figure, or a layout that will make room."""
    figure: Any = axes[0].figure
    if figure.get_layout_engine() is not None:
        return True
    box = legend.get_window_extent()
    others = [other for other in figure.axes if other not in axes]
    return bool(box.y1 <= figure.bbox.y1) and not any(box.overlaps(o.bbox) for o in others)
