"""Limits at high confidence levels, whose probabilities are rare in toys or far in tails."""

import numpy as np
import pytest
from scipy.special import ndtri, pdtr, pdtrc
from scipy.stats import norm

from xprofile.likelihood import Cash, WStat
from xprofile.likelihood.intervals import (
    IntervalMethod,
    expected_upper_limits,
    interval,
    one_sided_sigma,
    two_sided_sigma,
)
from xprofile.likelihood.poisson_tails import probability_above, probability_up_to

PLAIN = IntervalMethod("feldman-cousins", fc_lengthen=False)
SLOW = [pytest.param(cl, marks=pytest.mark.slow) for cl in (0.999, 1 - 1e-9)]
HIGH = [0.99999, *SLOW]


def fine_bins(n, b, *, split):
    """One fine bin, or two with equal ratios of signal and background, for which toys are drawn."""
    n, b = np.array(n, float)[:, None], np.array(b, float)[:, None]
    share = np.array([0.5, 0.5]) if split else np.ones(1)
    counts = np.hstack([n, 0 * n]) if split else n
    return Cash.from_counts(counts, np.tile(share, (len(n), 1)), b * share)


@pytest.mark.parametrize("cl", HIGH)
def test_unified_intervals_by_few_toys_agree_with_sums(cl):
    counts, sigma = ([3, 0, 6], [3, 3, 1]), two_sided_sigma(cl)
    low, high = interval(fine_bins(*counts, split=False), sigma, PLAIN)
    few = IntervalMethod("feldman-cousins", toys=500, seed=1)
    found = interval(fine_bins(*counts, split=True), sigma, few)
    np.testing.assert_allclose(found[1], high, rtol=0.03)
    np.testing.assert_allclose(found[0], low, atol=0.02)


@pytest.mark.heavy
@pytest.mark.parametrize("cl", HIGH)
@pytest.mark.parametrize("name", ["cls", "feldman-cousins"])
def test_expected_limits_by_few_toys_agree_with_sums(name, cl):
    sigma, bands = one_sided_sigma(cl), (-1.0, 0.0, 1.0)
    exact = IntervalMethod(name, toys="exact", fc_lengthen=False)
    few = IntervalMethod(name, toys=200, seed=1)
    one, two = (fine_bins([3], [3], split=split) for split in (False, True))
    expected = expected_upper_limits(one, sigma, exact, bands)
    # with few toys the bands of unified limits move by a count
    rtol = 0.03 if name == "cls" else 0.13
    np.testing.assert_allclose(expected_upper_limits(two, sigma, few, bands), expected, rtol=rtol)


@pytest.mark.slow
def test_weighted_toys_agree_with_many_toys():
    """On-off data, with toys that need no weights and with a tenth of them, which do."""
    stat = WStat(np.array([[9.0, 3]]), np.array([[2.0, 3]]), np.array([[8.0, 6]]),
                 np.array([[0.5, 0.5]]))  # fmt: skip
    sigma = two_sided_sigma(0.999)
    many, few = (
        np.array(interval(stat, sigma, IntervalMethod("feldman-cousins", toys=toys, seed=2)))
        for toys in (60_000, 5000)
    )
    np.testing.assert_allclose(few[1], many[1], rtol=0.02)
    np.testing.assert_allclose(few[0], many[0], atol=0.02)


@pytest.mark.parametrize("counts", [1e7, 1e9, 1e12, 1e15])
def test_tails_of_many_counts_go_over_to_a_normal_distribution(counts):
    """The cube root of a gamma distribution is nearly normal (Wilson & Hilferty 1931)."""
    a = counts + 1
    for z in (-9.0, -6.0, -4.6, 4.6, 6.0, 9.0):
        rate = np.array([a * (1 - 1 / (9 * a) + z / (3 * np.sqrt(a))) ** 3])
        n = np.array([counts])
        tail = probability_above(n, rate) if z < 0 else probability_up_to(n, rate)
        # rates of 1e15 are whole multiples of 1/8, a step of 1e-8 standard deviations
        np.testing.assert_allclose(tail, norm.sf(abs(z)), rtol=1e-3 + 0.3 * abs(z) ** 3 / counts)


def test_tails_are_those_of_scipy_where_these_are_right():
    a, z = np.meshgrid([1.2e5, 2e5], [-8, -4.7, -4.1, 4.1, 4.7, 8])
    rate = a + z * np.sqrt(a)
    for found, scipy in ((probability_up_to, pdtr), (probability_above, pdtrc)):
        expected = scipy(a - 1, rate)
        np.testing.assert_allclose(found(a - 1, rate), expected, rtol=2e-9, atol=0)


@pytest.mark.parametrize("b", [1e9, 1e13, 1e15])
@pytest.mark.parametrize("cl", [0.95, 1 - 1e-6, 1 - 1e-9])
def test_unified_intervals_of_many_counts_are_those_of_a_normal_distribution(b, cl):
    n = np.array([b, b + np.floor(12 * np.sqrt(b))])
    low, high = interval(fine_bins(n, [b, b], split=False), two_sided_sigma(cl), PLAIN)
    away = -ndtri((1 - cl) / 2)
    np.testing.assert_allclose((high - n + b) / np.sqrt(n), away, rtol=1e-3)
    np.testing.assert_allclose((n[1] - b - low[1]) / np.sqrt(n[1]), away, rtol=1e-3)
