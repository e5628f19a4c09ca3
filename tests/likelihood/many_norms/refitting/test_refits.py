"""Fast fits of the other norms, beside those of the interior point with all norms."""

import numpy as np
import pytest
from cases.many_norms import mixing, random_problems

from xprofile.likelihood.many_norms import Problems, best_fit, profile_rise, profile_step
from xprofile.likelihood.many_norms.refitting import neighbours, parts

OPTIONS = {
    "plain": {},
    "limits": {"level": 0.5, "lower": 0.0},
    "on-off": {"alpha": 0.3},
    "smooth": {"smooth": 0.01},
    "backgrounds": {"width": 0.1},
    "one background": {"width": 0.1, "common": True},
}


def line(seed, level=20.0, lower=-np.inf, alpha=0.0, smooth=0.0, width=None, common=False):
    """Two problems with 30 bins along a line, two energies, and two responses."""
    rng, ncolumn = np.random.default_rng(seed), 30
    response = np.stack([np.vstack([mixing(ncolumn, w)] * 2) for w in (0.4, 0.6)])
    response[response < 1e-5] = 0
    signal = np.stack([rng.exponential(level, ncolumn) @ a.T for a in response])
    n, off = rng.poisson(signal + 0.7), rng.poisson(0.7 / 0.3, signal.shape)
    second = np.diff(np.eye(ncolumn), 2, axis=0)
    penalty = smooth * second.T @ second if smooth else None
    problems = Problems.from_counts(
        response, n, 0.7, off=off * (alpha > 0), alpha=alpha, lower=lower, penalty=penalty
    )
    if width is None:
        return problems
    column = np.zeros(2 * ncolumn, int) if common else np.tile(np.arange(ncolumn), 2)
    return problems.with_background_norms(column, width)


def slowly(monkeypatch, function, *args):
    """Results without Newton's method and without neighbours."""

    def unfinished(*args):
        found = quick(*args)
        found.done[:] = False
        return found

    quick = parts.refit
    with monkeypatch.context() as patch:
        patch.setattr(parts, "refit", unfinished)
        patch.setattr(neighbours, "_FEW", np.inf)
        return function(*args)


def check(monkeypatch, problems, columns):
    """Test statistics and steps are right to 1e-8 of the errors."""
    fit = best_fit(problems)
    found, failed = profile_rise(problems, fit, columns, 0.0)
    slow, slow_failed = slowly(monkeypatch, profile_rise, problems, fit, columns, 0.0)
    assert not failed[~slow_failed].any()
    both = ~failed & ~slow_failed & np.isfinite(slow)
    assert (np.isfinite(found) >= np.isfinite(slow)).all()
    # the statistic of any norms is an upper limit of its minimum
    np.testing.assert_array_less(found[both], slow[both] * (1 + 1e-8) + 1e-11)
    np.testing.assert_allclose(found[both], slow[both], rtol=1e-5, atol=1e-5)
    for rise, sign in ((1.0, +1), (1.0, -1), (4.0, +1)):
        steps, lost = profile_step(problems, fit, columns, rise, sign)
        slow, slow_lost = slowly(monkeypatch, profile_step, problems, fit, columns, rise, sign)
        assert not lost[~slow_lost].any()
        known = np.isfinite(slow)
        assert (np.isfinite(steps) >= known).all()
        np.testing.assert_allclose(steps[known], slow[known], rtol=1e-8, atol=0)


SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in OPTIONS if kind != "backgrounds"]


@pytest.mark.parametrize("kind", ["backgrounds", *SLOW])
def test_fits_of_near_norms_agree_with_fits_of_all(monkeypatch, kind):
    check(monkeypatch, line(0, **OPTIONS[kind]), [0, 13])


@pytest.mark.parametrize("seed", [6])
def test_fast_fits_agree_with_the_interior_point(monkeypatch, seed):
    problems = random_problems(seed, 3)
    check(monkeypatch, problems, np.flatnonzero(problems.is_norm).tolist())


def test_near_norms_are_few():
    """Small problems are made, so that the tests above compare something."""
    problems = line(0)
    found = list(neighbours.neighbourhoods(problems, best_fit(problems), np.arange(30)))
    assert sorted({int(i) for near in found for i in near.index}) == [0, 1]
    assert sum(near.norm.size for near in found) == 60
    assert max(near.columns.shape[1] for near in found) <= 15


def test_others_that_the_near_norms_leave_unbalanced_count(monkeypatch):
    """Fits of too few near norms are noticed, and done again with all."""
    problems = line(0)
    fit = best_fit(problems)
    right = profile_rise(problems, fit, range(30), 0.0).values
    monkeypatch.setattr(neighbours, "_NEAR", 0.3)
    for near in neighbours.neighbourhoods(problems, fit, np.arange(30)):
        every = np.arange(near.norm.size)
        moved = near.x.copy()
        moved[:, 0] = 0
        slope = 1 - near.problems.n / np.maximum(
            near.problems.background + np.einsum("prc,pc->pr", near.problems.response, moved),
            1e-3,
        )
        assert (near.fall(every, moved, slope) > 0).all()
    np.testing.assert_allclose(profile_rise(problems, fit, range(30), 0.0).values, right, rtol=1e-8)
