"""Comparisons of Datasets."""

import numpy as np


def same(found, expected):
    """Assert that Datasets have equal variables, floats to 1e-12 of each value."""
    assert set(found.variables) == set(expected.variables)
    for name, values in expected.variables.items():
        other = found[name].variable
        assert other.dims == values.dims, name
        assert other.dtype == values.dtype, name
        if values.dtype.kind == "f":
            np.testing.assert_allclose(other, values, rtol=1e-12, atol=0, err_msg=name)
        else:
            np.testing.assert_array_equal(other, values, err_msg=name)
