"""Bins on the sky: which pixels they hold, their edges, and the regions they are made of."""

from dataclasses import dataclass
from functools import cached_property

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import FK5, SkyCoord, SkyOffsetFrame
from astropy.wcs import WCS
from cases.maps import make_maps, make_wcs
from hypothesis import given, settings
from hypothesis import strategies as st
from regions import (
    CirclePixelRegion,
    CircleSkyRegion,
    EllipseSkyRegion,
    LineSkyRegion,
    PixCoord,
    PolygonSkyRegion,
    RectangleSkyRegion,
    Regions,
)

from xprofile.binned.members.finding import find_members
from xprofile.bins.skybins import SkyBins, as_bins
from xprofile.exceptions import InvalidBinsError
from xprofile.maps.positions import skycoord
from xprofile.maps.wcs import pixel_grid


def galactic(lon, lat):
    return SkyCoord(lon, lat, unit="deg", frame="galactic")


def rotated(wcs, degrees):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    wcs.wcs.pc = [[cos, -sin], [sin, cos]]
    return wcs


def shifted(wcs, dx, dy):
    """Move the reference point away from the middle of the map."""
    wcs.wcs.crpix = np.add(wcs.wcs.crpix, [dx, dy])
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
        return skycoord(self.maps)


def local(wcs):
    """A place near the middle, given in a frame that is not the map's."""
    center = wcs.pixel_to_world(33.3, 22.2)
    return Case(wcs, center.galactic if center.name == "icrs" else center.icrs)


CASES = {
    "car": local(make_wcs()),
    "car across 0": local(make_wcs(center=(359, 0))),
    "car at b=60": local(shifted(make_wcs(center=(30, 0)), 0, -600)),
    "car at b=-86": local(shifted(make_wcs(center=(30, 0)), 0, 860)),
    "car oblique": local(make_wcs(center=(30, 60))),
    "car rotated": local(rotated(make_wcs(frame="icrs"), 33)),
    "tan": local(make_wcs("TAN", (83.6, 22), frame="icrs")),
    "tan 40 deg away": local(shifted(make_wcs("TAN", (83.6, 22)), 480, -340)),
    "tan rotated": local(rotated(make_wcs("TAN", (266.4, -28.9), frame="icrs"), -71)),
    "sin": local(make_wcs("SIN", (200, -30))),
    "zea": local(make_wcs("ZEA", (200, -70), frame="icrs")),
    "zea over the pole": Case(make_wcs("ZEA", (0, 90)), galactic(77, 89)),
    "car over the pole": Case(
        shifted(make_wcs(step=0.5, shape=(20, 720)), 0, -170), galactic(0, 88), 3.3, (20, 720)
    ),
    "car half over the pole": Case(
        shifted(make_wcs(step=0.5, shape=(20, 720)), 0, 169), galactic(0.25, -89.5), 1.1, (20, 720)
    ),
    "car all-sky at the seam": Case(make_wcs(step=4.5), galactic(180.3, 10.2), 40),
    "car all-sky at the pole": Case(make_wcs(step=4.5), galactic(20, 87), 40),
    "car centred on 200": Case(make_wcs(center=(200, 0), step=4.5), galactic(19, -12), 40),
    "ait at the seam": Case(make_wcs("AIT", step=4.5), galactic(180.3, 10.2), 40),
    "ait at the pole": Case(make_wcs("AIT", step=4.5), galactic(170, -88), 40),
    "ait oblique": Case(make_wcs("AIT", (120, 40), 4.5, frame="icrs"), galactic(300, -30), 70),
    "ait in the middle": Case(make_wcs("AIT", step=4.5), galactic(3, 2), 130),
    "sin at the limb": Case(make_wcs("SIN", (10, 50), step=2), galactic(100, 0), 60),
}

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
# one of each sort, for what does not depend on the projection's details
SOME = (
    *("car", "car at b=60", "car oblique", "tan rotated", "zea over the pole"),
    *("car over the pole", "ait at the seam", "sin at the limb"),
)
some_cases = pytest.mark.parametrize("case", [CASES[name] for name in SOME], ids=SOME)


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
    return code, np.abs(values[..., None] - edges).min(axis=-1) < 1e-8


