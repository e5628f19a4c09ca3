"""Confidence levels, methods of limits and intervals as options, and negative limits."""

import warnings

import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps
from cases.short_line import line
from cases.unfolding import mixed
from scipy.special import erf, ndtr

from xprofile import (
    ProfileEstimator,
    bin_maps,
    estimate,
    expected_limits,
    fit_shape,
    fit_spectrum,
    fit_templates,
    interval_coverage,
    merge_profiles,
    power_law,
    recompute_ul,
    simulate,
    to_sed_type,
    unfold,
)
from xprofile.exceptions import DataWarning, InvalidOptionError, TooLargeError
from xprofile.likelihood import Cash
from xprofile.likelihood.intervals import IntervalMethod, interval, upper_limit

SUMMED = {"sum_over_energy_groups": True, "selection_optional": ["ul"]}
METHODS = ["likelihood", "bounded", "cls", "feldman-cousins", "bayes"]


@pytest.fixture
def binned():
    return bin_maps(make_maps(), line())


@pytest.fixture
def weak(binned):
    """Counts from far below the background to far above it."""
    share = xr.DataArray(
        np.linspace(0.2, 2, binned.sizes["projected_distance"]), dims="projected_distance"
    )
    return binned.assign(counts=np.rint(binned.background * share).astype(int))


def statistic(profile):
    """Known backgrounds and one fine bin for each bin."""
    n, b = (profile[name].to_numpy().reshape(-1, 1) for name in ("counts", "npred_background"))
    s = (profile.npred_excess / profile.norm).to_numpy().reshape(-1, 1)
    return Cash.from_counts(n.astype(float), s, b)


@pytest.mark.parametrize("name", METHODS)
def test_each_method(weak, name):
    two_sided = {} if name == "cls" else {"interval_method": name}
    found = estimate(weak, **SUMMED, cl=0.9, cl_ul=0.95, ul_method=name, **two_sided)
    stat, method = statistic(found), IntervalMethod(name)
    expected = upper_limit(stat, 1.6448536269514722, method)
    np.testing.assert_allclose(found.norm_ul.to_numpy().ravel(), expected, rtol=1e-9)
    assert found.attrs["ul_method"] == name
    assert found.attrs.get("interval_method") == two_sided.get("interval_method")
    if two_sided:
        low, high = interval(stat, 1.6448536269514722, method)
        np.testing.assert_allclose(found.norm_lo.to_numpy().ravel(), low, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.norm_hi.to_numpy().ravel(), high, rtol=1e-9)


def test_levels_and_significances(binned):
    plain = estimate(binned, **SUMMED).attrs
    assert (plain["n_sigma"], plain["n_sigma_ul"]) == (1, 2)
    assert plain["cl"] == pytest.approx(erf(0.5**0.5), rel=1e-14)
    assert plain["cl_ul"] == pytest.approx(ndtr(2), rel=1e-14)
    levels = estimate(binned, **SUMMED, cl=erf(0.5**0.5), cl_ul=ndtr(2.0))
    xr.testing.assert_allclose(levels, estimate(binned, **SUMMED), rtol=1e-12)
    assert levels.attrs["n_sigma"] == pytest.approx(1, rel=1e-12)
    estimator = ProfileEstimator(cl=0.9, cl_ul=0.95)
    assert (estimator.n_sigma, estimator.n_sigma_ul) == (None, None)
    assert "cl_ul                  : 0.95" in repr(estimator)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_sigma": 1, "cl": 0.9}, "n_sigma or cl, not both"),
        ({"n_sigma_ul": 2, "cl_ul": 0.9}, "n_sigma_ul or cl_ul, not both"),
        ({"cl_ul": 95}, "did you mean cl_ul=0.95"),
        ({"cl_ul": 0.4}, "above 0.5 and below 1"),
        ({"cl": 1.0}, "above 0 and below 1"),
        ({"cl": "0.9"}, "cl must be"),
        ({"ul_method": "CLs"}, "must be one of"),
        ({"ul_method": None}, "must be one of"),
        ({"interval_method": "cls"}, "not intervals with two ends"),
        ({"interval_method": "x"}, "must be one of"),
        ({"prior": np.exp}, "a prior needs"),
        ({"prior": 1, "ul_method": "bayes"}, "must be a function"),
        ({"toys": "exact"}, "needs the method"),
        ({"toys": "all", "ul_method": "cls"}, "a number of toys or 'exact'"),
        ({"toys": 0, "ul_method": "cls"}, "positive integer"),
        ({"fc_lengthen": 1}, "True or False"),
        ({"rng": -1}, "rng must be an integer of 0 or more"),
    ],
)
def test_options_that_do_not_fit(options, words):
    with pytest.raises(InvalidOptionError, match=words):
        ProfileEstimator(**options)


