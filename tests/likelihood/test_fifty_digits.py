"""20,000 problems with extreme numbers, against brackets in 50 digits.

Counts, signal, background and the ratio of acceptances are log-uniform over the whole range that
data may have, each fine bin by itself.
"""

import mpmath
import numpy as np
import pytest
from cases.exact_statistics import extended
from cases.few_cases import one_in
from cases.fifty_digits import value_and_slope

from xprofile.estimation.solve import FitOptions, solve_problems
from xprofile.likelihood import Cash, NuisanceCash, WStat

OPTIONS = FitOptions(1, 2, 5, ("errn-errp", "ul"), np.array([]))
EXACT = 1e-8  # of the error, as the documentation says
KINDS = ["cash", "wstat", "free", "joint"]


def log_uniform(rng, low, high, shape, zeros):
    values = 10 ** rng.uniform(low, high, shape)
    return np.where(rng.random(shape) < zeros, 0, values)


def part(rng, kind, shape):
    """Name and arrays of one data set, (nproblem, nbin)."""
    n = np.rint(log_uniform(rng, -0.3, 6, shape, 0.15))
    s = log_uniform(rng, -12, 6, shape, 0.15)
    if kind != "wstat":
        return kind, n, s, log_uniform(rng, -30, 9, shape, 0.15)
    m = np.rint(log_uniform(rng, -0.3, 6, shape, 0.15))
    return kind, n, s, m, 10 ** rng.uniform(-3, 3, shape)


def statistic(kind, *arrays):
    if kind == "wstat":
        return WStat(*arrays)
    cash = Cash.from_counts(*arrays)
    return cash if kind == "cash" else NuisanceCash(cash, np.inf)


def solved(parts, options=OPTIONS):
    stats = [statistic(*part) for part in parts]
    size = len(parts[0][1])
    return solve_problems(lambda block: [stat.take(block) for stat in stats], size, options)


def row(parts, i):
    return [(kind, *(array[i] for array in arrays)) for kind, *arrays in parts]


def wrong_results(problem, found):
    """Names of the results of one problem that are not within their brackets."""
    x, wrong = found["norm"], []
    error = np.nanmin([found["norm_err"], found["norm_errn"], found["norm_errp"]])
    with mpmath.workdps(80):
        near = mpmath.mpf(EXACT * error) + 4 * mpmath.mpf(np.spacing(abs(x)))
        slopes = [value_and_slope(problem, mpmath.mpf(x) + sign * near)[1] for sign in (-1, +1)]
        # a free background that replaces the signal leaves a flat minimum, 0 but for rounding
        if not (slopes[1] > 0 and slopes[0] <= slopes[1] * mpmath.mpf(10) ** -50):
            wrong.append("norm")
        lowest = value_and_slope(problem, x)[0]
        for name, sign, rise in (("norm_errp", 1, 1), ("norm_errn", -1, 1), ("norm_ul", 1, 4)):
            if not np.isfinite(found[name]):
                continue
            end = mpmath.mpf(found[name])
            step = end - x if name == "norm_ul" else end
            little = EXACT * step + near + 4 * mpmath.mpf(np.spacing(abs(float(end))))
            ends = [value_and_slope(problem, x + sign * (step + off))[0] - lowest
                    for off in (-little, little)]  # fmt: skip
            if not ends[0] <= rise <= ends[1]:
                wrong.append(name)
    return wrong


def check(kind, count, seed):
    rng = np.random.default_rng(seed)
    shape = (count, int(rng.integers(1, 5)))
    kinds = [str(rng.choice(["cash", "free"])), "wstat"] if kind == "joint" else [kind]
    parts = [part(rng, one, shape) for one in kinds]
    solution = solved(parts)
    exact = [extended(statistic(*one)) for one in parts]
    signal = np.any([one.any_signal() for one in exact], axis=0)
    bounded = signal & np.any([one.bounded() for one in exact], axis=0)
    np.testing.assert_array_equal(np.isfinite(solution.values["norm"]), signal)
    np.testing.assert_array_equal(np.isfinite(solution.values["norm_errn"]), bounded)
    for i in np.flatnonzero(signal):
        found = {name: values[i] for name, values in solution.values.items()}
        wrong = wrong_results(row(parts, i), found)
        assert not wrong, (wrong, row(parts, i), found)


@pytest.mark.heavy
@pytest.mark.parametrize("kind", KINDS)
def test_brackets(kind):
    for seed in range(2):
        check(kind, 20, seed)


@pytest.mark.parametrize("first", one_in(5, range(100, 150, 10)))
@pytest.mark.parametrize("kind", KINDS)
def test_brackets_of_20_000_problems(kind, first):
    """5,000 of each kind."""
    for seed in range(first, first + 10):
        check(kind, 100, seed)


ABSURD_FREE = [("free", [[720771, 502004]], [[0, 32.20878563054945]],
                [[2.598487305548801e-08, 10216384.556676345]])]  # fmt: skip
ABSURD_JOINT = [
    ("free", [[1]], [[109191.6575428173]], [[1701.9815729784261]]),
    ("wstat", [[356023]], [[2.7955030502692896e-10]], [[232815]], [[3.92405793688027]]),
]


def single(parts):
    parts = [(kind, *(np.array(array, float) for array in arrays)) for kind, *arrays in parts]
    solution = solved(parts)
    return row(parts, 0), {name: values[0] for name, values in solution.values.items()}


def test_a_free_background_of_1e13_times_the_prediction():
    """720771 counts where 2.6e-8 are predicted: the norm of the background is 2.8e13.

    So the other fine bin has 2.8e20 predicted background counts, and only a norm of -8.8e18 leaves
    its 502004 counts. Both are fitted exactly. The error is that of the background's norm.
    """
    problem, found = single(ABSURD_FREE)
    assert not wrong_results(problem, found)
    beta = 720771 / 2.598487305548801e-08
    slope = 10216384.556676345 / 32.20878563054945
    np.testing.assert_allclose(found["norm"], -beta * slope, rtol=1e-12)
    np.testing.assert_allclose(found["norm_err"], beta * slope / np.sqrt(720771), rtol=1e-6)
    np.testing.assert_allclose(found["norm_errp"], found["norm_err"], rtol=1e-3)


def test_a_free_background_leaves_the_norm_to_the_other_data_set():
    """With one fine bin it replaces all signal; the deficit of the on counts decides the norm."""
    problem, found = single(ABSURD_JOINT)
    assert not wrong_results(problem, found)
    alone = single(ABSURD_JOINT[1:])[1]
    for name in ("norm", "norm_err", "norm_errn", "norm_errp", "norm_ul"):
        np.testing.assert_allclose(found[name], alone[name], rtol=1e-6, err_msg=name)
    off, signal = 3.92405793688027 * 232815, 2.7955030502692896e-10
    np.testing.assert_allclose(found["norm"], (356023 - off) / signal, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6, 1e15])
def test_errors_do_not_lose_digits_where_signal_and_background_cancel(scale):
    """Much background in one fine bin, and a measured norm of it in another."""
    parts = [("free", [[400, 900]], [[0, 2.0]], [[1 / scale, 7.0]])]
    problem, found = single(parts)
    assert not wrong_results(problem, found)
    error = np.sqrt(900 + (7 * scale) ** 2 * 400) / 2
    np.testing.assert_allclose(found["norm_err"], error, rtol=1e-9)
