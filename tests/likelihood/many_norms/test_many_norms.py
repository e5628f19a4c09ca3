"""Fits of many norms: certificates, closed forms, numerical derivatives, profiles."""

import numpy as np
import pytest
from cases.few_cases import one_in
from cases.many_norms import mixing, random_problems, wild_problems

from xprofile.likelihood.many_norms import (
    Problems,
    best_fit,
    hesse_covariance,
    npred,
    profile_rise,
    profile_step,
)
from xprofile.likelihood.many_norms.rows import change, value


def check_optimal(problems, fit, *, balance=1e-5):
    """Certificate from the norms and slopes alone, and nothing lower nearby."""
    assert (fit.gap < 1e-8).all()
    a = np.broadcast_to(problems.response, (len(fit.x), *problems.response.shape[1:]))
    x = np.nan_to_num(fit.x)
    rest = np.einsum("pr,prc->pc", fit.slope, a) - fit.pull
    rest += np.einsum("pc,pcd->pd", x - problems.centre, np.broadcast_to(
        problems.penalty, (len(x), *problems.penalty.shape[1:])))  # fmt: skip
    size = a.sum(axis=1) + np.sqrt(np.einsum("pcc->pc", np.abs(problems.penalty)))
    stiff = np.abs(problems.penalty) @ np.abs(x - problems.centre)[..., None]
    assert (np.abs(rest) <= balance * size + 1e-12 * stiff[..., 0]).all()
    plain = (problems.n == 0) & (problems.alpha == 0)
    assert ((fit.slope >= 0) & (fit.slope <= 1))[plain & (a.sum(axis=2) > 0)].all()
    assert (x >= problems.lower - 1e-9 * np.abs(problems.lower))[np.isfinite(fit.x)].all()
    rng = np.random.default_rng(0)
    total = a.sum(axis=1)
    size = np.where(total > 0, 1 / np.where(total > 0, total, 1), 0)
    for length in (1e-3, 1.0, 100.0):
        to = np.maximum(x + length * size * rng.normal(size=x.shape), problems.lower)
        assert (change(problems, fit.x, to) > -1e-7).all()


@pytest.mark.parametrize("seed", range(20))
def test_random_fits_are_optimal(seed):
    problems = random_problems(seed, 10)
    check_optimal(problems, best_fit(problems))


@pytest.mark.parametrize("first", one_in(5, range(1000, 2000, 200)))
def test_ten_thousand_random_fits_are_optimal(first):
    for seed in range(first, first + 200):
        problems = random_problems(seed, 10)
        check_optimal(problems, best_fit(problems), balance=1e30)


@pytest.mark.parametrize("first", one_in(5, range(0, 300, 60)))
def test_norms_of_all_sizes_are_optimal_or_known_to_be_not(first):
    """Predictions of 1e10 counts that cancel are known to 1e-15 of them at most."""
    uncertain = 0
    for seed in range(first, first + 60):
        problems = wild_problems(seed, 10)
        fit = best_fit(problems)
        assert (fit.gap >= 0).all()
        terms = np.einsum(
            "pc,prc->p", np.abs(np.nan_to_num(fit.x)), np.broadcast_to(
                problems.response, (len(fit.x), *problems.response.shape[1:])))  # fmt: skip
        terms += (problems.n + problems.off + problems.background).sum(axis=1)
        uncertain += (fit.gap > 1e-8 + 1e-15 * terms).sum()
    assert uncertain == 0


def test_two_bins_have_a_closed_form():
    """As many norms as rows: norms are the inverse of the response times the excess."""
    a = np.array([[[4.0, 1.0], [0.5, 3.0]]])
    n, b = np.array([[30.0, 12.0], [9.0, 40.0]]), np.array([[5.0, 2.0]])
    problems = Problems.from_counts(a, n, b)
    fit = best_fit(problems)
    inverse = np.linalg.inv(a[0])
    np.testing.assert_allclose(fit.x, (n - b) @ inverse.T, rtol=1e-12)
    covariance = inverse @ (n[:, :, None] * np.eye(2)) @ inverse.T
    np.testing.assert_allclose(hesse_covariance(problems, fit), covariance, rtol=1e-10)
    np.testing.assert_allclose(npred(problems, fit), n, rtol=1e-12)


def test_the_norms_do_not_depend_on_their_units():
    problems = random_problems(3, 5)
    scale = 10.0 ** np.linspace(-12, 9, problems.response.shape[2])
    other = Problems.from_counts(problems.response * scale, problems.n, problems.background)
    plain = Problems.from_counts(problems.response, problems.n, problems.background)
    error = np.sqrt(np.einsum("pcc->pc", hesse_covariance(plain, best_fit(plain))))
    difference = best_fit(other).x * scale - best_fit(plain).x
    assert (np.abs(difference) <= 1e-8 * np.maximum(error, 1e-6)).all()


