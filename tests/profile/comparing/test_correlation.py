"""Correlation of two profiles, its errors, and its p-value."""

import numpy as np
import pytest
import xarray as xr
from cases.templates import filled
from scipy.stats import pearsonr, spearmanr

from xprofile import correlation, estimate, fit_templates, open_netcdf, unfold, write_netcdf
from xprofile.exceptions import (
    DataWarning,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
    UnusableInputError,
)

DIM = "projected_distance"


def along(values, edges=None):
    edges = np.arange(len(values) + 1.0) if edges is None else edges
    coords = {
        DIM: (edges[1:] + edges[:-1]) / 2,
        f"{DIM}_min": (DIM, edges[:-1]),
        f"{DIM}_max": (DIM, edges[1:]),
    }
    return xr.DataArray(np.asarray(values, dtype=float), coords, DIM)


def alike(profile):
    """Give all bins the same solid angle."""
    return profile.assign(
        solid_angle=profile.solid_angle.copy(data=np.full(profile.sizes[DIM], 1e-4))
    )


@pytest.mark.parametrize(("method", "expected"), [("pearson", pearsonr), ("spearman", spearmanr)])
def test_values_without_errors_have_the_usual_correlation(method, expected):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 15))
    b[3] = b[4] = 0.5 * a[3]
    found = correlation(along(a), along(b), method=method, rng=1, n_toys=2000)
    value, p_value = expected(a, b)
    np.testing.assert_allclose(found.correlation, value, rtol=1e-12)
    np.testing.assert_allclose(found.p_value, p_value, atol=0.04)
    assert found.correlation_err == 0
    assert found.n_bins == 15
    assert correlation(along(a), along(-3 * a)).correlation == pytest.approx(-1)
    assert correlation(along(a), along(a), rng=1).p_value < 0.01
    same = correlation(along(a), along(b), method=method, rng=1, n_toys=2000)
    xr.testing.assert_identical(same, found)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e300])
def test_the_scale_of_a_map_does_not_matter(scale):
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 9))
    expected = correlation(along(a), along(b), rng=1, n_toys=20)
    found = correlation(along(a), along(scale * b), rng=1, n_toys=20)
    np.testing.assert_allclose(found.correlation, expected.correlation, rtol=1e-12)
    assert found.p_value == expected.p_value


def test_infinite_errors_leave_bins_out():
    profile = alike(estimate(filled(5)[0])).isel(energy=[0])
    errors = profile.norm_err.copy(deep=True)
    errors[2] = np.inf
    found = correlation(profile.assign(norm_err=errors), profile.counts)
    assert found.n_bins == 4


def test_bins_are_matched_by_their_coordinates():
    rng = np.random.default_rng(2)
    a, b = along(rng.normal(size=8)), along(rng.normal(size=8))
    expected = float(correlation(a, b, rng=1).correlation)
    turned = b.isel({DIM: slice(None, None, -1)})
    np.testing.assert_allclose(correlation(a, turned).correlation, expected, rtol=1e-12)
    with pytest.warns(DataWarning, match=r"5 bins .* the rest of 8 and 5 bins is left out"):
        part = correlation(a, turned.isel({DIM: slice(0, 5)}))
    np.testing.assert_allclose(part.correlation, np.corrcoef(a[3:], b[3:])[0, 1], rtol=1e-12)
    gap = correlation(a.where(a[DIM] > 2), b)
    assert gap.n_bins == 6
    np.testing.assert_allclose(gap.correlation, np.corrcoef(a[2:], b[2:])[0, 1], rtol=1e-12)
    wide = along(b.values, edges=2.0 * np.arange(9))
    with pytest.raises(InvalidDataError, match=r"have 0 bins .* in common, of 8 and 8"):
        correlation(a, wide)
    with pytest.raises(InvalidDataError, match="along projected_distance and along region"):
        correlation(a, b.drop_vars(list(b.coords)).rename({DIM: "region"}))
    flat = correlation(a, 0 * b)
    assert np.isnan(flat.correlation)
    assert np.isnan(flat.p_value)


def test_profiles_have_errors_by_their_covariance():
    binned, _ = filled(8, seed=3)
    profile = alike(estimate(binned)).isel(energy=0)
    other = along(np.arange(8.0) ** 2).drop_vars([f"{DIM}_min", f"{DIM}_max"])
    other = other.assign_coords({DIM: profile[DIM]})
    found = correlation(profile, other, rng=1, n_toys=20_000, quantity="norm")
    rng = np.random.default_rng(7)
    drawn = rng.normal(profile.norm, profile.norm_err, (20_000, 8))
    away, known = drawn - drawn.mean(axis=1, keepdims=True), other.values - other.values.mean()
    toys = away @ known / np.sqrt((away**2).sum(axis=1) * (known**2).sum())
    np.testing.assert_allclose(found.correlation_err, np.std(toys), rtol=0.03)
    low, middle, high = np.quantile(toys, [0.1587, 0.5, 0.8413])
    np.testing.assert_allclose(found.correlation_errn, middle - low, rtol=0.05)
    np.testing.assert_allclose(found.correlation_errp, high - middle, rtol=0.05)
    doubled = profile.assign(norm_err=2 * profile.norm_err).assign_attrs(n_sigma=2.0)
    same = correlation(doubled, other, rng=1, n_toys=20_000)
    np.testing.assert_allclose(same.correlation_err, found.correlation_err, rtol=1e-12)


