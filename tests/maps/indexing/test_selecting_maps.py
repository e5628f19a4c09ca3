"""Selections by coordinates, with Quantities and without."""

import astropy.units as u
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import SkyBins, bin_maps, estimate, select
from xprofile.exceptions import InvalidOptionError, MissingVariableError

ENDS = SkyCoord([3, -3] * u.deg, [0, 0] * u.deg, frame="galactic")
BINS = SkyBins.along_line(*ENDS, height=2 * u.deg, nbin=5)


@pytest.fixture(scope="module")
def binned():
    return bin_maps(make_maps(), BINS)


@pytest.fixture(scope="module")
def profile(binned):
    edges = [10, 100, 1000] * u.GeV
    return estimate(binned, energy_edges=edges, selection_optional="all")


class TestSelect:
    def test_slices(self, binned):
        found = binned.profile.sel(
            energy=slice(20 * u.GeV, 200 * u.GeV), projected_distance=slice(60 * u.arcmin, None)
        )
        xr.testing.assert_identical(
            found, binned.sel(energy=slice(0.02, 0.2), projected_distance=slice(1, None))
        )
        assert 0 < found.sizes["energy"] < binned.sizes["energy"]
        assert 0 < found.sizes["projected_distance"] < 5

    def test_values(self, profile):
        x = profile["projected_distance"].to_numpy()
        one = select(profile, {"projected_distance": x[1] * 60 * u.arcmin}, method="nearest")
        xr.testing.assert_identical(one, profile.isel(projected_distance=1))
        two = select(profile, projected_distance=[x[1] * u.deg, x[3] * u.deg])
        xr.testing.assert_identical(two, profile.isel(projected_distance=[1, 3]))
        many = select(profile, projected_distance=x[[0, 2]] * u.deg)
        xr.testing.assert_identical(many, profile.isel(projected_distance=[0, 2]))
        with pytest.raises(KeyError):
            select(profile, projected_distance=(x[1] + 0.5) * u.deg, method="nearest",
                   tolerance=1 * u.arcmin)  # fmt: skip

    def test_numbers_are_left_alone(self, profile):
        wanted = {"energy": slice(0.05, None)}
        xr.testing.assert_identical(select(profile, wanted), profile.sel(wanted))
        scan = select(profile, norm_scan=1.0, method="nearest", drop=True)
        assert "norm_scan" not in scan.dims

    def test_what_cannot_be(self, profile):
        with pytest.raises(InvalidOptionError, match=r"energy is in 'TeV', found 3\.0 deg"):
            select(profile, energy=3 * u.deg)
        with pytest.raises(MissingVariableError, match="no coordinate 'time'"):
            select(profile, time=3 * u.s)
