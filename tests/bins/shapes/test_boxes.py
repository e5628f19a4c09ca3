"""Boxes along lines and in grids hold the pixels that direct calculation gives."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.bin_codes import (
    assert_same_codes,
    box_codes,
    line_codes,
    offsets,
)
from cases.bin_places import (
    codes,
    every_place,
    every_roomy_place,
)
from cases.bins import galactic
from cases.maps import make_maps, make_wcs

from xprofile.binned.members.finding import find_members
from xprofile.bins.skybins import SkyBins
from xprofile.exceptions import InvalidBinsError
from xprofile.maps.wcs import pixel_grid


@every_place
@pytest.mark.parametrize("angle", [0, 211])
def test_boxes_hold_the_right_pixels(place, angle):
    start = place.center
    end = start.directional_offset_by(angle * u.deg, place.reach * u.deg)
    height = 0.613 * place.reach
    bins = SkyBins.along_line(start, end, height=height * u.deg, nbin=3)
    edges = np.linspace(0, place.reach, 4)
    expected, tie = line_codes(place.sky, start, end, edges, height)
    assert (expected >= 0).any()
    assert_same_codes(codes(bins, place.maps), expected, tie)


@every_place
def test_boxes_may_begin_before_the_start(place):
    end = place.center.directional_offset_by(70 * u.deg, 1 * u.deg)
    edges = place.reach * np.array([-0.9, -0.31, 0.2, 0.7])
    bins = SkyBins.along_line(place.center, end, height=place.reach * u.deg, edges=edges * u.deg)
    expected, tie = line_codes(place.sky, place.center, end, edges, place.reach)
    assert_same_codes(codes(bins, place.maps), expected, tie)


@every_roomy_place
def test_grids_hold_the_right_pixels(place):
    angle = -200
    width, height = 1.7 * place.reach, 1.1 * place.reach
    bins = SkyBins.grid(
        place.center,
        width=width * u.deg,
        height=height * u.deg,
        nbin=(5, 3),
        position_angle=angle * u.deg,
    )
    edges, across = np.linspace(-width / 2, width / 2, 6), np.linspace(-height / 2, height / 2, 4)
    expected, tie = box_codes(place.sky, place.center, angle, edges, across)
    assert_same_codes(codes(bins, place.maps), expected, tie)
    assert (len(bins), bins.dim) == (15, "region")
    assert set(expected.flat) >= set(range(15))
    lon, lat = offsets(bins.center, place.center, angle)
    np.testing.assert_allclose(lon, np.repeat((edges[1:] + edges[:-1]) / 2, 3), atol=1e-9)
    np.testing.assert_allclose(lat, np.tile((across[1:] + across[:-1]) / 2, 5), atol=1e-9)


def test_a_grid_is_wide_along_longitude():
    """Boxes are numbered from West to East, in each column from South to North."""
    bins = SkyBins.grid(galactic(0, 0), width=6 * u.deg, height=2 * u.deg, nbin=(3, 2))
    expected = galactic([-2, -2, 0, 0, 2, 2], [-0.5, 0.5] * 3)
    assert bins.center.separation(expected).max() < 1e-2 * u.deg
    assert np.isnan(bins.distance).all()
    assert repr(bins) == "<SkyBins: 6 boxes of a grid>"


@pytest.mark.parametrize("center", [galactic(0, 0), galactic(77, 0), galactic(10, 30).icrs])
@pytest.mark.parametrize("nbin", [(12, 6), (1, 1)])
def test_a_grid_may_go_all_round(center, nbin):
    """Each pixel of the sky is in one box, whether or not these run along its meridians."""
    bins = SkyBins.grid(center, width=360 * u.deg, height=180 * u.deg, nbin=nbin)
    maps = make_maps(make_wcs(step=4.5, shape=(40, 80)), (40, 80), nenergy=1, ntrue=1)
    found = codes(bins, maps)
    assert set(found.flat) == set(range(nbin[0] * nbin[1]))
    with pytest.raises(InvalidBinsError, match="width must be one angle between 0 and 360 deg"):
        SkyBins.grid(center, width=361 * u.deg, height=1 * u.deg, nbin=(2, 2))


@pytest.mark.slow
@every_roomy_place
def test_lines_with_an_origin_hold_the_same_pixels(place):
    start, end = place.at(0, 0), place.at(62, 0.9)
    line = {"start": start, "end": end, "height": 0.63 * place.reach * u.deg}
    plain = SkyBins.along_line(**line, nbin=4)
    zero = 0.31 * place.reach
    foot = start.directional_offset_by(start.position_angle(end), zero * u.deg)
    beside = SkyCoord(foot).directional_offset_by(
        foot.position_angle(end) + 90 * u.deg, 0.2 * place.reach * u.deg
    )
    for origin in (zero * 60 * u.arcmin, foot.galactic, beside.icrs):
        bins = SkyBins.along_line(**line, nbin=4, origin=origin)
        np.testing.assert_allclose(bins.lower, plain.lower - zero, atol=1e-8)
        np.testing.assert_allclose(bins.upper, plain.upper - zero, atol=1e-8)
        np.testing.assert_array_equal(codes(bins, place.maps), codes(plain, place.maps))
        assert bins.center.separation(plain.center).max() < 1e-8 * u.deg


@every_roomy_place
def test_edges_are_measured_from_the_origin(place):
    start, end = place.at(0, 0), place.at(-101, 0.8)
    edges = place.reach * np.array([-0.9, -0.2, 0, 0.31])
    bins = SkyBins.along_line(
        start, end, height=place.reach * u.deg, edges=edges * u.deg, origin=end
    )
    length = 0.8 * place.reach
    half = place.reach / 2
    angle = start.position_angle(end).deg
    expected, tie = box_codes(place.sky, start, angle, edges + length, [-half, half])
    assert_same_codes(codes(bins, place.maps), expected, tie)
    np.testing.assert_array_equal(bins.lower, edges[:-1])


@every_roomy_place
def test_lines_by_step(place):
    start, end = place.at(0, 0), place.at(15, 1)
    step = 0.3 * place.reach
    bins = SkyBins.along_line(start, end, height=place.reach * u.deg, step=step * u.deg)
    edges = step * np.arange(4)
    np.testing.assert_allclose(bins.upper, edges[1:], rtol=1e-12)
    half, angle = place.reach / 2, start.position_angle(end).deg
    expected, tie = box_codes(place.sky, start, angle, edges, [-half, half])
    assert_same_codes(codes(bins, place.maps), expected, tie)


def test_a_line_round_the_whole_sky_misses_no_pixel():
    wcs = make_wcs(step=10, shape=(18, 36))
    maps = make_maps(wcs, (18, 36), nenergy=1, ntrue=1)
    for start in (galactic(5, 0), galactic(0, 0), galactic(25, 0)):
        end = galactic(start.l.deg + 90, 0)
        bins = SkyBins.along_line(
            start, end, height=180 * u.deg, edges=np.linspace(-180, 180, 7) * u.deg
        )
        assert np.all(codes(bins, maps) >= 0)


def test_line_is_a_great_circle():
    start, end = galactic(20, 60), galactic(-20, 60)
    bins = SkyBins.along_line(start, end, height=1 * u.deg, nbin=9)
    pole = np.cross(start.cartesian.xyz, end.cartesian.xyz)
    np.testing.assert_allclose(pole @ bins.center.cartesian.xyz.value, 0, atol=1e-12)
    np.testing.assert_allclose(start.separation(bins.center).deg, bins.distance, rtol=1e-9)
    assert bins.center[4].b.deg > 61


def test_line_over_a_pole():
    bins = SkyBins.along_line(galactic(10, 89), galactic(190, 88), height=1 * u.deg, nbin=3)
    expected = galactic([10, 190, 190], [89.5, 89.5, 88.5])
    np.testing.assert_allclose(bins.upper[-1], 3, rtol=1e-9)
    assert bins.center.separation(expected).max() < 1e-9 * u.deg


@pytest.mark.parametrize("nx", [60, 61])
def test_off_map_bins_at_the_seam_count_once(nx):
    maps = make_maps(make_wcs(shape=(60, nx)), (60, nx), nenergy=1, ntrue=1)
    bins = SkyBins.along_line(
        galactic(181.03, 0.01), galactic(179.03, 0.01), height=1 * u.deg, nbin=2
    )
    members = find_members(bins, pixel_grid(maps))
    assert members.pixel.size == 0
    np.testing.assert_allclose(members.outside, np.radians(1) ** 2, rtol=1e-4)


@pytest.mark.parametrize("ends", [((3.7, 0), (-3.7, 0)), ((0, -2.6), (0, 2.6)), ((3, -2), (-3, 2))])
@pytest.mark.parametrize("wcs", [make_wcs(), make_wcs("TAN")], ids=["CAR", "TAN"])
def test_regions_of_a_line_hold_the_same_pixels_near_the_equator(ends, wcs):
    maps = make_maps(wcs, nenergy=1, ntrue=1)
    line = SkyBins.along_line(*(galactic(*e) for e in ends), height=1.23 * u.deg, nbin=7)
    found, expected = codes(SkyBins.from_regions(line.to_regions()), maps), codes(line, maps)
    assert (expected >= 0).sum() > 500
    assert np.mean(found[expected >= 0] != expected[expected >= 0]) < 0.01
    if ends[0][1] == ends[1][1] == 0:
        np.testing.assert_array_equal(found, expected)
