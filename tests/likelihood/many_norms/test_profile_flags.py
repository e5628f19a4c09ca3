"""Intervals without end, and profiles that fail."""

import numpy as np
import pytest
from cases.many_norms import mixing
from scipy.optimize import linprog

from xprofile.likelihood.many_norms import (
    Problems,
    best_fit,
    profile_rise,
    profile_step,
)
from xprofile.likelihood.many_norms.refitting import parts


def few_counts(seed, low):
    """Problems of which most rows are empty."""
    rng = np.random.default_rng(seed)
    response = np.vstack([mixing(6, rng.uniform(0.3, 0.9)) * s for s in (3.0, 1.0)])
    response[response < 1e-3] = 0  # linear programs ignore less than 1e-9
    n = rng.poisson(0.4, (3, 12)).astype(float)
    lower = np.where(rng.random(6) < low, -1.0, -np.inf)
    return Problems.from_counts(response, n, 0.5, lower=lower)


def final_slope(problems, number, column, sign):
    """Slope of C / 2 far away, by the dual program: the largest that slopes of rows can balance."""
    a, n = problems.response[0], problems.n[number]
    others = np.delete(np.arange(a.shape[1]), column)
    free = np.isinf(problems.lower[number][others])
    found = linprog(
        -sign * a[:, column],
        A_eq=a[:, others[free]].T,
        b_eq=np.zeros(free.sum()),
        A_ub=-a[:, others[~free]].T,
        b_ub=np.zeros((~free).sum()),
        bounds=[(None if counts else 0, 1) for counts in n],
    )
    return np.inf if found.fun is None else -found.fun


@pytest.mark.parametrize("low", [0, 0.5])
@pytest.mark.parametrize("sign", [+1, -1])
@pytest.mark.parametrize("seed", range(3))
def test_intervals_have_no_end_where_other_norms_replace_one(seed, sign, low):
    problems = few_counts(seed, low)
    fit = best_fit(problems)
    steps, failed = profile_step(problems, fit, range(6), 1.0, sign)
    assert not failed.any()
    for number, column in np.ndindex(steps.shape):
        if sign < 0 and np.isfinite(problems.lower[number, column]):
            assert np.isfinite(steps[number, column])
            continue
        endless = final_slope(problems, number, column, sign) < 1e-9
        assert np.isnan(steps[number, column]) == endless


def test_fits_that_fail_are_flagged(monkeypatch):
    def failing(system, z, *args, **options):
        point, converged = solve(system, z, *args, **options)
        return point, converged & False

    def unfinished(*args):
        found = quick(*args)
        found.done[:] = False
        return found

    problems = few_counts(0, 0)
    fit = best_fit(problems)
    solve, quick = parts.solve_from, parts.refit
    monkeypatch.setattr(parts, "solve_from", failing)
    monkeypatch.setattr(parts, "refit", unfinished)
    assert profile_rise(problems, fit, [2], 0.0).failed.all()
    values, failed = profile_step(problems, fit, range(6), 1.0, +1)
    assert (np.isnan(values) | ~failed).all()
    assert failed.any()
