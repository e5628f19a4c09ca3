"""Legends are in a free place, above the data, or above the axes, and cover no data."""

import numpy as np
from cases.legends import axes, covered

from xprofile.plot.elements.legends import (
    draw_legend,
    draw_legend_beside,
    draw_legend_on_top,
    is_legend_inside,
    legend_entries,
)


def test_the_usual_corner_if_it_is_free():
    ax = axes()
    draw_legend(ax, [], None)
    box = ax.get_legend().get_window_extent()
    assert box.x0 > ax.bbox.x0 + ax.bbox.width / 2
    assert box.y0 > ax.bbox.y0 + ax.bbox.height / 2


def test_limits_that_were_set_stay_and_the_legend_is_above():
    ax = axes(layout="constrained")
    ax.plot(np.tile([0, 1], 20), np.linspace(0, 1, 40))
    ax.set_title("a title")
    draw_legend(ax, [], None)
    assert covered(ax) == (0, True)
    assert ax.get_ylim() == (0, 1)
    legend, title = ax.get_legend().get_window_extent(), ax.title.get_window_extent()
    assert legend.y0 > title.y1


def test_the_layout_of_the_figure_comes_first():
    """Long labels make the axes half as wide, so that the line is at another pixel."""
    ax = axes(layout="constrained")
    ax.set_ylabel("long\n" * 12)
    ax.plot([0.6, 0.6, 0.61, 0.61], [0, 1, 1, 0])
    draw_legend(ax, [], None)
    assert covered(ax) == (0, True)


def test_a_legend_that_has_no_room_is_inside_the_figure():
    ax = axes()
    for number in range(10):
        ax.plot([0, 1], [0, 1], label=f"a very long text that says what line {number} shows")
    ax.plot(np.tile([0, 1], 20), np.linspace(0, 1, 40))
    draw_legend(ax, [], None)
    assert covered(ax)[1]


def test_a_legend_on_top_of_fixed_limits_covers_nothing():
    ax = axes()
    ax.plot(np.tile([0, 1], 20), np.linspace(0, 1, 40))
    draw_legend_on_top(ax)
    assert covered(ax) == (0, True)
    assert ax.get_ylim() == (0, 1)


def test_a_legend_above_short_axes_is_as_low_as_it_can_be():
    """Above the numbers of a second axis, in three columns instead of one."""
    ax = axes()
    ax.set_position([0.1, 0.1, 0.8, 0.2])
    ax.axhspan(0, 1)
    for number in range(4):
        ax.plot([0, 1], [0, 1], label=f"line {number}")
    above = ax.secondary_xaxis("top")
    draw_legend(ax, [], None)
    ax.figure.draw_without_rendering()
    box, numbers = ax.get_legend().get_window_extent(), above.get_tightbbox()
    assert box.y0 >= numbers.y1
    assert len({round(text.get_window_extent().y0) for text in ax.get_legend().get_texts()}) == 2
    assert not is_legend_inside(ax)


def test_a_legend_on_the_right_ends_the_room_of_another():
    ax = axes()
    ax.autoscale(axis="y")
    ax.plot(np.tile([0, 1], 20), np.linspace(-9, 1, 40))
    top = ax.get_ylim()[1]
    draw_legend(ax, [], None)
    assert ax.get_ylim()[1] > top
    entries = legend_entries(ax)
    assert [entry.get_label() for entry in entries] == ["one", "another"]
    draw_legend_beside(ax, entries)
    assert ax.get_ylim()[1] == top
    assert ax.get_legend().get_window_extent().x0 >= ax.bbox.x1
