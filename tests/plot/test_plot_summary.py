"""The summary figure."""

from itertools import pairwise

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps
from cases.plot import (
    BAND_TEXTS,
    ONE_BAND,
    galactic,
    legend_texts,
    make_profile,
    only,
    outlines,
    profile_of,
    steps,
)
from matplotlib.colors import same_color

from xprofile import SkyBins
from xprofile.exceptions import InvalidBinsError, InvalidOptionError
from xprofile.plot import plot_bins, plot_summary
from xprofile.plot.elements.legends import is_legend_inside
from xprofile.plot.elements.power_labels import plain_label

PANELS = ["sky", "profile", "counts", "significance"]
LINE = SkyBins.along_line(galactic(5, 0), galactic(-1, 0), height=2 * u.deg, nbin=6)


@pytest.fixture(scope="module")
def shown(profile, image):
    """A summary to look at, by the accessor."""
    given = {"image_kw": {"vmax": 7}, "bins_kw": {"edgecolor": "lime"}}
    axes = profile.profile.plot_summary(image, sed_type="flux", x_unit="arcmin", **given)
    assert plt.get_fignums() == [1]
    return axes


def numbers(ax):
    return [int(text.get_text()) for text in ax.texts]


def above(ax):
    """Bin numbers and places on the upper axis of a panel."""
    top = only(ax.child_axes)
    return [int(text.get_text()) for text in top.get_xticklabels()], top.get_xticks()


@pytest.mark.slow
def test_panels_share_the_bins_axis(shown):
    assert list(shown) == PANELS
    sky, *panels = shown.values()
    assert {ax.get_xlim() for ax in panels} == {panels[0].get_xlim()}
    assert [ax.get_xlabel() for ax in panels] == ["", "", "Projected distance [arcmin]"]
    assert plain_label(panels[0].yaxis) == r"Integral flux [$\mathrm{cm^{-2}\,s^{-1}}$]"
    assert [ax.get_ylabel() for ax in panels[1:]] == ["Counts", r"$\sqrt{\mathrm{TS}}$"]
    assert {ax.figure for ax in panels} == {sky.figure}


def test_what_the_panels_show(profile, shown):
    axes = shown
    one = profile.isel(energy=0)
    used = one.coverage > 0
    assert len(axes["profile"].containers) == 2  # points and limits
    counts = only(axes["counts"].containers).lines[0]
    np.testing.assert_array_equal(counts.get_ydata(), one.counts.where(used))
    lines = {line.get_label(): line for line in axes["counts"].lines}
    predicted, background = lines["Predicted"], lines["Background"]
    np.testing.assert_array_equal(steps(predicted)[2], one.npred.where(used))
    np.testing.assert_array_equal(steps(background)[2], one.npred_background.where(used))
    assert background.get_linestyle() == "--"
    assert legend_texts(axes["counts"]) == ["Counts", "Predicted", "Background"]
    significance, zero = axes["significance"].lines
    np.testing.assert_array_equal(steps(significance)[2], one.sqrt_ts)
    np.testing.assert_array_equal(zero.get_ydata(), 0)
    assert legend_texts(axes["profile"]) == ["97.7 % CL upper\nlimits"]


def test_bins_are_drawn_on_the_image_where_the_regions_say(image, shown):
    sky = shown["sky"]
    assert only(sky.images).norm.vmax == 7
    drawn = outlines(sky)
    assert same_color(drawn.get_edgecolor()[0], "lime")
    expected = plot_bins(
        LINE, image.profile.plot_sky(ax=plt.figure().add_subplot(projection=image.profile.wcs))
    )
    for path, true in zip(drawn.get_paths(), expected.get_paths(), strict=True):
        found, wanted = path.get_extents().extents, true.get_extents().extents
        np.testing.assert_allclose(found, wanted, rtol=0, atol=0.01)  # of 10 pixels
    assert numbers(sky) == list(range(6))
    places = np.array([text.get_position() for text in sky.texts])
    np.testing.assert_allclose(places[:, 0], -5.5 + 10 * np.arange(6), rtol=0, atol=0.01)
    np.testing.assert_allclose(places[:, 1], 29.5, rtol=0, atol=0.01)


@pytest.mark.slow
def test_a_blank_sky_holds_all_bins_and_their_labels(profile):
    sky = plot_summary(profile)["sky"]
    (left, right), (bottom, top) = sorted(sky.get_xlim()), sky.get_ylim()
    box = [path.get_extents().extents for path in outlines(sky).get_paths()]
    assert left < np.min(box, axis=0)[0] < np.max(box, axis=0)[2] < right
    assert bottom < np.min(box, axis=0)[1] < np.max(box, axis=0)[3] < top
    assert (right - left) / (top - bottom) < 4.01
    assert sky.coords[0].get_axislabel() == "Galactic longitude [deg]"
    assert not sky.images


