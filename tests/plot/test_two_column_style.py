"""The style sheet of figures as wide as one of two columns."""

from importlib.resources import files

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from cases.plot import only
from matplotlib.text import Text

from xprofile.plot import plot_profile, plot_summary

STYLE = "xprofile.two-column"


def test_the_style_is_found_by_its_name():
    before = mpl.rcParams["figure.figsize"]
    with plt.style.context(STYLE):
        assert tuple(mpl.rcParams["figure.figsize"]) == (3.4, 2.55)
        assert mpl.rcParams["font.size"] == 8
    assert mpl.rcParams["figure.figsize"] == before


def test_the_style_is_part_of_the_package():
    assert (files("xprofile") / "two-column.mplstyle").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("quantity", ["flux", "npred", "e2dnde"])
def test_all_texts_are_inside_a_narrow_figure(two_bands, quantity):
    with plt.style.context(STYLE):
        ax = plot_profile(two_bands, quantity, twin="sqrt_ts")
        figure = ax.figure
        figure.draw_without_rendering()
        texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
        boxes = [text.get_window_extent() for text in texts if text.get_size() >= 7]
        assert len(boxes) > 10
        for one in figure.axes:
            for label in (one.xaxis.label, one.yaxis.label):
                box = label.get_window_extent()
                assert box.x0 >= 0
                assert box.y0 >= 0
                assert box.x1 <= figure.bbox.x1
                assert box.y1 <= figure.bbox.y1
        assert only([one for one in figure.axes if one is not ax])


@pytest.mark.slow
def test_a_summary_is_as_wide_as_the_column(two_bands, image):
    """With the sky above the panels, and all texts and legends inside the figure."""
    with plt.style.context(STYLE):
        panels = plot_summary(two_bands, image)
        figure = panels["profile"].figure
        assert figure.get_size_inches()[0] == pytest.approx(3.4)
        figure.draw_without_rendering()
        assert panels["sky"].bbox.y0 > panels["profile"].bbox.y1
        assert panels["profile"].bbox.width > 0.7 * figure.bbox.width
        for name in ("profile", "counts"):
            box = panels[name].get_legend().get_window_extent()
            assert box.x0 >= panels[name].bbox.x0
            assert box.x1 <= panels[name].bbox.x1
            assert box.y1 <= panels[name].bbox.y1
        for ax in panels.values():
            box = ax.get_tightbbox(figure.canvas.get_renderer())
            assert box.x0 >= 0
            assert box.x1 <= figure.bbox.x1