def test_more_toys_than_memory_holds():
    with pytest.raises(TooLargeError, match="use fewer toys"):
        ProfileEstimator(toys=10**10, ul_method="cls")


def test_toys_of_many_fine_bins_need_more_memory(binned):
    assert binned.sizes["energy"] > 1
    with pytest.raises(TooLargeError, match="toys=40000000 asks for"):
        estimate(binned, toys=40_000_000, ul_method="cls", selection_optional=["ul"])


def test_exact_sums_need_one_fine_bin(binned):
    with pytest.raises(InvalidOptionError, match="one fine bin"):
        estimate(binned, selection_optional=["ul"], ul_method="cls", toys="exact")


def test_a_prior_that_fails_is_named(binned):
    with pytest.raises(InvalidOptionError, match=r"prior fails for an array.*ZeroDivisionError"):
        estimate(binned, **SUMMED, ul_method="bayes", prior=lambda norm: 1 / 0)


def test_methods_that_unfolding_lacks(binned):
    with pytest.raises(InvalidOptionError, match=r"no limits by ul_method='bayes'.*or estimate"):
        unfold(binned, ul_method="bayes")
    with pytest.raises(InvalidOptionError, match="no intervals by interval_method='cls'"):
        unfold(binned, interval_method="cls")
    with pytest.raises(InvalidOptionError, match="no CLs limits with exposure_systematic"):
        unfold(binned, ul_method="cls", exposure_systematic=0.1)
    with pytest.raises(InvalidOptionError, match="norm_min=1 excludes"):
        unfold(binned, ul_method="cls", norm_min=1)
    with pytest.raises(InvalidOptionError, match="for ul_method='cls' alone, found 'likelihood'"):
        unfold(binned, selection_optional="ul-expected")
    with pytest.raises(InvalidOptionError, match="up to 20 sigma, found n_sigma_ul=30"):
        unfold(binned, ul_method="cls", n_sigma_ul=30)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda b: estimate(b, n_sigma_ul=0.95), "did you mean cl_ul=0.95"),
        (lambda b: estimate(b, n_sigma=0.68), "did you mean cl=0.68"),
        (lambda b: recompute_ul(estimate(b, selection_optional="scan"), 0.9), "cl_ul=0.9"),
        (lambda b: fit_spectrum(b, power_law(2.0), n_sigma=0.9), "cl=0.9"),
        (lambda b: fit_templates(b, {"a": b.counts * 0.1}, n_sigma_ul=0.95), "cl_ul=0.95"),
    ],
)
def test_a_significance_like_a_level_warns_at_the_line_of_the_user(binned, call, words):
    with pytest.warns(DataWarning, match=words) as found:
        call(binned)
    assert {w.filename for w in found} == {__file__}


def test_bounded_limits_of_unfolding(weak):
    data, options = mixed(weak, 0.4), {"cl_ul": 0.95, "selection_optional": ["ul"]}
    found = unfold(data, **options, ul_method="bounded")
    zero = unfold(data, **options, norm_min=0)
    np.testing.assert_allclose(found.norm_ul, zero.norm_ul, rtol=1e-9)
    assert (found.norm < 0).any()
    assert (found.norm_ul > 0).all()
    assert (found.attrs["ul_method"], found.attrs["cl_ul"]) == ("bounded", 0.95)
    with pytest.warns(DataWarning, match=r"negative upper limits.*as points"):
        assert (unfold(data, **options).status & 1024 > 0).any()


def test_fit_shape_warns_of_a_significance_like_a_level():
    wrong = pytest.raises(InvalidOptionError, match="model must be")
    with pytest.warns(DataWarning, match="0.9 sigma"), wrong:
        fit_shape(xr.Dataset(), None, n_sigma=0.9)


