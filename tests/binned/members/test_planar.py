"""Regions in the plane of the map, against `regions` itself and the one-arcsecond rule."""

from itertools import pairwise

import astropy.units as u
import numpy as np
import pytest
import regions as regions_package
from astropy.coordinates import SkyCoord
from cases.examples import examples
from cases.maps import make_maps, make_wcs
from cases.skies import rotated
from hypothesis import strategies as st
from matplotlib.path import Path
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    PixCoord,
    PointSkyRegion,
    PolygonSkyRegion,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
)

from xprofile import SkyBins
from xprofile.binned.members.finding import find_members
from xprofile.bins.shapes.plane import planar_rings
from xprofile.maps.wcs import pixel_grid

SIZES = (
    *("radius", "inner_radius", "outer_radius", "width", "height"),
    *("inner_width", "inner_height", "outer_width", "outer_height"),
)


def changed(wcs, *, crpix=(0, 0), cdelt=(1, 1)):
    """Move the reference point of a WCS, and scale its pixels."""
    wcs.wcs.crpix = np.add(wcs.wcs.crpix, crpix)
    wcs.wcs.cdelt = np.multiply(wcs.wcs.cdelt, cdelt)
    return wcs


def shapes(center, size=1.0):
    """Make one region of every kind, with ellipses and rectangles at several angles."""
    a, b = 2.31 * size * u.deg, 1.07 * size * u.deg
    return [
        CircleSkyRegion(center, a / 2),
        CircleAnnulusSkyRegion(center, b / 2, a / 2),
        *(EllipseSkyRegion(center, a, b, t * u.deg) for t in (0, 30, -70)),
        EllipseAnnulusSkyRegion(center, a / 2, a, b / 2, b, 40 * u.deg),
        *(RectangleSkyRegion(center, a, b, t * u.deg) for t in (0, 17, 45, 90, 180, 233.3, -80)),
        RectangleAnnulusSkyRegion(center, a / 3, a, b / 2, b, 110 * u.deg),
    ]


def square(center, size=1.0):
    return PolygonSkyRegion(
        center.directional_offset_by([10, 95, 190, 283] * u.deg, [1, 1.4, 1, 0.8] * (size * u.deg))
    )


def contains_by_north_step(region, wcs, x, y):
    """Whether a region contains pixel positions, by the scale and angle of 1 arcsec North."""
    north = region.center.directional_offset_by(0 * u.deg, 1 * u.arcsec)
    (x0, y0), (x1, y1) = wcs.world_to_pixel(region.center), wcs.world_to_pixel(north)
    scale = np.hypot(x1 - x0, y1 - y0)
    found = {name: getattr(region, name) for name in SIZES if hasattr(region, name)}
    arguments = {name: size.to_value("arcsec") * scale for name, size in found.items()}
    if hasattr(region, "angle"):
        north, mirrored = np.arctan2(y1 - y0, x1 - x0), np.linalg.det(wcs.pixel_scale_matrix) > 0
        sign = -1 if mirrored else 1  # angles are those of the sky with East to the left
        arguments["angle"] = sign * region.angle + (north - sign * np.pi / 2) * u.rad
    pixel_shape = getattr(regions_package, type(region).__name__.replace("Sky", "Pixel"))
    return pixel_shape(PixCoord(x0, y0), **arguments).contains(PixCoord(x, y))


def planes(regions, maps):
    """Whether each region contains each pixel, (nregion, ny, nx)."""
    grid = pixel_grid(maps)
    members = find_members(SkyBins.from_regions(regions, planar=True), grid)
    pairs = np.stack([members.bin, members.pixel])
    assert np.unique(pairs, axis=1).shape == pairs.shape
    result = np.zeros((len(regions), *grid.shape), bool)
    result.reshape(len(regions), -1)[members.bin, members.pixel] = True
    return result


