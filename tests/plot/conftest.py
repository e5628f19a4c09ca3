"""Profiles and an image to plot."""

import pytest
from cases.maps import make_maps
from cases.plot import ONE_BAND, TWO_BANDS, make_profile


@pytest.fixture(scope="module")
def profile():
    return make_profile(ONE_BAND)


@pytest.fixture(scope="module")
def two_bands():
    return make_profile(TWO_BANDS)


@pytest.fixture(scope="module")
def image():
    return make_maps().counts.sum("energy", keep_attrs=True)
