"""CLs limits against pyhf, toys and sums over counts."""

import json

import numpy as np
import pytest
from astropy.table import Table
from cases.likelihood import single_cash
from scipy.optimize import brentq
from scipy.stats import norm

from xprofile.likelihood import Cash, Joint, NuisanceCash, WStat
from xprofile.likelihood.intervals import (
    EXPECTED_BANDS,
    IntervalMethod,
    expected_upper_limits,
    one_sided_sigma,
    upper_limit,
)

CLS = IntervalMethod("cls")
SIGMA = one_sided_sigma(0.95)


def test_asymptotic_limits_agree_with_pyhf(reference):
    columns = ("exp_m2", "exp_m1", "exp_0", "exp_p1", "exp_p2")
    for row in Table.read(reference / "pyhf_cls.ecsv"):
        arrays = (np.array([json.loads(row[k])]) for k in ("counts", "signal", "background"))
        stat = Cash.from_counts(*arrays)
        np.testing.assert_allclose(upper_limit(stat, SIGMA, CLS), row["ul"], rtol=2e-6)
        expected = expected_upper_limits(stat, SIGMA, CLS)[0]
        np.testing.assert_allclose(expected, [row[name] for name in columns], rtol=2e-6)


def cls_excess(mu, stat, best, asimov):
    """CLs of one problem as in eqs. 62 to 67 above 0.05, with statistics as given."""
    x = np.array([mu])
    q = max(stat.value(x)[0] - stat.value(best)[0], 0)
    qa = max(asimov.value(x)[0] - asimov.value(np.zeros(1))[0], 0)
    if q <= qa:
        return norm.sf(q**0.5) / norm.cdf(qa**0.5 - q**0.5) - 0.05
    half = 2 * qa**0.5
    return norm.sf((q + qa) / half) / norm.sf((q - qa) / half) - 0.05


def asimov_of(stat):
    """Expected counts without signal, with the best backgrounds at norm 0 in closed form."""
    if isinstance(stat, WStat):
        off = (stat.n + stat.m) / (1 + stat.alpha)
        return WStat(stat.alpha * off, stat.s, off, stat.alpha)
    cash, w2 = stat.cash, stat.width**2
    total, counts = cash.b.sum(), cash.n.sum()
    g = total - 1 / w2  # beta^2 / w^2 + g beta = counts
    beta = (-g + np.sqrt(g**2 + 4 * counts / w2)) / 2 * w2
    return NuisanceCash(Cash.from_counts(beta * cash.b, cash.s, cash.b), stat.width, beta)


@pytest.mark.parametrize("kind", ["on-off", "uncertain"])
def test_limits_with_fitted_backgrounds_solve_the_equations(kind):
    rng = np.random.default_rng(7)
    for _ in range(5):
        b, s = rng.uniform(1, 8, (1, 3)), rng.uniform(0.5, 3, (1, 3))
        n, m = rng.poisson(b + 0.5 * s).astype(float), rng.poisson(4 * b).astype(float)
        stat = WStat(n, s, m, np.full_like(b, 0.25))
        if kind == "uncertain":
            stat = NuisanceCash(Cash.from_counts(n, s, b), 0.3)
        asimov = asimov_of(stat)
        grid = np.linspace(0, 20, 2001)
        wide = stat.take(np.zeros(grid.size, int)).value(grid)
        best = grid[[wide.argmin()]]
        expected = brentq(cls_excess, best[0] + 1e-3, 30, args=(stat, best, asimov))
        np.testing.assert_allclose(upper_limit(stat, SIGMA, CLS), expected, rtol=1e-4)


def test_limits_without_counts_or_background():
    """Without background, no counts are expected: the limit leaves exp(-x) / 1."""
    for b in (0, 1e-12, 1e-3):
        found = upper_limit(single_cash(0, 2, b), SIGMA, CLS)
        expected = brentq(lambda q: 2 * norm.sf(q**0.5) - 0.05, 1, 9) / 4  # q = 2 x S = q of Asimov
        np.testing.assert_allclose(found, expected, rtol=1e-9 if not b else 0.2)
    assert np.isnan(upper_limit(single_cash(1, 0, 1), SIGMA, CLS)).all()


def test_deep_deficits_are_finite():
    b = np.array([1e2, 1e5, 1e10])[:, None]
    found = upper_limit(Cash.from_counts(0 * b, np.ones_like(b), b), SIGMA, CLS)
    assert (found > 0).all()
    np.testing.assert_allclose(found, -np.log(0.05), rtol=0.1)


