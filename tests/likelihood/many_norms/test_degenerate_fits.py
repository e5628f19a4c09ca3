"""Fits that rows hardly determine: leaks, equal columns, empty bins, rounding errors."""

import numpy as np
import pytest
from cases.many_norms import mixing
from scipy.optimize import brentq

from xprofile.likelihood.many_norms import Problems, best_fit, hesse_covariance, profile_step


def lengths(problems, fit):
    """Largest norms, in units of all counts."""
    size = np.abs(fit.x) * problems.response[0].sum(axis=0)
    return size.max(axis=1) / (1 + problems.n.sum(axis=1))


def alike(seed, rounding, ncolumn=6):
    """Three energies of the same mixing but for rounding errors, with few counts."""
    rng = np.random.default_rng(seed)
    spectrum = np.array([3.0, 1.0, 0.3])[:, None, None]
    response = (spectrum * mixing(ncolumn, 0.6)).reshape(-1, ncolumn)
    response *= 1 + rounding * rng.normal(size=response.shape)
    response[response < 1e-4] = 0
    n = rng.poisson(0.3, (3, len(response))).astype(float)
    n[:, ncolumn - 1 :: ncolumn] = 0
    return Problems.from_counts(response, n, 0.02)


def test_columns_that_are_equal_or_nearly_so():
    rng = np.random.default_rng(0)
    a = np.vstack([mixing(3, 0.7) * s for s in (4.0, 1.0)])
    a = np.column_stack([a, a[:, 0], a.sum(axis=1) + 1e-6 * rng.random(len(a))])
    problems = Problems.from_counts(a, rng.poisson(2, (3, len(a))).astype(float), 0.3)
    fit = best_fit(problems)
    assert (fit.gap < 1e-8).all()
    assert (lengths(problems, fit) < 1e9).all()


@pytest.mark.heavy
@pytest.mark.parametrize("rounding", [1e-10, 1e-8])
def test_norms_do_not_grow_to_fit_counts_with_rounding_errors(rounding):
    problems = alike(1, rounding)
    fit = best_fit(problems)
    assert (fit.gap < 1e-5).all()
    assert (lengths(problems, fit) < 100).all()


def test_leaks_into_empty_bins_do_not_hide_bright_ones():
    """Norms of two bright bins beside an empty one, which moves them by 1e-6 of a count."""
    leak = 1e-6
    a = np.array([[100.0, 0.3, leak], [0.3, 100.0, leak], [leak, leak, 1.0]])
    problems = Problems.from_counts(a, [[2500.0, 900.0, 0.0]], 0.5)
    covariance = hesse_covariance(problems, best_fit(problems))[0]
    inverse = np.linalg.inv(a[:2, :2])
    expected = inverse @ np.diag([2500.0, 900.0]) @ inverse.T
    np.testing.assert_allclose(covariance[:2, :2], expected, rtol=1e-4)
    assert np.isinf(covariance[2, 2])


def test_an_empty_bin_hides_neighbours_that_it_can_replace():
    a = np.array([[10.0, 3.0], [1.0, 1.0]])
    problems = Problems.from_counts(a, [[9.0, 0.0]], 0.5)
    assert np.isinf(np.diag(hesse_covariance(problems, best_fit(problems))[0])).all()


def test_curvature_near_the_smallest_number_is_none():
    a = np.array([[1.0, 1e-160], [0.0, 1.0]])
    problems = Problems.from_counts(a, [[4.0, 0.0]], 1.0)
    variance = np.diag(hesse_covariance(problems, best_fit(problems))[0])
    np.testing.assert_allclose(variance[0], 4.0, rtol=1e-6)
    assert np.isinf(variance[1])


def test_no_problems():
    response = np.stack([mixing(3, 0.5)] * 2)
    problems = Problems.from_counts(response, np.ones((4, 3)), 1.0)
    nothing = problems.take(np.zeros(0, int))
    assert nothing.n.shape == (0, 3)
    assert nothing.repeats == 0


def test_an_on_off_row_without_counts_holds_a_norm_while_the_other_moves():
    """Row 0 stays on its kink, so that the other has the interval of a single row."""
    a = np.array([[1.0, 0.2], [0.2, 1.0]])
    problems = Problems.from_counts(a, [0, 74], off=0.0, alpha=0.3)
    fit = best_fit(problems)
    for sign, far in ((1, 200), (-1, 20)):
        found = profile_step(problems, fit, [1], 1.0, sign)
        end = brentq(lambda s: 2 * (s - 74 - 74 * np.log(s / 74)) - 1, 74, far)
        assert not found.failed.any()
        np.testing.assert_allclose(found.values, abs(end - 74) / 0.96, rtol=1e-7)
