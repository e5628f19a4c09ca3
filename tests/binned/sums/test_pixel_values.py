"""Values of a plane at the pixels of bins."""

import numpy as np
import pytest

from xprofile.binned.sums.pixel_values import PixelIndex

PLANE = np.arange(35.0).reshape(5, 7)
PIXELS = {
    "whole plane": np.arange(35),
    "whole rows": np.arange(7, 28),
    "rectangle": (7 * np.arange(1, 4)[:, None] + [2, 3, 4]).ravel(),
    "rectangle but for one": np.delete((7 * np.arange(1, 4)[:, None] + [2, 3, 4]).ravel(), 4),
    "as many as a rectangle": np.array([9, 10, 11, 16, 16, 18, 23, 24, 25]),
    "sheared": np.array([9, 10, 17, 18, 25, 26]),
    "rows left out": np.array([2, 3, 16, 17, 23, 24, 30, 31]),
    "backwards": np.arange(35)[::-1],
    "one": np.array([12]),
    "none": np.empty(0, int),
}


@pytest.mark.parametrize("name", PIXELS)
def test_values_of_a_plane_are_those_of_its_pixels(name):
    pixel = PIXELS[name]
    found = PixelIndex(pixel.astype(np.int32), 7).take([PLANE])[0]
    np.testing.assert_array_equal(found, PLANE.ravel()[pixel])
    assert np.shares_memory(found, PLANE) == name.startswith(("whole", "one"))