SKIES = {
    "car": make_wcs(),
    "car at b=60": changed(make_wcs(center=(30, 0)), crpix=(0, -600)),
    "car oblique": make_wcs(center=(30, 60)),
    "car rotated": rotated(make_wcs(frame="icrs"), 33),
    "tan": make_wcs("TAN", (83.6, 22), frame="icrs"),
    "tan 40 deg away": changed(make_wcs("TAN", (83.6, 22)), crpix=(480, -340)),
    "tan rotated": rotated(make_wcs("TAN", (266.4, -28.9), frame="icrs"), -71),
    "tan mirrored": changed(make_wcs("TAN", (83.6, 22)), cdelt=(-1, 1)),
    "tan with oblong pixels": changed(make_wcs("TAN", (83.6, 22)), cdelt=(0.5, 1)),
    "sin": make_wcs("SIN", (200, -30)),
    "zea over the pole": make_wcs("ZEA", (0, 90)),
    "ait": changed(make_wcs("AIT", (120, 0)), crpix=(300, -500)),
}
every_sky = pytest.mark.parametrize("name", SKIES)


def maps_of(name):
    return make_maps(SKIES[name], nenergy=1, ntrue=1)


@every_sky
def test_scale_and_angle_come_from_a_step_of_one_arcsecond_north(name):
    wcs, maps = SKIES[name], maps_of(name)
    regions = shapes(wcs.pixel_to_world(33.3, 22.2).icrs)
    x, y = np.meshgrid(np.arange(80), np.arange(60))
    expected = np.stack([contains_by_north_step(region, wcs, x, y) for region in regions])
    assert expected.any(axis=(1, 2)).all()
    np.testing.assert_array_equal(planes(regions, maps), expected)


def test_frames_of_a_list_may_differ():
    wcs = SKIES["tan"]
    centers = [wcs.pixel_to_world(x, y) for x, y in ((20.2, 15), (50, 40.1), (33.3, 22))]
    frames = ["galactic", "icrs", "fk5"]
    regions = [
        RectangleSkyRegion(c.transform_to(f), 2.1 * u.deg, 1.03 * u.deg, 20 * u.deg)
        for c, f in zip(centers, frames, strict=True)
    ]
    x, y = np.meshgrid(np.arange(80), np.arange(60))
    expected = np.stack([contains_by_north_step(region, wcs, x, y) for region in regions])
    np.testing.assert_array_equal(planes(regions, maps_of("tan")), expected)
    np.testing.assert_array_equal(planes(regions[::-1], maps_of("tan")), expected[::-1])


@pytest.mark.parametrize("name", ["car", "car oblique", "tan", "tan rotated", "sin", "car rotated"])
@pytest.mark.parametrize("size", [0.2, 1.9])
def test_regions_at_the_reference_point_agree_with_the_regions_package(name, size):
    wcs, maps = SKIES[name], maps_of(name)
    center = wcs.pixel_to_world(wcs.wcs.crpix[0] - 0.97, wcs.wcs.crpix[1] - 1.02)
    regions = shapes(center, size)
    x, y = np.meshgrid(np.arange(80), np.arange(60))
    expected = [region.to_pixel(wcs).contains(PixCoord(x, y)) for region in regions]
    np.testing.assert_array_equal(planes(regions, maps), expected)


@every_sky
def test_polygons_agree_with_the_regions_package(name):
    wcs, maps = SKIES[name], maps_of(name)
    regions = [
        square(wcs.pixel_to_world(x, y), s) for x, y, s in ((33.3, 22.2, 1.0), (60, 40, 2.0))
    ]
    x, y = np.meshgrid(np.arange(80), np.arange(60))
    expected = [region.to_pixel(wcs).contains(PixCoord(x, y)) for region in regions]
    assert np.any(expected, axis=(1, 2)).all()
    np.testing.assert_array_equal(planes(regions, maps), expected)


@every_sky
def test_polygons_and_circles_in_one_list(name):
    wcs, maps = SKIES[name], maps_of(name)
    center = wcs.pixel_to_world(33.3, 22.2)
    regions = [square(center), CircleSkyRegion(center, 1 * u.deg), square(center, 2.0)]
    found = planes(regions, maps)
    for plane, region in zip(found, regions, strict=True):
        np.testing.assert_array_equal(plane, planes([region], maps)[0])


