"""Bins drawn on sky axes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases.bin_places import (
    FLAT,
)
from cases.bin_shapes import every_shape, shapes


@pytest.mark.parametrize("planar", [False, True])
@every_shape
def test_a_figure_has_one_outline_for_each_bin(name, planar):
    bins = shapes(FLAT)[name]
    bins = type(bins)(bins.shape, bins.lower, bins.upper, bins.description, bins.dim, planar=planar)
    ax = plt.figure().add_subplot(projection=FLAT.wcs)
    ax.imshow(np.zeros(FLAT.shape), origin="lower")
    paths = bins.plot(ax).get_paths()
    assert len(paths) == len(bins)
    for path, center in zip(paths, bins.center, strict=True):
        (low, high) = path.get_extents().get_points()
        middle = np.array(FLAT.wcs.world_to_pixel(center))
        assert np.all((low < middle) & (middle < high))
    plt.close("all")