def test_columns_without_signal_are_nan_and_harm_no_others():
    a = np.vstack([mixing(4, 0.7)] * 3)
    n = np.random.default_rng(1).poisson(20, (2, 12)).astype(float)
    whole = Problems.from_counts(np.insert(a, 2, 0, axis=1), n, 3.0)
    part = Problems.from_counts(a, n, 3.0)
    fit, alone = best_fit(whole), best_fit(part)
    assert np.isnan(fit.x[:, 2]).all()
    others = [0, 1, 3, 4]
    np.testing.assert_allclose(fit.x[:, others], alone.x, rtol=1e-10)
    covariance = hesse_covariance(whole, fit)
    assert np.isnan(covariance[:, 2]).all()
    np.testing.assert_allclose(
        covariance[:, others][:, :, others], hesse_covariance(part, alone), rtol=1e-9
    )
    steps = profile_step(whole, fit, range(5), 1.0, +1).values
    assert np.isnan(steps[:, 2]).all()
    np.testing.assert_allclose(
        steps[:, others], profile_step(part, alone, range(4), 1.0, +1).values, rtol=1e-6
    )


def test_columns_that_cannot_be_told_apart_have_infinite_errors():
    a = np.array([[[1.0, 2.0, 0.0], [2.0, 4.0, 1.0], [0.0, 0.0, 3.0]]])
    problems = Problems.from_counts(a, [[10.0, 30.0, 12.0]], 1.0)
    fit = best_fit(problems)
    assert fit.gap[0] < 1e-10
    variance = np.diag(hesse_covariance(problems, fit)[0])
    assert np.isinf(variance[:2]).all()
    assert np.isfinite(variance[2])


@pytest.mark.parametrize("onoff", [False, True])
def test_covariance_is_the_inverse_of_numerical_second_derivatives(onoff):
    rng = np.random.default_rng(5)
    a = np.vstack([mixing(3, 0.8) * s for s in (20.0, 5.0)])
    options = {"alpha": 0.3, "off": rng.poisson(30, 6)} if onoff else {}
    n = rng.poisson(a @ [1.0, 2.0, 0.5] + 9).astype(float)
    problems = Problems.from_counts(a, n, 9.0, penalty=0.1 * np.eye(3), **options)
    fit = best_fit(problems)
    steps = 1e-3 * np.eye(3)
    rise = np.array([[sum(
        s * t * change(problems, fit.x, fit.x + s * u + t * v)[0]
        for s in (1, -1) for t in (1, -1)) for u in steps] for v in steps])  # fmt: skip
    numerical = np.linalg.inv(rise / (2 * 4e-6))
    np.testing.assert_allclose(hesse_covariance(problems, fit)[0], numerical, rtol=1e-4)
    gradient = [(value(problems, fit.x + u) - value(problems, fit.x - u))[0] for u in steps]
    assert np.abs(gradient).max() < 1e-6


@pytest.mark.heavy
@pytest.mark.parametrize("seed", [0, 1, 3, 5])
def test_profiles_end_where_the_statistic_has_risen(seed):
    problems = random_problems(seed, 3)
    fit = best_fit(problems)
    columns = range(problems.response.shape[2])
    for sign in (+1, -1):
        step, failed = profile_step(problems, fit, columns, 1.0, sign)
        assert not failed.any()
        known = np.isfinite(step)
        rise = profile_rise(problems, fit, columns, fit.x + sign * np.nan_to_num(step)).values
        ends = known & (fit.x + sign * step > problems.lower * (1 - 1e-9) + 1e-300)
        np.testing.assert_allclose(rise[ends & (step > 0)], 1.0, rtol=2e-6)
        assert (rise[known] < 1 + 1e-5).all()
    np.testing.assert_allclose(
        profile_rise(problems, fit, columns, fit.x).values[~np.isnan(fit.x)], 0, atol=1e-7
    )


def test_groups_and_toys_are_fitted_as_if_alone():
    rng = np.random.default_rng(2)
    a = np.stack([np.vstack([mixing(4, w)] * 2) for w in (0.5, 0.9, 1.2)])
    n = rng.poisson(6, (12, 8)).astype(float)
    whole = best_fit(Problems.from_counts(a, n, 1.0))
    for i in range(12):
        alone = best_fit(Problems.from_counts(a[i // 4], n[i], 1.0))
        np.testing.assert_allclose(whole.x[i], alone.x[0], rtol=1e-9, atol=1e-9)
