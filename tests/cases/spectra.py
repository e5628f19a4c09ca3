"""Spectral models, and their integrals by scipy."""

import astropy.units as u
import numpy as np
import pytest
from astropy.modeling import models
from scipy.integrate import quad

from xprofile import power_law

FLUX = u.Unit("cm-2 s-1 TeV-1")


EDGES = np.array([0.01, 0.0107, 0.05, 0.3, 2.0])


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
