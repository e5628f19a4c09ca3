"""Arrows at upper limits: none below 0 unless asked for, and a legend with level and method."""

import numpy as np
import pytest
from cases.plot import legend_texts, new_axes
from matplotlib.colors import to_hex

from xprofile.exceptions import InvalidOptionError
from xprofile.plot import plot_profile


@pytest.fixture
def negative(profile):
    """A profile of limits, of which the first and the last are negative."""
    below = profile.copy(deep=True)
    below["is_ul"] = below.norm_ul.notnull()
    below.attrs["sqrt_ts_threshold_ul"] = 1e9
    size = below.sizes["projected_distance"]
    sign = np.where(np.isin(np.arange(size), [0, size - 1]), -1.0, 1.0)
    below["norm_ul"] = np.abs(below.norm_ul) * sign[:, None]
    below["norm"] = below.norm_ul - 1
    return below


def drawn(ax):
    """Values and limits that are drawn."""
    points = ax.containers[0].lines[0].get_ydata()
    limits = [c.lines[0].get_ydata() for c in ax.containers[1:]]
    return points[np.isfinite(points)], np.concatenate(limits) if limits else np.array([])


def test_no_arrow_below_zero(negative):
    values, limits = drawn(plot_profile(negative, "norm", ax=new_axes()))
    assert (limits > 0).all()
    expected = negative.norm.to_numpy()[negative.norm_ul.to_numpy() < 0]
    np.testing.assert_array_equal(values, expected)


def test_arrows_below_zero_if_asked_for(negative):
    values, limits = drawn(plot_profile(negative, "norm", ax=new_axes(), negative_limits=True))
    assert not values.size
    known = negative.norm_ul.to_numpy()[np.isfinite(negative.norm_ul)]
    np.testing.assert_array_equal(limits, known)
    with pytest.raises(InvalidOptionError, match="negative_limits must be True or False"):
        plot_profile(negative, "norm", negative_limits="yes")


@pytest.mark.parametrize(
    ("attrs", "text"),
    [
        ({"cl_ul": 0.95, "ul_method": "cls"}, "95 % CL upper limits (CLs)"),
        ({"cl_ul": 0.95, "ul_method": "bounded"}, "95 % CL upper limits (bounded)"),
        ({"cl_ul": 0.9, "ul_method": "feldman-cousins"}, "90 % CL upper limits (Feldman-Cousins)"),
        ({"cl_ul": 0.95, "ul_method": "bayes"}, "95 % CL upper limits (Bayes)"),
        ({"n_sigma_ul": 3.0}, "99.865 % CL upper limits"),
        ({"n_sigma_ul": 8.0}, "8 sigma upper limits"),
        ({}, None),
    ],
)
def test_legends_name_level_and_method(negative, attrs, text):
    others = ("cl", "cl_ul", "ul_method", "n_sigma_ul")
    negative.attrs = {k: v for k, v in negative.attrs.items() if k not in others} | attrs
    ax = plot_profile(negative, "norm", ax=new_axes())
    assert legend_texts(ax) == (None if text is None else [text])
    if text:
        arrow, line = ax.get_legend().legend_handles[0], ax.containers[0].lines[0]
        assert to_hex(arrow.get_color()) == to_hex(line.get_color())
    assert legend_texts(plot_profile(negative, "norm", ax=new_axes(), add_legend=False)) is None


def test_profiles_over_each_other_keep_their_entries(negative):
    ax = plot_profile(negative.assign_attrs(cl_ul=0.9, ul_method="cls"), ax=new_axes(), label="a")
    for label in "bc":
        plot_profile(negative.assign_attrs(cl_ul=0.95, ul_method="bayes"), ax=ax, label=label)
    expected = ["a", "b", "c", "90 % CL upper limits (CLs)", "95 % CL upper limits (Bayes)"]
    assert legend_texts(ax) == expected


def test_without_limits_nothing_names_them(profile):
    ax = plot_profile(profile.drop_vars("norm_ul"), ax=new_axes(), label="line")
    assert legend_texts(ax) == ["line"]