@pytest.mark.parametrize("angle", [0, 90, 180])
def test_pixels_on_boundaries_are_outside_and_on_those_of_holes_inside(angle):
    """On whole-degree pixels: |x'| < w/2, and r_in <= d < r_out."""
    maps = make_maps(make_wcs(step=1, shape=(21, 21)), (21, 21), nenergy=1, ntrue=1)
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    inside, outside = 1 - 1e-7, 1 + 1e-7
    for factor, width, height, radius in ((inside, 7, 3, 69), (outside, 9, 5, 81)):
        box = RectangleSkyRegion(center, 8 * factor * u.deg, 4 * factor * u.deg, angle * u.deg)
        disc = CircleSkyRegion(center, 5 * factor * u.deg)
        found = planes([box, disc], maps).sum(axis=(1, 2))
        np.testing.assert_array_equal(found, [width * height, radius])
    ring = CircleAnnulusSkyRegion(center, 2 * inside * u.deg, 5 * inside * u.deg)
    assert planes([ring], maps).sum() == 69 - 9


def test_overlapping_regions_each_count_fully():
    maps = maps_of("car")
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    regions = [CircleSkyRegion(center, r * u.deg) for r in (1.03, 1.03, 2.11)]
    found = planes(regions, maps)
    np.testing.assert_array_equal(found[0], found[1])
    assert found[0].sum() > 300
    assert found[2][found[0]].all()


def test_concentric_ellipses_hold_the_same_pixels_as_each_alone():
    center, maps = SkyCoord(0.13, -0.21, unit="deg", frame="galactic"), maps_of("car")
    sizes = [0.5, 1.0, 1.5, 2.0, 2.5] * u.deg
    rings = [
        EllipseAnnulusSkyRegion(center, a, b, 0.5 * a, 0.5 * b, 25 * u.deg)
        for a, b in pairwise(sizes)
    ]
    found = planes(rings, maps)
    pixels = np.meshgrid(np.arange(80), np.arange(60))
    expected = [contains_by_north_step(ring, SKIES["car"], *pixels) for ring in rings]
    np.testing.assert_array_equal(found, expected)
    assert (found.sum(axis=(1, 2)) > 20).all()


@every_sky
def test_pixels_cut_off_the_map_keep_their_solid_angle(name):
    wcs, maps = SKIES[name], maps_of(name)
    center = wcs.pixel_to_world(33.3, 22.2)
    bins = SkyBins.from_regions([*shapes(center), square(center)], planar=True)
    whole = find_members(bins, pixel_grid(maps))
    np.testing.assert_array_equal(whole.outside, 0)
    total = whole.sum(whole.solid_angle)
    assert (total > 0).all()
    for part in (maps.isel(lon=slice(33, None)), maps.isel(lat=[2]), maps.isel(lon=[33])):
        members = find_members(bins, pixel_grid(part))
        inside = members.sum(members.solid_angle)
        assert ((inside > 0) == (part.sizes["lat"] > 1)).all()
        np.testing.assert_allclose(inside + members.outside, total, rtol=1e-9)


def test_regions_beyond_the_map_have_a_solid_angle():
    wcs, maps = SKIES["tan"], maps_of("tan")
    bins = SkyBins.from_regions(shapes(wcs.pixel_to_world(-200, 300)), planar=True)
    members = find_members(bins, pixel_grid(maps))
    assert members.pixel.size == 0
    np.testing.assert_allclose(members.outside[0], np.pi * np.radians(2.31 / 2) ** 2, rtol=0.1)
    assert (members.outside > 0).all()


@pytest.mark.parametrize("kind", ["simple", "polygon"])
def test_regions_that_the_projection_does_not_show_are_empty(kind):
    maps = make_maps(make_wcs("SIN", (10, 50), step=2), nenergy=1, ntrue=1)
    center = SkyCoord(190, -50, unit="deg", frame="galactic")
    regions = shapes(center) if kind == "simple" else [square(center)]
    members = find_members(SkyBins.from_regions(regions, planar=True), pixel_grid(maps))
    assert members.pixel.size == 0
    np.testing.assert_array_equal(members.outside, 0)


