"""All that the likelihood gives for arrays of problems, a block at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .likelihood import Problems, best_fit, cash, hesse_error, rise, step_down, step_up

__all__ = ["Wanted", "solve"]

Float = NDArray[np.float64]

_BLOCK = 4096  # problems that are solved at once, so that they stay in cache


@dataclass(frozen=True)
class Wanted:
    """What to compute: see `xprofile.ProfileEstimator`."""

    n_sigma: float
    n_sigma_ul: float
    selection: Collection[str]
    norm_values: Float


def solve(p: Problems, wanted: Wanted) -> dict[str, Float]:
    """Solve problems.

    Parameters
    ----------
    p : Problems
        Arrays (nproblem, nbin).
    wanted : Wanted
        Which quantities, at which significances.

    Returns
    -------
    dict
        GADF names to arrays (nproblem,), ``stat_scan`` (nproblem, nscan); NaN where there is no
        signal. ``norm_err`` is the one-sided error where counts give the statistic no curvature.
        For the status also ``_signal``, the sum of S, ``_pulling``, the counts where there is
        signal, and ``_kinked``, 1 where the best fit is on a kink.
    """
    starts = range(0, max(len(p.n), 1), _BLOCK)
    blocks = [_solve_block(p.take(slice(start, start + _BLOCK)), wanted) for start in starts]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _solve_block(p: Problems, wanted: Wanted) -> dict[str, Float]:
    norm, kinked = best_fit(p)
    known = np.isfinite(norm)
    x = np.where(known, norm, 0)
    ts = rise(x, np.zeros_like(x), p)
    values = {
        "norm": norm,
        "norm_err": _symmetric_error(x, p, wanted.n_sigma),
        "ts": ts,
        "sqrt_ts": np.where(x > 0, 1, -1) * np.sqrt(np.maximum(ts, 0)),
        "stat": cash(x, p),
        "stat_null": cash(np.zeros_like(x), p),
        "npred": np.maximum(x[:, None] * p.s + p.b, 0).sum(axis=1),
        "npred_excess": x * p.s.sum(axis=1),
        **_optional(x, p, wanted),
    }
    for array in values.values():
        array[~known] = np.nan
    return {
        **values,
        "counts": p.n.sum(axis=1),
        "npred_background": p.b.sum(axis=1),
        "_signal": p.s.sum(axis=1),
        "_pulling": np.where(p.s > 0, p.n, 0).sum(axis=1),
        "_kinked": kinked.astype(float),
    }


def _symmetric_error(x: Float, p: Problems, n_sigma: float) -> Float:
    error = n_sigma * hesse_error(x, p)
    flat = np.isinf(error)
    error[flat] = step_up(x[flat], p.take(flat), n_sigma**2)
    return error


def _optional(x: Float, p: Problems, wanted: Wanted) -> dict[str, Float]:
    values = {}
    if "errn-errp" in wanted.selection:
        values["norm_errn"] = step_down(x, p, wanted.n_sigma**2)
        values["norm_errp"] = step_up(x, p, wanted.n_sigma**2)
    if "ul" in wanted.selection:
        values["norm_ul"] = x + step_up(x, p, wanted.n_sigma_ul**2)
    if "scan" in wanted.selection:
        scan = [cash(np.full_like(x, norm), p) for norm in wanted.norm_values]
        values["stat_scan"] = np.stack(scan, axis=-1)
    return values
