"""The best parameters of a shape, by Minuit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....exceptions import MissingPackageError
from .problem import Point, ShapeProblem

__all__ = ["best_point", "import_minuit", "minimised", "relaxed_point"]

Float = NDArray[np.float64]

# Statistic of parameters that cannot be, such as those without predicted counts where there are
# some. It is far above all others, and a number, as Minuit needs.
_IMPOSSIBLE = 1e25

# Tolerance of Minuit: it ends 2e-5 above the minimum, at 0.0045 of the errors from it. Ten times
# larger, at 0.014 of them; ten times smaller, steps of rounding errors take time. Distances from
# the minimum that it estimates up to which a search has ended, though Minuit is not sure.
_TOLERANCE, _ENDED = 1e-2, 1e-3

# Largest number of steps of Newton's method near a minimum, distance of the statistic from it at
# which they end, and step of slopes in errors. A distance ten times larger moves limits by 1e-4 of
# themselves; ten times smaller, steps of rounding errors take time.
_RELAXING, _RELAXED, _DIFFERENCE = 12, 1e-5, 0.05
_HALVINGS = 8  # of a step that does not lower the statistic

# Factors by which starting values are changed, to begin near the best of several minima. Steps of 2
# are narrower than usual minima. With ten times as many, fits take longer; with none, they depend
# on the starting values.
_FACTORS = 2.0 ** np.array([-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6])

# The same for a brightness with steps, whose statistic has more minima: smaller steps too, how
# often all parameters are gone through, how often a search is repeated from its end, and by how
# much its start must be better. Without the small steps, one narrow ring in 60 ends far from the
# best minimum. With more, fits take longer: now up to 0.9 s.
_NEAR = np.array([0.01, 0.02, 0.04, 0.08])
_FINE_FACTORS = np.unique([*_FACTORS, *2.0 ** (np.arange(-12, 13) / 6), *(1 + _NEAR), *(1 - _NEAR)])
_PASSES, _SEARCHES, _BETTER = 4, 3, 0.01

# Relative rounding of the statistic of a brightness with steps, so that slopes are not taken
# between distances that are the same for it: they are then 0.005 of an error apart.
_PRECISION = 1e-8

# First steps, as shares of a value, or of the range of distances where it is 0; for speed alone.
_STEP, _STEP_AT_ZERO = 0.1, 0.02


def import_minuit() -> Any:
    """Import the class Minuit.

    Raises
    ------
    MissingPackageError
        If iminuit is not installed.
    """
    try:
        from iminuit import Minuit
    except ImportError:
        raise MissingPackageError.of_extra("fits of shapes need", "iminuit", "fit") from None
    return Minuit


def best_point(problem: ShapeProblem, start: Float | None = None) -> tuple[Point, bool]:
    """Find the best parameters, and whether the search ended at a minimum.

    Parameters
    ----------
    problem : ShapeProblem
        The problem.
    start : numpy.ndarray, optional
        Values of the other parameters from which the search begins; by default those of the model,
        and multiples of them that fit better.
    """
    if not problem.others:
        found = problem.at(np.zeros(0))
        return found, bool(np.isfinite(found.deviance))
    starts = _starts(problem) if start is None else [start]
    best, ended = min((_ended_point(problem, one) for one in starts), key=_rank)
    searches = _SEARCHES if start is None and problem.brightness.has_steps else 0
    for _ in range(searches):
        at = best.values[list(problem.others)]
        again = _lower_start(problem, at, best.deviance - _BETTER)
        if again is at:
            break
        best, ended = min((best, ended), _ended_point(problem, again), key=_rank)
    return best, ended


def _ended_point(problem: ShapeProblem, start: Float) -> tuple[Point, bool]:
    """Where a search from a start ends, and whether that is a minimum."""
    values, ended = minimised(lambda v: problem.at(v).deviance, problem, start)
    found = problem.at(values)
    return found, ended and bool(np.isfinite(found.deviance))


def _rank(found: tuple[Point, bool]) -> float:
    return float(np.nan_to_num(found[0].deviance, nan=np.inf))


def relaxed_point(problem: ShapeProblem, start: Float, width: Float | None) -> Point:
    """Find the best parameters near a guess.

    Parameters
    ----------
    problem : ShapeProblem
        The problem.
    start : numpy.ndarray
        Guess of the other parameters.
    width : numpy.ndarray or None
        Their covariance, with which a few steps of Newton's method mostly suffice; else Minuit
        searches.
    """
    found = problem.at(start) if width is not None else None
    if found is not None and not problem.others:
        return found
    bounds = np.array([problem.brightness.bounds[i] for i in problem.others])
    for _ in range(_RELAXING):
        if found is None or width is None or not np.isfinite(found.deviance):
            break
        slope = _slope(problem, start, np.sqrt(np.diag(width)))
        if not np.isfinite(slope).all():
            break
        step = -width @ slope / 2
        if -slope @ step / 2 < _RELAXED:
            return found
        for _ in range(_HALVINGS):
            trial = np.clip(start + step, bounds[:, 0], bounds[:, 1])
            new = problem.at(trial)
            if new.deviance < found.deviance:
                break
            step = step / 2
        else:
            break
        start, found = trial, new
    searched, _ = best_point(problem, start)
    return searched if found is None or searched.deviance < found.deviance else found


def _slope(problem: ShapeProblem, at: Float, scale: Float) -> Float:
    """Slope of the statistic along each of the other parameters."""
    found = np.empty(at.size)
    for k, step in enumerate(_DIFFERENCE * scale):
        ends = []
        for sign in (1, -1):
            moved = at.copy()
            moved[k] += sign * step
            ends.append(problem.at(moved).deviance)
        found[k] = (ends[0] - ends[1]) / (2 * step)
    return found


def minimised(
    function: Callable[[Float], float], problem: ShapeProblem, start: Float
) -> tuple[Float, bool]:
    """Minimise a function of the other parameters within their bounds."""
    minuit = import_minuit()

    def finite(values: Float) -> float:
        value = function(np.asarray(values, dtype=float))
        return value if np.isfinite(value) else _IMPOSSIBLE

    search = minuit(finite, start)
    search.errordef = 1
    search.tol = _TOLERANCE
    search.limits = [problem.brightness.bounds[i] for i in problem.others]
    reach = float(np.ptp(problem.places.at))
    search.errors = [_STEP * abs(v) if v else _STEP_AT_ZERO * reach for v in start]
    if problem.brightness.has_steps:
        search.precision = _PRECISION
    search.print_level = -1  # errors are told by flags
    search.migrad(ncall=300 * len(start))
    if not _has_ended(search):
        search.simplex(ncall=200 * len(start))
        search.migrad(ncall=300 * len(start))
    return np.array(search.values), _has_ended(search)


def _has_ended(search: Any) -> bool:
    """Whether Minuit is at a minimum."""
    return bool(search.valid or search.fmin.edm < _ENDED)


def _starts(problem: ShapeProblem) -> list[Float]:
    """Starting values, and multiples of them at which the statistic is lower."""
    given = problem.start[list(problem.others)]
    start = _lower_start(problem, given, problem.at(given).deviance)
    return [given] if start is given else [start, given]


def _lower_start(problem: ShapeProblem, start: Float, lowest: float) -> Float:
    """Multiples of values at which the statistic is below a limit; the same values without."""
    steps = problem.brightness.has_steps
    size = len(problem.others)
    moved = [[k] for k in range(size)]
    if steps and size > 1:
        moved.append(list(range(size)))
    limits = np.array([problem.brightness.bounds[i] for i in problem.others])
    for _ in range(_PASSES if steps else 1):
        before = start
        for chosen in moved:
            first = start[chosen]
            if not first.any():
                continue
            for factor in _FINE_FACTORS if steps else _FACTORS:
                trial = start.copy()
                trial[chosen] = factor * first
                if np.any((trial < limits[:, 0]) | (trial > limits[:, 1])):
                    continue
                if (found := problem.at(trial).deviance) < lowest:
                    lowest, start = found, trial
        if start is before:
            break
    return start
