"""Toys on the response of the 3FHL cube: norms, their covariance, and the limits of `unfold`."""

import numpy as np
import pytest
import xarray as xr
from astropy import units as u
from cases.bins import galactic

from xprofile import SkyBins, bin_maps, estimate, power_law, simulate, unfold
from xprofile.spectrum.mixing import mixed_signal

pytestmark = pytest.mark.slow

NTOY = 600
DIM = "projected_distance"
MODEL = power_law(2.3)
BINS = {
    "rings": SkyBins.annuli(galactic(0, 0), edges=[0, 0.25, 0.5, 1, 1.5, 2] * u.deg),
    "boxes": SkyBins.along_line(galactic(1.2, 0), galactic(-1.2, 0), height=1 * u.deg, nbin=6),
}
TRUE = {"rings": [6.4, 1.0, 0.6, 0.4, 0.5], "boxes": [0.5, 1.0, 3.0, 1.0, 0.7, 0.3]}


def draw(binned, truth):
    return simulate(binned, norm=truth, n_toys=NTOY, rng=18, spectral_model=MODEL)


@pytest.fixture(scope="module", params=BINS)
def case(request, real_maps):
    """Binned data, true norms, and the toys with their unfolded profiles."""
    binned = bin_maps(real_maps, BINS[request.param], psf=True)
    truth = xr.DataArray(TRUE[request.param], coords={DIM: binned[DIM]})
    toys = draw(binned, truth)
    profile = unfold(toys, spectral_model=MODEL, selection_optional=["ul"]).isel(energy=0)
    return binned, truth, toys, profile


def test_norms_are_not_biased(case):
    """Means scatter by sigma / sqrt(n), standard deviations by sigma / sqrt(2 n)."""
    _, truth, _, profile = case
    assert profile["success"].all()
    pull = ((profile["norm"] - truth) / profile["norm_err"]).to_numpy()
    assert np.abs(pull.mean(axis=0)).max() * np.sqrt(NTOY) < 3
    assert np.abs(pull.std(axis=0) - 1).max() * np.sqrt(2 * NTOY) < 3


def test_the_covariance_is_that_of_the_toys(case):
    """Elements of a sample covariance scatter by sqrt((C_ij^2 + C_ii C_jj) / n)."""
    _, _, _, profile = case
    found = profile["covariance"].mean("toy").to_numpy()
    expected = np.cov(profile["norm"].to_numpy(), rowvar=False)
    variance = np.diag(expected)
    error = np.sqrt((expected**2 + np.outer(variance, variance)) / NTOY)
    assert (np.abs(found - expected) < 3 * error).all()
    correlation = profile["correlation"].mean("toy").to_numpy()
    assert (np.diagonal(correlation, 1) < -0.1).all()  # neighbours share photons


def test_limits_cover_as_those_without_a_spread(case):
    binned, truth, _, profile = case
    plain = binned.drop_vars(["psf_mixing", "exposure_true"])
    alone = estimate(draw(plain, truth), spectral_model=MODEL, selection_optional=["ul"])
    found, expected = (
        (limits >= truth).mean("toy").to_numpy()
        for limits in (profile["norm_ul"], alone["norm_ul"].isel(energy=0))
    )
    error = np.sqrt(2 * 0.977 * 0.023 / NTOY)  # binomial, of the difference of two shares
    assert (np.abs(found - expected) < 3 * error).all()
    assert (np.abs(found - 0.977) < 3 * error).all()


def test_the_plain_profile_is_off_by_what_the_sharing_predicts(case):
    binned, truth, toys, _ = case
    signal = mixed_signal(binned, MODEL)
    seen = (signal * xr.DataArray(truth.to_numpy(), dims=f"{DIM}_true")).sum(f"{DIM}_true")
    dims = binned["counts"].dims
    counts = (seen + binned["background"]).transpose(*dims).to_numpy()
    expected = binned.assign(counts=(dims, counts, binned["counts"].attrs))
    norm, predicted = (
        estimate(data, spectral_model=MODEL).isel(energy=0)["norm"] for data in (toys, expected)
    )
    error = norm.std("toy") / np.sqrt(NTOY)
    assert (np.abs(norm.mean("toy") - predicted) < 3 * error).all()
    assert (np.abs(norm.mean("toy") - truth) > 10 * error).any()
