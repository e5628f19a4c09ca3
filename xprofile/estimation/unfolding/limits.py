"""Upper limits and two-sided intervals of norms that are fitted together, by each method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...likelihood.intervals import EXPECTED_BANDS
from ...likelihood.many_norms import best_fit
from ...likelihood.many_norms.limits.cls import cls_limit, expected_cls_limits
from .intervals import Intervals
from .settings import UnfoldSettings
from .systematics import Steps

__all__ = ["limit_values"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


def limit_values(intervals: Intervals, settings: UnfoldSettings) -> tuple[dict[str, Float], Bool]:
    """Limits and intervals that are wanted by their names, and whether one has no upper end.

    Each is (nproblem, nbin), expected limits are (nproblem, nbin, nband). Norms whose limits failed
    are marked in `intervals`.
    """
    values: dict[str, Float] = {}
    endless = np.zeros(intervals.norm.shape, bool)
    bounded = intervals
    if "bounded" in (settings.ul_method, settings.interval_method):
        with intervals.stages.stage(len(intervals.norm)):
            bounded = _of_norms_above_0(intervals)
    if "ul" in settings.selection_optional:
        upper = bounded if settings.ul_method == "bounded" else intervals
        values["norm_ul"] = upper.norm + _steps(upper, settings).up(settings.n_sigma_ul)
        endless |= upper.endless(settings.n_sigma_ul**2, +1)
        if settings.ul_method == "cls":
            values["norm_ul"] = _cls_limits(intervals, settings, values["norm_ul"])
    if "ul-expected" in settings.selection_optional:
        values["norm_ul_expected"], without_end = _expected_limits(intervals, settings)
        endless |= without_end
    if settings.interval_method is not None:
        both = bounded if settings.interval_method == "bounded" else intervals
        steps = _steps(both, settings)
        values["norm_lo"] = both.norm - steps.down(settings.n_sigma)
        values["norm_hi"] = both.norm + steps.up(settings.n_sigma)
        endless |= both.endless(settings.n_sigma**2, +1) | both.endless(settings.n_sigma**2, -1)
    intervals.failed |= bounded.failed
    return values, endless


def _of_norms_above_0(intervals: Intervals) -> Intervals:
    """Profiles of the statistic of norms that are all 0 or more."""
    problems = intervals.problems
    bounded = replace(problems, lower=np.maximum(problems.lower, 0))
    fit = best_fit(bounded, intervals.stages.report)
    return Intervals(bounded, fit, intervals.wanted, intervals.stages)


def _steps(intervals: Intervals, settings: UnfoldSettings) -> Steps:
    lowest = intervals.problems.lower[:, : intervals.norm.shape[1]].max(initial=-np.inf)
    least = float(lowest) if np.isfinite(lowest) else None
    return Steps(intervals, least, settings.exposure_systematic)


def _cls_limits(intervals: Intervals, settings: UnfoldSettings, likelihood: Float) -> Float:
    columns = np.flatnonzero(intervals.wanted.any(axis=0))
    limits = np.full(likelihood.shape, np.nan)
    if columns.size:
        known = np.where(intervals.wanted, likelihood, np.nan)[:, columns]
        with intervals.stages.stage(known.size):
            found = cls_limit(
                intervals.problems, intervals.fit, columns.tolist(), settings.n_sigma_ul, known,
                intervals.stages.report,
            )  # fmt: skip
        limits[:, columns] = found.values
        intervals.failed[:, columns] |= found.failed
    return limits


def _expected_limits(intervals: Intervals, settings: UnfoldSettings) -> tuple[Float, Bool]:
    """Limits of all bands, (nproblem, nbin, nband), and whether a norm has none."""
    columns = np.flatnonzero(intervals.wanted.any(axis=0))
    limits = np.full((*intervals.norm.shape, len(EXPECTED_BANDS)), np.nan)
    endless = np.zeros(intervals.norm.shape, bool)
    if columns.size:
        wanted = (intervals.wanted & np.isfinite(intervals.norm))[:, columns]
        with intervals.stages.stage(wanted.size * len(EXPECTED_BANDS)):
            found = expected_cls_limits(
                intervals.problems, intervals.fit, columns.tolist(), settings.n_sigma_ul,
                EXPECTED_BANDS, wanted, intervals.stages.report,
            )  # fmt: skip
        limits[:, columns] = found.values
        intervals.failed[:, columns] |= found.failed.any(axis=-1)
        without = np.isnan(found.values) & ~found.failed
        endless[:, columns] = wanted & without.any(axis=-1)
    return limits, endless
