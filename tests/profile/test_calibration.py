"""Expected limits, p-values and coverage of toys, against closed forms."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps
from cases.toys import BINS, NSIGMA, make_one
from scipy.special import ndtr
from scipy.stats import poisson

from xprofile import (
    bin_maps,
    estimate,
    expected_limits,
    interval_coverage,
    p_value,
    simulate,
    to_sed_type,
)
from xprofile.exceptions import (
    DataWarning,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)


@pytest.fixture
def binned():
    return bin_maps(make_maps(), BINS)


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

    @pytest.mark.heavy
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
    @pytest.mark.heavy
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

    def test_the_nominal_coverage_is_that_of_sigma_without_a_level(self, binned):
        toys = simulate(binned, norm=5, n_toys=3, rng=1)
        profile = estimate(toys, selection_optional=["ul"], n_sigma=2, n_sigma_ul=1)
        attrs = {k: v for k, v in profile.attrs.items() if k not in ("cl", "cl_ul")}
        profile.attrs = attrs
        found = interval_coverage(profile, 5)
        np.testing.assert_allclose(found.norm_err.nominal, 0.95449974, rtol=1e-7)
        np.testing.assert_allclose(found.norm_ul.nominal, 0.84134475, rtol=1e-7)
        bare = {k: v for k, v in attrs.items() if not k.startswith("n_sigma")}
        limits = profile.drop_vars("norm_err")
        limits.attrs = bare
        found = interval_coverage(limits, 5)
        assert set(found) == {"norm_ul", "norm_ul_error"}
        assert "nominal" not in found.norm_ul.attrs

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
    with pytest.warns(DataWarning, match="the toys have a signal of norm 2"):
        by_method = profile.profile.p_value(many)
    with pytest.warns(DataWarning, match="the toys have a signal of norm 2"):
        xr.testing.assert_identical(by_method, p_value(profile, many))
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
