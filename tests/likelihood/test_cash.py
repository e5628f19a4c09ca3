"""Changes of the Cash statistic keep their digits."""

import numpy as np
from cases.likelihood import random_cash, single_cash

from xprofile.likelihood import best_fit


def test_rise_keeps_small_steps_on_a_huge_background():
    p = single_cash(1_000_000_000, 1.0, 999_968_377.0)
    x, _ = best_fit(p)
    step = np.array([31.622776])  # a thousandth of the error
    np.testing.assert_allclose(p.rise(x, x + step), step**2 / 1e9, rtol=1e-4)


def test_rise_is_the_difference_of_the_statistic():
    p = random_cash(9, count=200)
    p = p.take((p.s > 0).any(axis=1) & (p.b.max(axis=1) < 1e3))
    x, _ = best_fit(p)
    for to in (np.zeros_like(x), x + 1, x - 1):
        stat, other = p.value(x), p.value(to)
        size = np.abs(stat) + np.abs(other) + 1
        np.testing.assert_allclose((other - stat) / size, p.rise(x, to) / size, atol=1e-10)
