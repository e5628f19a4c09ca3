import json
from itertools import pairwise

import astropy.units as u
import numpy as np
import pytest
from astropy.modeling import models
from scipy.integrate import quad

from xprofile.exceptions import InvalidOptionError
from xprofile.spectrum import models as spectrum
from xprofile.spectrum.model_json import from_json, to_json
from xprofile.spectrum.models import dnde, integral, power_law
from xprofile.spectrum.quadrature import quadrature
from xprofile.spectrum.response import folded

FLUX = u.Unit("cm-2 s-1 TeV-1")
EDGES = np.array([0.01, 0.0107, 0.05, 0.3, 2.0])
NODES = np.array([0.02, 0.06, 0.15, 0.7])  # the bins reach beyond them on both sides
EXPOSURE = np.array([1e10, 4e10, 3e10, 5e9])


def curved(energy):
    return 2e-12 * FLUX * (energy / (1 * u.TeV)) ** -1.8 / (1 + (energy / (80 * u.GeV)) ** 0.7)


MODELS = {
    "index 1": power_law(index=1.0),
    "index 1 + 1e-9": power_law(index=1 + 1e-9),
    "index 2": power_law(index=2.0),
    "index 2.3": power_law(index=2.3, amplitude=3e-9 / u.m**2 / u.s / u.GeV, reference=10 * u.GeV),
    "rising": power_law(index=-0.5),
    "log parabola": models.LogParabola1D(1e-12 * FLUX, 0.1 * u.TeV, 2.1, 0.15),
    "cutoff": models.ExponentialCutoffPowerLaw1D(1e-12 * FLUX, 1 * u.TeV, 1.7, 300 * u.GeV),
    "callable": curved,
}
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def by_quad(function, lower, upper):
    """Integral over energy by scipy, in log energy."""
    result, _ = quad(
        lambda x: function(np.exp(x)) * np.exp(x),
        np.log(lower), np.log(upper), epsabs=0, epsrel=1e-12, limit=200,
    )  # fmt: skip
    return result


def number(model):
    """Return the model as a function from TeV to cm-2 s-1 TeV-1."""
    return lambda energy: model(energy * u.TeV).to_value(FLUX)


def loglog(exposure):
    """Power law between nodes, the outer ones extended: one piece at a time."""

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


# models


def test_power_law_falls_with_its_index():
    model = power_law(index=2.3, amplitude=1e-12 * FLUX, reference=1 * u.TeV)
    np.testing.assert_allclose(
        dnde(model, np.array([0.1, 1.0, 10.0])),
        [10**-9.7, 1e-12, 10**-14.3], rtol=1e-12, atol=0,
    )  # fmt: skip


@every_model
def test_dnde_is_the_model_in_fixed_units(model):
    values = dnde(model, EDGES)
    assert values.dtype == float
    np.testing.assert_allclose(values, number(model)(EDGES), rtol=1e-12, atol=0)


def test_constant_models_have_a_value_for_each_energy():
    values = dnde(lambda energy: 2 * FLUX, EDGES)
    assert values.shape == EDGES.shape
    assert np.all(values == 2)


@pytest.mark.parametrize("function", [dnde, integral], ids=["dnde", "integral"])
@pytest.mark.parametrize(
    ("model", "message"),
    [
        (models.PowerLaw1D(1e-12, 1, 2), "Give its parameters units"),
        (models.LogParabola1D(1e-12, 1, 2, 0), "Give its parameters units"),
        (models.PowerLaw1D(1e-12 * FLUX, 1, 2), "Give its parameters units"),
        (lambda energy: energy.value**-2, "Give its parameters units"),
        (power_law(amplitude=1e-12 / u.cm**2 / u.s), "differential flux"),
        (lambda energy: energy, "differential flux"),
        (lambda energy: "flux", "differential flux"),
        (lambda energy: None, "differential flux"),
        (3, "differential flux"),
        (power_law(amplitude=-1e-12 * FLUX), "negative or not finite"),
        (power_law(index=np.nan), "negative or not finite"),
        (power_law(reference=1 * u.m), "differential flux"),
        (lambda energy: (energy.value - 0.02) * FLUX, "negative or not finite between 0.01"),
        (lambda energy: energy.value * np.nan * FLUX, "negative or not finite"),
        (lambda energy: energy.value * np.inf * FLUX, "negative or not finite"),
    ],
)
def test_wrong_models_are_refused(function, model, message):
    with pytest.raises(InvalidOptionError, match=f"spectral_model .*{message}"):
        function(model, EDGES)


