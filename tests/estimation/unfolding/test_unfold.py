"""Norms of all bins together: closed forms, sums, and bins that cannot be fitted."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.unfolding import row_of_bins
from scipy.optimize import minimize

from xprofile import open_netcdf, power_law, simulate, unfold, write_netcdf
from xprofile.exceptions import DataWarning
from xprofile.schema.variables import STATUS_FLAGS
from xprofile.spectrum.mixing import mixed_signal

DIM, OTHER = "projected_distance", "projected_distance_2"
ALL = {"selection_optional": "all"}


def response(binned, model=None):
    """Signal of each bin in each row, (energy, bin, source)."""
    return mixed_signal(binned, model or power_law()).transpose("energy", DIM, ...).values


def test_two_bins_and_one_energy_have_closed_forms():
    binned = row_of_bins(2, norm=[2, 1], seed=1).isel(energy=[1])
    profile = unfold(binned, **ALL).isel(energy=0)
    a, n, b = response(binned)[0], binned.counts.values[0], binned.background.values[0]
    inverse = np.linalg.inv(a)
    covariance = inverse @ np.diag(n) @ inverse.T
    np.testing.assert_allclose(profile.norm, inverse @ (n - b), rtol=1e-9)
    np.testing.assert_allclose(profile.covariance, covariance, rtol=1e-9)
    sigma = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(profile.norm_err, sigma, rtol=1e-9)
    np.testing.assert_allclose(profile.correlation, covariance / np.outer(sigma, sigma), rtol=1e-9)
    np.testing.assert_allclose(profile.npred, n, rtol=1e-9)
    np.testing.assert_allclose(profile.npred_excess, n - b, rtol=1e-9)
    np.testing.assert_allclose(profile.stat, 2 * (n - n * np.log(n)), rtol=1e-9)
    np.testing.assert_allclose(profile.stat_total, profile.stat.sum(), rtol=1e-12)
    # without signal in one bin, the other takes it up as far as it can
    for bin_number, other in ((0, 1), (1, 0)):
        found = minimize(
            lambda y, j=other: np.sum(a[:, j] * y[0] + b - n * np.log(a[:, j] * y[0] + b)), [1.0]
        )
        ts = 2 * found.fun - float(profile.stat.sum())
        np.testing.assert_allclose(profile.ts[bin_number], ts, rtol=1e-6)
    assert np.all(profile.norm_errp > 0)
    assert np.all(profile.norm_ul > profile.norm)


def test_without_background_all_counts_are_predicted():
    binned = row_of_bins(6, norm=[0.5, 1, 5, 1, 2, 1], background=0)
    profile = unfold(binned, energy_edges=[0.01, 0.2, 1] * u.TeV)
    np.testing.assert_allclose(profile.npred.sum(DIM), profile.counts.sum(DIM), rtol=1e-9)
    whole = response(binned).sum(axis=(0, 1))
    one = unfold(binned)
    np.testing.assert_allclose(
        (one.norm.values[:, 0] * whole).sum(), binned.counts.sum(), rtol=1e-9
    )


def test_the_smeared_bins_are_sharp_again():
    truth = np.array([0, 0, 10, 0, 0, 1.0])
    binned = row_of_bins(6, norm=truth, signal=2e4)
    profile, plain = unfold(binned).isel(energy=0), binned.profile.estimate().isel(energy=0)
    pull = (profile.norm - truth) / profile.norm_err
    assert np.abs(pull).max() < 4
    assert plain.norm[2] < 7
    assert plain.norm[1] > 1


def test_joint_fit_of_the_same_data_has_smaller_errors():
    binned = row_of_bins(5)
    one, two = unfold(binned, **ALL), unfold([binned, binned], **ALL)
    np.testing.assert_allclose(two.norm, one.norm, rtol=1e-8)
    np.testing.assert_allclose(two.covariance, one.covariance / 2, rtol=1e-8)
    assert two.npred.dims == ("dataset", DIM, "energy")
    labels = unfold(xr.concat([binned, binned], "dataset").assign_coords(dataset=["a", "b"]))
    assert list(labels.dataset.values) == ["a", "b"]


def test_each_toy_is_fitted_like_data_by_themselves():
    binned = row_of_bins(4)
    toys = simulate(binned, n_toys=6, norm=1.0, rng=2)
    edges = [0.01, 0.05, 1] * u.TeV
    together = unfold(toys, energy_edges=edges, **ALL)
    assert together.covariance.dims == ("toy", "energy", DIM, OTHER)
    alone = unfold(toys.isel(toy=3), energy_edges=edges, **ALL)
    for name in alone.data_vars:
        here = together[name].isel(toy=3) if "toy" in together[name].dims else together[name]
        np.testing.assert_allclose(here, alone[name], rtol=1e-7, atol=1e-9, err_msg=name)


def test_bins_without_counts_exposure_or_data_do_not_harm_the_others():
    binned = row_of_bins(8, width=0.4)
    counts, coverage = binned.counts.values.copy(), binned.coverage.values.copy()
    whole = binned.exposure_true.values.copy()
    counts[:, 0] = 0
    whole[:, 4] = 0
    coverage[:, 7] = 0
    changed = binned.assign(
        counts=binned.counts.copy(data=counts),
        coverage=binned.coverage.copy(data=coverage),
        exposure_true=binned.exposure_true.copy(data=whole),
    )
    with pytest.warns(
        DataWarning, match=r"1 of the bins along projected_distance have no used pixels.*%"
    ):
        profile = unfold(changed, **ALL).isel(energy=0)
    fitted = np.isin(np.arange(8), [4, 7], invert=True)
    np.testing.assert_array_equal(profile.success, fitted)
    assert np.isfinite(profile.norm_err[fitted]).all()
    assert np.isfinite(profile.norm_ul[fitted]).all()
    assert profile.status[4] & STATUS_FLAGS["no_exposure"]
    assert profile.status[7] & STATUS_FLAGS["masked"]
    assert profile.status[0] & STATUS_FLAGS["zero_counts"]
    covariance = profile.covariance.values
    assert np.isnan(covariance[4]).all()
    assert np.isnan(covariance[:, 7]).all()


def test_bins_of_the_margin_are_fitted_and_left_out():
    binned = row_of_bins(6, norm=[8, 1, 1, 1, 1, 1])
    margin = xr.Variable(DIM, [True, *[False] * 4, True])
    whole, inner = unfold(binned, **ALL), unfold(binned.assign_coords(margin=margin), **ALL)
    part = whole.isel({DIM: slice(1, -1), OTHER: slice(1, -1)})
    xr.testing.assert_allclose(part, inner, rtol=1e-9, atol=0)


def test_a_low_coverage_hides_a_bin_that_is_fitted():
    binned = row_of_bins(5)
    coverage = binned.coverage.values.copy()
    coverage[:, 2] = 0.4
    binned = binned.assign(coverage=binned.coverage.copy(data=coverage))
    whole, hidden = unfold(binned), unfold(binned, min_coverage=0.5)
    kept = [0, 1, 3, 4]
    assert np.isnan(hidden.norm[2]).all()
    np.testing.assert_array_equal(hidden.norm[kept], whole.norm[kept])
    assert hidden.covariance.isel({DIM: 2}).isnull().all()
    assert hidden.status[2, 0] & STATUS_FLAGS["low_coverage"]


def test_order_and_units_of_the_bins_do_not_matter():
    binned = row_of_bins(6)
    expected = unfold(binned)
    order = [4, 0, 5, 2, 1, 3]
    moved = binned.profile.to_units(projected_distance="arcmin", energy="GeV").isel({DIM: order})
    found = unfold(moved)
    np.testing.assert_allclose(found.norm, expected.norm[order], rtol=1e-9)
    np.testing.assert_allclose(
        found.covariance, expected.covariance.isel({DIM: order, OTHER: order}), rtol=1e-8
    )
    np.testing.assert_allclose(found.ref_flux, expected.ref_flux, rtol=1e-9)


def test_it_can_be_kept_and_carried_on(tmp_path):
    binned = row_of_bins(4)
    write_netcdf(binned, tmp_path / "b.nc")
    profile = unfold(open_netcdf(tmp_path / "b.nc"), **ALL)
    xr.testing.assert_equal(profile, binned.profile.unfold(**ALL))
    write_netcdf(profile, tmp_path / "p.nc")
    xr.testing.assert_identical(open_netcdf(tmp_path / "p.nc"), profile)
    assert "unfold spectral_model" in profile.history
    assert not [n for n, v in profile.variables.items() if v.ndim and "long_name" not in v.attrs]


def test_inputs_stay_as_they_are():
    binned = row_of_bins(4)
    before = binned.copy(deep=True)
    profile = unfold(binned, background=0.1, smoothness=0.1, exposure_systematic=0.1)
    profile.covariance[:] = 0
    profile.norm[:] = 0
    xr.testing.assert_identical(binned, before)
