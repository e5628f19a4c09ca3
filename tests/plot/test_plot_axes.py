"""Axes of profiles: what lies along them, their scales, colours, words, and a second one."""

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases.maps import make_maps
from cases.plot import (
    BAND_TEXTS,
    ONE_BAND,
    TWO_BANDS,
    bars,
    galactic,
    legend_texts,
    make_profile,
    only,
    steps,
)
from matplotlib.collections import PolyCollection
from matplotlib.colors import same_color

from xprofile import SkyBins, bin_maps, estimate, to_sed_type
from xprofile.exceptions import InvalidOptionError, MissingVariableError
from xprofile.plot import plot_profile, plot_stat_scan
from xprofile.plot.xaxis import bin_axis
from xprofile.plot.yaxis import TWIN_COLOR
from xprofile.profile.sed import upper_limits

LONGITUDES = 4.5 - np.arange(6)  # of the six boxes


@pytest.fixture(scope="module")
def profile():
    return make_profile(ONE_BAND)


@pytest.fixture(scope="module")
def two_bands():
    return make_profile(TWO_BANDS)


@pytest.fixture(scope="module")
def ten_bands():
    """Eleven in truth, one more than the usual cycle has colours."""
    maps = make_maps(nenergy=11)
    bins = SkyBins.along_line(galactic(2, 0), galactic(-2, 0), height=2 * u.deg, nbin=2)
    return estimate(bin_maps(maps, bins), energy_edges=np.geomspace(10, 1000, 12) * u.GeV)


def profile_of(bins):
    return estimate(bin_maps(make_maps(), bins), energy_edges=ONE_BAND)


def new_axes():
    return plt.figure().gca()


def tick_text(ax, value):
    return ax.xaxis.get_major_formatter()(value, None)


# along the bins


def test_longitudes_run_on_through_zero_and_grow_to_the_left(profile):
    ax = plot_profile(profile, x="lon")
    points = ax.containers[0]
    np.testing.assert_allclose(points.lines[0].get_xdata(), LONGITUDES, rtol=1e-9)
    known = np.flatnonzero(np.isfinite(points.lines[0].get_ydata()))
    expected = np.stack([LONGITUDES - 0.5, LONGITUDES + 0.5], axis=1)[known]
    np.testing.assert_allclose(bars(points)[0][..., 0][known], expected, rtol=1e-9)
    assert ax.get_xlabel() == "Galactic longitude [deg]"
    left, right = ax.get_xlim()
    assert left > 4 > -1 > right
    assert [tick_text(ax, value) for value in (4.0, 0.0, -1e-13, -0.5)] == ["4", "0", "0", "359.5"]


def test_longitudes_that_rise_through_zero():
    bins = SkyBins.along_line(galactic(357, 0), galactic(3, 0), height=2 * u.deg, nbin=6)
    ax = plot_profile(profile_of(bins), "npred", x="lon")
    lower, upper, _ = steps(only(ax.lines))
    np.testing.assert_allclose(lower, np.arange(6) - 3, rtol=0, atol=1e-9)
    np.testing.assert_allclose(upper, np.arange(6) - 2, rtol=0, atol=1e-9)
    assert tick_text(ax, -1.5) == "358.5"


@pytest.mark.parametrize("middle", [0, 90, 180, 270])
@pytest.mark.parametrize("end", [3, -3])
def test_a_part_lies_on_the_whole_wherever_longitude_starts(middle, end):
    start, stop = galactic(middle - end, 0), galactic(middle + end, 0)
    whole = profile_of(SkyBins.along_line(start, stop, height=2 * u.deg, nbin=6))
    whole["npred"][:] = whole["coverage"][:] = 1.0  # off the map, most of them
    for kept in ([4, 5], [0, 1]):
        ax = plot_profile(whole, "npred", x="lon", ax=new_axes())
        plot_profile(whole.isel(projected_distance=kept), "npred", x="lon", ax=ax)
        first, second = (steps(line) for line in ax.lines)
        np.testing.assert_allclose(second[0], first[0][kept], rtol=0, atol=1e-9)


def test_axis_in_another_unit(profile):
    ax = plot_profile(profile, x="lon", x_unit="arcmin")
    x = ax.containers[0].lines[0].get_xdata()
    np.testing.assert_allclose(x, 60 * LONGITUDES, rtol=1e-9)
    assert ax.get_xlabel() == "Galactic longitude [arcmin]"
    assert tick_text(ax, -30.0) == "21570"


