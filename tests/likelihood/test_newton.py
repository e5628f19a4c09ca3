"""Best fits and interval ends of counts on a background: closed forms, brute force, Gammapy."""

import numpy as np
import pytest
from astropy.table import Table
from cases.likelihood import random_cash, single_cash
from hypothesis import given, settings
from hypothesis import strategies as st

from xprofile.likelihood import Cash, best_fit, hesse_error, step_down, step_up


@np.errstate(all="ignore")
def exact_rise(x, step, p):
    """Rise of the statistic in extended precision, without truncation of small npred."""
    x, step, n, s, b = (v.astype(np.longdouble) for v in (x, step, p.n, p.s, p.b))
    mu = x[:, None] * s + b
    change = step[:, None] * s
    hit = (n > 0) & (s > 0)
    terms = np.where(hit, change - n * np.log1p(change / mu), 0)
    terms += np.where(n == 0, np.maximum(mu + change, 0) - np.maximum(mu, 0), 0)
    return 2 * terms.sum(axis=1)


@pytest.mark.parametrize(
    ("n", "s", "b"), [(7, 2, 3), (1, 0.5, 0), (1000, 3, 2000), (4, 1e-9, 1e-3)]
)
def test_one_bin_has_closed_forms(n, s, b):
    p = single_cash(n, s, b)
    x, kinked = best_fit(p)
    np.testing.assert_allclose(x, (n - b) / s, rtol=1e-14)
    assert not kinked
    np.testing.assert_allclose(hesse_error(p, x), np.sqrt(n) / s, rtol=1e-14)
    np.testing.assert_allclose(p.value(x), 2 * (n - n * np.log(n)), rtol=1e-14)


@pytest.mark.parametrize("b", [0.0, 0.3, 1e9])
def test_zero_counts_in_one_bin(b):
    """The largest minimum is at -b/S; from there the statistic rises by 2 S per unit norm."""
    p = single_cash(0, 0.25, b)
    x, kinked = best_fit(p)
    np.testing.assert_allclose(x, -b / 0.25, rtol=0)
    assert kinked
    assert hesse_error(p, x) == np.inf
    np.testing.assert_allclose(step_up(p, x, 4.0), 4 / (2 * 0.25), rtol=1e-14)
    assert np.isnan(step_down(p, x, 1.0))


def test_zero_counts_fall_to_the_last_kink():
    p = Cash.from_counts(np.zeros((1, 3)), np.array([[1.0, 2.0, 4.0]]), np.array([[3.0, 1.0, 8.0]]))
    x, _ = best_fit(p)
    np.testing.assert_allclose(x, -3.0, rtol=0)  # -max(b/S): below it all npred are 0


def test_best_fit_on_a_kink_between_smooth_parts():
    """Counts pull the norm down to where the npred of an empty bin reaches 0, and no further."""
    p = Cash.from_counts(np.array([[1.0, 0.0]]), np.array([[1.0, 10.0]]), np.array([[0.5, 1.0]]))
    x, kinked = best_fit(p)
    np.testing.assert_allclose(x, -0.1, rtol=1e-15)
    assert kinked


def test_no_signal_is_nan_and_counts_where_nothing_is_predicted_change_nothing():
    x, _ = best_fit(single_cash(5, 0, 2))
    assert np.isnan(x)
    alone = single_cash(5, 1, 2)
    beside = Cash.from_counts(*(np.hstack([a, [[v]]]) for a, v in zip(
        (alone.n, alone.s, alone.b), (3.0, 0.0, 0.0), strict=True)))  # fmt: skip
    np.testing.assert_allclose(best_fit(beside)[0], best_fit(alone)[0], rtol=1e-15)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("nbin", [1, 2, 11])
def test_nothing_is_below_the_best_fit(seed, nbin):
    p = random_cash(seed, nbin=nbin)
    p = p.take((p.s > 0).any(axis=1))
    x, _ = best_fit(p)
    assert np.isfinite(x).all()
    scale = np.fmin(hesse_error(p, x), step_up(p, x, 1.0))
    resolution = np.spacing(np.abs(x)) / scale  # limit from the last digit of the norm
    for part in (-1e-2, -1e-4, 1e-4, 1e-2):
        gained = exact_rise(x, part * scale, p)
        gained = gained[np.isfinite(gained)]
        assert np.all(gained >= -1e-13 - 4 * resolution[: gained.size].max())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("level", [1.0, 9.0])
