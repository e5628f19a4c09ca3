"""All that the likelihood gives for arrays of problems, a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..exceptions import MissingPackageError
from ..likelihood import Joint, Statistic, best_fit, hesse_error, sensitivity, step_down, step_up

__all__ = ["Wanted", "solve"]

Float = NDArray[np.float64]

_BLOCK = 4096  # problems that are solved at once, so that they stay in cache


@dataclass(frozen=True)
class Wanted:
    """What to compute: see `xprofile.ProfileEstimator`.

    With `round_best_fit` the norms of the scan are numbers of errors from the best fit.
    """

    n_sigma: float
    n_sigma_ul: float
    n_sigma_sensitivity: float
    selection: Collection[str]
    norm_values: Float
    round_best_fit: bool = False
    norm_min: float | None = None


def solve(
    take: Callable[[slice], Sequence[Statistic]],
    size: int,
    wanted: Wanted,
    over: Callable[[Sequence[int]], Iterable[int]] = iter,
    *,
    parallel: bool = False,
) -> dict[str, Float]:
    """Solve problems.

    Parameters
    ----------
    take : callable
        Returns the statistics of some of the problems, one for each data set.
    size : int
        Number of problems.
    wanted : Wanted
        Which quantities, at which significances.
    over : callable
        Wraps the blocks' numbers, for a progress bar.
    parallel : bool
        Solve blocks by dask, with the scheduler that it is set to.

    Returns
    -------
    dict
        GADF names to arrays (nproblem,), ``stat_scan`` and ``norm_scan_values`` (nproblem, nscan),
        ``npred``, ``npred_excess`` and ``npred_background`` (nproblem, ndataset); NaN where there
        is no signal. ``norm_err`` is the one-sided error where counts give the statistic no
        curvature. For the status also ``_signal``, ``_unbounded`` and ``_at_boundary``, 1 where
        there is signal, no lower end, and a best fit on a kink or at `norm_min`.
    """
    starts = over(range(0, max(size, 1), _BLOCK))
    work = (partial(_solve_block, take(slice(start, start + _BLOCK)), wanted) for start in starts)
    blocks = _by_dask(work) if parallel else [part() for part in work]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _by_dask(work: Iterable[Callable[[], dict[str, Float]]]) -> Sequence[dict[str, Float]]:
    """Results of calls, made by dask."""
    try:
        from dask.base import compute
        from dask.delayed import delayed
    except ImportError:
        raise MissingPackageError(
            "parallel=True needs the package dask: install it, or xprofile[parallel]"
        ) from None
    found: Sequence[dict[str, Float]] = compute(*[delayed(part, pure=False)() for part in work])  # type: ignore[no-untyped-call]
    return found


def _solve_block(parts: Sequence[Statistic], wanted: Wanted) -> dict[str, Float]:
    stat = parts[0] if len(parts) == 1 else Joint(tuple(parts))
    norm, at_boundary = best_fit(stat, wanted.norm_min)
    known = np.isfinite(norm)
    x = np.where(known, norm, 0)
    ts = stat.rise(x, np.zeros_like(x))
    values = {
        "norm": norm,
        "norm_err": _symmetric_error(stat, x, wanted.n_sigma),
        "ts": ts,
        "sqrt_ts": np.where(x > 0, 1, -1) * np.sqrt(np.maximum(ts, 0)),
        "stat": stat.value(x),
        "stat_null": stat.value(np.zeros_like(x)),
        "npred": np.stack([part.npred(x) for part in parts], axis=-1),
        "npred_excess": np.stack([x * part.steepest() for part in parts], axis=-1),
    }
    values |= _optional(stat, x, values["norm_err"], wanted)
    for array in values.values():
        array[~known] = np.nan
    return {
        **values,
        "npred_background": np.stack([part.background(x) for part in parts], axis=-1),
        "_signal": known.astype(float),
        "_unbounded": (known & stat.never(-1) & (wanted.norm_min is None)).astype(float),
        "_at_boundary": at_boundary.astype(float),
    }


def _symmetric_error(stat: Statistic, x: Float, n_sigma: float) -> Float:
    error = n_sigma * hesse_error(stat, x)
    flat = np.flatnonzero(np.isinf(error))
    if flat.size:
        error[flat] = step_up(stat.take(flat), x[flat], n_sigma**2)
    return error


def _optional(stat: Statistic, x: Float, error: Float, wanted: Wanted) -> dict[str, Float]:
    values = {}
    if "errn-errp" in wanted.selection:
        values["norm_errn"] = step_down(stat, x, wanted.n_sigma**2, wanted.norm_min)
        values["norm_errp"] = step_up(stat, x, wanted.n_sigma**2)
    if "ul" in wanted.selection:
        values["norm_ul"] = x + step_up(stat, x, wanted.n_sigma_ul**2)
    if "sensitivity" in wanted.selection:
        values["norm_sensitivity"] = sensitivity(stat, wanted.n_sigma_sensitivity**2)
    if "scan" in wanted.selection:
        norms = np.tile(wanted.norm_values, (x.size, 1))
        if wanted.round_best_fit:
            norms = x[:, None] + norms * np.nan_to_num(error)[:, None]
            values["norm_scan_values"] = norms
        values["stat_scan"] = np.stack([stat.value(column) for column in norms.T], axis=-1)
    return values
