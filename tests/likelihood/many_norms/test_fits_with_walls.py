"""Norms that run away beside empty bins, because predicted counts end at 0 there."""

import numpy as np
import pytest
from scipy.optimize import minimize

from xprofile.likelihood.many_norms import Problems, best_fit, fit_with_walls, fits, profile_step
from xprofile.likelihood.many_norms.rows import row_signal, value

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