def ring_codes(sky, center, edges):
    return digitised(center.separation(sky).deg, edges)


def box_codes(sky, start, end, edges, height):
    rotation = start.position_angle(end.transform_to(start.frame)) - 90 * u.deg
    offset = sky.transform_to(SkyOffsetFrame(origin=start, rotation=rotation))
    along, tie_along = digitised(offset.lon.wrap_at(180 * u.deg).deg, edges)
    across, tie_across = digitised(offset.lat.deg, [-height / 2, height / 2])
    return np.where(across == 0, along, -1), tie_along | tie_across


def assert_same_codes(actual, expected, tie):
    assert np.mean(tie) < 0.1
    np.testing.assert_array_equal(actual[~tie], expected[~tie])


@every_case
def test_annuli_hold_the_right_pixels(case):
    edges = case.reach * np.array([0.11, 0.4, 0.73, 1])
    bins = SkyBins.annuli(case.center, edges=edges * u.deg)
    expected, tie = ring_codes(case.sky, case.center, edges)
    assert set(range(3)) <= set(expected.flat)
    assert_same_codes(codes(bins, case.maps), expected, tie)


@pytest.mark.parametrize("latitude", [-86, -88, 88, -89.5, 90])
@pytest.mark.parametrize("reach", [0.6, 1.1, 2.3, 3, 4])
def test_no_pixel_is_missed_round_a_pole(latitude, reach):
    """All longitudes of a plate carree, seen from a place on its middle meridian."""
    wcs = shifted(make_wcs(step=0.5, shape=(20, 720)), 0, -np.sign(latitude) * 170)
    maps = make_maps(wcs, (20, 720), nenergy=1, ntrue=1)
    center, edges = galactic(0, latitude), np.array([0, 0.41, 1]) * reach
    expected, tie = ring_codes(skycoord(maps), center, edges)
    found = codes(SkyBins.annuli(center, edges=edges * u.deg), maps)
    np.testing.assert_array_equal(found[~tie], expected[~tie])


@every_case
@pytest.mark.parametrize("angle", [0, 211])
def test_boxes_hold_the_right_pixels(case, angle):
    start = case.center
    end = start.directional_offset_by(angle * u.deg, case.reach * u.deg)
    height = 0.613 * case.reach
    bins = SkyBins.along_line(start, end, height=height * u.deg, nbin=3)
    edges = np.linspace(0, case.reach, 4)
    expected, tie = box_codes(case.sky, start, end, edges, height)
    assert (expected >= 0).any()
    assert_same_codes(codes(bins, case.maps), expected, tie)


@every_case
def test_boxes_may_begin_before_the_start(case):
    end = case.center.directional_offset_by(70 * u.deg, 1 * u.deg)
    edges = case.reach * np.array([-0.9, -0.31, 0.2, 0.7])
    bins = SkyBins.along_line(case.center, end, height=case.reach * u.deg, edges=edges * u.deg)
    expected, tie = box_codes(case.sky, case.center, end, edges, case.reach)
    assert_same_codes(codes(bins, case.maps), expected, tie)


@some_cases
def test_frames_do_not_matter(case):
    end = case.center.directional_offset_by(70 * u.deg, case.reach * u.deg)
    line = [
        SkyBins.along_line(start, stop, height=1.234 * u.deg, nbin=4)
        for start, stop in (
            (case.center, end),
            (case.center.fk5, end.icrs),
            (case.center.transform_to("barycentrictrueecliptic"), end.supergalactic),
        )
    ]
    rings = [
        SkyBins.annuli(center, radius_max=case.reach * u.deg, nbin=4)
        for center in (case.center.galactic, case.center.icrs, case.center.supergalactic)
    ]
    for first, *others in (line, rings):
        expected = codes(first, case.maps)
        for other in others:
            np.testing.assert_array_equal(codes(other, case.maps), expected)


