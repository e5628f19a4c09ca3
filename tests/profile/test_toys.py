"""Toys: their counts, and expected limits, probabilities and coverage against closed forms."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps
from scipy.optimize import minimize_scalar
from scipy.special import ndtr
from scipy.stats import poisson

from xprofile import (
    SkyBins,
    bin_maps,
    estimate,
    expected_limits,
    interval_coverage,
    p_value,
    power_law,
    simulate,
    to_sed_type,
)
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.spectrum.response import predicted_signal

ENDS = SkyCoord([3, -3] * u.deg, [0, 0] * u.deg, frame="galactic")
BINS = SkyBins.along_line(*ENDS, height=2 * u.deg, nbin=4)
NSIGMA = 4.5  # of what is compared, for dozens of numbers


@pytest.fixture
def binned():
    return bin_maps(make_maps(), BINS)


def make_onoff(alpha=0.2):
    maps = make_maps().drop_vars("background")
    like = maps["counts"]
    off = np.random.default_rng(2).poisson(5, like.shape)
    ones = like.astype(float) * 0 + 1
    maps = maps.assign(counts_off=like.copy(data=off), acceptance=ones)
    return bin_maps(maps.assign(acceptance_off=ones / alpha), BINS)


def make_one(signal, background):
    """One bin, one energy, with so many counts of a signal of norm 1 and of the background."""
    one = bin_maps(make_maps(nenergy=1, ntrue=1), BINS).isel(projected_distance=[0])
    one["background"] = one["background"] * 0 + background
    one["exposure"] = one["exposure"] * (signal / predicted_signal(one, power_law()).item())
    return one


def signal_of(binned, model=None):
    found = predicted_signal(binned, model or power_law())
    return found.transpose(*binned["counts"].dims).to_numpy()


def check_poisson(counts, expected, extra=0.0):
    """Mean and variance over the first axis; `extra` is what the variance has beyond Poisson's."""
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
        shown = capsys.readouterr().err
        for word in ("estimate", "100%", "3/3"):
            assert word in shown


class TestExpectedLimits:
    def test_bands_of_many_counts_are_those_of_a_normal_distribution(self, binned):
        asimov = estimate(
            binned.assign(counts=binned["background"]), selection_optional=["ul"]
        ).isel(energy=0)
        size = 4000
        toys = simulate(binned, n_toys=size, rng=1)
        limits = expected_limits(estimate(toys, selection_optional=["ul"])).isel(energy=0)
        assert limits.dims == ("band", "projected_distance")
        band = limits["band"].to_numpy()
        np.testing.assert_array_equal(band, [-2, -1, 0, 1, 2])
        pull = ((limits - asimov["norm_ul"]) / asimov["norm_err"]).to_numpy()
        density = np.exp(-(band**2) / 2) / np.sqrt(2 * np.pi)
        error = np.sqrt(ndtr(band) * ndtr(-band) / size) / density
        # errors grow with the counts: by 2 % of z^2 at most with 1200 of them
        bound = NSIGMA * error + 0.02 * (1 + band**2)
        assert (np.abs(pull - band[:, None]) < bound[:, None]).all()

    def test_they_are_quantiles_in_the_unit_of_the_limits(self, binned):
        profile = estimate(simulate(binned, n_toys=100, rng=1), selection_optional=["ul"])
        limits = expected_limits(profile)
        assert limits.dims == ("band", "projected_distance", "energy")
        expected = np.quantile(profile["norm_ul"], ndtr([-2, -1, 0, 1, 2]), axis=0)
        np.testing.assert_allclose(limits, expected, rtol=1e-12, atol=0)
        flux = expected_limits(to_sed_type(profile, "flux"))
        assert flux.attrs["units"] == "cm-2 s-1"
        assert flux.attrs["long_name"] == "expected integral flux upper limit"
        np.testing.assert_allclose(flux, limits * profile["ref_flux"], rtol=1e-12, atol=0)
        xr.testing.assert_identical(expected_limits(profile, "flux_ul"), flux)
        xr.testing.assert_equal(
            expected_limits(profile, "sqrt_ts"),
            expected_limits(profile.rename(norm_ul="a", sqrt_ts="norm_ul")),
        )

    def test_bins_without_limit_have_none(self, binned):
        binned["coverage"][:, 1] = 0
        toys = estimate(simulate(binned, n_toys=9, rng=1), selection_optional=["ul"])
        lost = expected_limits(toys).isnull().all(["band", "energy"])
        np.testing.assert_array_equal(lost, [False, True, False, False])


