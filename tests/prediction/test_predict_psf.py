"""Photons spread by the PSF: the same as between bins, and from beyond the edges of the maps."""

import astropy.units as u
import numpy as np
import pytest
from cases.maps import make_wcs, uneven_maps
from cases.psf_maps import RAD, gauss, spread_maps
from cases.sky_maps import CENTER, sky_map, source, steep

from xprofile import SkyBins, bin_image, bin_maps, predict
from xprofile.exceptions import TooLargeError
from xprofile.maps.wcs import position_coords
from xprofile.spectrum.mixing import mixed_signal

MODEL = steep(2.3)
BINS = SkyBins.annuli(CENTER, edges=[0, 0.3, 0.6, 0.9] * u.deg)
OPTIONS = {
    "one": {},
    "positions": {"positions": (2, 3)},
    "reconstructed": {"dim": "energy"},
    "narrow": {"sigma": 0.02},
}


def template_of_bin(number, shape):
    """Make the image of one bin of even brightness, with the integral 1."""
    image = sky_map(make_wcs(shape=shape), shape, unit="sr-1")
    center = image.profile.skycoord.separation(CENTER).deg
    inside = (center >= 0.3 * number) & (center < 0.3 * (number + 1))
    area = image.profile.solid_angle.where(inside).sum().item()
    return image.copy(data=inside / area)


@pytest.mark.parametrize(
    "name", ["one", *(pytest.param(n, marks=pytest.mark.slow) for n in [*OPTIONS][1:])]
)
def test_a_bin_of_even_brightness_is_seen_as_its_mixing_says(name):
    maps = spread_maps(**OPTIONS[name])
    signal = mixed_signal(bin_maps(maps, BINS, psf=True), MODEL)
    for number in range(3):
        found = predict(maps, template_of_bin(number, (24, 30)), spectral_model=MODEL)
        expected = signal.isel(projected_distance_true=number).transpose("energy", ...)
        limit = 1e-3 * float(expected.max())
        np.testing.assert_allclose(bin_image(found, BINS), expected, rtol=0, atol=limit)


def test_without_energy_dispersion_it_is_the_same_to_the_interpolation_of_the_exposure():
    maps = spread_maps().drop_vars("edisp")
    expected = mixed_signal(bin_maps(maps, BINS, psf=True), MODEL)
    found = predict(maps, template_of_bin(1, (24, 30)), spectral_model=MODEL)
    expected = expected.isel(projected_distance_true=1)
    np.testing.assert_allclose(bin_image(found, BINS), expected, rtol=1e-3)


def test_the_switch_leaves_the_psf_out():
    maps, image = spread_maps(), source(make_wcs(shape=(24, 30)), (24, 30), sigma=0.1)
    without = predict(maps.drop_vars("psf"), image, spectral_model=MODEL)
    np.testing.assert_array_equal(predict(maps, image, spectral_model=MODEL, psf=False), without)
    assert predict(maps, image, spectral_model=MODEL).max() < 0.6 * without.max()


def test_photons_come_from_beyond_the_edges():
    """A part of the maps counts as much as the same pixels of the whole, with even exposure."""
    maps = spread_maps(used=1.1)
    maps["exposure"] = maps["exposure"] * 0 + maps["exposure"].mean()
    maps["exposure"].attrs["units"] = "cm2 s"
    image = sky_map(make_wcs(shape=(80, 80)), (80, 80), np.linspace(1, 2, 80))
    whole = predict(maps, image, spectral_model=MODEL)
    part = {"lat": slice(0, 9), "lon": slice(21, 30)}
    found = predict(maps.isel(part), image, spectral_model=MODEL)
    np.testing.assert_allclose(found, whole.isel(part), rtol=1e-3)
    # isotropic: as many come in as go out, but for the tail that the table has not
    isotropic = predict(maps, None, spectral_model=MODEL)
    still = predict(maps, None, spectral_model=MODEL, psf=False)
    np.testing.assert_allclose(isotropic, still, rtol=2e-3)


def test_a_psf_too_wide_for_the_memory_is_an_error():
    maps = spread_maps()
    wide = np.tile(np.where(RAD < 1, 1e-9, 0.59), (6, 1))  # nearly all of it far away
    maps = maps.assign(psf=(("energy_true", "rad"), wide, {"units": "sr-1"}))
    maps = maps.assign_coords(rad=("rad", 40 * RAD, {"units": "deg"}))
    maps["wcs"].attrs |= {"CDELT1": -0.001, "CDELT2": 0.001}
    with pytest.raises(TooLargeError, match="leave the PSF out"):
        predict(maps, None, spectral_model=MODEL)


def test_photons_go_across_the_seam_of_an_all_sky_map():
    shape = (18, 36)
    wcs = make_wcs(step=10, shape=shape)
    maps = uneven_maps(wcs, shape, used=1.1).drop_vars("edisp")
    maps["exposure"] = maps["exposure"] * 0 + 1e12
    maps["exposure"].attrs["units"] = "cm2 s"
    maps = maps.assign_coords(rad=("rad", 10 * RAD, {"units": "deg"}))
    maps["psf"] = (("energy_true", "rad"), np.tile(gauss(0.3) / 100, (6, 1)), {"units": "sr-1"})
    middle = sky_map(wcs, shape)
    middle[:] = 0
    middle[9, 18] = 1.0
    seam = middle.copy(data=np.roll(middle, -18, axis=1))
    one, other = (predict(maps, image, spectral_model=MODEL) for image in (middle, seam))
    limit = 1e-3 * float(one.max())
    np.testing.assert_allclose(np.roll(one, -18, axis=2), other, rtol=0, atol=limit)
    isotropic = predict(maps, None, spectral_model=MODEL)
    still = predict(maps, None, spectral_model=MODEL, psf=False)
    np.testing.assert_allclose(isotropic.sum(), still.sum(), rtol=2e-3)


def test_an_energy_dispersion_on_a_grid_is_that_of_the_nearest_position():
    maps = spread_maps(used=1.1)
    grid = make_wcs(step=1.5, shape=(1, 2))
    edisp = np.zeros((1, 2, 6, 4))
    edisp[0, 0, :, 0] = edisp[0, 1, :, 3] = 1
    maps = maps.assign_coords(position_coords(grid, (1, 2), "edisp"))
    maps["edisp"] = (("lat_edisp", "lon_edisp", "energy_true", "energy"), edisp)
    found = predict(maps, None, spectral_model=MODEL)
    left, right = found.isel(lon=slice(0, 15)), found.isel(lon=slice(15, None))
    assert (left[0] > 0).all()
    assert (left[1:] == 0).all()
    assert (right[3] > 0).all()
    assert (right[:3] == 0).all()


def test_a_template_beyond_the_maps_still_sends_photons():
    maps = spread_maps(sigma=0.4)
    beyond = sky_map(make_wcs(shape=(24, 60)), (24, 60))
    beyond[:, 14:46] = 0
    found = predict(maps, beyond, spectral_model=MODEL)
    assert found.isel(lon=0).sum() > 2 * found.isel(lon=4).sum() > 0
