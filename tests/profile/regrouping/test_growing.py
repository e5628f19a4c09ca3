"""Bins that grow until they meet a criterion."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps, make_onoff
from cases.rebinning import FINE, MAPS, RADII, annuli
from scipy.special import xlogy

from xprofile import bin_maps, estimate, power_law, rebin, simulate
from xprofile.exceptions import InvalidDataError


class TestGrowing:
    @pytest.mark.parametrize("kind", MAPS)
    @pytest.mark.parametrize("least", [1, 120, 700, 1e9])
    def test_counts(self, kind, least):
        fine = FINE[kind]
        merged = rebin(fine, min_counts=least)
        expected = greedy(fine.counts.sum("energy").to_numpy(), least)
        found = np.append(merged.projected_distance_min, merged.projected_distance_max[-1])
        np.testing.assert_array_equal(found, RADII[expected])
        enough = (merged.counts.sum("energy") >= least).to_numpy()
        np.testing.assert_array_equal(merged.criterion_met, enough)
        assert enough.all() == (least < 1e9)
        assert merged.criterion_met.dtype == bool

    def test_excess_of_a_known_background(self):
        fine = bin_maps(source(), annuli(np.linspace(0, 2.4, 25)))
        merged = rebin(fine, min_excess_sigma=5)
        n, b = (merged[name].sum("energy").to_numpy() for name in ("counts", "background"))
        sigma = np.sign(n - b) * np.sqrt(2 * (xlogy(n, n / b) - (n - b)))
        np.testing.assert_array_equal(merged.criterion_met, sigma >= 5)
        assert merged.criterion_met.sum() > 2
        each_is_as_short_as_can_be(fine, merged, lambda m: rebin_sigma(m) >= 5)

    @pytest.mark.slow
    def test_excess_of_on_off_data(self):
        maps = source(make_onoff())
        merged = rebin(bin_maps(maps, annuli(np.linspace(0, 2.4, 25))), min_excess_sigma=5)
        n, m = (merged[name].sum("energy").to_numpy() for name in ("counts", "counts_off"))
        a = 0.2
        on, off = xlogy(n, (1 + a) / a * n / (n + m)), xlogy(m, (1 + a) * m / (n + m))
        sigma = np.sign(n - a * m) * np.sqrt(2 * (on + off))  # Li & Ma 1983, eq. 17
        np.testing.assert_array_equal(merged.criterion_met, sigma >= 5)
        assert merged.criterion_met.sum() > 2

    def test_test_statistic(self):
        fine = bin_maps(source(), annuli(np.linspace(0, 2.4, 25)))
        chosen = {"energy_edges": [10, 100, 1000] * u.GeV, "spectral_model": power_law(2.7)}
        merged = rebin(fine, min_ts=40, **chosen)
        ts = estimate(merged, **chosen).ts.sum("energy")
        np.testing.assert_array_equal(merged.criterion_met, ts >= 40)
        assert merged.criterion_met.sum() > 2
        each_is_as_short_as_can_be(
            fine, merged, lambda m: estimate(m, **chosen).ts.sum("energy") >= 40
        )
        assert "\nrebin min_ts: 40; spectral_model: PowerLaw1D(" in merged.attrs["history"]
        assert "; energy_edges: [  10.  100. 1000.] GeV" in merged.attrs["history"]

    def test_masked_bins_do_not_meet_it(self):
        fine = FINE["known"]
        merged = rebin(fine.assign(coverage=fine.coverage * 0), min_ts=1e-3)
        assert merged.criterion_met.values.tolist() == [False]
        fine = fine.copy(deep=True)
        fine["coverage"][:, :4] = 0
        merged = rebin(fine, min_excess_sigma=1e-9)
        assert merged.projected_distance_min[0] == 0

    def test_data_sets_count_together(self):
        pair = [bin_maps(make_maps(seed=seed), annuli()) for seed in (1, 2)]
        joint = xr.concat(pair, "dataset", join="exact", data_vars="all")
        total = sum(part.counts.sum("energy").to_numpy() for part in pair)
        merged = rebin(joint, min_counts=500)
        found = np.append(merged.projected_distance_min, merged.projected_distance_max[-1])
        np.testing.assert_array_equal(found, RADII[greedy(total, 500)])
        assert rebin(joint, min_excess_sigma=3).criterion_met.dims == ("projected_distance",)

    def test_again_and_into_a_profile(self):
        merged = rebin(FINE["known"], min_counts=120)
        assert "criterion_met" in estimate(merged).coords
        assert "criterion_met" not in rebin(merged, 2).coords

    def test_toys_refuse(self):
        toys = simulate(FINE["known"], n_toys=2)
        with pytest.raises(InvalidDataError, match=r"\['toy'\] too.*edges="):
            rebin(toys, min_counts=3)


def greedy(counts, least):
    """Bounds by a loop over the old bins."""
    bounds, total = [0], 0
    for i, n in enumerate(counts):
        total += n
        if total >= least:
            bounds.append(i + 1)
            total = 0
    if bounds[-1] != len(counts):  # more counts never do harm
        bounds = [*(bounds[:-1] if len(bounds) > 1 else bounds), len(counts)]
    return bounds


def source(maps=None):
    """Maps with a source that fades with distance."""
    maps = make_maps() if maps is None else maps
    bright = 6 * np.exp(-(maps.lon**2 + maps.lat**2))
    signal = np.random.default_rng(9).poisson(bright.transpose("lat", "lon"), maps.counts.shape)
    return maps.assign(counts=maps.counts + signal)


def rebin_sigma(merged):
    return estimate(merged, sum_over_energy_groups=True).sqrt_ts.isel(energy=0)


def each_is_as_short_as_can_be(fine, merged, meets):
    """No bin but the last would meet the criterion with one old bin less."""
    lower, upper = (
        merged.projected_distance_min.to_numpy(),
        merged.projected_distance_max.to_numpy(),
    )
    for low, high in zip(lower[:-2], upper[:-2], strict=True):
        before = fine.projected_distance_max.to_numpy()
        before = before[(before > low) & (before < high)]
        for shorter in before:
            assert not meets(rebin(fine, edges=[low, shorter])).all()
