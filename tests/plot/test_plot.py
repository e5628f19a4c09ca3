"""Figures, by the artists they hold."""

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from astropy.visualization.wcsaxes import WCSAxes
from cases.maps import make_maps, make_wcs
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
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.colors import LogNorm, same_color
from matplotlib.path import Path
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    PointSkyRegion,
    RectangleSkyRegion,
)

from xprofile import SkyBins, to_sed_type
from xprofile.bins import drawing
from xprofile.exceptions import (
    InvalidBinsError,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)
from xprofile.maps.wcs import decode_wcs, grid_coords
from xprofile.plot import (
    labels,
    plot_bins,
    plot_profile,
    plot_sky,
    plot_stat_scan,
    scan,
    series,
)
from xprofile.profile.sed import upper_limits, with_threshold

DISTANCES = ["projected_distance", "projected_distance_min", "projected_distance_max"]


@pytest.fixture(scope="module")
def profile():
    return make_profile(ONE_BAND)


@pytest.fixture(scope="module")
def two_bands():
    return make_profile(TWO_BANDS)


@pytest.fixture(scope="module")
def image():
    return make_maps().counts.sum("energy", keep_attrs=True)


def sky_axes(wcs):
    """Axes that show a blank map of 60 x 80 pixels."""
    ax = plt.figure().add_subplot(projection=wcs)
    ax.imshow(np.zeros((60, 80)), origin="lower")
    return ax


def closed_rings(path):
    """Vertices of each part of a path, all of which must be closed."""
    starts = np.flatnonzero(path.codes == Path.MOVETO)
    parts = np.split(np.arange(len(path.codes)), starts[1:])
    assert all(path.codes[part[-1]] == Path.CLOSEPOLY for part in parts)
    return [path.vertices[part] for part in parts]


# bins


def test_boxes_have_their_corners_in_pixels():
    wcs = make_wcs()
    bins = SkyBins.along_line(galactic(2, 0), galactic(-2, 0), height=1 * u.deg, nbin=4)
    drawn = plot_bins(bins, sky_axes(wcs))
    assert isinstance(drawn, PolyCollection)
    rings = [only(closed_rings(path)) for path in drawn.get_paths()]
    lows = [ring.min(axis=0) for ring in rings]
    highs = [ring.max(axis=0) for ring in rings]
    np.testing.assert_allclose(lows, [[19.5 + 10 * i, 24.5] for i in range(4)], rtol=1e-4)
    np.testing.assert_allclose(highs, [[29.5 + 10 * i, 34.5] for i in range(4)], rtol=1e-4)


def test_bins_are_drawn_on_the_current_axes_and_keep_their_limits():
    ax = sky_axes(make_wcs())
    limits = ax.get_xlim(), ax.get_ylim()
    drawn = plot_bins(SkyBins.annuli(galactic(0, 0), edges=[0, 20] * u.deg))
    assert drawn.axes is ax
    ax.figure.canvas.draw()
    assert (ax.get_xlim(), ax.get_ylim()) == limits


def test_empty_axes_show_the_bins():
    ax = plt.figure().add_subplot(projection=make_wcs())
    plot_bins(SkyBins.annuli(galactic(0, 0), edges=[0, 2] * u.deg), ax)
    low, high = ax.get_xlim()
    assert low < 19.5 < 59.5 < high


def test_annuli_are_two_circles_and_the_disc_is_one():
    ax = sky_axes(make_wcs())
    drawn = plot_bins(SkyBins.annuli(galactic(0, 0), edges=[0, 1, 2] * u.deg), ax)
    disc, ring = (closed_rings(path) for path in drawn.get_paths())
    radii = [np.hypot(*(part - [39.5, 29.5]).T) for part in (*disc, *ring)]
    assert [len(disc), len(ring)] == [1, 2]
    np.testing.assert_allclose(radii[0], 10, rtol=1e-3)
    np.testing.assert_allclose(radii[1], 20, rtol=1e-3)
    np.testing.assert_allclose(radii[2], 10, rtol=1e-3)


def test_a_filled_annulus_has_a_hole():
    ax = sky_axes(make_wcs())
    bins = SkyBins.annuli(galactic(0, 0), edges=[1, 2] * u.deg)
    plot_bins(bins, ax, facecolor="red", edgecolor="none")
    ax.set_axis_off()
    ax.figure.canvas.draw()
    colors = np.asarray(ax.figure.canvas.buffer_rgba())
    found = []
    for x in (39.5, 54.5):  # the centre, and the middle of the ring
        column, row = ax.transData.transform((x, 29.5)).astype(int)
        found.append(tuple(colors[colors.shape[0] - row, column, :3]))
    assert found[1] == (255, 0, 0)
    assert found[0] != (255, 0, 0)


