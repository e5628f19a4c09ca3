"""Laws of the shares of photons between bins, for maps and bins of all kinds."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_wcs
from cases.psf_maps import spread_maps
from regions import CircleSkyRegion

from xprofile import SkyBins, bin_maps

MIXING = ("psf_mixing", "exposure_true", "psf_share")


def galactic(lon, lat):
    return SkyCoord(lon, lat, unit="deg", frame="galactic")


def annuli(*edges):
    return SkyBins.annuli(galactic(0.013, -0.007), edges=edges * u.deg)


def maps_of(projection):
    center = {"CAR": (0, 0), "TAN": (0.1, -0.1)}[projection]
    return spread_maps(make_wcs(projection, center, shape=(24, 30)))


@pytest.mark.heavy
@pytest.mark.parametrize("projection", ["CAR", "TAN"])
def test_the_order_of_pixels_and_dims_does_not_matter(projection):
    maps = maps_of(projection)
    turned = maps.isel(lat=slice(None, None, -1), lon=slice(None, None, -1))
    turned = turned.transpose("lon", "rad", "lat", ...)
    first, second = (bin_maps(m, annuli(0, 0.3, 0.6, 0.8), psf=True) for m in (maps, turned))
    for name in MIXING:
        xr.testing.assert_allclose(first[name], second[name], rtol=1e-6)


@pytest.mark.parametrize("projection", ["CAR", "TAN"])
def test_merged_bins_have_exposure_weighted_sums(projection):
    maps = maps_of(projection)
    fine = bin_maps(maps, annuli(0, 0.2, 0.4, 0.6, 0.8), psf=True)
    coarse = bin_maps(maps, annuli(0, 0.4, 0.8), psf=True)
    area = fine.solid_angle.values
    weight = fine.exposure_true.transpose("energy_true", ...).values * area
    total = weight.reshape(-1, 2, 2).sum(axis=2)
    emitted = fine.psf_mixing.values * weight[:, :, None, None]
    shape = emitted.shape[0], 2, 2, 2, 2, emitted.shape[-1]
    merged = emitted.reshape(shape).sum(axis=(2, 4)) / total[:, :, None, None]
    np.testing.assert_allclose(coarse.psf_mixing, merged, rtol=1e-9, atol=1e-12)
    expected = total / area.reshape(2, 2).sum(axis=1)
    np.testing.assert_allclose(coarse.exposure_true, expected, rtol=1e-12)


def test_permuted_regions_have_permuted_shares():
    maps = maps_of("TAN")
    regions = [CircleSkyRegion(galactic(x, x / 2), 0.2 * u.deg) for x in (-0.8, -0.3, 0.2, 0.7)]
    order = [2, 0, 3, 1]
    first = bin_maps(maps, SkyBins.from_regions(regions), psf=True).psf_mixing.values
    turned = bin_maps(maps, SkyBins.from_regions([regions[i] for i in order]), psf=True)
    expected = first[:, order][:, :, order]
    np.testing.assert_allclose(turned.psf_mixing, expected, rtol=1e-9, atol=1e-12)


def test_a_line_the_other_way_round_has_turned_shares():
    maps, ends = maps_of("CAR"), (galactic(0.713, 0.017), galactic(-0.687, 0.117))
    lines = [SkyBins.along_line(*e, height=0.63 * u.deg, nbin=5) for e in (ends, ends[::-1])]
    first, second = (bin_maps(maps, line, psf=True).psf_mixing.values for line in lines)
    np.testing.assert_allclose(second, first[:, ::-1, ::-1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("projection", ["CAR", "TAN"])
def test_no_bin_is_seen_more_than_once(projection):
    maps = maps_of(projection).drop_vars("mask")
    mixing = bin_maps(maps, annuli(0, 0.3, 0.6, 0.9), psf=True).psf_mixing
    total = mixing.sum("projected_distance")
    assert float(mixing.min()) >= 0
    assert float(total.max()) <= 1 + 1e-4
    assert float(total.isel(projected_distance_true=0).min()) > 0.9


@pytest.mark.parametrize("projection", ["CAR", "TAN"])
def test_a_point_is_seen_where_it_is(projection):
    maps = maps_of(projection)
    narrow = maps.assign(psf=maps.psf.copy(data=np.zeros(maps.psf.shape)))
    narrow = narrow.assign_coords(rad=maps.rad.copy(data=maps.rad.values * 1e-6))
    narrow.psf[:] = 1 / (np.pi * np.radians(narrow.rad.values[-1]) ** 2)
    binned = bin_maps(narrow, annuli(0, 0.3, 0.6, 0.8), psf=True)
    seen = (binned.psf_mixing * binned.exposure_true).transpose("energy_true", ...)
    own = seen.values[:, np.arange(3), np.arange(3)]
    used = binned.exposure.transpose("energy_true", "projected_distance", "energy")
    np.testing.assert_allclose(own, used, rtol=1e-9)
    assert float((binned.psf_mixing.values * ~np.eye(3, dtype=bool)[:, :, None]).max()) == 0
