"""Estimators are values: they compare, hash, and print."""

import inspect
from dataclasses import fields

import astropy.units as u
import numpy as np
import pytest
from astropy.modeling.models import ExponentialCutoffPowerLaw1D

from xprofile import ProfileEstimator, estimate, power_law
from xprofile.exceptions import InvalidEnergyError, InvalidOptionError

EDGES = [10, 100, 2000] * u.GeV
SETTINGS = {
    "spectral_model": power_law(2.3),
    "energy_edges": EDGES,
    "n_sigma": 2,
    "n_sigma_ul": 3,
    "n_sigma_sensitivity": 4,
    "selection_optional": ["ul", "scan"],
    "norm_values": [0, 1, 2],
    "scan_n_sigma": 4,
    "scan_n_values": 21,
    "norm_min": 0,
    "background": 0.1,
    "sum_over_energy_groups": True,
    "sqrt_ts_threshold_ul": 3,
    "min_coverage": 0.5,
    "strict_energies": True,
    "ul_method": "bayes",
    "interval_method": "bounded",
    "toys": 100,
    "fc_lengthen": False,
    "rng": 1,
}


def test_equal_settings_are_equal():
    one = ProfileEstimator(**SETTINGS)
    other = ProfileEstimator(
        **{
            **SETTINGS,
            "spectral_model": power_law(2.3),
            "energy_edges": u.Quantity([10, 100, 2000], "GeV"),
            "selection_optional": ("scan", "ul"),
            "norm_values": np.array([0.0, 1.0, 2.0]),
        }
    )
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other}) == 1
    assert ProfileEstimator() == ProfileEstimator(spectral_model=power_law())


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_counts(name):
    needed = {"ul_method": "cls"} if name == "toys" else {}  # which would warn of no effect
    changed = ProfileEstimator(**needed, **{name: SETTINGS[name]})
    assert changed != ProfileEstimator(**needed)
    assert changed == ProfileEstimator(**needed, **{name: SETTINGS[name]})


@pytest.mark.parametrize(
    "model",
    [
        power_law(2.4),
        power_law(2.3, reference=2 * u.TeV),
        ExponentialCutoffPowerLaw1D(1e-12 / u.TeV / u.cm**2 / u.s, 1 * u.TeV, 2.3, 1 * u.TeV),
        power_law(2.3) + power_law(2.3),
        lambda energy: energy.value**-2 / u.TeV / u.cm**2 / u.s,
    ],
)
def test_models_compare_by_class_parameters_and_parts(model):
    assert ProfileEstimator(spectral_model=model) == ProfileEstimator(spectral_model=model)
    assert ProfileEstimator(spectral_model=model) != ProfileEstimator(spectral_model=power_law(2.3))


def test_other_things_are_not_equal():
    assert ProfileEstimator() != 1
    assert (ProfileEstimator() == object()) is False


def test_a_notebook_shows_a_table_of_the_settings():
    def spectrum(energy):
        return energy.value**-2 / u.TeV / u.cm**2 / u.s

    spectrum.__name__ = "<b>&"
    html = ProfileEstimator(spectral_model=spectrum, energy_edges=EDGES)._repr_html_()
    assert "&lt;b&gt;&amp;" in html
    assert "<b>&" not in html
    assert html.count("<tr>") == len(fields(ProfileEstimator))


def test_settings_are_the_estimators_own():
    edges, norms = [10, 100] * u.GeV, np.array([1.0, 2.0])
    estimator = ProfileEstimator(energy_edges=edges, norm_values=norms)
    twin = ProfileEstimator(energy_edges=edges.copy(), norm_values=norms.copy())
    edges[0], norms[0] = 20 * u.GeV, 5
    assert estimator == twin
    with pytest.raises(ValueError, match="read-only"):
        estimator.norm_values[0] = 3


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"energy_edges": [2, 1] * u.deg}, InvalidEnergyError, "no unit of energy"),
        ({"energy_edges": [1, 2]}, InvalidEnergyError, "no unit of energy"),
        ({"energy_edges": 2.0}, InvalidEnergyError, "no unit of energy"),
        ({"energy_edges": "coarse"}, InvalidEnergyError, "no unit of energy.*'fine'.*a number"),
        ({"energy_edges": 0}, InvalidEnergyError, "number of groups, must be a positive integer"),
        ({"energy_edges": True}, InvalidEnergyError, "number of groups, must be a positive"),
        ({"strict_energies": "no"}, InvalidOptionError, "True or False, found 'no'"),
        ({"energy_edges": [2, 1] * u.TeV}, InvalidEnergyError, "ascend"),
        ({"spectral_model": 3}, InvalidOptionError, "model or function of energy, found 3"),
        ({"sqrt_ts_threshold_ul": "a"}, InvalidOptionError, "a finite number"),
        ({"sqrt_ts_threshold_ul": np.nan}, InvalidOptionError, "a finite number"),
        ({"sum_over_energy_groups": "no"}, InvalidOptionError, "True or False, found 'no'"),
    ],
)
def test_settings_are_checked_at_once(settings, error, message):
    with pytest.raises(error, match=message):
        ProfileEstimator(**settings)


def test_estimate_has_the_settings_of_the_estimator():
    """Names, defaults and descriptions are the same, in the same order."""
    options = dict(inspect.signature(estimate).parameters)
    assert next(iter(options)) == "binned"
    assert list(options)[-2:] == ["progress", "parallel"]
    settings = {name: p.default for name, p in list(options.items())[1:-2]}
    assert settings == {f.name: f.default for f in fields(ProfileEstimator)}
    described, again = (
        inspect.getdoc(one).partition("spectral_model :")[2].partition("\n\n")[0]
        for one in (ProfileEstimator, estimate)
    )
    assert again.startswith(described)
    assert described.count(" :") == len(settings) - 1