@pytest.mark.parametrize("projection", ["CAR", "AIT", "MOL"])
def test_no_line_crosses_the_map_at_the_seam(projection):
    shape = (180, 360)
    wcs = make_wcs(projection, step=1, shape=shape)
    ax = plt.figure().add_subplot(projection=wcs)
    ax.imshow(np.zeros(shape), origin="lower")
    along = SkyBins.along_line(galactic(150, 20), galactic(210, -20), height=15 * u.deg, nbin=8)
    round_ = SkyBins.annuli(galactic(178, 40), edges=[0, 10, 30] * u.deg)
    polar = SkyBins.annuli(galactic(20, 80), edges=[5, 20] * u.deg)
    for bins in (along, round_, polar):
        for path in plot_bins(bins, ax).get_paths():
            drawn = path.codes[1:] != Path.MOVETO
            length = np.hypot(*np.diff(path.vertices, axis=0).T)[drawn]
            assert length.max() < 30


def test_pieces_at_the_seam_are_whole():
    """A ring is split into as many parts as the seam makes of it, wherever it starts."""
    shape = (180, 360)
    ax = plt.figure().add_subplot(projection=make_wcs(step=1, shape=shape))
    ax.imshow(np.zeros(shape), origin="lower")
    drawn = plot_bins(SkyBins.annuli(galactic(180, 0), edges=[0, 10] * u.deg), ax)
    path = only(drawn.get_paths())
    assert np.count_nonzero(path.codes == Path.MOVETO) == 2
    assert np.abs(path.vertices[:, 0] - 179.5).min() > 169


def test_bins_off_the_projection_draw_nothing():
    ax = sky_axes(make_wcs("TAN"))
    drawn = plot_bins(SkyBins.annuli(galactic(180, 0), edges=[0, 10] * u.deg), ax)
    ax.figure.canvas.draw()
    assert len(only(drawn.get_paths()).vertices) == 0


REGIONS = [
    CircleSkyRegion(galactic(1, 0), 0.5 * u.deg),
    CircleAnnulusSkyRegion(galactic(-1, 1), 0.5 * u.deg, 1 * u.deg),
    RectangleSkyRegion(galactic(0, -1), 2 * u.deg, 1 * u.deg),
]


@pytest.mark.parametrize("bins", [REGIONS, SkyBins.from_regions(REGIONS)], ids=["list", "bins"])
def test_regions_are_drawn_in_the_plane(bins):
    drawn = plot_bins(bins, sky_axes(make_wcs()))
    boxes = [path.get_extents() for path in drawn.get_paths()]
    expected = [[24.5, 24.5, 34.5, 34.5], [39.5, 29.5, 59.5, 49.5], [29.5, 14.5, 49.5, 24.5]]
    np.testing.assert_allclose([box.extents for box in boxes], expected, rtol=1e-4)


def test_planar_boxes_are_rectangles():
    bins = SkyBins.along_line(
        galactic(2, 0), galactic(-2, 0), height=1 * u.deg, nbin=2, planar=True
    )
    drawn = plot_bins(bins, sky_axes(make_wcs()))
    assert [len(path.vertices) for path in drawn.get_paths()] == [5, 5]


def test_regions_are_on_the_side_of_the_seam_that_is_shown():
    """The map ends at longitude 179, the region's centre is beyond 180."""
    wcs = make_wcs()
    wcs.wcs.crpix = [1790.5, 30.5]
    drawn = plot_bins([CircleSkyRegion(galactic(181, 0), 4 * u.deg)], sky_axes(wcs))
    np.testing.assert_allclose(
        only(drawn.get_paths()).get_extents().extents, [-60.5, -10.5, 19.5, 69.5], rtol=1e-4
    )


def test_points_have_no_outline():
    with pytest.raises(InvalidBinsError, match="PointSkyRegion"):
        plot_bins([PointSkyRegion(galactic(0, 0))], sky_axes(make_wcs()))


@pytest.mark.parametrize(
    ("style", "edge"),
    [
        ({}, drawing._EDGE_COLOR),
        ({"color": "lime"}, "lime"),
        ({"ec": "k", "lw": 3, "zorder": 7}, "k"),
    ],
)
def test_style_of_bins(style, edge):
    bins = SkyBins.annuli(galactic(0, 0), edges=[0, 1] * u.deg)
    drawn = plot_bins(bins, sky_axes(make_wcs()), **style)
    assert same_color(only(drawn.get_edgecolor()), edge)
    assert len(drawn.get_facecolor()) == 0 or drawn.get_facecolor()[0][3] == 0
    assert only(drawn.get_linewidth()) == style.get("lw", mpl.rcParams["patch.linewidth"])
    assert drawn.get_zorder() == style.get("zorder", 1)


def test_bins_in_a_legend():
    ax = sky_axes(make_wcs())
    plot_bins(SkyBins.annuli(galactic(0, 0), edges=[0, 1] * u.deg), ax, label="annuli")
    ax.legend()
    assert legend_texts(ax) == ["annuli"]


