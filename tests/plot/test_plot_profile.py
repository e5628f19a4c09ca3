"""Profiles: series of energy bins, colours and legends."""

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps
from cases.plot import BAND_TEXTS, galactic, legend_texts, new_axes, only, steps
from matplotlib.colors import same_color

from xprofile import SkyBins, bin_maps, estimate
from xprofile.exceptions import InvalidOptionError
from xprofile.plot import plot_profile, plot_sky, plot_stat_scan
from xprofile.profile.limits import upper_limits


@pytest.fixture(scope="module")
def ten_bands():
    """Eleven in truth, one more than the usual cycle has colours."""
    maps = make_maps(nenergy=11)
    bins = SkyBins.along_line(galactic(2, 0), galactic(-2, 0), height=2 * u.deg, nbin=2)
    return estimate(bin_maps(maps, bins), energy_edges=np.geomspace(10, 1000, 12) * u.GeV)


def test_inputs_are_left_alone(image, two_bands):
    image, before = image.copy(deep=True), image.copy(deep=True)
    profile = two_bands.copy(deep=True)
    plot_sky(image[::-1])
    plot_profile(profile, sed_type="dnde")
    plot_stat_scan(profile.isel(energy=0))
    xr.testing.assert_identical(image, before)
    xr.testing.assert_identical(profile, two_bands)


LIMITS = "97.7 % CL upper limits"


def test_a_series_for_each_energy_band(two_bands):
    ax = plot_profile(two_bands, "norm")
    assert legend_texts(ax) == [*BAND_TEXTS, LIMITS]
    for index in range(2):
        limit = upper_limits(two_bands)[:, index]
        value = two_bands.norm[:, index].where(~limit)
        np.testing.assert_array_equal(ax.containers[2 * index].lines[0].get_ydata(), value)


def test_one_band_has_no_legend_unless_asked_for(two_bands):
    two_bands = two_bands.drop_vars("norm_ul")
    one = two_bands.isel(energy=[1])
    assert legend_texts(plot_profile(one, "norm", ax=plt.figure().gca())) is None
    labelled = plot_profile(one, "norm", ax=plt.figure().gca(), label="line")
    assert legend_texts(labelled) == ["line"]
    assert (
        legend_texts(plot_profile(two_bands, "norm", ax=plt.figure().gca(), add_legend=False))
        is None
    )
    assert legend_texts(plot_profile(one, "norm", ax=plt.figure().gca(), add_legend=True)) is None
    both = plot_profile(two_bands, "norm", ax=plt.figure().gca(), label="line")
    assert legend_texts(both) == [f"line, {text}" for text in BAND_TEXTS]


def test_a_selected_energy_is_as_good(two_bands):
    kept = plot_profile(two_bands.isel(energy=[1]), "dnde", ax=plt.figure().gca())
    dropped = plot_profile(two_bands.isel(energy=1), "dnde", ax=plt.figure().gca())
    for first, second in zip(kept.containers, dropped.containers, strict=True):
        np.testing.assert_array_equal(first.lines[0].get_xydata(), second.lines[0].get_xydata())


def test_transposed_profiles(two_bands):
    ax = plot_profile(two_bands.transpose("energy", ...), "norm")
    limit = upper_limits(two_bands)
    expected = two_bands.norm.where(~limit).isel(energy=0)
    np.testing.assert_array_equal(ax.containers[0].lines[0].get_ydata(), expected)


def test_quantities_over_each_other(profile):
    names = ["npred", "npred_excess", "npred_background"]
    ax = plot_profile(profile, names[0])
    assert ax.get_ylabel() == "Predicted counts at the best fit"
    assert ax.get_legend() is None
    for name in names[1:]:
        assert plot_profile(profile, name) is ax
    assert plot_profile(profile, "counts") is ax
    one = profile.isel(energy=0)
    for line, name in zip(ax.lines, names, strict=False):
        lower, upper, level = steps(line)
        np.testing.assert_array_equal(lower, one.projected_distance_min)
        np.testing.assert_array_equal(upper, one.projected_distance_max)
        np.testing.assert_array_equal(level, one[name].where(one.coverage > 0))
    assert ax.get_ylabel() == "Counts"
    assert legend_texts(ax) == [
        "Predicted counts at the best fit",
        "Predicted signal counts at the best fit",
        "Predicted background counts",
        "Counts",
    ]


def test_quantities_of_several_bands(two_bands):
    ax = plot_profile(two_bands, "sqrt_ts")
    assert legend_texts(ax) == [rf"$\sqrt{{\mathrm{{TS}}}}$, {text}" for text in BAND_TEXTS]
    assert ax.get_ylabel() == r"$\sqrt{\mathrm{TS}}$"


def test_one_bin(profile):
    one = profile.isel(projected_distance=[3])
    line = only(plot_profile(one, "npred").lines)
    np.testing.assert_allclose(line.get_xdata()[:2], [3, 4])
    plot_profile(one, "norm", ax=plt.figure().gca()).figure.canvas.draw()


@pytest.mark.parametrize("name", [None, "npred", "counts", "dnde"])
def test_no_value_draws_nothing(profile, name):
    empty = profile.isel(projected_distance=[0])
    ax = plot_profile(empty, name)
    ax.figure.canvas.draw()
    assert all(np.isnan(line.get_ydata()).all() for line in ax.lines)


def test_quantity_and_sed_type_exclude_each_other(profile):
    with pytest.raises(InvalidOptionError, match="not both"):
        plot_profile(profile, "npred", sed_type="dnde")


def test_unknown_style(profile):
    with pytest.raises(InvalidOptionError, match=r"'bars'; choose one of \['points', 'steps'\]"):
        plot_profile(profile, "norm", style="bars")


def line_colors(ax):
    return [handle[0].get_color() for handle in ax.get_legend_handles_labels()[0]]


def test_bands_follow_the_colour_cycle(two_bands):
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=["red", "lime", "blue"])}):
        assert line_colors(plot_profile(two_bands, "norm")) == ["red", "lime"]


def test_bands_of_a_colour_map(two_bands):
    first, last = line_colors(plot_profile(two_bands, "norm", cmap="viridis"))
    assert same_color([first, last], [mpl.colormaps["viridis"](share) for share in (0.0, 1.0)])
    one = plot_profile(two_bands.isel(energy=[0]), cmap="viridis", ax=new_axes())
    assert same_color(one.containers[0].lines[0].get_color(), mpl.colormaps["viridis"](0.0))


@pytest.mark.slow
def test_more_bands_than_the_cycle_has_colours(ten_bands):
    ax = plot_profile(ten_bands, "norm")
    colors = [tuple(color) for color in line_colors(ax)]
    assert len(set(colors)) == 11
    with mpl.rc_context({"image.cmap": "magma"}):
        other = line_colors(plot_profile(ten_bands, "norm", ax=new_axes()))
    assert same_color(other[0], mpl.colormaps["magma"](0.0))
    texts = legend_texts(ax)
    assert len(set(texts)) == 11
    assert all(text.endswith(" GeV") for text in texts)
    assert ax.get_legend()._ncols == 2


def test_a_colour_given_is_that_of_all_bands(ten_bands):
    assert set(line_colors(plot_profile(ten_bands, "norm", c="k"))) == {"k"}
