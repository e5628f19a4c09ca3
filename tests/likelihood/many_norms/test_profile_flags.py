"""Intervals without end, and profiles that fail."""

import numpy as np
import pytest
from cases.many_norms import mixing
from scipy.optimize import linprog

from xprofile.likelihood.many_norms import (
    Problems,
    best_fit,
    hesse_covariance,
    profile_rise,
    profile_step,
)
from xprofile.likelihood.many_norms.refitting import goals, parts


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


def test_limits_that_norms_far_below_bring_in_part():
    """Norms at minus 10 times all counts bring half of the limit and more, and it has an end."""
    response = np.vstack([mixing(3, 0.6) * 30, mixing(3, 0.3) * 8]).round(3)
    bend = np.array([[1.0, -2.0, 1.0]])
    n = [0, 0, 1, 0, 0, 0]
    problems = Problems.from_counts(response, n, 0.2, penalty=1e-5 * bend.T @ bend)
    fit = best_fit(problems)
    steps, failed = profile_step(problems, fit, range(3), 4.0, +1)
    # by a barrier method and Newton's, without code of the package
    np.testing.assert_allclose(steps[0], [0.138611, 0.317310, 0.260358], rtol=1e-5)
    assert not failed.any()
    rises = profile_rise(problems, fit, range(3), fit.x + steps)
    np.testing.assert_allclose(rises.values, 4, rtol=1e-6)


def test_fits_that_fail_are_flagged(monkeypatch):
    def failing(system, z, *args, **options):
        point, converged = solve(system, z, *args, **options)
        return point, converged & False

    def failing_once(system, *args):
        point, converged = iterate(system, *args)
        return point, converged & False

    def unfinished(*args):
        found = quick(*args)
        found.done[:] = False
        return found

    problems = few_counts(0, 0)
    fit = best_fit(problems)
    solve, quick, iterate = parts.solve_from, parts.refit, goals.solve_interior
    monkeypatch.setattr(parts, "solve_from", failing)
    monkeypatch.setattr(goals, "solve_interior", failing_once)
    monkeypatch.setattr(parts, "refit", unfinished)
    assert profile_rise(problems, fit, [2], 0.0).failed.all()
    values, failed = profile_step(problems, fit, range(6), 1.0, +1)
    assert (np.isnan(values) | ~failed).all()
    assert failed.any()


def almost_endless():
    """Far bins without counts: at -1e7 counts they would take the place of a norm with counts."""
    response = np.eye(5) + 0.12 * (np.eye(5, k=1) + np.eye(5, k=-1))
    response[3, 4] = 5e-7
    return Problems.from_counts(response, [[3, 5, 2, 4, 0]], 2.0)


def test_norms_that_others_hardly_replace_have_ends():
    """As if the bin that leaks by 5e-7 did not leak at all."""
    problems = almost_endless()
    response = problems.response[0].copy()
    response[3, 4] = 0
    without = Problems.from_counts(response, problems.n, 2.0)
    fits = best_fit(problems), best_fit(without)
    for sign in (+1, -1):
        found = profile_step(problems, fits[0], range(4), 1.0, sign)
        expected = profile_step(without, fits[1], range(4), 1.0, sign)
        assert not found.failed.any()
        np.testing.assert_allclose(found.values, expected.values, rtol=2e-3)


def test_steps_by_force_are_those_of_fits_with_the_norm_fixed():
    for seed in range(2):
        problems = few_counts(seed, 0.5)
        fit = best_fit(problems)
        covariance = hesse_covariance(problems, fit)
        number, column = (v.ravel() for v in np.indices(fit.x.shape))
        for sign, rise in ((+1, 1.0), (-1, 0.25)):
            for _, part in parts.blocks(problems, fit, covariance, number, column):
                found = goals.reach_by_force(part, rise, sign, patient=True)
                done = np.flatnonzero(found.done & (part.best + sign * found.step > part.lower))
                at = (part.best + sign * found.step)[done]
                assert done.size > 3
                np.testing.assert_allclose(part.take(done).rise(at).rise, rise, rtol=1e-5)


def test_hundreds_of_kinks_do_not_keep_fits_from_ending(monkeypatch):
    """No counts at all: the fits of the others end, in one try each."""
    response = np.vstack([mixing(40, 0.6)] * 4)
    problems = Problems.from_counts(response, np.zeros((1, 160)), np.linspace(0.5, 2, 160))
    fit = best_fit(problems)
    monkeypatch.setattr(parts, "_STARTS", (1e-2,))
    monkeypatch.setattr(parts, "starting_norms", None)  # which others would start from
    ts, failed = profile_rise(problems, fit, range(0, 40, 8), 0.0)
    assert not failed.any()
    np.testing.assert_allclose(ts, 0, atol=1e-9)


def test_rises_below_the_lower_limit_of_the_norm():
    response, n = np.eye(2) + 0.2, np.array([9.0, 4.0])
    problems = Problems.from_counts(response, n, 1.0, lower=8.0)
    fit = best_fit(problems)
    np.testing.assert_array_equal(fit.x, 8)

    def stat(x):
        mu = response @ x + 1
        return 2 * (mu - n * np.log(mu)).sum()

    expected = stat(np.array([0.0, 8.0])) - stat(np.array([8.0, 8.0]))
    assert profile_rise(problems, fit, [0], 0.0).values[0, 0] == pytest.approx(expected, rel=1e-9)


def test_only_the_wanted_norms():
    problems = few_counts(0, 0)
    fit = best_fit(problems)
    wanted = np.arange(18).reshape(3, 6) % 4 == 0
    every = profile_step(problems, fit, range(6), 1.0, 1)
    some = profile_step(problems, fit, range(6), 1.0, 1, wanted)
    np.testing.assert_allclose(some.values, np.where(wanted, every.values, np.nan), rtol=1e-9)
