"""Errors, limits and the covariance of the parameters of a shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .problem import Point, ShapeProblem
from .roots import JUMP, find_root
from .search import best_point, relaxed_point

__all__ = ["AtBound", "covariance", "profile_step", "with_tied"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
AtBound = Bool

# Step of second derivatives, in errors. Rounding errors of the statistic, 1e-9, then change them by
# 1e-6, and fourth derivatives by 1e-3 for usual fits. At 0.5, the error of a width from 20 counts
# is 5 per cent off; at 0.01, rounding errors count.
_STEP = 0.1

# Rise of the statistic toward a bound below which the best fit is at the bound: an error from the
# curvature would then be one of a flat curve. At ten times more, errors of widths that are three
# times smaller than their limit are taken from one side.
_AT_BOUND = 0.01

# Largest number of evaluations of the statistic for one end, after which it counts as unbounded;
# twice as many if the statistic rises to near the wanted rise. Parameters that the data tell apart
# need 10 to 700; at ten times more, fits of two Gaussians of almost the same width take 10 s for
# ends that they do not have.
_EVALUATIONS = 1500


def covariance(problem: ShapeProblem, best: Point, numbers: tuple[int, ...]) -> Float:
    """Covariance of some parameters from the second derivatives of the statistic.

    Parameters
    ----------
    problem : ShapeProblem
        The problem.
    best : Point
        Its best fit.
    numbers : tuple of int
        Numbers of the parameters. Others stay at their best fits.

    Returns
    -------
    numpy.ndarray
        (number, number), NaN where the statistic has no minimum.
    """
    count = len(numbers)
    if not count:
        return np.zeros((0, 0))
    scale = _scales(problem, best, numbers)
    if not np.isfinite(scale).all():
        return np.full((count, count), np.nan)
    hessian = np.eye(count)
    for _ in range(3):  # with better steps each time
        hessian = _hessian(problem, best, numbers, scale)
        diagonal = np.diag(hessian)
        if not np.isfinite(hessian).all() or np.any(diagonal <= 0):
            return np.full((count, count), np.nan)
        ratio = 1 / np.sqrt(diagonal)
        scale = scale * ratio
        hessian = hessian * ratio[:, None] * ratio
        if np.all(np.abs(np.log(ratio)) < 0.1):
            break
    values, vectors = np.linalg.eigh(hessian)
    if values[0] <= 1e-12 * count:
        return np.full((count, count), np.nan)
    inverse = (vectors / values) @ vectors.T
    with np.errstate(over="ignore"):  # of amplitudes above 1e150
        return np.asarray(inverse * scale[:, None] * scale)


def _moved(problem: ShapeProblem, best: Point, changes: dict[int, float]) -> float:
    values = best.values.copy()
    for i, change in changes.items():
        values[i] += change
    return problem.deviance(values)


def _scales(problem: ShapeProblem, best: Point, numbers: tuple[int, ...]) -> Float:
    """Steps over which the statistic rises by about 1 with the others held, (number,)."""
    found = np.empty(len(numbers))
    base = problem.deviance(best.values)
    reach = float(np.ptp(problem.places.at))
    for k, i in enumerate(numbers):
        step = 0.01 * abs(best.values[i]) or 1e-3 * reach
        for _ in range(60):
            rise = (_moved(problem, best, {i: step}) + _moved(problem, best, {i: -step})) / 2 - base
            if 0.3 < rise < 3:
                break
            if not np.isfinite(rise):
                step /= 4
            elif rise <= 1e-9:
                step *= 4
            else:
                step *= float(np.clip(1 / np.sqrt(rise), 0.1, 8))
        else:
            step = np.nan
        found[k] = step
    return found


def _hessian(problem: ShapeProblem, best: Point, numbers: tuple[int, ...], scale: Float) -> Float:
    """Second derivatives of half the statistic in units of scales."""
    count, h = len(numbers), _STEP
    base = problem.deviance(best.values)
    found = np.empty((count, count))
    for a in range(count):
        i, step = numbers[a], h * scale[a]
        ends = [_moved(problem, best, {i: s * step}) for s in (1, -1, 2, -2)]
        found[a, a] = (16 * (ends[0] + ends[1]) - (ends[2] + ends[3]) - 30 * base) / (12 * h**2) / 2
        for b in range(a):
            j, other = numbers[b], h * scale[b]
            corners = [
                s * t * _moved(problem, best, {i: s * step, j: t * other})
                for s in (1, -1) for t in (1, -1)
            ]  # fmt: skip
            found[a, b] = found[b, a] = sum(corners) / (4 * h**2) / 2
    return found


def at_bound(problem: ShapeProblem, best: Point, number: int) -> bool:
    """Whether the statistic hardly rises from the best fit to a bound of a parameter."""
    value, lower, upper = best.values[number], *problem.brightness.bounds[number]
    for end in (lower, upper):
        if np.isfinite(end):
            if value == end:
                return True
            near = abs(value - end) < 1e3 * max(abs(value), abs(end))
            if near and _rise_at(problem, best, number, end) < _AT_BOUND:
                return True
    return False


def _rise_at(problem: ShapeProblem, best: Point, number: int, value: float) -> float:
    """Rise of the statistic with one parameter given and the others fitted."""
    part = problem.fixed({number: value})
    start = best.values[list(part.others)] if part.others else None
    found, _ = best_point(part, start)
    return found.deviance - best.deviance


def profile_step(
    problem: ShapeProblem, best: Point, number: int, n_sigma: float, sign: int, full: Float,
    first: float | None = None,
) -> tuple[float, bool]:  # fmt: skip
    """Distance over which the statistic rises by n_sigma^2, with the other parameters fitted.

    Parameters
    ----------
    problem : ShapeProblem
        The problem.
    best : Point
        Its best fit.
    number : int
        Number of the parameter.
    n_sigma : float
        Significance.
    sign : int
        +1 upwards, -1 downwards.
    full : numpy.ndarray
        Covariance of all parameters, (nparameter, nparameter); NaN where it is not known.
    first : float, optional
        Distance to begin with; by default from the covariance.

    Returns
    -------
    distance : float
        It ends at a bound of the parameter. NaN if the statistic does not rise so far.
    limited : bool
        Whether it ends at a bound.
    """
    value = best.values[number]
    lower, upper = problem.brightness.bounds[number]
    most = (upper - value) if sign > 0 else (value - lower)
    known = [(0.0, best.values)]
    spent, allowed = 0, _EVALUATIONS

    def root(step: float) -> float:
        nonlocal spent, allowed
        if spent > allowed:
            return np.nan
        part = problem.fixed({number: value + sign * step})
        others = list(part.others)
        start = _predicted(best, number, others, sign * step, full)
        width = _conditional(number, others, full)
        near = min(known, key=lambda one: abs(one[0] - step))[1][others]
        found = relaxed_point(part, near if start is None else start, width)
        spent += part.evaluations
        if np.isfinite(found.deviance):
            known.append((step, found.values))
        missing = float(np.sqrt(max(found.deviance - best.deviance, 0))) - n_sigma
        if 0 <= missing <= JUMP * n_sigma:  # there is an end
            allowed = 2 * _EVALUATIONS
        return missing

    with np.errstate(invalid="ignore"):
        guess = float(np.sqrt(full[number, number]))
    if not (np.isfinite(guess) and guess > 0):
        reach = 0.0 if number in problem.amplitudes else 0.02 * float(np.ptp(problem.places.at))
        guess = max(0.1 * abs(value), reach) or 1.0
    return find_root(root, first or n_sigma * guess, most, n_sigma)


def _predicted(
    best: Point, number: int, others: list[int], step: float, full: Float
) -> Float | None:
    """Best values of others for a step of one parameter, by the covariance; None if not known."""
    if not others:
        return np.zeros(0)
    slopes = full[others, number] / full[number, number]
    moved = best.values[others] + slopes * step
    return moved if np.isfinite(moved).all() else None


def _conditional(number: int, others: list[int], full: Float) -> Float | None:
    """Covariance of others for a known value of one parameter; None if it is not known."""
    if not others:
        return np.zeros((0, 0))
    along = full[others, number]
    found = full[np.ix_(others, others)] - np.outer(along, along) / full[number, number]
    fine = np.isfinite(found).all() and np.linalg.eigvalsh(found)[0] > 0
    return found if fine else None


def with_tied(problem: ShapeProblem, best: Point, numbers: tuple[int, ...], known: Float) -> Float:
    """Covariance of all parameters: tied ones follow the others, and fixed ones have 0.

    Parameters
    ----------
    problem, best
        The problem and its best fit.
    numbers : tuple of int
        Numbers of the parameters whose covariance is known.
    known : numpy.ndarray
        Their covariance, (number, number).
    """
    size = len(best.values)
    slopes = np.zeros((size, len(numbers)))
    slopes[list(numbers), np.arange(len(numbers))] = 1
    for k, i in enumerate(numbers):
        error = np.sqrt(known[k, k])
        if problem.brightness.tied and np.isfinite(error) and error > 0:
            ends = []
            for sign in (1, -1):
                values = best.values.copy()
                values[i] += sign * _STEP * error
                ends.append(problem.brightness.complete(values))
            tied = list(problem.brightness.tied)
            slopes[tied, k] = ((ends[0] - ends[1]) / (2 * _STEP * error))[tied]
    found = slopes @ np.nan_to_num(known) @ slopes.T
    unknown = (slopes != 0) & ~np.isfinite(np.diag(known))
    lost = unknown.any(axis=1)
    found[lost[:, None] | lost] = np.nan
    return np.asarray(found)