@pytest.mark.parametrize("make", [lambda: None, lambda: plt.figure().add_subplot()])
def test_bins_need_sky_axes(make):
    with pytest.raises(InvalidOptionError, match=r"plot_sky\(\)"):
        plot_bins(REGIONS, make())


# maps


def test_map_has_its_values_and_place(image):
    ax = plot_sky(image)
    shown = only(ax.images)
    assert isinstance(ax, WCSAxes)
    np.testing.assert_array_equal(shown.get_array(), image)
    assert shown.get_extent() == [-0.5, 79.5, -0.5, 59.5]
    assert ax.wcs.wcs.compare(decode_wcs(image).wcs)
    assert (shown.norm.vmin, shown.norm.vmax) == (image.min(), image.max())


@pytest.mark.parametrize(
    "select",
    [
        lambda m: m.isel(lon=slice(20, 50), lat=slice(10, 30)),
        lambda m: m.isel(lon=slice(49, 19, -1), lat=slice(10, 30)),
        lambda m: m.isel(lon=slice(20, 50), lat=slice(29, 9, -1)).transpose("lon", "lat"),
    ],
    ids=["slice", "reversed", "transposed"],
)
def test_a_part_of_a_map_stays_where_it_is(image, select):
    shown = only(plot_sky(select(image)).images)
    assert shown.get_extent() == [19.5, 49.5, 9.5, 29.5]
    np.testing.assert_array_equal(shown.get_array(), image[10:30, 20:50])


def test_every_second_pixel_is_twice_as_wide(image):
    shown = only(plot_sky(image[:, ::2]).images)
    assert shown.get_extent() == [-1, 79, -0.5, 59.5]


def test_a_single_row(image):
    assert only(plot_sky(image[4:5]).images).get_extent() == [-0.5, 79.5, 3.5, 4.5]


def test_unevenly_spaced_pixels_make_no_image(image):
    with pytest.raises(InvalidDataError, match="x are not evenly spaced"):
        plot_sky(image[:, [0, 1, 5]])


@pytest.mark.parametrize(
    ("stretch", "middle"), [("linear", 0.25), ("sqrt", 0.5), ("log", 0.8), ("asinh", 0.55)]
)
def test_stretch(image, stretch, middle):
    norm = only(plot_sky(image, stretch=stretch, vmin=0, vmax=4).images).norm
    assert [norm(0), norm(4)] == pytest.approx([0, 1])
    assert norm(1) == pytest.approx(middle, abs=0.01)


@pytest.mark.parametrize("stretch", ["log", "asinh"])
def test_labels_of_a_stretched_colour_bar_keep_apart(image, stretch):
    ax = plot_sky(image, stretch=stretch, vmin=0, vmax=1200)
    norm, bar = only(ax.images).norm, only(ax.images).colorbar
    assert np.all(np.diff(norm(np.sort(bar.get_ticks()))) > 0.08)
    bar.ax.figure.canvas.draw()
    assert bar.ax.get_yticklabels()[0].get_text() == "1000"


@pytest.mark.parametrize("value", [np.nan, 0.0, 3.0, -2.0])
@pytest.mark.parametrize("stretch", ["linear", "log"])
def test_flat_and_unknown_maps(image, value, stretch):
    ax = plot_sky(xr.full_like(image, value, float), stretch=stretch)
    ax.figure.canvas.draw()
    norm = only(ax.images).norm
    assert norm.vmax > norm.vmin


def test_masks_are_images():
    shown = only(plot_sky(make_maps()["mask"].isel(energy=0)).images)
    np.testing.assert_array_equal(shown.get_array(), 1)


def test_style_of_maps(image):
    norm = LogNorm(0.1, 100)
    ax = plot_sky(image + 1, norm=norm, cmap="gray", alpha=0.5, interpolation="nearest")
    shown = only(ax.images)
    assert shown.norm is norm
    assert (shown.get_cmap().name, shown.get_alpha()) == ("gray", 0.5)
    assert shown.get_interpolation() == "nearest"


def test_rc_colours_are_used(image):
    with mpl.rc_context({"image.cmap": "magma"}):
        assert only(plot_sky(image).images).get_cmap().name == "magma"


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("galactic", ["Galactic longitude [deg]", "Galactic latitude [deg]"]),
        ("icrs", ["Right ascension", "Declination"]),
    ],
)
def test_sky_axes_are_named(frame, expected):
    wcs = make_wcs("TAN", center=(83.6, 22.0), frame=frame)
    image = xr.DataArray(np.zeros((60, 80)), grid_coords(wcs, (60, 80)), ("lat", "lon"))
    ax = plot_sky(image)
    assert [coord.get_axislabel() for coord in ax.coords] == expected


def test_galactic_ticks_are_decimal_degrees(image):
    ax = plot_sky(image)
    assert ax.coords[0].get_format_unit() == u.deg
    formatted = ax.coords[0].format_coord(359.5)
    assert "h" not in formatted
    assert "°" not in ax.coords[0].formatter([359.5] * u.deg, spacing=0.5 * u.deg)[0]


