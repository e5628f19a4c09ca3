"""Backgrounds of fits of templates, limits of norms, empty data, and goodness of fit."""

import numpy as np
import pytest
from cases.templates import DIM, filled
from scipy.optimize import minimize

from xprofile import fit_templates
from xprofile.exceptions import InvalidOptionError
from xprofile.schema.variables import STATUS_FLAGS

ALL = {"selection_optional": "all"}


def test_a_free_background_is_one_more_template():
    binned, templates = filled(seed=1, background=30)
    none = binned.assign(background=0 * binned.background)
    expected = fit_templates(none, {**templates, "known": binned.background}, **ALL)
    fit = fit_templates(binned, templates, background="free", background_correlated=True, **ALL)
    for name in ("norm", "norm_err", "norm_errn", "norm_errp", "norm_ul", "ts"):
        np.testing.assert_allclose(fit[name], expected[name][:2], rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(fit.npred_background, expected.npred[2], rtol=1e-6)
    np.testing.assert_allclose(fit.deviance, expected.deviance, rtol=1e-8)
    assert fit.dof == expected.dof


def test_an_uncertain_background_is_pulled_to_1():
    binned, templates = filled(3, seed=2, background=40)
    alone = {"gas": templates["gas"]}
    n, a, b = (v.transpose("energy", DIM).values for v in (
        binned.counts, alone["gas"], binned.background))  # fmt: skip

    def value(x):
        mu = x[0] * a + x[1:] * b
        return 2 * np.sum(mu - n * np.log(mu)) + np.sum((x[1:] - 1) ** 2) / 0.1**2

    found = minimize(value, np.ones(4), method="Nelder-Mead", options={
        "xatol": 1e-9, "fatol": 1e-11, "maxiter": 20_000, "maxfev": 20_000})  # fmt: skip
    fit = fit_templates(binned, alone, background=0.1)
    np.testing.assert_allclose(fit.norm, found.x[:1], rtol=1e-5)
    np.testing.assert_allclose(fit.stat, found.fun, rtol=1e-9)
    np.testing.assert_allclose(fit.npred_background, found.x[1:] * b, rtol=1e-5)
    assert fit.dof == 9 - 1
    each = fit_templates(binned, alone, per="bin", background=0.1)
    assert np.all(each.dof == 3 - 1)


def on_off(binned, rate=4.0, seed=3):
    """Replace the background by off counts."""
    off = np.random.default_rng(seed).poisson(rate * binned.background)
    one = (binned.background.dims, np.ones(off.shape))
    return binned.drop_vars("background").assign(
        counts_off=(binned.background.dims, off), acceptance=one,
        acceptance_off=(one[0], rate * one[1]),
    )  # fmt: skip


@pytest.mark.parametrize("per", ["profile", "energy", "bin"])
def test_off_counts_are_profiled_out(per):
    binned, templates = filled(4, seed=4, background=20)
    data = on_off(binned)
    fit = fit_templates(data, templates, per=per)
    order = ("energy", DIM)
    signal = fit.npred.sum("template").transpose(*order).values
    n, m = data.counts.transpose(*order).values, data.counts_off.transpose(*order).values
    b = fit.npred_background.values / 0.25
    mu = fit.npred_total.values
    np.testing.assert_allclose(mu, signal + 0.25 * b, rtol=1e-9)
    np.testing.assert_allclose(0.25 * (1 - n / mu) + 1 - m / b, 0, atol=1e-6)  # best background
    deviance = 2 * (mu - n + n * np.log(n / mu) + b - m + m * np.log(m / b))
    summed = {"profile": (0, 1), "energy": 1, "bin": 0}[per]
    np.testing.assert_allclose(fit.deviance, deviance.sum(summed), rtol=1e-8)
    np.testing.assert_allclose(fit.stat, fit.deviance, rtol=1e-12)
    assert np.all(fit.dof == {"profile": 10, "energy": 2, "bin": 1}[per])
    np.testing.assert_allclose(fit.residual_sqrt_ts**2, deviance, rtol=1e-6)
    with pytest.raises(InvalidOptionError, match="measure their background"):
        fit_templates(data, templates, per=per, background="free")


def test_norms_end_at_the_smallest_allowed():
    binned, templates = filled(norms=(-0.2, 2.0), seed=12)
    free = fit_templates(binned, templates)
    assert free.norm[0] < 0
    fit = fit_templates(binned, templates, norm_min=0, **ALL)
    assert fit.norm[0] == 0
    assert fit.status[0] == STATUS_FLAGS["best_fit_at_boundary"]
    assert fit.norm_errn[0] == 0
    assert fit.ts[0] == 0
    assert fit.norm_ul[0] > 0
    alone = fit_templates(binned, {"dust": templates["dust"]})
    np.testing.assert_allclose(fit.norm[1], alone.norm[0], rtol=1e-8)


def test_without_counts_limits_are_there():
    binned, templates = filled(background=0)
    empty = binned.assign(counts=0 * binned.counts)
    total = float(templates["gas"].sum())
    fit = fit_templates(empty, {"gas": templates["gas"]}, **ALL)
    assert abs(float(fit.norm[0])) < 1e-12
    np.testing.assert_allclose(fit.norm_ul, 2 / total, rtol=1e-6)
    np.testing.assert_allclose(fit.norm_err, 0.5 / total, rtol=1e-6)
    assert fit.status[0] & STATUS_FLAGS["zero_counts"]


def test_goodness_of_fit_tells_a_wrong_model_from_a_right_one():
    binned, templates = filled(12, seed=5)
    right = fit_templates(binned, templates)
    wrong = fit_templates(binned, {"dust": templates["dust"]})
    assert right.p_value > 0.05
    assert wrong.p_value < 1e-6
    by_toys = fit_templates(binned, templates, n_toys=199, rng=1)
    assert abs(float(by_toys.p_value - right.p_value)) < 0.15
    assert fit_templates(binned, {"dust": templates["dust"]}, n_toys=99, rng=1).p_value == 0.01
    again = fit_templates(binned, templates, n_toys=199, rng=1)
    assert float(again.p_value) == float(by_toys.p_value)