def test_roots_are_where_the_statistic_has_risen(seed, level):
    p = random_cash(seed)
    p = p.take((p.s > 0).any(axis=1) & (p.b.max(axis=1) < 1e4))
    x, _ = best_fit(p)
    up, down = step_up(p, x, level), step_down(p, x, level)
    assert np.isfinite(up).all()
    np.testing.assert_allclose(exact_rise(x, up, p).astype(float), level, rtol=1e-8)
    found = np.isfinite(down)
    np.testing.assert_array_equal(found, ((p.n > 0) & (p.s > 0)).any(axis=1))
    part = p.take(found)
    np.testing.assert_allclose(
        exact_rise(x[found], -down[found], part).astype(float), level, rtol=1e-8
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.5, 2), st.floats(1.5, 6))
def test_a_higher_level_gives_a_wider_interval(seed, low, factor):
    p = random_cash(seed, count=20)
    p = p.take((p.s > 0).any(axis=1))
    x, _ = best_fit(p)
    for step in (step_up, step_down):
        near, far = step(p, x, low), step(p, x, low * factor)
        assert np.all((near < far) | np.isnan(near))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_order_and_blocks_of_problems_do_not_matter(seed):
    p = random_cash(seed, count=30)
    order = np.random.default_rng(seed).permutation(30)
    whole = best_fit(p)[0][order]
    alone = np.concatenate([best_fit(p.take(slice(i, i + 1)))[0] for i in order])
    np.testing.assert_array_equal(whole, alone)


def test_against_a_grid():
    """Best fit, errors and limit of a few bright bins, compared with a fine scan."""
    rng = np.random.default_rng(3)
    p = Cash.from_counts(
        rng.poisson(20, (4, 5)).astype(float), rng.uniform(2, 8, (4, 5)), rng.uniform(5, 20, (4, 5))
    )
    x, _ = best_fit(p)
    up, down = step_up(p, x, 1.0), step_down(p, x, 1.0)
    grid = np.linspace(-2, 8, 1_000_001)
    for i in range(4):
        mu = grid[:, None] * p.s[i] + p.b[i]
        with np.errstate(invalid="ignore", divide="ignore"):
            stat = 2 * np.sum(mu - p.n[i] * np.log(mu), axis=1)
        stat[(mu <= 0).any(axis=1)] = np.inf
        inside = grid[stat <= stat.min() + 1]
        assert grid[stat.argmin()] == pytest.approx(x[i], abs=2e-5)
        assert inside[0] == pytest.approx(x[i] - down[i], abs=2e-5)
        assert inside[-1] == pytest.approx(x[i] + up[i], abs=2e-5)


def test_gammapy_counts_table(reference):
    """Errors and limits of single counts; Gammapy's limits of zero counts are wrong."""
    table = Table.read(reference / "gammapy21_cash_counts.ecsv")
    n, b = (np.asarray(table[name], float)[:, None] for name in ("n_on", "mu_bkg"))
    p = Cash.from_counts(n, np.ones_like(n), b)
    x, _ = best_fit(p)
    np.testing.assert_allclose(x, table["n_sig"], rtol=1e-12)
    some = n[:, 0] > 0
    ts = np.abs(p.rise(x, np.zeros_like(x)))
    np.testing.assert_allclose(ts, np.abs(table["ts"]), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(step_up(p, x, 1.0)[some], table["errp"][some], rtol=1e-4)
    np.testing.assert_allclose(step_down(p, x, 1.0)[some], table["errn"][some], rtol=1e-4)
    for sigma in (2, 3):
        limit = x + step_up(p, x, float(sigma**2))
        close = {"rtol": 1e-4, "atol": 1e-4}
        np.testing.assert_allclose(limit[some], table[f"ul{sigma}"][some], **close)
        np.testing.assert_allclose(limit[~some], sigma**2 / 2 - b[~some, 0], rtol=1e-13)
