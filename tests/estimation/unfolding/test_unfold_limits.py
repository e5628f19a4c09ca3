"""Limits of what options and data allow: huge and tiny numbers, no counts, smallest norms."""

from functools import partial

import numpy as np
import pytest
import xarray as xr
from astropy.modeling.models import Gaussian1D
from cases.many_norms import mixing
from cases.unfolding import row_of_bins

from xprofile import estimate, fit_shape, fit_spectrum, fit_templates, power_law, unfold
from xprofile.estimation.unfolding.intervals import Intervals
from xprofile.estimation.unfolding.systematics import Steps
from xprofile.exceptions import InvalidOptionError
from xprofile.likelihood.many_norms import Problems, best_fit, profile_rise
from xprofile.schema.variables import STATUS_FLAGS


@pytest.fixture(scope="module")
def binned():
    return row_of_bins(4)


@pytest.mark.parametrize("value", [1e200, 1e6, 1e-7, 1e-200])
@pytest.mark.parametrize(
    ("fit", "name"),
    [
        (unfold, "n_sigma"),
        (unfold, "n_sigma_ul"),
        (partial(fit_templates, templates={"a": xr.DataArray(1)}), "n_sigma_ul"),
        (partial(fit_shape, model=Gaussian1D()), "n_sigma_ul"),
        (partial(fit_spectrum, spectral_model=power_law()), "n_sigma"),
    ],
)
def test_numbers_of_sigmas_that_lose_all_digits(binned, fit, name, value):
    with pytest.raises(InvalidOptionError, match=f"{name} must be .* from 1e-6 to 1e5"):
        fit(binned, **{name: value})


@pytest.mark.parametrize("function", [estimate, unfold])
def test_a_background_that_is_all_but_known(binned, function):
    found, expected = function(binned, background=1e-200), function(binned)
    np.testing.assert_allclose(found.norm_err, expected.norm_err, rtol=1e-9)


def test_a_smallest_norm_far_above_the_counts(binned):
    with pytest.raises(InvalidOptionError, match=r"norm_min=1e\+12 predicts .* give a smaller"):
        unfold(binned, norm_min=1e12)
    np.testing.assert_allclose(unfold(binned, norm_min=1e3).norm, 1e3, rtol=1e-12)


def test_the_test_statistic_is_against_norm_0_whatever_the_smallest_norm():
    """Without a PSF as in `estimate`: norms 0 are tried though they are not allowed."""
    binned = row_of_bins(4, width=0)
    found, expected = unfold(binned, norm_min=5), estimate(binned, norm_min=5)
    np.testing.assert_allclose(found.ts, expected.ts, rtol=1e-9)
    np.testing.assert_array_equal(found.norm, 5)
    assert (found.ts < 0).all()


def test_the_test_statistic_of_no_counts_below_the_smallest_norm():
    binned = row_of_bins(3, width=0)
    binned = binned.assign(counts=0 * binned.counts)
    found, expected = unfold(binned, norm_min=0.5), estimate(binned, norm_min=0.5)
    np.testing.assert_allclose(found.ts, expected.ts, rtol=1e-9)
    assert (found.ts < 0).all()


@pytest.mark.parametrize("name", ["exposure_true", "psf_mixing"])
def test_signals_too_small_for_double_precision(binned, name):
    found = unfold(binned.assign({name: 1e-300 * binned[name]}), selection_optional="all")
    assert found[["norm", "norm_err", "norm_ul"]].isnull().all().to_array().all()
    assert (found.status & STATUS_FLAGS["no_exposure"]).all()


def test_a_bin_with_a_signal_too_small_for_double_precision(binned):
    """Without exposure its norm is unknown; the others do not change."""
    first = binned.projected_distance_true == binned.projected_distance_true[0]
    tiny, none = (
        unfold(binned.assign(exposure_true=binned.exposure_true.where(~first, size)))
        for size in (1e-250, 0.0)
    )
    for name in ("norm", "norm_err", "ts", "status"):
        np.testing.assert_array_equal(tiny[name], none[name])
    assert np.isfinite(tiny.norm[1:]).all()


@pytest.mark.slow
def test_errors_and_limits_without_an_end_are_flagged():
    """Also where the status is 0 without them, as the norm has a curvature."""
    binned = row_of_bins(4, width=0.5, norm=0.0, background=0.5, seed=25, signal=10.0)
    few, found = unfold(binned), unfold(binned, selection_optional="all", n_sigma_ul=3)
    names = ["norm_err", "norm_errn", "norm_errp", "norm_ul"]
    endless = found[names].isnull().to_array().any("variable")
    np.testing.assert_array_equal(found.status & STATUS_FLAGS["unbounded_interval"] > 0, endless)
    assert (endless & (few.status == 0)).any()


def test_no_counts_at_all_with_a_free_background(binned):
    found = unfold(binned.assign(counts=0 * binned.counts), background="free")
    np.testing.assert_allclose(found.norm, 0, atol=1e-9)
    np.testing.assert_array_equal(found.npred_background, 0)
    np.testing.assert_array_equal(found.ts, 0)
    assert not (found.status & STATUS_FLAGS["not_converged"]).any()
    assert (found.status & STATUS_FLAGS["unbounded_interval"]).all()


def test_errors_do_not_depend_on_what_else_is_computed(binned):
    """Distances are computed once, and only for norms that need them."""
    few = binned.assign(counts=binned.counts // 30)
    alone, all_of_it = unfold(few), unfold(few, selection_optional="all")
    for name in ("norm", "norm_err", "ts"):
        np.testing.assert_allclose(alone[name], all_of_it[name], rtol=1e-9)
    of_limits = STATUS_FLAGS["negative_limit"]
    np.testing.assert_array_equal(alone["status"], all_of_it["status"] & ~of_limits)


@pytest.mark.heavy
@pytest.mark.parametrize("sign", [+1, -1])
def test_a_systematic_of_the_exposure_across_kinks(sign):
    """Limits of few counts against a fine scan: right to 1e-5 of the errors."""
    response = np.repeat(mixing(4, 0.5) * [4, 1, 3, 2], 2, axis=0)
    n = np.array([[0, 0, 3, 0, 1, 6, 0, 1]])
    problems = Problems.from_counts(response, n, 0.4, lower=0.0)
    fit = best_fit(problems)
    intervals = Intervals(problems, fit, np.ones((1, 4), bool))
    steps = Steps(intervals, 0.0, 0.3)
    found = (steps.up(2) if sign > 0 else steps.down(2))[0]
    shares = np.sin(np.linspace(0, np.pi / 2, 400))
    y = fit.x + sign * intervals.steps(4.0, sign).values * shares[:, None]
    many = Problems.from_counts(response, np.repeat(n, y.shape[0], axis=0), 0.4, lower=0.0)
    risen = profile_rise(many, fit.take(np.zeros(y.shape[0], int)), range(4), y).values
    x = y / (1 - sign * 0.3 * np.sqrt(np.maximum(4 - risen, 0)))
    farthest = (sign * x).max(axis=0) - sign * fit.x[0]
    np.testing.assert_allclose(found, farthest, rtol=1e-5)
    assert not intervals.failed.any()
