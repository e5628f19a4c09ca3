"""Legends that cover no data: in a free place, above the data, or above the axes.

The place is chosen once, when a figure is drawn on axes, from the data that the axes have then. The
room above the data stays if the axes follow further data, unless panels share the vertical axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .labels import LIMITS_GID
from .yaxis import axes_in_place

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection, PathCollection
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D
    from matplotlib.path import Path

__all__ = ["draw_legend", "draw_legend_on_top"]

Float = NDArray[np.float64]

# Places inside axes in the order of matplotlib's "best", without the centre.
_PLACES: Any = (
    "upper right", "upper left", "lower left", "lower right",
    "center left", "center right", "lower center", "upper center",
)  # fmt: skip

# Most columns of a legend above the data, its sizes of letters, the space round it, and the largest
# part of the axes that it may take. Technical sizes.
_COLUMNS, _FONTS = 3, (None, "small", "x-small")
_ABOVE, _MOST_OF_AXES = 0.06, 0.6

# Size of the free space for a legend, in sizes of the legend, for axes alone in the figure and for
# one of several, as axes shrink when others get their labels. With 1 such legends touch data.
_SPACE, _SPACE_OF_PANEL = 1.1, 1.3
_ROOM = "_xprofile_room"  # attribute of axes with the callback that keeps the room of a legend
_LIMITS = "_xprofile_limits"  # attribute of a legend with the entries of limits
_SHARE = "_xprofile_share"  # attribute of a legend above data: its share of the axes


def draw_legend(
    ax: Axes, extra: Sequence[Line2D], wanted: bool | None, *, labelled: bool = True
) -> None:
    """Draw a legend if it is wanted, or by default if there is more than one series.

    Extra entries come last, and not twice with the same text. Those of limits stay in the legends
    of later calls. The legend is in a free place of the axes, or else above the data.
    """
    _keep_shared_room(ax)
    handles, texts = ax.get_legend_handles_labels()
    kept = getattr(ax.get_legend(), _LIMITS, [])
    before = [*texts, *(line.get_label() for line in kept)]
    new = [line for line in extra if line.get_label() not in before]
    entries = [*handles, *kept, *new]
    if not entries or wanted is False or not (texts or labelled):
        return
    if wanted or len(texts) > 1 or labelled:
        _end_room(ax)
        _settle(ax)
        legend = _in_free_place(ax, entries) or _above_data(ax, entries)
        limits = [line for line in new if line.get_gid() == LIMITS_GID]
        setattr(legend, _LIMITS, [*kept, *limits])
        _keep_shared_room(ax)


def draw_legend_on_top(ax: Axes, entries: Sequence[Any] | None = None) -> None:
    """Draw a legend above all data, for which the vertical axis becomes longer."""
    _end_room(ax)
    _settle(ax)
    _above_data(ax, ax.get_legend_handles_labels()[0] if entries is None else entries)


def _in_free_place(ax: Axes, entries: Sequence[Any]) -> Legend | None:
    """Draw a legend in the first place without data; return None if all places have some."""
    data, space = _Obstacles.of(ax), _space(ax)
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
    for font, number in looks if all(_may_grow(one) for one in axes) else []:
        legend = ax.legend(handles=entries, loc="upper center", ncols=number, fontsize=font)
        size = legend.get_window_extent()
        border = 2 * legend.borderaxespad * legend.prop.get_size_in_points() * _pixels(ax)
        height = size.height * _space(ax) / _SPACE
        share = height / ax.bbox.height + max(_ABOVE, border / ax.bbox.height)
        if size.width < ax.bbox.width and share < _MOST_OF_AXES:
            for one in axes:
                _grow(one, 1 - share)
            if _Obstacles.of(ax).leave_free(legend, space=1):
                setattr(legend, _SHARE, share)
                _keep_room(axes, legend, 1 - share)
                return legend
            for one in axes:
                one.autoscale_view(scalex=False)
            break
    for font, number in looks:
        place: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, 1)}
        legend = ax.legend(handles=entries, ncols=number, fontsize=font, **place)
        legend.borderaxespad += _title_height(ax) / legend.prop.get_size_in_points()
        if legend.get_window_extent().width < ax.bbox.width and _is_inside_figure(legend, axes):
            return legend
    return ax.legend(handles=entries, fontsize=_FONTS[-1])  # where it covers least


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


def _may_grow(ax: Axes) -> bool:
    """Whether the upper end of the vertical axis follows the data, and is at the top."""
    lower, upper = ax.get_ylim()
    return ax.get_autoscaley_on() and lower < upper


def _grow(ax: Axes, share: float) -> None:
    """Raise the upper end of the vertical axis so that data end at this share of its length."""
    transform = ax.yaxis.get_transform()
    lower, upper, top = transform.transform([*ax.get_ylim(), ax.dataLim.y1]).tolist()
    needed = lower + (top - lower) / share
    if np.isfinite(needed) and needed > upper:
        ax.set_ylim(top=transform.inverted().transform([needed])[0], auto=True)


def _keep_shared_room(ax: Axes) -> None:
    """Make room again for legends of other panels, whose shared axis follows the data of this."""
    for other in ax.get_shared_y_axes().get_siblings(ax):
        share = getattr(other.get_legend(), _SHARE, None)
        if other is not ax and share is not None and _may_grow(other):
            _grow(other, 1 - share)


def _keep_room(axes: Sequence[Axes], legend: Legend, share: float) -> None:
    """Make room for a legend again whenever axes that share no end follow more data."""
    owner: Any = legend.axes  # the legend itself forgets them if it is removed

    def grow_again(ax: Axes) -> None:
        if owner.get_legend() is legend and _may_grow(ax):
            with ax.callbacks.blocked(signal="ylim_changed"):  # it is called by the growth, too
                _grow(ax, share)

    for ax in axes:
        if len(ax.get_shared_y_axes().get_siblings(ax)) == 1:
            setattr(ax, _ROOM, ax.callbacks.connect("ylim_changed", grow_again))


def _end_room(ax: Axes) -> None:
    """Take away the room of a legend that another is about to replace."""
    for one in axes_in_place(ax):
        if hasattr(one, _ROOM):
            one.callbacks.disconnect(getattr(one, _ROOM))
            delattr(one, _ROOM)
            one.autoscale_view(scalex=False)


def _title_height(ax: Axes) -> float:
    """Height of the title above axes in points."""
    top = ax.title.get_window_extent().y1 if ax.get_title() else ax.bbox.y1
    return float(top - ax.bbox.y1) / _pixels(ax)


def _is_inside_figure(legend: Legend, axes: Sequence[Axes]) -> bool:
    """Whether a legend above axes has room in the figure, or a layout that will make room."""
    figure: Any = axes[0].figure
    if figure.get_layout_engine() is not None:
        return True
    box = legend.get_window_extent()
    others = [other for other in figure.axes if other not in axes]
    return bool(box.y1 <= figure.bbox.y1) and not any(box.overlaps(o.bbox) for o in others)


@dataclass(frozen=True, eq=False)
class _Obstacles:
    """Artists on axes, in pixels.

    Parameters
    ----------
    lines, areas : list of matplotlib.path.Path
        Lines, and the outlines of filled areas.
    boxes : numpy.ndarray
        Left, lower, right and upper ends of markers and texts, (nbox, 4).
    """

    lines: list[Path]
    areas: list[Path]
    boxes: Float

    @classmethod
    def of(cls, ax: Axes) -> _Obstacles:
        """Find the points, errors, arrows, steps, bands and texts on axes and on their twins."""
        from matplotlib.collections import LineCollection, PathCollection, PolyCollection

        lines: list[Path] = []
        areas: list[Path] = []
        boxes = [np.empty((0, 4))]
        for one in axes_in_place(ax):
            one.get_ylim()  # brings the limits up to date
            for line in filter(_is_shown, one.lines):
                path = line.get_transform().transform_path(line.get_path())
                lines += [path] if line.get_linestyle() != "None" else []
                boxes.append(_marker_boxes(line, path.vertices))
            for some in filter(_is_shown, one.collections):
                if isinstance(some, PathCollection):
                    boxes.append(_scatter_boxes(some))
                elif isinstance(some, LineCollection):
                    lines.append(_whole_path(some))
                elif isinstance(some, PolyCollection):
                    areas.append(_whole_path(some))
            for patch in filter(_is_shown, one.patches):
                path = patch.get_transform().transform_path(patch.get_path())
                (areas if patch.get_fill() else lines).append(path)
            others = filter(_is_shown, [*one.texts, *one.artists])
            boxes += [np.array([other.get_window_extent().extents]) for other in others]
        return cls(lines, areas, np.concatenate(boxes))

    def leave_free(self, legend: Legend, space: float) -> bool:
        """Whether nothing is behind a legend and a little space round it."""
        box: Any = legend.get_window_extent().expanded(space, space)
        x0, y0, x1, y1 = self.boxes.T
        behind = (x0 < box.x1) & (x1 > box.x0) & (y0 < box.y1) & (y1 > box.y0)
        paths = [(path, False) for path in self.lines] + [(path, True) for path in self.areas]
        return not behind.any() and not any(p.intersects_bbox(box, fill) for p, fill in paths)


def _is_shown(artist: Artist) -> bool:
    return artist.get_visible()


def _whole_path(some: Collection) -> Path:
    """All paths of a collection in pixels."""
    from matplotlib.path import Path

    transform = some.get_transform()
    return Path.make_compound_path(*(transform.transform_path(path) for path in some.get_paths()))


def _marker_boxes(line: Line2D, places: Any) -> Float:
    """Boxes round the markers of a line, (nmarker, 4)."""
    from matplotlib.markers import MarkerStyle

    marker = MarkerStyle(line.get_marker())
    shape = marker.get_path().transformed(marker.get_transform())
    ends = np.array(shape.get_extents().extents)
    if not np.isfinite(ends).all():  # without a marker
        return np.empty((0, 4))
    return np.asarray(np.tile(places, 2) + ends * float(line.get_markersize()) * _pixels(line))


def _scatter_boxes(some: PathCollection) -> Float:
    """Boxes round points, of which the sizes are areas in square points, (npoint, 4)."""
    places = np.tile(some.get_offset_transform().transform(some.get_offsets()), 2)
    half = np.sqrt(np.max(some.get_sizes(), initial=0)) / 2 * _pixels(some)
    return np.asarray(places + half * np.array([-1, -1, 1, 1]))


def _pixels(artist: Artist) -> float:
    """Pixels in a point of the figure of an artist."""
    figure: Any = artist.figure
    return float(figure.dpi) / 72
