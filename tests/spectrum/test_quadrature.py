"""Nodes and weights of energy bins."""

import numpy as np
import pytest
from cases.spectra import EDGES

from xprofile.spectrum.quadrature import bin_pieces, nodes_and_weights


@pytest.mark.parametrize("breaks", [[], [0.02, 0.3], [1e-3, 5.0], [0.01, 2.0]])
def test_quadrature_stays_in_its_bins(breaks):
    pieces = bin_pieces(EDGES[:-1], EDGES[1:], np.array(breaks, float))
    energy, weight = (v.ravel() for v in nodes_and_weights(pieces.lower, pieces.upper))
    which = np.repeat(pieces.bin_number, 4)
    assert np.all(weight > 0)
    np.testing.assert_array_equal(np.unique(which), np.arange(EDGES.size - 1))
    assert np.all((EDGES[which] < energy) & (energy < EDGES[which + 1]))
    widths = np.bincount(which, weight)
    np.testing.assert_allclose(widths, np.diff(EDGES), rtol=1e-12, atol=0)
