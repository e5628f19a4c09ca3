"""Toys: their counts, and fits of them."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps
from cases.toys import BINS, NSIGMA, make_onoff
from cases.unfolding import row_of_bins
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from xprofile import bin_maps, estimate, interval_coverage, power_law, simulate
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.spectrum.mixing import mixed_signal
from xprofile.spectrum.response import predicted_signal


@pytest.fixture
def binned():
    return bin_maps(make_maps(), BINS)


def signal_of(binned, model=None):
    found = predicted_signal(binned, model or power_law())
    return found.transpose(*binned["counts"].dims).to_numpy()


def check_poisson(counts, expected, extra=0.0):
    """Mean and variance over the first axis; `extra` is variance in addition to Poisson's."""
    size = len(counts)
    some = expected > 0
    assert not counts[:, ~some].any()
    counts, expected = counts[:, some], expected[some]
    variance = expected + np.broadcast_to(extra, some.shape)[some]
    pull = (counts.mean(axis=0) - expected) / np.sqrt(variance / size)
    assert np.abs(pull).max() < NSIGMA
    scatter = np.sqrt((2 * variance**2 + variance) / size)
    pull = (counts.var(axis=0) - variance) / scatter
    assert np.abs(pull).max() < NSIGMA


class TestSimulate:
    @pytest.mark.parametrize("norm", [0.0, 30.0, -0.3])
    def test_counts_are_poisson(self, binned, norm):
        binned["background"] = binned["background"] * 0.01
        toys = simulate(binned, norm=norm, n_toys=3000, rng=1)
        assert toys["counts"].dims == ("toy", "energy", "projected_distance")
        assert toys["counts"].dtype == np.int64
        expected = np.maximum(norm * signal_of(binned) + binned["background"].to_numpy(), 0)
        check_poisson(toys["counts"].to_numpy(), expected)

    def test_the_model_is_that_of_the_signal(self, binned):
        model = power_law(3)
        toys = simulate(binned, norm=9, n_toys=2000, rng=1, spectral_model=model)
        expected = 9 * signal_of(binned, model) + binned["background"].to_numpy()
        check_poisson(toys["counts"].to_numpy(), expected)

    def test_norms_of_bins_and_energies(self, binned):
        by_bin = xr.DataArray([0, 10, 20, 50], {"projected_distance": binned["projected_distance"]})
        by_energy = xr.DataArray([1.0, 2, 0, 4], dims="energy")
        for norm in (by_bin, by_energy, by_bin * by_energy):
            toys = simulate(binned, norm=norm, n_toys=2000, rng=1)
            signal = predicted_signal(binned, power_law())
            mean = (norm * signal + binned["background"]).transpose("energy", ...)
            check_poisson(toys["counts"].to_numpy(), mean.to_numpy())

    def test_the_norms_of_a_profile_do(self):
        maps = make_maps()
        maps["mask"] = maps.mask & (maps.lon < 1)
        binned = bin_maps(maps, BINS)
        norm = estimate(binned)["norm"].isel(energy=0)
        assert norm.isnull().any()
        toys = simulate(binned, norm=norm, n_toys=2, rng=1)
        assert (toys["counts"].isel(projected_distance=0) == 0).all()
        assert (toys["counts"].isel(projected_distance=3) > 0).all()

    def test_bins_that_are_not_used_stay_empty(self, binned):
        binned["coverage"][1, 2] = 0
        toys = simulate(binned, norm=100, n_toys=5, rng=1)
        empty = (toys["counts"] == 0).all("toy")
        assert empty[1, 2]
        assert empty.sum() == 1

    def test_a_seed_gives_the_same_toys(self, binned):
        one = simulate(binned, n_toys=5, rng=3)
        xr.testing.assert_identical(simulate(binned, n_toys=5, rng=3), one)
        by_generator = simulate(binned, n_toys=5, rng=np.random.default_rng(3))
        xr.testing.assert_equal(by_generator, one)
        for other in (4, None):
            again = simulate(binned, n_toys=5, rng=other)
            assert not np.array_equal(again["counts"], one["counts"])

    def test_a_systematic_moves_all_energies_of_a_bin_together(self, binned):
        mean, width, size = binned["background"].to_numpy(), 0.2, 3000
        counts = simulate(binned, n_toys=size, rng=1, background=width)["counts"].to_numpy()
        check_poisson(counts, mean, extra=(width * mean) ** 2)
        together = counts.sum(axis=1)
        total = mean.sum(axis=0)
        check_poisson(together, total, extra=(width * total) ** 2)
        correlation = np.corrcoef(together.T)[~np.eye(4, dtype=bool)]
        assert np.abs(correlation).max() < NSIGMA / np.sqrt(size)

    def test_a_wide_systematic_is_cut_at_0(self, binned):
        counts = simulate(binned, n_toys=2000, rng=1, background=1)["counts"].isel(energy=0)
        share = (counts == 0).mean().item()
        assert abs(share - ndtr(-1)) < NSIGMA * np.sqrt(ndtr(-1) / counts.size)

    def test_data_sets_pass_through(self, binned):
        pair = xr.concat([binned, binned.assign(background=2 * binned["background"])], "dataset")
        toys = simulate(pair, norm=3, n_toys=1000, rng=1)
        assert toys["counts"].dims[:2] == ("toy", "dataset")
        mean = 3 * signal_of(binned) + np.array([1, 2])[:, None, None] * binned["background"].values
        check_poisson(toys["counts"].to_numpy(), mean)
        profile = estimate(toys.isel(toy=slice(3)))
        assert profile["norm"].dims == ("toy", "projected_distance", "energy")
        assert profile["counts"].dims[0] == "dataset"

    def test_names_and_history(self, binned):
        before = binned.copy(deep=True)
        toys = simulate(binned, norm=2, n_toys=3, rng=5)
        xr.testing.assert_identical(binned, before)
        assert toys["counts"].attrs == binned["counts"].attrs
        line = toys.attrs["history"].splitlines()[-1]
        for word in ("simulate norm: 2", "n_toys: 3", "rng: 5", "alpha=2", "background: fixed"):
            assert word in line
        one, other = (data.drop_vars("counts") for data in (toys, binned))
        one.attrs = other.attrs = {}
        xr.testing.assert_identical(one, other)

    def test_files(self, binned, tmp_path):
        norm = xr.DataArray(np.ones(4), dims="projected_distance")
        toys = simulate(binned, norm=norm, n_toys=3, rng=np.random.default_rng(5))
        assert "norm: of each projected_distance; n_toys: 3; rng: a gen" in toys.attrs["history"]
        profile = estimate(toys, selection_optional="all")
        for name, data in {"toys": toys, "profile": profile}.items():
            data.to_netcdf(tmp_path / f"{name}.nc")
            xr.testing.assert_identical(xr.load_dataset(tmp_path / f"{name}.nc"), data)


