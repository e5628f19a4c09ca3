"""Laws that every statistic keeps, for random problems over all that data can hold.

Backgrounds are 0 or 1e-30 to 1e9, signals 0 or 1e-12 to 1e6, fine bins one to a hundred. Minima and
roots are verified in extended precision. Warnings are errors.
"""

import numpy as np
import pytest
from cases.likelihood import (
    LONG,
    extended,
    random_counts,
    random_onoff,
    random_statistic,
    seeds,
    sizes,
)
from hypothesis import given, settings

from xprofile.estimation import solve as solver
from xprofile.estimation.problems import Problems
from xprofile.estimation.solve import Wanted, solve
from xprofile.likelihood import Cash, Joint, NuisanceCash

KINDS = ["cash", "wstat", "nuisance", "joint"]
COUNT = 200  # problems of an example
WANTED = Wanted(1, 2, 5, ("errn-errp", "ul", "scan", "sensitivity"), np.array([-0.5, 0.0, 3.0]))
EXACT = 1e-8  # of a step
ALWAYS = ["norm", "norm_err", "norm_errp", "norm_ul", "ts", "stat", "stat_null", "npred",
          "npred_excess", "stat_scan"]  # fmt: skip
NORMS = ["norm", "norm_err", "norm_errn", "norm_errp", "norm_ul", "norm_sensitivity"]

quick = settings(max_examples=6, derandomize=True, deadline=None, database=None)


def solved(stat, wanted=WANTED, count=COUNT):
    parts = stat.parts if isinstance(stat, Joint) else (stat,)
    return solve(lambda block: [part.take(block) for part in parts], count, wanted)


def check_laws(stat):
    found, exact = solved(stat), extended(stat)
    check_what_is_nan(stat, found, exact)
    some = exact.any_signal()
    found = {name: values[some] for name, values in found.items()}
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


def check_what_is_nan(stat, found, exact):
    """NaN only without signal, lower ends also where nothing keeps the norm from below."""
    signal = exact.any_signal()
    for name in ALWAYS:
        known = np.isfinite(found[name].reshape(COUNT, -1))
        np.testing.assert_array_equal(known.all(axis=1), signal, err_msg=name)
        np.testing.assert_array_equal(known.any(axis=1), signal, err_msg=name)
    assert np.isfinite(found["npred_background"]).all()
    bounded = signal & exact.bounded()
    np.testing.assert_array_equal(np.isfinite(found["norm_errn"]), bounded)
    np.testing.assert_array_equal(found["_unbounded"] == 1, signal & ~bounded)
    np.testing.assert_array_equal(np.isfinite(found["norm_sensitivity"]), signal & exact.seen())
    for name in ("norm_err", "norm_errn", "norm_errp", "norm_sensitivity"):
        assert (found[name][np.isfinite(found[name])] > 0).all(), name
    assert (found["ts"][signal] >= -1e-12 * np.abs(found["stat"][signal])).all()


def spacing(x):
    return 4 * np.spacing(np.abs(x)).astype(LONG)


def what_rounding_costs(x, exact):
    """How far the statistic at a norm is above its least where the norm has no more digits."""
    start, step = x.astype(LONG), spacing(x)
    return np.maximum(-np.fmin(exact.rise(start, start + step), exact.rise(start, start - step)), 0)