def test_colour_bar(image):
    image = image.assign_attrs(long_name="smoothed counts", units="deg-2")
    ax = plot_sky(image)
    bar = only(ax.images).colorbar
    assert bar.ax.get_ylabel() == r"Smoothed counts [$\mathrm{deg^{-2}}$]"
    assert plt.gca() is ax
    ax.figure.canvas.draw()
    assert bar.ax.get_position().height == pytest.approx(ax.get_position().height)


def test_no_colour_bar(image):
    ax = plot_sky(image, add_colorbar=False)
    assert ax.figure.axes == [ax]


def test_maps_open_no_more_figures_than_they_need(image):
    figure = plt.figure()
    assert plot_sky(image).figure is figure
    assert plot_sky(image).figure is not figure
    ax = plt.figure().add_subplot(projection=decode_wcs(image))
    before = plt.get_fignums()
    assert plot_sky(image, ax=ax) is ax
    assert plt.get_fignums() == before


def test_a_cube_is_no_image():
    with pytest.raises(InvalidDataError, match=r'\.sum\("energy"\)'):
        plot_sky(make_maps().counts)


def test_a_row_is_no_image(image):
    with pytest.raises(InvalidDataError, match="lat and lon"):
        plot_sky(image.isel(lat=0))


def test_map_without_wcs(image):
    with pytest.raises(MissingVariableError, match="wcs"):
        plot_sky(image.drop_vars("wcs"))


def test_unknown_stretch(image):
    with pytest.raises(InvalidOptionError, match="sqrt"):
        plot_sky(image, stretch="square")


@pytest.mark.parametrize(
    ("projection", "match"), [(None, "know the sky"), (make_wcs(step=0.2), "another WCS")]
)
def test_maps_need_axes_with_their_wcs(image, projection, match):
    ax = plt.figure().add_subplot(projection=projection)
    with pytest.raises(InvalidOptionError, match=match):
        plot_sky(image, ax=ax)


def test_inputs_are_left_alone(image, two_bands):
    image, before = image.copy(deep=True), image.copy(deep=True)
    profile = two_bands.copy(deep=True)
    plot_sky(image[::-1])
    plot_profile(profile, sed_type="dnde")
    plot_stat_scan(profile.isel(energy=0))
    xr.testing.assert_identical(image, before)
    xr.testing.assert_identical(profile, two_bands)


# profiles


def own_values(profile, name="norm"):
    """Values where they are drawn as points, and where the limit is drawn."""
    one = profile.isel(energy=0)
    limit = upper_limits(one).to_numpy()
    return one, limit, np.where(limit, np.nan, one[name])


def test_the_data_have_points_limits_and_a_masked_bin(profile):
    _, limit, value = own_values(profile)
    assert limit.any()
    assert np.isfinite(value).any()
    assert (np.isnan(value) & ~limit).any()


def test_points_and_their_errors(profile):
    one, _, value = own_values(profile)
    points = plot_profile(profile).containers[0]
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
    one, _, value = own_values(profile)
    vertical = bars(plot_profile(profile).containers[0])[1]
    known = np.isfinite(value)
    ends = np.stack([value - one.norm_err, value + one.norm_err], axis=1)
    np.testing.assert_allclose(vertical[..., 1][known], ends[known], rtol=1e-12)


def test_an_unbounded_error_leaves_the_other_one(profile):
    index = int(np.argmax(profile.norm.to_numpy()[:, 0] == profile.norm.max().item()))
    profile = profile.copy(deep=True)
    profile["norm_errn"][index] = np.nan
    vertical = bars(plot_profile(profile).containers[0])[1][index, :, 1]
    best = profile.norm[index, 0]
    np.testing.assert_allclose(vertical, [best, best + profile.norm_errp[index, 0]], rtol=1e-12)


def test_values_without_errors(profile):
    profile = profile.drop_vars(["norm_err", "norm_errn", "norm_errp"])
    assert plot_profile(profile).containers[0].has_yerr is False


def test_arrows_hang_at_the_upper_limits(profile):
    one, limit, _ = own_values(profile)
    arrows = plot_profile(profile).containers[1].lines[0]
    x, y = arrows.get_data()
    np.testing.assert_array_equal(x, one.projected_distance[limit])
    np.testing.assert_array_equal(y, one.norm_ul[limit])


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_arrows_point_down_by_a_length_in_points(profile, scale):
    ax = plot_profile(profile)
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
    ax = plot_profile(profile, sqrt_ts_threshold_ul=1e9, ax=plt.figure(figsize=(6, 2)).gca())
    ax.set_yscale(scale)
    arrows = ax.containers[1].lines[0]
    ax.figure.canvas.draw()
    tail = ax.transData.transform(arrows.get_xydata())[:, 1].min()
    length = arrows.get_markersize() / 2 * ax.figure.dpi / 72
    assert tail - length > ax.get_window_extent().y0


