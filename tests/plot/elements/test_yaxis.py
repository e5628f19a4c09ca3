"""Vertical axes: scales, and a second axis on the right."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases.plot import BAND_TEXTS, drawn_values, legend_texts, new_axes, only, steps
from matplotlib.collections import PolyCollection

from xprofile.exceptions import InvalidOptionError, MissingVariableError
from xprofile.plot import plot_profile, plot_sky
from xprofile.plot.elements.power_labels import plain_label
from xprofile.plot.elements.yaxis import TWIN_COLOR


def test_profiles_keep_away_from_sky_axes(profile, image):
    sky = plot_sky(image)
    ax = plot_profile(profile, "norm")
    assert ax.figure is not sky.figure
    assert plot_profile(profile, "norm") is ax
    given = plt.figure().add_subplot()
    before = plt.get_fignums()
    assert plot_profile(profile, "norm", ax=given) is given
    assert plt.get_fignums() == before


@pytest.mark.parametrize("scale", ["linear", "symlog", "asinh"])
@pytest.mark.parametrize("style", ["points", "steps"])
def test_scales(profile, scale, style):
    ax = plot_profile(profile, "norm", yscale=scale, style=style)
    ax.figure.canvas.draw()
    assert ax.get_yscale() == scale


def test_a_symlog_axis_is_linear_up_to_the_smallest_error(two_bands):
    ax = plot_profile(two_bands, "norm", yscale="symlog")
    errors = np.stack([two_bands.norm_errn, two_bands.norm_errp])
    expected = errors[errors > 0].min()
    assert ax.yaxis.get_transform().linthresh == expected
    plot_profile(
        two_bands.assign(norm_errp=two_bands.norm_errp * 0.1), "norm", yscale="symlog", ax=ax
    )
    smaller = ax.yaxis.get_transform().linthresh
    assert smaller == pytest.approx(0.1 * two_bands.norm_errp.where(errors[1] > 0).min().item())
    plot_profile(two_bands, "norm", yscale="symlog", ax=ax)
    assert ax.yaxis.get_transform().linthresh == smaller


@pytest.mark.slow
def test_a_symlog_axis_without_errors(profile):
    npred = profile.npred_excess.where(profile.coverage > 0).to_numpy()
    ax = plot_profile(profile, "npred_excess", yscale="symlog")
    expected = np.abs(npred[np.abs(npred) > 0]).min()
    assert ax.yaxis.get_transform().linthresh == expected
    nothing = profile.assign(npred_excess=0 * profile.npred_excess)
    ax = plot_profile(nothing, "npred_excess", yscale="symlog", ax=new_axes())
    assert ax.yaxis.get_transform().linthresh == 1


def test_what_has_no_place_on_a_log_axis_is_told(profile):
    _, limit, value = drawn_values(profile)
    shown = np.concatenate([value, profile.norm_ul.to_numpy()[limit, 0]])
    hidden = int(np.sum(shown <= 0))
    below = profile.copy(deep=True)
    below["norm_ul"] = below.norm_ul - 10
    assert hidden == 0
    with pytest.warns(UserWarning, match=rf"{limit.sum()} of the .*yscale='symlog'"):
        plot_profile(below, "norm", yscale="log", negative_limits=True)
    ax = new_axes()
    ax.set_yscale("log")
    with pytest.warns(UserWarning, match="a log axis does not show them"):
        plot_profile(below, "norm", ax=ax)


def test_nothing_is_told_where_all_is_seen(profile):
    ax = plot_profile(profile, "norm", yscale="log")  # warnings are errors
    ax.figure.canvas.draw()
    low, high = ax.get_ylim()
    _, limit, value = drawn_values(profile)
    assert 0 < low < np.nanmin(profile.norm_ul.to_numpy()[limit])
    assert high > np.nanmax(value)


def test_unknown_scale(profile):
    with pytest.raises(InvalidOptionError, match="'cubic'; choose 'linear', 'log', 'symlog'"):
        plot_profile(profile, "norm", yscale="cubic")
    assert plt.get_fignums() == []


def twin_of(ax):
    return only([other for other in ax.figure.axes if other is not ax])


def test_significance_on_the_right(profile):
    ax = plot_profile(profile, "dnde", twin="sqrt_ts")
    right = twin_of(ax)
    assert plt.gca() is ax
    line, zero = right.lines
    np.testing.assert_array_equal(steps(line)[2], profile.sqrt_ts.isel(energy=0))
    np.testing.assert_array_equal(zero.get_ydata(), 0)
    assert right.get_ylabel() == r"$\sqrt{\mathrm{TS}}$"
    assert right.yaxis.get_label_position() == "right"
    assert ax.get_ylabel().startswith(r"$\mathrm{d}N/\mathrm{d}E$")
    assert right.get_zorder() < ax.get_zorder()
    assert right.patch.get_visible()
    assert not ax.patch.get_visible()
    assert line.get_color() == right.yaxis.label.get_color() == TWIN_COLOR
    assert legend_texts(ax) == [r"$\sqrt{\mathrm{TS}}$", "97.7 % CL upper limits"]


def test_a_twin_of_several_bands_has_their_colours(two_bands):
    ax = plot_profile(two_bands, "norm", twin="sqrt_ts", x="lon")
    right = twin_of(ax)
    colors = [ax.containers[2 * band].lines[0].get_color() for band in range(2)]
    assert [line.get_color() for line in right.lines[:2]] == colors
    assert legend_texts(ax) == [*BAND_TEXTS, r"$\sqrt{\mathrm{TS}}$", "97.7 % CL upper limits"]
    assert right.get_xlim() == ax.get_xlim()
    np.testing.assert_allclose(steps(right.lines[1])[0], 5 - np.arange(6), rtol=1e-9)


def test_a_second_profile_joins_the_twin_of_the_first(profile):
    ax = plot_profile(profile, "norm", twin="sqrt_ts")
    right = twin_of(ax)
    assert plot_profile(profile, "norm", twin="sqrt_ts", color="C3") is ax
    assert twin_of(ax) is right
    assert [line.get_color() for line in right.lines] == [TWIN_COLOR, TWIN_COLOR, "C3"]


def test_a_twin_of_another_quantity(profile):
    right = twin_of(plot_profile(profile, "npred", twin="flux"))
    assert plain_label(right.yaxis) == r"Integral flux [$\mathrm{cm^{-2}\,s^{-1}}$]"
    assert not [a for a in right.collections if isinstance(a, PolyCollection)]


def test_unknown_twin(profile):
    with pytest.raises(MissingVariableError, match="'significance'"):
        plot_profile(profile, "norm", twin="significance")
    assert plt.get_fignums() == []
