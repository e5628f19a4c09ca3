"""Solid angles in closed form against quadrature, counts of directions, and pixels."""

from itertools import pairwise

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import Galactic
from cases.bin_codes import path_areas
from cases.bin_places import FLAT
from cases.bin_shapes import every_shape, shapes
from cases.bins import galactic
from cases.maps import make_maps, make_wcs
from scipy.integrate import quad

from xprofile import SkyBins
from xprofile.binned.members.finding import find_members
from xprofile.bins.shapes.areas import (
    ellipse_solid_angle,
    polygon_solid_angle,
    rectangle_solid_angle,
    ring_solid_angles,
)
from xprofile.bins.shapes.shape import Shape
from xprofile.maps.sphere import quadrilateral_solid_angle, unit_vectors
from xprofile.maps.wcs import pixel_grid

CENTER = galactic(20, 35)


def directions(count=400_000):
    """Unit vectors spread evenly over the sphere, on a spiral of Fibonacci."""
    number = np.arange(count) + 0.5
    z, angle = 1 - 2 * number / count, np.pi * (1 + 5**0.5) * number
    return np.stack([np.sqrt(1 - z**2) * np.cos(angle), np.sqrt(1 - z**2) * np.sin(angle), z])


LARGE = {
    "line": SkyBins.along_line(galactic(50, 10), galactic(-50, -40), height=50 * u.deg, nbin=5),
    "round the sky": SkyBins.along_line(
        galactic(50, 10),
        galactic(-50, -40),
        height=180 * u.deg,
        edges=np.linspace(-180, 180, 5) * u.deg,
    ),
    "grid": SkyBins.grid(CENTER, width=360 * u.deg, height=100 * u.deg, nbin=(4, 3)),
    "turned grid": SkyBins.grid(
        CENTER, width=90 * u.deg, height=80 * u.deg, nbin=(2, 3), position_angle=33 * u.deg
    ),
    "annuli": SkyBins.annuli(CENTER, radius_max=180 * u.deg, nbin=4),
    "ellipses": SkyBins.elliptical_annuli(
        CENTER, axis_ratio=0.4, position_angle=33 * u.deg, radius_max=180 * u.deg, nbin=6
    ),
    "sectors": SkyBins.sectors(
        CENTER, radius_min=20 * u.deg, radius_max=120 * u.deg, edges=[0, 40, 100, 300] * u.deg
    ),
    "path": SkyBins.along_path(
        galactic([60, 40, 10, -20, -50], [0, 25, -5, 15, 10]), height=16 * u.deg, nbin=5
    ),
    "closed path": SkyBins.along_path(
        galactic([60, 40, 10, -20, 10], [0, 45, 45, 15, -20]),
        height=24 * u.deg,
        nbin=5,
        closed=True,
    ),
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", LARGE)
def test_solid_angles_are_the_share_of_all_directions(name):
    bins, vectors = LARGE[name], directions()
    code = bins.shape.coder(Galactic(), 1e-3)(vectors)
    share = np.bincount(code[code >= 0], minlength=len(bins)) / vectors.shape[1]
    assert bins.solid_angle.unit == u.sr
    np.testing.assert_allclose(bins.solid_angle.value, 4 * np.pi * share, rtol=0.002)


@pytest.mark.parametrize("name", LARGE)
def test_selected_bins_have_their_solid_angles(name):
    bins = LARGE[name]
    for part in (slice(1, 3), [2, 0]):
        np.testing.assert_allclose(bins[part].solid_angle, bins.solid_angle[part], rtol=1e-14)


@every_shape
def test_solid_angles_are_those_of_the_pixels(name):
    """Of pixels of 0.02 deg, whose centres are in the bins."""
    bins = shapes(FLAT)[name]
    wcs = make_wcs("TAN", (83.6, 22), 0.02, (300, 300), "icrs")
    members = find_members(bins, pixel_grid(make_maps(wcs, (300, 300), nenergy=1, ntrue=1)))
    total = members.sum(members.solid_angle) + members.outside
    np.testing.assert_allclose(bins.solid_angle.value, total, rtol=0.01)
    np.testing.assert_allclose(bins.solid_angle.value.sum(), total.sum(), rtol=0.002)


def test_whole_skies():
    for name in ("round the sky", "annuli"):
        np.testing.assert_allclose(LARGE[name].solid_angle.sum().value, 4 * np.pi, rtol=1e-14)


@pytest.mark.parametrize("radii", [[0, 1e-5, 2e-5], [0, 1, 1.0001], [90, 90.1], [179.9, 180]])
def test_rings_keep_their_digits(radii):
    expected = [
        2 * np.pi * quad(np.sin, *np.radians(pair), epsabs=0, epsrel=1e-13)[0]
        for pair in pairwise(radii)
    ]
    np.testing.assert_allclose(ring_solid_angles(np.array(radii)), expected, rtol=1e-11)


@pytest.mark.parametrize("major", [0.01, 1, 40, 180])
@pytest.mark.parametrize("ratio", [1, 0.6, 0.3, 0.1, 1e-3])
def test_ellipses_agree_with_quadrature(major, ratio):
    def height(phi):
        distance = np.radians(major) / np.hypot(np.cos(phi), np.sin(phi) / ratio)
        return 2 * np.sin(distance / 2) ** 2

    pieces = [0, ratio, 10 * ratio, np.pi / 2] if ratio < 0.1 else [0, np.pi / 2]
    parts = [quad(height, *pair, epsabs=0, epsrel=1e-11)[0] for pair in pairwise(pieces)]
    np.testing.assert_allclose(ellipse_solid_angle(major, ratio), 4 * sum(parts), rtol=1e-10)


def test_round_ellipses_are_circles():
    found = [ellipse_solid_angle(major, 1) for major in (1e-3, 1, 90, 180)]
    expected = [ring_solid_angles(np.array([0, major]))[0] for major in (1e-3, 1, 90, 180)]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("name", ["path", "closed path"])
def test_paths_agree_with_quadrature(name):
    """Strips along the path, that joints and the edges across it bound."""
    shape = LARGE[name].shape
    expected = path_areas(shape.points, shape.edges, shape.height, name == "closed path")
    np.testing.assert_allclose(LARGE[name].solid_angle.value, expected, rtol=1e-7)
    length, height = np.radians(shape.edges[-1]), 2 * np.sin(np.radians(shape.height / 2))
    np.testing.assert_allclose(LARGE[name].solid_angle.value.sum(), length * height, rtol=1e-12)


def test_bins_at_a_joint_have_the_areas_of_their_polygons():
    """In the plane: a strip of half height 1 round a right angle, with edges 0.5 round it."""
    points, scale = galactic([0, 1e-2, 1e-2], [0, 0, 1e-2]), 1e-3
    edges = np.array([0, 9.5, 10, 10.5, 20]) * scale * u.deg
    bins = SkyBins.along_path(points, height=2 * scale * u.deg, edges=edges)
    found = bins.solid_angle.to_value("deg2") / scale**2
    # the joint cuts a triangle of 1/8 off the first bin, and the second ends at the joint
    np.testing.assert_allclose(found, [19 - 1 / 8, 1 + 1 / 8, 1 + 1 / 8, 19 - 1 / 8], rtol=1e-6)
    around = SkyBins.along_path(points, height=2 * scale * u.deg, edges=edges[[1, 3]])
    np.testing.assert_allclose(around.solid_angle.to_value("deg2") / scale**2, [2.25], rtol=1e-6)


@pytest.mark.slow
def test_a_path_that_meets_itself_has_bins_of_unknown_solid_angle():
    points = galactic([-4, 4, 4, -4], [-2, 2, -2, 2])
    crossing = SkyBins.along_path(points, height=0.6 * u.deg, nbin=12)
    lon, lat = np.meshgrid(np.arange(-6, 6, 0.02) + 0.0037, np.arange(-4, 4, 0.02) + 0.0037)
    code = crossing.shape.coder(Galactic(), 1e-3)(unit_vectors(lon, lat))
    area, inside = np.cos(np.radians(lat)) * np.radians(0.02) ** 2, code >= 0
    pixels = np.bincount(code[inside], area[inside], minlength=12)
    alone = path_areas(points, crossing.shape.edges, 0.6)
    lost = np.isnan(crossing.solid_angle.value)
    np.testing.assert_array_equal(lost, pixels < 0.95 * alone)
    assert lost.sum() == 2
    np.testing.assert_allclose(pixels[~lost], alone[~lost], rtol=0.02)
    np.testing.assert_allclose(crossing.solid_angle.value[~lost], alone[~lost], rtol=1e-7)
    whole = SkyBins.along_path(points, height=0.6 * u.deg, nbin=1)
    assert np.isnan(whole.solid_angle.value).all()


@pytest.mark.parametrize(("height", "known"), [(0.49, True), (0.4999, True), (0.501, False)])
def test_legs_that_overlap_by_a_thin_strip_are_found(height, known):
    points = galactic([0, 5, 7, 7, 5, 0], [0, 0, -1, 1.5, 0.5, 0.5])
    legs = SkyBins.along_path(points, height=height * u.deg, nbin=3)
    np.testing.assert_array_equal(np.isfinite(legs.solid_angle.value), [known, True, known])


def test_small_rectangles_and_hemispheres():
    np.testing.assert_allclose(rectangle_solid_angle(1e-3, 2e-3), np.radians(1) ** 2 * 2e-6, 1e-9)
    np.testing.assert_allclose(rectangle_solid_angle(180, 180), 2 * np.pi, rtol=1e-14)
    np.testing.assert_allclose(rectangle_solid_angle(360, 60), 2 * np.pi, rtol=1e-14)
    assert np.isnan(rectangle_solid_angle(361, 1))
    assert np.isnan(rectangle_solid_angle(1, 181))


def test_rectangles_are_between_parallels_and_quadrilaterals_are_not():
    wide, high = np.tan(np.radians([30, 20]))
    y, z = np.array([-wide, wide, wide, -wide]), np.array([-high, -high, high, high])
    corners = np.stack([np.ones(4), y, z]) / np.sqrt(1 + y**2 + z**2)
    expected = quadrilateral_solid_angle(*corners.T)
    np.testing.assert_allclose(
        rectangle_solid_angle(60, 40), np.radians(60) * 2 * np.sin(np.radians(20)), rtol=1e-14
    )
    np.testing.assert_allclose(polygon_solid_angle(corners), expected, rtol=1e-14)


def ring_of_corners(count, radius, turn=0.0):
    angle = np.radians(turn) + 2 * np.pi * np.arange(count) / count
    x, y = np.sin(np.radians(radius)) * np.array([np.cos(angle), np.sin(angle)])
    return np.stack([x, y, np.full(count, np.cos(np.radians(radius)))])


@pytest.mark.parametrize("radius", [1e-4, 1, 30, 80])
def test_regular_polygons_by_their_angles(radius):
    count = 7
    half = np.pi / count
    corner = 2 * np.arctan2(1, np.cos(np.radians(radius)) * np.tan(half))
    excess = count * corner - (count - 2) * np.pi
    found = polygon_solid_angle(ring_of_corners(count, radius))
    np.testing.assert_allclose(found, excess, rtol=1e-9 if radius > 1e-3 else 0.1)
    assert polygon_solid_angle(ring_of_corners(count, radius)[:, ::-1]) == pytest.approx(found)


def test_polygons_with_a_notch():
    """A star, whose corners are at two distances in turn."""
    outer, inner = ring_of_corners(6, 20), ring_of_corners(6, 8, 30)
    star = np.stack([outer, inner], axis=-1).reshape(3, 12)
    after = np.roll(star, -1, axis=1)
    normals = np.cross(star, after, axis=0)
    vectors = directions()
    code = np.zeros(vectors.shape[1], bool)
    for i in range(12):  # triangles from the middle
        pole = np.array([0, 0, 1.0])
        sides = (normals[:, i], np.cross(after[:, i], pole), np.cross(pole, star[:, i]))
        code |= np.all([side @ vectors >= 0 for side in sides], axis=0)
    np.testing.assert_allclose(polygon_solid_angle(star), 4 * np.pi * code.mean(), rtol=0.01)


def test_repeated_corners_do_not_matter():
    """Rounding of corners that are one must not make their sides cross others."""
    corners, rng = ring_of_corners(5, 10), np.random.default_rng(3)
    expected = polygon_solid_angle(corners)
    for _ in range(20):
        again = np.repeat(corners, [1, 9, 1, 1, 2], axis=1)
        again += rng.normal(0, 1e-15, again.shape)
        np.testing.assert_allclose(polygon_solid_angle(again), expected, rtol=1e-12)


def test_polygons_of_half_the_sky_and_more():
    np.testing.assert_allclose(polygon_solid_angle(ring_of_corners(3, 90)), 2 * np.pi, rtol=1e-14)
    below = polygon_solid_angle(ring_of_corners(5, 85))
    np.testing.assert_allclose(polygon_solid_angle(ring_of_corners(5, 95)), below, rtol=1e-12)


def test_polygons_of_unknown_solid_angle():
    assert np.isnan(polygon_solid_angle(ring_of_corners(5, 10)[:, [0, 2, 4, 1, 3]]))  # a pentagram
    assert np.isnan(polygon_solid_angle(ring_of_corners(4, 10)[:, [0, 1, 3, 2]]))
    assert np.isnan(polygon_solid_angle(ring_of_corners(2, 10)))
    assert np.isnan(polygon_solid_angle(np.zeros((3, 0))))


def test_solid_angles_of_shapes_without_a_formula_are_unknown():
    shape = SkyBins.annuli(CENTER, radius_max=1 * u.deg, nbin=2).shape
    np.testing.assert_array_equal(Shape.solid_angles(shape), [np.nan, np.nan])
