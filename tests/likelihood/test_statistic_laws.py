"""Laws that every statistic keeps, for random problems that cover everything data can contain.

Backgrounds are 0 or 1e-30 to 1e9, signals 0 or 1e-12 to 1e6, fine bins one to a hundred. Minima and
roots are verified in extended precision. Warnings are errors.
"""

import hypothesis
import numpy as np
import pytest
from cases.exact_statistics import LONG, extended
from cases.few_cases import one_in
from cases.likelihood import (
    random_counts,
    random_onoff,
    random_statistic,
    seeds,
    sizes,
)
from hypothesis import given, settings

from xprofile.estimation import solve as solver
from xprofile.estimation.problems import Problems
from xprofile.estimation.solve import FitOptions, solve_problems
from xprofile.likelihood import Cash, Joint, NuisanceCash

KINDS = ["cash", "wstat", "nuisance", "joint"]
COUNT = 100  # problems in one example
OPTIONS = FitOptions(
    1, 2, 5, ("errn-errp", "ul", "scan", "sensitivity"), np.array([-0.5, 0.0, 3.0])
)
EXACT = 1e-8  # accuracy of a step, relative to the step
ALWAYS = ["norm", "norm_err", "norm_errp", "norm_ul", "ts", "stat", "stat_null", "npred",
          "npred_excess", "stat_scan"]  # fmt: skip
NORMS = ["norm", "norm_err", "norm_errn", "norm_errp", "norm_ul", "norm_sensitivity"]

quick = settings(max_examples=6, derandomize=True, deadline=None, database=None)


def solved(stat, options=OPTIONS, count=COUNT):
    parts = stat.parts if isinstance(stat, Joint) else (stat,)
    return solve_problems(lambda block: [part.take(block) for part in parts], count, options)


def results(solution):
    """Values and flags of a solution, by name."""
    flags = {name: getattr(solution, name) for name in ("has_signal", "at_boundary", "unbounded")}
    return solution.values | flags


def check_laws(stat):
    solution, exact = solved(stat), extended(stat)
    check_which_are_nan(solution, exact)
    some = exact.any_signal()
    found = {name: values[some] for name, values in solution.values.items()}
    stat = stat.take(some)
    exact = extended(stat)
    check_best_fit(found, exact)
    x, lost = found["norm"], what_rounding_costs(found["norm"], exact)
    check_end(exact, x, found["norm_errp"], lost, +1, 1)
    below = np.isfinite(found["norm_errn"])
    exact_below = extended(stat.take(below))
    check_end(exact_below, x[below], found["norm_errn"][below], lost[below], -1, 1)
    check_end(exact, x, found["norm_ul"].astype(LONG) - x, lost, +1, 4, found["norm_ul"])
    check_sensitivity(found, exact)


def check_which_are_nan(solution, exact):
    """Results are NaN only without signal; lower ends also where the statistic never rises."""
    found, signal = solution.values, exact.any_signal()
    np.testing.assert_array_equal(solution.has_signal, signal)
    for name in ALWAYS:
        known = np.isfinite(found[name].reshape(COUNT, -1))
        np.testing.assert_array_equal(known.all(axis=1), signal, err_msg=name)
        np.testing.assert_array_equal(known.any(axis=1), signal, err_msg=name)
    assert np.isfinite(found["npred_background"]).all()
    bounded = signal & exact.bounded()
    np.testing.assert_array_equal(np.isfinite(found["norm_errn"]), bounded)
    np.testing.assert_array_equal(solution.unbounded, signal & ~bounded)
    np.testing.assert_array_equal(np.isfinite(found["norm_sensitivity"]), signal & exact.seen())
    for name in ("norm_err", "norm_errn", "norm_errp", "norm_sensitivity"):
        assert (found[name][np.isfinite(found[name])] > 0).all(), name
    assert (found["ts"][signal] >= -1e-12 * np.abs(found["stat"][signal])).all()