@pytest.mark.parametrize("turns", [-1, 1, 3])
def test_whole_turns_do_not_matter(turns):
    bins = SkyBins.annuli(galactic(0.3, 0.2), radius_max=2 * u.deg, nbin=4)
    turned = SkyBins.annuli(galactic(0.3 + 360 * turns, 0.2), radius_max=2 * u.deg, nbin=4)
    maps, moved = make_maps(), make_maps(make_wcs(center=(360 * turns, 0)))
    expected = codes(bins, maps)
    assert (expected >= 0).sum() > 1000
    np.testing.assert_array_equal(codes(turned, maps), expected)
    np.testing.assert_array_equal(codes(bins, moved), expected)


SELECTIONS = [
    {"lon": slice(None, None, -1)},
    {"lon": slice(20, 50), "lat": slice(3, 41)},
    {"lon": slice(None, None, 3), "lat": slice(None, None, -2)},
    {"lon": [33]},
    {"lat": [12]},
]


@some_cases
def test_selections_keep_their_bins(case):
    bins = SkyBins.annuli(case.center, radius_max=case.reach * u.deg, nbin=5)
    pixels = case.maps["counts"].isel(energy=0).copy(data=codes(bins, case.maps))
    for selection in SELECTIONS:
        part = case.maps.isel(selection).transpose("lon", ...)
        np.testing.assert_array_equal(codes(bins, part), pixels.isel(selection))


@some_cases
def test_membership_has_the_pixels_solid_angles(case):
    bins = SkyBins.annuli(case.center, radius_max=case.reach * u.deg, nbin=3)
    grid = pixel_grid(case.maps)
    members = find_members(bins, grid)
    area = grid.solid_angle(grid.x, grid.y[:, None]).flat[members.pixel]
    np.testing.assert_allclose(members.solid_angle, area, rtol=1e-12)
    total = members.sum(members.solid_angle)
    brute = [area[members.bin == i].sum() for i in range(3)]
    np.testing.assert_allclose(total, brute, rtol=1e-12)


@pytest.mark.parametrize("name", ["car oblique", "tan", "sin", "zea over the pole", "car at b=60"])
def test_bins_are_as_large_on_and_off_the_map(name):
    """Solid angle does not depend on where the map ends, and is near the true area."""
    case = CASES[name]
    edges = case.reach * np.array([0, 0.5, 1.0])
    bins = SkyBins.annuli(case.center, edges=edges * u.deg)
    maps = case.maps
    parts = [maps, maps.isel(lon=slice(0, 30)), maps.isel(lat=[3]), maps.isel(lon=[33])]
    totals = []
    for part in parts:
        members = find_members(bins, pixel_grid(part))
        totals.append(members.sum(members.solid_angle) + members.outside)
    for total in totals:
        np.testing.assert_allclose(total, totals[0], rtol=1e-9)
    true = 2 * np.pi * -np.diff(np.cos(np.radians(edges)))
    np.testing.assert_allclose(totals[0], true, rtol=0.05)


@pytest.mark.parametrize("nx", [60, 61])
def test_off_map_bins_at_the_seam_count_once(nx):
    maps = make_maps(make_wcs(shape=(60, nx)), (60, nx), nenergy=1, ntrue=1)
    bins = SkyBins.along_line(
        galactic(181.03, 0.01), galactic(179.03, 0.01), height=1 * u.deg, nbin=2
    )
    members = find_members(bins, pixel_grid(maps))
    assert members.pixel.size == 0
    np.testing.assert_allclose(members.outside, np.radians(1) ** 2, rtol=1e-4)


@pytest.mark.parametrize("center", [(0, 0), (123.4, -56.7), (0, 90)])
@pytest.mark.parametrize(("projection", "step"), [("CAR", 3), ("AIT", 3)])
def test_annuli_to_180_deg_hold_the_whole_sky(center, projection, step):
    shape = (61, 121)
    maps = make_maps(make_wcs(projection, step=step, shape=shape), shape, nenergy=1, ntrue=1)
    maps = maps.isel(lon=slice(0, 120))
    sky = skycoord(maps)
    bins = SkyBins.annuli(galactic(*center), edges=[0, 60, 90, 180] * u.deg)
    on_sky = np.isfinite(sky.spherical.lat.deg)
    np.testing.assert_array_equal(codes(bins, maps) >= 0, on_sky)


