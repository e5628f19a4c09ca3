"""Bounds of distances to edges: directions in different bins are farther apart than they say."""

import numpy as np
import pytest
from astropy.coordinates import Galactic
from cases.all_bins import KINDS

from xprofile.bins.shapes.clearance import clearance_finder
from xprofile.maps.sphere import unit_vectors


@pytest.mark.parametrize("kind", ["annuli", "elliptical", "sectors", "grid", "all-sky", "line"])
def test_no_edge_is_nearer_than_the_bound(kind):
    used = 0
    for seed in range(12):
        rng = np.random.default_rng([seed, len(kind)])
        shape = KINDS[kind](rng).shape
        code = shape.coder(Galactic(), 0.1)
        find = clearance_finder(shape, Galactic(), 0.1)
        lon, lat = rng.uniform(0, 360, 3000), np.degrees(np.arcsin(rng.uniform(-1, 1, 3000)))
        start = unit_vectors(lon, lat)
        start[:, :1000] = start[:, :1] + rng.normal(0, 0.02, (3, 1000))
        start /= np.linalg.norm(start, axis=0)
        clearance = find(start)
        side = np.cross(start, rng.normal(0, 1, start.shape), axis=0)
        side /= np.linalg.norm(side, axis=0)
        step = np.clip(clearance, 0, np.pi) * rng.uniform(0.5, 1, clearance.size)
        stop = np.cos(step) * start + np.sin(step) * side
        np.testing.assert_array_equal(code(stop), code(start))
        used += np.count_nonzero(clearance > 0)
    assert used > 20000


def test_paths_do_not_tell_their_edges():
    shape = KINDS["path"](np.random.default_rng(1)).shape
    assert clearance_finder(shape, Galactic(), 0.1) is None