def spacing(x):
    return 4 * np.spacing(np.abs(x)).astype(LONG)


def what_rounding_costs(x, exact):
    """Height of the statistic at a norm above its minimum, due to the last digit of the norm."""
    start, step = x.astype(LONG), spacing(x)
    return np.maximum(-np.fmin(exact.rise(start, start + step), exact.rise(start, start - step)), 0)


def check_best_fit(found, exact):
    """The statistic rises on both sides of the best fit, which is the right end of a flat minimum.

    This is not tested within a small part of the error, or the digits of the norm.
    """
    x = found["norm"].astype(LONG)
    error = np.fmin(np.fmin(found["norm_errn"], found["norm_errp"]), found["norm_err"])
    near = EXACT * error.astype(LONG) + spacing(found["norm"])
    assert (exact.rise(x + near, x + 2 * near) > 0).all()
    assert (exact.rise(x - near, x - 2 * near) >= -1e-20).all()
    lost = what_rounding_costs(found["norm"], exact)
    for part in (1e-4, 1e-2):
        for sign in (+1, -1):
            assert (exact.rise(x, x + sign * part * error) >= -lost - 1e-20).all()


def check_end(exact, x, step, lost, sign, level, end=None):
    """A slightly shorter step is below the level, a slightly longer one above it."""
    start, step = x.astype(LONG), step.astype(LONG)
    little = EXACT * step + spacing(x) + (0 if end is None else spacing(end))
    assert (exact.rise(start, start + sign * (step - little)) <= level).all()
    assert (exact.rise(start, start + sign * (step + little)) + lost >= level).all()


def check_sensitivity(found, exact):
    norm = found["norm_sensitivity"]
    norm = np.where(np.isfinite(norm), norm, 1).astype(LONG)
    seen = exact.seen()
    assert (exact.expected(norm * (1 - EXACT)) <= 25)[seen].all()
    assert (exact.expected(norm * (1 + EXACT)) >= 25)[seen].all()


@pytest.mark.heavy
@pytest.mark.parametrize("kind", KINDS)
@settings(quick, max_examples=2)
@given(seed=seeds, nbin=sizes)
def test_laws(kind, seed, nbin):
    check_laws(random_statistic(kind, seed, COUNT, nbin=nbin))


@pytest.mark.parametrize("part", one_in(5, range(5)))
@pytest.mark.parametrize("kind", KINDS)
def test_laws_of_many_problems(kind, part):
    """20,000 problems of counts on a background, 3,000 to 10,000 of each other kind."""

    @hypothesis.seed(part)
    @settings(quick, max_examples={"cash": 40, "nuisance": 6}.get(kind, 20))
    @given(seed=seeds, nbin=sizes)
    def check(seed, nbin):
        check_laws(random_statistic(kind, seed, COUNT, nbin=nbin))

    check()


@pytest.mark.heavy
@pytest.mark.parametrize("kind", KINDS)
@settings(quick, max_examples=2)
@given(seed=seeds, nbin=sizes)
def test_problems_do_not_depend_on_each_other(kind, seed, nbin):
    """Results are the same to the last bit in any order, in blocks of any size, and alone."""
    stat = random_statistic(kind, seed, COUNT, nbin=nbin)
    found = solved(stat)
    rng = np.random.default_rng(seed)
    order, some = rng.permutation(COUNT), rng.integers(COUNT)
    shuffled = solved(stat.take(order))
    one = solved(stat.take(slice(some, some + 1)), count=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solver, "_BLOCK", int(rng.integers(10, 70)))
        blocks = solved(stat)
    for name, values in results(found).items():
        np.testing.assert_array_equal(results(shuffled)[name], values[order], err_msg=name)
        np.testing.assert_array_equal(results(blocks)[name], values, err_msg=name)
        np.testing.assert_array_equal(results(one)[name], values[some : some + 1], err_msg=name)


