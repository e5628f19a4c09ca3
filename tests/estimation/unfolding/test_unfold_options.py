"""Uncertain backgrounds and exposures, and smooth profiles, against direct minimisation."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.unfolding import row_of_bins
from scipy.optimize import brentq, minimize, minimize_scalar

from xprofile import power_law, to_sed_type, unfold
from xprofile.estimation.unfolding.smoothing import penalty_of_fitted, second_differences
from xprofile.spectrum.mixing import mixed_signal

DIM, OTHER = "projected_distance", "projected_distance_2"


def rows(binned):
    """Response (row, source), counts and background of a row of bins."""
    a = mixed_signal(binned, power_law()).transpose("energy", DIM, ...).values
    n, b = (binned[name].transpose("energy", DIM).values for name in ("counts", "background"))
    return a.reshape(n.size, -1), n.ravel(), b.ravel()


def cash(n, mu):
    return 2 * np.sum(mu - n * np.log(np.maximum(mu, 1e-300)))


@pytest.mark.parametrize("correlated", [False, True])
@pytest.mark.parametrize("width", [0.2, "free"])
def test_uncertain_backgrounds(width, correlated):
    binned = row_of_bins(3, seed=4, background=30)
    profile = unfold(binned, background=width, background_correlated=correlated).isel(energy=0)
    a, n, b = rows(binned)
    of_row = np.tile(np.zeros(3, int) if correlated else np.arange(3), 3)
    precision = 0 if width == "free" else width**-2

    def statistic(p):
        norms = p[3:]
        return cash(n, a @ p[:3] + b * norms[of_row]) + precision * np.sum((norms - 1) ** 2)

    start = np.ones(3 + of_row.max() + 1)
    found = minimize(statistic, start, method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(profile.norm, found.x[:3], atol=1e-4)
    np.testing.assert_allclose(profile.stat_total, found.fun, rtol=1e-9)
    weight = n / (a @ found.x[:3] + b * found.x[3:][of_row]) ** 2
    columns = np.hstack([a, b[:, None] * (of_row[:, None] == np.arange(of_row.max() + 1))])
    hessian = columns.T @ (weight[:, None] * columns)
    hessian[3:, 3:] += precision * np.eye(len(start) - 3)
    np.testing.assert_allclose(profile.covariance, np.linalg.inv(hessian)[:3, :3], rtol=1e-3)
    if not correlated:
        np.testing.assert_allclose(profile.stat.sum(), found.fun, rtol=1e-9)
    scale = found.x[3:][of_row[:3]]
    np.testing.assert_allclose(profile.npred_background, scale * b.reshape(3, 3).sum(0), rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("norm", [2.0, 0.0])
def test_a_systematic_of_the_exposure(norm):
    """One bin: errors and limits against a minimisation over the exposure for each norm."""
    binned = row_of_bins(1, width=0.3, norm=norm, seed=6).isel(energy=[0])
    sigma, options = 0.2, {"selection_optional": "all", "n_sigma_ul": 3}
    plain = unfold(binned, **options).isel(energy=0)
    found = unfold(binned, exposure_systematic=sigma, **options).isel(energy=0)
    a, n, b = rows(binned)
    best = float(plain.norm[0])
    lowest = cash(n, a[:, 0] * best + b)

    def rise(x):
        def at(eta):
            return cash(n, np.maximum(a[:, 0] * eta * x + b, 1e-9)) + ((eta - 1) / sigma) ** 2

        return minimize_scalar(at, bounds=(0.05, 3), method="bounded", options={"xatol": 1e-9}).fun

    def limit(n_sigma, sign):
        far = best + sign * 40 * float(plain.norm_err[0])
        return brentq(lambda x: rise(x) - lowest - n_sigma**2, best, far, xtol=1e-9)

    np.testing.assert_array_equal(found.norm, plain.norm)
    np.testing.assert_array_equal(found.ts, plain.ts)
    expected = {"norm_errp": limit(1, 1) - best, "norm_errn": best - limit(1, -1)}
    expected["norm_ul"] = limit(3, 1)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, err_msg=name)
        assert found[name] >= plain[name]
    np.testing.assert_allclose(found.covariance, plain.covariance + sigma**2 * best**2, rtol=1e-10)
    np.testing.assert_allclose(found.norm_err, np.hypot(plain.norm_err, sigma * best), rtol=1e-10)


def test_a_systematic_correlates_the_bins():
    binned = row_of_bins(4, norm=[5, 5, 5, 5], signal=2000)
    plain, found = unfold(binned), unfold(binned, exposure_systematic=0.1)
    x = found.norm.values[:, 0]
    np.testing.assert_allclose(
        found.covariance[0], plain.covariance[0] + 0.01 * np.outer(x, x), rtol=1e-10
    )
    assert found.correlation[0].min() > 0.9
    bounded = unfold(binned, exposure_systematic=0.1, norm_min=0, selection_optional="all")
    assert (bounded.norm_errn <= bounded.norm).all()


def test_second_differences():
    line = second_differences(np.array([3.0, 0, 1, 7]))
    assert line.shape == (2, 4)
    np.testing.assert_allclose(line @ (5 + 2 * np.array([3.0, 0, 1, 7])), 0, atol=1e-12)
    equal = second_differences(np.arange(4.0))
    np.testing.assert_allclose(equal, [[1, -2, 1, 0], [0, 1, -2, 1]])
    ring = second_differences(np.array([45.0, 135, 225, 315]), 360)
    np.testing.assert_allclose(ring[0], [-2, 1, 0, 1])
    assert ring.shape == (4, 4)
    assert second_differences(np.arange(2.0)).shape == (0, 2)


def test_a_strong_smoothness_gives_a_straight_line():
    binned = row_of_bins(12, width=1, norm=np.linspace(0, 10, 12), signal=500)
    free, line = unfold(binned), unfold(binned, smoothness=1e7)
    assert np.abs(np.diff(free.norm[:, 0], 2)).max() > 0.1
    np.testing.assert_allclose(np.diff(line.norm[:, 0], 2), 0, atol=1e-3)
    assert line.norm_err.max() < free.norm_err.min()
    assert line.attrs["smoothness"] == 1e7
    assert "smoothness" in repr(line.profile)


def test_the_bias_of_the_smoothness_is_stated():
    """For counts as expected, the fit is off by (R - 1) x of the truth, to first order."""
    truth = np.array([1, 1, 1.2, 2, 1.2, 1, 1, 1])
    binned = row_of_bins(8, width=0.8, norm=truth, signal=4000, background=400)
    a, _, b = rows(binned)
    expected = (a @ truth + b).reshape(3, 8)
    binned = binned.assign(counts=binned.counts.copy(data=np.rint(expected)))
    profile = unfold(binned, smoothness=30)
    assert "norm_bias" not in unfold(binned)
    off, stated = profile.norm[:, 0] - truth, profile.norm_bias[:, 0]
    assert np.abs(off).max() > 0.1
    fisher = a.T @ (a / (a @ truth + b)[:, None])
    penalty = 30 * second_differences(np.arange(8.0)).T @ second_differences(np.arange(8.0))
    resolution = np.linalg.solve(fisher + penalty, fisher)
    np.testing.assert_allclose(off, (resolution - np.eye(8)) @ truth, atol=0.01)
    by_hand = (resolution - np.eye(8)) @ profile.norm.values[:, 0]
    np.testing.assert_allclose(stated, by_hand, rtol=0.05, atol=2e-3)
    flux = to_sed_type(profile, "flux").isel(energy=0)
    np.testing.assert_allclose(flux.flux_bias / flux.flux, stated / profile.norm[:, 0], rtol=1e-9)
    difference = profile.stat_total - profile.stat.sum(DIM)
    x = profile.norm.values[:, 0]
    np.testing.assert_allclose(difference, x @ penalty @ x, rtol=1e-9)


def test_bins_that_are_not_fitted_do_not_pull_on_others():
    penalty = second_differences(np.arange(5.0)).T @ second_differences(np.arange(5.0))
    fitted = np.array([[True, True, False, True, True], [True] * 5])
    found = penalty_of_fitted(penalty, fitted)
    x = np.array([1.0, 2, 0, -3, 5])
    least = min(
        (x + np.array([0, 0, y, 0, 0])) @ penalty @ (x + np.array([0, 0, y, 0, 0]))
        for y in np.linspace(-10, 10, 20001)
    )
    np.testing.assert_allclose(x @ found[0] @ x, least, rtol=1e-6)
    np.testing.assert_array_equal(found[1], penalty)
    line = np.array([1.0, 2, 0, 4, 5])
    np.testing.assert_allclose(line @ found[0] @ line, 0, atol=1e-12)


def test_energy_groups_are_fits_by_themselves():
    binned = row_of_bins(4)
    both = unfold(binned, energy_edges=[0.01, 0.05, 1] * u.TeV, selection_optional="all")
    for i, part in enumerate((slice(0, 1), slice(1, 3))):
        alone = unfold(binned.isel(energy=part), selection_optional="all").isel(energy=0)
        for name in ("norm", "norm_err", "norm_ul", "norm_errn", "covariance", "ts", "stat_total"):
            xr.testing.assert_allclose(both[name].isel(energy=i), alone[name], rtol=1e-7, atol=1e-9)