def split_in_two():
    """One fine bin, and the same as two of equal ratios, for which toys are drawn."""
    n, b = np.array([[2.0], [6]]), np.array([[3.0], [4]])
    known = Cash.from_counts(n, np.ones_like(n), b)
    return known, Cash.from_counts(n * [1, 0], np.full((2, 2), 0.5), b * [0.5, 0.5])


def test_few_toys_agree_with_sums():
    known, split = split_in_two()
    exact, toys = (IntervalMethod("cls", toys=t, seed=1) for t in ("exact", 1000))
    expected = upper_limit(known, SIGMA, exact)
    np.testing.assert_allclose(upper_limit(split, SIGMA, toys), expected, rtol=0.1)


def test_toys_of_deep_deficits_and_strong_signals_agree_with_sums():
    """Without signal, as few counts have probabilities of 1e-3 to 1e-18."""
    n, b = np.array([[0.0], [1], [60], [1000]]), np.array([[40.0], [20], [100], [10]])
    one = Cash.from_counts(n, np.ones_like(n), b)
    split = Cash.from_counts(n * [1, 0], np.full((4, 2), 0.5), b * [0.5, 0.5])
    exact, toys = (IntervalMethod("cls", toys=t, seed=1) for t in ("exact", 300))
    expected = upper_limit(one, SIGMA, exact)
    np.testing.assert_allclose(upper_limit(split, SIGMA, toys), expected, rtol=0.01)


@pytest.mark.slow
def test_many_toys_agree_with_sums():
    """In the band -2 only 0.25 % of the toys with signal have as large a test statistic."""
    known, split = split_in_two()
    exact, toys = (IntervalMethod("cls", toys=t, seed=1) for t in ("exact", 10_000))
    expected = expected_upper_limits(known, SIGMA, exact)
    found = expected_upper_limits(split, SIGMA, toys)
    np.testing.assert_allclose(found[:, 1:], expected[:, 1:], rtol=0.05)
    np.testing.assert_allclose(found[:, 0], expected[:, 0], rtol=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["on-off", "uncertain", "joint"])
def test_toys_of_fitted_backgrounds(kind):
    """Other toys give the same limits, near the asymptotic ones."""
    b, s = np.array([[4.0, 2], [9, 6]]), np.array([[2.0, 2], [1, 3]])
    n, m = np.array([[4.0, 3], [9, 5]]), np.array([[15.0, 8], [37, 23]])
    cash, off = Cash.from_counts(n, s, b), WStat(n, s, m, np.full_like(b, 0.25))
    stat = {"on-off": off, "uncertain": NuisanceCash(cash, 0.2), "joint": Joint((cash, off))}[kind]
    first, second = (
        upper_limit(stat, SIGMA, IntervalMethod("cls", toys=2000, seed=k)) for k in (1, 2)
    )
    np.testing.assert_allclose(first, second, rtol=0.1)
    np.testing.assert_allclose(first, upper_limit(stat, SIGMA, CLS), rtol=0.15)


def test_expected_limits_rise_with_the_band_and_follow_the_counts():
    b = np.array([0.0, 0.5, 3, 40])[:, None]
    stat = Cash.from_counts(np.full_like(b, 2), np.ones_like(b), b)
    for method in (CLS, IntervalMethod("cls", toys="exact"), IntervalMethod("feldman-cousins"),
                   IntervalMethod("bounded"), IntervalMethod("bayes")):  # fmt: skip
        found = expected_upper_limits(stat, SIGMA, method)
        assert found.shape == (4, len(EXPECTED_BANDS))
        assert (np.diff(found, axis=1) >= 0).all(), method.name
    # the median of 3 expected counts is 3, that of 40 is 40
    exact = expected_upper_limits(stat, SIGMA, IntervalMethod("bayes"), [0.0])[2:, 0]
    median = Cash.from_counts(b[2:], stat.s[2:], b[2:])
    assert (exact == upper_limit(median, SIGMA, IntervalMethod("bayes"))).all()


def test_expected_limits_of_toys_agree_with_sums():
    """One fine bin, and the same split into two of equal ratio for which toys are drawn."""
    b = np.array([[2.0], [15]])
    whole = Cash.from_counts(b, np.ones_like(b), b)
    split = Cash.from_counts(b * [0.5, 0.5], np.full((2, 2), 0.5), b * [0.5, 0.5])
    for name, bands in (("bounded", [-1.0, 0.0, 1.0]), ("bayes", [0.0])):
        sums = expected_upper_limits(whole, SIGMA, IntervalMethod(name), bands)
        toys = expected_upper_limits(split, SIGMA, IntervalMethod(name), bands)
        np.testing.assert_allclose(toys, sums, rtol=1e-6)
