"""Binned data with a PSF, and profiles with a correlation."""

import astropy.units as u
import pytest
from cases.plot import galactic
from cases.psf_maps import spread_maps
from cases.unfolding import row_of_bins

from xprofile import SkyBins, bin_maps, unfold


@pytest.fixture(scope="module")
def spread():
    """Maps of 3 x 2.4 deg with a PSF of about 0.2 deg."""
    return spread_maps(used=1)


@pytest.fixture(scope="module")
def rings(spread):
    center = galactic(*(float(spread[name].mean()) for name in ("lon", "lat")))
    return SkyBins.annuli(center, edges=[0, 0.3, 0.6, 1] * u.deg)


@pytest.fixture(scope="module")
def binned(spread, rings):
    return bin_maps(spread, rings, psf=True)


@pytest.fixture(scope="module")
def two_bands():
    return unfold(row_of_bins(5), energy_edges=2)


@pytest.fixture(scope="module")
def one_band():
    return unfold(row_of_bins(5))
