"""Legends cover no data. Pixels behind a legend are those of an empty figure."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.spines import Spine

from xprofile.plot import plot_profile
from xprofile.plot.elements.legends import draw_legend, draw_legend_on_top


def covered(ax):
    """Number of pixels of data behind the legend, and whether it is inside the figure."""
    figure, legend = ax.figure, ax.get_legend()
    figure.canvas.draw()
    figure.set_layout_engine("none")
    box = legend.get_window_extent().frozen()
    for artist in [legend, *figure.findobj(Axis), *figure.findobj(Spine)]:
        artist.set_visible(False)
    figure.canvas.draw()
    pixels = np.array(figure.canvas.buffer_rgba())[::-1, :, :3]
    left, low, right, high = np.round(box.extents).astype(int)
    inside = left >= 0 and low >= 0 and right <= pixels.shape[1] and high <= pixels.shape[0]
    return np.count_nonzero((pixels[low:high, left:right] != 255).any(axis=-1)), inside


def axes(**options):
    """Axes from 0 to 1 with limits that stay, and an entry for the legend far below them."""
    ax = plt.figure(figsize=(5, 3), dpi=60, **options).add_subplot()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.plot([0.5], [-9], "ko", label="one")
    ax.plot([0.5], [-9], "ks", label="another")
    return ax


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


def test_the_usual_corner_if_it_is_free():
    ax = axes()
    draw_legend(ax, [], None)
    box = ax.get_legend().get_window_extent()
    assert box.x0 > ax.bbox.x0 + ax.bbox.width / 2
    assert box.y0 > ax.bbox.y0 + ax.bbox.height / 2


@pytest.mark.heavy
@pytest.mark.parametrize(("style", "yscale"), [("points", "linear"), ("steps", "log")])
def test_room_is_made_above_data_and_twin(two_bands, style, yscale):
    full = two_bands.isel(projected_distance=[1, 4, 2, 5, 3])
    full = full.assign(norm_err=abs(full.norm), norm_errn=0.9 * abs(full.norm))
    full["projected_distance"] = two_bands.projected_distance[:5]
    ax = plt.figure(figsize=(5, 3), dpi=60).add_subplot()
    plot_profile(full, ax=ax, twin="sqrt_ts", style=style, yscale=yscale)
    assert covered(ax) == (0, True)
    assert ax.get_ylim()[1] > ax.dataLim.y1


def test_nothing_of_a_twin_is_behind():
    ax = axes()
    right = ax.twinx()
    right.set(xlim=(0, 1), ylim=(0, 10))
    right.plot([0.7, 1], [10, 7])
    draw_legend(ax, [], None)
    assert covered(ax) == (0, True)


def test_room_is_not_made_behind_texts():
    ax = axes()
    ax.autoscale(axis="y")
    ax.plot(np.tile([0, 1], 20), np.linspace(-9, 1, 40))
    before = ax.get_ylim()
    ax.text(0.5, 0.98, "preliminary", size=30, ha="center", va="top", transform=ax.transAxes)
    draw_legend(ax, [], None)
    assert covered(ax) == (0, True)
    assert ax.get_ylim() == before


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


@pytest.mark.slow
def test_panels_that_share_their_axis_and_get_labels_later(two_bands):
    panels = plt.figure(figsize=(8, 4), dpi=60, layout="constrained").subplots(2, 2, sharey=True)
    for ax in panels.flat:
        plot_profile(two_bands, "flux", ax=ax)
    assert [covered(ax) for ax in panels.flat] == [(0, True)] * 4


def test_data_of_one_panel_move_none_behind_the_legend_of_another():
    panels = plt.figure(figsize=(8, 2), dpi=60).subplots(1, 2, sharey=True)
    for ax, low, high in zip(panels, (0.6, 0), (1, 3), strict=True):
        ax.plot([0], [0], "o", label="one")
        ax.plot(np.tile([0, 1], 20), np.linspace(low, high, 40), label="another")
        draw_legend(ax, [], None)
    assert [covered(ax) for ax in panels] == [(0, True)] * 2


@pytest.mark.heavy
@pytest.mark.parametrize("add_legend", [None, False])
def test_a_second_panel_leaves_the_room_of_the_first_legend(two_bands, add_legend):
    left, right = plt.figure(figsize=(8, 3), dpi=60).subplots(1, 2, sharey=True)
    plot_profile(two_bands, "flux", ax=left)
    top = left.get_ylim()[1]
    plot_profile(two_bands, "flux", ax=right, add_legend=add_legend)
    assert left.get_ylim()[1] >= top > left.dataLim.y1
    assert covered(left) == (0, True)


def test_calls_over_each_other_make_room_again(profile):
    ax = plt.figure(figsize=(5, 3), dpi=60).add_subplot()
    for factor in (1, 5, 20):
        plot_profile(profile.assign(norm=factor * profile.norm), ax=ax, label=f"{factor}")
        assert ax.get_ylim()[1] > ax.dataLim.y1
    assert covered(ax) == (0, True)


@pytest.mark.heavy
@pytest.mark.parametrize("twin", [None, "sqrt_ts"])
@pytest.mark.parametrize("height", [0.5, 1, 3])
def test_the_room_stays_if_more_is_drawn(two_bands, twin, height):
    ax = plt.figure(figsize=(5, 3), dpi=60).add_subplot()
    ax.plot(np.tile(two_bands.projected_distance, 20), np.tile(np.linspace(1, 9, 20), 6), ".")
    plot_profile(two_bands, ax=ax, twin=twin)
    assert ax.get_ylim()[1] > 1.2 * ax.dataLim.y1
    top = height * ax.dataLim.y1
    ax.plot(two_bands.projected_distance, np.full(6, top), color="red")
    assert covered(ax) == (0, True)
    ax.set_ylim(0, 1)
    assert ax.get_ylim() == (0, 1)


def test_the_room_ends_with_its_legend(two_bands):
    ax = plt.figure(figsize=(5, 3), dpi=60).add_subplot()
    ax.plot(np.tile(two_bands.projected_distance, 20), np.tile(np.linspace(1, 9, 20), 6), ".")
    plot_profile(two_bands, ax=ax)
    ax.get_legend().remove()
    ax.autoscale_view()
    assert ax.get_ylim()[1] < 1.1 * ax.dataLim.y1
