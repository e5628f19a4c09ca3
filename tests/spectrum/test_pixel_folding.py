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


def integrals(exposure):
    """Counts of power laws of index 2.3 times an exposure (nnode,), in a closed form."""
    inside = NODES[(EDGES[0] < NODES) & (EDGES[-1] > NODES)]
    ends = np.log(np.unique(np.concatenate([EDGES, inside])))
    node = np.clip(np.searchsorted(np.log(NODES), ends[:-1] + 1e-9) - 1, 0, NODES.size - 2)
    index = (np.diff(np.log(exposure)) / np.diff(np.log(NODES)))[node]
    values = [
        np.log(exposure[node]) + index * (at - np.log(NODES[node])) - 1.3 * at
        for at in (ends[:-1], ends[1:])
    ]
    highest, change = np.maximum(*values), np.abs(values[1] - values[0])
    parts = 1e-12 * np.exp(highest) * -np.expm1(-change) / np.abs(index - 1.3)
    bins = np.searchsorted(np.log(EDGES), ends[:-1] + 1e-9) - 1
    return np.bincount(bins, parts, EDGES.size - 1)


def test_steep_pixels_beside_flat_ones_are_as_exact(recwarn):
    rng = np.random.default_rng(2)
    size = np.concatenate([np.full(100, 1.0), np.geomspace(1, 150, 200)])
    exposure = 1e11 * np.exp(np.clip(size * rng.normal(size=(6, 300)), -250, 250))
    expected = np.stack([integrals(column) for column in exposure.T], axis=1)
    for found in (
        folded_pixels(power_law(2.3), EDGES, NODES, exposure),
        one_by_one(power_law(2.3), exposure),
    ):
        np.testing.assert_allclose(found, expected, rtol=2e-9, atol=0)
    assert not recwarn.list


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
