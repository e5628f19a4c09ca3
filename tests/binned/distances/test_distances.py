"""Where in a bin its pixels are, and how the PSF spreads light from each distance."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps, make_wcs, uneven_maps
from cases.psf_maps import spread_maps

from xprofile import SkyBins, bin_maps, fold, rebin
from xprofile.bins.distances import DistanceAxis
from xprofile.maps.wcs import pixel_grid

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
ENDS = SkyCoord([0.8, -0.8] * u.deg, [0, 0] * u.deg, frame="galactic")
BINS = {
    "annuli": SkyBins.annuli(CENTER, edges=[0, 0.2, 0.5, 0.9] * u.deg),
    "ellipses": SkyBins.elliptical_annuli(
        CENTER, axis_ratio=0.6, position_angle=30 * u.deg, edges=[0, 0.4, 0.9] * u.deg
    ),
    "line": SkyBins.along_line(*ENDS, height=0.5 * u.deg, nbin=4, origin=CENTER),
    "path": SkyBins.along_path(ENDS, height=0.5 * u.deg, step=0.4 * u.deg),
}


@pytest.mark.parametrize("kind", BINS)
def test_parts_are_within_their_bins(kind):
    binned = bin_maps(make_maps(), BINS[kind])
    share = binned.part_share
    np.testing.assert_allclose(share.sum("part"), 1, rtol=1e-12)
    mean = (share * binned.part_distance).sum("part")
    assert np.all((binned.projected_distance_min < mean) & (mean < binned.projected_distance_max))


def test_the_mean_square_distance_is_that_of_the_pixels():
    maps, rings = make_maps(), BINS["annuli"]
    binned = bin_maps(maps, rings)
    grid = pixel_grid(maps)
    lon, lat = grid.lonlat(grid.x, grid.y[:, None])
    square = ((lon + 180) % 360 - 180) ** 2 + lat**2
    distance = np.sqrt(square)
    inside = (distance >= 0.2) & (distance < 0.5)
    pixel = 2 * 0.1**2 / 12  # mean square distance from the centre of a pixel
    found = (binned.part_share * binned.part_distance**2).sum("part").values[1]
    np.testing.assert_allclose(found, square[inside].mean() + pixel, rtol=0.01)


def test_masks_leave_the_used_parts():
    maps = make_maps()
    lat = np.abs(maps.lat) + 0 * maps.lon
    binned = bin_maps(maps.assign(mask=maps.mask & (lat < 0.15)), BINS["annuli"])
    whole = bin_maps(maps.assign(mask=maps.mask | True), BINS["annuli"])
    one, all_ = ((b.part_share * b.part_distance).sum("part") for b in (binned, whole))
    assert not np.allclose(one, all_, rtol=1e-3)
    np.testing.assert_allclose(one, all_, rtol=0.2)


def test_chunks_change_nothing():
    maps = uneven_maps()
    plain, chunked = (bin_maps(m, BINS["line"]) for m in (maps, maps.chunk(lat=6, lon=8)))
    for name in ("part_share", "part_distance"):
        np.testing.assert_allclose(chunked[name], plain[name], rtol=1e-10, atol=1e-14)
    maps = spread_maps()
    plain, chunked = (bin_maps(m, BINS["line"], psf=True) for m in (maps, maps.chunk(lat=6)))
    np.testing.assert_allclose(chunked.source_mixing, plain.source_mixing, atol=1e-12)


@pytest.mark.parametrize("kind", BINS)
def test_light_of_a_bin_is_that_of_its_distances(kind):
    maps = spread_maps(used=1.0)
    exposure = maps.exposure.copy(data=np.full(maps.exposure.shape, 1e12))
    maps = maps.assign(exposure=exposure, mask=maps.mask | True)
    binned = bin_maps(maps, BINS[kind], psf=True)
    axis = DistanceAxis.from_bins(BINS[kind], BINS[kind], CENTER.frame)
    low, high = binned.source_distance_min, binned.source_distance_max
    area = axis.solid_angle(low.values, high.values)
    for number in range(binned.sizes["projected_distance"]):
        lower, upper = axis.lower[number], axis.upper[number]
        inside = ((low >= lower - 1e-9) & (high <= upper + 1e-9)).values & (area > 0)
        mean = np.einsum("s,tsb->tb", area[inside], binned.source_mixing.values[:, inside])
        expected = binned.psf_mixing.values[:, number]
        np.testing.assert_allclose(mean / area[inside].sum(), expected, atol=0.05)


def test_a_margin_is_light():
    maps = spread_maps()
    wide, plain = (bin_maps(maps, BINS["line"], psf=True, **m)
                   for m in ({"margin": 0.3 * u.deg}, {}))  # fmt: skip
    assert wide.source_distance_min.min() < plain.source_distance_min.min()
    assert wide.source_distance_max.max() > plain.source_distance_max.max()
    same = wide.source_distance.isin(plain.source_distance).values
    assert same.sum() >= 0.9 * plain.sizes["source_distance"]
    count = plain.sizes["projected_distance"]
    found = wide.source_mixing.isel(source_distance=same, projected_distance=slice(count))
    assert np.all(found.sum("projected_distance") <= 1)


def test_merged_bins():
    plain, spread = (bin_maps(spread_maps(), BINS["line"], psf=psf) for psf in (False, True))
    xr.testing.assert_identical(rebin(plain, 1).part_share.variable, plain.part_share.variable)
    merged = rebin(spread, 2)
    values = spread.source_mixing.transpose(..., "projected_distance").values
    pairs = values[..., ::2] + values[..., 1::2]
    found = merged.source_mixing.transpose(..., "projected_distance")
    np.testing.assert_allclose(found, pairs, rtol=1e-12)
    assert "source_mixing" not in fold(spread)


def test_bins_without_a_distance():
    for bins in (
        SkyBins.sectors(CENTER, radius_max=0.5 * u.deg, nbin=4),
        SkyBins.grid(CENTER, width=1 * u.deg, height=1 * u.deg, nbin=(2, 2)),
    ):
        assert "part" not in bin_maps(make_maps(), bins).dims


def test_pixels_off_the_centre_of_the_map():
    maps = make_maps(wcs=make_wcs(shape=(20, 26)), shape=(20, 26))
    far = SkyBins.annuli(SkyCoord(1.2, 0.9, unit="deg", frame="galactic"), edges=[0, 0.4] * u.deg)
    binned = bin_maps(maps, far)
    assert isinstance(binned.part_share, xr.DataArray)
    np.testing.assert_allclose(binned.part_share.sum("part"), 1)


def test_light_where_a_wide_psf_reaches_the_rim_of_the_sky():
    shape = (180, 360)
    maps = spread_maps(make_wcs("AIT", step=1.0, shape=shape), shape=shape, used=1.0)
    maps = maps.isel(energy_true=[0, 5]).assign_coords(rad=maps.rad * 25)  # 5 deg wide
    maps["psf"] = maps.psf / 25**2
    center = SkyCoord(120, 70, unit="deg", frame="galactic")
    binned = bin_maps(maps, SkyBins.annuli(center, edges=[0, 4] * u.deg), psf=True)
    kept = binned.source_mixing.sum("projected_distance").values
    assert np.all(np.diff(kept[:, 1:], axis=1) < 0)
    low, high = kept.min(axis=1), kept.max(axis=1)
    whole = binned.psf_mixing.values[:, 0, 0]
    assert np.all((low < whole) & (whole < high))
