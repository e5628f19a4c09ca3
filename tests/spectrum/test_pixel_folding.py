"""Counts of many pixels at once: the same as pixel by pixel."""

import numpy as np
import pytest

from xprofile.spectrum.models import power_law
from xprofile.spectrum.pixel_folding import folded_pixels
from xprofile.spectrum.response import folded_counts

EDGES = np.geomspace(0.02, 3, 8)  # beyond both outer nodes
NODES = np.geomspace(0.03, 2, 6)


def one_by_one(model, exposure):
    shape = (exposure.shape[1], EDGES.size - 1, exposure.shape[0])
    return folded_counts(model, EDGES, NODES, np.broadcast_to(exposure.T[:, None], shape)).T


@pytest.mark.parametrize("spread", [0.0, 0.3, 3.0, 30.0])
def test_exposures_that_change_little_or_much(spread):
    rng = np.random.default_rng(1)
    exposure = 1e11 * np.exp(spread * rng.normal(size=(6, 200)))
    exposure[:, ::20] = 0
    exposure[3, 1::20] = 0
    expected = one_by_one(power_law(2.3), exposure)
    found = folded_pixels(power_law(2.3), EDGES, NODES, exposure)
    # where the exposure is steep, pieces of both differ, and are right to 1e-9
    np.testing.assert_allclose(found, expected, rtol=1e-11 if spread < 1 else 1e-8, atol=0)


def test_negative_values_are_folded_apart():
    exposure = np.linspace(-2, 3, 60).reshape(6, 10)
    above = folded_pixels(power_law(2), EDGES, NODES, np.maximum(exposure, 0))
    below = folded_pixels(power_law(2), EDGES, NODES, np.maximum(-exposure, 0))
    found = folded_pixels(power_law(2), EDGES, NODES, exposure)
    np.testing.assert_allclose(found, above - below, rtol=1e-12, atol=0)


def test_one_node_is_an_exposure_for_all_energies():
    found = folded_pixels(power_law(2), EDGES, np.array([1.0]), np.array([[1.0, 2.0, 0.0]]))
    flux = 1e-12 * (1 / EDGES[:-1] - 1 / EDGES[1:])
    np.testing.assert_allclose(found, flux[:, None] * [1, 2, 0], rtol=1e-12, atol=0)