def test_arrows_have_the_colour_of_the_points(two_bands):
    first, _, second, _ = (c.lines[0].get_color() for c in plot_profile(two_bands).containers)
    assert first != second
    colors = [
        c.lines[0].get_color()
        for c in plot_profile(two_bands, ax=plt.figure().gca(), color="k").containers
    ]
    assert colors == ["k"] * 4


def test_threshold(profile):
    one = profile.isel(energy=0)
    known = np.isfinite(one.norm).to_numpy()
    every = plot_profile(profile, sqrt_ts_threshold_ul=1e9, ax=plt.figure().gca())
    np.testing.assert_array_equal(
        every.containers[1].lines[0].get_ydata(), one.norm_ul.to_numpy()[known]
    )
    none = plot_profile(profile, sqrt_ts_threshold_ul=-1e9, ax=plt.figure().gca())
    np.testing.assert_array_equal(none.containers[0].lines[0].get_ydata(), one.norm)
    assert len(none.containers) == 1
    changed = plot_profile(with_threshold(profile, -1e9), ax=plt.figure().gca())
    assert len(changed.containers) == 1


def test_profile_without_limits(profile):
    ax = plot_profile(profile.drop_vars(["norm_ul", "is_ul"]))
    np.testing.assert_array_equal(
        only(ax.containers).lines[0].get_ydata(), profile.norm.isel(energy=0)
    )


@pytest.mark.parametrize("choose", [{"sed_type": "dnde"}, {"quantity": "dnde"}])
def test_sed_types(profile, choose):
    ax = plot_profile(profile, **choose)
    _, _, value = own_values(to_sed_type(profile, "dnde"), "dnde")
    np.testing.assert_array_equal(ax.containers[0].lines[0].get_ydata(), value)
    expected = r"$\mathrm{d}N/\mathrm{d}E$ [$\mathrm{cm^{-2}\,s^{-1}\,TeV^{-1}}$]"
    assert ax.get_ylabel() == expected
    assert ax.get_xlabel() == "Projected distance [deg]"


@pytest.mark.parametrize(
    ("sed_type", "expected"),
    [
        ("norm", "Norm"),
        ("likelihood", "Norm"),
        ("flux", r"Integral flux [$\mathrm{cm^{-2}\,s^{-1}}$]"),
        ("eflux", r"Energy flux [$\mathrm{erg\,cm^{-2}\,s^{-1}}$]"),
        (
            "e2dnde",
            r"$E^2\,\mathrm{d}N/\mathrm{d}E$ [$\mathrm{erg\,cm^{-2}\,s^{-1}}$]",
        ),
    ],
)
def test_labels_of_sed_types(profile, sed_type, expected):
    ax = plot_profile(profile, sed_type=sed_type)
    ax.figure.canvas.draw()
    assert ax.get_ylabel() == expected


def test_surface_brightness_is_plotted_as_it_is(profile):
    bright = to_sed_type(profile, "flux", per_solid_angle=True)
    _, _, value = own_values(bright, "flux")
    for choose in ({}, {"sed_type": "flux"}):
        ax = plot_profile(bright, ax=plt.figure().gca(), **choose)
        np.testing.assert_array_equal(ax.containers[0].lines[0].get_ydata(), value)
        assert ax.get_ylabel() == r"Integral flux [$\mathrm{cm^{-2}\,s^{-1}\,sr^{-1}}$]"


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ("", ""),
        ("deg", "deg"),
        ("sr-1", r"$\mathrm{sr^{-1}}$"),
        ("1 / (cm2 s)", r"$\mathrm{s^{-1}\,cm^{-2}}$"),
        ("counts per hour", "counts per hour"),
        ("1e-9 cm-2", r"$\mathrm{1 \times 10^{-9}\,cm^{-2}}$"),
    ],
)
def test_units_are_typeset(units, expected):
    assert labels.unit_text(units) == expected


def test_distance_in_another_unit(profile):
    ax = plot_profile(profile, x_unit="arcmin")
    expected = 60 * profile.projected_distance
    np.testing.assert_allclose(ax.containers[0].lines[0].get_xdata(), expected, rtol=1e-12)
    assert ax.get_xlabel() == "Projected distance [arcmin]"


def test_profile_over_position_angle(profile):
    """The axis is the bins' own dimension, with the name and unit of its coordinate."""
    turned = profile.rename(
        {name: name.replace("projected_distance", "position_angle") for name in DISTANCES}
    )
    turned["position_angle"].attrs["long_name"] = "position angle"
    for name in (None, "npred", "counts"):
        ax = plot_profile(turned, name, ax=plt.figure().gca())
        same = plot_profile(profile, name, ax=plt.figure().gca())
        for line, other in zip(ax.lines, same.lines, strict=True):
            np.testing.assert_array_equal(line.get_xydata(), other.get_xydata())
        assert ax.get_xlabel() == "Position angle [deg]"
    ax = plot_stat_scan(turned, sed_type="dnde", x_unit="rad", ax=plt.figure().gca())
    expected = np.deg2rad(profile.projected_distance_max[-1])
    assert only_mesh(ax).get_coordinates()[0, -1, 0] == pytest.approx(expected.item())
    assert ax.get_xlabel() == "Position angle [rad]"
    with pytest.raises(InvalidDataError, match="expected position_angle and"):
        plot_profile(turned, "ref_dnde")