def test_latitudes_along_a_slanted_line():
    bins = SkyBins.along_line(galactic(0, -2), galactic(0.5, 2), height=1 * u.deg, nbin=4)
    ax = plot_profile(profile_of(bins), x="lat")
    x = ax.containers[0].lines[0].get_xdata()
    np.testing.assert_allclose(x, [-1.5, -0.5, 0.5, 1.5], rtol=1e-3)
    assert ax.get_xlabel() == "Galactic latitude [deg]"
    assert np.diff(ax.get_xlim()) > 0


def test_unequal_bins_keep_their_edges(profile):
    edges = [0, 1, 3, 3.5, 6] * u.deg
    bins = SkyBins.along_line(galactic(3, 0), galactic(-3, 0), height=2 * u.deg, edges=edges)
    axis = bin_axis(profile_of(bins), "lon")
    # linear in distance on the equator, so that the centres' own edges come out
    np.testing.assert_allclose(axis.first, 3 - edges.value[:-1], rtol=0, atol=1e-9)
    np.testing.assert_allclose(axis.last, 3 - edges.value[1:], rtol=0, atol=1e-9)


@pytest.mark.parametrize("kept", [[1, 2, 4], [4, 2, 1], slice(None, None, -1)])
def test_bins_are_where_they_were_in_any_selection(profile, kept):
    whole = bin_axis(profile, "lon")
    part = bin_axis(profile.isel(projected_distance=kept), "lon")
    for name in ("first", "centre", "last"):
        expected = getattr(whole, name)[kept]
        np.testing.assert_allclose(getattr(part, name), expected, rtol=0, atol=1e-9)


def test_steps_over_longitude_are_joined(profile):
    x, y = only(plot_profile(profile, "npred", x="lon").lines).get_data()
    known = np.isfinite(y)
    assert np.isnan(x).sum() == 1  # behind the last bin
    assert np.all(np.diff(x[known & np.isfinite(x)]) <= 0)


def test_any_coordinate_of_numbers(profile):
    dim = "projected_distance"
    named = profile.assign_coords(depth=(dim, [0.0, 1, 4, 9, 16, 25], {"units": "kpc"}))
    axis = bin_axis(named, "depth", "pc")
    np.testing.assert_allclose(axis.last, [500, 2500, 6500, 12500, 20500, 29500], rtol=1e-12)
    np.testing.assert_allclose(axis.first[1:], axis.last[:-1], rtol=1e-12)
    assert axis.label == "Depth [pc]"
    edged = named.assign_coords(depth_min=(dim, np.arange(6) - 2), depth_max=(dim, np.arange(6)))
    np.testing.assert_allclose(bin_axis(edged, "depth").first, np.arange(6) - 2, rtol=1e-12)
    assert bin_axis(named, dim).label == "Projected distance [deg]"


def test_a_path_that_turns_back_has_its_centres_inside_the_bins():
    bins = SkyBins.sectors(galactic(0, 0), radius_max=2 * u.deg, nbin=6)
    turning = profile_of(bins)
    ax = plot_profile(turning, x="lon")
    axis = bin_axis(turning, "lon")
    assert np.all(axis.reach >= 0)
    x = ax.containers[0].lines[0].get_xdata()
    assert np.ptp(x) < 4


def test_bins_of_a_grid_by_latitude():
    bins = SkyBins.grid(
        galactic(0, 0), width=1 * u.deg, height=4 * u.deg, nbin=(1, 4), position_angle=90 * u.deg
    )
    axis = bin_axis(profile_of(bins), "lat")
    np.testing.assert_allclose(axis.centre, [-1.5, -0.5, 0.5, 1.5], rtol=1e-9)
    np.testing.assert_allclose(axis.first, [-2, -1, 0, 1], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("attrs", "expected"),
    [
        ({"frame": "icrs", "units": "deg"}, "Right ascension [deg]"),
        ({"frame": "fk5", "units": "deg"}, "Right ascension (J2000) [deg]"),
        ({"frame": "barycentrictrueecliptic"}, "Longitude (barycentrictrueecliptic) [deg]"),
        ({"long_name": "longitude"}, "Longitude [deg]"),
        ({}, "Lon [deg]"),
    ],
)
def test_longitudes_are_named_by_their_frame(profile, attrs, expected):
    named = profile.copy()
    named["lon"].attrs = attrs
    assert bin_axis(named, "lon").label == expected


def test_scan_over_longitude(profile):
    ax = plot_stat_scan(profile, x="lon")
    mesh = only([a for a in ax.collections if isinstance(a, mpl.collections.QuadMesh)])
    edges = np.repeat(5.0 - np.arange(7), 2)[1:-1]
    np.testing.assert_allclose(mesh.get_coordinates()[0, :, 0], edges, rtol=0, atol=1e-9)
    assert ax.get_xlabel() == "Galactic longitude [deg]"
    assert ax.xaxis.get_inverted()
    points = ax.containers[0].lines[0]
    np.testing.assert_allclose(points.get_xdata(), LONGITUDES, rtol=1e-9)


