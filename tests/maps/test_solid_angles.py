"""Solid angles of pixels: by corners, by samples, in blocks, and of the whole sky."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.maps import make_maps, make_wcs
from cases.skies import SEPARABLE, SKIES, SKY_SHAPE, sky_maps

from xprofile.maps.pixelgrid import PixelGrid
from xprofile.maps.positions import skycoord
from xprofile.maps.sphere import quadrilateral_solid_angle
from xprofile.maps.wcs import pixel_grid


def triangle(a, b, c):
    """Solid angle by the law of L'Huilier."""
    sides = [p.separation(q).rad for p, q in ((a, b), (b, c), (c, a))]
    half = sum(sides) / 2
    product = np.tan(half / 2) * np.prod([np.tan((half - side) / 2) for side in sides], axis=0)
    return 4 * np.arctan(np.sqrt(np.maximum(product, 0)))


@pytest.mark.parametrize("name", sorted(set(SKIES) - set(SEPARABLE)))
def test_solid_angle_is_that_of_the_corners(name):
    grid = pixel_grid(sky_maps(name))
    x, y = np.meshgrid([3.0, 25.0, 40.0, 55.0], [2.0, 20.0, 30.0, 41.0])
    corners = [
        SKIES[name].pixel_to_world(x + dx, y + dy)
        for dx, dy in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    ]
    whole = np.all([np.isfinite(c.spherical.lat.deg) for c in corners], axis=0)
    corners = [c[whole] for c in corners]
    expected = triangle(*corners[:3]) + triangle(corners[0], *corners[2:])
    assert whole.sum() >= 4
    np.testing.assert_allclose(grid.solid_angle(x, y)[whole], expected, rtol=1e-6)


@pytest.mark.parametrize("name", SEPARABLE)
def test_solid_angle_between_meridians_and_parallels(name):
    grid = pixel_grid(sky_maps(name))
    step_lon, step_lat = np.abs(SKIES[name].wcs.cdelt)
    lat = skycoord(sky_maps(name))[:, 0].spherical.lat.deg
    on_sky = np.isfinite(lat)
    upper = np.sin(np.radians(np.minimum(lat + step_lat / 2, 90)))
    lower = np.sin(np.radians(np.maximum(lat - step_lat / 2, -90)))
    expected = np.radians(step_lon) * (upper - lower)
    area = grid.solid_angle(grid.x, grid.y[:, None])
    assert area.shape == SKY_SHAPE
    np.testing.assert_allclose(
        area[on_sky], np.broadcast_to(expected[on_sky, None], area[on_sky].shape), rtol=1e-9
    )
    np.testing.assert_allclose(area[~on_sky], 0, atol=1e-15)


def test_solid_angle_by_counting_samples():
    grid = pixel_grid(sky_maps("tan mirrored"))
    rng = np.random.default_rng(5)
    z = rng.uniform(np.sin(np.radians(21)), np.sin(np.radians(23)), 40_000)
    lon = rng.uniform(82.6, 84.6, z.size)
    area = np.radians(2) * (np.sin(np.radians(23)) - np.sin(np.radians(21)))
    sky = SkyCoord(lon, np.degrees(np.arcsin(z)), unit="deg", frame="galactic")
    x, y = grid.pixel(sky)
    inside = (np.abs(x - 39.5) < 4) & (np.abs(y - 29.5) < 3)
    boxes = grid.solid_angle(np.arange(36.0, 44.0), np.arange(27.0, 33.0)[:, None]).sum()
    expected = inside.mean() * area
    error = expected / np.sqrt(inside.sum())
    assert abs(boxes - expected) < 4 * error


@pytest.mark.parametrize(
    ("projection", "center", "rtol"),
    [
        ("CAR", (0, 0), 1e-12),
        ("CAR", (77, 0), 1e-12),
        ("CAR", (77, 35), 1e-5),
        ("AIT", (0, 0), 5e-3),
        ("AIT", (77, 35), 5e-3),
        ("MOL", (77, 0), 5e-3),
    ],
)
def test_the_whole_sky_is_4_pi(projection, center, rtol):
    shape = (180, 360)
    wcs = make_wcs(projection, center, step=1, shape=shape)
    grid = pixel_grid(make_maps(wcs, shape, nenergy=1, ntrue=1))
    x, y = np.meshgrid(grid.x, grid.y)
    area = np.where(grid.canonical(x, y), grid.solid_angle(x, y), 0)
    np.testing.assert_allclose(area.sum(), 4 * np.pi, rtol=rtol)


@pytest.mark.parametrize("name", [name for name in SKIES if name.startswith("tan")])
@pytest.mark.parametrize("step", [1, 40])
def test_solid_angles_on_a_tangent_plane_equal_those_of_quadrilaterals(name, step):
    """The closed form is compared with the equation for any corners, also for large pixels."""
    wcs = SKIES[name].deepcopy()
    wcs.wcs.cdelt *= step
    grid = PixelGrid(wcs, np.arange(0.0, 60, 7), np.arange(0.0, 50, 7))
    assert grid.tangent_plane.rectangular_axes is not None
    x, y = np.meshgrid(grid.x, grid.y)
    corners = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    expected = quadrilateral_solid_angle(*(grid.vectors(x + dx, y + dy) for dx, dy in corners))
    np.testing.assert_allclose(grid.solid_angle(x, y), expected, rtol=1e-8 if step == 1 else 1e-11)


@pytest.mark.parametrize("name", SKIES)
def test_solid_angles_of_a_block_are_those_of_its_pixels(name):
    grid = PixelGrid(SKIES[name], np.arange(20.0, 50), np.arange(10.0, 45))
    for share in (0.9, 0.1):
        inside = np.flatnonzero(np.random.default_rng(0).random(35 * 30) < share)
        row, column = np.divmod(inside, 30)
        found = grid.solid_angles(grid.x, grid.y, inside)
        expected = grid.solid_angle(grid.x[column], grid.y[row])
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


def test_a_pixel_at_the_border_of_the_sky_is_as_large_alone_as_among_others():
    grid = pixel_grid(sky_maps("ait"))
    all_pixels = grid.solid_angle(grid.x, grid.y[:, None])
    corners = (grid.x - 0.5, grid.y[:, None] - 0.5), (grid.x + 0.5, grid.y[:, None] + 0.5)
    cut = np.any([np.isnan(grid.vectors(*corner)).any(axis=0) for corner in corners], axis=0)
    row, column = np.argwhere(cut & (all_pixels > 0))[0]
    alone = grid.solid_angle(np.array(grid.x[column]), np.array(grid.y[row]))
    np.testing.assert_array_equal(alone, all_pixels[row, column])
