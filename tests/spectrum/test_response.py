"""Signal counts with and without energy dispersion."""

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from astropy.modeling import models
from cases.maps import make_maps
from cases.short_line import line
from cases.spectra import EDGES, by_quad, curved, every_model, number

from xprofile import bin_maps, power_law
from xprofile.spectrum.models import integral
from xprofile.spectrum.response import folded_counts, predicted_signal

NODES = np.array([0.02, 0.06, 0.15, 0.7])  # the bins reach beyond them on both sides


EXPOSURE = np.array([1e10, 4e10, 3e10, 5e9])


@pytest.fixture
def binned():
    return bin_maps(make_maps(), line())


def loglog(exposure):
    """Power laws between nodes, the outer ones extended."""

    def function(energy):
        piece = min(max(int(np.sum(energy >= NODES)) - 1, 0), NODES.size - 2)
        slope = np.log(exposure[piece + 1] / exposure[piece]) / np.log(
            NODES[piece + 1] / NODES[piece]
        )
        return exposure[piece] * (energy / NODES[piece]) ** slope

    return function


def folded_by_quad(model, exposure, lower, upper):
    """Counts of one bin, piece by piece between the nodes."""
    ends = [lower, *NODES[(lower < NODES) & (upper > NODES)], upper]
    flux, area = number(model), loglog(exposure)
    return sum(
        by_quad(lambda energy: flux(energy) * area(energy), *pair) for pair in pairwise(ends)
    )


@every_model
def test_folded_agrees_with_scipy(model):
    expected = [folded_by_quad(model, EXPOSURE, *pair) for pair in pairwise(EDGES)]
    exposure = np.broadcast_to(EXPOSURE, (EDGES.size - 1, NODES.size))
    np.testing.assert_allclose(
        folded_counts(model, EDGES, NODES, exposure), expected, rtol=1e-9, atol=0
    )


@pytest.mark.heavy
@pytest.mark.parametrize("shape", [(1,), (5,), (2, 3)])
def test_folded_of_an_exposure_for_each_energy(shape):
    rng = np.random.default_rng(0)
    exposure = EXPOSURE * rng.uniform(0.5, 2, (*shape, EDGES.size - 1, NODES.size))
    found = folded_counts(curved, EDGES, NODES, exposure)
    assert found.shape == (*shape, EDGES.size - 1)
    for place in np.ndindex(found.shape):
        k = place[-1]
        expected = folded_by_quad(curved, exposure[place], EDGES[k], EDGES[k + 1])
        np.testing.assert_allclose(found[place], expected, rtol=1e-9, atol=0)


def test_folded_is_linear_in_a_flat_exposure():
    exposure = np.full((EDGES.size - 1, NODES.size), 7e9)
    np.testing.assert_allclose(
        folded_counts(curved, EDGES, NODES, exposure),
        7e9 * integral(curved, EDGES),
        rtol=1e-9,
        atol=0,
    )


def test_folded_takes_a_single_node_as_flat():
    exposure = np.full((EDGES.size - 1, 1), 7e9)
    np.testing.assert_allclose(
        folded_counts(curved, EDGES, np.array([0.1]), exposure), 7e9 * integral(curved, EDGES),
        rtol=1e-9, atol=0,
    )  # fmt: skip


def test_no_exposure_gives_no_counts():
    exposure = np.zeros((2, EDGES.size - 1, NODES.size))
    exposure[1] = EXPOSURE
    found = folded_counts(curved, EDGES, NODES, exposure)
    assert np.all(found[0] == 0)
    assert np.all(found[1] > 0)


def test_exposure_is_linear_in_log_energy_next_to_a_node_where_it_is_zero():
    edges = np.array([0.01, 0.02, 0.03, 0.1, 0.15])
    exposure = np.broadcast_to([0.0, 4e10, 0.0, 5e9], (4, 4))
    flux = number(curved)

    def rising(energy):
        return 4e10 * np.log(energy / 0.02) / np.log(0.06 / 0.02)

    def falling(energy):
        return 4e10 * np.log(0.15 / energy) / np.log(0.15 / 0.06)

    def counts(area, lower, upper):
        return by_quad(lambda energy: flux(energy) * area(energy), lower, upper)

    expected = [
        0.0,
        counts(rising, 0.02, 0.03),
        counts(rising, 0.03, 0.06) + counts(falling, 0.06, 0.1),
        counts(falling, 0.1, 0.15),
    ]
    np.testing.assert_allclose(
        folded_counts(curved, edges, NODES, exposure), expected, rtol=1e-9, atol=0
    )


def test_signal_without_edisp_is_the_integral_over_reconstructed_bins(binned):
    """Flat exposure: flux in the bin x exposure."""
    edges = np.append(binned.energy_min, binned.energy_max[-1])
    flux = 1e-12 * (1 / edges[:-1] - 1 / edges[1:])
    expected = flux[:, None] * 1e12 * np.ones(4)
    signal = predicted_signal(binned, power_law(2)).transpose("energy", ...)
    np.testing.assert_allclose(signal, expected, rtol=1e-10)


@pytest.mark.parametrize("nbin", [1, 7])
def test_signal_does_not_depend_on_other_bins(nbin, monkeypatch):
    """The number of bins that are interpolated at once does not matter."""
    binned = bin_maps(make_maps(), line(nbin=nbin)).drop_vars("edisp", errors="ignore")
    several = xr.concat([binned, binned.assign(exposure=2 * binned["exposure"])], "dataset")
    for data in (binned, several):
        whole = predicted_signal(data, power_law(2))
        with monkeypatch.context() as patch:
            patch.setattr("xprofile.spectrum.response._BATCH", 1)
            xr.testing.assert_identical(predicted_signal(data, power_law(2)), whole)


def test_signal_with_edisp_is_the_matrix_product(binned):
    edisp = np.random.default_rng(0).uniform(0, 0.3, (6, 4))
    binned["edisp"] = (("energy_true", "energy"), edisp)
    edges = np.append(binned.energy_true_min, binned.energy_true_max[-1])
    flux = 1e-12 * (1 / edges[:-1] - 1 / edges[1:])
    expected = np.einsum("t,td,tk->kd", flux, binned.exposure.to_numpy(), edisp)
    signal = predicted_signal(binned, power_law(2)).transpose("energy", ...)
    np.testing.assert_allclose(signal, expected, rtol=1e-12)


@pytest.mark.parametrize("slope", [30, 100, -100, 400])
@pytest.mark.parametrize("index", [2.0, 2.5])
@pytest.mark.parametrize("nodes", [[0.3, 0.31], [0.3, 0.303, 0.35], [0.2, 0.8]])
def test_steep_exposures_are_folded_as_exactly(slope, index, nodes):
    """Exposures that change by orders of magnitude within a piece, as at thresholds."""
    edges = np.array([0.25, 0.3, 0.32, 0.4])
    exposure = (np.array(nodes) / 0.31) ** slope
    exponent = slope - index + 1
    exact = 1e-12 * 0.31**-slope * np.diff((edges / 0.31) ** exponent) * 0.31**exponent / exponent
    for model in (power_law(index), power_law(index) * models.Const1D(1.0)):
        found = folded_counts(model, edges, np.array(nodes), np.tile(exposure, (3, 1)))
        np.testing.assert_allclose(found, exact, rtol=1e-8)
