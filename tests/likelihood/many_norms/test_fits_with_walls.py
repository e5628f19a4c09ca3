"""Norms that run away beside empty bins, because predicted counts end at 0 there."""

import numpy as np
import pytest
from scipy.optimize import minimize

from xprofile.likelihood.many_norms import Problems, best_fit, fit_with_walls, fits, profile_step
from xprofile.likelihood.many_norms.rows import clipped_norms, row_signal, value

NENERGY = 8


def margin_problem(seed, nbox=24, leak=0.3, nbright=6):
    """Bright boxes and a row of faint ones, with light that leaks into both neighbours."""
    rng = np.random.default_rng(seed)
    share = 0.4 * 10 ** -np.linspace(0, 1.5, NENERGY)
    spread = leak * np.linspace(1.2, 0.6, NENERGY)
    near = np.abs(np.subtract.outer(np.arange(nbox), np.arange(nbox))) == 1
    mixing = np.eye(nbox)[:, None] + near[:, None] * spread[:, None]
    size = np.where(np.arange(nbox) < nbright, 15.0, 1.0)
    response = (60 * share[:, None] * mixing).reshape(-1, nbox)
    background = np.outer(4 * size, share).ravel()
    n = rng.poisson(background)
    n.reshape(nbox, -1)[-3] = 0
    return response, n, background


def by_scipy(response, n, background):
    """Minimum of the Poisson likelihood where predicted counts are positive."""
    seen = n > 0

    def stat(x):
        mu = response @ x + background
        return 2 * (mu.sum() - n[seen] @ np.log(np.maximum(mu[seen], 1e-12)))

    def slope(x):
        mu = np.maximum(response @ x + background, 1e-12)
        return 2 * (response.sum(axis=0) - (n[seen] / mu[seen]) @ response[seen])

    positive = {
        "type": "ineq", "fun": lambda x: response @ x + background, "jac": lambda _: response
    }  # fmt: skip
    start = np.full(response.shape[1], 0.01)
    options = {"maxiter": 1000, "ftol": 1e-13}
    return minimize(stat, start, jac=slope, method="SLSQP", constraints=positive, options=options).x


@pytest.mark.heavy
@pytest.mark.parametrize(("seed", "nbox", "leak"), [(1, 24, 0.3), (2, 24, 0.3), (4, 30, 0.4)])
def test_fits_that_run_away_are_those_of_scipy_with_positive_counts(seed, nbox, leak, monkeypatch):
    """Norms of 3 times the counts count as running here, so that small problems have walls."""
    monkeypatch.setattr(fits, "_OVERSHOOTS", 3.0)
    case = margin_problem(seed, nbox, leak)
    problems = Problems.from_counts(*case)
    fitted, fit = fit_with_walls(problems)
    expected = by_scipy(*case)
    np.testing.assert_allclose(fit.x[0], expected, rtol=0, atol=1e-5)
    assert abs(value(problems, fit.x) - value(problems, expected[None])) < 1e-4
    assert fit.gap < 1e-9
    assert (row_signal(problems, fit.x) > 0).all()
    assert fit.on_kink.any()
    steps = profile_step(fitted, fit, range(5), 1.0, +1)
    assert not steps.failed.any()
    assert ((steps.values > 0.01) & (steps.values < 1)).all()


def test_other_fits_stay_as_they_are():
    problems = Problems.from_counts(*margin_problem(0))
    fitted, fit = fit_with_walls(problems)
    assert fitted is problems
    np.testing.assert_array_equal(fit.x, best_fit(problems).x)


def clipped_minimum(response, n, background):
    """Minimum where empty rows have counts of their own, above 0 and above the predicted ones."""
    seen, size = n > 0, response.shape[1]
    empty, number = response[~seen], np.count_nonzero(~seen)

    def stat(z):
        mu = np.maximum(response[seen] @ z[:size] + background[seen], 1e-12)
        return 2 * (mu.sum() - n[seen] @ np.log(mu) + z[size:].sum())

    rows = np.block([[-empty, np.eye(number)], [np.zeros((number, size)), np.eye(number)]])
    ends = np.append(-background[~seen], np.zeros(number))
    positive = {"type": "ineq", "fun": lambda z: rows @ z + ends, "jac": lambda _: rows}
    start = np.append(np.full(size, 0.01), background[~seen] + 1)
    options = {"maxiter": 1000, "ftol": 1e-14}
    return minimize(stat, start, method="SLSQP", constraints=positive, options=options).x[:size]


@pytest.mark.parametrize("seed", range(3))
def test_clipped_fits_are_minima_of_the_clipped_statistic_and_are_flagged(seed):
    """Two columns that only differ a little, of which one falls below 0 counts in empty rows."""
    rng = np.random.default_rng(seed)
    response = np.stack([np.linspace(1, 3, 8), np.linspace(3, 1, 8)], axis=1)
    n = np.array([3, 2, 1, 1, 0, 0, 0, 0]) + rng.poisson(0.3, 8) * (np.arange(8) < 4)
    background = np.full(8, 0.05)
    problems = Problems.from_counts(response, n, background)
    fit = best_fit(problems)
    expected = clipped_minimum(response, n.astype(float), background)
    np.testing.assert_allclose(fit.x[0], expected, rtol=0, atol=1e-5)
    assert row_signal(problems, fit.x).min() < -0.1
    assert clipped_norms(problems, fit.x).tolist() == [[True, False]]
    more = Problems.from_counts(response, n + 5, background)
    assert not clipped_norms(more, best_fit(more).x).any()
    alone = Problems.from_counts(response[:, :1], n, background)
    assert not clipped_norms(alone, np.full((1, 1), -2.0)).any()