@st.composite
def skies(draw):
    projection = draw(st.sampled_from(["CAR", "TAN", "AIT", "ZEA", "SIN", "STG"]))
    center = (draw(st.floats(0, 360)), draw(st.sampled_from([0.0]) | st.floats(-90, 90)))
    step = draw(st.sampled_from([0.1, 0.5]))
    wcs = make_wcs(projection, center, step, (23, 31), draw(st.sampled_from(["galactic", "icrs"])))
    return make_maps(rotated(wcs, draw(st.sampled_from([0, 0, 30, 77.7]))), (23, 31)), step


positions = st.tuples(st.integers(0, 30), st.integers(0, 22))
nbins = st.integers(1, 7)
random_skies = settings(max_examples=30, deadline=None, derandomize=True)


@random_skies
@given(skies(), positions, nbins, st.sampled_from([2, 5, 6.7]))
def test_annuli_share_and_miss_no_pixel(sky, position, nbin, reach):
    maps, step = sky
    center = maps_position(maps, position)
    radius = reach * step * u.deg
    found = codes(SkyBins.annuli(center, radius_max=radius, nbin=nbin), maps)
    whole = codes(SkyBins.annuli(center, radius_max=radius, nbin=1), maps)
    np.testing.assert_array_equal(found >= 0, whole >= 0)
    expected, tie = ring_codes(skycoord(maps), center, np.linspace(0, reach * step, nbin + 1))
    np.testing.assert_array_equal(found[~tie], expected[~tie])


@random_skies
@given(skies(), positions, positions, nbins, st.sampled_from([2, 5, 6.7]))
def test_boxes_share_and_miss_no_pixel(sky, first, last, nbin, width):
    maps, step = sky
    start, end = maps_position(maps, first), maps_position(maps, last)
    if first == last:
        end = start.directional_offset_by(30 * u.deg, step * u.deg)
    height = width * step * u.deg
    found = codes(SkyBins.along_line(start, end, height=height, nbin=nbin), maps)
    whole = codes(SkyBins.along_line(start, end, height=height, nbin=1), maps)
    np.testing.assert_array_equal(found >= 0, whole >= 0)
    edges = np.linspace(0, start.separation(end).deg, nbin + 1)
    expected, tie = box_codes(skycoord(maps), start, end, edges, height.value)
    np.testing.assert_array_equal(found[~tie], expected[~tie])


def maps_position(maps, pixel):
    """Sky position of a pixel's centre."""
    return skycoord(maps)[pixel[1], pixel[0]]


