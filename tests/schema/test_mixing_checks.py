"""Impossible shares of photons are refused, with their name and value."""

import numpy as np
import pytest
from cases.psf_maps import spread_maps
from cases.rebinning import annuli

from xprofile import bin_maps, check_binned, estimate
from xprofile.exceptions import InvalidDataError


@pytest.fixture(scope="module")
def binned():
    return bin_maps(spread_maps(), annuli(np.array([0, 0.5, 1])), psf=True)


@pytest.mark.parametrize("name", ["psf_mixing", "exposure_true", "psf_share"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -0.5])
def test_values_that_are_not_finite_or_negative(binned, name, value):
    wrong = binned.copy(deep=True)
    wrong[name].values.flat[0] = value
    with pytest.raises(InvalidDataError, match=f"{name} is negative or not finite in 1 used bins"):
        check_binned(wrong)


@pytest.mark.parametrize("name", ["psf_mixing", "psf_share"])
def test_shares_above_one(binned, name):
    wrong = binned.copy(deep=True)
    wrong[name].values.flat[0] = 1.5
    with pytest.raises(InvalidDataError, match=f"{name} is a share of photons, and goes up to 1.5"):
        estimate(wrong)
    wrong[name].values.flat[0] = 1.0001  # rounding of integrals over pixels
    check_binned(wrong)


def test_wrong_dims(binned):
    with pytest.raises(InvalidDataError, match="psf_mixing has dims"):
        check_binned(binned.assign(psf_mixing=binned.psf_mixing.isel(energy_true=0)))
    with pytest.raises(InvalidDataError, match="expected projected_distance_true among them"):
        check_binned(binned.isel(projected_distance_true=0))
    check_binned(binned.transpose())
