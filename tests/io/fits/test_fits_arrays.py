"""Arrays of FITS files in the byte order of the machine."""

import numpy as np
import pytest

from xprofile.io.fits.arrays import native_order


@pytest.mark.parametrize("code", [">f4", "<f4", ">i8", ">u2", "|b1", "|u1"])
def test_native_keeps_values_and_type(code):
    values = np.array([0, 1, 1, 0], code)
    result = native_order(values)
    assert result.dtype.isnative
    assert result.dtype == values.dtype.newbyteorder("=")
    np.testing.assert_array_equal(result, values)
