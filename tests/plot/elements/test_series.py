"""Points and steps with their errors, and arrows at upper limits."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases.plot import bars, drawn_values, legend_texts, new_axes, only, steps
from matplotlib.collections import PolyCollection
from matplotlib.colors import same_color

from xprofile.exceptions import InvalidOptionError
from xprofile.plot import plot_profile
from xprofile.plot.elements import series


def test_the_data_have_points_limits_and_a_masked_bin(profile):
    _, limit, value = drawn_values(profile)
    assert limit.any()
    assert np.isfinite(value).any()
    assert (np.isnan(value) & ~limit).any()


def test_points_and_their_errors(profile):
    one, _, value = drawn_values(profile)
    points = plot_profile(profile, "norm").containers[0]
    x, y = points.lines[0].get_data()
    np.testing.assert_array_equal(x, one.projected_distance)
    np.testing.assert_array_equal(y, value)
    known = np.flatnonzero(np.isfinite(value))
    horizontal, vertical = bars(points)
    edges = np.stack([one.projected_distance_min, one.projected_distance_max], axis=1)
    np.testing.assert_allclose(horizontal[..., 0][known], edges[known], rtol=1e-12)
    ends = np.stack([value - one.norm_errn, value + one.norm_errp], axis=1)
    np.testing.assert_allclose(vertical[..., 1][known], ends[known], rtol=1e-12)


def test_symmetric_errors_where_there_are_no_others(profile):
    profile = profile.drop_vars(["norm_errn", "norm_errp"])
    one, _, value = drawn_values(profile)
    vertical = bars(plot_profile(profile, "norm").containers[0])[1]
    known = np.isfinite(value)
    ends = np.stack([value - one.norm_err, value + one.norm_err], axis=1)
    np.testing.assert_allclose(vertical[..., 1][known], ends[known], rtol=1e-12)


def test_an_unbounded_error_leaves_the_other_one(profile):
    index = int(np.argmax(profile.norm.to_numpy()[:, 0] == profile.norm.max().item()))
    profile = profile.copy(deep=True)
    profile["norm_errn"][index] = np.nan
    vertical = bars(plot_profile(profile, "norm").containers[0])[1][index, :, 1]
    best = profile.norm[index, 0]
    np.testing.assert_allclose(vertical, [best, best + profile.norm_errp[index, 0]], rtol=1e-12)


def test_values_without_errors(profile):
    profile = profile.drop_vars(["norm_err", "norm_errn", "norm_errp"])
    assert plot_profile(profile, "norm").containers[0].has_yerr is False


def test_arrows_hang_at_the_upper_limits(profile):
    one, limit, _ = drawn_values(profile)
    arrows = plot_profile(profile, "norm").containers[1].lines[0]
    x, y = arrows.get_data()
    np.testing.assert_array_equal(x, one.projected_distance[limit])
    np.testing.assert_array_equal(y, one.norm_ul[limit])


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_arrows_point_down_by_a_length_in_points(profile, scale):
    ax = plot_profile(profile, "norm")
    ax.set_yscale(scale)
    arrows = ax.containers[1].lines[0]
    marker = arrows.get_marker()
    assert arrows.get_linestyle() == "None"
    np.testing.assert_array_equal(marker.vertices[0], [0, 0])
    assert marker.vertices[:, 1].min() == -1
    length = arrows.get_markersize() / 2  # a marker's path spans from -1/2 to 1/2 of its size
    assert length == pytest.approx(series._ARROW * ax.containers[0].lines[0].get_markersize())
    assert 8 < length < 20


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_the_lowest_arrow_is_inside_the_axes(profile, scale):
    ax = plot_profile(
        profile, "norm", sqrt_ts_threshold_ul=1e9, ax=plt.figure(figsize=(6, 2)).gca()
    )
    ax.set_yscale(scale)
    arrows = ax.containers[1].lines[0]
    ax.figure.canvas.draw()
    tail = ax.transData.transform(arrows.get_xydata())[:, 1].min()
    length = arrows.get_markersize() / 2 * ax.figure.dpi / 72
    assert tail - length > ax.get_window_extent().y0


def test_arrows_have_the_colour_of_the_points(two_bands):
    first, _, second, _ = (
        c.lines[0].get_color() for c in plot_profile(two_bands, "norm").containers
    )
    assert first != second
    colors = [
        c.lines[0].get_color()
        for c in plot_profile(two_bands, "norm", ax=plt.figure().gca(), color="k").containers
    ]
    assert colors == ["k"] * 4


def test_counts_have_poisson_errors_where_the_map_is_used(profile):
    drawn = only(plot_profile(profile, "counts").containers)
    counts = profile.counts.isel(energy=0).where(profile.coverage.isel(energy=0) > 0)
    np.testing.assert_array_equal(drawn.lines[0].get_ydata(), counts)
    assert np.isnan(counts).any()
    known = np.isfinite(counts).to_numpy()
    ends = np.stack([counts - np.sqrt(counts), counts + np.sqrt(counts)], axis=1)
    np.testing.assert_allclose(only(bars(drawn))[..., 1][known], ends[known], rtol=1e-12)


def test_steps_are_joined_only_where_bins_touch(profile):
    apart = profile.isel(projected_distance=[1, 2, 4])
    x, y = only(plot_profile(apart, "npred").lines).get_data()
    assert np.isfinite(y).all()
    np.testing.assert_allclose(x[:3], [1, 2, 2])
    assert np.isnan(x[5])


def test_style_of_points(profile):
    ax = plot_profile(
        profile, "norm", marker="s", ms=9, ls="-", color="C3", capsize=4, elinewidth=3
    )
    points, arrows = ax.containers
    line = points.lines[0]
    style = line.get_marker(), line.get_markersize(), line.get_linestyle(), line.get_color()
    assert style == ("s", 9, "-", "C3")
    assert len(points.lines[1]) == 4
    for container in (points, arrows):
        assert only(container.lines[2][0].get_linewidth()) == 3
    assert arrows.lines[0].get_linestyle() == "None"


@pytest.mark.parametrize(("fmt", "marker"), [("D", "D"), ("none", "")])
def test_format_of_points(profile, fmt, marker):
    line = plot_profile(profile, "norm", fmt=fmt).containers[0].lines[0]
    assert (line.get_marker(), line.get_linestyle()) == (marker, "None")


def test_style_of_steps(profile):
    line = only(plot_profile(profile, "npred", ls="--", lw=3, label="model").lines)
    assert (line.get_linestyle(), line.get_linewidth()) == ("--", 3)
    assert legend_texts(line.axes) == ["model"]


def test_rc_marker_size_is_followed(profile):
    with mpl.rc_context({"lines.markersize": 20}):
        ax = plot_profile(profile, "norm")
    assert [c.lines[0].get_markersize() for c in ax.containers] == pytest.approx(
        [14, 28 * series._ARROW]
    )


def test_steps_of_a_flux_have_a_shade_of_its_errors_and_arrows(profile):
    ax = plot_profile(profile, "norm", style="steps", color="C4", lw=3)
    one, limit, value = drawn_values(profile)
    line = ax.lines[0]
    lower, upper, level = steps(line)
    np.testing.assert_array_equal(lower, one.projected_distance_min)
    np.testing.assert_array_equal(upper, one.projected_distance_max)
    np.testing.assert_array_equal(level, value)
    shade = only([a for a in ax.collections if isinstance(a, PolyCollection)])
    found = [path.get_extents().extents for path in shade.get_paths()]
    spans = np.array([[x0, y0, x1, y1] for x0, y0, x1, y1 in found])
    known = np.isfinite(value)
    low, high = (value - one.norm_errn.to_numpy())[known], (value + one.norm_errp)[known]
    assert spans[:, 0].min() == one.projected_distance_min[known].min()
    assert spans[:, 2].max() == one.projected_distance_max[known].max()
    np.testing.assert_allclose([spans[:, 1].min(), spans[:, 3].max()], [low.min(), high.max()])
    assert same_color(shade.get_facecolor()[0][:3], "C4")
    assert (line.get_linewidth(), line.get_color()) == (3, "C4")
    assert shade.get_zorder() < line.get_zorder()
    arrows = only(ax.containers).lines[0]
    np.testing.assert_array_equal(arrows.get_ydata(), one.norm_ul[limit])
    assert arrows.get_color() == "C4"


def test_a_shade_reaches_from_error_to_error_in_each_bin(profile):
    for index in np.flatnonzero(np.isfinite(drawn_values(profile)[2])):
        one = profile.isel(projected_distance=[index])
        shade = plot_profile(one, "norm", style="steps", ax=new_axes()).collections[0]
        box = only(shade.get_paths()).get_extents()
        edges = one.projected_distance_min.item(), one.projected_distance_max.item()
        norm = one.norm.item()
        expected = edges[0], norm - one.norm_errn.item(), edges[1], norm + one.norm_errp.item()
        np.testing.assert_allclose(box.extents, expected, rtol=1e-12)


def test_steps_of_counts(profile):
    ax = plot_profile(profile, "counts", style="steps")
    counts = profile.counts.isel(energy=0).where(profile.coverage.isel(energy=0) > 0)
    np.testing.assert_array_equal(steps(only(ax.lines))[2], counts)
    top = max(path.get_extents().y1 for path in only(ax.collections).get_paths())
    assert top == pytest.approx((counts + np.sqrt(counts)).max().item(), rel=1e-12)


def test_points_of_a_significance(profile):
    container = only(plot_profile(profile, "sqrt_ts", style="points").containers)
    np.testing.assert_array_equal(container.lines[0].get_ydata(), profile.sqrt_ts.isel(energy=0))
    assert (container.has_xerr, container.has_yerr) == (True, False)


def test_a_line_through_points(profile):
    line = plot_profile(profile, "norm", ls="--", fmt="s").containers[0].lines[0]
    assert (line.get_linestyle(), line.get_marker()) == ("--", "s")


def test_transparent_steps_have_a_more_transparent_shade(profile):
    ax = plot_profile(profile, "norm", style="steps", alpha=0.5)
    assert ax.lines[0].get_alpha() == 0.5
    assert only(ax.collections[:1]).get_alpha() == pytest.approx(0.125)


def test_points_moved_inside_their_bins(profile):
    one, limit, value = drawn_values(profile)
    centred, moved = (
        plot_profile(profile, "norm", ax=new_axes(), offset=share) for share in (0, -0.25)
    )
    width = (one.projected_distance_max - one.projected_distance_min).to_numpy()
    for before, after in zip(centred.containers, moved.containers, strict=True):
        x, y = after.lines[0].get_data()
        at = limit if len(x) < len(value) else slice(None)
        np.testing.assert_allclose(x, before.lines[0].get_xdata() - width[at] / 4, rtol=1e-12)
        np.testing.assert_array_equal(y, before.lines[0].get_ydata())
        known = np.isfinite(y)
        np.testing.assert_allclose(
            bars(after)[0][known], bars(before)[0][known], rtol=1e-12, atol=1e-12
        )


def test_steps_do_not_move(profile):
    first, second = (
        plot_profile(profile, "norm", ax=new_axes(), style="steps", offset=share)
        .lines[0]
        .get_xdata()
        for share in (0, 0.4)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("offset", [0.6, -1, np.nan, "left"], ids=str)
def test_points_do_not_leave_their_bins(profile, offset):
    with pytest.raises(InvalidOptionError, match=r"offset must be .* found"):
        plot_profile(profile, "norm", offset=offset)


def test_other_quantities_with_errors_are_points(profile):
    error = profile.norm_err.where(profile.norm_err != profile.norm_err.max())
    one = profile.assign(index=profile.norm + 2, index_err=error)
    points = plot_profile(one, "index").containers[0]
    known = np.isfinite(error.to_numpy()[:, 0])
    assert 0 < np.count_nonzero(known) < known.size
    drawn = points.lines[0].get_ydata()
    np.testing.assert_array_equal(drawn, np.where(known, one["index"].to_numpy()[:, 0], np.nan))
    ends = np.stack([one["index"] - error, one["index"] + error], axis=-1)[:, 0]
    np.testing.assert_allclose(bars(points)[1][known][..., 1], ends[known], rtol=1e-12)


def test_an_interval_without_ends_is_left_out(profile):
    first, second = np.flatnonzero(np.isfinite(profile.norm_err.to_numpy()[:, 0]))[:2]
    below, above = (profile.norm_err.copy() for _ in range(2))
    below[[first, second]] = np.nan
    above[first] = np.nan
    one = profile.assign(
        index=profile.norm, index_err=profile.norm_err, index_errn=below, index_errp=above
    )
    points = plot_profile(one, "index").containers[0]
    drawn = points.lines[0].get_ydata()
    assert np.isnan(drawn[first])
    value, error = profile.norm[second, 0], profile.norm_err[second, 0]
    np.testing.assert_allclose(bars(points)[1][second, :, 1], [value, value + error], rtol=1e-12)