def test_profile_over_regions(profile):
    """Bins without numbers stand side by side, each 1 wide."""
    named = profile.swap_dims(projected_distance="region").drop_vars(DISTANCES)
    points = plot_profile(named, "dnde").containers[0]
    known = np.flatnonzero(np.isfinite(points.lines[0].get_ydata()))
    np.testing.assert_array_equal(points.lines[0].get_xdata(), np.arange(6))
    expected = np.stack([known - 0.5, known + 0.5], axis=1)
    np.testing.assert_array_equal(bars(points)[0][..., 0][known], expected)
    line = only(plot_profile(named, "npred", ax=plt.figure().gca()).lines)
    np.testing.assert_array_equal(steps(line)[:2], [np.arange(6) - 0.5, np.arange(6) + 0.5])
    ax = plot_stat_scan(named, ax=plt.figure().gca())
    edges = only_mesh(ax).get_coordinates()[0, :, 0]
    np.testing.assert_array_equal(edges, np.repeat(np.arange(7), 2)[1:-1] - 0.5)
    assert ax.get_xlabel() == line.axes.get_xlabel() == "Region"
    with pytest.raises(InvalidOptionError, match="x_unit does not suit region"):
        plot_profile(named, x_unit="arcmin")


def test_a_series_for_each_energy_band(two_bands):
    ax = plot_profile(two_bands)
    assert legend_texts(ax) == BAND_TEXTS
    for index in range(2):
        limit = upper_limits(two_bands)[:, index]
        value = two_bands.norm[:, index].where(~limit)
        np.testing.assert_array_equal(ax.containers[2 * index].lines[0].get_ydata(), value)


@pytest.mark.parametrize(
    ("unit", "limits", "expected"),
    [
        ("TeV", (0.01, 0.0845), "10 - 84.5 GeV"),
        ("TeV", (0.0844729, 2), "84.5 - 2000 GeV"),
        ("TeV", (0.5, 100), "0.5 - 100 TeV"),
        ("GeV", (0.05, 0.5), "50 - 500 MeV"),
        ("keV", (1e5, 3e8), "0.1 - 300 GeV"),
    ],
)
def test_energies_in_the_unit_that_suits(unit, limits, expected):
    coords = dict(zip(("energy", "energy_min", "energy_max"), (1.0, *limits), strict=True))
    band = xr.Dataset(coords=coords)
    band["energy"].attrs["units"] = unit
    assert labels.energy_range(band) == expected


def test_one_band_has_no_legend_unless_asked_for(two_bands):
    one = two_bands.isel(energy=[1])
    assert legend_texts(plot_profile(one, ax=plt.figure().gca())) is None
    labelled = plot_profile(one, ax=plt.figure().gca(), label="line")
    assert legend_texts(labelled) == ["line"]
    assert legend_texts(plot_profile(two_bands, ax=plt.figure().gca(), add_legend=False)) is None
    assert legend_texts(plot_profile(one, ax=plt.figure().gca(), add_legend=True)) is None
    both = plot_profile(two_bands, ax=plt.figure().gca(), label="line")
    assert legend_texts(both) == [f"line, {text}" for text in BAND_TEXTS]


def test_a_selected_energy_is_as_good(two_bands):
    kept = plot_profile(two_bands.isel(energy=[1]), "dnde", ax=plt.figure().gca())
    dropped = plot_profile(two_bands.isel(energy=1), "dnde", ax=plt.figure().gca())
    for first, second in zip(kept.containers, dropped.containers, strict=True):
        np.testing.assert_array_equal(first.lines[0].get_xydata(), second.lines[0].get_xydata())


def test_transposed_profiles(two_bands):
    ax = plot_profile(two_bands.transpose("energy", ...))
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


def test_counts_have_poisson_errors_where_the_map_is_used(profile):
    drawn = only(plot_profile(profile, "counts").containers)
    counts = profile.counts.isel(energy=0).where(profile.coverage.isel(energy=0) > 0)
    np.testing.assert_array_equal(drawn.lines[0].get_ydata(), counts)
    assert np.isnan(counts).any()
    known = np.isfinite(counts).to_numpy()
    ends = np.stack([counts - np.sqrt(counts), counts + np.sqrt(counts)], axis=1)
    np.testing.assert_allclose(only(bars(drawn))[..., 1][known], ends[known], rtol=1e-12)


