"""Edges of lists of regions along the profile."""

import astropy.units as u
import numpy as np
import pytest
from cases.bin_shapes import rectangles, square, tilted_line
from cases.bins import galactic
from regions import (
    CircleSkyRegion,
    EllipseSkyRegion,
)

from xprofile.bins.skybins import SkyBins


def to_meridian(lon, angle):
    """Distance along a great circle, at an angle with the equator, to a longitude."""
    return np.degrees(np.arctan(np.tan(np.radians(lon)) / np.cos(np.radians(angle))))


def to_parallel(lat, angle):
    """Distance along a great circle, at an angle with the equator, to a latitude."""
    return np.degrees(np.arcsin(np.sin(np.radians(lat)) / np.sin(np.radians(angle))))


@pytest.mark.parametrize("frame", ["icrs", "galactic"])
def test_edges_of_rectangles_along_a_line(frame):
    line = tilted_line(frame)
    bins = SkyBins.from_regions(line.to_regions())
    np.testing.assert_allclose(bins.lower, line.lower - 0.75, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(bins.upper, line.upper - 0.75, rtol=1e-6, atol=1e-9)
    assert bins.center.separation(line.center).max() < 1e-9 * u.deg


@pytest.mark.parametrize(
    ("width", "height", "angle", "half"),
    [
        (1, 4, 0, 0.5),
        (4, 1, 90, 0.5),
        (1, 4, 180, 0.5),
        (1, 4, 30, to_meridian(0.5, 30)),
        (1, 4, -30, to_meridian(0.5, 30)),
        (3, 1, 60, to_parallel(0.5, 60)),
        (2, 2, 45, to_meridian(1, 45)),
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


def test_polygons_lie_at_the_mean_of_their_vertices():
    bins = SkyBins.from_regions([square(2, 0), square(0.5, 0), square(-1, 0)])
    np.testing.assert_allclose(bins.distance, [0, 1.5, 3], atol=1e-6)
    np.testing.assert_allclose(bins.upper - bins.lower, 1, rtol=1e-4)  # their own extent
    assert bins.center.separation(galactic([2, 0.5, -1], 0)).max() < 1e-6 * u.deg
