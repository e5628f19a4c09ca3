"""Norms of templates: closed forms, brute force, sums, and each kind of data."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.templates import DIM, filled
from scipy.optimize import minimize

from xprofile import estimate, fit_templates, open_netcdf, power_law, unfold, write_netcdf
from xprofile.exceptions import DataWarning
from xprofile.schema.variables import STATUS_FLAGS

ALL = {"selection_optional": "all"}


def rows(binned, templates):
    """Counts, response and background as rows (energy, bin)."""
    order = ("energy", DIM)
    n = binned.counts.transpose(*order).values.ravel()
    a = np.stack([t.transpose(*order).values.ravel() for t in templates.values()], axis=1)
    return n, a, binned.background.transpose(*order).values.ravel()


def brute_force(n, a, b):
    """Best norms and half their Hessian of the Poisson likelihood."""

    def value(x):
        mu = a @ x + b
        return 2 * np.sum(mu - n * np.log(mu))

    found = minimize(value, np.ones(a.shape[1]), method="Nelder-Mead", options={
        "xatol": 1e-10, "fatol": 1e-12, "maxiter": 10_000})  # fmt: skip
    mu = a @ found.x + b
    return found.x, np.linalg.inv((a / mu[:, None] ** 2 * n[:, None]).T @ a), found.fun


def test_one_template_is_counts_over_predicted_counts():
    binned, templates = filled(background=0)
    alone = {"gas": templates["gas"]}
    fit = fit_templates(binned, alone, **ALL)
    total, counts = float(templates["gas"].sum()), float(binned.counts.sum())
    np.testing.assert_allclose(fit.norm, [counts / total], rtol=1e-10)
    np.testing.assert_allclose(fit.norm_err, [np.sqrt(counts) / total], rtol=1e-10)
    np.testing.assert_allclose(fit.npred.sum(["energy", DIM]), [counts], rtol=1e-10)
    each = fit_templates(binned, alone, per="bin")
    np.testing.assert_allclose(
        each.norm[0], binned.counts.sum("energy") / templates["gas"].sum("energy"), rtol=1e-10
    )
    assert each.norm.dims == ("template", DIM)
    assert each.covariance.dims == (DIM, "template", "template_2")
    fine = fit_templates(binned, alone, per="energy")
    np.testing.assert_allclose(
        fine.norm[0], binned.counts.sum(DIM) / templates["gas"].sum(DIM), rtol=1e-10
    )
    assert fine.norm.dims == ("template", "energy")
    assert fine.covariance.dims == ("energy", "template", "template_2")


def test_two_templates_are_the_best_fit_of_a_general_minimiser():
    binned, templates = filled(seed=3)
    fit = fit_templates(binned, templates, **ALL)
    n, a, b = rows(binned, templates)
    best, covariance, stat = brute_force(n, a, b)
    np.testing.assert_allclose(fit.norm, best, rtol=1e-6)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-5)
    np.testing.assert_allclose(fit.norm_err, np.sqrt(np.diag(covariance)), rtol=1e-5)
    np.testing.assert_allclose(fit.stat, stat, rtol=1e-12)
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    np.testing.assert_allclose(fit.correlation, covariance / scale, rtol=1e-5)
    for i in range(2):
        _, _, without = brute_force(n, np.delete(a, i, axis=1), b)
        np.testing.assert_allclose(fit.ts[i], without - stat, rtol=1e-6)
    assert np.all(fit.norm_ul > fit.norm + fit.norm_errp)
    assert np.all(fit.norm_errn > 0)


def test_counts_add_up_and_residuals_are_what_is_left():
    binned, templates = filled(seed=1)
    fit = fit_templates(binned, templates, energy_edges=[0.01, 0.2, 1] * u.TeV)
    parts = fit.npred.sum("template") + fit.npred_background
    np.testing.assert_allclose(parts, fit.npred_total, rtol=1e-12)
    np.testing.assert_allclose(fit.counts - fit.npred_total, fit.residual, rtol=1e-12)
    assert fit.npred.dims == ("template", "energy", DIM)
    assert fit.counts.dtype == np.int64
    n, mu = fit.counts.values, fit.npred_total.values
    expected = np.sign(n - mu) * np.sqrt(2 * (mu - n + n * np.log(n / mu)))
    np.testing.assert_allclose(fit.residual_sqrt_ts, expected, rtol=1e-6)
    fine = fit_templates(binned, templates)
    n, mu = fine.counts.values, fine.npred_total.values
    deviance = 2 * np.sum(mu - n + n * np.log(n / mu))
    np.testing.assert_allclose(fine.deviance, deviance, rtol=1e-10)
    assert fine.dof == n.size - 2


def test_energies_beyond_the_edges_are_left_out():
    binned, templates = filled(seed=2)
    first = binned.isel(energy=[0])
    expected = fit_templates(first, {k: t.isel(energy=[0]) for k, t in templates.items()})
    edge = float(binned.energy_max[0]) * u.TeV
    found = fit_templates(binned, templates, energy_edges=u.Quantity([0.01 * u.TeV, edge]))
    np.testing.assert_allclose(found.norm, expected.norm, rtol=1e-10)


@pytest.mark.heavy
@pytest.mark.parametrize("per", ["profile", "energy", "bin"])
def test_the_order_of_dims_and_bins_does_not_matter(per):
    binned, templates = filled(seed=4)
    expected = fit_templates(binned, templates, per=per, **ALL)
    turned = {k: t.isel({DIM: slice(None, None, -1)}).transpose() for k, t in templates.items()}
    xr.testing.assert_equal(fit_templates(binned, turned, per=per, **ALL), expected)
    part = fit_templates(binned.isel({DIM: [1, 2, 4]}), templates, per=per)
    same = fit_templates(
        binned.isel({DIM: [1, 2, 4]}),
        {k: t.isel({DIM: [1, 2, 4]}) for k, t in templates.items()}, per=per,
    )  # fmt: skip
    np.testing.assert_allclose(part.norm, same.norm, rtol=1e-12)


@pytest.mark.heavy
@pytest.mark.parametrize("per", ["profile", "energy", "bin"])
def test_free_bins_without_templates_are_estimate_and_unfold(per):
    from cases.unfolding import row_of_bins

    binned = row_of_bins(5, seed=5)
    nothing = {"nothing": 0 * binned.background}
    model = power_law(2.3)
    options = {"spectral_model": model, "per": per, "free_bins": True, **ALL}
    plain = binned.drop_vars(["psf_mixing", "exposure_true", f"{DIM}_true"])
    edges = "fine" if per == "energy" else None
    pairs = [(plain, estimate(plain, spectral_model=model, energy_edges=edges,
                              selection_optional=["errn-errp", "ul"]))]  # fmt: skip
    if per != "bin":
        pairs += [(binned, unfold(binned, spectral_model=model, energy_edges=edges, **ALL))]
    for data, expected in pairs:
        fit = fit_templates(data, nothing, **options)
        assert np.isnan(fit.norm).all()
        assert np.all(fit.status == STATUS_FLAGS["no_exposure"])
        found = fit.profile.bin_profile()
        for name in ("norm", "norm_err", "norm_errn", "norm_errp", "norm_ul", "ts", "npred"):
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-7, err_msg=name)
        for name in ("ref_flux", "npred_excess", "npred_background"):
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, err_msg=name)
        assert found.profile.to_sed_type("flux").flux.shape == expected.norm.shape


def test_errors_of_free_bins_have_those_of_the_templates():
    binned, templates = filled(seed=6)
    free = binned[DIM] < 0.5
    fit = fit_templates(binned, templates, free_bins=free, spectral_model=power_law(1.5))
    known = binned.assign(
        background=binned.background + fit.npred.sum("template").transpose("energy", DIM)
    )
    alone = estimate(known, spectral_model=power_law(1.5)).isel(energy=0)
    found = fit.profile.bin_profile().isel(energy=0)
    np.testing.assert_allclose(found.norm[:2], alone.norm[:2], rtol=1e-6)
    assert np.all(found.norm_err[:2] > alone.norm_err[:2] * 1.001)
    for given in (free.values, free.values.astype(int), free.to_series(), list(free.values)):
        same = fit_templates(binned, templates, free_bins=given, spectral_model=power_law(1.5))
        np.testing.assert_array_equal(same.bin_norm, fit.bin_norm)
        assert "free_bins: 2 bins" in same.attrs["history"]
    assert np.isnan(found.norm[2:]).all()
    assert np.all(found.status[2:] == STATUS_FLAGS["not_determined"])


def test_a_list_of_data_sets_is_one_fit():
    first, templates = filled(seed=7)
    second, _ = filled(seed=8)
    joint = fit_templates([first, second], {k: [t, t] for k, t in templates.items()}, **ALL)
    summed = fit_templates(
        first.assign(counts=first.counts + second.counts, background=2 * first.background),
        {k: 2 * t for k, t in templates.items()}, **ALL,
    )  # fmt: skip
    for name in ("norm", "norm_err", "norm_errn", "norm_ul", "ts"):
        np.testing.assert_allclose(joint[name], summed[name], rtol=1e-6, err_msg=name)
    assert joint.npred.dims == ("dataset", "template", "energy", DIM)
    both = xr.concat([first, second], "dataset", join="exact")
    stacked = {k: xr.concat([t, t], "dataset") for k, t in templates.items()}
    np.testing.assert_allclose(fit_templates(both, stacked).norm, joint.norm, rtol=1e-12)


def test_toys_are_fits_of_their_own():
    first, templates = filled(seed=7)
    second, _ = filled(seed=8)
    toys = first.assign(counts=xr.concat([first.counts, second.counts], "toy"))
    for per in ("profile", "energy", "bin"):
        fit = fit_templates(toys, templates, per=per, **ALL)
        assert fit.norm.dims[0] == "toy"
        for i, data in enumerate((first, second)):
            one = fit_templates(data, templates, per=per, **ALL)
            xr.testing.assert_allclose(fit.isel(toy=i), one, rtol=1e-7, atol=1e-9)


def test_files_keep_all(tmp_path):
    binned, templates = filled(seed=9)
    fit = fit_templates(binned, templates, per="energy", free_bins=binned[DIM] < 0.3)
    write_netcdf(fit, tmp_path / "fit.nc")
    xr.testing.assert_identical(open_netcdf(tmp_path / "fit.nc"), fit)


def test_templates_that_are_the_same_are_flagged():
    binned, templates = filled(seed=10)
    same = {**templates, "copy": 2 * templates["gas"]}
    with pytest.warns(DataWarning, match="cannot tell apart 'gas' and 'copy', as sums of them"):
        fit = fit_templates(binned, same, **ALL)
    expected = fit_templates(binned, templates, **ALL)
    assert np.isnan(fit.norm[[0, 2]]).all()
    assert np.all(fit.status[[0, 2]] == STATUS_FLAGS["not_determined"])
    for name in ("norm", "norm_err", "ts"):
        np.testing.assert_allclose(fit[name][1], expected[name][1], rtol=1e-6)
    np.testing.assert_allclose(fit.npred_total, expected.npred_total, rtol=1e-6)
    assert fit.dof == expected.dof


def test_all_bins_free_at_one_energy_take_up_everything():
    binned, templates = filled(seed=11)
    with pytest.warns(DataWarning, match="'gas' and 'dust' and the norms of bins in 3 of 3 fits"):
        fit = fit_templates(binned, templates, per="energy", free_bins=True)
    np.testing.assert_allclose(fit.npred_total, fit.counts, rtol=1e-9)
    for name in ("norm", "npred", "bin_norm", "npred_bins", "p_value"):
        assert np.isnan(fit[name]).all(), name
    assert np.all(fit.dof == 0)
    assert np.all(fit.bin_status == STATUS_FLAGS["not_determined"])


def test_what_replaces_a_pulled_background_stays():
    binned, templates = filled(seed=12, background=30)
    same = {"known": binned.background, "more": 3 * binned.background, "gas": templates["gas"]}
    options = {"background": 0.1, "background_correlated": True}
    with pytest.warns(DataWarning, match="cannot tell apart 'known' and 'more'"):
        fit = fit_templates(binned, same, **options)
    expected = fit_templates(binned, {k: same[k] for k in ("known", "gas")}, **options)
    np.testing.assert_allclose(fit.npred_total, expected.npred_total, rtol=1e-6)
    np.testing.assert_allclose(fit.norm[2], expected.norm[1], rtol=1e-6)
    np.testing.assert_allclose(fit.norm_err[2], expected.norm_err[1], rtol=1e-6)


def test_norms_do_not_run_away_where_bins_are_empty():
    """One count in six bins: norms fell to -120 and rose to 40, below 0 counts in empty bins."""
    response = np.array([[1.0, 0.2], [0.9, 2.8], [1.2, 1.4], [0.8, 1.6], [0.7, 2.1], [1.2, 3.7]])
    binned = filled()[0].isel(energy=[0])
    counts = xr.zeros_like(binned.counts)
    counts[0, 1] = 1
    binned = binned.assign(counts=counts, background=0 * binned.background + 0.05)
    templates = {
        name: binned.background.copy(data=column[None])
        for name, column in zip("ab", response.T, strict=True)
    }
    fit = fit_templates(binned, templates, **ALL)
    seen = np.arange(6) == 1
    positive = {"type": "ineq", "fun": lambda x: response @ x + 0.05}

    def stat(x):
        return (response @ x).sum() - np.log(np.maximum(response[seen] @ x + 0.05, 1e-12))[0]

    expected = minimize(stat, [0, 0.2], method="SLSQP", constraints=positive, tol=1e-13).x
    np.testing.assert_allclose(fit.norm, expected, rtol=0, atol=1e-4)
    assert float(fit.npred_total.min()) > 0
    assert (fit.norm_err > 0).all()
    assert (fit.norm_err < 2).all()
    assert (fit.status & STATUS_FLAGS["not_converged"] == 0).all()
    assert (fit.norm_ul > fit.norm).all()