@pytest.mark.slow
def test_one_bin_has_a_blank_sky_that_is_not_too_narrow(profile):
    axes = plot_summary(profile.isel(projected_distance=[3]))
    (left, right), (bottom, top) = axes["sky"].get_xlim(), axes["sky"].get_ylim()
    assert abs(right - left) / (top - bottom) > 0.59
    assert numbers(axes["sky"]) == [0]


@pytest.mark.slow
@pytest.mark.parametrize("frame", ["icrs", "supergalactic"])
def test_a_blank_sky_in_other_frames(frame):
    start, end = galactic(3, 0).transform_to(frame), galactic(-3, 0).transform_to(frame)
    bins = SkyBins.along_line(start, end, height=1 * u.deg, nbin=3)
    sky = plot_summary(profile_of(bins), bins=bins)["sky"]
    assert sky.coords[0].get_axislabel() == "Right ascension"
    assert len(outlines(sky).get_paths()) == 3


@pytest.mark.slow
def test_the_whole_sky_when_bins_reach_far():
    bins = SkyBins.along_line(galactic(80, 0), galactic(-80, 0), height=9 * u.deg, nbin=16)
    sky = plot_summary(profile_of(bins))["sky"]
    assert list(sky.wcs.wcs.ctype) == ["GLON-AIT", "GLAT-AIT"]
    paths = outlines(sky).get_paths()
    assert all(np.isfinite(path.vertices).all() for path in paths)
    assert numbers(sky)[:2] == [0, 1]


@pytest.mark.slow
def test_bands_have_the_same_colours_and_names_in_all_panels(two_bands):
    few = xr.DataArray([1, 0.04], dims="energy") * two_bands[["counts", "npred"]]
    options = {"model": lambda x: 0 * x.value, "model_kw": {"label": "none"}}
    axes = plot_summary(two_bands.assign(few), cmap="plasma", **options)
    colors = [c.lines[0].get_color() for c in axes["profile"].containers[::2]]
    assert not same_color(colors[0], colors[1])
    assert legend_texts(axes["profile"]) == ["none", *BAND_TEXTS, "97.7 % CL upper\nlimits"]
    assert legend_texts(axes["counts"]) == ["Counts", "Predicted", "Background"]
    assert same_color([line.get_color() for line in axes["significance"].lines[:2]], colors)
    counts = [c.lines[0].get_color() for c in axes["counts"].containers]
    assert same_color(counts, colors)
    ax = axes["counts"]
    assert ax.get_yscale() == "log"
    shown = np.concatenate([line.get_ydata() for line in ax.lines])
    ends = np.log([*ax.get_ylim(), np.nanmin(shown), np.nanmax(shown)])
    assert (ends[3] - ends[2]) / (ends[1] - ends[0]) > 0.6  # of the height


@pytest.mark.slow
def test_bins_without_counts_are_shown_with_those_of_many(two_bands):
    counts = two_bands.counts.copy()
    counts[1, 1] = 0
    ax = plot_summary(two_bands.assign(counts=counts))["counts"]
    assert ax.get_yscale() == "symlog"
    assert ax.get_ylim()[0] == 0
    assert ax.get_ylim()[1] > (two_bands.counts + np.sqrt(two_bands.counts)).max()
    low, high = ax.transAxes.inverted().transform(ax.transData.transform([(0, 1), (0, 100)]))[:, 1]
    assert low < 0.2 < high  # below one count is no large part of the panel


@pytest.mark.slow
def test_keywords_of_the_flux(profile):
    given = plt.figure(figsize=(3.4, 7))
    options = {"style": "steps", "color": "C5", "yscale": "symlog", "x": "lon"}
    axes = plot_summary(profile, figure=given, add_legend=False, **options)
    assert given.get_layout_engine() is None
    assert axes["profile"].yaxis.label.get_window_extent().x0 > 0
    assert legend_texts(axes["profile"]) is None
    assert is_legend_inside(axes["counts"])
    assert axes["profile"].lines[0].get_color() == "C5"
    assert axes["profile"].get_yscale() == "symlog"
    assert axes["significance"].get_xlabel() == "Galactic longitude [deg]"
    assert axes["profile"].xaxis.get_inverted()
    numbers, places = above(axes["profile"])
    assert numbers == list(range(6))
    np.testing.assert_allclose(places, 4.5 - np.arange(6), rtol=1e-9)


@pytest.mark.slow
def test_bands_drawn_as_steps_keep_their_colours(two_bands):
    axes = plot_summary(two_bands, style="steps")
    for name in ("profile", "significance"):
        colors = [handle.get_color() for handle in axes[name].get_legend_handles_labels()[0]]
        assert same_color(colors, ["C0", "C1"])


@pytest.mark.slow
def test_a_figure_or_a_part_of_one(profile):
    whole = plt.figure(figsize=(16, 6), layout="constrained")
    left, right = whole.subfigures(1, 2)
    first = plot_summary(profile, figure=left)
    second = plot_summary(profile, figure=right, bins=LINE)
    assert {ax.figure for ax in first.values()} == {left}
    assert {ax.figure for ax in second.values()} == {right}
    assert tuple(whole.get_size_inches()) == (16, 6)
    assert plt.get_fignums() == [1]


