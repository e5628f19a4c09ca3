"""Templates on any pixels, and the pixels of the maps."""

import warnings

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.maps import make_maps, make_wcs
from cases.psf_maps import spread_maps
from cases.sky_maps import CENTER, sky_cube, sky_map, source, steep

from xprofile import SkyBins, bin_image, bin_maps, estimate, predict
from xprofile.exceptions import DataWarning, InvalidDataError

SHAPE = (40, 50)
MODEL = steep(2)
TOTAL = 1e-12 * 1e12  # flux times exposure
FAR = SkyCoord(30, 60, unit="deg", frame="galactic")


def far_maps(projection):
    """Make maps round a place far from the equator, on a grid of some projection."""
    wcs = make_wcs(projection, (30, 60), shape=SHAPE)
    if projection == "CAR":  # along the equator, where longitudes are linear
        wcs.wcs.crval, wcs.wcs.crpix = (30, 0), [25.5, 20.5 - 600]
        wcs.wcs.cdelt = [-0.2, 0.1]
    return make_maps(wcs, SHAPE)


OTHERS = [
    ("CAR", "coarser"), ("CAR", "much finer"), ("TAN", "finer"), ("TAN", "much finer"),
    ("ZEA", "finer"), ("ZEA", "coarser"), ("ZEA", "much finer"),
]  # fmt: skip
TEMPLATES = {
    "finer": make_wcs("TAN", (FAR.icrs.ra.deg, FAR.icrs.dec.deg), 0.02, (120, 120), "icrs"),
    "coarser": make_wcs("TAN", (30, 60), 0.12, (30, 30)),
    "much finer": make_wcs("SIN", (30.2, 60.1), 0.005, (480, 500)),
}


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("projection", "name"),
    [
        ("CAR", "finer"),
        ("TAN", "coarser"),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in OTHERS),
    ],
)
def test_a_source_on_other_pixels_keeps_its_counts_and_shape(projection, name):
    """The brightness of a Gauss function averages over annuli as its integral does."""
    wcs = TEMPLATES[name].deepcopy()
    wcs.wcs.cdelt *= [-1, 1]  # longitude to the right
    shape = {"finer": (120, 120), "coarser": (30, 30), "much finer": (480, 500)}[name]
    maps, image = far_maps(projection), source(wcs, shape, FAR)
    with pytest.warns(DataWarning, match="does not cover"):
        found = predict(maps, image, spectral_model=MODEL)
    np.testing.assert_allclose(found.sum(), TOTAL, rtol=1e-3)
    annuli = SkyBins.annuli(FAR, edges=[0, 0.4, 0.8] * u.deg)
    summed = bin_image(found.sum("energy"), annuli, overlap="subpixel")
    expected = -np.diff(np.exp(-(np.array([0, 0.4, 0.8]) ** 2) / 2 / 0.3**2))
    np.testing.assert_allclose(summed, TOTAL * expected, rtol=0.03)


def test_pixels_of_the_maps_are_copied_in_any_order():
    maps = make_maps(shape=SHAPE)
    values = np.random.default_rng(1).uniform(size=SHAPE)
    image = sky_map(make_wcs(shape=SHAPE), SHAPE, values)
    whole = predict(maps, image, spectral_model=MODEL)
    turned = {"lat": slice(None, None, -1), "lon": slice(30, None, -2)}
    np.testing.assert_allclose(
        predict(maps.isel(turned), image.transpose("lon", "lat"), spectral_model=MODEL),
        whole.isel(turned), rtol=1e-12, atol=0,
    )  # fmt: skip
    part = image.isel(lat=slice(5, 20), lon=slice(40, 3, -1))
    with pytest.warns(DataWarning, match="does not cover 1445 of 2000 used pixels"):
        found = predict(maps, part, spectral_model=MODEL)
    inside = {"lat": slice(5, 20), "lon": slice(4, 41)}
    np.testing.assert_allclose(found.isel(inside), whole.isel(inside), rtol=1e-12, atol=0)
    np.testing.assert_allclose(found.sum(), whole.isel(inside).sum(), rtol=1e-12)


