"""Status flags, and the results of bins that have one."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.maps import make_maps
from cases.profiles import flags
from cases.short_line import line
from regions import CircleSkyRegion

from xprofile import bin_maps, estimate, power_law
from xprofile.spectrum.response import predicted_signal

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")


@pytest.fixture
def binned():
    return bin_maps(make_maps(), line())


def test_all_is_well(binned):
    assert flags(estimate(binned)) == set()


def test_masked(binned):
    maps = make_maps()
    maps["mask"] = maps.mask & (maps.lon < 0)
    profile = estimate(bin_maps(maps, line()), selection_optional="all")
    lost = profile.isel(projected_distance=slice(0, 2))
    assert flags(lost) == {"masked"}
    assert lost.norm.isnull().all()
    assert lost.norm_ul.isnull().all()
    assert (lost.counts == 0).all()
    assert not lost.success.any()
    assert flags(profile.isel(projected_distance=slice(2, 4))) == set()


def test_off_the_map():
    profile = estimate(bin_maps(make_maps(), line(start=9, end=5)))
    assert flags(profile) == {"masked"}
    assert (profile.coverage == 0).all()


def test_smaller_than_a_pixel():
    tiny = CircleSkyRegion(CENTER, 1 * u.arcsec)
    profile = estimate(bin_maps(make_maps(), [tiny]))
    assert flags(profile) == {"no_pixels"}
    assert profile.norm.isnull().all()


def test_no_exposure():
    maps = make_maps()
    maps["exposure"] = maps.exposure.where(maps.lon < 0, 0)
    profile = estimate(bin_maps(maps, line()))
    assert flags(profile.isel(projected_distance=slice(0, 2))) == {"no_exposure"}
    assert profile.norm[2:].notnull().all()


def test_zero_counts_everywhere(binned):
    binned["counts"] = binned.counts * 0
    profile = estimate(binned, selection_optional="all")
    assert flags(profile) == {"zero_counts", "best_fit_at_boundary", "unbounded_interval"}
    signal = predicted_signal(binned, power_law()).transpose(..., "energy")
    edge = -(binned.background / signal).max("energy")
    np.testing.assert_allclose(profile.norm[:, 0], edge, rtol=1e-12)
    assert profile.norm_errn.isnull().all()
    assert profile.success.all()
    np.testing.assert_allclose(profile.norm_err, profile.norm_errp, rtol=0)
    assert (profile.norm_ul > profile.norm).all()


def test_groups_outside_the_data_and_inside_one_fine_bin(binned):
    edges = [0.001, 0.002, 0.011, 0.012, 0.1, 5] * u.TeV
    profile = estimate(binned, energy_edges=edges, selection_optional="all")
    assert flags(profile.isel(energy=[0, 2])) == {"no_energy_bins"}
    assert profile.norm.isel(energy=[0, 2]).isnull().all()
    np.testing.assert_allclose(profile.energy_min[[0, 2]], [0.001, 0.011])
    assert profile.norm.isel(energy=[3, 4]).notnull().all()
    np.testing.assert_allclose(profile.energy_max[-1], 1)
