"""Cubic interpolation of many curves."""

import numpy as np

from xprofile.profile.interpolation import interpolate, sort_nodes


class TestInterpolation:
    def test_cubics_are_exact(self):
        rng = np.random.default_rng(1)
        x = rng.uniform(-3, 3, (5, 9))
        factors = rng.normal(size=(4, 5, 1))
        at = np.sort(x)[:, [0, -1]] @ np.array([[0.9, 0.5, 0.2, 0], [0.1, 0.5, 0.8, 1]])
        found = interpolate(*sort_nodes(x, cubic(factors, x), x > -9), at)
        np.testing.assert_allclose(found, cubic(factors, at), rtol=1e-9)

    def test_fewer_nodes_and_none(self):
        x, y = np.array([[1, 3, 2.0], [1, 3, 2.0], [1, 3, 2.0]]), np.array([[1, 9, 4.0]] * 3)
        known = np.array([[True, True, True], [True, True, False], [False] * 3])
        found = interpolate(*sort_nodes(x, y, known), np.full((3, 2), [2.5, 3.5]))
        np.testing.assert_allclose(found[:2, 0], [6.25, 7])
        assert np.isnan(found[2]).all()
        assert np.isnan(found[:, 1]).all()

    def test_nodes_that_come_twice(self):
        x = np.array([0, 1, 1, 2, 2, 2, 3, 4.0])
        at = np.array([0.5, 1, 2, 3.7])
        found = interpolate(*sort_nodes(x, x**3, np.isfinite(x)), at)
        np.testing.assert_allclose(found, at**3, rtol=1e-12)

    def test_a_step_does_not_spoil_its_neighbours(self):
        x = np.arange(10.0)
        y = np.where(x < 4, x - 100, x**2)
        at = np.array([4.5, 5.5, 8.5, 0.5, 2.5])
        found = interpolate(*sort_nodes(x, y, x > -1), at)
        np.testing.assert_allclose(found, [20.25, 30.25, 72.25, -99.5, -97.5], rtol=1e-12)


def cubic(factors, x):
    return factors[0] + factors[1] * x + factors[2] * x**2 + factors[3] * x**3
