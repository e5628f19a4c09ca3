"""Posterior limits and intervals against closed forms and numerical integration."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss
from scipy.special import gammaincc, gammainccinv, xlogy
from scipy.stats import norm

from xprofile.likelihood import Cash, Joint, NuisanceCash, WStat
from xprofile.likelihood.intervals import (
    IntervalMethod,
    PriorError,
    interval,
    one_sided_sigma,
    upper_limit,
)

BAYES = IntervalMethod("bayes")
SIGMA = one_sided_sigma(0.95)
KNOWN = {(0, 0): 2.9957, (0, 3): 2.9957, (1, 1): 4.1130, (3, 3): 5.3954, (5, 2): 8.5417,
         (10, 3): 13.9628}  # fmt: skip


def column(values):
    return np.asarray(values, dtype=float)[:, None]


def single(n, b, s=1.0):
    return Cash.from_counts(column(n), np.full((len(n), 1), s), column(b))


def random_single(size, seed=1):
    """Counts and backgrounds, from deep deficits to clear signals."""
    rng = np.random.default_rng(seed)
    b = 10 ** rng.uniform(-2, 2.5, size)
    return rng.poisson(rng.uniform(0, 1.5, size) * b + rng.choice([0, 3, 30], size)), b


@pytest.mark.parametrize(
    "method", [BAYES, IntervalMethod("cls", toys="exact")], ids=lambda m: m.name
)
def test_single_fine_bins_follow_the_gamma_function(method):
    n, b = random_single(500)
    expected = gammainccinv(n + 1, 0.05 * gammaincc(n + 1, b)) - b
    np.testing.assert_allclose(upper_limit(single(n, b), SIGMA, method), expected, rtol=1e-10)
    pairs = np.array(list(KNOWN))
    found = upper_limit(single(*pairs.T), SIGMA, method)
    np.testing.assert_allclose(found, list(KNOWN.values()), atol=5e-5)


def test_shortest_interval_has_its_share_and_equal_densities():
    n, b = random_single(300, seed=2)
    low, high = interval(single(n, b), 1.0, BAYES)
    share = (gammaincc(n + 1, low + b) - gammaincc(n + 1, high + b)) / gammaincc(n + 1, b)
    np.testing.assert_allclose(share, 0.6826894921, rtol=1e-8)
    density = [xlogy(n, x + b) - x for x in (low, high)]
    above = low > 0
    assert 0 < above.sum() < above.size
    np.testing.assert_allclose(density[0][above], density[1][above], rtol=0, atol=1e-7)
    assert (density[0] >= density[1] - 1e-7).all()


def test_deep_deficits_and_high_levels_keep_their_digits():
    # e^-1000 and smaller: the exact limit for no counts is -ln(tail), for any background
    for sigma, tail in (
        (1.0, 0.15865525393145707),
        (5.0, 2.866515718791939e-07),
        (8.0, 6.22096e-16),
    ):
        found = upper_limit(single([0, 0, 0], [0, 1e3, 1e9]), sigma, BAYES)
        np.testing.assert_allclose(found, -np.log(tail), rtol=2e-7)


def integral(function, edges):
    """Integral by Gauss-Legendre quadrature between edges, over the first axis of the values."""
    nodes, weights = leggauss(60)
    total = 0
    for low, high in pairwise(edges):
        values = function(low + (high - low) * (nodes + 1) / 2)
        total = total + np.tensordot(weights, values, 1) * (high - low) / 2
    return total


def share_above(joint, limit, nuisance):
    """Share of the posterior above a limit, by integrals over the norm and a nuisance parameter."""

    def marginal(t):
        x = (t[:, None] * limit)[None]
        return integral(lambda r: joint(x, r[:, None, None] * nuisance), (0, 1, 2, 4, 12))

    below, above = integral(marginal, (0, 0.5, 1)), integral(marginal, (1, 2, 4, 12))
    return above / (above + below)


def off_data(size):
    rng = np.random.default_rng(3)
    m = rng.integers(0, 12, size)
    alpha, s = rng.uniform(0.1, 2, size), rng.uniform(0.5, 4, size)
    n = rng.poisson(alpha * m + rng.choice([0, 1, 5], size))

    def joint(x, b):
        mu = x * s + alpha * b
        return np.exp(xlogy(n, mu / (n + 1)) - mu + n + xlogy(m, b / (m + 1)) - b + m)

    return WStat(column(n), column(s), column(m), column(alpha)), joint, m + 3.0


def uncertain_data(size, width):
    rng = np.random.default_rng(4)
    b, s = rng.uniform(0, 4, (2, size)), rng.uniform(0.5, 4, (2, size))
    n = rng.poisson(b + s * rng.choice([0, 1], size))

    def joint(x, beta):
        mu = [x * s[k] + beta * b[k] for k in range(2)]
        log = sum(xlogy(n[k], mu[k] / (n[k] + 1)) - mu[k] + n[k] for k in range(2))
        return np.exp(log - (beta - 1) ** 2 / (2 * width**2))

    return NuisanceCash(Cash.from_counts(n.T, s.T, b.T), width), joint, 1.0


@pytest.mark.heavy
@pytest.mark.parametrize("size", [10, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("make", [off_data, lambda size: uncertain_data(size, 0.3)],
                         ids=["on-off", "uncertain"])  # fmt: skip
def test_backgrounds_are_integrated_over(make, size):
    stat, joint, nuisance = make(size)
    limit = upper_limit(stat, SIGMA, BAYES)
    np.testing.assert_allclose(share_above(joint, limit, nuisance), 0.05, rtol=1e-7)


def test_off_rates_of_many_and_of_broken_counts():
    """Polynomials and nodes agree, and both go over to a known background."""
    from xprofile.likelihood.intervals import marginal

    n, m = column([301.0, 299.0, 5.5]), column([40.0, 350.0, 2.0])
    stat = WStat(n, np.ones_like(n), m, np.full_like(n, 0.8))
    found = upper_limit(stat, SIGMA, BAYES)
    near = WStat(n + column([-1e-9, 1e-9, 0]), stat.s, m, stat.alpha)
    np.testing.assert_allclose(upper_limit(near, SIGMA, BAYES), found, rtol=1e-9)
    assert marginal._LARGEST_DEGREE == 300  # so that the first two are one of each kind
    counts = column([3.0, 40.0])
    known = Cash.from_counts(counts, np.ones_like(counts), column([2.0, 30.0]))
    off = WStat(counts, known.s, known.b * 1e8, np.full_like(counts, 1e-8))
    np.testing.assert_allclose(
        upper_limit(off, SIGMA, BAYES), upper_limit(known, SIGMA, BAYES), rtol=1e-5
    )


def test_free_background_that_can_replace_the_signal():
    """The likelihood is flat up to an edge: the probability of n or fewer counts at x."""
    n = np.array([0.0, 7, 1e4, 1e6, 1e8, 1e10])
    limit = upper_limit(NuisanceCash(single(n, n + 1), np.inf), SIGMA, BAYES)
    above = (n + 1) * gammaincc(n + 2, limit) - limit * gammaincc(n + 1, limit)
    np.testing.assert_allclose(above / (n + 1), 0.05, rtol=1e-10)


def test_joint_fits_multiply_likelihoods():
    n, b = random_single(20, seed=5)
    parts = [single(n, b), single(n[::-1], b[::-1], 2.0)]
    together = Cash.from_counts(*(np.concatenate([getattr(p, k) for p in parts], 1) for k in "nsb"))
    found = upper_limit(Joint(tuple(parts)), SIGMA, BAYES)
    np.testing.assert_allclose(found, upper_limit(together, SIGMA, BAYES), rtol=1e-11)


@pytest.mark.parametrize(
    ("prior", "power"),
    [(lambda x: x**2, 2), (lambda x: x**-0.5, -0.5), (lambda x: np.where(x < 4, 1.0, 0.0), None)],
    ids=["square", "root", "step"],
)
def test_priors(prior, power):
    """Without background the posterior is a gamma distribution, cut where the prior is 0."""
    n = np.array([0, 2, 7])
    found = upper_limit(single(n, [0, 0, 0]), SIGMA, IntervalMethod("bayes", prior=prior))
    if power is None:
        expected = gammainccinv(n + 1, 1 - 0.95 * (1 - gammaincc(n + 1, 4)))
    else:
        expected = gammainccinv(n + 1 + power, 0.05)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("prior", "words"),
    [
        (lambda x: -x, "0 or more"),
        (lambda x: 1.0, "shape"),
        (lambda x: 1 / x, "no finite integral"),
        (lambda x: np.exp(np.minimum(x, 300) ** 2), "no finite integral|0 or more|rises"),
        (lambda x: 0 * x, "0, or too small"),
    ],
)
def test_wrong_priors_are_errors(prior, words):
    with pytest.raises(PriorError, match=words):
        upper_limit(single([0], [1.0]), SIGMA, IntervalMethod("bayes", prior=prior))


def test_narrow_parts_of_a_prior_are_found():
    """Limits in a peak on top of a flat prior, and in a peak alone."""

    def with_peak(x):
        return 1 + 1e6 * np.exp(-((x - 3.9) ** 2) / 2e-8)

    stat = single([3], [3.0])
    # the peak holds 95.3 %, so that 95 % end inside it; see closed forms of the gamma function
    peak = 1e6 * np.sqrt(2 * np.pi) * 1e-4 * np.exp(-6.9) * 6.9**3
    flat = [6 * gammaincc(4, 3 + x) for x in (0, 3.9)]
    share = (0.05 * (peak + flat[0]) - flat[1]) / peak
    expected = 3.9 + 1e-4 * norm.isf(share)
    found = upper_limit(stat, SIGMA, IntervalMethod("bayes", with_peak))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    alone = IntervalMethod("bayes", lambda x: np.exp(-((x - 10) ** 2) / 2e-6))
    np.testing.assert_allclose(upper_limit(stat, SIGMA, alone), 10 + 1e-3 * 1.64485, atol=1e-5)