def test_message_names_the_model():
    with pytest.raises(InvalidOptionError, match="spectral_model LogParabola1D must turn"):
        dnde(models.LogParabola1D(1e-12, 1, 2, 0), EDGES)


# integrals


@every_model
@pytest.mark.parametrize("power", [0, 1])
def test_integrals_agree_with_scipy(model, power):
    flux = number(model)
    expected = [
        by_quad(lambda energy: flux(energy) * energy**power, lower, upper)
        for lower, upper in pairwise(EDGES)
    ]
    np.testing.assert_allclose(integral(model, EDGES, power=power), expected, rtol=1e-9, atol=0)


@every_model
def test_integrals_add_up(model):
    whole = integral(model, EDGES[[0, -1]])
    np.testing.assert_allclose(integral(model, EDGES).sum(), whole, rtol=1e-9, atol=0)


@pytest.mark.parametrize("step", [0, 1e-12, 1e-9, 1e-6])
@pytest.mark.parametrize("power", [0, 1])
def test_power_law_is_smooth_where_its_integral_is_a_logarithm(step, power):
    """At an index of 1 + power, where the usual formula is 0 / 0."""
    found = integral(power_law(index=1 + power + step), EDGES, power=power)
    x = np.log(EDGES)
    first_order = np.diff(x) - step * np.diff(x**2) / 2
    np.testing.assert_allclose(found, 1e-12 * first_order, rtol=1e-10, atol=0)


@pytest.mark.parametrize("breaks", [[], [0.02, 0.3], [1e-3, 5.0], [0.01, 2.0]])
def test_quadrature_stays_in_its_bins(breaks):
    energy, weight, which = quadrature(EDGES, np.array(breaks, float))
    assert np.all(weight > 0)
    np.testing.assert_array_equal(np.unique(which), np.arange(EDGES.size - 1))
    assert np.all((EDGES[which] < energy) & (energy < EDGES[which + 1]))
    widths = np.bincount(which, weight)
    np.testing.assert_allclose(widths, np.diff(EDGES), rtol=1e-12, atol=0)


# counts without energy dispersion


@every_model
def test_folded_agrees_with_scipy(model):
    expected = [folded_by_quad(model, EXPOSURE, *pair) for pair in pairwise(EDGES)]
    exposure = np.broadcast_to(EXPOSURE, (EDGES.size - 1, NODES.size))
    np.testing.assert_allclose(folded(model, EDGES, NODES, exposure), expected, rtol=1e-9, atol=0)


@pytest.mark.parametrize("shape", [(1,), (5,), (2, 3)])
def test_folded_of_an_exposure_for_each_energy(shape):
    rng = np.random.default_rng(0)
    exposure = EXPOSURE * rng.uniform(0.5, 2, (*shape, EDGES.size - 1, NODES.size))
    found = folded(curved, EDGES, NODES, exposure)
    assert found.shape == (*shape, EDGES.size - 1)
    for place in np.ndindex(found.shape):
        k = place[-1]
        expected = folded_by_quad(curved, exposure[place], EDGES[k], EDGES[k + 1])
        np.testing.assert_allclose(found[place], expected, rtol=1e-9, atol=0)


def test_folded_is_linear_in_a_flat_exposure():
    exposure = np.full((EDGES.size - 1, NODES.size), 7e9)
    np.testing.assert_allclose(
        folded(curved, EDGES, NODES, exposure), 7e9 * integral(curved, EDGES), rtol=1e-9, atol=0
    )


def test_folded_takes_a_single_node_as_flat():
    exposure = np.full((EDGES.size - 1, 1), 7e9)
    np.testing.assert_allclose(
        folded(curved, EDGES, np.array([0.1]), exposure), 7e9 * integral(curved, EDGES),
        rtol=1e-9, atol=0,
    )  # fmt: skip


def test_no_exposure_gives_no_counts():
    exposure = np.zeros((2, EDGES.size - 1, NODES.size))
    exposure[1] = EXPOSURE
    found = folded(curved, EDGES, NODES, exposure)
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
    np.testing.assert_allclose(folded(curved, edges, NODES, exposure), expected, rtol=1e-9, atol=0)


# reference fluxes


@every_model
def test_reference_fluxes(model):
    lower, upper = EDGES[:-1], EDGES[1:]
    found = spectrum.reference_fluxes(model, lower, upper)
    flux, erg = number(model), u.TeV.to("erg")
    centre = np.sqrt(lower * upper)
    expected = {
        "dnde": flux(centre),
        "flux": [by_quad(flux, *pair) for pair in zip(lower, upper, strict=True)],
        "eflux": [
            erg * by_quad(lambda energy: energy * flux(energy), *pair)
            for pair in zip(lower, upper, strict=True)
        ],
        "e2dnde": erg * centre**2 * flux(centre),
    }
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-9, atol=0)


