"""Merged bins of data with a PSF: as if the merged regions had been binned."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.psf_maps import spread_maps
from cases.rebinning import annuli, boxes

from xprofile import bin_maps, fold, rebin
from xprofile.exceptions import InvalidDataError

EDGES = np.array([0, 0.2, 0.4, 0.6, 0.9])
ALONG = np.array([-0.9, -0.5, -0.2, 0.2, 0.5, 0.9])
NAMES = ("psf_mixing", "exposure_true", "psf_share")


@pytest.fixture(scope="module", params=["energies alike", "each energy"])
def maps(request):
    return spread_maps(used=1.0 if request.param == "energies alike" else 0.7)


def assert_mixing(found, expected, names=NAMES):
    """Shares to 1e-4, the error of the integrals over pixels; the rest to rounding."""
    for name in names:
        assert found[name].dims == expected[name].dims
        atol = 1e-4 if name == "psf_mixing" else 0
        rtol = 1e-3 if name == "psf_share" else 1e-12
        np.testing.assert_allclose(found[name], expected[name], rtol=rtol, atol=atol)


@pytest.mark.heavy
@pytest.mark.parametrize("shape", [annuli, boxes])
def test_merged_bins_are_those_of_merged_regions(maps, shape):
    edges, merged = (EDGES, EDGES[::2]) if shape is annuli else (ALONG, ALONG[[0, 2, 4, 5]])
    fine = bin_maps(maps, shape(edges), psf=True)
    found, expected = rebin(fine, 2), bin_maps(maps, shape(merged), psf=True)
    assert_mixing(found, expected)
    coord = "projected_distance_true"
    np.testing.assert_allclose(found[coord], found.projected_distance)
    assert found[coord].attrs == fine[coord].attrs


def test_merging_is_the_mean_over_sources_and_the_sum_over_receivers():
    fine = bin_maps(spread_maps(used=1.0), annuli(EDGES), psf=True)
    found = rebin(fine, 4)
    weight = fine.exposure_true.values * fine.solid_angle.values
    mean = (weight[:, :, None] * fine.psf_mixing.values).sum(axis=1) / weight.sum(axis=1)[:, None]
    np.testing.assert_allclose(found.psf_mixing.values[:, 0, 0], mean.sum(axis=1), rtol=1e-12)


def test_bins_without_exposure_are_weighted_with_solid_angle():
    fine = bin_maps(spread_maps(used=1.0), annuli(EDGES), psf=True)
    dark = fine.assign(exposure_true=0 * fine.exposure_true)
    area = fine.solid_angle.values
    mean = (area[:, None] * fine.psf_mixing.values).sum(axis=1) / area.sum()
    found = rebin(dark, 4).psf_mixing.values
    np.testing.assert_allclose(found[:, 0, 0], mean.sum(axis=1), rtol=1e-12)


def test_folded_bins_see_both_sides(maps):
    line = bin_maps(maps, boxes(ALONG), psf=True)
    found = fold(line)
    weight = line.exposure_true.values * line.solid_angle.values
    weight = np.expand_dims(weight, tuple(range(2, line.psf_mixing.ndim)))
    for new, sides in enumerate(([2], [1, 3], [0, 4])):
        own = line.psf_mixing.values[:, sides][:, :, sides].sum(axis=2)
        w = weight[:, sides].reshape(*own.shape[:2], *[1] * (own.ndim - 2))
        expected = (own * w).sum(axis=1) / w.sum(axis=1)
        np.testing.assert_allclose(found.psf_mixing.values[:, new, new], expected, rtol=1e-12)


@pytest.mark.heavy
@pytest.mark.parametrize("criterion", [{"min_counts": 120}, {"min_ts": 1}, {"min_excess_sigma": 1}])
def test_bins_grow_alike_with_and_without_the_psf(criterion):
    maps = spread_maps(used=1.0)
    found = rebin(bin_maps(maps, annuli(EDGES), psf=True), **criterion)
    expected = rebin(bin_maps(maps, annuli(EDGES)), **criterion)
    rest = found.drop_vars([*NAMES, "projected_distance_true"]).assign_attrs(expected.attrs)
    xr.testing.assert_identical(rest.drop_dims("source_distance"), expected.drop_dims("part"))
    sizes = found.psf_mixing.sizes
    assert sizes["projected_distance_true"] == expected.sizes["projected_distance"]


@pytest.mark.heavy
@pytest.mark.parametrize("how", [{"factor": 2}, {"edges": [0, 0.4, 0.6]}, {"min_counts": 100}])
def test_a_margin_stays_as_it_is(how):
    maps = spread_maps(used=1.0)
    wide = bin_maps(maps, annuli(EDGES), psf=True, margin=0.3 * u.deg)
    plain = bin_maps(maps, annuli(EDGES), psf=True)
    found, expected = rebin(wide, **how), rebin(plain, **how)
    size, added = expected.sizes["projected_distance"], int(wide.margin.sum())
    np.testing.assert_array_equal(found.margin, [False] * size + [True] * added)
    inner = found.isel(projected_distance=slice(size))
    for name in ("counts", "exposure", "coverage", "solid_angle"):
        np.testing.assert_allclose(inner[name], expected[name], rtol=1e-12)
    for name in ("projected_distance_min", "projected_distance_max"):
        np.testing.assert_allclose(inner[name], expected[name])
        np.testing.assert_array_equal(found[name][size:], wide[name][wide.margin])
    kept = wide.isel(projected_distance=wide.margin.values)
    np.testing.assert_array_equal(found.counts[:, size:], kept.counts)
    np.testing.assert_array_equal(found.region[size:], kept.region)


def test_a_line_with_a_margin_is_folded():
    maps = spread_maps(used=1.0)
    wide = bin_maps(maps, boxes(ALONG), psf=True, margin=0.3 * u.deg)
    found, expected = fold(wide), fold(bin_maps(maps, boxes(ALONG), psf=True))
    np.testing.assert_array_equal(found.counts[:, :3], expected.counts)
    np.testing.assert_array_equal(found.counts[:, 3:], wide.counts[:, wide.margin.values])
    assert_mixing(found.isel(projected_distance_true=slice(3)), expected, ["exposure_true"])


def test_other_sources_than_receivers_are_refused():
    fine = bin_maps(spread_maps(used=1.0), annuli(EDGES), psf=True)
    part = fine.isel(projected_distance=slice(2))
    with pytest.raises(InvalidDataError, match=r"photons of 4 bins .* are seen in 2 bins"):
        rebin(part, 2)
    assert rebin(part.drop_dims("projected_distance_true"), 2).sizes["projected_distance"] == 1
    both = part.isel(projected_distance_true=slice(2))
    assert rebin(both, 2).psf_mixing.shape == (6, 1, 1)