class TestPValue:
    def test_shares_of_toys(self):
        one = make_one(1, 5)
        profile = estimate(one)
        toys = estimate(simulate(one, n_toys=4, rng=1))
        toys["ts"] = toys["ts"].copy(data=np.reshape([0.0, 1, 2, 3], (4, 1, 1)))
        for observed, p in [(2, 3 / 5), (2 * (1 + 1e-12), 3 / 5), (2.5, 2 / 5), (9, 1 / 5), (0, 1)]:
            found = p_value(profile.assign(ts=profile["ts"] * 0 + observed), toys)
            assert found.item() == p
        assert found.dims == ("projected_distance", "energy")
        assert p_value(profile.assign(ts=profile["ts"] * np.nan), toys).isnull().all()
        assert p_value(profile, toys.assign(ts=toys["ts"] * np.nan)).isnull().all()

    @pytest.mark.parametrize("quantity", ["ts", "sqrt_ts"])
    def test_without_signal_they_are_uniform(self, binned, quantity):
        sizes = 500, 4000
        null, other = (estimate(simulate(binned, n_toys=n, rng=n)) for n in sizes)
        found = p_value(null, other, quantity=quantity)
        assert found.dims == ("toy", "projected_distance", "energy")
        for share in np.arange(0.1, 1, 0.1):
            below = (found <= share).mean("toy")
            error = np.sqrt(share * (1 - share) * sum(1 / n for n in sizes))
            assert (abs(below - share) < NSIGMA * error).all()

    def test_signal_is_found(self, binned):
        null = estimate(simulate(binned, n_toys=999, rng=1))
        loud = estimate(simulate(binned, n_toys=1, norm=1000, rng=2).isel(toy=0))
        np.testing.assert_allclose(p_value(loud, null), 1 / 1000, rtol=1e-12)
        dark = estimate(binned.assign(counts=binned["counts"] // 2))
        np.testing.assert_allclose(p_value(dark, null), 1 / 1000, rtol=1e-12)
        np.testing.assert_allclose(p_value(dark, null, quantity="sqrt_ts"), 1, rtol=1e-12)


def exact_coverage(mean, background):
    """Sums of Poisson probabilities of the counts of one fine bin whose intervals hold the truth.

    Closed forms: the best fit is n, its error sqrt(n) - of no counts 1/2 - in units of counts, and
    the statistic rises by 2 [mean - n - n ln(mean / n)] to the truth.
    """
    n = np.arange(400)
    log = n * np.log(mean / np.maximum(n, 1))
    rise = 2 * (mean - n - log)
    holds = {
        "norm_err": np.abs(n - mean) <= np.where(n > 0, np.sqrt(n), 0.5),
        "norm_errn_errp": rise <= 1,
        "norm_ul": (n >= mean) | (rise <= 4),
    }
    return {name: poisson.pmf(n, mean)[inside].sum() for name, inside in holds.items()}


class TestCoverage:
    @pytest.mark.parametrize(
        ("signal", "background"),
        [(0, 0.1), (0.2, 0.1), (0, 3.3), (2.1, 3.3), (4, 0), (10.5, 1.2), (50, 55)],
    )
    def test_of_one_fine_bin_it_is_a_sum_over_counts(self, signal, background):
        one = make_one(0.7, background)
        size = 20000
        toys = simulate(one, norm=signal / 0.7, n_toys=size, rng=1)
        profile = estimate(toys, selection_optional=["errn-errp", "ul"])
        found = interval_coverage(profile, signal / 0.7)
        for name, share in exact_coverage(signal + background, background).items():
            error = np.sqrt(share * (1 - share) / size)
            assert abs(found[name].item() - share) <= 4 * error + 1e-12, name
            np.testing.assert_allclose(
                found[f"{name}_error"], error, rtol=0.05, atol=1.1 / (size + 2)
            )

    def test_of_many_counts_it_is_nominal(self, binned):
        toys = simulate(binned, norm=5, n_toys=2000, rng=1)
        profile = estimate(toys, selection_optional=["errn-errp", "ul"], n_sigma=1.5)
        found = interval_coverage(profile, 5)
        assert set(found) == {
            f"{name}{end}" for name in ("norm_err", "norm_errn_errp", "norm_ul")
            for end in ("", "_error")
        }  # fmt: skip
        for name, nominal in {"norm_err": 0.86638560, "norm_errn_errp": 0.86638560,
                              "norm_ul": 0.97724987}.items():  # fmt: skip
            assert found[name].dims == ("projected_distance", "energy")
            np.testing.assert_allclose(found[name].attrs["nominal"], nominal, rtol=1e-7)
            pull = (found[name] - nominal) / found[f"{name}_error"]
            assert np.abs(pull).max() < NSIGMA, name

    def test_of_any_sed_type_and_of_norms_that_differ(self, binned):
        norm = xr.DataArray([0.0, 10, 20, 50], dims="projected_distance")
        toys = simulate(binned, norm=norm, n_toys=300, rng=1)
        profile = estimate(toys, selection_optional="all")
        found = interval_coverage(profile, norm)
        assert (found["norm_ul"] > 0.9).all()
        xr.testing.assert_equal(interval_coverage(to_sed_type(profile, "eflux"), norm), found)
        assert not interval_coverage(profile, 0)["norm_err"][3].any()

    def test_only_of_the_intervals_that_there_are(self, binned):
        profile = estimate(simulate(binned, n_toys=3, rng=1))
        assert set(interval_coverage(profile, 0)) == {"norm_err", "norm_err_error"}

    def test_an_error_that_ends_at_a_bound_holds_the_bound(self, binned):
        toys = simulate(binned, norm=0.1, n_toys=300, rng=1)
        profile = estimate(toys, selection_optional="all", norm_min=0.1)
        at_bound = (profile["norm"] == 0.1).mean("toy")
        assert (at_bound > 0.3).all()
        assert (interval_coverage(profile, 0.1)["norm_errn_errp"] >= at_bound).all()
        by_flux = interval_coverage(to_sed_type(profile, "flux"), 0.1)
        assert (by_flux["norm_errn_errp"] >= at_bound).all()

    def test_where_no_toy_has_a_norm_it_is_nan(self, binned):
        binned["coverage"][:, 1] = 0
        profile = estimate(simulate(binned, n_toys=9, rng=1), selection_optional="all")
        found = interval_coverage(profile, 0)
        for name in found:
            np.testing.assert_array_equal(found[name].isnull()[:, 0], [False, True, False, False])
        assert interval_coverage(profile, np.nan).isnull().to_array().all()


class TestBadInput:
    @pytest.mark.parametrize(
        ("setting", "words"),
        [
            ({"n_toys": 0}, "n_toys must be a whole number from 1 on, found 0"),
            ({"n_toys": 2.5}, "n_toys"),
            ({"background": "free"}, "'free' does not say how far"),
            ({"background": -1}, "background must be 'fixed'"),
            ({"norm": np.nan}, "finite in every bin"),
            ({"norm": np.inf}, "finite in every bin"),
            ({"norm": [1, 2, 3, 4]}, "on the same bins"),
            ({"norm": xr.DataArray([1.0, 2], dims="projected_distance")}, "on the same bins"),
            ({"norm": xr.DataArray([1.0, 2], dims="toy")}, "no others; found dims {'toy': 2}"),
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
        with pytest.raises(InvalidDataError, match="cannot be drawn: up to nan"):
            simulate(binned.assign(background=binned["background"] * np.nan), n_toys=2)

    def test_not_binned(self, binned):
        with pytest.raises(MissingVariableError, match=r"maps\.profile\.bin"):
            simulate(make_maps(), n_toys=2)
        with pytest.raises(InvalidDataError, match="toys already"):
            simulate(simulate(binned, n_toys=2), n_toys=2)

    def test_not_of_toys(self, binned):
        profile = estimate(binned, selection_optional=["ul"])
        for call in (expected_limits, lambda p: p_value(p, p), lambda p: interval_coverage(p, 0)):
            with pytest.raises(MissingVariableError, match=r"has no dim 'toy'.*simulate"):
                call(profile)
        for call in (expected_limits, lambda p: interval_coverage(p, 0)):
            with pytest.raises(InvalidDataError, match="profile Dataset cannot be used"):
                call(binned)

    def test_names_that_are_not_there(self, binned):
        toys = estimate(simulate(binned, n_toys=2, rng=1))
        with pytest.raises(MissingVariableError, match="no 'norm_ul'"):
            expected_limits(toys)
        with pytest.raises(MissingVariableError, match="no 'power'"):
            p_value(toys, toys, quantity="power")

    def test_other_bins(self, binned):
        toys = estimate(simulate(binned, n_toys=2, rng=1))
        grouped = estimate(binned, energy_edges=[0.01, 0.1, 1] * u.TeV)
        for profile in (
            estimate(binned).isel(projected_distance=slice(2)),
            estimate(binned).isel(energy=0),
            grouped,
        ):
            with pytest.raises(InvalidDataError, match="other bins than the profile"):
                p_value(profile, toys)
        with pytest.raises(InvalidOptionError, match="norm must be a number"):
            interval_coverage(toys, grouped["norm"])


def test_layers_agree(binned):
    toys = simulate(binned, norm=2, n_toys=20, rng=1, background=0.1)
    by_method = binned.profile.simulate(norm=2, n_toys=20, rng=1, background=0.1)
    xr.testing.assert_identical(by_method, toys)
    profile, many = (estimate(b, selection_optional=["ul"]) for b in (binned, toys))
    xr.testing.assert_identical(many.profile.expected_limits(), expected_limits(many))
    xr.testing.assert_identical(profile.profile.p_value(many), p_value(profile, many))
    xr.testing.assert_identical(many.profile.interval_coverage(2), interval_coverage(many, 2))


@pytest.mark.slow
def test_a_systematic_that_is_fitted_is_covered(binned):
    """And one that is not would be missed: the background's error is as large as that of counts."""
    width = float(1 / np.sqrt(binned["background"].isel(projected_distance=0).sum()))
    toys = simulate(binned, norm=5, n_toys=10000, rng=1, background=width)
    found = interval_coverage(
        estimate(toys, background=width, selection_optional=["errn-errp", "ul"], n_sigma_ul=2), 5
    )
    for name, nominal in {"norm_err": 0.6827, "norm_errn_errp": 0.6827, "norm_ul": 0.9772}.items():
        assert (abs(found[name] - nominal) < NSIGMA * found[f"{name}_error"]).all(), name
    ignored = interval_coverage(estimate(toys), 5)
    assert (ignored["norm_err"] < 0.65).all()