@pytest.mark.parametrize("model", [power_law(), curved], ids=["analytic", "quadrature"])
def test_reference_fluxes_of_an_empty_bin_are_zero(model):
    found = spectrum.reference_fluxes(model, np.array([0.1, 0.1]), np.array([0.1, 0.2]))
    assert found["flux"][0] == found["eflux"][0] == 0
    assert np.all(found["dnde"] > 0)
    np.testing.assert_allclose(
        found["flux"][1], integral(model, np.array([0.1, 0.2]))[0], rtol=1e-12, atol=0
    )


def test_reference_fluxes_of_bins_with_gaps_and_overlaps():
    lower, upper = np.array([0.1, 0.05, 1.0]), np.array([0.3, 0.2, 2.0])
    found = spectrum.reference_fluxes(curved, lower, upper)["flux"]
    alone = [integral(curved, np.array(pair))[0] for pair in zip(lower, upper, strict=True)]
    np.testing.assert_allclose(found, alone, rtol=1e-12, atol=0)


def step(energy):
    return np.where(energy < 37.1 * u.GeV, 3, 1) * 1e-12 * FLUX


@pytest.mark.parametrize("edges", [np.geomspace(0.01, 0.5, 12), np.array([0.01, 0.5])])
@pytest.mark.parametrize(
    "model", [models.BrokenPowerLaw1D(1e-12 * FLUX, 37.1 * u.GeV, 1.5, 3.0), step]
)
def test_kinks_and_steps_are_integrated_to_1e_6(model, edges):
    parts = np.unique(np.append(edges, 0.0371))
    exact = [
        quad(lambda e: model(e * u.TeV).to_value(FLUX), *pair, epsabs=0, epsrel=1e-11)[0]
        for pair in pairwise(parts)
    ]
    which = np.searchsorted(edges, parts[:-1], side="right") - 1
    np.testing.assert_allclose(integral(model, edges), np.bincount(which, exact), rtol=1e-6)


# JSON


@pytest.mark.parametrize(
    "model",
    [model for name, model in MODELS.items() if name != "callable"]
    + [models.Const1D(1e-12 * FLUX), models.PowerLaw1D(1e-12, 2, 2.5)],
    ids=lambda model: type(model).__name__,
)
def test_models_come_back_from_json(model):
    text = to_json(model)
    back = from_json(text)
    assert type(back) is type(model)
    assert to_json(back) == text
    for name in model.param_names:
        assert getattr(back, name).value == getattr(model, name).value
        assert getattr(back, name).unit == getattr(model, name).unit


def test_json_is_plain_text_with_units():
    text = to_json(power_law(index=2.3))
    assert json.loads(text)["class"] == "PowerLaw1D"
    assert json.loads(text)["parameters"]["alpha"] == [2.3, ""]
    assert json.loads(text)["parameters"]["x_0"] == [1.0, "TeV"]


def test_callables_are_named():
    assert json.loads(to_json(curved)) == {"callable": "curved"}


@pytest.mark.parametrize(
    "model",
    [
        power_law() + power_law(index=3),
        power_law() * models.Const1D(2.0) - power_law(index=3) / models.Const1D(5.0),
    ],
)
def test_compound_models_come_back_from_json(model):
    back = from_json(to_json(model))
    assert to_json(back) == to_json(model)
    energy = [0.01, 0.3, 7] * u.TeV
    np.testing.assert_array_equal(back(energy).value, model(energy).value)
    assert back(energy).unit == model(energy).unit


def test_compound_of_a_callable_cannot_come_back():
    text = json.dumps({"operator": "+", "parts": [{"callable": "f"}, {"callable": "g"}]})
    with pytest.raises(InvalidOptionError, match=r"no model of astropy\.modeling"):
        from_json(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"callable": "curved"}',
        '{"class": "NoSuchModel", "parameters": {}}',
        '{"class": "Model", "parameters": {}}',
        '{"class": "np", "parameters": {}}',
        '{"class": "Gaussian2D", "parameters": {"amplitude": [1.0, ""]}}',
        '{"class": "PowerLaw1D"}',
        '["PowerLaw1D"]',
        "{}",
        "PowerLaw1D",
        "",
    ],
)
def test_json_that_names_no_model_is_refused(text):
    with pytest.raises(InvalidOptionError, match=r"no model of astropy\.modeling"):
        from_json(text)
