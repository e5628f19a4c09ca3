"""Sub-positions of pixels stay within a limit in all, and a warning says what that costs."""

import time
from functools import partial

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.maps import make_maps, make_wcs
from regions import CircleSkyRegion, PolygonSkyRegion

from xprofile import SkyBins, bin_image
from xprofile.binned.members.subpixels import Subpixels
from xprofile.exceptions import DataWarning
from xprofile.maps.wcs import pixel_grid

STEP = 0.02
SECONDS = 6  # of the processor, of which they take 0.1 to 1.5; it was 8 to 158 s


def places(x, y):
    return SkyCoord(np.multiply(x, STEP), np.multiply(y, STEP), unit="deg", frame="galactic")


def counts():
    return make_maps(make_wcs("CAR", (0, 0), STEP, (60, 60)), (60, 60), nenergy=1, ntrue=1).counts


def circles(radius, number):
    at = np.random.default_rng(1).uniform(-27, 27, (2, number))
    return SkyBins.from_regions(
        [CircleSkyRegion(place, radius * STEP * u.deg) for place in places(*at)]
    )


def path(size):
    x = np.linspace(-size, size, 10_000)
    points = places(x, 0.3 * size * np.sin(3 * x / size))
    return SkyBins.along_path(points, height=0.3 * size * STEP * u.deg, nbin=20)


def polygon(size):
    angle = np.linspace(0, 2 * np.pi, 10_000, endpoint=False)
    return SkyBins.from_regions(
        [PolygonSkyRegion(places(size * np.cos(angle), size * np.sin(angle)))]
    )


@pytest.mark.heavy
@pytest.mark.parametrize("radius", [0.03, pytest.param(0.1, marks=pytest.mark.slow), 0.3, 1.7])
def test_small_circles_are_right_and_fast(radius):
    image = counts().isel(energy=0)
    bins = circles(radius, 3)
    begin = time.process_time()
    if radius < 0.1:
        with pytest.warns(DataWarning, match="sums over the smallest bin are right to about"):
            found = bin_image(image * 0 + 1, bins, overlap="subpixel")
        assert np.all(found > 0)
    else:
        found = bin_image(image * 0 + 1, bins, overlap="subpixel")
        np.testing.assert_allclose(found, np.pi * radius**2, rtol=1e-3)
    assert time.process_time() - begin < SECONDS


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:bins overlap", "ignore:.*pixels are counted in more")
@pytest.mark.filterwarnings("ignore:.*without a pixel", "ignore:.*smaller than the pixels")
@pytest.mark.parametrize(
    "bins",
    [
        partial(circles, 1e-3, 2000),
        partial(circles, 0.3, 2000),
        partial(path, 10),
        partial(path, 25),
    ],
    ids=["tiny", "small", "path", "large path"],
)
def test_many_bins_and_points_say_how_right_they_are(bins):
    image, bins = counts().isel(energy=0), bins()
    begin = time.process_time()
    with pytest.warns(DataWarning, match=r"right to about|not reliable"):
        found = bin_image(image, bins, overlap="subpixel")
    assert found.sizes["region" if "region" in found.sizes else "projected_distance"] == len(bins)
    assert time.process_time() - begin < SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 10, 25])
def test_polygons_of_many_corners(size):
    begin = time.process_time()
    found = bin_image(counts().isel(energy=0) * 0 + 1, polygon(size), overlap="subpixel")
    np.testing.assert_allclose(found, np.pi * size**2, rtol=1e-3)
    assert time.process_time() - begin < SECONDS


@pytest.mark.slow
def test_a_number_that_is_given_is_taken_without_a_warning():
    image = counts().isel(energy=0) * 0 + 1
    found = bin_image(image, circles(0.05, 2), overlap="subpixel", subpixels=1500)
    np.testing.assert_allclose(found, np.pi * 0.05**2, rtol=1e-2)


def far_grid():
    return SkyBins.grid(places(0, 0), width=12 * u.deg, height=12 * u.deg, nbin=(100, 100))


def far_spiral():
    turn = np.linspace(0, 1440, 300)
    points = places(0, 0).directional_offset_by(turn * u.deg, (0.02 + turn / 1440) * 12 * u.deg)
    return SkyBins.along_path(points, height=0.3 * u.deg, step=0.6 * u.deg)


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore:.*smaller than the pixels", "ignore:.*off the map")
@pytest.mark.filterwarnings("ignore:the bins are small or narrow")
@pytest.mark.parametrize("make", [far_grid, far_spiral])
def test_parts_of_bins_far_beyond_the_map_are_not_divided(make):
    """They were examined by sub-positions, as many as in 100 maps, in 16 s."""
    maps, bins = make_maps(make_wcs("CAR", (0, 0), STEP, (60, 60)), (60, 60)), make()
    begin = time.process_time()
    found = maps.profile.bin(bins, overlap="subpixel")
    assert time.process_time() - begin < SECONDS
    exact = bins.solid_angle.to_value("sr")
    np.testing.assert_allclose(found.solid_angle, exact, rtol=1e-3)


@pytest.mark.parametrize("number", [1, 2, 20])
def test_positions_in_many_bins_are_examined_a_few_at_a_time(number):
    """10,000 circles that hold half of a map took 12 GB."""
    grid = pixel_grid(counts())
    most, sizes = 1 << 22, []

    def finder(grid, x, y):
        sizes.append(x.size * y.size)
        return np.zeros(0, np.int64), np.zeros(0, np.int64)

    Subpixels(number, 3, at_one_position=5000.0).pairs(finder, grid, grid.x, grid.y)
    row = grid.x.size * min(number, 3) ** 2
    assert max(sizes) <= max(1.5 * most / 5000, 2 * row + 3000)
    assert len(sizes) > 1


@pytest.mark.parametrize(("x", "y"), [(3.2, -0.3), (-0.3, 5.2)])
def test_bins_between_probes_are_found_in_the_first_row_and_column_too(x, y):
    """As the pixels near them are divided, whatever the probes find."""

    def finder(grid, columns, rows):
        near = np.hypot(columns - x, rows[:, np.newaxis] - y) < 0.1
        inside = np.flatnonzero(near)
        return np.zeros(inside.size, int), inside

    grid, pixel = pixel_grid(counts()), np.rint([x, y]).astype(int)
    near = Subpixels(32, 3, pixel[:, np.newaxis])
    _, found, share, _ = near.pairs(finder, grid, np.arange(8.0), np.arange(8.0))
    assert found == pixel[1] * 8 + pixel[0]
    assert share == pytest.approx(np.pi * 0.1**2, rel=0.1)
    assert Subpixels(32, 3).pairs(finder, grid, np.arange(8.0), np.arange(8.0))[1].size == 0
