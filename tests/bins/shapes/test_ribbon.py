"""Segments of pixels round curves that are random, dense, closed, wide, or nearly touch."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord, SkyOffsetFrame
from cases.bin_codes import (
    assert_same_codes,
    digitised,
    path_codes,
)
from cases.bin_places import (
    FLAT,
    ROOMY,
    SOME_ROOMY,
    Place,
    codes,
    every_roomy_place,
)
from cases.examples import examples
from cases.maps import make_wcs
from hypothesis import strategies as st

from xprofile.bins.skybins import SkyBins
from xprofile.exceptions import InvalidBinsError

vertices = st.lists(st.tuples(st.floats(-75, 75), st.floats(0.3, 1.2)), min_size=1, max_size=7)


@examples(5, 15, derandomize=True)(
    st.sampled_from(SOME_ROOMY), vertices, st.floats(0, 360), st.floats(0.05, 0.6), st.booleans()
)
def test_random_paths_hold_the_right_pixels(name, steps, first, height, closed):
    place = ROOMY[name]
    turns, lengths = zip(*steps, strict=True)
    points = place.path(first, turns[1:], 0.4 * np.array(lengths))
    height *= place.reach
    closed = closed and points.size > 3
    try:
        bins = SkyBins.along_path(points, height=height * u.deg, nbin=5, closed=closed)
    except InvalidBinsError:
        return
    edges = np.append(bins.lower, bins.upper[-1])
    expected, tie, count = path_codes(place.sky, points, edges, height, closed)
    found = codes(bins, place.maps)
    once = ~tie & (count < 2)
    np.testing.assert_array_equal(found[once], expected[once])
    assert np.all(found[~tie & (count > 1)] >= 0)  # of a ribbon that runs into itself


@pytest.mark.heavy
@pytest.mark.parametrize("gap", [1.0001, 1.02, 1.07, 1.2])
@pytest.mark.parametrize("height", [0.31, 0.83])
def test_legs_side_by_side_share_and_miss_no_pixel(height, gap):
    """A snake whose legs nearly touch: the nearest of a few points may be on the wrong leg."""
    legs, x = np.repeat(np.arange(4), 2), np.tile([0, 5.03, 5.03, 0.17], 2) - 2.5
    lat = (legs - 1.5) * height * gap
    local = SkyCoord(x, lat, unit="deg", frame=SkyOffsetFrame(origin=FLAT.center))
    points = local.transform_to("icrs")
    bins = SkyBins.along_path(points, height=height * u.deg, nbin=9)
    edges = np.append(bins.lower, bins.upper[-1])
    expected, tie, count = path_codes(FLAT.sky, points, edges, height)
    once = ~tie & (count < 2)
    assert once.mean() > 0.99
    np.testing.assert_array_equal(codes(bins, FLAT.maps)[once], expected[once])


@pytest.mark.heavy
@pytest.mark.parametrize("height", [15, 55])
def test_wide_ribbons_keep_their_corners(height):
    """The joints at the ends of a short piece are far longer than the piece."""
    shape, center = (90, 120), SkyCoord(120, 40, unit="deg")
    place = Place(make_wcs("AIT", (120, 40), 3, shape, "icrs"), center, 60, shape)
    points = place.path(10, [100, -100], [0.8, 0.02, 0.8])
    bins = SkyBins.along_path(points, height=height * u.deg, nbin=3)
    edges = np.append(bins.lower, bins.upper[-1])
    expected, tie, _ = path_codes(place.sky, points, edges, height)
    assert_same_codes(codes(bins, place.maps), expected, tie)


@every_roomy_place
def test_a_closed_path_round_a_circle_is_a_ring_of_sectors(place):
    """The way goes from North over West, so that the distance falls with position angle."""
    count, radius, height = 200, 0.7, 0.4
    points = place.circle(count, radius)
    if np.abs(place.center.spherical.lat.deg) == 90:
        points = SkyCoord(-360 * np.arange(count) / count, -90 + radius * place.reach, unit="deg")
    bins = SkyBins.along_path(
        points, height=height * place.reach * u.deg, nbin=10, closed=True, origin=1e-3 * u.deg
    )
    ring, _ = digitised(
        place.center.separation(place.sky).deg / place.reach,
        [radius - height / 2, radius + height / 2],
    )
    position = place.center.position_angle(place.sky.transform_to(place.center.frame)).deg
    if np.abs(place.center.spherical.lat.deg) == 90:
        position = place.sky.spherical.lon.deg
    turn = (-position) % 360
    sector, _ = digitised(turn, np.linspace(0, 360, 11))
    expected = np.where(ring == 0, sector, -1)
    found = codes(bins, place.maps)
    chord = 1 - np.cos(np.pi / count)  # how far the sides are from the circle, in its radius
    distance = place.center.separation(place.sky).deg / place.reach
    clear = np.abs(np.abs(distance - radius) - height / 2) > 3 * chord
    clear &= np.abs((turn + 18) % 36 - 18) > 0.2
    assert np.mean(clear[np.isfinite(distance)]) > 0.8
    assert len(set(expected.flat)) > 5
    np.testing.assert_array_equal(found[clear], expected[clear])


def spiral(place, count, low=0.15, high=0.9, turns=1.5):
    t = np.linspace(0, 1, count)
    return place.at(360 * turns * t, low + (high - low) * t)


@pytest.mark.parametrize("place", [FLAT, ROOMY["zea over the pole"]], ids=["tan", "zea"])
def test_dense_curves(place):
    """Of 2000 vertices: pixels belong to the nearest of them."""
    points, height = spiral(place, 2000), 0.4
    bins = SkyBins.along_path(points, height=height * u.deg, nbin=50)
    local = points.transform_to(place.sky.frame)
    nearest, distance, _ = place.sky.ravel().match_to_catalog_sky(local)
    nearest, distance = nearest.reshape(place.shape), distance.deg.reshape(place.shape)
    steps = points[:-1].separation(points[1:]).deg
    expected, _ = digitised(np.append(0, np.cumsum(steps))[nearest], np.append(0, bins.upper))
    inner = (nearest > 0) & (nearest < points.size - 1)
    found = codes(bins, place.maps)
    inside, outside = distance < height / 2 - 0.005, distance > height / 2 + 0.005
    assert np.sum(inside & inner) > 400
    np.testing.assert_array_equal(found[outside], -1)
    assert np.all(found[inside & inner] >= 0)
    assert np.all(np.abs(found - expected)[inside & inner] <= 1)
    assert np.mean((found == expected)[inside & inner]) > 0.95
