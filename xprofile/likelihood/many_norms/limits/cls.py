r"""CLs limits of one norm, from asymptotic distributions, with all other norms fitted.

The test statistic of a norm is that of `likelihood.intervals.cls`, for the statistic with all other
norms fitted (profiled). Their lower limits hold; that of the norm of interest is 0. The Asimov data
are the counts expected where it is 0, with the others fitted to the data there (Cowan et al. 2011,
Eur. Phys. J. C 71, 1554).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ...intervals.cls import cls_excess, expected_cls_rises, gaussian_cls_step
from ...intervals.roots import rising_root
from ...statistic import Bool, Curve, Float, Report, silent
from ..covariance import hesse_covariance
from ..fits import Fit
from ..problems import Problems
from ..profiles import Profiled, profile_step
from ..refitting.parts import Parts, blocks
from .asimov import asimov_parts

__all__ = ["cls_limit", "expected_cls_limits"]

# Differences from the limit, in units of sigma, up to which a limit counts. Newton's method ends at
# 1e-8 or better where fits of the other norms end; ten times more or less flags the same limits.
_RIGHT = 1e-5


def cls_limit(
    problems: Problems,
    fit: Fit,
    columns: Sequence[int],
    n_sigma: float,
    likelihood: Float,
    report: Report = silent,
) -> Profiled:
    """Norms at which CLs falls to that of a limit of n sigma.

    Parameters
    ----------
    problems : Problems
        The counts and what is known of them.
    fit : Fit
        Their best fits.
    columns : sequence of int
        Norms whose limits are wanted.
    n_sigma : float
        One-sided significance.
    likelihood : numpy.ndarray
        Norms where the statistic has risen by n_sigma squared, (nproblem, len(columns)). No limit
        is lower, and without such a norm there is none: these are NaN.
    report : callable, optional
        Called with the number of norms that are done, again and again.
    """
    limits, failed = np.full(likelihood.shape, np.nan), np.zeros(likelihood.shape, bool)
    for index, parts in _parts(problems, fit, columns, np.isfinite(likelihood)):
        limits[index], failed[index] = _limits(parts, n_sigma, likelihood[index], report)
    return Profiled(limits, failed)


def expected_cls_limits(
    problems: Problems,
    fit: Fit,
    columns: Sequence[int],
    n_sigma: float,
    bands: Sequence[float],
    wanted: Bool,
    report: Report = silent,
) -> Profiled:
    """Limits to expect without the signal of a norm, (nproblem, len(columns), nband).

    Parameters
    ----------
    problems, fit, columns, n_sigma
        As in `cls_limit`.
    bands : sequence of float
        Standard deviations of a normal distribution.
    wanted : numpy.ndarray of bool
        Norms whose limits are wanted, (nproblem, len(columns)); the others are NaN.
    report : callable, optional
        As in `cls_limit`, for each band.
    """
    shape = (*wanted.shape, len(bands))
    limits, failed = np.full(shape, np.nan), np.zeros(shape, bool)
    for index, parts in _parts(problems, fit, columns, wanted):
        null = parts.rise(np.zeros(len(parts.x)))
        asimov, at = asimov_parts(parts, null)
        for i, rise in enumerate(expected_cls_rises(n_sigma, bands)):
            found = _reached(asimov, at, rise)
            limits[(*index, i)] = np.where(null.done, found.values, np.nan)
            failed[(*index, i)] = found.failed | ~null.done
            report(len(parts.x))
    return Profiled(limits, failed)


def _parts(
    problems: Problems, fit: Fit, columns: Sequence[int], wanted: Bool
) -> Iterator[tuple[tuple[NDArray[np.intp], NDArray[np.intp]], Parts]]:
    """Take problems for one of their norms each, and their places."""
    norms = np.asarray(columns, dtype=np.intp)
    number, place = np.nonzero(wanted & np.isfinite(fit.x[:, norms]))
    if not number.size:
        return
    covariance = hesse_covariance(problems, fit)
    for part, parts in blocks(problems, fit, covariance, number, norms[place]):
        yield (number[part], place[part]), parts


def _limits(parts: Parts, n_sigma: float, likelihood: Float, report: Report) -> tuple[Float, Bool]:
    """Limits of the norms of interest, and which of them failed."""
    zero = np.zeros(len(parts.x))
    null = parts.rise(zero)
    asimov = asimov_parts(parts, null)[0]
    best = np.maximum(parts.best, 0)
    lowest = np.where(parts.best < 0, null.rise, 0)

    left = zero.size

    def curve(todo: NDArray[np.intp]) -> Curve:
        nonlocal left
        report(max(left - todo.size, 0))
        left = min(left, todo.size)
        data, expected = parts.take(todo), asimov.take(todo)

        def evaluate(step: Float) -> tuple[Float, Float]:
            of_data, of_asimov = (some.rise(best[todo] + step) for some in (data, expected))
            q, qa = (of_data.rise - lowest[todo], of_data.slope), (of_asimov.rise, of_asimov.slope)
            value, slope = cls_excess(q, qa, n_sigma)
            good = of_data.done & of_asimov.done & np.isfinite(value)
            return np.where(good, value, n_sigma), np.where(good, slope, 0)  # else too far

        return evaluate

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        start = gaussian_cls_step(best, np.sqrt(asimov.own), n_sigma)
        start = np.fmax(start, likelihood - best)
        start = np.where(start > 0, start, np.sqrt(np.maximum(parts.own, 0)))
        step = rising_root(curve, np.where(null.done, start, np.nan), zero, zero + np.inf)
        known = np.flatnonzero(null.done & np.isfinite(step))
        missed = curve(known)(step[known])[0]
    found = known[np.abs(missed) <= _RIGHT]
    limits = np.full(zero.size, np.nan)
    limits[found] = (best + step)[found]
    report(left)
    return limits, np.isnan(limits)


def _reached(parts: Parts, fit: Fit, rise: float) -> Profiled:
    """Norms at which the statistic of Asimov data has risen; NaN if it never does."""
    found = parts.reach(rise, +1)
    steps = np.where(found.done, found.x[parts.row, parts.column], np.nan)
    failed = ~found.done
    index = np.flatnonzero(failed)
    if index.size:
        columns = np.unique(parts.column[index])
        own = parts.column[index, None] == columns
        some = parts.problems.take(index)
        rest = profile_step(some, fit.take(index), columns.tolist(), rise, +1, own)
        steps[index], failed[index] = rest.values[own], rest.failed[own]
    return Profiled(steps, failed)
