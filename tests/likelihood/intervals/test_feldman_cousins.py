"""Intervals of Feldman and Cousins against tables, a direct construction, and toys."""

import numpy as np
import pytest
from astropy.table import Table
from cases.likelihood import single_cash
from scipy.special import ndtri
from scipy.stats import poisson

from xprofile.likelihood import Cash, WStat
from xprofile.likelihood.intervals import IntervalMethod, interval, two_sided_sigma, upper_limit

STEP = 0.005  # of the signal in the table
PLAIN = IntervalMethod("feldman-cousins", fc_lengthen=False)
LENGTHENED = IntervalMethod("feldman-cousins")


def single(n, b, s=1.0):
    n, b = np.broadcast_arrays(np.asarray(n, float), np.asarray(b, float))
    return Cash.from_counts(n[:, None], np.full((n.size, 1), s), b[:, None])


def limits(n, b, cl, method=PLAIN, s=1.0):
    return upper_limit(single(n, b, s), float(ndtri(cl)), method)


def test_intervals_agree_with_the_table(reference):
    table = Table.read(reference / "feldman_cousins.ecsv")
    for cl in np.unique(table["cl"]):
        rows = table[table["cl"] == cl]
        n, b = np.array(rows["counts"], float), np.array(rows["background"])
        low, high = interval(single(n, b, 4.0), two_sided_sigma(cl), PLAIN)
        # the table has the first and the last signal of its grid that are accepted
        for found, column, side in ((low, "lower", 1), (high, "upper", -1)):
            inside = side * (np.array(rows[column]) - 4 * found)
            assert (inside > -1e-9).all(), column
            assert (inside < STEP + 1e-9).all(), column
        np.testing.assert_allclose(limits(n, b, cl), 4 * high, rtol=1e-12)


def accepted(n, b, cl, signals):
    """Whether signals accept counts n, by the definition, with sums over all counts below 200."""
    counts = np.arange(200)
    best = np.maximum(counts, b)
    found = []
    for mu in signals:
        probability = poisson.pmf(counts, mu + b)
        ratio = probability / poisson.pmf(counts, best)
        order = np.lexsort((counts, -ratio))
        number = np.searchsorted(np.cumsum(probability[order]), cl) + 1
        found.append(n in counts[order[:number]])
    return np.array(found)


@pytest.mark.parametrize(
    ("n", "b", "cl"), [(0, 7.3, 0.9), (4, 1.7, 0.6827), (30, 12.5, 0.99), (55, 60, 0.8)]
)
def test_ends_follow_the_definition(n, b, cl):
    low, high = interval(single([n], b), two_sided_sigma(cl), PLAIN)
    near = 1e-6
    assert accepted(n, b, cl, [max(low[0] + near, 0), high[0] - near]).all()
    outside = high[0] + np.geomspace(near, 10, 300)
    below = low[0] - np.linspace(near, low[0], 100) if low[0] else []
    assert not accepted(n, b, cl, [*outside, *below]).any()


def test_low_levels_have_short_intervals():
    """At each signal one number of counts is enough: n between n - 1/2 and n + 1/2 for many."""
    n = np.array([0, 3, 1e4, 1e8, 1e11])
    for method in (PLAIN, LENGTHENED):
        low, high = interval(single(n, 0.0), two_sided_sigma(1e-7), method)
        np.testing.assert_allclose(high[:2], [np.exp(-1), 4**4 / 3**3 / np.e], rtol=1e-9)
        np.testing.assert_allclose(low[1:2], 3**3 / 2**2 / np.e, rtol=1e-9)
        np.testing.assert_allclose(high[3:] - n[3:], 0.5, rtol=1e-3)
        np.testing.assert_allclose(n[3:] - low[3:], 0.5, rtol=1e-3)


def test_published_value_of_a_lengthened_interval():
    assert 1.075 < limits([0], 3.0, 0.9, LENGTHENED)[0] < 1.08  # 1.08 in the table of 1998
    assert limits([0], 3.0, 0.9)[0] == pytest.approx(0.953, abs=1e-3)


