"""Checks of the settings of an estimator."""

import numpy as np
import pytest
from cases.maps import make_maps
from cases.short_line import line

from xprofile import ProfileEstimator, bin_maps, estimate, power_law
from xprofile.estimation.settings import check_model
from xprofile.exceptions import InvalidOptionError


@pytest.fixture
def binned():
    return bin_maps(make_maps(), line())


def test_settings_are_checked_before_any_work(binned):
    for setting, words in [
        ({"norm_min": np.nan}, "norm_min must be a finite number"),
        ({"n_sigma_sensitivity": 0}, "n_sigma_sensitivity must be a positive number"),
        ({"scan_n_sigma": -1}, "scan_n_sigma must be a positive number"),
        ({"scan_n_values": 1}, "scan_n_values must be an integer of 2 or more, found 1"),
    ]:
        with pytest.raises(InvalidOptionError, match=words):
            estimate(binned, **setting)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"selection_optional": ["limits"]}, "limits.*errn-errp"),
        ({"n_sigma": 0}, "n_sigma must be a positive number"),
        ({"n_sigma_ul": np.nan}, "n_sigma_ul"),
        ({"n_sigma": "2"}, "n_sigma"),
        ({"norm_values": [0, np.inf]}, "norm_values"),
        ({"norm_values": []}, "norm_values"),
    ],
)
def test_wrong_settings_are_refused(setting, words):
    with pytest.raises(InvalidOptionError, match=words):
        ProfileEstimator(**setting)


@pytest.mark.parametrize("value", [True, False, np.True_])
@pytest.mark.parametrize(
    "name",
    ["n_sigma", "n_sigma_ul", "n_sigma_sensitivity", "scan_n_sigma", "norm_min", "min_coverage"],
)
def test_bools_are_not_numbers(name, value):
    with pytest.raises(InvalidOptionError, match=f"{name} must be a .* found (np.)?{value}"):
        ProfileEstimator(**{name: value})


@pytest.mark.parametrize("value", [True, np.True_])
def test_a_bool_is_not_an_uncertainty(value):
    with pytest.raises(InvalidOptionError, match="background must be 'fixed', 'free', or its"):
        ProfileEstimator(background=value)


def test_a_spectral_model_is_callable():
    check_model(power_law())
    with pytest.raises(InvalidOptionError, match=r"found 'PL'; give one such as power_law\(index"):
        check_model("PL")
