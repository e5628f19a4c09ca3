"""Grids of pixels: which are separable, sky to pixel, and positions that come twice."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.maps import make_maps, make_wcs
from cases.skies import SKIES, sky_maps

from xprofile.maps.positions import skycoord
from xprofile.maps.wcs import pixel_grid

every_sky = pytest.mark.parametrize("name", SKIES)


@pytest.mark.parametrize("column", [0, 40, 80])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_few_columns_of_an_oblique_map_are_not_separable(column, width):
    maps = make_maps(make_wcs(center=(30, 60), shape=(61, 81)), (61, 81), nenergy=1, ntrue=1)
    part = maps.isel(lon=slice(max(column + 1 - width, 0), max(column + 1, width)))
    assert part.sizes["lon"] == width
    assert not pixel_grid(part).separable


@every_sky
@pytest.mark.parametrize("frame", ["galactic", "icrs"])
def test_pixel_is_the_inverse_of_skycoord(name, frame):
    maps = sky_maps(name)
    grid = pixel_grid(maps)
    x, y = (p.astype(float) for p in np.meshgrid(grid.x, grid.y))
    single = grid.canonical(x, y)
    found = grid.pixel(skycoord(maps)[single].transform_to(frame))
    np.testing.assert_allclose(found, [x[single], y[single]], rtol=0, atol=1e-6)


@pytest.mark.parametrize("offset", [-250.0, -100.0, 100.0, 250.0])
def test_pixel_is_the_turn_nearest_to_the_grid(offset):
    wcs = make_wcs(center=(30, 0), step=1, shape=(10, 41))
    grid = pixel_grid(make_maps(wcs, (10, 41), nenergy=1, ntrue=1))
    x, _ = grid.pixel(SkyCoord(30 + offset, 0, unit="deg", frame="galactic"))
    nearest = (offset + 180) % 360 - 180
    np.testing.assert_allclose(x, 20 - nearest, rtol=0, atol=1e-6)


def test_pixel_behind_the_projection_is_nan():
    grid = pixel_grid(sky_maps("sin all-sky"))
    x, y = grid.pixel(SkyCoord([20, 200], [30, -30], unit="deg", frame="galactic"))
    assert np.isnan([x[0], y[0]]).all()
    np.testing.assert_allclose([x[1], y[1]], [39.5, 29.5], rtol=0, atol=1e-9)


@pytest.mark.parametrize("nx", [60, 61])
@pytest.mark.parametrize("center", [(0, 0), (77, 35)])
def test_canonical_has_every_longitude_once(nx, center):
    wcs = make_wcs(center=center, step=1, shape=(61, nx))
    grid = pixel_grid(make_maps(wcs, (61, nx), nenergy=1, ntrue=1))
    x = np.arange(-400.0, 460.0)
    assert grid.canonical(x, np.full(x.size, 30.0)).sum() == 360


def test_canonical_is_false_off_the_sky():
    grid = pixel_grid(sky_maps("ait"))
    canonical = grid.canonical(grid.x, grid.y[:, None])
    expected = np.isfinite(skycoord(sky_maps("ait")).spherical.lat.deg)
    assert not expected.all()
    np.testing.assert_array_equal(canonical, expected)