def test_what_the_template_covers_is_told_and_nan_counts_as_0():
    maps = make_maps(shape=SHAPE)
    image = sky_map(make_wcs(shape=SHAPE), SHAPE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predict(maps, image, spectral_model=MODEL)
    image[3, 4] = np.nan
    with pytest.warns(DataWarning, match="gas does not cover 1 of 2000 used pixels"):
        found = predict(maps, image, spectral_model=MODEL)
    assert (found[:, 3, 4] == 0).all()
    maps["mask"][:, 3, 4] = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = predict(maps, image, spectral_model=MODEL)
    assert found[:, 3, 4].isnull().all()
    maps["mask"][:] = image.isnull()
    with pytest.raises(InvalidDataError, match="covers no used pixel"):
        predict(maps, image, spectral_model=MODEL)


def test_a_small_part_of_a_large_map_is_enough():
    """A map of the sky of 900 x 1800 pixels and 3 energies is cut to where photons come from."""
    maps = spread_maps(make_wcs(shape=(8, 10)), shape=(8, 10), used=1.1, sigma=0.5)
    maps = maps.isel(rad=slice(None, None, 10))
    shape = (900, 1800)
    sky = sky_map(make_wcs(step=0.04, shape=shape), shape, np.linspace(1, 2, 1800))
    cube = sky_cube(sky, lambda energy: energy**-2, np.geomspace(0.005, 2, 4))
    cut = cube.isel(lon=slice(800, 1000), lat=slice(350, 550))
    np.testing.assert_allclose(predict(maps, cube), predict(maps, cut), rtol=1e-9, atol=0)


def test_the_result_is_a_background():
    """It has the pixels of the maps, and sums over the used ones as any background."""
    maps = spread_maps()
    found = predict(maps, None, spectral_model=MODEL)
    assert found.name == "counts"
    assert "predict an isotropic brightness x PowerLaw1D, psf, edisp" in found.attrs["history"]
    np.testing.assert_array_equal(found.notnull(), maps["mask"])
    bins = SkyBins.annuli(CENTER, radius_max=1 * u.deg, nbin=4)
    binned = bin_maps(maps.assign(background=found), bins)
    np.testing.assert_allclose(bin_image(found, bins), binned["background"], rtol=1e-12, atol=0)
    assert estimate(binned, spectral_model=MODEL)["success"].all()
    twice = bin_maps(maps.assign(background=found + maps["background"]), bins)
    assert (twice["background"] > binned["background"]).all()


@pytest.mark.parametrize(
    ("edisp", "positions"),
    [
        (False, None),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((True, None), (True, (2, 3)))),
    ],
)
def test_chunks_give_the_same_and_are_computed_later(edisp, positions):
    pytest.importorskip("dask")
    maps = spread_maps(positions=positions)
    maps = maps if edisp else maps.drop_vars("edisp")
    image = source(make_wcs(shape=(24, 30)), (24, 30), sigma=0.2)
    whole = predict(maps, image, spectral_model=MODEL)
    lazy = predict(maps.chunk(lat=13, lon=30, energy_true=2), image, spectral_model=MODEL)
    assert lazy.chunks == ((4,), (13, 11), (30,))
    # kernels are taken at other places: right to 5e-4, see binned.psf.lattice
    np.testing.assert_allclose(lazy, whole, rtol=5e-4, atol=1e-6 * float(whole.max()))


@pytest.mark.slow
@pytest.mark.parametrize(("projection", "step"), [("AIT", 12.0), ("CAR", 12.0), ("CAR", 13.0)])
def test_chunks_of_the_whole_sky_get_photons_from_the_other_side(projection, step):
    pytest.importorskip("dask")
    shape = (15, int(360 / step))
    wcs = make_wcs(projection, step=step, shape=shape)
    maps = spread_maps(wcs, shape=shape)
    scale = step / 0.1
    maps = maps.assign_coords(rad=("rad", maps["rad"].values * scale, {"units": "deg"}))
    maps["psf"] = (maps["psf"].dims, maps["psf"].values / scale**2, {"units": "sr-1"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the PSF is cut at 180 deg
        whole = predict(maps, None, spectral_model=MODEL)
        lazy = predict(maps.chunk(lat=8, lon=11), None, spectral_model=MODEL)
    np.testing.assert_allclose(lazy, whole, rtol=0, atol=1e-3 * float(whole.max()))


def test_inputs_stay_as_they_are():
    maps, image = spread_maps(), source(make_wcs(shape=(24, 30)), (24, 30))
    before = maps.copy(deep=True), image.copy(deep=True)
    predict(maps, image, spectral_model=MODEL)
    assert maps.identical(before[0])
    assert image.identical(before[1])
