"""CLs limits by toys against sums over all on and off counts, and against other toys."""

import numpy as np
import pytest
from scipy.special import xlogy
from scipy.stats import poisson

from xprofile.likelihood import Cash, NuisanceCash, WStat
from xprofile.likelihood.intervals import IntervalMethod, one_sided_sigma, upper_limit

SIGMA = one_sided_sigma(0.95)


class OnOff:
    """On counts n and off counts m of one fine bin with signal 1 and acceptance ratio alpha."""

    def __init__(self, n, m, alpha):
        self.n, self.m, self.alpha = n, m, alpha
        self.size = len(n)

    def background(self, x):
        """Best off rates: the positive root of the derivative by the rate."""
        n, m, a = self.n, self.m, self.alpha
        half = (1 + a) * x - a * (n + m)
        return (np.sqrt(half**2 + 4 * a * (1 + a) * m * x) - half) / (2 * a * (1 + a))

    def falls(self, x):
        """Whether the likelihood falls with the signal."""
        return self.n <= x + self.alpha * self.background(x)

    def minus_log(self, x):
        b = self.background(x)
        mu = x + self.alpha * b
        return mu - xlogy(self.n, mu) + b - xlogy(self.m, b)


class Uncertain:
    """Counts (size, bin) with a background that is measured as `centre` with an uncertainty."""

    def __init__(self, n, s, b, width, centre):
        self.n, self.s, self.b, self.width, self.centre = n, s, b, width, centre
        self.size = len(n)

    def norm(self, x):
        """Best norms of the background, by halving."""
        low, high = np.zeros(self.size), np.full(self.size, 20.0)
        for _ in range(28):
            middle = (low + high) / 2
            mu = x[:, None] * self.s + middle[:, None] * self.b
            slope = (self.b * (1 - self.n / mu)).sum(axis=1)
            rises = slope + (middle - self.centre) / self.width**2 > 0
            low, high = np.where(rises, low, middle), np.where(rises, middle, high)
        return high

    def npred(self, x):
        return x[:, None] * self.s + self.norm(x)[:, None] * self.b

    def falls(self, x):
        return (self.s * (1 - self.n / self.npred(x))).sum(axis=1) >= 0

    def minus_log(self, x):
        mu = self.npred(x)
        away = (self.norm(x) - self.centre) / self.width
        return (mu - xlogy(self.n, mu)).sum(axis=1) + away**2 / 2

    def toys(self, x, rng, number):
        norm = self.norm(np.array([x]))[0]
        n = rng.poisson(x * self.s[0] + norm * self.b[0], (number, self.b.shape[1]))
        return Uncertain(n, self.s, self.b, self.width, rng.normal(norm, self.width, number))


def rises_of(data, x):
    """The test statistics of a signal, 0 where the best fit is larger."""
    low, high = np.zeros(data.size), np.full(data.size, 60.0)
    zero = data.falls(low + 1e-12)
    for _ in range(28):
        middle = (low + high) / 2
        falls = data.falls(middle)
        low, high = np.where(falls, low, middle), np.where(falls, middle, high)
    best = np.where(zero, 0, high)
    q = 2 * (data.minus_log(np.full(data.size, x)) - data.minus_log(best))
    return np.where(best >= x, 0, np.maximum(q, 0))


@pytest.mark.parametrize(("n", "m", "alpha"), [(5.0, 38.0, 0.2), (8.0, 6.0, 1.0)])
def test_on_off_limits_agree_with_sums(n, m, alpha):
    """CLs is below 5 % just above the limit of toys, and above 5 % just below."""
    stat = WStat(*(np.array([[v]]) for v in (n, 1.0, m, alpha)))
    method = IntervalMethod("cls", toys=3000, seed=1)
    limit = upper_limit(stat, SIGMA, method)[0]
    on, off = (v.ravel() for v in np.meshgrid(np.arange(60.0), np.arange(90.0)))
    data, everything = OnOff(np.array([n]), np.array([m]), alpha), OnOff(on, off, alpha)
    found = []
    for x in (0.985 * limit, 1.015 * limit):
        q = rises_of(data, x)[0]
        as_far = rises_of(everything, x) >= q * (1 - 1e-7)
        rates = [data.background(np.array([y]))[0] for y in (x, 0.0)]
        p = [
            (poisson.pmf(on, y + alpha * b) * poisson.pmf(off, b))[as_far].sum()
            for y, b in zip((x, 0.0), rates, strict=True)
        ]
        found.append(p[0] / p[1])
    assert found[1] < 0.05 < found[0]


@pytest.mark.slow
def test_limits_with_an_uncertain_background_agree_with_other_toys():
    """The CLs of other toys at the limits is 5 %, within its errors."""
    rng, number, pulls = np.random.default_rng(6), 4000, []
    for case in range(8):
        b, s = 10 ** rng.uniform(-0.3, 1, (1, 2)), rng.uniform(0.5, 2, (1, 2))
        n = rng.poisson(b * rng.choice([0.5, 1]) + s * rng.choice([0, 1])).astype(float)
        width = rng.choice([0.1, 0.3])
        stat = NuisanceCash(Cash.from_counts(n, s, b), width)
        limit = upper_limit(stat, SIGMA, IntervalMethod("cls", toys=2000, seed=case))[0]
        data = Uncertain(n, s, b, width, np.ones(1))
        q = rises_of(data, limit)[0]
        sb, null = (
            (rises_of(data.toys(x, rng, number), limit) >= q * (1 - 1e-7)).sum()
            for x in (limit, 0.0)
        )
        error = np.sqrt(1 / sb + 1 / null - 2 / number)
        pulls.append(np.log(sb / null / 0.05) / error)
    assert np.abs(pulls).max() < 4
    assert abs(np.mean(pulls)) < 4 / np.sqrt(len(pulls))
    assert np.std(pulls) < 1.8