@pytest.mark.slow
def test_a_square_sky_is_on_the_left_and_a_wide_one_above(shown):
    annuli = profile_of(SkyBins.annuli(galactic(0, 0), edges=[0, 1, 2] * u.deg))
    beside = plot_summary(annuli)
    sky, panel = (beside[name].get_position() for name in ("sky", "profile"))
    assert sky.x1 < panel.x0
    sky, panel = (shown[name].get_position() for name in ("sky", "profile"))
    assert sky.y0 > panel.y1


@pytest.mark.slow
@pytest.mark.parametrize("width", [3.4, 4.5, 6, 7.1, 10, 14])
@pytest.mark.parametrize("kind", ["line", "rings"])
def test_no_text_is_cut_or_covers_another(two_bands, image, width, kind):
    """With an image and limits, with and without a layout engine."""
    rings = SkyBins.annuli(galactic(0, 0), edges=[0, 1, 2] * u.deg)
    shown = two_bands if kind == "line" else profile_of(rings)
    given = plt.figure(figsize=(width, 7), layout="constrained" if width < 6 else None)
    axes = plot_summary(shown, image if kind == "line" else None, figure=given)
    given.draw_without_rendering()
    check_texts(axes)


@pytest.mark.slow
def test_no_text_is_cut_in_a_new_figure(two_bands, image):
    for shown in (image, None):
        axes = plot_summary(two_bands, shown)
        axes["sky"].figure.draw_without_rendering()
        check_texts(axes)


def check_texts(axes):
    """Panels keep apart with their labels, and legends and labels fit their panels."""
    figure = axes["sky"].figure
    boxes = {name: ax.get_tightbbox(figure.canvas.get_renderer()) for name, ax in axes.items()}
    for name, box in boxes.items():
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1, name
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1, name
        legend, ax = axes[name].get_legend(), axes[name]
        if legend is not None and legend.get_window_extent().x0 < ax.bbox.x1:
            assert is_legend_inside(ax), name
        if name != "sky":
            assert ax.yaxis.label.get_window_extent().height <= ax.bbox.height, name
    assert not boxes["sky"].overlaps(boxes["profile"])
    assert not boxes["profile"].overlaps(boxes["counts"])
    assert not boxes["counts"].overlaps(boxes["significance"])
    labels = [text for text in axes["counts"].get_yticklabels() if text.get_text()]
    found = [label.get_window_extent() for label in labels]
    assert len(found) > 1
    assert all(low.y1 < high.y0 + 2 for low, high in pairwise(found))


def test_panels_without_data_are_left_out(profile):
    bare = profile.drop_vars(["counts", "sqrt_ts", "region", "is_ul"])
    assert list(plot_summary(bare)) == ["profile"]
    assert list(plot_summary(bare, bins=LINE)) == ["sky", "profile"]


@pytest.mark.slow
def test_an_image_without_bins(profile, image):
    axes = plot_summary(profile.drop_vars("region"), image)
    assert list(axes) == PANELS
    assert numbers(axes["sky"]) == []


def test_bins_and_profile_must_agree(profile):
    with pytest.raises(InvalidBinsError, match="6 bins, and 5 along projected_distance"):
        plot_summary(profile.isel(projected_distance=slice(5)), bins=LINE)
    assert plt.get_fignums() == []


@pytest.mark.slow
def test_regions_that_cannot_be_read(profile):
    lost = profile.assign_coords(region=("projected_distance", ["somewhere"] * 6))
    with pytest.raises(InvalidBinsError, match=r"'somewhere'.*bins="):
        plot_summary(lost)
    assert len(plot_summary(lost, bins=LINE)) == 4


def test_other_options_are_refused(profile):
    with pytest.raises(InvalidOptionError, match="'intensity'"):
        plot_summary(profile, sed_type="intensity")
    with pytest.raises(InvalidOptionError, match="x must be"):
        plot_summary(profile, x="latitude")
    assert plt.get_fignums() == []


@pytest.mark.slow
def test_inputs_are_left_alone(shown, profile, image):
    xr.testing.assert_identical(profile, make_profile(ONE_BAND))
    xr.testing.assert_identical(image, make_maps().counts.sum("energy", keep_attrs=True))


@pytest.mark.slow
def test_numbers_above_a_profile_keep_apart():
    bins = SkyBins.along_line(galactic(4, 0), galactic(-4, 0), height=2 * u.deg, nbin=80)
    axes = plot_summary(profile_of(bins), sed_type="flux")
    axes["profile"].figure.canvas.draw()
    found = only(axes["profile"].child_axes).get_xticklabels()
    boxes = [text.get_window_extent() for text in found]
    assert 10 < len(boxes) < 80
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert "10^{-" in axes["profile"].get_ylabel()  # not at the corner, on the numbers
    assert axes["profile"].yaxis.get_offset_text().get_text() == ""
