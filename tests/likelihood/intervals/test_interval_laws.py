"""Laws that limits and intervals keep for random problems with everything data can contain."""

import numpy as np
import pytest
from cases.likelihood import random_counts, random_statistic

from xprofile.likelihood import Cash, Joint, NuisanceCash, WStat
from xprofile.likelihood.intervals import (
    IntervalMethod,
    expected_upper_limits,
    interval,
    one_sided_cl,
    one_sided_sigma,
    two_sided_cl,
    two_sided_sigma,
    upper_limit,
)

COUNT = 200  # problems in one example
LEVELS = [one_sided_sigma(level) for level in (0.6, 0.95, 0.9999)]
KINDS = ("cash", "wstat", "nuisance", "joint")
CASES = [(kind, method) for method in ("bounded", "cls", "bayes") for kind in KINDS]
CASES += [("single", "feldman-cousins"), ("single", "bayes")]


def random_problems(kind, seed):
    rng = np.random.default_rng(seed)
    if kind == "single":
        return Cash.from_counts(*random_counts(seed, COUNT, nbin=1, b=(-30, 6)))
    return random_statistic(kind, seed, COUNT, nbin=int(rng.integers(1, 12)))


def check_laws(stat, method, seed):
    """NaN only without signal, never below 0, rising with the level, independent of order."""
    signal = stat.slope_limit() > 0
    limits = np.array([upper_limit(stat, sigma, method) for sigma in LEVELS])
    assert (np.isfinite(limits) == signal).all()
    limits = limits[:, signal]
    assert (limits >= 0).all()
    assert (limits[1:] >= limits[:-1] * (1 - 1e-9)).all()
    some = np.random.default_rng(seed).permutation(np.flatnonzero(signal))[:9]
    part = upper_limit(stat.take(some), LEVELS[1], method)
    assert (part == limits[1, np.searchsorted(np.flatnonzero(signal), some)]).all()
    if method.name != "cls":
        low, high = interval(stat, 1.0, method)
        assert (np.isfinite([low, high]) == signal).all()
        assert (low[signal] >= 0).all()
        assert (high[signal] >= low[signal]).all()


@pytest.mark.heavy
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_laws(kind, name):
    number = 3 if kind == "nuisance" else 40  # of which extreme ones take long
    check_laws(random_problems(kind, 8).take(slice(0, number)), IntervalMethod(name), 8)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_laws_of_many_problems(kind, name):
    number = 1 if name == "bayes" else 3  # each limit of it takes longer
    for seed in range(5 * number if kind in ("single", "cash") else number):
        check_laws(random_problems(kind, seed), IntervalMethod(name), seed)


def usual_problems(kind, size=6):
    rng = np.random.default_rng(5)
    b, s = rng.uniform(0.5, 6, (size, 3)), rng.uniform(1, 3, (size, 3))
    n, m = rng.poisson(b).astype(float), rng.poisson(4 * b).astype(float)
    cash, off = Cash.from_counts(n, s, b), WStat(n, s, m, np.full_like(b, 0.25))
    return {"cash": cash, "wstat": off, "nuisance": NuisanceCash(cash, 0.2),
            "joint": Joint((cash, off))}[kind]  # fmt: skip


def scaled(stat, factor):
    """The same problems with a signal that is larger by a factor."""
    if isinstance(stat, Joint):
        return Joint(tuple(scaled(part, factor) for part in stat.parts))
    if isinstance(stat, NuisanceCash):
        return NuisanceCash(scaled(stat.cash, factor), stat.width)
    if isinstance(stat, WStat):
        return WStat(stat.n, stat.s * factor, stat.m, stat.alpha)
    return Cash.from_counts(stat.n, stat.s * factor, stat.b)


METHODS = [IntervalMethod("bounded"), IntervalMethod("cls"), IntervalMethod("bayes"),
           IntervalMethod("cls", toys=50), IntervalMethod("feldman-cousins", toys=50)]  # fmt: skip


@pytest.mark.heavy
@pytest.mark.parametrize("method", METHODS, ids=lambda m: f"{m.name}-{m.toys}")
@pytest.mark.parametrize("kind", ["cash", "wstat", "joint"])
def test_limits_do_not_depend_on_order_or_on_the_unit_of_the_signal(kind, method):
    stat = usual_problems(kind)
    found = upper_limit(stat, 1.5, method)
    order = np.array([3, 0, 5])
    assert (upper_limit(stat.take(order), 1.5, method) == found[order]).all()
    larger = upper_limit(scaled(stat, 2.0**40), 1.5, method)
    np.testing.assert_allclose(larger * 2.0**40, found, rtol=1e-10)


def test_toys_depend_on_the_seed():
    stat = usual_problems("wstat", 2)
    first, second = (
        upper_limit(stat, 1.5, IntervalMethod("cls", toys=30, seed=seed)) for seed in (1, 2)
    )
    assert (first != second).any()


def test_limits_fall_with_the_deficit():
    n = np.arange(0, 40.0)[:, None]
    stat = Cash.from_counts(n, np.ones_like(n), np.full_like(n, 18.3))
    for name in ("bounded", "cls", "bayes", "feldman-cousins"):
        found = upper_limit(stat, 1.645, IntervalMethod(name))
        assert (found > 0).all()
        assert (np.diff(found) >= 0).all(), name


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["likelihood", "bounded", "bayes", "feldman-cousins"])
@pytest.mark.parametrize("kind", ["wstat", "nuisance"])
def test_expected_limits_have_a_band(kind, name):
    stat = usual_problems(kind, 1)
    found = expected_upper_limits(stat, 1.645, IntervalMethod(name, toys=40))
    assert found.shape == (1, 5)
    assert (np.diff(found) >= 0).all()
    assert found[0, 0] < found[0, 4]


def test_confidence_levels_are_significances():
    assert two_sided_cl(1) == pytest.approx(0.6826894921370859, rel=1e-12)
    assert one_sided_cl(2) == pytest.approx(0.9772498680518208, rel=1e-12)
    for sigma in (0.1, 1, 3, 5):
        assert two_sided_sigma(two_sided_cl(sigma)) == pytest.approx(sigma, rel=1e-9)
        assert one_sided_sigma(one_sided_cl(sigma)) == pytest.approx(sigma, rel=1e-9)
