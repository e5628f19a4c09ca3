"""Fits of narrow sources on skies that share no code with the library: their errors and limits.

The sky has a round Gauss function, seen through a Gauss function as PSF in square pixels: products
of error functions. Counts are sorted into annuli by the distance of each pixel.
"""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.modeling.models import Gaussian1D
from cases.psf_maps import gauss, spread_maps
from scipy.special import erf, xlogy
from scipy.stats import binomtest

from xprofile import SkyBins, bin_maps, fit_shape, power_law

MIDDLE = (0.02, 0.03)  # deg
EDGES = np.array([0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3, 1.6])
PSF, PIXEL, BACKGROUND, EXCESS = 0.2, 0.1, 0.3, 400.0
WIDTHS = np.linspace(0, 0.4, 81)


@pytest.fixture(scope="module")
def sky():
    """Maps, their bins, and the bin of each pixel by spherical trigonometry."""
    maps = spread_maps(shape=(40, 40), used=1.0).drop_vars("edisp")
    maps["psf"] = maps.psf.copy(data=np.broadcast_to(gauss(PSF), maps.psf.shape))
    even = np.full(maps.exposure.shape, 1e12)
    maps = maps.assign(exposure=maps.exposure.copy(data=even), mask=maps.mask | True)
    maps = maps.assign(background=0 * maps.counts + BACKGROUND)
    center = SkyCoord(*MIDDLE, unit="deg", frame="galactic")
    binned = bin_maps(maps, SkyBins.annuli(center, edges=EDGES * u.deg), psf=True)
    lon = np.radians(maps.lon.to_numpy() - MIDDLE[0])
    lat, middle = np.radians(maps.lat.to_numpy())[:, None], np.radians(MIDDLE[1])
    cosine = np.sin(lat) * np.sin(middle) + np.cos(lat) * np.cos(middle) * np.cos(lon)
    number = np.digitize(np.degrees(np.arccos(cosine)), EDGES) - 1
    return maps, binned, number


def in_bins(sky, cube):
    """Sum a cube (nenergy, nlat, nlon) over the pixels of each bin."""
    number, nbin = sky[2], EDGES.size - 1
    inside = number < nbin
    return np.stack([np.bincount(number[inside], image[inside], nbin) for image in cube])


def expected(sky, width):
    """Counts of one reference spectrum in a Gauss function of a width, in pixels."""
    maps, scale = sky[0], np.hypot(width, PSF) * np.sqrt(2)
    seen = []
    for axis, middle in ((maps.lat, MIDDLE[1]), (maps.lon, MIDDLE[0])):
        at = (axis.to_numpy() - middle + 180) % 360 - 180
        seen.append((erf((at + PIXEL / 2) / scale) - erf((at - PIXEL / 2) / scale)) / 2)
    low, high = maps.energy_min.to_numpy(), maps.energy_max.to_numpy()
    counts = (low**-1.3 - high**-1.3) / 1.3  # of 1e-12 E^-2.3 with 1e12 cm2 s
    return counts[:, None, None] * np.outer(*seen)


def draw(sky, width, number, seed):
    """Draw toys of a source, and its flux in reference spectra."""
    rng, one = np.random.default_rng(seed), expected(sky, width)
    flux = EXCESS / one.sum()
    mean = flux * one + BACKGROUND
    toys = np.stack([in_bins(sky, rng.poisson(mean)) for _ in range(number)])
    known = in_bins(sky, np.full(mean.shape, BACKGROUND))
    dims = ("energy", "projected_distance")
    return sky[1].assign(counts=(("toy", *dims), toys), background=(dims, known)), flux


def fit_own(sky, data):
    """Best flux and width of each toy, and TS of the extension, on a grid of widths."""
    counts, known = data.counts.to_numpy(), data.background.to_numpy()
    stats, fluxes = [], []
    for width in WIDTHS:
        shape = in_bins(sky, expected(sky, width))
        flux = np.full((len(counts), 1, 1), EXCESS / shape.sum())
        for _ in range(40):  # Newton's method in the logarithm of the flux
            mu = flux * shape + known
            slope = (flux * shape * (1 - counts / mu)).sum(axis=(1, 2), keepdims=True)
            curved = (counts * (flux * shape / mu) ** 2).sum(axis=(1, 2), keepdims=True)
            flux = flux * np.exp(-slope / curved)
        mu = flux * shape + known
        stats.append(2 * (mu - xlogy(counts, mu)).sum(axis=(1, 2)))
        fluxes.append(flux.ravel())
    stats, row = np.array(stats), np.arange(len(counts))
    best = stats.argmin(axis=0)
    return np.array(fluxes)[best, row], WIDTHS[best], stats[0] - stats.min(axis=0)


def gaussian():
    return Gaussian1D(1.0, 0.0, 0.1, fixed={"mean": True})


def width_of(fit, name="value"):
    return fit[name].sel(parameter="stddev").to_numpy()


@pytest.mark.slow
@pytest.mark.parametrize("width", [0.0, 0.1])
def test_fits_are_those_of_an_own_likelihood(sky, width):
    data, _ = draw(sky, width, 4, seed=1)
    fit = fit_shape(
        data, gaussian(), spectral_model=power_law(2.3), selection_optional="ts-extension"
    )
    flux, found, ts = fit_own(sky, data)
    np.testing.assert_allclose(fit.total, flux, rtol=3e-3)
    np.testing.assert_allclose(width_of(fit) ** 2, found**2, atol=8e-4)
    np.testing.assert_allclose(fit.ts_extension, ts, atol=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("width", [0.0, 0.1])
def test_toys_are_unbiased_and_limits_cover(sky, width):
    number = 40
    data, flux = draw(sky, width, number, seed=2)
    fit = fit_shape(data, gaussian(), spectral_model=power_law(2.3), selection_optional=["ul"])
    pull = (fit.total.to_numpy() / flux - 1) / (fit.total_err.to_numpy() / flux)
    assert abs(pull.mean()) < 3.5 / np.sqrt(number)
    assert abs(pull.std() - 1) < 3.5 / np.sqrt(2 * number)
    covered = int(np.count_nonzero(width_of(fit, "ul") >= width))
    assert binomtest(covered, number, 0.97725, "less").pvalue > 1e-3
    if width:
        assert (
            abs(width_of(fit).mean() - width) < 3.5 * width_of(fit).std() / np.sqrt(number) + 0.004
        )


@pytest.mark.slow
def test_the_test_statistic_of_a_point_source_is_half_a_chi2(sky):
    """The half chi2 holds for this sky, by the own likelihood that fits agree with toy for toy.

    The flux grows with the square of the width, which cannot be negative. So it is high on average,
    though it is right for sources that are found without extension.
    """
    number = 1500
    data, flux = draw(sky, 0.0, number, seed=3)
    total, width, ts = fit_own(sky, data)
    for share, rise in ((0.25, 0.4549), (0.1, 1.6424), (0.05, 2.7055)):
        assert binomtest(int(np.sum(ts > rise)), number, share).pvalue > 1e-3
    _, without = np.polyfit(width**2, total, 1)
    assert abs(without - flux) < 3.5 * total.std() / np.sqrt(number / 2)
    assert 0 < total.mean() / flux - 1 < 0.2 * total.std() / flux
