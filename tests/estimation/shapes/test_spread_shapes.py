"""Fits of a brightness that the PSF spreads."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.modeling.models import Const1D, Gaussian1D
from cases.psf_maps import spread_maps
from cases.shapes import spread_counts
from scipy.special import erf
from scipy.stats import binomtest

from xprofile import SkyBins, bin_maps, fit_shape, power_law, unfold
from xprofile.binned.members.finding import find_members
from xprofile.estimation.shapes.interpolation import integration, resolved
from xprofile.estimation.shapes.light import find_light
from xprofile.exceptions import DataWarning, MissingVariableError
from xprofile.maps.wcs import pixel_grid

CENTER = SkyCoord(0.02, 0.03, unit="deg", frame="galactic")
MODEL = power_law(2.3)
RINGS = SkyBins.annuli(CENTER, edges=[0, 0.2, 0.4, 0.7, 1] * u.deg)


def gauss(width=0.1):
    return Gaussian1D(1.0, 0.0, width, fixed={"mean": True})


def flat(maps):
    """Make exposure and masks even, and the background smooth."""
    exposure = maps.exposure.copy(data=np.full(maps.exposure.shape, 1e12))
    return maps.assign(exposure=exposure, mask=maps.mask | True, background=0 * maps.counts + 0.3)


@pytest.fixture(scope="module")
def binned():
    maps = flat(spread_maps(shape=(40, 40), used=1.0)).drop_vars("edisp")
    return bin_maps(maps, RINGS, psf=True)


def shares_of_pixels(grid, members, sigma):
    """Shares of a round Gauss function at the centre that are seen in the pixels of each bin."""
    row, column = np.divmod(members.pixel, grid.x.size)
    seen = np.ones(members.pixel.size)
    for axis, number, middle in ((0, grid.x[column], CENTER.l.deg), (1, grid.y[row], CENTER.b.deg)):
        low, high = (grid.linear_coordinate(axis, number + s) - middle for s in (-0.5, 0.5))
        low, high = ((v + 180) % 360 - 180 for v in (low, high))
        seen *= np.abs(erf(high / sigma / np.sqrt(2)) - erf(low / sigma / np.sqrt(2))) / 2
    return np.bincount(members.bin, seen, members.nbin)


@pytest.mark.parametrize("width", [0.02, 0.1, 0.25])
def test_light_in_bins_is_that_of_two_gauss_functions(binned, width):
    grid = pixel_grid(flat(spread_maps(shape=(40, 40), used=1.0)))
    members = find_members(RINGS, grid)
    ranges = [binned[f"source_distance{end}"].values for end in ("", "_min", "_max")]
    places, area = integration(ranges[1], ranges[2], "radial", 1.0)
    shape = np.exp(-((places.at / width) ** 2) / 2) * area
    for energy, psf in enumerate(0.2 * np.linspace(1.2, 0.8, binned.sizes["energy_true"])):
        nodes = binned.source_mixing.values[energy][:, :, None]
        share = resolved(ranges, nodes, places, area, mirrored=True)[:, :, 0]
        expected = shares_of_pixels(grid, members, np.hypot(width, psf))
        np.testing.assert_allclose(shape @ share / shape.sum(), expected, atol=3e-3)


@pytest.mark.filterwarnings("ignore:the shape goes on beyond the bins")
@pytest.mark.parametrize("width", [0.05, 0.1, 0.3])
def test_expected_counts_give_the_width(binned, width):
    light = find_light(binned, MODEL)
    shape = np.exp(-((light.places.at / width) ** 2) / 2)
    toys = spread_counts(binned, light, shape, excess=1e8, seed=0, number=1)
    fit = fit_shape(toys, gauss(), spectral_model=MODEL, selection_optional=["ts-extension"])
    np.testing.assert_allclose(fit.value.sel(parameter="stddev"), width, rtol=5e-3)
    assert np.all(fit.ts_extension > 100)


def test_a_point_source_has_no_extension(binned):
    light = find_light(binned, MODEL)
    shape = np.zeros(light.places.at.size)
    shape[0] = 1.0
    toys = spread_counts(binned, light, shape, excess=400, seed=1, number=6)
    fit = fit_shape(toys, gauss(), spectral_model=MODEL)
    limit = fit.ul.sel(parameter="stddev")
    assert np.all(np.isfinite(limit) & (limit > 0) & (limit < 0.3))
    assert np.all((fit.ts_extension >= 0) & (fit.ts_extension < 9))
    assert np.any(fit.status.sel(parameter="stddev") == 16)
    np.testing.assert_allclose(fit.total.mean("toy"), fit.total, rtol=0.3)


@pytest.mark.filterwarnings("ignore:.*narrow for the PSF")
def test_an_even_brightness_is_that_of_unfold(binned):
    light = find_light(binned, MODEL)
    data = spread_counts(binned, light, np.ones(light.places.at.size), excess=1e7, seed=2, number=1)
    data = data.isel(toy=0)
    with pytest.warns(DataWarning, match="goes on beyond the bins"):
        fit = fit_shape(data, Const1D(1.0), spectral_model=MODEL)
    profile = unfold(data, spectral_model=MODEL)
    norm = profile.norm.isel(energy=0) / binned.solid_angle
    np.testing.assert_allclose(norm, fit.value.item(), rtol=0.05)  # bins of few pixels


def test_merged_bins_have_the_light(binned):
    light = find_light(binned, MODEL)
    shape = np.exp(-((light.places.at / 0.15) ** 2) / 2)
    data = spread_counts(binned, light, shape, excess=1e6, seed=3, number=1).isel(toy=0)
    found = [
        fit_shape(d, gauss(), spectral_model=MODEL, selection_optional=None)
        for d in (data, data.profile.rebin(2))
    ]
    widths = [fit.value.sel(parameter="stddev").item() for fit in found]
    np.testing.assert_allclose(widths, 0.15, rtol=0.02)


def test_regions_have_no_axis(binned):
    lost = binned.drop_dims("source_distance")
    with pytest.raises(MissingVariableError, match="source_mixing"):
        fit_shape(lost, gauss())


@pytest.mark.slow
@pytest.mark.parametrize("width", [0.0, 0.08])
def test_toys(binned, width):
    light = find_light(binned, MODEL)
    shape = np.exp(-((light.places.at / max(width, 1e-9)) ** 2) / 2)
    shape[0] = max(shape[0], 1e-3)
    number = 100
    toys = spread_counts(binned, light, shape, excess=1000, seed=5, number=number)
    fit = fit_shape(toys, gauss(), spectral_model=MODEL, selection_optional=["ul", "ts-extension"])
    value, err = (fit[n].sel(parameter="stddev").values for n in ("value", "err"))
    truth = 1000 / light.counts(shape).sum() * (shape * light.solid_angle).sum()
    pull = (fit.total.values - truth) / fit.total_err.values
    assert abs(pull.mean()) < 3 / np.sqrt(number)
    np.testing.assert_allclose(pull.std(), 1, atol=3 / np.sqrt(2 * number))
    covered = int((fit.ul.sel(parameter="stddev").values >= width).sum())
    assert binomtest(covered, number, 0.9772).pvalue > 0.003 or covered / number > 0.9772
    if width:
        assert abs(((value - width) / err).mean()) < 5 / np.sqrt(number)
    else:
        ts = fit.ts_extension.values
        for limit, share in ((1e-2, 0.46), (2.706, 0.05)):
            assert binomtest(int((ts > limit).sum()), number, share).pvalue > 0.003
