"""Slopes that are wrong along flat directions do not lead a search astray."""

import numpy as np
import pytest

from xprofile.likelihood.many_norms.refitting.parts import CheckedSlopes
from xprofile.likelihood.newton import convex_root


@pytest.mark.parametrize("error", [0.0, 1.0, 100.0])
def test_root_in_few_steps(error):
    calls = []

    def curve_of(todo):
        slopes = CheckedSlopes(todo.size, 1.0)

        def curve(step):
            calls.append(todo.size)
            value = (step * 1e-5) ** 2
            return value, slopes.checked(step, value, 2e-10 * step + error * 1e-5)

        return curve

    step = convex_root(curve_of, 1.0, np.array([1.0, 1e3]), np.full(2, 1e9))
    np.testing.assert_allclose(step, 1e5, rtol=1e-6)
    assert len(calls) < 40  # 500 without the check
