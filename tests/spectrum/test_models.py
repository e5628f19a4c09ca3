"""Differential fluxes, integrals and reference fluxes of spectral models."""

from itertools import pairwise

import astropy.units as u
import numpy as np
import pytest
from astropy.modeling import models
from cases.profiles import make_profile
from cases.spectra import EDGES, FLUX, by_quad, curved, every_model, number
from scipy.integrate import quad

from xprofile import power_law
from xprofile.exceptions import InvalidDataError, InvalidOptionError
from xprofile.spectrum.models import dnde, integral, reference_fluxes
from xprofile.spectrum.references import reference_arrays


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
        (models.PowerLaw1D(1e-12 * FLUX, 1 * u.TeV, np.nan), "negative or not finite"),
        (models.PowerLaw1D(1e-12 * FLUX, 1 * u.m, 2), "differential flux"),
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


@every_model
def test_reference_fluxes(model):
    lower, upper = EDGES[:-1], EDGES[1:]
    found = reference_fluxes(model, lower, upper)
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
    found = reference_fluxes(model, np.array([0.1, 0.1]), np.array([0.1, 0.2]))
    assert found["flux"][0] == found["eflux"][0] == 0
    assert np.all(found["dnde"] > 0)
    np.testing.assert_allclose(
        found["flux"][1], integral(model, np.array([0.1, 0.2]))[0], rtol=1e-12, atol=0
    )


def test_reference_fluxes_of_bins_with_gaps_and_overlaps():
    lower, upper = np.array([0.1, 0.05, 1.0]), np.array([0.3, 0.2, 2.0])
    found = reference_fluxes(curved, lower, upper)["flux"]
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


def test_photons_are_numbers():
    plain = power_law(amplitude=1e-12 * FLUX)
    photons = models.PowerLaw1D(1e-12 * FLUX * u.ph, 1 * u.TeV, 2.0)
    np.testing.assert_array_equal(dnde(photons, EDGES), dnde(plain, EDGES))
    np.testing.assert_array_equal(integral(photons, EDGES), integral(plain, EDGES))
    with pytest.raises(InvalidOptionError, match="Give its parameters units"):
        dnde(models.PowerLaw1D(1e-12 * u.ph, 1 * u.TeV, 2.0), EDGES)


def test_references_need_edges_above_zero_in_their_order():
    profile = make_profile()
    found = reference_arrays(power_law(2, 1e-9 * u.Unit("cm-2 s-1 TeV-1")), profile)
    flux = 1e-9 * (1 / profile.energy_min - 1 / profile.energy_max)
    np.testing.assert_allclose(found["ref_flux"], flux, rtol=1e-12)
    for edges in ([0, 0.05], [0.2, 0.05], [np.nan, 0.05]):
        wrong = profile.assign_coords(energy_min=profile.energy_min.copy(data=edges))
        with pytest.raises(InvalidDataError, match="edges of energy must be positive and finite"):
            reference_arrays(power_law(), wrong)
