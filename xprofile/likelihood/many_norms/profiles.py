"""Intervals of one norm with all others fitted anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..statistic import Bool, Float, Report, silent
from .fits import Fit, within_reach
from .problems import Problems
from .recession import without_limit
from .refitting.every import EveryNorm
from .refitting.goals import reach_by_force
from .refitting.neighbours import Neighbours
from .refitting.parts import Parts

__all__ = ["Profiled", "profile_rise", "profile_step"]

# What fits of near norms may miss of a rise, as a share of it. They are corrected for it, and the
# corrections are right to a tenth. With ten times less, more fits are done with all norms.
_MISSED = 1e-7

# Share of the rise that must be left at the end of an interval if norms without limits are fitted.
# Where it is not, a search is tried first. Intervals are right to as much; with 0.99 they would be
# up to 1 % too short.
_RISEN = 0.999

# Rise of the statistic that counts as none, for fits that are as far above the minimum. It is far
# below all that shows in a test statistic.
_NONE = 1e-12

# Share of a distance above which norms at minus 10 times all counts bring it, so that the norm has
# no end. On the 3FHL cube the shares are below 0.01 or above 0.95.
_HELPED = 0.5


class Profiled(NamedTuple):
    """Rises or distances, and whether fits of the other norms failed, so that they are NaN.

    Parameters
    ----------
    values : numpy.ndarray
        (nproblem, ncolumn).
    failed : numpy.ndarray of bool
        (nproblem, ncolumn).
    """

    values: Float
    failed: Bool


def profile_rise(
    problems: Problems,
    fit: Fit,
    columns: Sequence[int],
    at: ArrayLike,
    wanted: Bool | None = None,
    report: Report = silent,
) -> Profiled:
    """Rise of the statistic above its minimum when one norm is fixed and all others are fitted.

    Parameters
    ----------
    problems : Problems
        The counts and what is known of them.
    fit : Fit
        Their best fits.
    columns : sequence of int
        Norms that are fixed, one at a time.
    at : array_like
        Their values, (nproblem, len(columns)) or broadcast to it.
    wanted : numpy.ndarray of bool, optional
        Norms whose rises are wanted, (nproblem, len(columns)); the others are NaN.
    report : callable, optional
        Called with the number of norms that are done, again and again.

    Returns
    -------
    Profiled
        (nproblem, len(columns)), NaN without signal. With 0 as values this is the test statistic.
    """
    every = EveryNorm(problems, fit, columns, wanted, report)
    values = np.broadcast_to(np.asarray(at, dtype=np.float64), every.shape).ravel()
    rise, failed = np.full(values.size, np.nan), every.watched(every.seen.copy())
    for index, parts in every.blocks(failed & (every.own <= 0)):
        alone = parts.rise_alone(values[index])
        known = (alone <= _NONE) & (values[index] >= parts.lower)  # below, it may fall
        rise[index[known]], failed[index[known]] = np.maximum(alone[known], 0), False
    for index, part, near, parts in every.near(failed):
        found = parts.rise(values[index], rough=True)
        fall = near.fall(part, found.x, found.row_slope)
        good = found.done & (fall <= _MISSED * found.rise)
        rise[index[good]], failed[index[good]] = (found.rise - fall)[good], False
    for index, parts in every.blocks(failed):
        found = parts.rise(values[index])
        rise[index], failed[index] = np.where(found.done, found.rise, np.nan), ~found.done
    return Profiled(rise.reshape(every.shape), failed.reshape(every.shape))


def profile_step(
    problems: Problems,
    fit: Fit,
    columns: Sequence[int],
    rise: float,
    sign: int,
    wanted: Bool | None = None,
    report: Report = silent,
) -> Profiled:
    """Distance over which the statistic rises by `rise`, with all other norms fitted anew.

    Parameters
    ----------
    problems : Problems
        The counts and what is known of them.
    fit : Fit
        Their best fits.
    columns : sequence of int
        Norms whose intervals are wanted.
    rise : float
        Rise above the minimum.
    sign : int
        +1 upwards, -1 downwards. Downwards the distance ends at the lower limit of the norm.
    wanted : numpy.ndarray of bool, optional
        Norms whose distances are wanted, (nproblem, len(columns)); the others are NaN.
    report : callable, optional
        As in `profile_rise`.

    Returns
    -------
    Profiled
        (nproblem, len(columns)), NaN without signal and if the statistic never rises so far. Norms
        of which other norms below minus 10 times all counts bring more than half of the distance
        count as such.
    """
    every = EveryNorm(problems, fit, columns, wanted, report)
    step = np.where(every.seen, 0.0, np.nan)
    limit = every.best - every.lower if sign < 0 else np.full(step.size, np.inf)
    todo = every.watched(every.seen & (limit > 0))
    for index, part, near, parts in every.near(todo):
        found, good = _near_steps(near, part, parts, rise, sign)
        step[index[good]], todo[index[good]] = np.minimum(found, limit[index])[good], False
    for index, parts in every.blocks(todo & np.isfinite(limit)):
        lowest = parts.rise(parts.lower)
        ends = index[lowest.done & (lowest.rise <= rise)]
        step[ends], todo[ends] = limit[ends], False
    for index, parts in every.blocks(todo & (every.own > 0)):
        reached = parts.reach(rise, sign)
        done = reached.done
        found = np.abs(reached.x[parts.row, parts.column] - parts.best)
        step[index[done]], todo[index[done]] = np.minimum(found, limit[index])[done], False
    _search(every, step, todo, limit, rise, sign)
    return Profiled(step.reshape(every.shape), (todo & np.isnan(step)).reshape(every.shape))


def _search(
    every: EveryNorm, step: Float, todo: Bool, limit: Float, rise: float, sign: int
) -> None:
    """Find the steps that are left, and those without an end."""
    endless = np.zeros(step.size, bool)

    def find_endless(which: Bool) -> None:
        index = np.flatnonzero(which & todo)
        number, column = every.number[index], every.column[index]
        endless[index] = without_limit(every.problems, number, column, sign)
        step[endless] = np.where(np.isinf(limit), np.nan, limit)[endless]
        todo[endless] = False

    find_endless(every.own <= 0)  # rows with counts limit nearly all others on both sides
    _by_force(every, every.problems, step, todo, limit, rise, sign)
    find_endless(todo)
    bounded = within_reach(every.problems, every.fit.x)
    near = _by_force(every, bounded, step, todo, limit, rise, sign)
    for index, parts in every.blocks(todo):
        step[index] = np.minimum(parts.step(rise, sign), limit[index])
        todo[index] = np.isnan(step[index])
    step[todo] = near[todo]
    todo &= np.isnan(step)


def _by_force(
    every: EveryNorm,
    problems: Problems,
    step: Float,
    todo: Bool,
    limit: Float,
    rise: float,
    sign: int,
) -> Float:
    """Find the steps that are left by one fit each, with the lower limits of `problems`.

    A norm that would go less than half as far without limits that it has only here has no end.
    Returns distances for norms that a search may find more exactly, and NaN for others.
    """
    near = np.full(step.size, np.nan)
    new = problems.lower > every.problems.lower
    for index, parts in every.blocks(todo, problems):
        found = reach_by_force(parts, rise, sign, patient=problems is not every.problems)
        number = every.number[index]
        helped = (found.pulled * new[number]).sum(axis=1)
        endless = helped > _HELPED * found.step
        ends = np.minimum(found.step, limit[index])
        if problems is not every.problems:  # far norms may do more or less than their pull tells
            free = parts.with_lower(every.problems.lower[number])
            at = np.where(found.done, parts.best + sign * found.step, parts.best)
            reached = free.rise(at, rough=True)
            # a convex rise goes on as steeply, so that the end is near
            endless &= ~(reached.done & (reached.rise > _HELPED * rise))
            certain = endless | ~reached.done | (reached.rise >= _RISEN * rise)
            near[index] = np.where(found.done & ~certain, ends, np.nan)
            found.done[:] &= certain
        ends = np.where(endless, np.where(np.isinf(limit), np.nan, limit)[index], ends)
        step[index[found.done]], todo[index[found.done]] = ends[found.done], False
    return near


def _near_steps(
    near: Neighbours, part: NDArray[np.intp], parts: Parts, rise: float, sign: int
) -> tuple[Float, Bool]:
    """Steps from fits of near norms, and whether they hold for fits of all."""
    step, good = np.zeros(part.size), np.zeros(part.size, bool)
    ends = np.flatnonzero(np.isfinite(parts.lower) & (sign < 0))
    if ends.size:
        lowest = parts.take(ends).rise(parts.lower[ends], rough=True)
        fall = near.fall(part[ends], lowest.x, lowest.row_slope)
        short = lowest.done & (fall <= _MISSED * rise) & (lowest.rise - fall <= rise)
        step[ends[short]], good[ends[short]] = (parts.best - parts.lower)[ends[short]], True
    todo = np.flatnonzero(~good)
    if not todo.size:
        return step, good
    found = parts.take(todo).reach(rise, sign)
    missing = np.flatnonzero(~found.done)
    if missing.size:
        rest = parts.take(todo[missing])
        moved = reach_by_force(rest, rise, sign)
        known = np.flatnonzero(moved.done)
        rest = rest.take(known)
        found.put(missing[known], rest.rise(rest.best + sign * moved.step[known], rough=True))
    fall = near.fall(part[todo], found.x, found.row_slope)
    good[todo] = found.done & (fall <= _MISSED * rise)
    with np.errstate(divide="ignore", invalid="ignore"):
        step[todo] = np.abs(found.x[:, 0] - parts.best[todo]) + fall / np.abs(found.slope)
    return step, good & np.isfinite(step)
