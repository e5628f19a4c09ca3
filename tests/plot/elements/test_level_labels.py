"""Labels of limits, intervals and errors name their confidence level and method."""

import pytest
from cases.plot import legend_texts, new_axes

from xprofile.plot import plot_profile

ATTRS = {"cl": 0.9, "n_sigma": 1.645, "cl_ul": 0.95, "n_sigma_ul": 1.645, "ul_method": "cls"}


@pytest.fixture
def levels(profile):
    found = profile.copy()
    found.attrs = {"sed_type": profile.attrs["sed_type"], **ATTRS, "interval_method": "bayes"}
    return found


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("norm_ul", "Norm upper limit (95 % CL, CLs)"),
        ("norm_err", "Norm symmetric error (90 % CL)"),
        ("norm_hi", "Norm upper end of the interval (90 % CL, Bayes)"),
        ("ts", r"$\mathrm{TS}$"),
    ],
)
def test_vertical_axes(levels, name, label):
    levels["norm_hi"] = levels["norm_ul"].assign_attrs(long_name="norm upper end of the interval")
    assert plot_profile(levels, name, ax=new_axes()).get_ylabel() == label


def test_errors_of_1_sigma_and_unknown_levels_have_no_name(levels):
    for attrs in ({"cl": 0.683, "n_sigma": 1.0006}, {"cl": None, "n_sigma": None}):
        given = {k: v for k, v in (levels.attrs | attrs).items() if v is not None}
        levels.attrs = given
        assert "error" not in str(legend_texts(plot_profile(levels, ax=new_axes())))
        label = plot_profile(levels, "norm_err", ax=new_axes()).get_ylabel()
        assert label == "Norm symmetric error"


def test_errors_of_other_levels_are_named(levels):
    ax = plot_profile(levels.drop_vars("norm_ul"), ax=new_axes())
    assert legend_texts(ax)[-1:] == ["90 % CL errors"]
    assert "90 % CL errors" not in str(legend_texts(plot_profile(levels, "counts", ax=new_axes())))


def test_limits_of_two_methods_have_a_common_label(levels):
    ax = plot_profile(levels.isel(energy=0), "norm_ul", ax=new_axes())
    plot_profile(levels.isel(energy=0).assign_attrs(ul_method="bayes"), "norm_ul", ax=ax)
    assert ax.get_ylabel() == "Norm upper limit"
    assert legend_texts(ax) == [f"Norm upper limit (95 % CL, {m})" for m in ("CLs", "Bayes")]