class TestOnOff:
    def test_without_signal_on_and_off_share_the_background(self):
        binned = make_onoff()
        toys = simulate(binned, n_toys=2000, rng=1)
        off = (binned["counts"] + binned["counts_off"]).to_numpy() / 1.2
        assert toys["counts_off"].dims == ("toy", "energy", "projected_distance")
        check_poisson(toys["counts"].to_numpy(), 0.2 * off)
        check_poisson(toys["counts_off"].to_numpy(), off)

    def test_the_background_is_the_best_at_that_norm(self):
        binned = make_onoff()
        toys = simulate(binned, norm=20, n_toys=2000, rng=1)
        n, m, s = (
            v.ravel()
            for v in (*(binned[k].to_numpy() for k in ("counts", "counts_off")), signal_of(binned))
        )

        def stat(b, i):
            mu = 20 * s[i] + 0.2 * b
            return mu - n[i] * np.log(mu) + b - m[i] * np.log(b)

        best = [
            minimize_scalar(stat, bounds=(1, 1e4), args=(i,), method="bounded").x
            for i in range(n.size)
        ]
        off = np.reshape(best, binned["counts"].shape)
        check_poisson(toys["counts_off"].to_numpy(), off)
        check_poisson(toys["counts"].to_numpy(), 20 * signal_of(binned) + 0.2 * off)

    def test_estimates(self):
        binned = make_onoff()
        toys = simulate(binned, norm=20, n_toys=400, rng=1)
        profile = estimate(toys, selection_optional=["errn-errp", "ul"])
        pulls = (profile["norm"] - 20) / profile["norm_err"]
        assert abs(pulls.mean()) < NSIGMA / np.sqrt(pulls.size)
        found = interval_coverage(profile, 20)
        assert (
            abs(found["norm_errn_errp"] - 0.6827) < NSIGMA * found["norm_errn_errp_error"]
        ).all()

    def test_their_background_is_not_uncertain(self):
        with pytest.raises(InvalidOptionError, match="on-off data measure their background"):
            simulate(make_onoff(), background=0.1)


