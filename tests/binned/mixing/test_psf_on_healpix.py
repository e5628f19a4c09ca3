"""Binning with the PSF in HEALPix: beside a plane, in chunks, and what fits make of it."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy_healpix import HEALPix
from cases.maps import make_wcs
from cases.pixel_spread import gauss_table

from xprofile import SkyBins, bin_maps, from_arrays, power_law, unfold

CENTER = SkyCoord(20, 5, unit="deg", frame="galactic")
BINS = SkyBins.annuli(CENTER, edges=np.linspace(0, 6, 5) * u.deg)
EDGES = [1, 3, 10] * u.TeV
WIDTH = 0.8
CM2S = u.Unit("cm2 s")


def psf():
    rad, density = gauss_table(WIDTH)
    return {"psf": np.tile(density, (2, 1)) / u.sr, "rad": rad * u.rad}


def exposure(lat):
    """An exposure that changes with the latitude."""
    return np.stack([1 + 0.03 * lat, 2 - 0.02 * lat]) * 1e10 * CM2S


def cells(nside=64, order="ring"):
    healpix = HEALPix(nside, order=order)
    lon, lat = np.meshgrid(np.arange(8, 32, 0.15), np.arange(-7, 17, 0.15))
    ids = np.unique(healpix.lonlat_to_healpix(lon.ravel() * u.deg, lat.ravel() * u.deg))
    lat = healpix.healpix_to_lonlat(ids)[1].deg
    counts = np.random.default_rng(4).poisson(20, (2, ids.size))
    return from_arrays(
        counts, cell_ids=ids, nside=nside, indexing_scheme=order, frame="galactic",
        energy_edges=EDGES, exposure=exposure(lat), background=np.full(counts.shape, 15.0), **psf(),
    )  # fmt: skip


def plane():
    shape = (220, 220)
    lat = 5 + (np.arange(220) - 109.5) * 0.1
    wcs = make_wcs("CAR", (20, 0), 0.1, shape)
    wcs.wcs.crpix = [110.5, 110.5 - 50]
    exposed = exposure(np.broadcast_to(lat[:, None], shape))
    return from_arrays(np.ones((2, *shape)), wcs=wcs, energy_edges=EDGES, exposure=exposed, **psf())


@pytest.fixture(scope="module")
def binned():
    return bin_maps(cells(), BINS, psf=True)


@pytest.mark.slow
def test_bins_share_photons_as_on_a_plane(binned):
    """Centres of cells of 0.9 deg are less right than of pixels of 0.1 deg; subpixels help both."""
    fine = [bin_maps(m, BINS, psf=True, overlap="subpixel") for m in (cells(128), plane())]
    for name in ("psf_mixing", "psf_share", "exposure_true"):
        found, expected = (one[name].to_numpy() for one in fine)
        np.testing.assert_allclose(found, expected, rtol=0, atol=0.03 * expected.max())
    rough = binned["psf_mixing"].to_numpy()
    np.testing.assert_allclose(rough, fine[1]["psf_mixing"], rtol=0, atol=0.1)


def test_light_comes_from_each_distance_of_cells(binned):
    """A ring is seen as a Gauss function blurs it, and the exposure is that at its place."""
    mixing = binned["source_mixing"].isel(energy_true=0)
    at = binned["source_distance"].to_numpy()
    assert (np.diff(at) > 0).all()
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    rng = np.random.default_rng(5)
    step = rng.normal(0, WIDTH, (2, 200, 400))
    for n in np.flatnonzero((at > 1) & (at < 4.5)):
        x, y = at[n] * np.cos(angle)[:, None] + step[0], at[n] * np.sin(angle)[:, None] + step[1]
        expected = np.histogram(np.hypot(x, y), np.linspace(0, 6, 5))[0] / x.size
        np.testing.assert_allclose(mixing[n], expected, rtol=0, atol=0.06)


@pytest.mark.parametrize("order", ["ring", "nested"])
def test_chunks_and_orders_of_cells_change_nothing(order, binned):
    maps = cells(order=order)
    mixed = maps.isel(cell=np.random.default_rng(6).permutation(maps.sizes["cell"]))
    names = ["psf_mixing", "psf_share", "exposure_true", "source_mixing", "source_exposure"]
    for other in (maps.chunk(cell=150), mixed):
        found = bin_maps(other, BINS, psf=True)
        xr.testing.assert_allclose(found[names], binned[names], rtol=1e-3, atol=1e-4)


def test_unfolding_finds_the_brightness_of_each_bin(binned):
    model = power_law(2.0, 1e-12 * u.Unit("cm-2 s-1 TeV-1"))
    from xprofile.spectrum.mixing import mixed_signal

    signal = mixed_signal(binned, model)
    norms = xr.DataArray([3.0, 1.0, 2.0, 4.0], dims="projected_distance_true") * 1e4
    counts = (signal * norms).sum("projected_distance_true")
    exact = binned.assign(counts=counts + binned["background"])
    found = unfold(exact, spectral_model=model)
    np.testing.assert_allclose(found["norm"].squeeze("energy"), norms, rtol=1e-5)
