"""Bins on the sky: outlines, and regions of a Dataset."""

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases.maps import make_maps, make_wcs
from cases.plot import galactic, legend_texts, only, sky_axes
from cases.rebinning import FINE, boxes
from matplotlib.collections import PolyCollection
from matplotlib.colors import same_color
from matplotlib.path import Path
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    PointSkyRegion,
    RectangleSkyRegion,
)

from xprofile import SkyBins, bin_maps, estimate, rebin
from xprofile.bins import drawing
from xprofile.bins.ds9_regions import parse_region_texts
from xprofile.exceptions import InvalidBinsError, InvalidOptionError, MissingVariableError
from xprofile.plot import plot_bins

LINE = SkyBins.along_line(galactic(5, 0), galactic(-1, 0), height=2 * u.deg, nbin=6)


def closed_rings(path):
    """Vertices of each part of a path; all parts must be closed."""
    starts = np.flatnonzero(path.codes == Path.MOVETO)
    parts = np.split(np.arange(len(path.codes)), starts[1:])
    assert all(path.codes[part[-1]] == Path.CLOSEPOLY for part in parts)
    return [path.vertices[part] for part in parts]


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
def test_regions_are_drawn_as_they_are_on_the_sky(bins):
    drawn = plot_bins(bins, sky_axes(make_wcs()))
    boxes = [path.get_extents().extents for path in drawn.get_paths()]
    expected = [[24.5, 24.5, 34.5, 34.5], [39.5, 29.5, 59.5, 49.5], [29.5, 14.5, 49.5, 24.5]]
    np.testing.assert_allclose(boxes, expected, rtol=0, atol=0.02)
    circle = drawn.get_paths()[0].vertices
    sky = make_wcs().pixel_to_world(*circle.T)
    np.testing.assert_allclose(sky.separation(galactic(1, 0)).deg, 0.5, rtol=1e-6)


def test_planar_regions_are_drawn_in_the_plane():
    drawn = plot_bins(SkyBins.from_regions(REGIONS, planar=True), sky_axes(make_wcs()))
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


SHAPES = [
    SkyBins.annuli(galactic(0, 0), edges=[0, 1, 2] * u.deg),
    SkyBins.elliptical_annuli(
        galactic(0, 0), axis_ratio=0.5, position_angle=30 * u.deg, edges=[0, 1, 2] * u.deg
    ),
    SkyBins.sectors(galactic(0, 0), radius_max=2 * u.deg, radius_min=1 * u.deg, nbin=5),
    SkyBins.along_path(galactic([2, 1, -1], [0, 1, 0]), height=0.8 * u.deg, nbin=4),
    SkyBins.grid(galactic(0, 0), width=3 * u.deg, height=2 * u.deg, nbin=(3, 2)),
]


@pytest.mark.parametrize("bins", SHAPES, ids=lambda bins: bins.description)
def test_regions_of_every_kind_are_read_from_their_texts(bins):
    read = [region for part in parse_region_texts(bins.region_texts()) for region in part]
    ax = plt.figure().add_subplot(projection=make_wcs("ZEA"))
    ax.imshow(np.zeros((60, 80)), origin="lower")
    first, second = plot_bins(bins, ax).get_paths(), plot_bins(read, ax).get_paths()
    for true, flat in zip(first, second, strict=True):
        expected = true.get_extents().extents
        np.testing.assert_allclose(flat.get_extents().extents, expected, rtol=0, atol=0.1)


@pytest.mark.parametrize(
    "texts",
    [["galactic;circle(1,2,1)", "nothing"], ["image;circle(1,2,3)"], ["galactic;box(1)"], [""]],
)
def test_texts_that_are_no_regions(texts):
    with pytest.raises(InvalidBinsError, match="bins="):
        parse_region_texts(texts)


def test_squares_are_not_turned():
    """`regions` 0.12 takes 45 deg for the angle of a square."""
    ax = plt.figure().add_subplot(projection=make_wcs())
    ax.imshow(np.zeros((60, 80)), origin="lower")
    square = RectangleSkyRegion(galactic(0, 0), 1 * u.deg, 1 * u.deg, 0 * u.deg)
    box = only(plot_bins([square], ax).get_paths()).get_extents().extents
    np.testing.assert_allclose(box, [34.5, 24.5, 44.5, 34.5], rtol=1e-4)


class TestDrawing:
    def test_each_bin_is_one_path_of_its_parts(self):
        maps = make_maps()
        fine = bin_maps(maps, boxes())
        ax = maps.counts.isel(energy=0).profile.plot_sky()
        parts = plot_bins(fine, ax).get_paths()
        whole = plot_bins(rebin(fine, 3), ax).get_paths()
        assert len(whole) == 3
        expected = np.concatenate([part.vertices for part in parts[:3]])
        np.testing.assert_allclose(whole[0].vertices[: len(expected)], expected, rtol=1e-12)
        same = plot_bins(boxes().to_regions(), ax).get_paths()
        for one, other in zip(parts, same, strict=True):
            np.testing.assert_allclose(one.vertices, other.vertices, rtol=0, atol=1e-6)

    def test_a_profile_and_one_bin(self):
        maps = make_maps()
        profile = estimate(FINE["known"])
        ax = maps.counts.isel(energy=0).profile.plot_sky()
        assert len(plot_bins(profile, ax).get_paths()) == 7
        assert len(plot_bins(profile.isel(projected_distance=2), ax).get_paths()) == 1

    def test_without_regions(self):
        maps = make_maps()
        ax = maps.counts.isel(energy=0).profile.plot_sky()
        with pytest.raises(MissingVariableError, match="no coordinate region"):
            plot_bins(FINE["known"].drop_vars("region"), ax)
        odd = FINE["known"].assign_coords(region=("projected_distance", ["<Something>"] * 7))
        with pytest.raises(
            InvalidBinsError, match="not a sky region in DS9's format: '<Something>'"
        ):
            plot_bins(odd, ax)