@pytest.mark.parametrize(
    ("x", "unit", "match"),
    [
        ("longitude", None, r"one of \['projected_distance', .*'lon', 'lat'\].*'longitude'"),
        ("region", None, "numbers along projected_distance"),
        ("energy", None, "numbers along projected_distance"),
        ("lat", None, "same lat.*leave x out"),
        ("lon", "TeV", "x_unit must be an angle"),
    ],
)
@pytest.mark.parametrize("plot", [plot_profile, plot_stat_scan])
def test_coordinates_that_make_no_axis(profile, plot, x, unit, match):
    with pytest.raises(InvalidOptionError, match=match):
        plot(profile, x=x, x_unit=unit)
    assert plt.get_fignums() == []


# steps and points


def drawn_limits(profile):
    one = profile.isel(energy=0)
    limit = upper_limits(one).to_numpy()
    return one, limit, np.where(limit, np.nan, one.norm)


def test_steps_of_a_flux_have_a_shade_of_its_errors_and_arrows(profile):
    ax = plot_profile(profile, style="steps", color="C4", lw=3)
    one, limit, value = drawn_limits(profile)
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
    for index in np.flatnonzero(np.isfinite(drawn_limits(profile)[2])):
        one = profile.isel(projected_distance=[index])
        shade = plot_profile(one, style="steps", ax=new_axes()).collections[0]
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
    line = plot_profile(profile, ls="--", fmt="s").containers[0].lines[0]
    assert (line.get_linestyle(), line.get_marker()) == ("--", "s")


def test_transparent_steps_have_a_more_transparent_shade(profile):
    ax = plot_profile(profile, style="steps", alpha=0.5)
    assert ax.lines[0].get_alpha() == 0.5
    assert only(ax.collections[:1]).get_alpha() == pytest.approx(0.125)


def test_unknown_style(profile):
    with pytest.raises(InvalidOptionError, match=r"'bars'; there are \['points', 'steps'\]"):
        plot_profile(profile, style="bars")


# scales


@pytest.mark.parametrize("scale", ["linear", "symlog", "asinh"])
@pytest.mark.parametrize("style", ["points", "steps"])
def test_scales(profile, scale, style):
    ax = plot_profile(profile, yscale=scale, style=style)
    ax.figure.canvas.draw()
    assert ax.get_yscale() == scale


def test_a_symlog_axis_is_linear_up_to_the_smallest_error(two_bands):
    ax = plot_profile(two_bands, yscale="symlog")
    errors = np.stack([two_bands.norm_errn, two_bands.norm_errp])
    expected = errors[errors > 0].min()
    assert ax.yaxis.get_transform().linthresh == expected
    plot_profile(two_bands.assign(norm_errp=two_bands.norm_errp * 0.1), yscale="symlog", ax=ax)
    smaller = ax.yaxis.get_transform().linthresh
    assert smaller == pytest.approx(0.1 * two_bands.norm_errp.where(errors[1] > 0).min().item())
    plot_profile(two_bands, yscale="symlog", ax=ax)
    assert ax.yaxis.get_transform().linthresh == smaller


def test_a_symlog_axis_without_errors(profile):
    npred = profile.npred_excess.where(profile.coverage > 0).to_numpy()
    ax = plot_profile(profile, "npred_excess", yscale="symlog")
    expected = np.abs(npred[np.abs(npred) > 0]).min()
    assert ax.yaxis.get_transform().linthresh == expected
    nothing = profile.assign(npred_excess=0 * profile.npred_excess)
    ax = plot_profile(nothing, "npred_excess", yscale="symlog", ax=new_axes())
    assert ax.yaxis.get_transform().linthresh == 1


def test_what_has_no_place_on_a_log_axis_is_told(profile):
    _, limit, value = drawn_limits(profile)
    shown = np.concatenate([value, profile.norm_ul.to_numpy()[limit, 0]])
    hidden = int(np.sum(shown <= 0))
    below = profile.copy(deep=True)
    below["norm_ul"] = below.norm_ul - 10
    assert hidden == 0
    with pytest.warns(UserWarning, match=rf"{limit.sum()} of the .*yscale='symlog'"):
        plot_profile(below, yscale="log")
    ax = new_axes()
    ax.set_yscale("log")
    with pytest.warns(UserWarning, match="no place on a log axis"):
        plot_profile(below, ax=ax)


