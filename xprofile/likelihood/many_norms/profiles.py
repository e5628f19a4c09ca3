"""Intervals of one norm with all others fitted anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..statistic import Bool, Float
from .covariance import hesse_covariance
from .fits import Fit
from .problems import Problems
from .recession import without_limit
from .refitting.neighbours import Neighbours, neighbourhoods
from .refitting.parts import Parts, blocks

__all__ = ["Profiled", "profile_rise", "profile_step"]

# What fits of near norms may miss of a rise, as a share of it. They are corrected for it, and the
# corrections are right to a tenth. With ten times less, more fits are done with all norms.
_MISSED = 1e-7

# Distance of a best fit from its minimum up to which fits of near norms start from it.
_CERTAIN = 1e-9


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


def profile_rise(problems: Problems, fit: Fit, columns: Sequence[int], at: ArrayLike) -> Profiled:
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

    Returns
    -------
    Profiled
        (nproblem, len(columns)), NaN without signal. With 0 as values this is the test statistic.
    """
    every = _Every(problems, fit, columns)
    values = np.broadcast_to(np.asarray(at, dtype=np.float64), every.shape).ravel()
    rise, failed = np.full(values.size, np.nan), every.seen.copy()
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
    problems: Problems, fit: Fit, columns: Sequence[int], rise: float, sign: int
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

    Returns
    -------
    Profiled
        (nproblem, len(columns)), NaN without signal and if the statistic never rises so far.
    """
    every = _Every(problems, fit, columns)
    step = np.where(every.seen, 0.0, np.nan)
    limit = every.best - every.lower if sign < 0 else np.full(step.size, np.inf)
    todo = every.seen & (limit > 0)
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


def _search(every: _Every, step: Float, todo: Bool, limit: Float, rise: float, sign: int) -> None:
    """Find the steps that are left, and those without an end."""
    endless = np.zeros(step.size, bool)

    def find_endless(which: Bool) -> None:
        index = np.flatnonzero(which & todo)
        number, column = every.number[index], every.column[index]
        endless[index] = without_limit(every.problems, number, column, sign)
        step[endless] = np.where(np.isinf(limit), np.nan, limit)[endless]
        todo[endless] = False

    find_endless(every.own <= 0)  # rows with counts limit nearly all others on both sides
    for patient in (False, True):
        for index, parts in every.blocks(todo & (np.isnan(step) | (not patient))):
            found = parts.step(rise, sign, patient=patient)
            step[index] = np.where(np.isnan(found), np.nan, np.minimum(found, limit[index]))
        find_endless(np.isnan(step))


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
        moved = rest.step(rise, sign, patient=False)
        known = np.flatnonzero(np.isfinite(moved))
        rest = rest.take(known)
        found.put(missing[known], rest.rise(rest.best + sign * moved[known], rough=True))
    fall = near.fall(part[todo], found.x, found.row_slope)
    good[todo] = found.done & (fall <= _MISSED * rise)
    with np.errstate(divide="ignore", invalid="ignore"):
        step[todo] = np.abs(found.x[:, 0] - parts.best[todo]) + fall / np.abs(found.slope)
    return step, good & np.isfinite(step)


class _Every:
    """Every problem, once for every norm, flat in the order (problem, norm)."""

    def __init__(self, problems: Problems, fit: Fit, columns: Sequence[int]) -> None:
        self.problems, self.fit = problems, fit
        self.norms = np.asarray(columns, dtype=np.intp)
        self.shape = (len(fit.x), self.norms.size)
        self.number = np.repeat(np.arange(len(fit.x)), self.norms.size)
        self.column = np.tile(self.norms, len(fit.x))
        self.covariance = hesse_covariance(problems, fit)
        self.best = fit.x[self.number, self.column]
        self.lower = problems.lower[self.number, self.column]
        own = self.covariance[self.number, self.column, self.column]
        self.own = np.nan_to_num(own, posinf=0)
        self.seen = np.isfinite(self.best)

    def near(
        self, todo: Bool
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], Neighbours, Parts]]:
        """Take parts with the norms near theirs: places here, places there, and the parts."""
        place = np.zeros(self.problems.response.shape[2], np.intp)
        place[self.norms] = np.arange(self.norms.size)
        todo = todo & (self.own > 0) & (self.fit.gap <= _CERTAIN)[self.number]
        for near in neighbourhoods(self.problems, self.fit, np.unique(self.norms)):
            index = near.index * self.norms.size + place[near.norm]
            part = np.flatnonzero(todo[index])
            if part.size:
                yield index[part], part, near, near.parts(part, self.covariance)

    def blocks(self, todo: Bool) -> Iterator[tuple[NDArray[np.intp], Parts]]:
        """Take whole problems: places here, and the parts."""
        index = np.flatnonzero(todo)
        number, column = self.number[index], self.column[index]
        for part, parts in blocks(self.problems, self.fit, self.covariance, number, column):
            yield index[part], parts
