"""Bins along paths: pixels of bent and straight paths, areas, centres and origins."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.bin_codes import (
    assert_same_codes,
    path_codes,
)
from cases.bin_places import (
    FLAT,
    ROOMY,
    SOME_ROOMY,
    Place,
    codes,
    every_roomy_place,
    some_roomy_places,
)
from cases.bin_shapes import ZIGZAGS
from cases.bins import galactic
from cases.maps import make_wcs
from cases.skies import rotated

from xprofile.binned.members.finding import find_members
from xprofile.bins.skybins import SkyBins
from xprofile.maps.wcs import pixel_grid


@every_roomy_place
def test_a_path_of_two_vertices_is_the_line(place):
    start, end = place.at(0, 0), place.at(211, 0.83)
    arguments = {"height": 0.51 * place.reach * u.deg, "nbin": 4}
    line = SkyBins.along_line(start, end, **arguments)
    path = SkyBins.along_path(SkyCoord([start, end.transform_to(start.frame)]), **arguments)
    grid = pixel_grid(place.maps)
    one, other = find_members(line, grid), find_members(path, grid)
    assert one.pixel.size
    for name in ("bin", "pixel", "solid_angle"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_allclose(one.outside, other.outside, rtol=1e-9)
    np.testing.assert_allclose(path.upper, line.upper, rtol=1e-9)
    assert path.center.separation(line.center).max() < 1e-9 * u.deg


@every_roomy_place
def test_a_straight_path_is_the_line(place):
    start, end = place.at(0, 0), place.at(-77, 0.83)
    share = np.sort(np.append([0, 1], np.random.default_rng(5).uniform(0, 1, 40)))
    angle, length = start.position_angle(end), start.separation(end)
    points = start.directional_offset_by(np.full(share.size, angle.deg) * u.deg, share * length)
    arguments = {"height": 0.51 * place.reach * u.deg, "nbin": 7}
    line, path = (
        SkyBins.along_line(start, end, **arguments),
        SkyBins.along_path(points, **arguments),
    )
    np.testing.assert_array_equal(codes(path, place.maps), codes(line, place.maps))
    np.testing.assert_allclose(path.upper, line.upper, rtol=1e-9)


@pytest.mark.parametrize(
    ("place", "name"),
    [(place, name) for place in ROOMY.values() for name in ("moderate", "closed")]
    + [(ROOMY[name], zigzag) for name in SOME_ROOMY for zigzag in ("sharp", "arc", "short piece")],
)
def test_bent_paths_hold_the_right_pixels(place, name):
    *way, height, closed = ZIGZAGS[name]
    points, height = place.path(*way), height * place.reach
    bins = SkyBins.along_path(points, height=height * u.deg, nbin=6, closed=closed)
    edges = np.append(bins.lower, bins.upper[-1])
    expected, tie, count = path_codes(place.sky, points, edges, height, closed)
    assert count.max() == 1
    assert len(set(expected.flat)) > 5
    assert_same_codes(codes(bins, place.maps), expected, tie)


@pytest.mark.parametrize("place", [FLAT, ROOMY["ait at the seam"]], ids=["tan", "ait"])
@pytest.mark.parametrize("name", ZIGZAGS)
def test_bins_of_a_path_share_and_miss_no_pixel(place, name):
    """Also where rounding decides."""
    *way, height, closed = ZIGZAGS[name]
    points = place.path(*way)
    arguments = {"points": points, "height": height * place.reach * u.deg, "closed": closed}
    whole = codes(SkyBins.along_path(**arguments, nbin=1), place.maps) >= 0
    for origin in (0.1 * place.reach * u.deg, points[1]):
        parts = SkyBins.along_path(**arguments, nbin=11, origin=origin)
        np.testing.assert_array_equal(codes(parts, place.maps) >= 0, whole)


@pytest.mark.parametrize("name", ["moderate", "arc", "closed", "short piece"])
def test_areas_of_a_path_are_length_times_height(name):
    """Mitred joints take from one side of a bend what they add to the other."""
    *way, height, closed = ZIGZAGS[name]
    oblique = rotated(make_wcs("TAN", (83.6, 22), 0.03, (200, 200), "icrs"), 17)
    place = Place(oblique, FLAT.center, 2, (200, 200))
    points, height = place.path(*way), height * place.reach
    bins = SkyBins.along_path(points, height=height * u.deg, nbin=3, closed=closed)
    members = find_members(bins, pixel_grid(place.maps))
    total = np.sum(members.solid_angle) + np.sum(members.outside)
    around = points[np.append(np.arange(points.size), 0)] if closed else points
    length = around[:-1].separation(around[1:]).deg.sum()
    np.testing.assert_allclose(bins.upper[-1], length, rtol=1e-12)
    np.testing.assert_allclose(total, np.radians(length) * np.radians(height), rtol=0.005)


@some_roomy_places
@pytest.mark.parametrize("name", ZIGZAGS)
def test_centres_lie_on_the_path_at_their_distances(place, name):
    *way, height, closed = ZIGZAGS[name]
    points = place.path(*way)
    bins = SkyBins.along_path(
        points, height=height * place.reach * u.deg, step=0.07 * place.reach * u.deg, closed=closed
    )
    if closed:
        points = points[np.append(np.arange(points.size), 0)]
    steps = points[:-1].separation(points[1:]).deg
    ends = np.append(0, np.cumsum(steps))
    assert 0 <= ends[-1] - bins.upper[-1] < 0.07 * place.reach
    np.testing.assert_allclose(np.diff(bins.distance), 0.07 * place.reach, rtol=1e-9)
    for center, distance in zip(bins.center, bins.distance, strict=True):
        i = np.searchsorted(ends, distance) - 1
        np.testing.assert_allclose(points[i].separation(center).deg, distance - ends[i], rtol=1e-6)
        rest = ends[i + 1] - distance
        np.testing.assert_allclose(center.separation(points[i + 1]).deg, rest, rtol=1e-6)


@some_roomy_places
def test_origin_of_a_path(place):
    *way, height, _ = ZIGZAGS["moderate"]
    points, height = place.path(*way), height * place.reach * u.deg
    steps = points[:-1].separation(points[1:]).deg
    ends = np.append(0, np.cumsum(steps))
    third = points[2].directional_offset_by(
        points[2].position_angle(points[3]), steps[2] / 3 * u.deg
    )
    beside = third.directional_offset_by(third.position_angle(points[3]) + 90 * u.deg, height / 3)
    expected = {"third": ends[2] + steps[2] / 3, "vertex": ends[1], "first": 0, "last": ends[-1]}
    origins = {"third": third.icrs, "vertex": points[1], "first": points[0], "last": points[-1]}
    for name, zero in expected.items():
        bins = SkyBins.along_path(points, height=height, nbin=8, origin=origins[name].galactic)
        np.testing.assert_allclose(bins.lower[0], -zero, atol=1e-8)
        np.testing.assert_allclose(bins.upper[-1], ends[-1] - zero, atol=1e-8)
    edges = [-0.3, 0.1, 0.2] * u.deg
    bins = SkyBins.along_path(points, height=height, edges=edges, origin=beside)
    around = SkyBins.along_path(
        points, height=height, edges=edges + bins_zero(points, height, beside), origin=0 * u.deg
    )
    np.testing.assert_array_equal(codes(bins, place.maps), codes(around, place.maps))
    np.testing.assert_array_equal(bins.lower, [-0.3, 0.1])
    # beside a straight piece the share of the way is nearly that of the foot
    np.testing.assert_allclose(
        bins_zero(points, height, beside).value, expected["third"], atol=0.2 * height.value
    )


def bins_zero(points, height, origin):
    """Distance of an origin from the first vertex."""
    bins = SkyBins.along_path(points, height=height, nbin=1, origin=origin)
    return -bins.lower[0] * u.deg


def test_origin_at_an_end_of_any_path():
    """Rounding must not decide whether an end is on the path."""
    rng = np.random.default_rng(3)
    for _ in range(8):
        first = galactic(rng.uniform(0, 360), rng.uniform(-80, 80))
        place = Place(make_wcs(), first, 1)
        points = place.path(rng.uniform(0, 360), rng.uniform(-30, 30, 3), [0.7, 0.8, 1, 0.9])
        start = SkyBins.along_path(points, height=0.2 * u.deg, nbin=2, origin=points[0].icrs)
        stop = SkyBins.along_path(points, height=0.2 * u.deg, nbin=2, origin=points[-1].fk5)
        np.testing.assert_allclose(start.lower[0], 0, atol=1e-8)
        np.testing.assert_allclose(stop.upper[-1], 0, atol=1e-8)
