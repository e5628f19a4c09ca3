"""Best fits of many norms, their covariance and predicted counts."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..statistic import Bool, Float, ProblemIndex, Report, silent
from .certificate import certified_gap
from .interior import solve_from, starting_norms
from .polish import polish
from .problems import Problems
from .rows import change, predicted, row_signal
from .system import System

__all__ = [
    "Fit",
    "best_fit",
    "fit_with_walls",
    "npred",
    "rows_at_walls",
    "runs_away",
    "with_walls",
    "within_reach",
]


# Pulls on all norms that move best fits by these shares of their errors, and whether equations are
# solved by rows, in the order in which they are tried. Pulls make the largest of several best fits
# the only one, and `polish` takes them away. At 1e-4 the pull would put some best fits on a kink
# nearby. Where 1e-6 hides the rows that decide, a smaller one is tried.
_TRIES = ((1e-6, False), (1e-9, False), (1e-12, False), (1e-9, True), (1e-12, True))

# Certificate below which no smaller pull is tried. Above are all fits that a pull still moves by
# more than 1e-7 of their errors, below are rounding errors of the counts.
_CERTAIN = 1e-13

# The same for solving equations by rows, which takes longer. What is below is right to 1e-5 of the
# errors.
_SURE = 1e-10

# Certificate that a norm of as many predicted counts as there are counts is worth. A smaller pull
# may end at 1e25 counts, where the statistic is lower by a rounding error of the counts, or at 1e10
# counts, where it is lower by those of the response. At 1e-15 a fit that is certain to 1e-18 would
# be left for one that is certain to 1e-8.
_LONG = 1e-16

# Certificates, with this, above which norms get a lower limit. Above the first, fits that become
# shorter by it, or lower the statistic, are taken; above the second all, of norms that run to 1e11
# times the counts. Fits with less are right to 0.003 of the errors.
_UNSURE, _ENDLESS = 1e-8, 1e-5

# This limit, in units of all counts, below 0. Norms below it only reduce counts that leak by less
# than its inverse into other rows. At 1e5, rounding errors spoil some of these fits.
_LOWEST = 10.0

# Predicted counts of a positive norm, in units of 1 and the counts of its rows, above which it runs
# away. Norms that walls hold predict 1.1 times as much in real maps, and those that run away 500
# times or more. At 3, norms of few counts without an end would get one.
_OVERSHOOTS = 30.0

# Counts that stand for none in rows with a wall. The statistic then has a slope near the wall, and
# changes by less than 1e-4 in all. At 1e-8 first fits fail.
_WALL = 1e-6

# Predicted counts of a row, in units of these, at which its wall holds norms.
_AT_WALL = 100.0


@dataclass(frozen=True, eq=False)
class Fit:
    """Best fits.

    Parameters
    ----------
    x : numpy.ndarray
        Norms, (nproblem, ncolumn). Norms of interest without signal are NaN, and norms of an empty
        background are where their penalty is 0.
    slope : numpy.ndarray
        Slope of C / 2 along the signal of each row, (nproblem, nrow). In an empty row on its kink
        it is between the slopes on the two sides.
    pull : numpy.ndarray
        Slope of C / 2 along each norm that its lower limit holds, (nproblem, ncolumn).
    gap : numpy.ndarray
        C(x) is at most this much above its minimum, (nproblem,): the certificate of the fit. It is
        the sum of the gaps of slopes that balance, next to `slope` and `pull`; inf where none are
        found. See `certificate`. Where norms run away, it is the minimum among those of about
        all counts.
    on_kink : numpy.ndarray of bool
        Whether a row holds norms on its kink, (nproblem, nrow).
    at_bound : numpy.ndarray of bool
        Whether a norm is at its lower limit, or at that of a norm that runs away, (nproblem,
        ncolumn).
    """

    x: Float
    slope: Float
    pull: Float
    gap: Float
    on_kink: Bool
    at_bound: Bool

    def take(self, index: ProblemIndex) -> Self:
        """Return the fits of the selected problems."""
        return type(self)(*(getattr(self, f.name)[index] for f in fields(self)))

    def put(self, index: NDArray[np.intp], other: Self) -> None:
        """Replace the fits of the selected problems."""
        for f in fields(self):
            getattr(self, f.name)[index] = getattr(other, f.name)

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Return the fits of several groups as one."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))


def best_fit(problems: Problems, report: Report = silent) -> Fit:
    """Norms that minimise the statistic.

    Of several minima this is the one that predicts most signal. Norms without signal are NaN. Norms
    that run away, because counts leak by less than 1e-9 into empty rows, end at minus 10 times
    all counts.

    Parameters
    ----------
    problems : Problems
        The counts and what is known of them.
    report : callable, optional
        Called with the number of problems that are fitted, again and again.

    Returns
    -------
    Fit
        Its `gap` is the certificate.
    """
    return _fit(problems, report)


def _fit(problems: Problems, report: Report, *, stops: bool = False) -> Fit:
    if len(problems.response) > 1 and problems.repeats > 1:
        groups = range(len(problems.response))
        parts = [_fit_group(problems.take_group(group), report, stops) for group in groups]
        return Fit.joined(parts)
    return _fit_group(problems, report, stops)


def fit_with_walls(problems: Problems, report: Report = silent) -> tuple[Problems, Fit]:
    """Norms that minimise the statistic, with no negative counts where these let norms run away.

    Predicted counts of an empty row end at 0, so that a norm may fall for nothing below it. Its
    neighbour then grows to replace what leaks out of it, and the next one falls, by more and more.
    The statistic can fall a little on such a way, up to norms of 1e6 times the counts. Problems
    whose best fit is such a one are fitted again with walls: their predicted counts must be
    positive in all rows, as those of the Poisson distribution are.

    Parameters
    ----------
    problems : Problems
        The counts and what is known of them.
    report : callable, optional
        As in `best_fit`.

    Returns
    -------
    Problems
        Those that are fitted: rows with walls have 1e-6 counts in place of none.
    Fit
        Their fits. Rows whose walls hold norms are on their kink.
    """
    fit = _fit(problems, report, stops=True)
    away = runs_away(problems, fit.x)
    if not away.any():
        return problems, fit
    index, walled = np.flatnonzero(away), with_walls(problems, away)
    part = walled.take(index)
    again = best_fit(part)
    at_wall = rows_at_walls(part, again.x)
    fit.put(index, replace(again, on_kink=again.on_kink | at_wall))
    return walled, fit


def with_walls(problems: Problems, chosen: Bool) -> Problems:
    """Give chosen problems walls: 1e-6 counts in rows with signal and a known background."""
    seen = np.repeat((problems.response > 0).any(axis=2), problems.repeats, axis=0)
    empty = seen & (problems.n == 0) & ~(problems.alpha > 0)
    return replace(problems, n=np.where(empty & chosen[:, None], _WALL, problems.n))


def rows_at_walls(walled: Problems, x: Float) -> Bool:
    """Rows whose walls hold norms, as they predict hardly any counts, (nproblem, nrow)."""
    return np.asarray((walled.n == _WALL) & (row_signal(walled, x) < _AT_WALL * _WALL))


def runs_away(problems: Problems, x: Float) -> Bool:
    """Whether a norm predicts far more counts than there are, beside negative ones, (nproblem,)."""
    a, repeats = problems.response, problems.repeats
    largest = a.max(axis=2, keepdims=True)
    share = a / np.where(largest > 0, largest, 1)
    counts = problems.n.reshape(len(a), repeats, -1) @ share
    grown = np.nan_to_num(x) * np.repeat(a.sum(axis=1), repeats, axis=0)
    grown = np.where(problems.is_norm, grown, 0)
    overshoots = (grown > _OVERSHOOTS * (1 + counts.reshape(grown.shape))).any(axis=1)
    empty = (problems.n == 0) & ~(problems.alpha > 0)
    below = np.where(empty, np.maximum(-row_signal(problems, x), 0), 0).sum(axis=1)
    return np.asarray(overshoots & (below > 1))


def _fit_group(problems: Problems, report: Report, stops: bool) -> Fit:
    """Try until fits are certain; `stops` ends those that run away as the statistic falls."""
    fit = _solved(problems, *_TRIES[0], report)
    length = _length(problems, fit)
    worth = fit.gap + _LONG * length
    tries = [(problems, *each) for each in _TRIES[1:]]
    tries += [(within_reach(problems), *each) for each in _TRIES]
    for source, tilt, accurate in tries:
        certain = _SURE if accurate else _CERTAIN
        todo = np.flatnonzero(worth > (certain if source is problems else _UNSURE))
        if not todo.size:
            break
        part = source.take(todo)
        again = _solved(part, tilt, accurate)
        if stops:
            runs = runs_away(part, again.x) & (change(part, fit.x[todo], again.x) < 0)
            fit.put(todo[runs], again.take(runs))
            worth[todo[runs]] = 0
            again, todo = again.take(~runs), todo[~runs]
            part = part.take(~runs)
        short = _length(part, again)
        now = again.gap + _LONG * short
        better = now < worth[todo]
        if source is not problems:
            lower = change(part, fit.x[todo], again.x) < 0
            better &= (worth[todo] > _ENDLESS) | (short < length[todo]) | lower
        fit.put(todo[better], again.take(better))
        worth[todo[better]], length[todo[better]] = now[better], short[better]
    return fit


def within_reach(problems: Problems, x: Float | float = 0.0) -> Problems:
    """Limit norms that run away, from 0 or from norms x where these are lower."""
    total = np.repeat(problems.response.sum(axis=1), problems.repeats, axis=0)
    counts = 1 + (problems.n + problems.background).sum(axis=1, keepdims=True)
    room = _LOWEST * counts / np.where(total > 0, total, 1)
    lowest = np.minimum(np.nan_to_num(x), 0) - room
    return replace(problems, lower=np.maximum(problems.lower, lowest))


def _length(problems: Problems, fit: Fit) -> Float:
    """Largest norm, in units of all counts, (nproblem,)."""
    total = np.repeat(problems.response.sum(axis=1), problems.repeats, axis=0)
    size = np.abs(np.nan_to_num(fit.x) * total).max(axis=1, initial=0)
    return np.asarray(size / (1 + problems.n.sum(axis=1)))


def _solved(problems: Problems, tilt: float, accurate: bool, report: Report = silent) -> Fit:
    system = System.from_problems(problems, np.zeros(problems.lower.shape, bool), tilt)
    system = replace(system, accurate=accurate)
    point, _ = solve_from(system, starting_norms(system), report=report)
    fine = polish(system, point)
    rough_slope = np.where(system.live, 1 - point.u, 0)
    rough_pull = np.where(system.bounded, point.pull, 0)
    gap = certified_gap(problems, system, fine.z, fine.slope, fine.pull)
    rough = certified_gap(problems, system, point.z, rough_slope, rough_pull)
    better = (gap <= rough)[:, None]
    seen = np.repeat((problems.response > 0).any(axis=1), problems.repeats, axis=0)
    unseen = np.where(problems.is_norm, np.nan, problems.centre)
    return Fit(
        np.where(seen, np.where(better, fine.z, point.z) / system.scale, unseen),
        np.where(better, fine.slope, rough_slope),
        np.where(better, fine.pull, rough_pull) * system.scale,
        np.minimum(gap, rough),
        fine.on_kink,
        fine.at_bound,
    )


def npred(problems: Problems, fit: Fit) -> Float:
    """Predicted counts of each row, (nproblem, nrow)."""
    return predicted(problems, row_signal(problems, fit.x))[0]