@pytest.mark.parametrize(("n", "b"), [(0, 3.0), (1, 5.0), (2, 10.0), (8, 2.0), (0, 0.0)])
def test_lengthened_limit_is_the_highest_of_larger_backgrounds(n, b):
    larger = b + np.linspace(0, 12, 10_001)
    plain = limits(np.full(larger.size, n), larger, 0.9).max()
    found = limits([n], b, 0.9, LENGTHENED)[0]
    assert plain <= found * (1 + 1e-12)
    np.testing.assert_allclose(found, plain, rtol=1e-3)


def test_lengthened_limits_never_rise_with_the_background():
    background = np.concatenate([np.linspace(0, 20, 501), np.geomspace(20, 1e6, 100)])
    for n in (0, 3, 12):
        found = limits(np.full(background.size, n), background, 0.95, LENGTHENED)
        assert (np.diff(found) <= 1e-9).all()


def test_large_counts_go_over_to_a_normal_distribution():
    """At 8 standard deviations and more, the unified interval is symmetric."""
    b = np.array([1e6, 1e10])
    n = np.floor(b + 20 * np.sqrt(b))
    low, high = interval(single(n, b), 1.0, PLAIN)
    np.testing.assert_allclose((high - low) / 2, np.sqrt(n), rtol=2e-3)
    np.testing.assert_allclose((high + low) / 2, n - b, rtol=2e-3)


def test_coverage_of_exact_intervals_is_never_below_nominal():
    """Every signal belongs to the intervals of counts with a probability of 90 % or more."""
    n = np.arange(60.0)
    low, high = interval(single(n, 3.2), two_sided_sigma(0.9), PLAIN)
    for mu in np.linspace(0.01, 20, 400):
        inside = (low <= mu) & (mu <= high)
        assert poisson.pmf(n, mu + 3.2)[inside].sum() >= 0.9


@pytest.mark.parametrize("toys", [2000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_toys_agree_with_sums(toys):
    """Two fine bins with equal ratios of signal and background, for which toys are drawn.

    The share of toys has a binomial error, so the ends lie between those of levels that differ by
    four errors. Narrow ranges at an end, between steps of the counts, may be missed.
    """
    n, b = np.array([[3.0], [6], [10]]), np.array([[3.0], [1], [3]])
    split = Cash.from_counts(n * [1, 0], np.full((3, 2), 0.5), b * [0.5, 0.5])
    by_toys = IntervalMethod("feldman-cousins", toys=toys, seed=3)
    low, high = interval(split, two_sided_sigma(0.9), by_toys)
    error = 4 * np.sqrt(0.9 * 0.1 / toys)
    inner, outer = (
        interval(single(n[:, 0], b[:, 0]), two_sided_sigma(0.9 + side * error), PLAIN)
        for side in (-1, 1)
    )
    assert ((inner[1] <= high * 1.001) & (high <= outer[1] * 1.001)).all()
    assert ((outer[0] <= low * 1.001) & (low <= inner[0] * 1.06)).all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["on-off", "many"])
def test_intervals_by_toys_cover(kind):
    """Intervals of data with a signal hold it as often as they should."""
    rng, size = np.random.default_rng(2), 60
    b, s = np.array([4.0, 2, 1]), np.array([3.0, 3, 2])
    n = rng.poisson(b + s, (size, 3)).astype(float)
    arrays = n, np.tile(s, (size, 1))
    off = rng.poisson(4 * b, (size, 3)).astype(float)
    stat = Cash.from_counts(*arrays, np.tile(b, (size, 1)))
    if kind == "on-off":
        stat = WStat(*arrays, off, np.full_like(off, 0.25))
    low, high = interval(stat, 1.0, IntervalMethod("feldman-cousins", toys=400, seed=1))
    share = ((low <= 1) & (high >= 1)).mean()
    assert abs(share - 0.683) < 4 * np.sqrt(0.683 * 0.317 / size)


def test_no_signal_gives_no_interval():
    low, high = interval(single_cash(1, 0, 1), 1.0, PLAIN)
    assert np.isnan([low, high]).all()