class TestEstimate:
    @pytest.mark.heavy
    @pytest.mark.parametrize("setting", [{}, {"background": 0.1}, {"norm_min": 0}])
    def test_toys_are_estimated_as_each_alone(self, binned, setting):
        toys = simulate(binned, n_toys=5, rng=1)
        settings = {"energy_edges": [0.01, 0.1, 1] * u.TeV, "selection_optional": "all"}
        together = estimate(toys, **settings, **setting)
        for i in range(5):
            alone = estimate(toys.isel(toy=i), **settings, **setting)
            xr.testing.assert_identical(together.isel(toy=i), alone)

    def test_on_off_toys_too(self):
        toys = simulate(make_onoff(), n_toys=3, rng=1)
        together = estimate(toys, selection_optional="all")
        for i in range(3):
            alone = estimate(toys.isel(toy=i), selection_optional="all")
            xr.testing.assert_identical(together.isel(toy=i), alone)

    def test_progress_is_shown(self, binned, capsys):
        toys = simulate(binned, n_toys=3000, rng=1)
        quiet = estimate(toys)
        assert capsys.readouterr().err == ""
        xr.testing.assert_identical(toys.profile.estimate(progress=True), quiet)
        shown, number = capsys.readouterr().err, quiet.norm.size  # each fit counts
        for word in ("estimate", "100%", f"{number}/{number} [", " fits"):
            assert word in shown


class TestBadInput:
    @pytest.mark.parametrize(
        ("setting", "words"),
        [
            ({"n_toys": 0}, "n_toys must be a positive integer, found 0"),
            ({"n_toys": 2.5}, "n_toys"),
            ({"background": "free"}, "'free' has no uncertainty to draw from"),
            ({"background": -1}, "background must be 'fixed'"),
            ({"norm": np.nan}, "finite in every bin"),
            ({"norm": np.inf}, "finite in every bin"),
            ({"norm": [1, 2, 3, 4]}, "on the same bins"),
            ({"norm": xr.DataArray([1.0, 2], dims="projected_distance")}, "on the same bins"),
            (
                {"norm": xr.DataArray([1.0, 2], dims="toy")},
                r"some of the dims .*; found dims {'toy': 2}",
            ),
            ({"norm": xr.DataArray([1.0], {"energy": [0.1]})}, "on the same bins"),
        ],
    )
    def test_settings(self, binned, setting, words):
        with pytest.raises(InvalidOptionError, match=words):
            simulate(binned, **{"n_toys": 2, **setting})

    def test_too_many_counts(self, binned):
        with pytest.raises(InvalidDataError, match=r"up to 3e\+20 are expected.*1e\+18"):
            simulate(binned.assign(background=binned["background"] * 1e18), n_toys=2)
        with pytest.raises(InvalidDataError, match="cannot be drawn"):
            simulate(binned, norm=1e30, n_toys=2)
        with pytest.raises(InvalidDataError, match="background is negative or not finite"):
            simulate(binned.assign(background=binned["background"] * np.nan), n_toys=2)

    def test_not_binned(self, binned):
        with pytest.raises(MissingVariableError, match=r"maps\.profile\.bin"):
            simulate(make_maps(), n_toys=2)
        with pytest.raises(InvalidDataError, match="toys already"):
            simulate(simulate(binned, n_toys=2), n_toys=2)


@pytest.mark.parametrize("norm", [1.0, "of bins"])
def test_photons_leave_their_bins_where_the_data_say_so(norm):
    binned = row_of_bins(5, width=0.6, background=0)
    values = np.array([0, 0, 30.0, 0, 1]) if norm == "of bins" else np.ones(5)
    given = binned.counts[0].copy(data=values) if norm == "of bins" else norm
    toys = simulate(binned, norm=given, n_toys=4000, rng=1)
    response = mixed_signal(binned, power_law()).values
    expected = np.einsum("kji,j->ki", response, values)
    error = np.sqrt(np.maximum(expected, 1e-9) / 4000)
    assert np.max(np.abs(toys.counts.mean("toy") - expected) / error) < 5
    kept = simulate(binned.drop_vars("psf_mixing"), norm=given, n_toys=4000, rng=1)
    assert np.max(np.abs(kept.counts.mean("toy") - expected) / error) > 5
