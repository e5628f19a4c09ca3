"""Limits from stored scans, and profiles merged by them, against the binned data."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import (
    SkyBins,
    bin_maps,
    estimate,
    merge_profiles,
    open_profile,
    power_law,
    recompute_ul,
    simulate,
    to_sed_type,
)
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.profile.interpolation import interpolate, sort_nodes

EDGES = [10, 50, 500] * u.GeV
FINE = {"norm_values": np.linspace(-1, 10, 221)}


@pytest.fixture(scope="module")
def binned(sim_maps):
    start, end = SkyCoord([4, -4] * u.deg, [0, 0] * u.deg, frame="galactic")
    return bin_maps(sim_maps, SkyBins.along_line(start, end, height=1 * u.deg, nbin=20))


def made(binned, **settings):
    chosen = {"spectral_model": power_law(2.3), "energy_edges": EDGES, "selection_optional": "all"}
    return estimate(binned, **{**chosen, **settings})


class TestInterpolation:
    def test_cubics_are_exact(self):
        rng = np.random.default_rng(1)
        x = rng.uniform(-3, 3, (5, 9))
        factors = rng.normal(size=(4, 5, 1))
        at = np.sort(x)[:, [0, -1]] @ np.array([[0.9, 0.5, 0.2, 0], [0.1, 0.5, 0.8, 1]])
        found = interpolate(*sort_nodes(x, cubic(factors, x), x > -9), at)
        np.testing.assert_allclose(found, cubic(factors, at), rtol=1e-9)

    def test_fewer_nodes_and_none(self):
        x, y = np.array([[1, 3, 2.0], [1, 3, 2.0], [1, 3, 2.0]]), np.array([[1, 9, 4.0]] * 3)
        known = np.array([[True, True, True], [True, True, False], [False] * 3])
        found = interpolate(*sort_nodes(x, y, known), np.full((3, 2), [2.5, 3.5]))
        np.testing.assert_allclose(found[:2, 0], [6.25, 7])
        assert np.isnan(found[2]).all()
        assert np.isnan(found[:, 1]).all()

    def test_nodes_that_come_twice(self):
        x = np.array([0, 1, 1, 2, 2, 2, 3, 4.0])
        at = np.array([0.5, 1, 2, 3.7])
        found = interpolate(*sort_nodes(x, x**3, np.isfinite(x)), at)
        np.testing.assert_allclose(found, at**3, rtol=1e-12)

    def test_a_step_does_not_spoil_its_neighbours(self):
        x = np.arange(10.0)
        y = np.where(x < 4, x - 100, x**2)
        at = np.array([4.5, 5.5, 8.5, 0.5, 2.5])
        found = interpolate(*sort_nodes(x, y, x > -1), at)
        np.testing.assert_allclose(found, [20.25, 30.25, 72.25, -99.5, -97.5], rtol=1e-12)


def cubic(factors, x):
    return factors[0] + factors[1] * x + factors[2] * x**2 + factors[3] * x**3


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
            assert found[name].attrs == expected[name].attrs
        untouched = [n for n in shown.data_vars if not n.endswith("_ul")]
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
        with pytest.raises(InvalidDataError, match=r"in \d+ of 40 bins, .*projected_distance 1\.8"):
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


def halves(binned, seed=1):
    """Split counts at random into two observations of half the time."""
    counts = binned.counts.to_numpy().astype(int)
    first = np.random.default_rng(seed).binomial(counts, 0.5)
    half = {name: binned[name] / 2 for name in ("background", "exposure")}
    for name in half:
        half[name].attrs = binned[name].attrs
    return [
        binned.assign(counts=binned.counts.copy(data=n), **half) for n in (first, counts - first)
    ]


RESULTS = ("norm", "norm_err", "norm_errn", "norm_errp", "norm_ul")


class TestMerge:
    @pytest.mark.parametrize(
        ("scan", "tolerance"),
        [
            ({"norm_values": np.linspace(-1.5, 15, 166)}, 3e-2),
            ({"norm_values": np.linspace(-1.5, 15, 1651)}, 2e-3),
            ({"scan_n_sigma": 12, "scan_n_values": 121}, 2e-3),
        ],
    )
    def test_halves_give_the_joint_fit(self, binned, scan, tolerance):
        parts = halves(binned)
        settings = {"energy_edges": None, **scan}
        found = merge_profiles([made(part, **settings) for part in parts])
        joint = made(parts, **settings)
        for name in RESULTS:
            off = np.abs(found[name] - joint[name]) / joint.norm_err
            assert off.max() < (tolerance if name != "norm_err" else 3e-2), name
        for name in ("ts", "stat"):
            assert np.abs(found[name] - joint[name]).max() < 3 * tolerance
        for name in ("stat_null", "ref_dnde", "solid_angle", "coverage"):
            np.testing.assert_allclose(found[name], joint[name], rtol=1e-12, err_msg=name)
        for name in ("counts", "npred_background"):
            np.testing.assert_allclose(found[name], joint[name].sum("dataset"), rtol=1e-12)
        per_norm = joint.npred_excess.sum("dataset") / joint.norm
        np.testing.assert_allclose(found.npred_excess, per_norm * found.norm, rtol=1e-9)
        np.testing.assert_allclose(found.npred, found.npred_excess + found.npred_background)
        np.testing.assert_array_equal(found.is_ul, joint.is_ul)
        assert found.counts.dtype == np.int64
        if "norm_values" in scan:
            np.testing.assert_allclose(found.stat_scan, joint.stat_scan, rtol=1e-12)

    @pytest.mark.parametrize("number", [1, 4])
    def test_copies(self, binned, number):
        profile = made(binned, energy_edges=None, scan_n_sigma=6, scan_n_values=61)
        found = merge_profiles([profile] * number)
        expected = made([binned] * number, energy_edges=None)
        for name in RESULTS[:1] + RESULTS[2:]:
            off = np.abs(found[name] - expected[name]) / expected.norm_err
            assert off.max() < 1e-4, name
        np.testing.assert_allclose(found.norm_err, profile.norm_err / number**0.5, rtol=2e-2)
        np.testing.assert_allclose(found.ts, number * profile.ts, rtol=1e-4)

    def test_a_dimension(self, binned):
        parts = [made(part, energy_edges=None, **FINE) for part in halves(binned)]
        stack = xr.concat(parts, "time", combine_attrs="drop_conflicts")
        found, expected = merge_profiles(stack, "time"), merge_profiles(parts)
        xr.testing.assert_allclose(found, expected, rtol=1e-12)

    def test_toys(self, binned):
        parts = [
            made(simulate(part, n_toys=2, rng=i, norm=1), energy_edges=None, **FINE)
            for i, part in enumerate(halves(binned))
        ]
        found = merge_profiles(parts)
        one = merge_profiles([part.isel(toy=1) for part in parts])
        np.testing.assert_allclose(found.norm.isel(toy=1), one.norm, rtol=1e-12)

    def test_a_bin_that_one_has_not(self, binned):
        first, second = halves(binned)
        lost = first.copy(deep=True)
        lost["coverage"][:, 3] = 0
        parts = [made(part, energy_edges=None, **FINE) for part in (lost, second)]
        found = merge_profiles(parts)
        assert np.abs(found.norm - parts[1].norm)[3] < 1e-6
        assert found.status[3] == 0
        both = merge_profiles([parts[0], parts[0]])
        assert both.norm.isnull().sum() == 1
        assert both.norm_ul[3].isnull()
        assert not both.success[3]
        assert both.status[3] == parts[0].status[3]

    def test_no_counts_at_all(self, binned):
        empty = binned.assign(counts=binned.counts * 0)
        settings = {"energy_edges": None, "norm_values": np.linspace(-3, 30, 34)}
        settings["sum_over_energy_groups"] = True
        found = merge_profiles([made(empty, **settings)] * 2)
        expected = made([empty, empty], **settings)
        for name in ("norm", "norm_errp", "norm_ul"):
            assert (np.abs(found[name] - expected[name]) / expected.norm_err).max() < 1e-6
        assert found.norm_errn.isnull().all()

    def test_sed_types_and_attrs(self, binned):
        parts = [made(part, energy_edges=None, **FINE) for part in halves(binned)]
        expected = to_sed_type(merge_profiles(parts), "eflux", per_solid_angle=True)
        shown = [
            to_sed_type(parts[0], "eflux", per_solid_angle=True),
            to_sed_type(parts[1], "dnde"),
        ]
        shown[1].attrs["telescope"] = "B"
        found = merge_profiles(shown)
        for name in expected.data_vars:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-6, err_msg=name)
            assert str(found[name].attrs) == str(expected[name].attrs)
        assert found.attrs["spectral_model"] == parts[0].attrs["spectral_model"]
        assert "telescope" not in found.attrs
        assert found.attrs["history"].endswith("\nmerge_profiles: 2 profiles")
        assert "norm_scan" in found.coords

    def test_nodes_beyond_a_wall_tell_nothing(self, binned):
        """Where npred reaches 0 the statistic leaps; a curve through both sides would be wrong."""
        coarse = {"energy_edges": None, "norm_values": np.linspace(-3, 12, 16)}
        with pytest.raises(InvalidDataError, match="too narrow or too coarse for the best fit"):
            merge_profiles([made(part, **coarse) for part in halves(binned)])

    def test_refusals(self, binned):
        profile = made(binned, energy_edges=None, **FINE)
        with pytest.raises(InvalidDataError, match=r"profile 1 has .*'energy': 2"):
            merge_profiles([profile, made(binned, **FINE)])
        with pytest.raises(InvalidDataError, match="other ref_dnde"):
            merge_profiles([profile, profile.assign(ref_dnde=profile.ref_dnde * 1.00001)])
        moved = profile.assign_coords(projected_distance_max=profile.projected_distance_max + 1)
        with pytest.raises(InvalidDataError, match="other projected_distance_max"):
            merge_profiles([profile, moved])
        with pytest.raises(InvalidDataError, match=r"too coarse for the .* of all in \d+ of 20"):
            merge_profiles([made(p, energy_edges=None) for p in halves(binned)])
        with pytest.raises(MissingVariableError, match="stat_scan"):
            merge_profiles([profile, profile.drop_vars("stat_scan")])
        with pytest.raises(InvalidOptionError, match="dim must be one of"):
            merge_profiles(profile)
        with pytest.raises(InvalidDataError, match="no profiles"):
            merge_profiles([])


def test_maps_of_one_bin():
    """Counts far above the background: the curve is that of a Poisson mean."""
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    binned = bin_maps(make_maps(), SkyBins.annuli(center, edges=[0, 1] * u.deg))
    profile = estimate(binned, selection_optional="all", scan_n_sigma=5)
    found = recompute_ul(profile, 1.5).norm_ul
    expected = estimate(binned, selection_optional="all", n_sigma_ul=1.5)
    assert (np.abs(found - expected.norm_ul) / expected.norm_err).max() < 1e-6
