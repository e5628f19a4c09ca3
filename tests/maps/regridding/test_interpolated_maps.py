"""Exposure on pixels of its own, interpolated to those of the counts."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from cases import mapdataset_files as small
from cases.maps import make_wcs

from xprofile import SkyBins, bin_maps, open_maps
from xprofile.exceptions import DataWarning, InvalidDataError
from xprofile.maps.pixelgrid import PixelGrid, pixel_numbers
from xprofile.maps.regridding.interpolation import interpolate_to


def grid(projection="CAR", center=(0.0, 0.0), step=0.1, shape=(20, 30), frame="galactic"):
    wcs = make_wcs(projection, center, step, shape, frame)
    return PixelGrid(wcs, pixel_numbers(shape[1]), pixel_numbers(shape[0]))


def sky(pixels):
    lon, lat = np.broadcast_arrays(*pixels.lonlat(pixels.x, pixels.y[:, None]))
    return SkyCoord(lon, lat, unit="deg", frame=pixels.frame)


def test_same_pixels_keep_their_values():
    values = np.random.default_rng(1).uniform(size=(3, 20, 30))
    np.testing.assert_allclose(interpolate_to(values, grid(), grid()), values, rtol=1e-9, atol=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_planes_of_linear_values_stay_linear(dtype):
    """On coarser pixels, linear interpolation of a plane is exact between their centres."""
    coarse = grid(step=0.5, shape=(9, 11))
    lat = sky(coarse).b.deg
    lon = sky(coarse).l.wrap_at("180d").deg
    planes = np.stack([3 + lon, 5 - 2 * lat]).astype(dtype)
    fine = sky(grid())
    found = interpolate_to(planes, coarse, grid())
    assert found.dtype == dtype
    expected = [3 + fine.l.wrap_at("180d").deg, 5 - 2 * fine.b.deg]
    rtol = 1e-6 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=0)


def test_integers_are_interpolated_too():
    coarse = grid(step=0.5, shape=(9, 11))
    planes = np.arange(99).reshape(1, 9, 11)
    found = interpolate_to(planes, coarse, grid())
    np.testing.assert_allclose(found, interpolate_to(planes * 1.0, coarse, grid()), rtol=0, atol=0)
    assert np.any(found % 1 != 0)


@pytest.mark.parametrize("projection", ["TAN", "AIT", "CAR"])
@pytest.mark.parametrize("center", [(0.5, 89.0), (359.8, 0.0), (180.2, -30.0), (120.0, 60.0)])
def test_other_projections_and_frames(projection, center):
    """A smooth function of the sky, on one degree; the error is that of the curvature."""
    source = grid(step=1.0, shape=(180, 360))
    target = grid(projection, center, 0.3, (20, 30), "icrs")

    def smooth(position):
        x, y, z = position.galactic.cartesian.xyz.value
        return np.stack([3 + x, 3 + 0.5 * y - z])

    found = interpolate_to(smooth(sky(source)), source, target)
    np.testing.assert_allclose(found, smooth(sky(target)), rtol=3e-4, atol=0)


def test_all_sky_goes_on_across_the_seam():
    source = grid(step=10.0, shape=(18, 36))
    values = np.cos(np.radians(sky(source).l.deg))[None]
    target = grid(center=(180.0, 0.0), step=1.0, shape=(4, 40))
    found = interpolate_to(values, source, target)[0]
    assert np.isfinite(found).all()
    lon = sky(target).l.deg
    np.testing.assert_allclose(found, np.cos(np.radians(lon)), rtol=5e-3, atol=0)
    middle = np.abs(lon - 180) < 5  # between the last column and the first
    np.testing.assert_allclose(found[middle], np.cos(np.radians(175)), rtol=1e-12, atol=0)


def test_nothing_beyond_the_edge_of_the_outer_pixels():
    source, target = grid(step=0.5, shape=(3, 3)), grid(step=0.2, shape=(15, 15))
    found = interpolate_to(np.ones((1, 3, 3)), source, target)[0]
    position = sky(target)
    away = np.maximum(abs(position.l.wrap_at("180d").deg), abs(position.b.deg))
    np.testing.assert_array_equal(np.isfinite(found), away < 0.75)
    np.testing.assert_allclose(found[away < 0.75], 1, rtol=1e-12, atol=0)


def test_what_is_off_the_sky_is_nan():
    target = grid("AIT", step=4.0, shape=(46, 92))
    found = interpolate_to(np.ones((1, 18, 36)), grid(step=10.0, shape=(18, 36)), target)[0]
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(sky(target).l.deg))


def test_inputs_are_left_alone():
    values = np.ones((1, 18, 36))
    interpolate_to(values, grid(step=10.0, shape=(18, 36)), grid())
    np.testing.assert_array_equal(values, 1)


# from files


def replace_exposure(values, **cards):
    def spoil(hdus):
        old = hdus["EXPOSURE"]
        header = old.header.copy()
        header.update(cards)
        hdus[hdus.index_of("EXPOSURE")] = fits.ImageHDU(values, header, "EXPOSURE")

    return spoil


WIDE = {"CDELT1": -2.0, "CDELT2": 2.0, "CRPIX1": 2.0, "CRPIX2": 2.0}


@pytest.fixture
def maps(tmp_path):
    """Maps of 3 x 4 deg with an exposure on three pixels by three of 2 deg, that grows with b."""
    planes = np.arange(1, 5)[:, None, None] * (3 + 2 * np.arange(-1, 2))[:, None] * np.ones(3)
    spoil = replace_exposure(planes * 1e7, **WIDE)
    return open_maps(small.write(tmp_path / "maps.fits", spoil=spoil))


def test_exposure_of_a_file_on_coarser_pixels(maps):
    lat = maps["lat"].to_numpy()
    expected = 1e11 * np.arange(1, 5)[:, None, None] * (3 + lat)[:, None] * np.ones(8)
    assert maps["exposure"].dims == ("energy_true", "lat", "lon")
    np.testing.assert_allclose(maps["exposure"], expected, rtol=1e-9, atol=0)


def test_pixels_without_exposure_are_masked(tmp_path):
    cards = {"CDELT1": -1.0, "CDELT2": 1.0, "CRPIX1": 2.0, "CRPIX2": 2.0}
    spoil = replace_exposure(np.full((4, 3, 3), 1e7), **cards)
    small.write(tmp_path / "maps.fits", spoil=spoil)
    with pytest.warns(DataWarning, match=r"EXPOSURE .* does not cover 12 of the 48 pixels"):
        maps = open_maps(tmp_path / "maps.fits")
    finite = np.isfinite(maps["exposure"]).all("energy_true")
    np.testing.assert_array_equal(finite, 0 * maps["lat"] + abs(maps["lon"]) < 1.5)
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    inside = bin_maps(maps, SkyBins.annuli(center, radius_max=1.2 * u.deg, nbin=1))
    np.testing.assert_allclose(inside["coverage"], 1, rtol=1e-12, atol=0)
    np.testing.assert_allclose(inside["exposure"], 1e11, rtol=1e-9, atol=0)
    wide = SkyBins.annuli(center, radius_max=2 * u.deg, nbin=1)
    assert (bin_maps(maps, wide)["coverage"] < 1).all()
    np.testing.assert_array_equal(maps["mask"], small.MASK_SAFE & finite.to_numpy())
    with pytest.raises(InvalidDataError, match=r"exposure is negative or not finite in \d+ used"):
        bin_maps(maps.drop_vars("mask"), wide)
