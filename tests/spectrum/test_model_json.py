"""Spectral models as JSON, and back."""

import json

import astropy.units as u
import numpy as np
import pytest
from astropy.modeling import models
from cases.spectra import FLUX, MODELS, curved

from xprofile import power_law
from xprofile.exceptions import InvalidOptionError
from xprofile.spectrum.model_json import model_from_json, model_to_json


@pytest.mark.parametrize(
    "model",
    [model for name, model in MODELS.items() if name != "callable"]
    + [models.Const1D(1e-12 * FLUX), models.PowerLaw1D(1e-12, 2, 2.5)],
    ids=lambda model: type(model).__name__,
)
def test_models_come_back_from_json(model):
    text = model_to_json(model)
    back = model_from_json(text)
    assert type(back) is type(model)
    assert model_to_json(back) == text
    for name in model.param_names:
        assert getattr(back, name).value == getattr(model, name).value
        assert getattr(back, name).unit == getattr(model, name).unit


def test_json_is_plain_text_with_units():
    text = model_to_json(power_law(index=2.3))
    assert json.loads(text)["class"] == "PowerLaw1D"
    assert json.loads(text)["parameters"]["alpha"] == [2.3, ""]
    assert json.loads(text)["parameters"]["x_0"] == [1.0, "TeV"]


def test_callables_are_named():
    assert json.loads(model_to_json(curved)) == {"callable": "curved"}


@pytest.mark.parametrize(
    "model",
    [
        power_law() + power_law(index=3),
        power_law() * models.Const1D(2.0) - power_law(index=3) / models.Const1D(5.0),
    ],
)
def test_compound_models_come_back_from_json(model):
    back = model_from_json(model_to_json(model))
    assert model_to_json(back) == model_to_json(model)
    energy = [0.01, 0.3, 7] * u.TeV
    np.testing.assert_array_equal(back(energy).value, model(energy).value)
    assert back(energy).unit == model(energy).unit


def test_compound_of_a_callable_cannot_come_back():
    text = json.dumps({"operator": "+", "parts": [{"callable": "f"}, {"callable": "g"}]})
    with pytest.raises(InvalidOptionError, match=r"no model of astropy\.modeling"):
        model_from_json(text)


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
        model_from_json(text)
