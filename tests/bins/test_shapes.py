"""Ellipses, sectors, grids, lines with an origin, and paths, against brute force on the sphere."""

from dataclasses import dataclass
from functools import cached_property

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from astropy.coordinates import SkyCoord, SkyOffsetFrame
from astropy.wcs import WCS
from cases.maps import make_maps, make_wcs
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path
from regions import (
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    PolygonSkyRegion,
    RectangleSkyRegion,
    Regions,
)

from xprofile.binned.members.finding import find_members
from xprofile.bins.skybins import SkyBins
from xprofile.exceptions import InvalidBinsError
from xprofile.maps.wcs import pixel_grid

TIE = 1e-7  # degrees from an edge, where rounding decides


def galactic(lon, lat):
    return SkyCoord(lon, lat, unit="deg", frame="galactic")


def rotated(wcs, degrees):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    wcs.wcs.pc = [[cos, -sin], [sin, cos]]
    return wcs


def shifted(wcs, dy):
    """Move the reference point up, away from the middle of the map."""
    wcs.wcs.crpix = np.add(wcs.wcs.crpix, [0, dy])
    return wcs


@dataclass
class Case:
    """A map, a place on it, and how far bins reach in degrees."""

    wcs: WCS
    center: SkyCoord
    reach: float = 2.3
    shape: tuple[int, int] = (60, 80)

    @cached_property
    def maps(self):
        return make_maps(self.wcs, self.shape, nenergy=1, ntrue=1)

    @cached_property
    def sky(self):
        """Positions of all pixels by astropy alone."""
        line, column = np.indices(self.shape)
        return self.wcs.pixel_to_world(column, line)

    def at(self, angle, radius):
        """A position at an angle in degrees and a distance in units of the reach."""
        angle, radius = np.broadcast_arrays(angle, radius)
        return self.center.directional_offset_by(angle * u.deg, radius * self.reach * u.deg)

    def path(self, angle, turns, steps):
        """A path from the middle on: its first direction, turns at bends, steps in the reach."""
        points, angle = [self.center], self.center.position_angle(self.at(angle, 0.01)).deg
        for turn, step in zip([0, *turns], steps, strict=True):
            ahead = points[-1].directional_offset_by(
                (angle + turn) * u.deg, step * self.reach * u.deg
            )
            angle = ahead.position_angle(points[-1]).deg + 180
            points.append(ahead)
        return SkyCoord(points)