def check_best_fit(found, exact):
    """The statistic rises away from the best fit on both sides; of flat ones it is the right end.

    Nearer than a small part of the error, or the digits of the norm, nothing is said.
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
    """A step a little shorter is below the level, one a little longer above it."""
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


@pytest.mark.parametrize("kind", KINDS)
@settings(quick, max_examples=3)
@given(seed=seeds, nbin=sizes)
def test_laws(kind, seed, nbin):
    check_laws(random_statistic(kind, seed, COUNT, nbin=nbin))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_laws_of_many_problems(kind):
    """100,000 of counts on a background, 3,000 to 10,000 of each other kind."""

    @settings(quick, max_examples={"cash": 500, "nuisance": 15}.get(kind, 50))
    @given(seed=seeds, nbin=sizes)
    def check(seed, nbin):
        check_laws(random_statistic(kind, seed, COUNT, nbin=nbin))

    check()


@pytest.mark.parametrize("kind", KINDS)
@settings(quick, max_examples=3)
@given(seed=seeds, nbin=sizes)
def test_problems_do_not_know_of_each_other(kind, seed, nbin):
    """Results are the same to the bit in any order, in blocks of any size, and alone."""
    stat = random_statistic(kind, seed, COUNT, nbin=nbin)
    found = solved(stat)
    rng = np.random.default_rng(seed)
    order, some = rng.permutation(COUNT), rng.integers(COUNT)
    shuffled = solved(stat.take(order))
    one = solved(stat.take(slice(some, some + 1)), count=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solver, "_BLOCK", int(rng.integers(10, 70)))
        blocks = solved(stat)
    for name, values in found.items():
        np.testing.assert_array_equal(shuffled[name], values[order], err_msg=name)
        np.testing.assert_array_equal(blocks[name], values, err_msg=name)
        np.testing.assert_array_equal(one[name], values[some : some + 1], err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
@quick
@given(seed=seeds, nbin=sizes)
def test_single_precision_is_what_it_says(kind, seed, nbin):
    """Arrays of single precision give, to the bit, what the same numbers give in double."""
    one = random_onoff if kind == "wstat" else random_counts
    arrays = [[values.astype("f4") for values in one(seed, COUNT, nbin=nbin)]]
    if kind == "joint":
        arrays.append([values.astype("f4") for values in random_onoff(seed, COUNT, nbin=nbin)])
    width = 0.1 if kind == "nuisance" else None
    found, double = (
        solve(Problems((), (COUNT,), tuple(fine), width).take, COUNT, WANTED)
        for fine in (arrays, [[values.astype(float) for values in fine] for fine in arrays])
    )
    for name, values in double.items():
        assert found[name].dtype == np.float64
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    if kind == "cash":
        check_laws(Cash.of(*arrays[0]))


@pytest.mark.parametrize("width", [None, 0.1, np.inf])
@quick
@given(seed=seeds, nbin=sizes)
def test_a_signal_1024_times_as_large_has_norms_so_much_smaller(width, seed, nbin):
    n, s, b = random_counts(seed, COUNT, nbin=nbin, s=(-12, 3))
    found, scaled = (
        solved(Cash.of(n, f * s, b) if width is None else NuisanceCash(Cash.of(n, f * s, b), width))
        for f in (1, 1024)
    )
    for name in NORMS:
        np.testing.assert_array_equal(scaled[name] * 1024, found[name], err_msg=name)
    for name in ("ts", "stat", "npred_excess"):
        np.testing.assert_array_equal(scaled[name], found[name], err_msg=name)


def assert_same_norms(one, other):
    """Best fits, ends and sensitivities are the same to 1e-8 of the error and to their digits."""
    error = np.fmin(one["norm_errp"], one["norm_err"])
    for name in NORMS:
        np.testing.assert_array_equal(np.isnan(one[name]), np.isnan(other[name]), err_msg=name)
    known = np.isfinite(one["norm"])
    close = 2 * EXACT * error + 4 * spacing(one["norm"])
    for name in ("norm", "norm_ul"):
        far = np.abs(one[name] - other[name]) > close + 4 * spacing(one[name])
        assert not (far & known).any(), name


@pytest.mark.parametrize("nmore", [1, 7, 64])
@quick
@given(seed=seeds, nbin=sizes)
def test_fine_bins_without_signal_tell_nothing(nmore, seed, nbin):
    """However many counts or background they have."""
    n, s, b = random_counts(seed, COUNT, nbin=nbin)
    other, _, much = random_counts(seed + 1, COUNT, nbin=nmore)
    wide = [np.hstack(pair) for pair in ((n, other), (s, 0 * other), (b, much))]
    assert_same_norms(solved(Cash.of(n, s, b)), solved(Cash.of(*wide)))


@quick
@given(seed=seeds, nbin=sizes)
def test_fine_bins_with_the_same_spectrum_may_be_merged(seed, nbin):
    """Each in four parts, with the counts as they come."""
    n, s, b = random_counts(seed, COUNT, nbin=nbin)
    n = np.minimum(n, 1e9)
    rng = np.random.default_rng(seed)
    parts = rng.multinomial(n.astype(int), [0.25] * 4).astype(float)
    fine = [parts.reshape(COUNT, -1), np.repeat(s / 4, 4, axis=1), np.repeat(b / 4, 4, axis=1)]
    assert_same_norms(solved(Cash.of(n, s, b)), solved(Cash.of(*fine)))
