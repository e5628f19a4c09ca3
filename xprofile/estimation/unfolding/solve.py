"""Fits of systems: best norms of all bins, errors, limits, covariance and predicted counts."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...likelihood.many_norms import (
    Fit,
    Problems,
    Profiled,
    best_fit,
    hesse_covariance,
    profile_rise,
    profile_step,
)
from ...schema.variables import PROFILE
from ..solve import Solution
from .fitted_counts import fitted_counts
from .settings import UnfoldSettings
from .systematics import Steps, with_exposure_systematic
from .systems import Systems

__all__ = ["UnfoldSolution", "solve_systems"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Array = TypeVar("Array", Float, Bool)

# Distance from the minimum of the statistic above which a fit counts as failed. It moves a norm by
# up to 0.003 of its error. Fits end about 1e-13 above the minimum, so that ten times as much or as
# little flags the same fits: none of those in the tests.
_LARGEST_GAP = 1e-5


@dataclass(frozen=True, eq=False)
class UnfoldSolution:
    """Results of systems.

    Parameters
    ----------
    bins : Solution
        Results of each bin, flat in the order (toy, bin, energy group).
    covariance : numpy.ndarray
        Of the norms, for 1 sigma, (*extra, ngroup, nbin, nbin).
    stat_total : numpy.ndarray
        Statistic of all bins together, with penalties, (*extra, ngroup).
    """

    bins: Solution
    covariance: Float
    stat_total: Float

    def total(self, extra_dims: Sequence[Hashable]) -> xr.Variable:
        """Return the variable ``stat_total``."""
        entry = PROFILE["stat_total"]
        return xr.Variable((*extra_dims, *entry.dims), self.stat_total, entry.attrs)


def solve_systems(
    systems: Systems, settings: UnfoldSettings, penalties: Float, nwanted: int
) -> UnfoldSolution:
    """Fit systems, and compute the quantities that the settings select.

    Parameters
    ----------
    systems : Systems
        The systems.
    settings : UnfoldSettings
        The settings.
    penalties : numpy.ndarray
        Matrix of the penalty of a smooth profile, (ngroup, nbin, nbin).
    nwanted : int
        Number of bins, from the first on, whose results are wanted. The others, of a margin, are
        fitted, but get no test statistic and no interval.
    """
    response = systems.matrix()
    numbers = _background_numbers(systems, correlated=settings.background_correlated)
    problems = _problems(systems, response, penalties, numbers, settings)
    fit = best_fit(problems)
    nbin = systems.shape[-2]
    norm = fit.x[:, :nbin]
    covariance = hesse_covariance(problems, fit)[:, :nbin, :nbin]
    if settings.smoothness:
        covariance = _without_penalty_alone(covariance, systems, response)
    counts = fitted_counts(systems, problems, fit, response, numbers, settings)
    values, lost, endless = _values(problems, fit, covariance, settings, nwanted)
    values |= counts.values(np.isfinite(norm))
    values["stat_null"] = values["stat"] + values["ts"]
    if settings.smoothness:
        values["norm_bias"] = _bias(norm, covariance, penalties, fit.at_bound[:, :nbin])
    on_rows = fit.on_kink.reshape(len(response), systems.ntoy, -1)
    kinks = systems.by_bin(on_rows.astype(np.float64))
    on_kink = np.moveaxis(kinks.sum(axis=-1) > 0, 2, 0).reshape(norm.shape)
    flags = _flags(problems, fit, covariance, settings, on_kink, lost, endless, nwanted)
    systematic = settings.exposure_systematic * norm
    covariance = _where_known(covariance) + systematic[:, :, None] * systematic[:, None, :]
    shape = (systems.shape[-1], systems.ntoy, nbin)
    bins = Solution(
        {name: _by_toy(array, shape) for name, array in values.items()},
        *(_by_toy(flag, shape) for flag in flags),
    )
    extra = systems.shape[:-2]
    matrices = covariance.reshape(*shape, nbin).swapaxes(0, 1).reshape(*extra, shape[0], nbin, nbin)
    totals = counts.stat_total(fit, problems).reshape(shape[:2]).T.reshape(*extra, shape[0])
    return UnfoldSolution(bins, matrices, totals)


def _by_toy(array: Array, shape: tuple[int, int, int]) -> Array:
    """Sort results (ngroup, toy, bin) as (toy, bin, ngroup), flat."""
    shaped = array.reshape(*shape, *array.shape[2:])
    return np.moveaxis(shaped, 0, 2).reshape(-1, *array.shape[2:])


def _where_known(covariance: Float) -> Float:
    """Put NaN into rows and columns whose variance is not known."""
    known = np.isfinite(np.einsum("pjj->pj", covariance))
    return np.where(known[:, :, None] & known[:, None, :], covariance, np.nan)


def _flags(
    problems: Problems,
    fit: Fit,
    covariance: Float,
    settings: UnfoldSettings,
    on_kink: Bool,
    lost: Bool,
    endless: Bool,
    nwanted: int,
) -> tuple[Bool, Bool, Bool, Bool]:
    """Whether norms are fitted, at a boundary, unbounded, and not converged.

    A bin is at a boundary if its norm is at the smallest one, or if the predicted counts of one of
    its empty fine bins reach 0. `lost` are norms whose profiles failed, and `endless` those that
    other norms can replace, so that nothing limits them.
    """
    nbin = covariance.shape[-1]
    fitted = np.isfinite(fit.x[:, :nbin])
    unbounded = fitted & endless
    if settings.norm_min is None:  # with a curvature on both sides, the statistic rises for ever
        flat = fitted & (on_kink | ~np.isfinite(np.einsum("pjj->pj", covariance)))
        flat[:, nwanted:] = False
        down = _flat_steps(flat, problems, fit, settings.n_sigma, -1)
        unbounded |= flat & np.isnan(down.values) & ~down.failed
        lost = lost | down.failed
    failed = fitted & (lost | ~(fit.gap <= _LARGEST_GAP)[:, None])
    return fitted, fitted & (fit.at_bound[:, :nbin] | on_kink), unbounded, failed


def _background_numbers(systems: Systems, *, correlated: bool) -> NDArray[np.intp]:
    """Number of the background norm of each row, (nrow,); -1 for off counts, which need none."""
    nbin, numbers, first = systems.shape[-2], [], 0
    for block in systems.blocks:
        bins = np.zeros(nbin, int) if correlated else np.arange(nbin)
        of_block = np.repeat(bins, block.counts.shape[-1])
        numbers.append(of_block + first if block.ratio is None else of_block * 0 - 1)
        first += bins.max() + 1 if block.ratio is None else 0
    return np.concatenate(numbers)


def _problems(
    systems: Systems,
    response: Float,
    penalties: Float,
    numbers: NDArray[np.intp],
    settings: UnfoldSettings,
) -> Problems:
    """Rows and columns of all systems."""
    blocks = systems.blocks
    ratios = [np.zeros(1) if b.ratio is None else b.ratio for b in blocks]
    alike = [b.counts.shape[-1] for b in blocks]
    ratios = [np.broadcast_to(r, (*r.shape[:-1], n)) for r, n in zip(ratios, alike, strict=True)]
    parts = ([b.counts for b in blocks], [b.background for b in blocks], ratios)
    n, background, alpha = (systems.rows(v).reshape(-1, response.shape[1]) for v in parts)
    measured = alpha > 0
    problems = Problems.from_counts(
        response,
        n,
        np.where(measured, 0, background),
        off=np.where(measured, background, 0),
        alpha=alpha,
        lower=-np.inf if settings.norm_min is None else settings.norm_min,
        penalty=penalties,
    )
    width = settings.width
    return problems if width is None else problems.with_background_norms(numbers, width)


def _values(
    problems: Problems, fit: Fit, covariance: Float, settings: UnfoldSettings, nwanted: int
) -> tuple[dict[str, Float], Bool, Bool]:
    """Norms, their errors and limits, and test statistics, (nproblem, nbin) each.

    Further, whether profiles of a norm failed, and whether it has no upper limit.
    """
    nbin = covariance.shape[-1]
    columns, norm = range(nwanted), fit.x[:, :nbin]
    with np.errstate(invalid="ignore"):
        error = settings.n_sigma * np.sqrt(np.einsum("pjj->pj", covariance))
    flat = ~np.isfinite(error)
    flat[:, nwanted:] = False
    found = _flat_steps(flat, problems, fit, settings.n_sigma, +1)
    error = np.where(flat, found.values, error)
    lost = found.failed.copy()

    def profiled(result: Profiled) -> Float:
        np.logical_or(lost[:, :nwanted], result.failed, out=lost[:, :nwanted])
        others = np.full((len(norm), nbin - nwanted), np.nan)
        return np.concatenate([result.values, others], axis=1)

    systematic = settings.n_sigma * settings.exposure_systematic
    values = {"norm": norm, "norm_err": with_exposure_systematic(error, norm, systematic)}
    steps = Steps(
        lambda rise, sign: profiled(profile_step(problems, fit, columns, rise, sign)),
        norm,
        settings.norm_min,
        settings.exposure_systematic,
    )
    if "errn-errp" in settings.selection_optional:
        values["norm_errn"] = steps.down(settings.n_sigma)
        values["norm_errp"] = steps.up(settings.n_sigma)
    if "ul" in settings.selection_optional:
        values["norm_ul"] = norm + steps.up(settings.n_sigma_ul)
    ts = np.where(norm == 0, 0.0, profiled(profile_rise(problems, fit, columns, 0.0)))
    values |= {"ts": ts, "sqrt_ts": np.where(norm > 0, 1, -1) * np.sqrt(np.maximum(ts, 0))}
    return values, lost, np.isnan(error) & ~found.failed


def _flat_steps(flat: Bool, problems: Problems, fit: Fit, n_sigma: float, sign: int) -> Profiled:
    """Steps of the flagged norms, (nproblem, nbin); NaN for others."""
    found, failed = np.full(flat.shape, np.nan), np.zeros(flat.shape, bool)
    flat = flat & np.isfinite(fit.x[:, : flat.shape[1]])
    columns = np.flatnonzero(flat.any(axis=0))
    if columns.size:
        steps = profile_step(problems, fit, columns.tolist(), n_sigma**2, sign)
        found[:, columns] = np.where(flat[:, columns], steps.values, np.nan)
        failed[:, columns] = flat[:, columns] & steps.failed
    return Profiled(found, failed)


def _without_penalty_alone(covariance: Float, systems: Systems, response: Float) -> Float:
    """Set variances to inf where only a penalty tells how well a norm is known.

    A bin without counts limits its norm by a straight rise of the statistic, not by a curvature. An
    error of more than a count is then that of the penalty.
    """
    empty = (systems.counts().sum(axis=-1) == 0).reshape(systems.ntoy, *systems.shape[-2:])
    empty = np.moveaxis(empty, 2, 0).reshape(covariance.shape[:2])
    signal = np.repeat(response.sum(axis=1), systems.ntoy, axis=0)
    variance = np.einsum("pjj->pj", covariance)
    with np.errstate(invalid="ignore"):
        alone = empty & (variance * signal**2 > 1)
    found = np.where(alone[:, :, None] | alone[:, None, :], np.nan, covariance)
    np.einsum("pjj->pj", found)[alone] = np.inf
    return found


def _bias(norm: Float, covariance: Float, penalties: Float, at_bound: Bool) -> Float:
    """Bias (R - 1) x, which is -(F + Q)^-1 Q x for the inverse covariance F + Q.

    Norms at their smallest value stay there; they have no such bias, and take no part in that of
    the others.
    """
    known = np.nan_to_num(norm)
    repeats = len(norm) // len(penalties)
    pull = np.einsum("pij,pj->pi", np.repeat(penalties, repeats, axis=0), known)
    finite = np.where(np.isfinite(covariance), covariance, 0)
    for i in np.flatnonzero(at_bound.any(axis=1)):
        fixed = finite[i][:, at_bound[i]]
        inner = np.linalg.pinv(fixed[at_bound[i]], hermitian=True)
        finite[i] -= fixed @ inner @ fixed.T
    bias = 0.0 - np.einsum("pij,pj->pi", finite, pull)
    unknown = ~np.isfinite(np.einsum("pjj->pj", covariance)) | at_bound
    return np.where(unknown, np.nan, bias)
