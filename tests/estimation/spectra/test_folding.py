"""Counts of many spectra at once: those of each spectrum alone, for every kind of model."""

import astropy.units as u
import numpy as np
import pytest
from astropy.modeling import models
from cases.templates import DIM, filled

from xprofile import power_law
from xprofile.estimation.spectra.folding import check_response, make_fold
from xprofile.estimation.spectra.parameters import make_spectrum
from xprofile.exceptions import InvalidDataError
from xprofile.spectrum.response import signal_variable

FLUX = 1e-12 * u.Unit("cm-2 s-1 TeV-1")
TEV = 1 * u.TeV


def smooth(delta):
    return models.SmoothlyBrokenPowerLaw1D(FLUX, TEV, 1.5, 3, delta)


# model, and its free parameters
MODELS = {
    "power law": (power_law(), ["alpha"]),
    "cut-off": (models.ExponentialCutoffPowerLaw1D(FLUX, TEV, 2, 5 * TEV), ["alpha", "x_cutoff"]),
    "kink": (models.BrokenPowerLaw1D(FLUX, 2 * TEV, 1.5, 3), ["alpha_2"]),
    "moving kink": (models.BrokenPowerLaw1D(FLUX, 2 * TEV, 1.5, 3), ["x_break"]),
    "smooth break": (smooth(0.5), ["x_break"]),
    "narrow break": (smooth(0.02), ["alpha_2"]),
    "break of free width": (smooth(0.5), ["delta"]),
    "moving narrow break": (smooth(0.02), ["x_break"]),
    "sum": (models.Const1D(1.0) * (power_law() + power_law(3)), ["alpha_1"]),
    "other operator": (power_law() ** models.Const1D(1.0), ["alpha_0"]),
    "other model": (models.PowerLaw1D(FLUX, TEV, 2) * models.Gaussian1D(1, TEV, TEV), ["alpha_0"]),
}


def spectrum_of(name):
    model, free = MODELS[name]
    return make_spectrum(model, free, (0.5, 20.0))


@pytest.mark.quick
@pytest.mark.parametrize("with_edisp", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_many_spectra_have_the_counts_of_each_alone(name, with_edisp):
    binned, _ = filled(3)
    assert "edisp" in binned
    data = binned if with_edisp else binned.drop_vars("edisp")
    spectrum = spectrum_of(name)
    ends = np.array([one.ends for one in spectrum.free])
    fitted = np.array([0.3, 0.45, 0.5])[:, None] * np.ptp(ends, axis=1) + ends[:, 0]
    fold = make_fold(data, spectrum)
    assert fold.nbin == 3
    found = fold.signal(fold.flux(fitted), slice(1, 3))
    expected = [signal_variable(data, spectrum.at(f)).transpose(DIM, "energy") for f in fitted]
    np.testing.assert_allclose(found, np.stack(expected)[:, 1:], rtol=1e-9, atol=0)


def test_fine_bins_that_are_not_used_have_no_signal():
    binned, _ = filled(3)
    coverage = binned.coverage.transpose(DIM, "energy").copy()
    coverage[1, 0] = 0
    fold = make_fold(binned.assign(coverage=coverage), spectrum_of("power law"))
    signal = fold.signal(fold.flux(np.array([[2.0]])), slice(0, 3))
    np.testing.assert_array_equal(signal[0] == 0, coverage == 0)


def test_responses_with_further_dims_are_refused():
    binned, _ = filled(2)
    data = binned.assign(exposure=binned.exposure.expand_dims(event_type=2))
    with pytest.raises(InvalidDataError, match=r"exposure has \['event_type'\]; select one value"):
        check_response(data)
