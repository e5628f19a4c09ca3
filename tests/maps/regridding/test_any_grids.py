"""Interpolation between planes and cells of HEALPix, and between cells of several grids."""

from itertools import product

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import ICRS, Galactic, SkyCoord
from astropy.wcs import WCS
from astropy_healpix import HEALPix

from xprofile.maps.healpix.grid import HealpixGrid
from xprofile.maps.pixelgrid import PixelGrid, pixel_numbers
from xprofile.maps.regridding.any_grids import (
    covered_pixels_of,
    interpolate_to_grid,
    interpolate_to_positions,
)
from xprofile.maps.sphere import sky_positions


def plane(projection="CAR", shape=(18, 36), step=10.0, crval=(0, 0)):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"GLON-{projection}", f"GLAT-{projection}"]
    wcs.wcs.crval, wcs.wcs.cdelt = crval, [-step, step]
    wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
    return PixelGrid(wcs, pixel_numbers(shape[1]), pixel_numbers(shape[0]))


def cells(level=4, scheme="nested", frame=None, ids=None):
    ids = np.arange(12 * 4**level) if ids is None else ids
    return HealpixGrid.from_cells(level, scheme, Galactic() if frame is None else frame, ids)


def smooth(grid):
    """A smooth function of the place on the sky, on the pixels of a grid: (1, ny, nx)."""
    vectors = grid.pixel_vectors(np.arange(grid.shape[0] * grid.shape[1]))
    x, y, z = sky_positions(vectors, grid.frame).icrs.cartesian.xyz.value
    return (1 + 0.3 * x + 0.2 * y * z).reshape(1, *grid.shape)


GRIDS = {
    "plate carree": plane(),
    "Aitoff": plane("AIT"),
    "tangential": plane("TAN", (30, 40), 1.0, (120, 60)),
    "nested": cells(),
    "ring, icrs": cells(scheme="ring", frame=ICRS()),
    "part": cells(ids=np.arange(800, 1500)[::-1]),
}


@pytest.mark.parametrize(("source", "target"), [*product(GRIDS, GRIDS)])
def test_smooth_maps_keep_their_values(source, target):
    one, other = GRIDS[source], GRIDS[target]
    found, covered = interpolate_to_grid(smooth(one), one, other)[0], covered_pixels_of(one, other)
    np.testing.assert_array_equal(np.isfinite(found), covered)
    assert covered.any() or {source, target} == {"tangential", "part"}
    inside = covered & _far_from_edges(one, other)
    assert np.abs(found / smooth(other)[0] - 1)[inside].max(initial=0) < 0.02


def _far_from_edges(source, target):
    """Pixels of a target whose neighbourhood is on the source."""
    near = np.ones(target.shape, bool)
    vectors = target.pixel_vectors(np.arange(near.size))
    sky = sky_positions(vectors, target.frame)
    known = np.isfinite(vectors[0])
    for angle in np.arange(0, 360, 60):
        moved = sky[known].directional_offset_by(angle * u.deg, 12 * u.deg)
        there = np.isfinite(interpolate_to_positions(np.ones((1, *source.shape)), source, moved))
        near.ravel()[known] &= there[0]
    return near


@pytest.mark.parametrize("scheme", ["nested", "ring"])
def test_values_between_cells_are_those_of_astropy_healpix(scheme):
    rng = np.random.default_rng(2)
    grid = cells(3, scheme, ICRS())
    values = rng.uniform(1, 2, (2, 1, grid.shape[1]))
    sky = SkyCoord(
        rng.uniform(0, 360, 500), np.degrees(np.arcsin(rng.uniform(-1, 1, 500))), unit="deg"
    )
    oracle = HEALPix(8, scheme, frame=ICRS())
    expected = [oracle.interpolate_bilinear_skycoord(sky, plane[0]) for plane in values]
    np.testing.assert_allclose(
        interpolate_to_positions(values, grid, sky), expected, rtol=1e-12, atol=0
    )


def test_cells_that_are_not_on_the_map_do_not_count():
    whole, ids = cells(3), np.arange(100, 140)
    part, values = cells(3, ids=ids), np.ones((1, 1, 40))
    sky = sky_positions(cells(6).pixel_vectors(np.arange(12 * 4**6)), Galactic())
    found = interpolate_to_positions(values, part, sky)[0]
    inside = np.isin(whole.find_pixels(sky), ids)
    np.testing.assert_array_equal(np.isfinite(found), inside)
    np.testing.assert_allclose(found[inside], 1, rtol=1e-12, atol=0)


def test_the_same_cells_keep_their_values():
    values = np.random.default_rng(3).uniform(1, 2, (2, 1, 12 * 4**4))
    found = interpolate_to_grid(values, cells(), cells())
    np.testing.assert_allclose(found, values, rtol=1e-12, atol=0)


def test_positions_without_coordinates_are_nan():
    sky = SkyCoord([10.0, np.nan], [0.0, 0.0], unit="deg", frame="galactic")
    for grid in (plane(), cells()):
        found = interpolate_to_positions(np.ones((1, *grid.shape)), grid, sky)
        np.testing.assert_array_equal(found, [[1, np.nan]])
