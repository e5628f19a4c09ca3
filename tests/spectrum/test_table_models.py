"""Spectral models of tables."""

import astropy.units as u
import numpy as np
import pytest

from xprofile import table_model
from xprofile.exceptions import InvalidEnergyError, InvalidOptionError
from xprofile.spectrum.models import integral

UNIT = u.Unit("cm-2 s-1 TeV-1")


def test_it_is_log_log_between_and_beyond_the_energies():
    model = table_model([10, 100, 1000] * u.GeV, [4.0, 1.0, 0.5] * UNIT)
    at = np.array([[0.001, 0.01], [np.sqrt(0.001), 0.1], [np.sqrt(0.1), 10]]) * u.TeV
    expected = [[16, 4], [2, 1], [np.sqrt(0.5), 0.25]]
    np.testing.assert_allclose(model(at).to_value(UNIT), expected, rtol=1e-12)


def test_next_to_zero_it_is_linear_in_log_energy():
    model = table_model([1, 100] * u.TeV, [2.0, 0.0] * UNIT)
    np.testing.assert_allclose(model([10, 1000] * u.TeV).to_value(UNIT), [1, 0], rtol=1e-12)


def test_integrals_are_cut_at_its_energies():
    energies = np.array([0.1, 0.37, 1.0, 5.0])
    values = np.array([1e-9, 4e-11, 3e-11, 1e-13])
    index = np.diff(np.log(values)) / np.diff(np.log(energies))
    ratio = energies[1:] / energies[:-1]
    parts = values[:-1] * energies[:-1] / (1 + index) * (ratio ** (1 + index) - 1)
    found = integral(table_model(energies * u.TeV, values * UNIT), np.array([0.1, 5.0]))
    np.testing.assert_allclose(found, sum(parts), rtol=1e-10)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("energy", "values", "error"),
    [
        ([1, 2] * u.m, [1, 1] * UNIT, InvalidEnergyError),
        ([1] * u.TeV, [1] * UNIT, InvalidEnergyError),
        ([2, 1] * u.TeV, [1, 1] * UNIT, InvalidEnergyError),
        ([1, 2] * u.TeV, [1, 1, 1] * UNIT, InvalidOptionError),
        ([1, 2] * u.TeV, [1, -1] * UNIT, InvalidOptionError),
        ([1, 2] * u.TeV, [1, np.nan] * UNIT, InvalidOptionError),
    ],
)
def test_bad_tables_are_errors(energy, values, error):
    with pytest.raises(error):
        table_model(energy, values)
