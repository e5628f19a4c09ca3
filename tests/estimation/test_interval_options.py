"""Methods of limits and intervals in fits of many problems: blocks, scales, dask and errors."""

from dataclasses import replace

import numpy as np
import pytest

from xprofile.estimation import solve as solver
from xprofile.estimation.solve import FitOptions, solve_problems
from xprofile.exceptions import InvalidOptionError
from xprofile.likelihood import Cash
from xprofile.likelihood.intervals import IntervalMethod, interval, upper_limit

OPTIONS = FitOptions(1, 1.6448536269514722, 5, ("ul", "ul-expected"), np.array([]))
NAMES = ["norm_ul", "norm_ul_expected", "norm_lo", "norm_hi"]


def problems(size=7, nbin=2):
    rng = np.random.default_rng(3)
    b, s = rng.uniform(0.5, 5, (size, nbin)), rng.uniform(1, 2, (size, nbin))
    s[2] = 0
    return rng.poisson(b).astype(float), s, b


def solved(arrays, upper, two_sided=None, **options):
    """Solutions of counts, signal and background."""
    settings = replace(OPTIONS, upper=upper, two_sided=two_sided)
    n, s, b = arrays
    take = lambda block: [Cash.from_counts(n[block], s[block], b[block])]  # noqa: E731
    return solve_problems(take, len(n), settings, **options).values


@pytest.mark.parametrize("name", ["likelihood", "bounded", "bayes"])
def test_values_are_those_of_the_methods(name):
    arrays, method = problems(), IntervalMethod(name, toys=30)
    found, stat = solved(arrays, method, method), Cash.from_counts(*arrays)
    np.testing.assert_array_equal(found["norm_ul"], upper_limit(stat, OPTIONS.n_sigma_ul, method))
    ends = interval(stat, OPTIONS.n_sigma, method)
    np.testing.assert_array_equal([found["norm_lo"], found["norm_hi"]], ends)
    assert found["norm_ul_expected"].shape == (7, 5)
    for key in NAMES:
        known = np.isfinite(found[key].reshape(7, -1)).all(axis=1)
        assert known.sum() == 6 or key == "norm_lo"
        assert not known[2]


@pytest.mark.slow
def test_values_do_not_depend_on_blocks(monkeypatch):
    arrays, toys = problems(4), IntervalMethod("feldman-cousins", toys=30, seed=4)
    for upper in (replace(toys, toys=40), IntervalMethod("cls"), IntervalMethod("bayes", toys=9)):
        whole = solved(arrays, upper, toys)
        monkeypatch.setattr(solver, "_BLOCK", 3)
        blocks = solved(arrays, upper, toys)
        with_dask = solved(arrays, upper, toys, parallel=True)
        monkeypatch.undo()
        for name in NAMES:
            np.testing.assert_array_equal(blocks[name], whole[name], err_msg=name)
            np.testing.assert_array_equal(with_dask[name], whole[name], err_msg=name)


@pytest.mark.slow
def test_progress_moves_with_each_problem_of_many_toys():
    seen = []

    def iterate(starts):
        seen.extend(starts)
        return starts

    upper = IntervalMethod("feldman-cousins", toys=9000)
    settings = replace(OPTIONS, upper=upper, selection=("ul",))
    n, s, b = (v[:2, :1] for v in problems())
    solve_problems(lambda block: [Cash.from_counts(n[block], s[block], b[block])], 2, settings,
                   iterate)  # fmt: skip
    assert seen == [0]  # sums over counts need no toys
    seen.clear()
    n, s, b = (v[:2] for v in problems())
    few = replace(settings, upper=replace(upper, toys=8200))
    solve_problems(lambda block: [Cash.from_counts(n[block], s[block], b[block])], 2, few, iterate)
    assert seen == [0, 1]


def test_norms_and_priors_of_scaled_signals_are_those_of_the_signals():
    n, s, b = problems()
    factor = 2.0 ** np.array([-300, 500, 500, -300, -300, 500, 500])
    prior = IntervalMethod("bayes", toys=5, prior=lambda x: np.exp(-x))
    expected = solved((n, s, b), prior, prior)
    take = lambda block: [Cash.from_counts(n[block], s[block], b[block])]  # noqa: E731
    wide = IntervalMethod("bayes", toys=5, prior=_falls_with_each_signal)
    settings = replace(OPTIONS, upper=wide, two_sided=wide)
    found = solve_problems(take, 7, settings, scale=factor).values
    for name in ("norm_ul", "norm_lo", "norm_hi"):
        np.testing.assert_allclose(found[name] / factor, expected[name], rtol=1e-10)


def _falls_with_each_signal(norm):
    """The prior exp(-x) of norms that are larger by one of the factors of the test."""
    power = np.select([norm < 2.0**-200, norm > 2.0**200], [-300, 500], -2)  # -2: none of them
    return np.exp(-norm / 2.0**power)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("upper", "two_sided", "words"),
    [
        (IntervalMethod("cls", toys="exact"), None, "sum_over_energy_groups"),
        (IntervalMethod("feldman-cousins", toys="exact"), None, "toys=10000"),
        (IntervalMethod("bounded"), IntervalMethod("cls"), "feldman-cousins"),
        (IntervalMethod("bays"), None, "bayes"),
        (IntervalMethod("bayes", prior=lambda x: -x), None, "0 or more"),
    ],
)
def test_methods_that_are_not_defined_are_errors(upper, two_sided, words):
    with pytest.raises(InvalidOptionError, match=words):
        solved(problems(), upper, two_sided)


@pytest.mark.parametrize("name", ["cls", "bayes", "feldman-cousins"])
def test_significances_without_meaning_are_errors(name):
    stat = Cash.from_counts(*problems(nbin=1))
    for n_sigma in (0, -1, 30, np.nan):
        with pytest.raises(ValueError, match="significance"):
            upper_limit(stat, n_sigma, IntervalMethod(name))