def test_the_covariance_of_unfolded_profiles_counts():
    from cases.unfolding import row_of_bins

    profile = alike(unfold(row_of_bins(8, width=0.8, norm=[1, 2, 1, 3, 1, 2, 4, 1], seed=1)))
    alone = profile.drop_vars(["covariance", "correlation", f"{DIM}_2"])
    trend = profile.norm.isel(energy=0, drop=True).copy(data=np.tile([1.0, 2.0], 4))
    with_both = [correlation(p, trend, rng=1, n_toys=5000) for p in (profile, alone)]
    # errors of neighbours that anticorrelate change a row of ups and downs more
    assert float(with_both[0].correlation_err[0]) > 1.1 * float(with_both[1].correlation_err[0])


def test_energies_go_together(tmp_path):
    binned, _ = filled(6, seed=4)
    profile = alike(estimate(binned, energy_edges="fine"))
    gas = profile.norm.isel(energy=0, drop=True).copy(data=np.arange(6.0))
    found = profile.profile.correlation(gas, rng=1)
    assert found.correlation.dims == ("energy",)
    for i in range(3):
        value = np.corrcoef(profile.norm[:, i], np.arange(6))[0, 1]
        np.testing.assert_allclose(found.correlation[i], value, rtol=1e-12)
    write_netcdf(found, tmp_path / "c.nc")
    xr.testing.assert_identical(open_netcdf(tmp_path / "c.nc"), found)
    both = correlation(profile, profile.profile.to_units(energy="GeV"), rng=1)
    np.testing.assert_allclose(both.correlation, 1, rtol=1e-12)
    coarse = alike(estimate(binned, energy_edges=2))
    with pytest.raises(InvalidDataError, match="3 and 2 energy bins with other"):
        correlation(profile, coarse)


def test_fluxes_of_bins_of_different_sizes_are_warned_of():
    binned, templates = filled(6, seed=5)
    profile = estimate(binned.assign(solid_angle=binned.solid_angle * (1 + np.arange(6))))
    flat = profile.norm.isel(energy=0, drop=True).copy(data=np.arange(6.0))
    with pytest.warns(DataWarning, match="norm of profile_a is not per solid angle, and its bins"):
        correlation(profile, flat)
    correlation(profile, flat, quantity="counts")
    flux = profile.profile.to_sed_type("flux", per_solid_angle=True)
    correlation(flux, flat)
    fit = fit_templates(binned, templates)
    with pytest.raises(InvalidDataError, match="attrs"):
        correlation(fit, flat)


def test_wrong_input():
    a = along(np.arange(5.0))
    with pytest.raises(InvalidOptionError, match="method must be 'pearson' or 'spearman'"):
        correlation(a, a, method="kendall")
    with pytest.raises(InvalidOptionError, match="n_toys must be an integer of 2 or more"):
        correlation(a, a, n_toys=1)
    with pytest.raises(UnusableInputError, match="profile_b must be a Dataset or a DataArray"):
        correlation(a, a.values)
    with pytest.raises(InvalidDataError, match="profile_b has the dims"):
        correlation(a, a.rename({DIM: "x"}))
    with pytest.raises(InvalidDataError, match=r"has the dims \['x'\] beside .*such as .isel\(x=0"):
        correlation(a, a.expand_dims(x=2))
    with pytest.raises(InvalidDataError, match="values of projected_distance repeat"):
        correlation(a, a.isel({DIM: [0, 1, 2, 2]}))
    bare = a.drop_vars([DIM, f"{DIM}_min", f"{DIM}_max"], errors="ignore")
    assert correlation(a, bare).n_bins == 5
    with pytest.raises(MissingVariableError, match="have 5 and 4 bins, and a coordinate"):
        correlation(a, bare[:4])
    one = estimate(filled(5)[0]).isel({DIM: 0})
    with pytest.raises(InvalidDataError, match=r"has one bin without the dim projected_distance"):
        correlation(one, a)
    with pytest.raises(MissingVariableError, match="profile_a has no flux; it has"):
        correlation(estimate(filled(5)[0]), a, quantity="flux")
    with pytest.raises(InvalidDataError, match=r"2 bins .* a correlation needs three or more"):
        correlation(a[:2], a[:2])
