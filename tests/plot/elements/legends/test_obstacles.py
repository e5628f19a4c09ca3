"""Whatever is drawn on axes keeps legends away. Pixels behind them are those of an empty figure."""

import pytest
from cases.legends import axes, covered

from xprofile.plot.elements.legends import draw_legend

MARKS = {
    "points": lambda ax: ax.plot([0.9], [0.9], "."),
    "scatter": lambda ax: ax.scatter([0.9], [1.05], s=2000),
    "arrow": lambda ax: ax.plot([0.9], [0.995], marker=6, markersize=60),
    "text": lambda ax: ax.text(0.9, 0.9, "preliminary", ha="right"),
}
LINES = {
    "line": lambda ax: ax.plot([0.7, 1], [1, 0.7]),
    "error bar": lambda ax: ax.errorbar([0.9], [0.5], [0.6], fmt="none"),
    "band": lambda ax: ax.fill_between([-9, 9], 0.6, 0.99),
    "area": lambda ax: ax.axvspan(0.6, 1),
}


def check_place(obstacle):
    """Limits that were set stay, and there is room inside them."""
    ax = axes()
    obstacle(ax)
    draw_legend(ax, [], None)
    assert covered(ax) == (0, True)
    assert ax.get_legend().get_window_extent().y1 < ax.bbox.y1


@pytest.mark.parametrize("name", MARKS)
def test_no_marks_are_behind(name):
    check_place(MARKS[name])


@pytest.mark.parametrize("name", LINES)
def test_no_lines_are_behind(name):
    check_place(LINES[name])


def test_nothing_of_a_twin_is_behind():
    ax = axes()
    right = ax.twinx()
    right.set(xlim=(0, 1), ylim=(0, 10))
    right.plot([0.7, 1], [10, 7])
    draw_legend(ax, [], None)
    assert covered(ax) == (0, True)
