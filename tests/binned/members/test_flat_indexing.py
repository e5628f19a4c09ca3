"""Places of pixels in a map whose columns are reversed and thinned."""

import numpy as np
from cases.maps import make_wcs

from xprofile.binned.members.flat_indexing import flat_index
from xprofile.maps.pixelgrid import PixelGrid


def test_places_are_those_in_the_axes_of_the_map():
    grid = PixelGrid(make_wcs(), np.array([9.0, 6, 3]), np.array([2.0, 3]))
    x, y = np.arange(1.0, 12), np.arange(5.0)[:, None]
    expected = np.full((5, 11), -1)
    expected[2, [8, 5, 2]], expected[3, [8, 5, 2]] = [0, 1, 2], [3, 4, 5]
    np.testing.assert_array_equal(flat_index(grid, x, y), expected)