def test_negative_limits_are_flagged_with_one_warning(weak):
    with pytest.warns(DataWarning, match="ul_method='bounded', cl_ul=0.95") as found:
        profile = estimate(weak, **SUMMED)
    assert len(found) == 1
    flagged = (profile.status & 1024) > 0
    assert flagged.any()
    np.testing.assert_array_equal(flagged, profile.norm_ul < 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in METHODS[1:]:
            bounded = estimate(weak, **SUMMED, cl_ul=0.95, ul_method=name)
            assert not ((bounded.status & 1024) > 0).any()
        toys = estimate(simulate(weak, n_toys=20, rng=1), **SUMMED)
    np.testing.assert_array_equal((toys.status & 1024) > 0, toys.norm_ul < 0)


def test_negative_limits_of_templates_are_flagged(weak):
    low = weak.assign(counts=weak.counts * 0)
    fit = fit_templates(low, {"a": low.background * 0.1}, per="bin", selection_optional=["ul"])
    assert (fit.norm_ul < 0).any()
    np.testing.assert_array_equal((fit.status & 1024) > 0, fit.norm_ul < 0)


def test_recomputed_limits(weak):
    profile = estimate(weak, ul_method="cls", selection_optional=["ul", "scan"], scan_n_sigma=5)
    with pytest.warns(DataWarning, match=r"limits of the likelihood.*ul_method='cls'"):
        found = recompute_ul(profile, cl_ul=0.95)
    assert found.attrs["cl_ul"] == 0.95
    assert found.attrs["n_sigma_ul"] == pytest.approx(1.6448536269514722)
    assert found.attrs["ul_method"] == "likelihood"
    np.testing.assert_array_equal((found.status & 1024) > 0, found.norm_ul < 0)
    with pytest.raises(InvalidOptionError, match="not both"):
        recompute_ul(profile, 2, cl_ul=0.95)


def test_merged_profiles_have_limits_of_the_likelihood(binned):
    scan = {"selection_optional": "scan", "scan_n_sigma": 6, "scan_n_values": 31}
    one = estimate(binned, **scan, cl_ul=0.9, ul_method="bayes", interval_method="bayes")
    with pytest.warns(DataWarning, match=r"limits of the likelihood.*ul_method='bayes'"):
        merged = merge_profiles([one, one])
    assert merged.attrs["ul_method"] == "likelihood"
    assert merged.attrs["cl_ul"] == 0.9
    assert "interval_method" not in merged.attrs
    np.testing.assert_array_equal((merged.status & 1024) > 0, merged.norm_ul < 0)


def test_expected_limits_are_like_those_of_toys(weak):
    found = estimate(weak, selection_optional=["ul-expected"], cl_ul=0.95, ul_method="cls")
    toys = estimate(simulate(weak, n_toys=3, rng=1), **SUMMED)
    like = expected_limits(toys)
    assert found.norm_ul_expected.dims == like.dims
    xr.testing.assert_identical(found.band, like.band)
    assert (found.norm_ul_expected.diff("band") > 0).all()
    assert "norm_ul_expected" not in estimate(weak, selection_optional="all")
    bright = to_sed_type(found, "flux", per_solid_angle=True)
    assert bright.flux_ul_expected.attrs["units"] == "cm-2 s-1 sr-1"


def test_toys_keep_their_order_of_dims(weak):
    toys = simulate(weak, n_toys=3, rng=1)
    found = estimate(toys, selection_optional=["ul-expected"], ul_method="cls")
    assert found.norm_ul_expected.dims == ("toy", "band", "projected_distance", "energy")


def test_toys_of_limits_follow_the_seed(weak):
    options = {"ul_method": "cls", "toys": 50, "selection_optional": ["ul"]}
    one = weak.isel(projected_distance=slice(3))
    first, second, other = (estimate(one, **options, rng=rng) for rng in (1, 1, 2))
    xr.testing.assert_identical(first.norm_ul, second.norm_ul)
    assert (first.norm_ul != other.norm_ul).any()


def test_coverage_of_intervals(weak):
    toys = simulate(weak, norm=1, n_toys=200, rng=1)
    options = {"cl": 0.9, "cl_ul": 0.95, "ul_method": "bayes", "interval_method": "bounded"}
    found = interval_coverage(estimate(toys, **SUMMED, **options), 1)
    assert found.norm_lo_hi.attrs["nominal"] == 0.9
    assert found.norm_ul.attrs["nominal"] == 0.95
    assert (np.abs(found.norm_lo_hi - 0.9) < 0.12).all()


def test_a_low_coverage_hides_intervals(weak):
    weak["coverage"] = weak.coverage * xr.where(weak.projected_distance < 1, 0.3, 1)
    options = {
        "selection_optional": ["ul-expected"],
        "ul_method": "bayes",
        "interval_method": "bayes",
    }
    found = estimate(weak, min_coverage=0.5, toys=20, **options)
    for name in ("norm_lo", "norm_hi", "norm_ul_expected"):
        np.testing.assert_array_equal(
            found[name].isnull(),
            found.norm.isnull().broadcast_like(found[name]).transpose(*found[name].dims),
        )