def test_line_edges_by_number():
    bins = SkyBins.along_line(galactic(10, 0), galactic(350, 0), height=3 * u.deg, nbin=5)
    assert len(bins) == 5
    np.testing.assert_allclose(bins.lower, [0, 4, 8, 12, 16], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(bins.upper, [4, 8, 12, 16, 20], rtol=1e-12)
    np.testing.assert_allclose(bins.distance, [2, 6, 10, 14, 18], rtol=1e-12)
    assert bins.center.separation(galactic([8, 4, 0, 356, 352], 0)).max() < 1e-9 * u.deg


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


def test_annuli_edges_by_number_and_by_list():
    bins = SkyBins.annuli(galactic(3, 4), radius_min=0.5 * u.deg, radius_max=1.5 * u.deg, nbin=4)
    np.testing.assert_allclose(bins.lower, [0.5, 0.75, 1, 1.25], rtol=1e-12)
    np.testing.assert_allclose(bins.upper, [0.75, 1, 1.25, 1.5], rtol=1e-12)
    listed = SkyBins.annuli(galactic(3, 4), edges=[0, 6, 90] * u.arcmin)
    np.testing.assert_allclose(listed.lower, [0, 0.1], rtol=1e-12)
    np.testing.assert_allclose(listed.upper, [0.1, 1.5], rtol=1e-12)
    assert listed.center.separation(galactic(3, 4)).max() < 1e-9 * u.deg


@some_cases
def test_outlines_are_the_edges(case):
    bins = SkyBins.annuli(case.center, edges=case.reach * np.array([0.2, 0.6, 1]) * u.deg)
    for outline, low, high in zip(bins.shape.outlines(), bins.lower, bins.upper, strict=True):
        distance = case.center.separation(outline).deg
        np.testing.assert_allclose(distance[distance > (low + high) / 2], high, rtol=1e-9)
        np.testing.assert_allclose(distance[distance < (low + high) / 2], low, rtol=1e-9)
    end = case.center.directional_offset_by(25 * u.deg, case.reach * u.deg)
    boxes = SkyBins.along_line(case.center, end, height=0.5 * case.reach * u.deg, nbin=2)
    rotation = case.center.position_angle(end) - 90 * u.deg
    frame = SkyOffsetFrame(origin=case.center, rotation=rotation)
    for outline, low, high in zip(boxes.shape.outlines(), boxes.lower, boxes.upper, strict=True):
        offset = outline.transform_to(frame)
        lon, lat = offset.lon.wrap_at(180 * u.deg).deg, offset.lat.deg
        side = np.isclose(np.abs(lat), 0.25 * case.reach, rtol=1e-9, atol=0)
        assert np.all(side | np.isclose(lon, low, atol=1e-9) | np.isclose(lon, high, atol=1e-9))
        np.testing.assert_allclose([lon.min(), lon.max()], [low, high], atol=1e-9)
        np.testing.assert_allclose([lat.min(), lat.max()], case.reach * np.array([-0.25, 0.25]))


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


def test_regions_of_annuli_hold_the_same_pixels_near_the_equator():
    maps = make_maps(make_wcs("TAN"), nenergy=1, ntrue=1)
    rings = SkyBins.annuli(galactic(0, 0), edges=[0, 0.53, 1.17, 2.61] * u.deg)
    found, expected = codes(SkyBins.from_regions(rings.to_regions()), maps), codes(rings, maps)
    assert [type(r).__name__ for r in rings.to_regions()][:2] == [
        "CircleSkyRegion",
        "CircleAnnulusSkyRegion",
    ]
    assert (expected >= 0).sum() > 2000
    assert np.mean(found[expected >= 0] != expected[expected >= 0]) < 0.01


@some_cases
def test_planar_bins_are_their_regions(case):
    end = case.center.directional_offset_by(25 * u.deg, case.reach * u.deg)
    line = {"start": case.center, "end": end, "height": 0.8 * u.deg, "nbin": 3}
    rings = {"center": case.center, "radius_max": case.reach * u.deg, "nbin": 3}
    grid = pixel_grid(case.maps)
    for make, arguments in ((SkyBins.along_line, line), (SkyBins.annuli, rings)):
        planar = make(**arguments, planar=True)
        listed = SkyBins.from_regions(make(**arguments).to_regions())
        np.testing.assert_array_equal(planar.lower, make(**arguments).lower)
        ours, theirs = find_members(planar, grid), find_members(listed, grid)
        np.testing.assert_array_equal(ours.bin, theirs.bin)
        np.testing.assert_array_equal(ours.pixel, theirs.pixel)


def tilted_line(frame="icrs"):
    start = SkyCoord(40, 50, unit="deg", frame=frame)
    end = start.directional_offset_by(62 * u.deg, 6 * u.deg)
    return SkyBins.along_line(start, end, height=1 * u.deg, nbin=4)


@pytest.mark.parametrize("frame", ["icrs", "galactic"])
def test_edges_of_rectangles_along_a_line(frame):
    line = tilted_line(frame)
    bins = SkyBins.from_regions(line.to_regions())
    np.testing.assert_allclose(bins.lower, line.lower - 0.75, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(bins.upper, line.upper - 0.75, rtol=1e-6, atol=1e-9)
    assert bins.center.separation(line.center).max() < 1e-9 * u.deg


def rectangles(lons, width, height, angle):
    return [
        RectangleSkyRegion(galactic(lon, 0), width * u.deg, height * u.deg, angle * u.deg)
        for lon in lons
    ]


@pytest.mark.parametrize(
    ("width", "height", "angle", "half"),
    [
        (1, 4, 0, 0.5),
        (4, 1, 90, 0.5),
        (1, 4, 180, 0.5),
        (1, 4, 30, 0.5 / np.cos(np.radians(30))),
        (1, 4, -30, 0.5 / np.cos(np.radians(30))),
        (3, 1, 60, 0.5 / np.sin(np.radians(60))),
        (2, 2, 45, np.sqrt(2)),
    ],
)
def test_edges_of_rectangles_are_where_the_line_leaves_them(width, height, angle, half):
    bins = SkyBins.from_regions(rectangles([5, 1, -4], width, height, angle))
    np.testing.assert_allclose(bins.distance, [0, 4, 9], atol=1e-9)
    np.testing.assert_allclose(bins.upper - bins.lower, 2 * half, rtol=1e-9)


@pytest.mark.parametrize("angle", [0, 30, 90, -50])
def test_edges_of_ellipses_are_where_the_line_leaves_them(angle):
    regions = [
        EllipseSkyRegion(galactic(lon, 0), 2 * u.deg, 1 * u.deg, angle * u.deg) for lon in (3, 0)
    ]
    bins = SkyBins.from_regions(regions)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    half = 1 / np.sqrt(cos**2 / 1**2 + sin**2 / 0.5**2)
    np.testing.assert_allclose(bins.upper, [half, 3 + half], rtol=1e-9)
    np.testing.assert_allclose(bins.lower, [-half, 3 - half], rtol=1e-9)


def test_edges_of_circles_along_a_line_and_frames_of_their_own():
    centers = [galactic(3, 0), galactic(1, 0).icrs, galactic(359, 0).fk5]
    bins = SkyBins.from_regions([CircleSkyRegion(c, 0.5 * u.deg) for c in centers])
    np.testing.assert_allclose(bins.lower, [-0.5, 1.5, 3.5], rtol=1e-7)
    np.testing.assert_allclose(bins.upper, [0.5, 2.5, 4.5], rtol=1e-7)
    assert bins.center.name == "galactic"
    assert bins.center.separation(galactic([3, 1, 359], 0)).max() < 1e-7 * u.deg


def test_edges_of_rectangles_in_frames_of_their_own():
    line = tilted_line("galactic")
    start, end = line.center[0].icrs, line.center[3].icrs
    edges = line.lower.tolist() + line.upper[-1:].tolist() - line.distance[0]
    other = SkyBins.along_line(start, end, height=1 * u.deg, edges=edges * u.deg)
    ours, theirs = line.to_regions(), other.to_regions()
    bins = SkyBins.from_regions([ours[0], theirs[1], ours[2], theirs[3]])
    np.testing.assert_allclose(bins.lower, edges[:-1], rtol=1e-6)
    np.testing.assert_allclose(bins.upper, edges[1:], rtol=1e-6)


def test_edges_of_concentric_annuli_are_radii():
    rings = SkyBins.annuli(galactic(33, 44), edges=[0, 0.3, 1, 2.5] * u.deg)
    bins = SkyBins.from_regions(rings.to_regions())
    np.testing.assert_allclose(bins.lower, [0, 0.3, 1], atol=1e-12)
    np.testing.assert_allclose(bins.upper, [0.3, 1, 2.5], rtol=1e-12)


def square(lon, lat, half=0.5):
    dx, dy = np.array([-1, 1, 1, -1]) * half, np.array([-1, -1, 1, 1]) * half
    return PolygonSkyRegion(galactic(lon + dx, lat + dy))


def test_polygons_lie_at_the_mean_of_their_vertices():
    bins = SkyBins.from_regions([square(2, 0), square(0.5, 0), square(-1, 0)])
    np.testing.assert_allclose(bins.distance, [0, 1.5, 3], atol=1e-6)
    np.testing.assert_allclose(bins.upper - bins.lower, 1, rtol=1e-4)  # their own extent
    assert bins.center.separation(galactic([2, 0.5, -1], 0)).max() < 1e-6 * u.deg


REGION_LISTS = {
    "line": tilted_line().to_regions(),
    "annuli": SkyBins.annuli(galactic(10, 20), edges=[0, 1, 2] * u.deg).to_regions(),
    "ellipses": [EllipseSkyRegion(galactic(3, 0), 2 * u.deg, 1 * u.deg, 30 * u.deg)],
    "polygons": [square(2, 0), square(0, 0)],
}


@pytest.mark.parametrize("name", REGION_LISTS)
def test_region_texts_are_ds9(name):
    regions = REGION_LISTS[name]
    texts = SkyBins.from_regions(regions).region_texts()
    assert len(texts) == len(regions)
    for text, region in zip(texts, regions, strict=True):
        (parsed,) = Regions.parse(text, format="ds9")
        assert type(parsed) is type(region)
        for size in ("width", "height", "angle", "radius", "inner_radius", "outer_radius"):
            if hasattr(region, size):
                expected = getattr(region, size).to_value("deg")
                np.testing.assert_allclose(getattr(parsed, size).to_value("deg"), expected, 1e-9)
        if hasattr(region, "center"):
            assert parsed.center.separation(region.center) < 1e-9 * u.deg
            assert parsed.center.name == region.center.name
        else:
            assert parsed.vertices.separation(region.vertices).max() < 1e-9 * u.deg


@pytest.mark.parametrize("frame", ["barycentrictrueecliptic", FK5(equinox="J1975")], ids=str)
def test_region_texts_of_frames_that_ds9_lacks_say_what_they_are(frame):
    center = galactic(10, 20).transform_to(frame)
    (text,) = SkyBins.annuli(center, edges=[0, 1] * u.deg).region_texts()
    assert text == " ".join(repr(CircleSkyRegion(center, 1 * u.deg)).split())


@pytest.mark.parametrize("frame", ["icrs", "fk5", "fk4", "galactic"])
def test_region_texts_keep_the_place_in_any_frame(frame):
    center = galactic(10, 20).transform_to(frame)
    (text,) = SkyBins.annuli(center, edges=[0, 1] * u.deg).region_texts()
    (parsed,) = Regions.parse(text, format="ds9")
    assert parsed.center.transform_to("icrs").separation(center.icrs) < 1e-6 * u.deg


@pytest.mark.parametrize(
    ("bins", "text"),
    [
        (
            SkyBins.along_line(galactic(10, 0), galactic(350, 0), height=3 * u.deg, nbin=51),
            "<SkyBins: 51 boxes along a line, projected distance 0 to 20 deg, height 3 deg>",
        ),
        (
            SkyBins.annuli(galactic(1, 2), edges=[0.1, 0.5] * u.deg),
            "<SkyBins: 1 annuli, projected distance 0.1 to 0.5 deg>",
        ),
        (
            SkyBins.annuli(galactic(1, 2), edges=[0.1, 0.5] * u.deg, planar=True),
            "<SkyBins: 1 annuli, projected distance 0.1 to 0.5 deg, planar>",
        ),
        (
            SkyBins.from_regions(rectangles([5, 1], 1, 1, 0)),
            "<SkyBins: 2 sky regions, projected distance -0.5 to 4.5 deg, planar>",
        ),
    ],
)
def test_repr(bins, text):
    assert repr(bins) == text


def test_as_bins_takes_bins_regions_and_one_region():
    regions = rectangles([5, 1], 1, 1, 0)
    bins = SkyBins.from_regions(regions)
    assert as_bins(bins) is bins
    for given_regions in (regions, tuple(regions), Regions(regions), iter(regions)):
        assert as_bins(given_regions).to_regions() == regions
    assert as_bins(regions[0]).to_regions() == regions[:1]


BAD_REGIONS = {
    "empty": ([], "found none"),
    "pixel region": ([CirclePixelRegion(PixCoord(1, 2), 3)], "CirclePixelRegion"),
    "mixed": ([*rectangles([5], 1, 1, 0), "circle(1,2,3)"], "found str"),
    "text": ("circle(1,2,3)", "found str"),
    "line": ([LineSkyRegion(galactic(1, 2), galactic(2, 3))], "no centre"),
    "number": (5, "int"),
    "nothing": (None, "NoneType"),
}


@pytest.mark.parametrize("make", [SkyBins.from_regions, as_bins])
@pytest.mark.parametrize("name", BAD_REGIONS)
def test_bad_regions_are_refused(make, name):
    regions, message = BAD_REGIONS[name]
    with pytest.raises(InvalidBinsError, match=message):
        make(regions)


A, B = galactic(10, 0), galactic(20, 0)
BAD_LINES = {
    "same ends": ({"end": galactic(10, 0)}, "apart"),
    "same ends in other frames": ({"end": galactic(10, 0).icrs}, "apart"),
    "antipodal": ({"end": galactic(190, 0)}, "180"),
    "height without unit": ({"height": 3}, "height"),
    "height in metres": ({"height": 3 * u.m}, "height"),
    "no height": ({"height": 0 * u.deg}, "height"),
    "negative height": ({"height": -1 * u.deg}, "height"),
    "NaN height": ({"height": np.nan * u.deg}, "height"),
    "two heights": ({"height": [1, 2] * u.deg}, "height"),
    "no bins": ({"nbin": 0}, "nbin"),
    "negative nbin": ({"nbin": -3}, "nbin"),
    "half a bin": ({"nbin": 2.5}, "nbin"),
    "nbin in words": ({"nbin": "many"}, "nbin"),
    "a list of nbin": ({"nbin": [3]}, "nbin"),
    "NaN nbin": ({"nbin": np.nan}, "nbin"),
    "neither": ({"nbin": None}, "either"),
    "both": ({"edges": [0, 1] * u.deg}, "either"),
    "edges without unit": ({"nbin": None, "edges": [0, 1]}, "edges"),
    "one edge": ({"nbin": None, "edges": [1] * u.deg}, "edges"),
    "unsorted edges": ({"nbin": None, "edges": [0, 2, 1] * u.deg}, "ascending"),
    "repeated edges": ({"nbin": None, "edges": [0, 1, 1] * u.deg}, "ascending"),
    "NaN edges": ({"nbin": None, "edges": [0, np.nan] * u.deg}, "edges"),
    "infinite edges": ({"nbin": None, "edges": [0, np.inf] * u.deg}, "edges"),
    "more than half a turn": ({"nbin": None, "edges": [0, 100, 250] * u.deg}, "180"),
    "edges in two dimensions": ({"nbin": None, "edges": [[0, 1], [1, 2]] * u.deg}, "edges"),
    "two starts": ({"start": galactic([1, 2], [0, 0])}, "start"),
    "a start that is no SkyCoord": ({"start": (10, 0)}, "start"),
    "a NaN end": ({"end": galactic(np.nan, np.nan)}, "nan"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_bad_lines_are_refused(name):
    change, message = BAD_LINES[name]
    arguments = {"start": A, "end": B, "height": 1 * u.deg, "nbin": 3} | change
    with pytest.raises(InvalidBinsError, match=message):
        SkyBins.along_line(**arguments)


BAD_ANNULI = {
    "nothing": ({}, "edges"),
    "nbin alone": ({"nbin": 3}, "radius_max"),
    "radius alone": ({"radius_max": 1 * u.deg}, "nbin"),
    "edges and radius": ({"edges": [0, 1] * u.deg, "radius_max": 1 * u.deg}, "not both"),
    "edges and nbin": ({"edges": [0, 1] * u.deg, "nbin": 1}, "either"),
    "negative radius": ({"edges": [-1, 1] * u.deg}, "0 to 180"),
    "beyond the antipode": ({"edges": [0, 181] * u.deg}, "0 to 180"),
    "radius without unit": ({"radius_max": 1, "nbin": 3}, "radius_max"),
    "inverted radii": ({"radius_min": 2 * u.deg, "radius_max": 1 * u.deg, "nbin": 3}, "ascending"),
    "no radius": ({"radius_max": 0 * u.deg, "nbin": 3}, "ascending"),
    "no bins": ({"radius_max": 1 * u.deg, "nbin": 0}, "nbin"),
    "two centres": ({"center": galactic([1, 2], 0), "edges": [0, 1] * u.deg}, "center"),
    "a NaN centre": ({"center": galactic(np.nan, 0), "edges": [0, 1] * u.deg}, "center"),
}


@pytest.mark.parametrize("name", BAD_ANNULI)
def test_bad_annuli_are_refused(name):
    change, message = BAD_ANNULI[name]
    with pytest.raises(InvalidBinsError, match=message):
        SkyBins.annuli(**({"center": A} | change))
