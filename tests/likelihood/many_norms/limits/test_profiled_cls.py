"""CLs limits of one norm with all others fitted, against scipy and the method for a single norm."""

import numpy as np
import pytest
from cases.few_cases import one_in
from cases.profiled_cls import Model
from cases.profiled_cls import cls_limit as limit_by_scipy
from scipy.special import ndtri

from xprofile.likelihood import Cash
from xprofile.likelihood.intervals import (
    EXPECTED_BANDS,
    IntervalMethod,
    expected_upper_limits,
    upper_limit,
)
from xprofile.likelihood.many_norms import Problems, best_fit, profile_step
from xprofile.likelihood.many_norms.limits.cls import cls_limit, expected_cls_limits

N_SIGMA = -float(ndtri(0.05))
FEW = [2, 3, 7, 8, 9, 11]  # each kind of background, with other norms free and bounded


def limits(problems, columns, n_sigma=N_SIGMA):
    fit = best_fit(problems)
    step = profile_step(problems, fit, columns, n_sigma**2, 1).values
    found = cls_limit(problems, fit, columns, n_sigma, fit.x[:, columns] + step)
    assert not found.failed.any()
    return found.values


def random_problem(seed):
    """Known, uncertain or measured backgrounds, with other norms free or bounded."""
    rng = np.random.default_rng(seed)
    nbin, nfine = rng.integers(2, 6), rng.integers(1, 4)
    apart = np.arange(nbin)[:, None] - np.arange(nbin)
    mixing = np.exp(-0.5 * (apart / rng.uniform(0.3, 1)) ** 2)
    size = rng.uniform(0.5, 2, nbin) * 10 ** rng.uniform(0, 2)
    spectrum = rng.dirichlet(np.ones(nfine))
    mixed = np.einsum("ij,j,k->ikj", mixing / mixing.sum(axis=0), size, spectrum)
    a = mixed.reshape(-1, nbin)
    b = rng.uniform(0.5, 2, len(a)) * 10 ** rng.uniform(-0.5, 1.5)
    kind, bounded = rng.choice(["known", "width", "onoff"]), rng.random() < 0.5
    n = rng.poisson(a @ (rng.uniform(0, 1, nbin) * 10 ** rng.uniform(-1, 0.5)) + b)
    least = 0 if bounded else 1  # without kinks, which scipy does not know
    n, given = np.maximum(n, least), {}
    if kind == "width":
        given["width"] = rng.uniform(0.05, 0.5)
    if kind == "onoff":
        given["alpha"] = rng.uniform(0.2, 1, len(a))
        given["off"] = np.maximum(rng.poisson(b / given["alpha"]), least).astype(float)
    return Model(a, n, b, lower=0.0 if bounded else None, **given), int(rng.integers(nbin))


def compare(seeds):
    for seed in seeds:
        model, column = random_problem(seed)
        onoff = model.alpha is not None
        problems = Problems.from_counts(
            model.a,
            model.n,
            0 if onoff else model.b,
            off=model.off if onoff else 0,
            alpha=model.alpha if onoff else 0,
            lower=-np.inf if model.lower is None else model.lower,
        )
        if model.width is not None:
            problems = problems.with_background_norms(np.arange(len(model.n)), model.width)
        found = limits(problems, [column])[0, 0]
        assert found == pytest.approx(limit_by_scipy(model, column), rel=1e-6), seed


def test_random_problems_against_scipy():
    compare(FEW)


@pytest.mark.parametrize("first", one_in(5, range(0, 200, 40)))
def test_many_random_problems_against_scipy(first):
    compare(set(range(first, first + 40)).difference(FEW))


def alone(seed=1, size=16):
    """Problems of which no norm reaches the row of another; counts far below the background too."""
    rng = np.random.default_rng(seed)
    s, b = 10 ** rng.uniform(-2, 2, size), 10 ** rng.uniform(-6, 3, size)
    return rng.poisson(b * rng.uniform(0, 2, size)).astype(float), s, b


def test_norms_that_share_no_row_have_the_limits_of_single_norms():
    n, s, b = alone()
    b[:2] = 0
    problems = Problems.from_counts(np.diag(s), n, b)
    columns = list(range(n.size))
    stat = Cash.from_counts(n[:, None], s[:, None], b[:, None])
    for n_sigma in (N_SIGMA, 5.0):
        want = upper_limit(stat, n_sigma, IntervalMethod("cls"))
        np.testing.assert_allclose(limits(problems, columns, n_sigma)[0], want, rtol=1e-8)
    fit = best_fit(problems)
    found = expected_cls_limits(
        problems, fit, columns, N_SIGMA, EXPECTED_BANDS, np.ones((1, n.size), bool)
    )
    want = expected_upper_limits(stat, N_SIGMA, IntervalMethod("cls"))
    np.testing.assert_allclose(found.values[0], want, rtol=1e-8)
    assert not found.failed.any()


def test_limits_rise_with_the_level_and_do_not_depend_on_the_unit_of_norms():
    model, _ = random_problem(3)
    columns = list(range(model.nnorm))
    at = [
        limits(Problems.from_counts(model.a, model.n, model.b), columns, s) for s in (0.5, 1, 2, 4)
    ]
    assert (np.diff(at, axis=0) > 0).all()
    assert (at[0] > 0).all()
    large = limits(Problems.from_counts(model.a * 1e6, model.n, model.b), columns, 2)
    np.testing.assert_allclose(large * 1e6, at[2], rtol=1e-9)


def test_norms_without_a_limit_are_nan():
    response = np.array([[1.0, 1.0], [0.0, 0.0]])  # each norm replaces the other
    problems = Problems.from_counts(response, [3.0, 1.0], 1.0)
    assert np.isnan(limits(problems, [0, 1])).all()
    bounded = Problems.from_counts(response, [3.0, 1.0], 1.0, lower=0)
    assert np.isfinite(limits(bounded, [0, 1])).all()
