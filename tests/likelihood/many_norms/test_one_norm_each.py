"""Norms that share no rows: the numbers of fits of one norm."""

import numpy as np
import pytest
from cases.likelihood import random_counts, random_onoff

from xprofile.likelihood import Cash, Joint, NuisanceCash, WStat, hesse_error, step_down, step_up
from xprofile.likelihood import best_fit as one_best_fit
from xprofile.likelihood.many_norms import Problems, best_fit, hesse_covariance, profile_step

NCOLUMN, NPROBLEM = 4, 10
USUAL = {"s": (-2, 1), "b": (-2, 2)}


def one_norm(kind, seed, nbin):
    """Statistic of forty norms, and its rows: n, s, b, off, alpha."""
    count = NCOLUMN * NPROBLEM
    n, s, b = random_counts(seed, count, nbin=nbin, **USUAL)
    on, signal, off, alpha = random_onoff(seed, count, nbin=nbin)
    signal = s * (signal > 0)
    cash, wstat = Cash.from_counts(n, s, b), WStat(on, signal, off, alpha)
    zero = np.zeros_like(n)
    first, second = (n, s, b, zero, zero), (on, signal, zero, off, alpha)
    if kind == "joint":
        rows = [np.hstack(pair) for pair in zip(first, second, strict=True)]
        return Joint((cash, wstat)), rows
    return {
        "cash": (cash, first),
        "wstat": (wstat, second),
        "uncertain": (NuisanceCash(cash, 0.3), first),
    }[kind]


def many_norms(rows, width):
    """Fits of four norms at once, none of which shares a row with another."""
    n, s, *rest = (v.reshape(NPROBLEM, NCOLUMN, -1) for v in rows)
    response = s[..., None] * np.eye(NCOLUMN)[:, None]
    flat = [v.reshape(NPROBLEM, -1) for v in (n, *rest)]
    nrow = flat[0].shape[1]
    problems = Problems.from_counts(
        response.reshape(NPROBLEM, nrow, NCOLUMN), flat[0], flat[1], off=flat[2], alpha=flat[3]
    )
    if width:
        column = np.repeat(np.arange(NCOLUMN), nrow // NCOLUMN)
        problems = problems.with_background_norms(column, width)
    return problems


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["cash", "wstat", "joint", "uncertain"])
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_diagonal_response(kind, seed):
    stat, rows = one_norm(kind, seed, nbin=seed + 1)
    problems = many_norms(rows, 0.3 if kind == "uncertain" else 0)
    fit, columns = best_fit(problems), range(NCOLUMN)
    x, _ = one_best_fit(stat)
    seen = np.isfinite(x)
    at = np.nan_to_num(x)
    found = fit.x[:, :NCOLUMN].ravel()
    np.testing.assert_array_equal(np.isfinite(found), seen)
    hesse, up = hesse_error(stat, at), step_up(stat, at, 1.0)
    if kind == "uncertain":  # near kinks of the background the statistic may be flat
        assert (np.abs(stat.rise(at, np.nan_to_num(found)))[seen] < 1e-12).all()
        up = np.where(np.abs(found - x) < 1e-8 * up, up, np.inf)
    error = up if kind == "uncertain" else np.fmin(hesse, up)
    assert (np.abs(found - x)[seen] <= 1e-8 * error[seen] + 1e-12 * np.abs(x[seen])).all()
    variance = np.einsum("pcc->pc", hesse_covariance(problems, fit))[:, :NCOLUMN]
    smooth = seen & np.isfinite(hesse) & (kind != "uncertain")
    np.testing.assert_allclose(np.sqrt(variance.ravel()[smooth]), hesse[smooth], rtol=1e-7)
    for rise, sign, expected in (
        (1.0, +1, step_up(stat, at, 1.0)),
        (4.0, +1, step_up(stat, at, 4.0)),
        (1.0, -1, step_down(stat, at, 1.0)),
    ):
        step = profile_step(problems, fit, columns, rise, sign).values.ravel()[seen]
        np.testing.assert_allclose(step, expected[seen], rtol=1e-6 if kind != "uncertain" else 1e-3)
