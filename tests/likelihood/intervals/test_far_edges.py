"""Posteriors with an edge far out: a background of many counts that reaches 0."""

import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss
from scipy.special import ndtr

from xprofile.likelihood import Cash, NuisanceCash
from xprofile.likelihood.intervals import (
    IntervalMethod,
    interval,
    one_sided_sigma,
    two_sided_sigma,
    upper_limit,
)
from xprofile.likelihood.intervals.posterior import posterior

BAYES = IntervalMethod("bayes")
NODES, WEIGHTS = leggauss(200)


def flat(counts, width):
    """Counts as expected from an uncertain background alone, in units of it."""
    n = np.atleast_1d(np.asarray(counts, dtype=float))[:, None]
    return NuisanceCash(Cash.from_counts(n, n, n), width)


def share_above(x, counts, width):
    """Integral over the total rate u, whose background u - x has a normal distribution."""

    def above(start):
        error = 1 / np.sqrt(counts)
        low, high = max(start, 1 - 12 * error), 1 + 12 * error
        u = low + (high - low) * (NODES + 1) / 2
        likelihood = np.exp(counts * (np.log1p(u - 1) - (u - 1)))
        inside = ndtr((u - start - 1) / width) - ndtr(-1 / width)
        return (high - low) * (WEIGHTS * likelihood * inside).sum()

    return above(x) / above(0)


@pytest.mark.heavy
@pytest.mark.parametrize(("counts", "width", "tail"), [(5e9, 0.2, 3e-7), (1e6, 0.2, 1e-8)])
def test_limits_have_their_tail(counts, width, tail):
    limit = upper_limit(flat(counts, width), one_sided_sigma(1 - tail), BAYES)[0]
    np.testing.assert_allclose(share_above(limit, counts, width), tail, rtol=3e-3)


@pytest.mark.slow
def test_intervals_from_zero_have_their_tail_at_close_levels():
    stat, tails = flat(5e9, 0.3), (1e-9, 4.124626382901348e-09, 1e-5)
    found = [interval(stat, two_sided_sigma(1 - t), BAYES)[1][0] for t in tails]
    shares = [share_above(x, 5e9, 0.3) for x in found]
    np.testing.assert_allclose(shares, tails, rtol=2e-2)


def test_norms_without_a_tail_are_finite_beside_problems_with_more_panels():
    density = posterior(flat([3, 5e9], 0.3), None, 1e-6)
    assert np.isinf(density.left).any()
    end = density.norm_below(np.zeros(2))
    last = np.where(np.isfinite(density.right), density.right, 0).max(axis=1)
    np.testing.assert_allclose(end, last, rtol=1e-12)
