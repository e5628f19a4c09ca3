"""Fits of systems: best norms of all bins, errors, limits, covariance and predicted counts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError
from ...likelihood.many_norms import (
    Problems,
    clipped_norms,
    covariance_with_walls,
    fit_with_walls,
)
from ...schema.arguments.progress import Counter
from ...schema.variables import PROFILE
from ..solve import Solution
from .fitted_counts import fitted_counts
from .intervals import Intervals
from .limits import limit_values
from .settings import UnfoldSettings
from .stages import Stages, planned_stages
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

# Counts that the smallest norm may predict, in units of those that are there. At 1e8 limits are
# wrong by 1e-4 of the errors, and at 1e11 fits fail.
_MOST_COUNTS = 1e6


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
    systems: Systems,
    settings: UnfoldSettings,
    penalties: Float,
    nwanted: int,
    counted: Callable[[int], AbstractContextManager[Counter]],
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
    counted : callable
        Opens a progress bar of a number of steps, from `progress_counter`.
    """
    size = systems.shape[-1] * systems.ntoy * nwanted
    with counted(planned_stages(settings) * size) as counter:
        return _solved(systems, settings, penalties, nwanted, Stages(counter, size))


def _solved(
    systems: Systems, settings: UnfoldSettings, penalties: Float, nwanted: int, stages: Stages
) -> UnfoldSolution:
    response = systems.matrix()
    numbers = _background_numbers(systems, correlated=settings.background_correlated)
    problems = _problems(systems, response, penalties, numbers, settings)
    with stages.stage(len(problems.n)):
        fitted, fit = fit_with_walls(problems, stages.report)
    nbin = systems.shape[-2]
    norm = fit.x[:, :nbin]
    covariance = covariance_with_walls(problems, fitted, fit)[:, :nbin, :nbin]
    if settings.smoothness:
        covariance = _without_penalty_alone(covariance, systems, response)
    counts = fitted_counts(systems, problems, fit, response, numbers, settings)
    wanted = np.broadcast_to(np.arange(nbin) < nwanted, norm.shape)
    intervals = Intervals(fitted, fit, wanted, stages)
    values, endless = _values(intervals, covariance, settings)
    values |= counts.values(np.isfinite(norm))
    values["stat_null"] = values["stat"] + values["ts"]
    if settings.smoothness:
        values["norm_bias"] = _bias(norm, covariance, penalties, fit.at_bound[:, :nbin])
    on_rows = fit.on_kink.reshape(len(response), systems.ntoy, -1)
    kinks = systems.by_bin(on_rows.astype(np.float64))
    on_kink = np.moveaxis(kinks.sum(axis=-1) > 0, 2, 0).reshape(norm.shape)
    flags = _flags(intervals, covariance, settings, on_kink, endless)
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
    intervals: Intervals,
    covariance: Float,
    settings: UnfoldSettings,
    on_kink: Bool,
    endless: Bool,
) -> tuple[Bool, Bool, Bool, Bool, Bool]:
    """Whether norms are fitted, at a boundary, unbounded, not converged, and clipped.

    A bin is at a boundary if its norm is at the smallest one, or if the predicted counts of one of
    its empty fine bins reach 0. `endless` are norms that other norms can replace, so that nothing
    limits them.
    """
    fit, nbin = intervals.fit, covariance.shape[-1]
    seen = np.asarray((intervals.problems.response > 0).any(axis=1))[:, :nbin]
    fitted = np.repeat(seen, len(fit.x) // len(seen), axis=0)
    unbounded = fitted & endless
    if settings.norm_min is None:  # with a curvature on both sides, the statistic rises for ever
        flat = fitted & (on_kink | ~np.isfinite(np.einsum("pjj->pj", covariance)))
        unbounded |= fitted & intervals.endless(settings.n_sigma**2, -1, flat)
    lost = np.asarray(intervals.failed | np.isnan(intervals.norm))
    failed = fitted & (lost | ~(fit.gap <= _LARGEST_GAP)[:, None])
    clipped = clipped_norms(intervals.problems, fit.x)[:, :nbin]
    return fitted, fitted & (fit.at_bound[:, :nbin] | on_kink), unbounded, failed, clipped


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
    _check_smallest_norm(problems, settings.norm_min)
    width = settings.width
    return problems if width is None else problems.with_background_norms(numbers, width)


def _check_smallest_norm(problems: Problems, norm_min: float | None) -> None:
    """Raise if the smallest norm predicts so many counts that results are rounding errors."""
    if norm_min is None or norm_min <= 0:
        return
    least = norm_min * problems.response.sum(axis=2).max(initial=0)
    known = 1 + (problems.n + problems.background).max(initial=0)
    if least > _MOST_COUNTS * known:
        raise InvalidOptionError(
            f"norm_min={norm_min:g} predicts {least:.2g} counts in a fine bin, where there are "
            f"{known - 1:.2g} at most; give a smaller norm_min"
        )


def _values(
    intervals: Intervals, covariance: Float, settings: UnfoldSettings
) -> tuple[dict[str, Float], Bool]:
    """Norms, their errors and limits, and test statistics, (nproblem, nbin) each.

    Further, whether an error or a limit of a norm has no end.
    """
    norm = intervals.norm
    systematic = settings.n_sigma * settings.exposure_systematic
    values = {"norm": norm}
    steps = Steps(intervals, settings.norm_min, settings.exposure_systematic)
    if "errn-errp" in settings.selection_optional:
        values["norm_errn"] = steps.down(settings.n_sigma)
        values["norm_errp"] = steps.up(settings.n_sigma)
    limits, without_end = limit_values(intervals, settings)
    values |= limits
    with np.errstate(invalid="ignore"):
        error = settings.n_sigma * np.sqrt(np.einsum("pjj->pj", covariance))
    flat = ~np.isfinite(error)
    found = intervals.steps(settings.n_sigma**2, +1, flat)
    error = np.where(flat, found.values, error)
    values["norm_err"] = with_exposure_systematic(error, norm, systematic)
    with intervals.stages.stage(int(np.count_nonzero(intervals.wanted))):
        ts = np.where(norm == 0, 0.0, intervals.rises(np.zeros_like(norm)))
    values |= {"ts": ts, "sqrt_ts": np.where(norm > 0, 1, -1) * np.sqrt(np.maximum(ts, 0))}
    return values, without_end | _endless(intervals, settings, flat)


def _endless(intervals: Intervals, settings: UnfoldSettings, flat: Bool) -> Bool:
    """Whether an error that is wanted has no end, (nproblem, nbin)."""
    rise = settings.n_sigma**2
    endless = intervals.endless(rise, +1, flat)
    if "errn-errp" in settings.selection_optional:
        endless |= intervals.endless(rise, +1) | intervals.endless(rise, -1)
    return endless


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