def test_regions_at_the_edge_of_an_all_sky_map_do_not_continue_on_the_other_side():
    maps = make_maps(make_wcs(step=1, shape=(180, 360)), (180, 360), nenergy=1, ntrue=1)
    regions = shapes(SkyCoord(180.3, 5, unit="deg", frame="galactic"), 5)
    members = find_members(SkyBins.from_regions(regions, planar=True), pixel_grid(maps))
    np.testing.assert_array_equal(members.outside, 0)
    column = members.pixel % 360
    assert column.min() >= 0
    assert members.pixel.size
    assert np.all((column < 10) | (column > 350))
    assert not np.any(column < 10) or not np.any(column > 350)


@pytest.mark.quick
@pytest.mark.parametrize("kind", ["circle", "polygon"])
@pytest.mark.parametrize(("reference", "columns"), [(-160, 0), (560, 0), (0, 2000), (390, -1900)])
def test_multiples_of_360_deg_do_not_matter(kind, reference, columns):
    """Maps of the same sky round l = 200 deg, with different reference points."""
    shape = (40, 40)
    plain = make_maps(make_wcs(center=(200, 0), shape=shape), shape, nenergy=1, ntrue=1)
    wcs = changed(make_wcs(center=(reference, 0), shape=shape), crpix=(columns, 0))
    maps = make_maps(wcs, shape, nenergy=1, ntrue=1)
    center = SkyCoord(200.03, 0.02, unit="deg", frame="galactic")
    region = CircleSkyRegion(center, 1 * u.deg) if kind == "circle" else square(center)
    found = planes([region], plain)
    assert found.sum() > 150
    np.testing.assert_array_equal(planes([region], maps), found)


def test_planar_annuli_have_fewer_pixels_far_from_the_equator():
    maps = make_maps(make_wcs(step=1, shape=(180, 360)), (180, 360), nenergy=1, ntrue=1)
    center = SkyCoord(0, 60, unit="deg", frame="galactic")
    edges = [0, 3, 5, 7] * u.deg
    true, flat = (
        np.bincount(
            find_members(SkyBins.annuli(center, edges=edges, planar=p), pixel_grid(maps)).bin
        )
        for p in (False, True)
    )
    assert np.all(flat < 0.62 * true)
    assert np.all(flat > 0.38 * true)


@examples(6, 20, derandomize=True)(
    name=st.sampled_from(sorted(SKIES)),
    x=st.floats(-5, 85),
    y=st.floats(-5, 65),
    width=st.floats(0.03, 5),
    height=st.floats(0.03, 5),
    angle=st.floats(-360, 720),
    frame=st.sampled_from(["icrs", "galactic"]),
)
def test_rectangles_and_ellipses_of_any_size_and_angle(name, x, y, width, height, angle, frame):
    wcs = SKIES[name]
    center = wcs.pixel_to_world(x, y).transform_to(frame)
    sizes = (width * u.deg, height * u.deg, angle * u.deg)
    regions = [RectangleSkyRegion(center, *sizes), EllipseSkyRegion(center, *sizes)]
    pixels = np.meshgrid(np.arange(80), np.arange(60))
    expected = [contains_by_north_step(region, wcs, *pixels) for region in regions]
    np.testing.assert_array_equal(planes(regions, maps_of(name)), expected)


@every_sky
def test_outlines_go_round_the_pixels(name):
    wcs, maps = SKIES[name], maps_of(name)
    center = wcs.pixel_to_world(33.3, 22.2)
    square = RectangleSkyRegion(center, 1.5 * u.deg, 1.5 * u.deg, 12 * u.deg)
    regions = [*shapes(center), square]
    rings = planar_rings([PointSkyRegion(center), *regions], pixel_grid(maps))
    x, y = np.meshgrid(np.arange(80), np.arange(60))
    points = np.stack([x.ravel(), y.ravel()], axis=-1)
    assert sorted(rings) == list(range(1, len(regions) + 1))
    for number, expected in enumerate(planes(regions, maps), start=1):
        inside = [Path(ring).contains_points(points) for ring in rings[number]]
        found = np.logical_xor.reduce(inside).reshape(expected.shape)
        assert np.count_nonzero(found != expected) <= 1  # between a chord of 2 deg and its arc