@pytest.mark.heavy
@pytest.mark.parametrize("kind", KINDS)
@settings(quick, max_examples=2)
@given(seed=seeds, nbin=sizes)
def test_single_precision_gives_the_same_as_double(kind, seed, nbin):
    """Arrays in single precision give the same results, to the last bit, as in double precision."""
    one = random_onoff if kind == "wstat" else random_counts
    arrays = [[values.astype("f4") for values in one(seed, COUNT, nbin=nbin)]]
    if kind == "joint":
        arrays.append([values.astype("f4") for values in random_onoff(seed, COUNT, nbin=nbin)])
    width = 0.1 if kind == "nuisance" else None
    found, double = (
        solve_problems(Problems((), (COUNT,), tuple(fine), width).statistics, COUNT, OPTIONS)
        for fine in (arrays, [[values.astype(float) for values in fine] for fine in arrays])
    )
    for name, values in results(double).items():
        assert results(found)[name].dtype == values.dtype
        np.testing.assert_array_equal(results(found)[name], values, err_msg=name)
    assert {values.dtype for values in found.values.values()} == {np.dtype(float)}
    if kind == "cash":
        check_laws(Cash.from_counts(*arrays[0]))


@pytest.mark.heavy
@pytest.mark.parametrize("width", [None, 0.1, np.inf])
@settings(quick, max_examples=2)
@given(seed=seeds, nbin=sizes)
def test_norms_are_inverse_to_the_signal(width, seed, nbin):
    n, s, b = random_counts(seed, COUNT, nbin=nbin, s=(-12, 3))
    known = [Cash.from_counts(n, factor * s, b) for factor in (1, 1024)]
    stats = known if width is None else [NuisanceCash(cash, width) for cash in known]
    found, scaled = (solved(stat).values for stat in stats)
    for name in NORMS:
        np.testing.assert_array_equal(scaled[name] * 1024, found[name], err_msg=name)
    for name in ("ts", "stat", "npred_excess"):
        np.testing.assert_array_equal(scaled[name], found[name], err_msg=name)


def assert_same_norms(one, other):
    """Best fits and limits agree to 1e-8 of the error and to their digits; so do the NaN."""
    one, other = one.values, other.values
    error = np.fmin(one["norm_errp"], one["norm_err"])
    for name in NORMS:
        np.testing.assert_array_equal(np.isnan(one[name]), np.isnan(other[name]), err_msg=name)
    known = np.isfinite(one["norm"])
    close = 2 * EXACT * error + 4 * spacing(one["norm"])
    for name in ("norm", "norm_ul"):
        far = np.abs(one[name] - other[name]) > close + 4 * spacing(one[name])
        assert not (far & known).any(), name


@pytest.mark.heavy
@pytest.mark.parametrize("nmore", [1, 7, 64])
@quick
@given(seed=seeds, nbin=sizes)
def test_fine_bins_without_signal_do_not_matter(nmore, seed, nbin):
    """Their counts and background may have any size."""
    n, s, b = random_counts(seed, COUNT, nbin=nbin)
    other, _, much = random_counts(seed + 1, COUNT, nbin=nmore)
    wide = [np.hstack(pair) for pair in ((n, other), (s, 0 * other), (b, much))]
    assert_same_norms(solved(Cash.from_counts(n, s, b)), solved(Cash.from_counts(*wide)))


@quick
@given(seed=seeds, nbin=sizes)
def test_fine_bins_with_the_same_spectrum_may_be_merged(seed, nbin):
    """Each is split into four parts, with random counts."""
    n, s, b = random_counts(seed, COUNT, nbin=nbin)
    n = np.minimum(n, 1e9)
    rng = np.random.default_rng(seed)
    parts = rng.multinomial(n.astype(int), [0.25] * 4).astype(float)
    fine = [parts.reshape(COUNT, -1), np.repeat(s / 4, 4, axis=1), np.repeat(b / 4, 4, axis=1)]
    assert_same_norms(solved(Cash.from_counts(n, s, b)), solved(Cash.from_counts(*fine)))
