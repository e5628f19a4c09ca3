"""Flags of upper limits, and limits from scans against the binned data."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps
from cases.scans import FINE, made

from xprofile import (
    SkyBins,
    bin_maps,
    estimate,
    open_profile,
    power_law,
    recompute_ul,
    simulate,
    to_sed_type,
)
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.profile.limits import upper_limits, with_threshold


@pytest.fixture(scope="module")
def binned(sim_maps):
    start, end = SkyCoord([4, -4] * u.deg, [0, 0] * u.deg, frame="galactic")
    return bin_maps(sim_maps, SkyBins.along_line(start, end, height=1 * u.deg, nbin=20))


@pytest.fixture(scope="module")
def profile():
    ends = SkyCoord([3, -3] * u.deg, [0, 0] * u.deg, frame="galactic")
    bins = SkyBins.along_line(*ends, height=2 * u.deg, nbin=5)
    edges = [10, 100, 1000] * u.GeV
    return estimate(bin_maps(make_maps(), bins), energy_edges=edges, selection_optional="all")


def test_threshold(profile):
    flagged = upper_limits(profile)
    np.testing.assert_array_equal(flagged, profile.sqrt_ts < 2)
    for nothing in (-1e9, -np.inf):
        assert with_threshold(profile, nothing).is_ul.sum() == 0
    assert upper_limits(profile, np.inf).all()
    everything = with_threshold(profile, 1e9)
    assert everything.is_ul.all()
    assert everything.attrs["sqrt_ts_threshold_ul"] == 1e9
    assert profile.attrs["sqrt_ts_threshold_ul"] == 2
    changed = profile.assign_attrs(sqrt_ts_threshold_ul=1e9)
    assert upper_limits(changed).all()


def test_without_limits_only_missing_values_are_flagged(profile):
    bare = profile.drop_vars(["norm_ul", "is_ul"])
    assert not upper_limits(bare).any()


class TestLimits:
    @pytest.mark.parametrize("n_sigma_ul", [1, 2, 3])
    @pytest.mark.parametrize(
        ("scan", "tolerance"),
        [
            ({"norm_values": np.geomspace(0.2, 30, 14)}, 1.5e-2),
            (FINE, 3e-3),
            ({"scan_n_sigma": 12, "scan_n_values": 25}, 1e-3),
        ],
    )
    def test_those_of_the_binned_data(self, binned, scan, tolerance, n_sigma_ul):
        found = recompute_ul(made(binned, **scan), n_sigma_ul)
        expected = made(binned, **scan, n_sigma_ul=n_sigma_ul)
        off = np.abs(found.norm_ul - expected.norm_ul) / expected.norm_err
        assert off.max() < tolerance
        np.testing.assert_array_equal(found.is_ul, expected.is_ul)
        assert found.attrs["n_sigma_ul"] == n_sigma_ul

    @pytest.mark.heavy
    @pytest.mark.parametrize("sed_type", ["dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"])
    @pytest.mark.parametrize("per_solid_angle", [False, True])
    def test_every_sed_type(self, binned, sed_type, per_solid_angle):
        if per_solid_angle and sed_type in ("norm", "likelihood"):
            return
        profile = made(binned, **FINE)
        shown = to_sed_type(profile, sed_type, per_solid_angle=per_solid_angle)
        found = recompute_ul(shown, 3)
        expected = recompute_ul(profile, 3)
        expected = to_sed_type(expected, sed_type, per_solid_angle=per_solid_angle)
        for name in expected.data_vars:
            xr.testing.assert_allclose(found[name], expected[name], rtol=1e-12)
            np.testing.assert_equal(found[name].attrs, expected[name].attrs)
        untouched = [n for n in shown.data_vars if not n.endswith("_ul") and n != "status"]
        for name in untouched:
            xr.testing.assert_identical(found[name], shown[name])
        assert found.attrs["history"] == shown.attrs["history"] + "\nrecompute_ul n_sigma_ul: 3"

    def test_any_order_and_any_dims(self, binned):
        profile = made(simulate(binned, n_toys=3, rng=2), **FINE)
        found = recompute_ul(profile, 3)
        mixed = profile.isel(norm_scan=np.random.default_rng(0).permutation(221))
        mixed = mixed.transpose("norm_scan", "energy", ...)
        again = recompute_ul(mixed, 3)
        np.testing.assert_array_equal(again.norm_ul.transpose(*found.norm_ul.dims), found.norm_ul)
        for i in range(3):
            alone = recompute_ul(profile.isel(toy=i), 3).norm_ul
            np.testing.assert_array_equal(alone, found.norm_ul.isel(toy=i))

    def test_no_counts_at_all(self, binned):
        """There the statistic rises linearly from its kink."""
        empty = binned.assign(counts=binned.counts * 0)
        one = {"sum_over_energy_groups": True}
        profile = made(empty, norm_values=np.linspace(-3, 40, 9), **one)
        expected = made(empty, n_sigma_ul=3, **one)
        off = np.abs(recompute_ul(profile, 3).norm_ul - expected.norm_ul) / expected.norm_err
        assert off.max() < 1e-6

    def test_what_has_no_best_fit_stays_without(self, binned):
        lost = binned.copy(deep=True)
        lost["coverage"][:, 3] = 0
        found = recompute_ul(made(lost, **FINE), 3)
        assert found.norm_ul.isnull().sum() == 2
        assert found.norm_ul.isel(projected_distance=3).isnull().all()
        assert not found.is_ul.isel(projected_distance=3).any()

    @pytest.mark.parametrize("case", ["radial10", "radial10_all"])
    @pytest.mark.parametrize("sed_type", ["dnde", "likelihood"])
    def test_files_of_gammapy(self, reference, case, sed_type):
        """Its best fits are not quite at the minimum, so its limits differ by 6e-3 errors."""
        path = reference / f"gammapy21_{case}_{sed_type}.fits"
        profile = open_profile(path, spectral_model=power_law(2.3))
        name = "dnde" if sed_type == "dnde" else "norm"
        found = recompute_ul(profile, profile.attrs["n_sigma_ul"])
        off = np.abs(found[f"{name}_ul"] - profile[f"{name}_ul"]) / profile[f"{name}_err"]
        assert off.max() < 1e-2
        assert (recompute_ul(profile, 3)[f"{name}_ul"] > found[f"{name}_ul"]).all()

    def test_a_scan_that_does_not_reach_it(self, binned):
        profile = made(binned, norm_values=[0, 0.5, 1])
        with pytest.raises(InvalidDataError, match=r"in \d+ of 40 bins, .*projected_distance 0\.6"):
            recompute_ul(profile, 2)
        with pytest.raises(MissingVariableError, match="stat_scan"):
            recompute_ul(profile.drop_vars("stat_scan"))
        with pytest.raises(MissingVariableError, match="norm_scan"):
            recompute_ul(profile.drop_vars("norm_scan"))
        with pytest.raises(InvalidOptionError, match="n_sigma_ul"):
            recompute_ul(profile, -1)

    def test_accessor(self, binned):
        profile = made(binned, **FINE)
        before = profile.copy(deep=True)
        xr.testing.assert_identical(profile.profile.recompute_ul(3), recompute_ul(profile, 3))
        xr.testing.assert_identical(profile, before)


def test_maps_of_one_bin():
    """Counts far above the background: the curve is that of a Poisson mean."""
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    binned = bin_maps(make_maps(), SkyBins.annuli(center, edges=[0, 1] * u.deg))
    profile = estimate(binned, selection_optional="all", scan_n_sigma=5)
    found = recompute_ul(profile, 1.5).norm_ul
    expected = estimate(binned, selection_optional="all", n_sigma_ul=1.5)
    assert (np.abs(found - expected.norm_ul) / expected.norm_err).max() < 1e-6
