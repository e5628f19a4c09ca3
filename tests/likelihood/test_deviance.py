"""Deviance of Poisson counts, and its moments."""

import numpy as np
import pytest
from scipy.stats import chi2, poisson

from xprofile.likelihood.deviance import deviance, deviance_moments


def test_deviance_is_zero_where_counts_are_as_predicted():
    n = np.array([0.0, 1, 5, 1e6])
    np.testing.assert_array_equal(deviance(n, n), 0)
    np.testing.assert_allclose(deviance(np.array([0.0]), np.array([3.0])), 6)
    assert deviance(np.array([2.0]), np.array([0.0])) == np.inf


@pytest.mark.parametrize("mu", [1e-4, 0.003, 0.1, 0.7, 1, 3.3, 17, 199, 201, 5000])
def test_moments_are_sums_over_the_distribution(mu):
    n = np.arange(int(mu + 15 * np.sqrt(mu) + 40.0))
    share, value = poisson.pmf(n, mu), deviance(n, np.full(n.shape, mu))
    mean = (share * value).sum()
    away = share * (value - mean)
    expected = mean, (away * value).sum(), (away * n).sum()
    found = [float(m[0]) for m in deviance_moments(np.array([mu]))]
    np.testing.assert_allclose(found[:2], expected[:2], rtol=1e-4)
    np.testing.assert_allclose(found[2], expected[2], rtol=0.02, atol=1e-4)


def test_many_counts_have_the_moments_of_chi_square():
    mean, variance, covariance = (float(m[0]) for m in deviance_moments(np.array([1e9])))
    np.testing.assert_allclose([mean, variance], chi2.stats(1), rtol=1e-8)
    assert abs(covariance) < 1e-8
    assert all(m[0] == 0 for m in deviance_moments(np.array([0.0])))