CASES = {
    "car": Case(make_wcs(), galactic(0.21, -0.34).icrs),
    "car across 0 in icrs": Case(make_wcs(frame="icrs"), SkyCoord(0.1, 0.2, unit="deg")),
    "car at b=60": Case(shifted(make_wcs(center=(30, 0)), -600), galactic(30.2, 60.1)),
    "car oblique": Case(make_wcs(center=(30, 60)), galactic(30.4, 60.3).icrs),
    "car over the pole": Case(
        shifted(make_wcs(step=0.5, shape=(20, 720)), -170), galactic(0, 88), 3.3, (20, 720)
    ),
    "tan": Case(make_wcs("TAN", (83.6, 22), frame="icrs"), SkyCoord(83.7, 22.1, unit="deg")),
    "tan rotated": Case(
        rotated(make_wcs("TAN", (266.4, -28.9), frame="icrs"), -71), galactic(0.1, 0.1)
    ),
    "zea over the pole": Case(make_wcs("ZEA", (0, 90)), galactic(77, 89)),
    "zea at the pole in icrs": Case(
        make_wcs("ZEA", (0, -90), frame="icrs"), SkyCoord(0, -90, unit="deg")
    ),
    "ait at the seam": Case(make_wcs("AIT", step=4.5), galactic(180.3, 10.2), 40),
    "ait in icrs": Case(make_wcs("AIT", (120, 40), 4.5, frame="icrs"), galactic(300, -30), 60),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
SOME = ("car across 0 in icrs", "tan rotated", "zea over the pole", "ait at the seam")
some_cases = pytest.mark.parametrize("case", [CASES[name] for name in SOME], ids=SOME)
FLAT = CASES["tan"]


def codes(bins, maps):
    """Bin of every pixel, -1 for none."""
    grid = pixel_grid(maps)
    members = find_members(bins, grid)
    assert np.unique(members.pixel).size == members.pixel.size
    result = np.full(grid.shape, -1)
    result.flat[members.pixel] = members.bin
    return result


def digitised(values, edges):
    """Half-open bins, and which values are so near an edge that rounding decides."""
    above = values[..., None] >= np.asarray(edges)
    code = np.where(above[..., -1], -1, above.sum(axis=-1) - 1)
    return code, np.abs(values[..., None] - edges).min(axis=-1) < TIE


def offsets(sky, origin, angle):
    """Degrees along a direction at an origin, and to its left, as seen with East to the left."""
    local = sky.transform_to(SkyOffsetFrame(origin=origin, rotation=(angle - 90) * u.deg))
    return local.lon.wrap_at(180 * u.deg).deg, local.lat.deg


def ellipse_codes(sky, center, edges, ratio, angle):
    phi = center.position_angle(sky.transform_to(center.frame)).rad - np.radians(angle)
    stretch = np.sqrt(np.cos(phi) ** 2 + np.sin(phi) ** 2 / ratio**2)
    return digitised(center.separation(sky).deg * stretch, edges)


def sector_codes(sky, center, edges, radius_min, radius_max):
    angle = center.position_angle(sky.transform_to(center.frame)).deg
    turns = [digitised(angle + 360 * turn, edges) for turn in range(-3, 4)]
    code = np.max([turn[0] for turn in turns], axis=0)
    tie = np.any([turn[1] for turn in turns], axis=0)
    ring, tie_ring = digitised(center.separation(sky).deg, [radius_min, radius_max])
    return np.where(ring == 0, code, -1), tie | tie_ring


def box_codes(sky, origin, angle, edges, across):
    lon, lat = offsets(sky, origin, angle)
    (column, tie_column), (row, tie_row) = digitised(lon, edges), digitised(lat, across)
    inside = (column >= 0) & (row >= 0)
    return np.where(inside, column * (len(across) - 1) + row, -1), tie_column | tie_row


def path_codes(sky, points, edges, height, closed=False):
    """Test every segment for every pixel; also count the segments that each pixel is in."""
    if closed:
        points = points[np.append(np.arange(points.size), 0)]
    forth = points[:-1].position_angle(points[1:]).deg
    back = points[1:].position_angle(points[:-1]).deg + 180
    leave = np.append(forth, forth[0] if closed else back[-1])
    arrive = np.append(back[-1] if closed else forth[0], back)
    turn = (leave - arrive + 180) % 360 - 180
    steps = points[:-1].separation(points[1:]).deg
    ahead = [offsets(sky, p, a + t / 2)[0] for p, a, t in zip(points, arrive, turn, strict=True)]
    distance, tie = np.full(sky.shape, np.nan), np.zeros(sky.shape, bool)
    count = np.zeros(sky.shape, int)
    for i, step in enumerate(steps):
        along, across = offsets(sky, points[i], leave[i])
        local = np.abs(along - step / 2) < 120  # the far side of the sky is ahead of all joints
        inside = local & (ahead[i] >= 0) & (ahead[i + 1] < 0)
        inside &= (-height / 2 <= across) & (across < height / 2)
        margins = (ahead[i], ahead[i + 1], np.abs(across) - height / 2)
        tie |= np.min(np.abs(margins), axis=0) < TIE
        # position angles grow to the left: a joint on that side of a left turn is further on
        with np.errstate(invalid="ignore"):
            lean = np.tan(np.radians(across)) * np.tan(np.radians(-turn[i : i + 2, None, None] / 2))
            first, last = np.degrees(np.arcsin(np.clip(lean, -1, 1)))
            share = (along - first) / (step - last - first)
        distance = np.where(inside, steps[:i].sum() + share * step, distance)
        count += inside
    code, tie_edge = digitised(distance, edges)
    return np.where(count > 0, code, -1), tie | tie_edge, count


def assert_same_codes(actual, expected, tie):
    assert np.mean(tie) < 0.1
    np.testing.assert_array_equal(actual[~tie], expected[~tie])


def trimmed(angles):
    """Position angles within half a turn."""
    return (angles + 180) % 360 - 180


# ellipses, sectors, grids


@every_case
def test_ellipses_hold_the_right_pixels(case):
    ratio, angle = 0.37, -481
    edges = case.reach * np.array([0.13, 0.41, 0.72, 1])
    bins = SkyBins.elliptical_annuli(
        case.center, axis_ratio=ratio, position_angle=angle * u.deg, edges=edges * u.deg
    )
    expected, tie = ellipse_codes(case.sky, case.center, edges, ratio, angle)
    assert set(range(3)) <= set(expected.flat)
    assert_same_codes(codes(bins, case.maps), expected, tie)


def test_round_ellipses_are_annuli():
    radii = {"radius_min": 0.2 * u.deg, "radius_max": 2 * u.deg, "step": 0.31 * u.deg}
    bins = SkyBins.elliptical_annuli(FLAT.center, axis_ratio=1, position_angle=33 * u.deg, **radii)
    rings = SkyBins.annuli(FLAT.center, **radii)
    np.testing.assert_array_equal(codes(bins, FLAT.maps), codes(rings, FLAT.maps))
    np.testing.assert_array_equal(bins.lower, rings.lower)
    np.testing.assert_allclose(rings.upper, 0.2 + 0.31 * np.arange(1, 6), rtol=1e-12)


def test_ellipses_to_180_deg_end_where_they_should():
    case = CASES["ait at the seam"]
    edges = [0, 60, 120, 180]
    bins = SkyBins.elliptical_annuli(
        case.center, axis_ratio=0.5, position_angle=30 * u.deg, edges=edges * u.deg
    )
    expected, tie = ellipse_codes(case.sky, case.center, edges, 0.5, 30)
    assert np.sum((expected == -1) & np.isfinite(case.sky.spherical.lat.deg)) > 300
    assert_same_codes(codes(bins, case.maps), expected, tie)


SECTOR_EDGES = {
    "plain": [10, 50.5, 64, 200],
    "beyond 360": [300, 350, 399, 500],
    "far beyond 360": [725, 800, 1000],
    "negative": [-170, -20, 33, 181],
    "very negative": [-800, -700.7, -555],
    "whole circle": [-33.3, 100, 326.7],
}


@pytest.mark.parametrize(
    ("case", "name"),
    [(case, "beyond 360") for case in CASES.values()] + [(FLAT, name) for name in SECTOR_EDGES],
    ids=[*CASES, *SECTOR_EDGES],
)
def test_sectors_hold_the_right_pixels(case, name):
    edges, low, high = SECTOR_EDGES[name], 0.21 * case.reach, 0.9 * case.reach
    bins = SkyBins.sectors(
        case.center, radius_min=low * u.deg, radius_max=high * u.deg, edges=edges * u.deg
    )
    expected, tie = sector_codes(case.sky, case.center, edges, low, high)
    assert set(range(len(edges) - 1)) <= set(expected.flat)
    assert_same_codes(codes(bins, case.maps), expected, tie)
    np.testing.assert_array_equal(bins.lower, edges[:-1])
    np.testing.assert_array_equal(bins.upper, edges[1:])
    assert bins.dim == "position_angle"


@pytest.mark.parametrize("edges", [np.linspace(0, 360, 8), np.linspace(-90, 270, 5), [90, 450]])
@pytest.mark.parametrize("pixel", [(0, 0), (39, 30), (61, 12)])
@pytest.mark.parametrize("wcs", [make_wcs(), make_wcs("TAN", frame="icrs")], ids=["CAR", "TAN"])
def test_sectors_round_a_pixel_miss_none(wcs, pixel, edges):
    """Pixels that are straight North, East, South and West lie on edges, but in some sector."""
    maps, center = make_maps(wcs, nenergy=1, ntrue=1), wcs.pixel_to_world(*pixel)
    bins = SkyBins.sectors(center, radius_max=11 * u.deg, edges=edges * u.deg)
    assert np.all(codes(bins, maps) >= 0)


def test_sectors_by_number_and_step():
    radius = {"radius_max": 1 * u.deg}
    bins = SkyBins.sectors(galactic(1, 2), nbin=8, **radius)
    np.testing.assert_array_equal(bins.lower, 45.0 * np.arange(8))
    stepped = SkyBins.sectors(galactic(1, 2), step=100 * u.deg, **radius)
    np.testing.assert_allclose(stepped.upper, [100, 200, 300], rtol=1e-12)
    assert repr(stepped) == "<SkyBins: 3 sectors, position angle 0 to 300 deg>"


@some_cases
def test_centres_of_sectors(case):
    bins = SkyBins.sectors(
        case.center, radius_min=1 * u.deg, radius_max=2 * u.deg, edges=[-50, 20, 400 / 3] * u.deg
    )
    np.testing.assert_allclose(case.center.separation(bins.center).deg, 1.5, rtol=1e-9)
    angles = case.center.position_angle(bins.center.transform_to(case.center.frame)).deg
    np.testing.assert_allclose(trimmed(angles), bins.distance, rtol=1e-8)


@every_case
def test_grids_hold_the_right_pixels(case):
    angle = -200
    width, height = 1.7 * case.reach, 1.1 * case.reach
    bins = SkyBins.grid(
        case.center,
        width=width * u.deg,
        height=height * u.deg,
        nbin=(5, 3),
        position_angle=angle * u.deg,
    )
    edges, across = np.linspace(-width / 2, width / 2, 6), np.linspace(-height / 2, height / 2, 4)
    expected, tie = box_codes(case.sky, case.center, angle, edges, across)
    assert_same_codes(codes(bins, case.maps), expected, tie)
    assert (len(bins), bins.dim) == (15, "region")
    assert set(expected.flat) >= set(range(15))
    lon, lat = offsets(bins.center, case.center, angle)
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


# lines


@every_case
def test_lines_with_an_origin_hold_the_same_pixels(case):
    start, end = case.at(0, 0), case.at(62, 0.9)
    line = {"start": start, "end": end, "height": 0.63 * case.reach * u.deg}
    plain = SkyBins.along_line(**line, nbin=4)
    zero = 0.31 * case.reach
    foot = start.directional_offset_by(start.position_angle(end), zero * u.deg)
    beside = SkyCoord(foot).directional_offset_by(
        foot.position_angle(end) + 90 * u.deg, 0.2 * case.reach * u.deg
    )
    for origin in (zero * 60 * u.arcmin, foot.galactic, beside.icrs):
        bins = SkyBins.along_line(**line, nbin=4, origin=origin)
        np.testing.assert_allclose(bins.lower, plain.lower - zero, atol=1e-8)
        np.testing.assert_allclose(bins.upper, plain.upper - zero, atol=1e-8)
        np.testing.assert_array_equal(codes(bins, case.maps), codes(plain, case.maps))
        assert bins.center.separation(plain.center).max() < 1e-8 * u.deg


@every_case
def test_edges_are_measured_from_the_origin(case):
    start, end = case.at(0, 0), case.at(-101, 0.8)
    edges = case.reach * np.array([-0.9, -0.2, 0, 0.31])
    bins = SkyBins.along_line(
        start, end, height=case.reach * u.deg, edges=edges * u.deg, origin=end
    )
    length = 0.8 * case.reach
    half = case.reach / 2
    angle = start.position_angle(end).deg
    expected, tie = box_codes(case.sky, start, angle, edges + length, [-half, half])
    assert_same_codes(codes(bins, case.maps), expected, tie)
    np.testing.assert_array_equal(bins.lower, edges[:-1])


@every_case
def test_lines_by_step(case):
    start, end = case.at(0, 0), case.at(15, 1)
    step = 0.3 * case.reach
    bins = SkyBins.along_line(start, end, height=case.reach * u.deg, step=step * u.deg)
    edges = step * np.arange(4)
    np.testing.assert_allclose(bins.upper, edges[1:], rtol=1e-12)
    half, angle = case.reach / 2, start.position_angle(end).deg
    expected, tie = box_codes(case.sky, start, angle, edges, [-half, half])
    assert_same_codes(codes(bins, case.maps), expected, tie)


def test_a_step_that_just_fits_reaches_the_end():
    for number in (3, 7, 30, 49, 1000):
        bins = SkyBins.along_line(
            galactic(10, 0), galactic(20, 0), height=1 * u.deg, step=10 / number * u.deg
        )
        assert len(bins) == number
        np.testing.assert_allclose(bins.upper[-1], 10, rtol=1e-12)


def test_a_line_round_the_whole_sky_misses_no_pixel():
    wcs = make_wcs(step=10, shape=(18, 36))
    maps = make_maps(wcs, (18, 36), nenergy=1, ntrue=1)
    for start in (galactic(5, 0), galactic(0, 0), galactic(25, 0)):
        end = galactic(start.l.deg + 90, 0)
        bins = SkyBins.along_line(
            start, end, height=180 * u.deg, edges=np.linspace(-180, 180, 7) * u.deg
        )
        assert np.all(codes(bins, maps) >= 0)


# paths


@every_case
def test_a_path_of_two_vertices_is_the_line(case):
    start, end = case.at(0, 0), case.at(211, 0.83)
    arguments = {"height": 0.51 * case.reach * u.deg, "nbin": 4}
    line = SkyBins.along_line(start, end, **arguments)
    path = SkyBins.along_path(SkyCoord([start, end.transform_to(start.frame)]), **arguments)
    grid = pixel_grid(case.maps)
    one, other = find_members(line, grid), find_members(path, grid)
    assert one.pixel.size
    for name in ("bin", "pixel", "solid_angle"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_allclose(one.outside, other.outside, rtol=1e-9)
    np.testing.assert_allclose(path.upper, line.upper, rtol=1e-9)
    assert path.center.separation(line.center).max() < 1e-9 * u.deg


@every_case
def test_a_straight_path_is_the_line(case):
    start, end = case.at(0, 0), case.at(-77, 0.83)
    share = np.sort(np.append([0, 1], np.random.default_rng(5).uniform(0, 1, 40)))
    angle, length = start.position_angle(end), start.separation(end)
    points = start.directional_offset_by(np.full(share.size, angle.deg) * u.deg, share * length)
    arguments = {"height": 0.51 * case.reach * u.deg, "nbin": 7}
    line, path = (
        SkyBins.along_line(start, end, **arguments),
        SkyBins.along_path(points, **arguments),
    )
    np.testing.assert_array_equal(codes(path, case.maps), codes(line, case.maps))
    np.testing.assert_allclose(path.upper, line.upper, rtol=1e-9)


# first direction, turns, steps, height, and whether it is closed
ZIGZAGS = {
    "moderate": (60, [35, -55, 40], [0.3, 0.35, 0.3, 0.3], 0.2, False),
    "sharp": (10, [100, -110], [0.5, 0.6, 0.5], 0.25, False),
    "arc": (0, [25, 25, 25, 25], [0.3] * 5, 0.45, False),
    "closed": (0, [70, 80, 70], [0.5, 0.4, 0.6, 0.5], 0.2, True),
    "short piece": (30, [30, -30], [0.6, 0.05, 0.6], 0.4, False),
}


@pytest.mark.parametrize(
    ("case", "name"),
    [(case, name) for case in CASES.values() for name in ("moderate", "closed")]
    + [(CASES[name], zigzag) for name in SOME for zigzag in ("sharp", "arc", "short piece")],
)
def test_bent_paths_hold_the_right_pixels(case, name):
    *way, height, closed = ZIGZAGS[name]
    points, height = case.path(*way), height * case.reach
    bins = SkyBins.along_path(points, height=height * u.deg, nbin=6, closed=closed)
    edges = np.append(bins.lower, bins.upper[-1])
    expected, tie, count = path_codes(case.sky, points, edges, height, closed)
    assert count.max() == 1
    assert len(set(expected.flat)) > 5
    assert_same_codes(codes(bins, case.maps), expected, tie)


@pytest.mark.parametrize("case", [FLAT, CASES["ait at the seam"]], ids=["tan", "ait"])
@pytest.mark.parametrize("name", ZIGZAGS)
def test_bins_of_a_path_share_and_miss_no_pixel(case, name):
    """Also where rounding decides."""
    *way, height, closed = ZIGZAGS[name]
    points = case.path(*way)
    arguments = {"points": points, "height": height * case.reach * u.deg, "closed": closed}
    whole = codes(SkyBins.along_path(**arguments, nbin=1), case.maps) >= 0
    for origin in (0.1 * case.reach * u.deg, points[1]):
        parts = SkyBins.along_path(**arguments, nbin=11, origin=origin)
        np.testing.assert_array_equal(codes(parts, case.maps) >= 0, whole)


vertices = st.lists(st.tuples(st.floats(-75, 75), st.floats(0.3, 1.2)), min_size=1, max_size=7)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.sampled_from(SOME), vertices, st.floats(0, 360), st.floats(0.05, 0.6), st.booleans())
def test_random_paths_hold_the_right_pixels(name, steps, first, height, closed):
    case = CASES[name]
    turns, lengths = zip(*steps, strict=True)
    points = case.path(first, turns[1:], 0.4 * np.array(lengths))
    height *= case.reach
    closed = closed and points.size > 3
    try:
        bins = SkyBins.along_path(points, height=height * u.deg, nbin=5, closed=closed)
    except InvalidBinsError:
        return
    edges = np.append(bins.lower, bins.upper[-1])
    expected, tie, count = path_codes(case.sky, points, edges, height, closed)
    found = codes(bins, case.maps)
    once = ~tie & (count < 2)
    np.testing.assert_array_equal(found[once], expected[once])
    assert np.all(found[~tie & (count > 1)] >= 0)  # of a ribbon that runs into itself


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


@pytest.mark.parametrize("height", [15, 55])
def test_wide_ribbons_keep_their_corners(height):
    """The joints at the ends of a short piece are far longer than the piece."""
    shape, center = (90, 120), SkyCoord(120, 40, unit="deg")
    case = Case(make_wcs("AIT", (120, 40), 3, shape, "icrs"), center, 60, shape)
    points = case.path(10, [100, -100], [0.8, 0.02, 0.8])
    bins = SkyBins.along_path(points, height=height * u.deg, nbin=3)
    edges = np.append(bins.lower, bins.upper[-1])
    expected, tie, _ = path_codes(case.sky, points, edges, height)
    assert_same_codes(codes(bins, case.maps), expected, tie)


@pytest.mark.parametrize("name", ["moderate", "arc", "closed", "short piece"])
def test_areas_of_a_path_are_length_times_height(name):
    """Mitred joints take from one side of a bend what they add to the other."""
    *way, height, closed = ZIGZAGS[name]
    oblique = rotated(make_wcs("TAN", (83.6, 22), 0.03, (200, 200), "icrs"), 17)
    case = Case(oblique, FLAT.center, 2, (200, 200))
    points, height = case.path(*way), height * case.reach
    bins = SkyBins.along_path(points, height=height * u.deg, nbin=3, closed=closed)
    members = find_members(bins, pixel_grid(case.maps))
    total = np.sum(members.solid_angle) + np.sum(members.outside)
    around = points[np.append(np.arange(points.size), 0)] if closed else points
    length = around[:-1].separation(around[1:]).deg.sum()
    np.testing.assert_allclose(bins.upper[-1], length, rtol=1e-12)
    np.testing.assert_allclose(total, np.radians(length) * np.radians(height), rtol=0.005)


def circle(case, count, radius):
    return case.at(-360 * np.arange(count) / count, np.full(count, radius))


@every_case
def test_a_closed_path_round_a_circle_is_a_ring_of_sectors(case):
    """The way goes from North over West, so that the distance falls with position angle."""
    count, radius, height = 200, 0.7, 0.4
    points = circle(case, count, radius)
    if np.abs(case.center.spherical.lat.deg) == 90:
        points = SkyCoord(-360 * np.arange(count) / count, -90 + radius * case.reach, unit="deg")
    bins = SkyBins.along_path(
        points, height=height * case.reach * u.deg, nbin=10, closed=True, origin=1e-3 * u.deg
    )
    ring, _ = digitised(
        case.center.separation(case.sky).deg / case.reach,
        [radius - height / 2, radius + height / 2],
    )
    position = case.center.position_angle(case.sky.transform_to(case.center.frame)).deg
    if np.abs(case.center.spherical.lat.deg) == 90:
        position = case.sky.spherical.lon.deg
    turn = (-position) % 360
    sector, _ = digitised(turn, np.linspace(0, 360, 11))
    expected = np.where(ring == 0, sector, -1)
    found = codes(bins, case.maps)
    chord = 1 - np.cos(np.pi / count)  # how far the sides are from the circle, in its radius
    distance = case.center.separation(case.sky).deg / case.reach
    clear = np.abs(np.abs(distance - radius) - height / 2) > 3 * chord
    clear &= np.abs((turn + 18) % 36 - 18) > 0.2
    assert np.mean(clear[np.isfinite(distance)]) > 0.8
    assert len(set(expected.flat)) > 5
    np.testing.assert_array_equal(found[clear], expected[clear])


def spiral(case, count, low=0.15, high=0.9, turns=1.5):
    t = np.linspace(0, 1, count)
    return case.at(360 * turns * t, low + (high - low) * t)


@pytest.mark.parametrize("case", [FLAT, CASES["zea over the pole"]], ids=["tan", "zea"])
def test_dense_curves(case):
    """Of 2000 vertices: pixels belong to the nearest of them."""
    points, height = spiral(case, 2000), 0.4
    bins = SkyBins.along_path(points, height=height * u.deg, nbin=50)
    local = points.transform_to(case.sky.frame)
    nearest, distance, _ = case.sky.ravel().match_to_catalog_sky(local)
    nearest, distance = nearest.reshape(case.shape), distance.deg.reshape(case.shape)
    steps = points[:-1].separation(points[1:]).deg
    expected, _ = digitised(np.append(0, np.cumsum(steps))[nearest], np.append(0, bins.upper))
    inner = (nearest > 0) & (nearest < points.size - 1)
    found = codes(bins, case.maps)
    inside, outside = distance < height / 2 - 0.005, distance > height / 2 + 0.005
    assert np.sum(inside & inner) > 400
    np.testing.assert_array_equal(found[outside], -1)
    assert np.all(found[inside & inner] >= 0)
    assert np.all(np.abs(found - expected)[inside & inner] <= 1)
    assert np.mean((found == expected)[inside & inner]) > 0.95


@some_cases
@pytest.mark.parametrize("name", ZIGZAGS)
def test_centres_lie_on_the_path_at_their_distances(case, name):
    *way, height, closed = ZIGZAGS[name]
    points = case.path(*way)
    bins = SkyBins.along_path(
        points, height=height * case.reach * u.deg, step=0.07 * case.reach * u.deg, closed=closed
    )
    if closed:
        points = points[np.append(np.arange(points.size), 0)]
    steps = points[:-1].separation(points[1:]).deg
    ends = np.append(0, np.cumsum(steps))
    assert 0 <= ends[-1] - bins.upper[-1] < 0.07 * case.reach
    np.testing.assert_allclose(np.diff(bins.distance), 0.07 * case.reach, rtol=1e-9)
    for center, distance in zip(bins.center, bins.distance, strict=True):
        i = np.searchsorted(ends, distance) - 1
        np.testing.assert_allclose(points[i].separation(center).deg, distance - ends[i], rtol=1e-6)
        rest = ends[i + 1] - distance
        np.testing.assert_allclose(center.separation(points[i + 1]).deg, rest, rtol=1e-6)


@some_cases
def test_origin_of_a_path(case):
    *way, height, _ = ZIGZAGS["moderate"]
    points, height = case.path(*way), height * case.reach * u.deg
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
    np.testing.assert_array_equal(codes(bins, case.maps), codes(around, case.maps))
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
        case = Case(make_wcs(), first, 1)
        points = case.path(rng.uniform(0, 360), rng.uniform(-30, 30, 3), [0.7, 0.8, 1, 0.9])
        start = SkyBins.along_path(points, height=0.2 * u.deg, nbin=2, origin=points[0].icrs)
        stop = SkyBins.along_path(points, height=0.2 * u.deg, nbin=2, origin=points[-1].fk5)
        np.testing.assert_allclose(start.lower[0], 0, atol=1e-8)
        np.testing.assert_allclose(stop.upper[-1], 0, atol=1e-8)


P = galactic([0, 1, 2], [0, 0, 0.5])
BAD_PATHS = {
    "single vertex": ({"points": galactic([1], [2])}, "two or more"),
    "scalar": ({"points": galactic(1, 2)}, "two or more"),
    "two dimensions": ({"points": galactic([[1, 2], [3, 4]], 0)}, "two or more"),
    "no coordinates": ({"points": [(1, 2), (3, 4)]}, "two or more"),
    "repeated vertex": ({"points": galactic([0, 1, 1, 2], 0)}, "vertices 1 and 2 "),
    "repeated in turns": ({"points": galactic([0, 1, 361, 2], 0)}, "vertices 1 and 2 "),
    "NaN vertex": ({"points": galactic([0, 1, np.nan], 0)}, "vertices 1 and 2 "),
    "too far apart": ({"points": galactic([0, 1, 100], 0)}, "vertices 1 and 2 "),
    "way back": ({"points": galactic([0, 1, 0.5], 0)}, "180 deg at vertex 1"),
    "way back to the start": ({"points": galactic([0, 1, 0], 0)}, "180 deg at vertex"),
    "sharp": ({"points": galactic([0, 1, 2, 1], [0, 0, 0, 0.1])}, "at vertex 2"),
    "closed line": ({"points": galactic([0, 1], 0), "closed": True}, "180 deg at vertex"),
    "crossing joints": (
        {"points": galactic([0, 1, 1.2, 1.2], [0, 0, 0.2, 2]), "height": 2 * u.deg},
        "near vertex 1",
    ),
    "tight circle": (
        {"points": circle(CASES["car"], 50, 0.4), "height": 2 * u.deg, "closed": True},
        "near vertex",
    ),
    "origin off the path": ({"origin": galactic(1, 3)}, "origin"),
    "origin just off the path": ({"origin": galactic(0.5, 0.27)}, "origin"),
    "origin before the path": ({"origin": galactic(-0.1, 0)}, "origin"),
    "two origins": ({"origin": P}, "origin"),
    "NaN origin": ({"origin": np.nan * u.deg}, "origin"),
    "origin without unit": ({"origin": 1}, "origin"),
    "before the path": ({"nbin": None, "edges": [-0.1, 1] * u.deg}, "edges"),
    "past the path": ({"nbin": None, "edges": [0, 5] * u.deg}, "edges"),
    "no height": ({"height": 0 * u.deg}, "height"),
    "long step": ({"nbin": None, "step": 5 * u.deg}, "step"),
    "nothing": ({"nbin": None}, "either"),
    "both": ({"step": 1 * u.deg}, "either"),
}


@pytest.mark.parametrize("name", BAD_PATHS)
def test_bad_paths_are_refused(name):
    change, message = BAD_PATHS[name]
    arguments = {"points": P, "height": 0.5 * u.deg, "nbin": 3} | change
    with pytest.raises(InvalidBinsError, match=message):
        SkyBins.along_path(**arguments)


A = galactic(10, 0)
BAD_SHAPES = {
    "flat ellipse": ("elliptical_annuli", {"axis_ratio": 0}, "axis_ratio"),
    "long ellipse": ("elliptical_annuli", {"axis_ratio": 1.1}, "axis_ratio"),
    "NaN axis ratio": ("elliptical_annuli", {"axis_ratio": np.nan}, "axis_ratio"),
    "bare angle": ("elliptical_annuli", {"position_angle": 30}, "position_angle"),
    "two angles": ("elliptical_annuli", {"position_angle": [3, 4] * u.deg}, "position_angle"),
    "NaN angle": ("elliptical_annuli", {"position_angle": np.nan * u.deg}, "position_angle"),
    "two centres": ("elliptical_annuli", {"center": galactic([1, 2], 0)}, "center"),
    "more than a circle": ("sectors", {"nbin": None, "edges": [0, 200, 361] * u.deg}, "more than"),
    "descending": ("sectors", {"nbin": None, "edges": [10, 5] * u.deg}, "ascending"),
    "swapped radii": ("sectors", {"radius_min": 3 * u.deg}, "radius_min"),
    "no ring": ("sectors", {"radius_min": 2 * u.deg}, "radius_min"),
    "one number": ("grid", {"nbin": 3}, "nbin"),
    "three numbers": ("grid", {"nbin": (1, 2, 3)}, "nbin"),
    "no columns": ("grid", {"nbin": (0, 2)}, "nbin"),
    "no width": ("grid", {"width": 0 * u.deg}, "width"),
    "negative height": ("grid", {"height": -1 * u.deg}, "height"),
    "two grid angles": ("grid", {"position_angle": [3, 4] * u.deg}, "position_angle"),
    "two line origins": ("along_line", {"origin": galactic([1, 2], 0)}, "origin"),
    "line origin without unit": ("along_line", {"origin": 3}, "origin"),
    "line origins": ("along_line", {"origin": [1, 2] * u.deg}, "origin"),
}
GOOD = {
    "elliptical_annuli": {
        "center": A,
        "axis_ratio": 0.5,
        "position_angle": 30 * u.deg,
        "radius_max": 2 * u.deg,
        "nbin": 3,
    },
    "sectors": {"center": A, "radius_max": 2 * u.deg, "nbin": 3},
    "grid": {"center": A, "width": 2 * u.deg, "height": 1 * u.deg, "nbin": (3, 2)},
    "along_line": {"start": A, "end": galactic(12, 1), "height": 1 * u.deg, "nbin": 3},
    "along_path": {"points": P, "height": 0.5 * u.deg, "nbin": 3},
}


@pytest.mark.parametrize("name", BAD_SHAPES)
def test_bad_shapes_are_refused(name):
    method, change, message = BAD_SHAPES[name]
    with pytest.raises(InvalidBinsError, match=message):
        getattr(SkyBins, method)(**(GOOD[method] | change))


# what holds for every shape


def shapes(case):
    """One of each shape, a dictionary of functions of a frame."""

    def point(angle, radius, frame):
        return case.at(angle, radius).transform_to(frame)

    reach = case.reach * u.deg
    points = case.path(60, [35, -55, 40], [0.3, 0.35, 0.3, 0.3])
    return {
        "path": lambda f: SkyBins.along_path(points.transform_to(f), height=0.3 * reach, nbin=6),
        "closed path": lambda f: SkyBins.along_path(
            circle(CASES["tan"] if case is FLAT else case, 40, 0.6).transform_to(f),
            height=0.2 * reach,
            nbin=6,
            closed=True,
        ),
        "line": lambda f: SkyBins.along_line(
            point(0, 0, f),
            point(25, 0.9, f),
            height=0.5 * reach,
            step=0.2 * reach,
            origin=point(25, 0.3, f),
        ),
    }


def still(case):
    """Shapes whose angles are those of the centre's frame."""
    reach, center = case.reach * u.deg, case.center
    return {
        "ellipses": SkyBins.elliptical_annuli(
            center, axis_ratio=0.6, position_angle=20 * u.deg, radius_max=0.9 * reach, nbin=3
        ),
        "hollow ellipses": SkyBins.elliptical_annuli(
            center, axis_ratio=0.6, position_angle=20 * u.deg, edges=[0.3, 0.6, 1] * reach
        ),
        "sectors": SkyBins.sectors(center, radius_max=0.9 * reach, nbin=5),
        "hollow sectors": SkyBins.sectors(
            center, radius_min=0.4 * reach, radius_max=0.9 * reach, edges=[300, 350, 420] * u.deg
        ),
        "grid": SkyBins.grid(
            center,
            width=1.5 * reach,
            height=0.9 * reach,
            nbin=(4, 2),
            position_angle=40 * u.deg,
        ),
        **{name: make(center.frame) for name, make in shapes(case).items()},
    }


SHAPES = tuple(still(FLAT))


@some_cases
def test_frames_of_paths_and_lines_do_not_matter(case):
    for make in shapes(case).values():
        first, *others = (codes(make(frame), case.maps) for frame in ("icrs", "galactic", "fk5"))
        assert (first >= 0).sum() > 20
        for other in others:
            assert np.mean(other != first) < 1e-3  # but for pixels on an edge


SELECTIONS = [
    {"lon": slice(None, None, -1)},
    {"lon": slice(20, 50), "lat": slice(3, 41)},
    {"lon": slice(None, None, 3), "lat": slice(None, None, -2)},
    {"lat": [31]},
]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("case", [FLAT, CASES["ait at the seam"]], ids=["tan", "ait"])
def test_selections_keep_their_bins(case, name):
    bins = still(case)[name]
    pixels = case.maps["counts"].isel(energy=0).copy(data=codes(bins, case.maps))
    for selection in SELECTIONS:
        part = case.maps.isel(selection).transpose("lon", ...)
        np.testing.assert_array_equal(codes(bins, part), pixels.isel(selection))


@pytest.mark.parametrize("name", SHAPES)
def test_solid_angles_do_not_depend_on_the_map(name):
    bins = still(FLAT)[name]
    members = find_members(bins, pixel_grid(FLAT.maps))
    total = members.sum(members.solid_angle) + members.outside
    for selection in SELECTIONS[1::2]:
        part = find_members(bins, pixel_grid(FLAT.maps.isel(selection)))
        assert part.pixel.size < members.pixel.size
        np.testing.assert_allclose(part.sum(part.solid_angle) + part.outside, total, rtol=1e-9)


@pytest.mark.parametrize("name", SHAPES)
def test_regions_hold_nearly_the_same_pixels_on_a_small_map(name):
    bins = still(FLAT)[name]
    found = codes(SkyBins.from_regions(bins.to_regions()), FLAT.maps)
    expected = codes(bins, FLAT.maps)
    changed, inside = found != expected, (found >= 0) & (expected >= 0)
    assert inside.sum() > 150
    assert changed.sum() < 0.01 * inside.sum() + 5


@pytest.mark.parametrize("name", SHAPES)
def test_planar_bins_are_their_regions(name):
    bins, grid = still(FLAT)[name], pixel_grid(FLAT.maps)
    planar = type(bins)(bins.shape, bins.lower, bins.upper, bins.description, bins.dim, planar=True)
    listed = SkyBins.from_regions(bins.to_regions())
    one, other = find_members(planar, grid), find_members(listed, grid)
    np.testing.assert_array_equal(one.bin, other.bin)
    np.testing.assert_array_equal(one.pixel, other.pixel)


KINDS = {
    "ellipses": (EllipseSkyRegion, EllipseAnnulusSkyRegion, EllipseAnnulusSkyRegion),
    "hollow ellipses": (EllipseAnnulusSkyRegion,) * 2,
    "sectors": (PolygonSkyRegion,) * 5,
    "hollow sectors": (PolygonSkyRegion,) * 2,
    "grid": (RectangleSkyRegion,) * 8,
    "path": (PolygonSkyRegion,) * 6,
    "closed path": (PolygonSkyRegion,) * 6,
    "line": (RectangleSkyRegion,) * 4,
}


@pytest.mark.parametrize("name", SHAPES)
def test_region_texts_are_ds9(name):
    bins = still(FLAT)[name]
    regions, texts = bins.to_regions(), bins.region_texts()
    assert tuple(type(region) for region in regions) == KINDS[name]
    for text, region in zip(texts, regions, strict=True):
        (parsed,) = Regions.parse(text, format="ds9")
        assert type(parsed) is type(region)
        if isinstance(region, PolygonSkyRegion):
            assert parsed.vertices.separation(region.vertices).max() < 1e-8 * u.deg
        else:
            assert parsed.center.separation(region.center) < 1e-8 * u.deg
            turned = (parsed.angle - region.angle).to_value("deg")
            np.testing.assert_allclose(trimmed(turned), 0, atol=1e-6)


@pytest.mark.parametrize("name", SHAPES)
def test_outlines_are_the_edges(name):
    """A pixel is in a bin if it is inside the bin's closed outline, in a flat map."""
    bins = still(FLAT)[name]
    expected = codes(bins, FLAT.maps)
    x, y = np.meshgrid(np.arange(80), np.arange(60))
    for i, outline in enumerate(bins.shape.outlines()):
        rings = 2 if "ellipses" in name else 1
        for ring in np.split(np.arange(outline.size), rings):
            assert outline[ring[0]].separation(outline[ring[-1]]) < 1e-9 * u.deg
        path = Path(np.stack(FLAT.wcs.world_to_pixel(outline), axis=-1))
        inside = path.contains_points(np.stack([x.ravel(), y.ravel()], axis=-1)).reshape(60, 80)
        assert np.sum(inside != (expected == i)) < 5 + 0.01 * inside.sum()


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("name", SHAPES)
def test_a_figure_has_one_outline_for_each_bin(name, planar):
    bins = still(FLAT)[name]
    bins = type(bins)(bins.shape, bins.lower, bins.upper, bins.description, bins.dim, planar=planar)
    ax = plt.figure().add_subplot(projection=FLAT.wcs)
    ax.imshow(np.zeros(FLAT.shape), origin="lower")
    paths = bins.plot(ax).get_paths()
    assert len(paths) == len(bins)
    for path, center in zip(paths, bins.center, strict=True):
        (low, high) = path.get_extents().get_points()
        middle = np.array(FLAT.wcs.world_to_pixel(center))
        assert np.all((low < middle) & (middle < high))
    plt.close("all")