def test_nothing_is_told_where_all_is_seen(profile):
    ax = plot_profile(profile, yscale="log")  # warnings are errors
    ax.figure.canvas.draw()
    low, high = ax.get_ylim()
    _, limit, value = drawn_limits(profile)
    assert 0 < low < np.nanmin(profile.norm_ul.to_numpy()[limit])
    assert high > np.nanmax(value)


def test_unknown_scale(profile):
    with pytest.raises(InvalidOptionError, match="'cubic'; there are 'linear', 'log', 'symlog'"):
        plot_profile(profile, yscale="cubic")
    assert plt.get_fignums() == []


# a second axis


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
    assert legend_texts(ax) is None


def test_a_twin_of_several_bands_has_their_colours(two_bands):
    ax = plot_profile(two_bands, twin="sqrt_ts", x="lon")
    right = twin_of(ax)
    colors = [ax.containers[2 * band].lines[0].get_color() for band in range(2)]
    assert [line.get_color() for line in right.lines[:2]] == colors
    assert legend_texts(ax) == [*BAND_TEXTS, r"$\sqrt{\mathrm{TS}}$"]
    assert right.get_xlim() == ax.get_xlim()
    np.testing.assert_allclose(steps(right.lines[1])[0], 5 - np.arange(6), rtol=1e-9)


def test_a_second_profile_joins_the_twin_of_the_first(profile):
    ax = plot_profile(profile, twin="sqrt_ts")
    right = twin_of(ax)
    assert plot_profile(profile, twin="sqrt_ts", color="C3") is ax
    assert twin_of(ax) is right
    assert [line.get_color() for line in right.lines] == [TWIN_COLOR, TWIN_COLOR, "C3"]


def test_a_twin_of_another_quantity(profile):
    right = twin_of(plot_profile(profile, "npred", twin="flux"))
    assert right.get_ylabel() == r"Integral flux [$\mathrm{cm^{-2}\,s^{-1}}$]"
    assert not [a for a in right.collections if isinstance(a, PolyCollection)]


def test_unknown_twin(profile):
    with pytest.raises(MissingVariableError, match="'significance'"):
        plot_profile(profile, twin="significance")
    assert plt.get_fignums() == []


# colours and words


def line_colors(ax):
    return [handle[0].get_color() for handle in ax.get_legend_handles_labels()[0]]


def test_bands_follow_the_colour_cycle(two_bands):
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=["red", "lime", "blue"])}):
        assert line_colors(plot_profile(two_bands)) == ["red", "lime"]


def test_bands_of_a_colour_map(two_bands):
    first, last = line_colors(plot_profile(two_bands, cmap="viridis"))
    assert same_color([first, last], [mpl.colormaps["viridis"](share) for share in (0.0, 1.0)])
    one = plot_profile(two_bands.isel(energy=[0]), cmap="viridis", ax=new_axes())
    assert same_color(one.containers[0].lines[0].get_color(), mpl.colormaps["viridis"](0.0))


def test_more_bands_than_the_cycle_has_colours(ten_bands):
    ax = plot_profile(ten_bands)
    colors = [tuple(color) for color in line_colors(ax)]
    assert len(set(colors)) == 11
    with mpl.rc_context({"image.cmap": "magma"}):
        other = line_colors(plot_profile(ten_bands, ax=new_axes()))
    assert same_color(other[0], mpl.colormaps["magma"](0.0))
    texts = legend_texts(ax)
    assert len(set(texts)) == 11
    assert all(text.endswith(" GeV") for text in texts)
    assert ax.get_legend()._ncols == 2


def test_a_colour_given_is_that_of_all_bands(ten_bands):
    assert set(line_colors(plot_profile(ten_bands, c="k"))) == {"k"}


FLUXES = ["dnde", "flux", "eflux", "e2dnde"]


@pytest.mark.parametrize("style", ["points", "steps"])
@pytest.mark.parametrize(
    ("sed_type", "bright"), [("norm", False), *((f, b) for f in FLUXES for b in (False, True))]
)
def test_words_on_axes_are_typeset(profile, style, sed_type, bright):
    shown = to_sed_type(profile, sed_type, per_solid_angle=bright)
    ax = plot_profile(shown, style=style, x_unit="arcmin")
    ax.figure.canvas.draw()
    label = ax.get_ylabel()
    assert [part for part in ("1 /", "(", "**", "^-", "^1") if part in label] == []
    assert (r"sr^{-1}" in label) == bright
    assert (r"cm^{-2}\,s^{-1}" in label) == (sed_type != "norm")
    assert ax.get_xlabel() == "Projected distance [arcmin]"