@pytest.mark.parametrize("name", ["ts", "stat", "norm_ul", "dnde_err", "is_ul", "coverage"])
def test_any_variable_by_name(profile, name):
    line = only(plot_profile(profile, name).lines)
    source = to_sed_type(profile, "dnde") if name == "dnde_err" else profile
    np.testing.assert_array_equal(steps(line)[2], source[name].isel(energy=0).astype(float))


def test_quantities_of_several_bands(two_bands):
    ax = plot_profile(two_bands, "sqrt_ts")
    assert legend_texts(ax) == [rf"$\sqrt{{\mathrm{{TS}}}}$, {text}" for text in BAND_TEXTS]
    assert ax.get_ylabel() == r"$\sqrt{\mathrm{TS}}$"


def test_steps_are_joined_only_where_bins_touch(profile):
    apart = profile.isel(projected_distance=[1, 2, 4])
    x, y = only(plot_profile(apart, "npred").lines).get_data()
    assert np.isfinite(y).all()
    np.testing.assert_allclose(x[:3], [1, 2, 2])
    assert np.isnan(x[5])


def test_one_bin(profile):
    one = profile.isel(projected_distance=[3])
    line = only(plot_profile(one, "npred").lines)
    np.testing.assert_allclose(line.get_xdata()[:2], [3, 4])
    plot_profile(one, ax=plt.figure().gca()).figure.canvas.draw()


@pytest.mark.parametrize("name", [None, "npred", "counts", "dnde"])
def test_no_value_draws_nothing(profile, name):
    empty = profile.isel(projected_distance=[0])
    ax = plot_profile(empty, name)
    ax.figure.canvas.draw()
    assert all(np.isnan(line.get_ydata()).all() for line in ax.lines)


def test_style_of_points(profile):
    ax = plot_profile(profile, marker="s", ms=9, ls="-", color="C3", capsize=4, elinewidth=3)
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
    line = plot_profile(profile, fmt=fmt).containers[0].lines[0]
    assert (line.get_marker(), line.get_linestyle()) == (marker, "None")


def test_style_of_steps(profile):
    line = only(plot_profile(profile, "npred", ls="--", lw=3, label="model").lines)
    assert (line.get_linestyle(), line.get_linewidth()) == ("--", 3)
    assert legend_texts(line.axes) == ["model"]


def test_rc_marker_size_is_followed(profile):
    with mpl.rc_context({"lines.markersize": 20}):
        ax = plot_profile(profile)
    assert [c.lines[0].get_markersize() for c in ax.containers] == pytest.approx(
        [14, 28 * series._ARROW]
    )


def test_profiles_keep_away_from_sky_axes(profile, image):
    sky = plot_sky(image)
    ax = plot_profile(profile)
    assert ax.figure is not sky.figure
    assert plot_profile(profile) is ax
    given = plt.figure().add_subplot()
    before = plt.get_fignums()
    assert plot_profile(profile, ax=given) is given
    assert plt.get_fignums() == before


def test_unknown_quantity(profile):
    with pytest.raises(MissingVariableError, match=r"no 'npred_signal'; .*npred_excess"):
        plot_profile(profile, "npred_signal")


def test_unknown_sed_type(profile):
    with pytest.raises(InvalidOptionError, match="'npred'"):
        plot_profile(profile, sed_type="npred")


def test_quantity_and_sed_type_exclude_each_other(profile):
    with pytest.raises(InvalidOptionError, match="not both"):
        plot_profile(profile, "npred", sed_type="dnde")


@pytest.mark.parametrize("unit", ["TeV", "inch of snow", 3])
def test_wrong_unit_of_distance(profile, unit):
    with pytest.raises(InvalidOptionError, match="x_unit"):
        plot_profile(profile, x_unit=unit)


@pytest.mark.parametrize(
    ("name", "match"),
    [("ref_dnde", "no profile"), ("stat_scan", "norm_scan=0"), ("region", "not a number")],
)
def test_quantities_that_cannot_be_plotted(profile, name, match):
    with pytest.raises(InvalidDataError, match=match):
        plot_profile(profile, name)


def test_other_dims_are_refused(profile):
    toys = xr.concat([profile, profile], "toy", join="exact", data_vars="all", coords="minimal")
    with pytest.raises(InvalidDataError, match=r"\.isel\(toy=0\)"):
        plot_profile(toys)
    with pytest.raises(InvalidDataError, match=r"\.isel\(toy=0\)"):
        plot_stat_scan(toys)


def test_profile_without_edges(profile):
    with pytest.raises(MissingVariableError, match="projected_distance_min"):
        plot_profile(profile.drop_vars("projected_distance_min"))


def test_profile_without_reference(profile):
    with pytest.raises(MissingVariableError, match="ref_dnde"):
        plot_profile(profile.drop_vars("ref_dnde"), sed_type="dnde")


# scans


def only_mesh(ax):
    return only([artist for artist in ax.collections if isinstance(artist, QuadMesh)])


