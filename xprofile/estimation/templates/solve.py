"""Fits of rows: best norms of templates and bins, errors, limits and covariance."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...likelihood.many_norms import (
    Fit,
    Problems,
    clipped_norms,
    covariance_with_walls,
    fit_with_walls,
)
from ..unfolding.intervals import Intervals
from ..unfolding.systematics import Steps, with_exposure_systematic
from .degeneracy import undetermined, without_redundant
from .settings import TemplateSettings

__all__ = ["Norms", "solve"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Distance from the minimum of the statistic above which a fit counts as failed, as for `unfold`. It
# moves a norm by up to 0.003 of its error. Fits end about 1e-13 above the minimum, so that ten
# times as much or as little flags the same fits.
_LARGEST_GAP = 1e-5


@dataclass(frozen=True, eq=False)
class Norms:
    """Results of norms.

    Parameters
    ----------
    values : dict
        Names to arrays (nproblem, nnorm): ``norm``, ``norm_err``, ``ts``, ``sqrt_ts`` and by choice
        ``norm_errn``, ``norm_errp`` and ``norm_ul``. NaN for norms that are not determined.
    covariance : numpy.ndarray
        For 1 sigma, (nproblem, nnorm, nnorm); NaN where it is not known.
    has_signal, not_determined, at_boundary, unbounded, not_converged, clipped : numpy.ndarray
        Whether a norm has a signal, others can replace it, it is at its smallest value or on a
        kink, its interval has no lower end, its fit failed, and it takes part in predicted counts
        below 0; bool, (nproblem, nnorm).
    """

    values: dict[str, Float]
    covariance: Float
    has_signal: Bool
    not_determined: Bool
    at_boundary: Bool
    unbounded: Bool
    not_converged: Bool
    clipped: Bool

    def take(self, columns: slice) -> Self:
        """Return the results of some of the norms."""
        flags = [f.name for f in fields(self) if f.name not in ("values", "covariance")]
        return type(self)(
            {name: array[:, columns] for name, array in self.values.items()},
            self.covariance[:, columns, columns],
            *(getattr(self, flag)[:, columns] for flag in flags),
        )


def solve(problems: Problems, settings: TemplateSettings) -> tuple[Fit, Norms]:
    """Fit problems, and compute the quantities that the settings select.

    The norms of interest are the first columns of the problems.
    """
    nnorm = int(problems.is_norm.sum())
    lost = undetermined(problems)
    lost_in_others = lost[:, :nnorm]
    seen = np.asarray((problems.response > 0).any(axis=1))[:, :nnorm]
    has_signal = np.repeat(seen, problems.repeats, axis=0)
    problems = without_redundant(problems, lost)
    fitted, fit = fit_with_walls(problems)
    known = has_signal & ~lost_in_others
    covariance = covariance_with_walls(problems, fitted, fit)[:, :nnorm, :nnorm]
    variance = np.einsum("pjj->pj", covariance)
    intervals = Intervals(fitted, fit, known)
    kinks = _norms_on_kinks(problems, fit)[:, :nnorm]
    values, endless = _values(intervals, variance, settings)
    unbounded = known & endless
    if settings.norm_min is None:
        flat = known & (kinks | ~np.isfinite(variance))
        unbounded |= flat & np.isnan(intervals.steps(settings.n_sigma**2, -1, flat).values)
    failed = known & (intervals.failed | ~(fit.gap <= _LARGEST_GAP)[:, None])
    sure = known & np.isfinite(variance)
    common = settings.exposure_systematic * fit.x[:, :nnorm]
    covariance = covariance + common[:, :, None] * common[:, None, :]
    norms = Norms(
        {name: np.where(known, array, np.nan) for name, array in values.items()},
        np.where(sure[:, :, None] & sure[:, None, :], covariance, np.nan),
        has_signal,
        lost_in_others,
        known & (fit.at_bound[:, :nnorm] | kinks),
        unbounded & ~intervals.failed,
        failed,
        known & clipped_norms(fitted, fit.x)[:, :nnorm],
    )
    return fit, norms


def _norms_on_kinks(problems: Problems, fit: Fit) -> Bool:
    """Whether the predicted counts of an empty row with this norm reach 0."""
    a = problems.response
    if not fit.on_kink.any():
        return np.zeros(fit.x.shape, bool)
    rows = fit.on_kink.reshape(len(a), -1, a.shape[1]).astype(np.float64)
    return np.asarray((rows @ (a > 0)).reshape(fit.x.shape) > 0)


def _values(
    intervals: Intervals, variance: Float, settings: TemplateSettings
) -> tuple[dict[str, Float], Bool]:
    """Norms, errors, limits and test statistics, and whether a norm has no upper limit."""
    norm = intervals.norm
    with np.errstate(invalid="ignore"):
        error = settings.n_sigma * np.sqrt(variance)
    flat = ~np.isfinite(error)
    error = np.where(flat, intervals.steps(settings.n_sigma**2, +1, flat).values, error)
    systematic = settings.exposure_systematic
    total = with_exposure_systematic(error, norm, settings.n_sigma * systematic)
    values = {"norm": norm, "norm_err": total}
    ends = Steps(intervals, settings.norm_min, systematic)
    if "errn-errp" in settings.selection_optional:
        values["norm_errn"] = ends.down(settings.n_sigma)
        values["norm_errp"] = ends.up(settings.n_sigma)
    if "ul" in settings.selection_optional:
        values["norm_ul"] = norm + ends.up(settings.n_sigma_ul)
    ts = np.where(norm == 0, 0.0, intervals.rises(np.zeros_like(norm)))
    values |= {"ts": ts, "sqrt_ts": np.where(norm > 0, 1, -1) * np.sqrt(np.maximum(ts, 0))}
    return values, np.isnan(error)
