"""Profiles merged by their scans, against joint fits of the binned data."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.profiles import make_profile
from cases.scans import FINE, made

from xprofile import SkyBins, bin_maps, merge_profiles, simulate, to_sed_type
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError


@pytest.fixture(scope="module")
def binned(sim_maps):
    start, end = SkyCoord([4, -4] * u.deg, [0, 0] * u.deg, frame="galactic")
    return bin_maps(sim_maps, SkyBins.along_line(start, end, height=1 * u.deg, nbin=20))


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
    @pytest.mark.heavy
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

    @pytest.mark.heavy
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

    @pytest.mark.slow
    def test_toys(self, binned):
        parts = [
            made(simulate(part, n_toys=2, rng=i, norm=1), energy_edges=None, **FINE)
            for i, part in enumerate(halves(binned))
        ]
        found = merge_profiles(parts)
        one = merge_profiles([part.isel(toy=1) for part in parts])
        np.testing.assert_allclose(found.norm.isel(toy=1), one.norm, rtol=1e-12)

    @pytest.mark.slow
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

    @pytest.mark.slow
    def test_no_counts_at_all(self, binned):
        empty = binned.assign(counts=binned.counts * 0)
        settings = {"energy_edges": None, "norm_values": np.linspace(-3, 30, 34)}
        settings["sum_over_energy_groups"] = True
        found = merge_profiles([made(empty, **settings)] * 2)
        expected = made([empty, empty], **settings)
        for name in ("norm", "norm_errp", "norm_ul"):
            assert (np.abs(found[name] - expected[name]) / expected.norm_err).max() < 1e-6
        assert found.norm_errn.isnull().all()

    @pytest.mark.slow
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


@pytest.mark.slow
def test_a_bin_off_the_map_of_one_and_masked_in_the_other_is_masked(binned):
    lost = binned.assign(coverage=0 * binned.coverage)
    off = made(lost.assign(n_pixels=0 * binned.n_pixels), **FINE)
    masked = made(lost, **FINE)
    for parts, flag in [((off, off), 1), ((off, masked), 2), ((masked, masked), 2)]:
        assert (merge_profiles(list(parts)).status & 3 == flag).all()


def with_parabola(profile, best, error):
    """Profile with no more than a parabola of the statistic, and what it needs of a profile."""
    like = profile.norm
    norms = np.linspace(-10, 20, 301)
    rise = np.broadcast_to(((norms - best) / error) ** 2, (*like.shape, norms.size))
    values = {"norm": best, "norm_err": error, "norm_ul": best + 2 * error, "stat": 0.0}
    found = profile[[name for name in profile if name.startswith("ref_")]].assign(
        {name: like.copy(data=np.full(like.shape, value)) for name, value in values.items()}
    )
    scan = {"norm_scan": norms}
    return found.assign(stat_scan=((*like.dims, "norm_scan"), rise)).assign_coords(scan)


def test_parabolas_alone_give_the_weighted_mean():
    """Without counts, predicted counts and flags, as in profiles that others made."""
    profile = make_profile(energies=1)
    merged = merge_profiles([with_parabola(profile, 1.0, 1.0), with_parabola(profile, 4.0, 2.0)])
    error = np.sqrt(1 / (1 / 1**2 + 1 / 2**2))
    expected = {"norm": 1.6, "norm_err": error, "norm_ul": 1.6 + 2 * error, "stat": 1.8}
    for name, value in {**expected, "ts": 5 - 1.8}.items():
        np.testing.assert_allclose(merged[name], value, rtol=1e-6, err_msg=name)
    assert merged.success.all()
    lost = {"counts", "npred", "npred_excess", "stat_null", "solid_angle", "coverage", "status"}
    assert not lost & set(merged)