def test_mesh_has_the_edges_of_the_bins_and_of_the_scan(profile):
    mesh = only_mesh(plot_stat_scan(profile))
    one = profile.isel(energy=0)
    corners = mesh.get_coordinates()
    edges = np.stack([one.projected_distance_min, one.projected_distance_max], axis=1).ravel()
    np.testing.assert_array_equal(corners[0, :, 0], edges)
    np.testing.assert_allclose(corners[:, 0, 1], np.arange(-1.5, 6), rtol=1e-12)
    rise = mesh.get_array()
    np.testing.assert_array_equal(
        rise[:, ::2].filled(np.nan), (one.stat_scan - one.stat).transpose("norm_scan", ...)
    )
    assert rise[:, 1::2].mask.all()


def test_mesh_in_flux(profile):
    ax = plot_stat_scan(profile, sed_type="dnde", x_unit="arcmin")
    corners = only_mesh(ax).get_coordinates()
    expected = np.arange(-1.5, 6) * profile.ref_dnde.item()
    np.testing.assert_allclose(corners[:, 4, 1], expected, rtol=1e-12)
    np.testing.assert_allclose(corners[0, -1, 0], 360, rtol=1e-12)
    assert ax.get_ylabel().startswith(r"$\mathrm{d}N/\mathrm{d}E$ [")
    assert ax.get_xlabel() == "Projected distance [arcmin]"


def test_mesh_of_a_surface_brightness_is_scaled_bin_by_bin(profile):
    bright = to_sed_type(profile, "flux", per_solid_angle=True)
    corners = only_mesh(plot_stat_scan(bright)).get_coordinates()
    scale = (profile.ref_flux / profile.solid_angle).to_numpy()[0]
    np.testing.assert_allclose(corners[0, ::2, 1], -1.5 * scale, rtol=1e-12)
    ax = plot_stat_scan(bright, sed_type="dnde", ax=plt.figure().gca())
    np.testing.assert_allclose(
        only_mesh(ax).get_coordinates()[0, :, 1], -1.5 * profile.ref_dnde.item(), rtol=1e-12
    )


def test_scan_in_any_order(profile):
    mixed = profile.isel(norm_scan=[3, 0, 6, 1, 2, 5, 4])
    first, second = (only_mesh(plot_stat_scan(p, ax=plt.figure().gca())) for p in (profile, mixed))
    np.testing.assert_array_equal(first.get_coordinates(), second.get_coordinates())
    np.testing.assert_array_equal(first.get_array(), second.get_array())


def test_colours_of_the_scan(profile):
    ax = plot_stat_scan(profile)
    mesh = only_mesh(ax)
    assert mesh.get_clim() == (0, 9)
    assert mesh.get_cmap().name == "Blues_r"
    assert mesh.colorbar.extend == "max"
    assert mesh.colorbar.ax.get_ylabel() == "Fit statistic difference"


def test_style_of_the_scan(profile):
    ax = plot_stat_scan(profile, cmap="magma", vmax=16, alpha=0.5, add_colorbar=False)
    mesh = only_mesh(ax)
    assert (mesh.get_clim(), mesh.get_cmap().name) == ((0, 16), "magma")
    assert mesh.get_alpha() == 0.5
    assert ax.figure.axes == [ax]
    norm = LogNorm(0.1, 10)
    assert only_mesh(plot_stat_scan(profile, ax=plt.figure().gca(), norm=norm)).norm is norm


def test_points_lie_on_the_scan(profile):
    ax = plot_stat_scan(profile, sed_type="dnde")
    _, _, value = own_values(to_sed_type(profile, "dnde"), "dnde")
    points = ax.containers[0].lines[0]
    np.testing.assert_array_equal(points.get_ydata(), value)
    assert points.get_color() == scan._POINT_COLOR
    assert points.get_zorder() > only_mesh(ax).get_zorder()
    assert legend_texts(ax) is None


def test_scan_without_points(profile):
    ax = plot_stat_scan(profile, add_points=False)
    assert ax.containers == []
    assert ax.get_ylabel() == "Norm"


def test_scan_of_a_selected_energy(two_bands):
    first, second = (
        only_mesh(plot_stat_scan(two_bands.isel(energy=index), ax=plt.figure().gca()))
        for index in ([1], 1)
    )
    np.testing.assert_array_equal(first.get_array(), second.get_array())


def test_scan_of_several_energies(two_bands):
    with pytest.raises(InvalidOptionError, match=r"\.isel\(energy=0\)"):
        plot_stat_scan(two_bands)


def test_profile_without_scan(profile):
    with pytest.raises(MissingVariableError, match=r'selection_optional=\["scan"\]'):
        plot_stat_scan(profile.drop_vars(["stat_scan", "norm_scan"]))


def test_scan_of_one_value(profile):
    with pytest.raises(InvalidOptionError, match="one value"):
        plot_stat_scan(profile.isel(norm_scan=[0]))
