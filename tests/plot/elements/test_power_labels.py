"""The power of ten of the ticks in the label of an axis."""

import pickle

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from cases.plot import new_axes

from xprofile.plot import plot_profile, plot_sky
from xprofile.plot.elements.power_labels import fit_label

TINY = "10^{-10}"


def tick_texts(axis):
    axis.axes.figure.draw_without_rendering()
    return [text.get_text() for text in axis.get_ticklabels()]


def offset(axis):
    axis.axes.figure.draw_without_rendering()
    return axis.get_offset_text().get_text()


@pytest.fixture
def ax(profile):
    ax = plot_profile(profile, "flux", ax=new_axes())
    ax.set_ylim(0, 5.5e-10)
    return ax


def test_the_power_is_in_the_unit_and_not_at_the_corner(ax):
    assert ax.get_ylabel() == rf"Integral flux [${TINY}\,\mathrm{{cm^{{-2}}\,s^{{-1}}}}$]"
    assert offset(ax.yaxis) == ""
    assert tick_texts(ax.yaxis)[1] == "1"


def test_the_power_follows_the_limits(ax):
    ax.set_ylim(0, 3e-8)
    assert "10^{-8}" in ax.get_ylabel()
    assert offset(ax.yaxis) == ""


def test_a_scale_with_its_own_powers_has_none_in_the_label(ax):
    ax.set_yscale("log")
    assert "10^{" not in ax.get_ylabel()
    ax.set_yscale("linear")  # matplotlib's own formatter again
    ax.set_ylim(0, 5e-10)
    assert ("10^{" in ax.get_ylabel()) == (offset(ax.yaxis) == "")


def test_another_label_brings_the_power_back_to_the_corner(ax):
    ax.set_ylabel("Flux")
    assert ax.get_ylabel() == "Flux"
    assert "1e−10" in offset(ax.yaxis)
    ax.set_ylabel(rf"Flux / ${TINY}$ cm-2 s-1")
    assert offset(ax.yaxis) == ""


def test_shared_axes_have_the_power_of_both(profile):
    _, (left, right) = plt.subplots(1, 2, sharey=True)
    plot_profile(profile, "flux", ax=left)
    larger = profile.assign(ref_flux=profile.ref_flux * 100)
    plot_profile(larger, "flux", ax=right)
    power = left.get_ylabel().split("$")[1].split("}")[0]
    top = max(ax.dataLim.y1 for ax in (left, right))
    assert power == f"10^{{{int(np.floor(np.log10(top)))}"
    assert offset(left.yaxis) == offset(right.yaxis) == ""


def test_numbers_of_usual_size_have_no_power(profile):
    ax = plot_profile(profile, "sqrt_ts")
    assert "10^" not in ax.get_ylabel()
    ax.set_ylim(0, 3e7)
    assert ax.get_ylabel() == r"$\sqrt{\mathrm{TS}}$ [$10^{7}$]"


def test_a_constant_beside_the_numbers_stays_at_the_corner(profile):
    shifted = profile.assign(stat=profile.stat.copy(data=1e9 + np.arange(6.0)[:, None]))
    ax = plot_profile(shifted, "stat")
    assert ax.get_ylabel() == "Fit statistic at the best fit"
    assert offset(ax.yaxis)


def test_formatters_of_the_caller_stay(profile):
    ax = new_axes()
    ax.yaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%.2e"))
    plot_profile(profile, "flux", ax=ax)
    assert "10^" not in ax.get_ylabel()
    plain = plot_profile(profile, "flux", ax=new_axes())
    plain.ticklabel_format(style="plain", axis="y")
    assert "10^" not in plain.get_ylabel()


def test_the_right_axis_and_later_calls(profile):
    ax = plot_profile(profile, "sqrt_ts", twin="flux")
    right = next(other for other in ax.figure.axes if other is not ax)
    assert "10^{-" in right.get_ylabel()
    assert mpl.colors.same_color(right.yaxis.label.get_color(), "0.5")
    again = plot_profile(profile, "flux", ax=plot_profile(profile, "flux", ax=new_axes()))
    assert again.get_ylabel().count("10^") == 1


def test_colour_bars(image):
    scaled = (image * 1e10).assign_attrs(long_name="exposure", units="cm2 s")
    plot_sky(scaled)
    bar = plt.gcf().axes[0].images[0].colorbar
    assert bar.ax.get_ylabel().startswith("Exposure [$10^{11}\\,")
    assert offset(bar.ax.yaxis) == ""


def test_figures_can_be_pickled(ax):
    restored = pickle.loads(pickle.dumps(ax.figure)).axes[0]
    assert restored.get_ylabel() == ax.get_ylabel()


def test_the_label_is_where_it_was(profile):
    """As high and as far from the axis as a label of matplotlib."""
    plain = new_axes()
    plain.set_ylabel("x")
    ours = plot_profile(xr.zeros_like(profile.drop_vars("norm_ul")), "norm", ax=new_axes())
    ours.set_ylabel("x")
    for ax in (plain, ours):
        ax.set(ylim=(0, 1), xlim=(0, 1))
        ax.figure.draw_without_rendering()
    boxes = [ax.yaxis.label.get_window_extent() for ax in (plain, ours)]
    np.testing.assert_allclose(boxes[0].y0, boxes[1].y0)
    np.testing.assert_allclose(boxes[0].x0, boxes[1].x0)


@pytest.mark.parametrize(
    ("height", "lines", "size"), [(3, 1, 10), (1.95, 1, 9), (1.5, 2, 10), (0.9, 2, 7)]
)
def test_a_label_fits_short_axes(ax, height, lines, size):
    """In letters a tenth smaller, in two lines, or in two lines of still smaller letters."""
    ax.set_position([0.3, 0.1, 0.6, height / ax.figure.get_size_inches()[1]])
    for _ in range(2):  # again is the same
        fit_label(ax.yaxis)
        text = ax.get_ylabel()
        assert text.count("\n") == lines - 1
        assert f"[${TINY}" in text
        assert ax.yaxis.label.get_size() == pytest.approx(size)
    assert ax.yaxis.label.get_window_extent().height < ax.bbox.height


def test_a_label_without_unit_has_one_line(ax):
    ax.set_ylabel("a label of many letters that says much")
    ax.set_position([0.3, 0.1, 0.6, 0.2])
    fit_label(ax.yaxis)
    assert ax.get_ylabel().startswith("a label of many letters that says much")
    assert ax.yaxis.label.get_size() == pytest.approx(7)
