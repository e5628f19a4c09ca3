"""Systematic uncertainty of the exposure in fits of templates: brute force over it."""

import numpy as np
import pytest
from cases.templates import DIM, filled
from scipy.optimize import brentq, minimize

from xprofile import bin_profile, fit_templates
from xprofile.exceptions import InvalidOptionError

SYSTEMATIC = 0.1


def profiled(binned, templates, number):
    """Statistic with one norm fixed and the other and the exposure free, less its minimum."""
    order = ("energy", DIM)
    n, b = (v.transpose(*order).values.ravel() for v in (binned.counts, binned.background))
    a = np.stack([t.transpose(*order).values.ravel() for t in templates.values()], axis=1)

    def value(x, exposure):
        mu = exposure * (a @ x) + b
        return np.sum(2 * (mu - n * np.log(mu))) + ((exposure - 1) / SYSTEMATIC) ** 2

    def at(norm, best):
        def given(free):
            x = np.insert(free[:1], number, norm)
            return value(x, free[1])

        found = minimize(given, [best[1 - number], 1.0], method="Nelder-Mead", options={
            "xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000})  # fmt: skip
        return found.fun - value(best, 1.0)

    return at


@pytest.mark.slow
def test_errors_and_limits_have_the_uncertainty_of_the_exposure():
    binned, templates = filled(seed=3)
    options = {"selection_optional": "all"}
    plain = fit_templates(binned, templates, **options)
    fit = fit_templates(binned, templates, exposure_systematic=SYSTEMATIC, **options)
    x, rtol = plain.norm.values, 1e-12
    np.testing.assert_allclose(fit.norm, x, rtol=rtol)
    np.testing.assert_allclose(fit.ts, plain.ts, rtol=rtol)
    expected = plain.covariance + SYSTEMATIC**2 * np.outer(x, x)
    np.testing.assert_allclose(fit.covariance, expected, rtol=1e-10)
    np.testing.assert_allclose(fit.norm_err, np.sqrt(np.diag(expected)), rtol=1e-10)
    assert fit.attrs["exposure_systematic"] == SYSTEMATIC
    at, error = profiled(binned, templates, 0), float(fit.norm_err[0])
    ends = [float(v) for v in (x[0] - fit.norm_errn[0], x[0] + fit.norm_errp[0], fit.norm_ul[0])]
    for end, rise in zip(ends, (1, 1, 4), strict=True):
        sides = sorted([x[0], end + np.sign(end - x[0]) * error])
        true = brentq(lambda norm, rise=rise: at(norm, x) - rise, *sides, xtol=1e-5)
        np.testing.assert_allclose(end, true, rtol=0, atol=1e-3 * error)


def test_norms_of_bins_have_it_too():
    binned, templates = filled(seed=3)
    free = binned[DIM] < 0.6
    alone = {"dust": templates["dust"]}
    plain, fit = (
        fit_templates(binned, alone, free_bins=free, exposure_systematic=s) for s in (0, SYSTEMATIC)
    )
    added = SYSTEMATIC * plain.bin_norm
    np.testing.assert_allclose(fit.bin_norm_err, np.hypot(plain.bin_norm_err, added), rtol=1e-10)
    assert bin_profile(fit).attrs["exposure_systematic"] == SYSTEMATIC


def test_an_exposure_of_0_is_refused():
    binned, templates = filled()
    with pytest.raises(InvalidOptionError, match=r"exposure of 0 at 2 sigma.*below 0.5"):
        fit_templates(binned, templates, exposure_systematic=0.5)
