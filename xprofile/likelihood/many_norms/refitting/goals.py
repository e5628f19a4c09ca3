"""Distances of norms over which the statistic rises, found together with the fits of all others.

A force pulls the norm of interest until the statistic has risen: one fit by the interior point
takes the place of many, with the norm fixed at the steps of a search.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ...statistic import Bool, Float
from ..certificate import certified_gap
from ..interior import solve_interior, start_at
from ..problems import Problems
from ..rows import change, predicted, row_signal
from ..steps import Point
from ..system import Goal, System
from .parts import Parts

__all__ = ["Reached", "reach_by_force"]

# Difference from the wanted rise, and certificate of the fit of the other norms, as shares of the
# rise, up to which a distance counts. It is corrected for the first. Fits end at 1e-8 or better,
# or are off by far more.
_RIGHT = 1e-6

# Limits of iterations. Fits that end need 7 to 30, and up to 60 where norms reach far limits. They
# decide the speed only: fits that do not end are tried in other ways.
_ITERATIONS, _MORE_ITERATIONS = 30, 100

# Force to start with where the statistic has no curvature, as a share of all counts of the norm:
# slopes of empty rows are 0 to 1. It decides the speed only.
_FORCE = 0.5


class Reached(NamedTuple):
    """Distances, and how much of them other norms at their lower limits bring.

    Parameters
    ----------
    step : numpy.ndarray
        Distances from the best fit, (npart,).
    pulled : numpy.ndarray
        Growth of the distance if the other norms could fall twice as far, as their limits pull now,
        (npart, ncolumn).
    done : numpy.ndarray of bool
        Whether a distance is certain, (npart,).
    """

    step: Float
    pulled: Float
    done: Bool


def reach_by_force(parts: Parts, rise: float, sign: int, *, patient: bool = False) -> Reached:
    """Move the norms of interest until the statistic has risen; their own limits are ignored."""
    row, column = parts.row, parts.column
    lower = parts.problems.lower.copy()
    lower[row, column] = -np.inf
    problems = replace(parts.problems, lower=lower)
    system = System.from_problems(problems, np.zeros(lower.shape, bool), 0.0)
    scale = system.scale[row, column]
    own = parts.own * scale**2
    force = np.where(own > 0, np.sqrt(rise / np.where(own > 0, own, 1)), _FORCE)
    force = np.minimum(force, 1 - _FORCE / 5) if sign > 0 else force
    pull = np.zeros(lower.shape)
    pull[row, column] = sign
    known = predicted(problems, row_signal(problems, parts.x))
    goal = Goal(rise, pull, force[:, None], parts.x * system.scale, *known)
    start = parts.start(parts.best + sign * np.sqrt(rise * parts.own))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # fits that diverge
        system = replace(system, goal=goal)
        first = start_at(system, start * system.scale)
        iterations = _MORE_ITERATIONS if patient else _ITERATIONS
        point, done = solve_interior(system, first, iterations)
    step, pulled = np.full(done.size, np.nan), np.zeros(lower.shape)
    ends = np.flatnonzero(done)
    if ends.size:
        found = _checked(parts.take(ends), problems.take(ends), point.take(ends), pull[ends], rise)
        step[ends], pulled[ends], done[ends] = found
    return Reached(step, pulled, done)


def _checked(parts: Parts, problems: Problems, point: Point, pull: Float, rise: float) -> Reached:
    """Check how far the statistic has risen by a fit of the norms with those of interest fixed."""
    system = System.from_problems(problems, pull != 0, 0.0)
    scale = system.scale[parts.row, parts.column]
    to = point.z / system.scale
    risen = change(problems, parts.x, to)
    slope = np.where(system.live, 1 - point.u, 0)
    held = np.where(system.bounded, point.pull, 0)
    most = _RIGHT * rise
    gap = certified_gap(problems, system, point.z, slope, held, most)
    step = np.abs(to - parts.x)[parts.row, parts.column]
    step += (rise - risen) / (2 * point.force[:, 0] * scale)
    room = np.where(system.bounded, parts.x * system.scale - system.lower, 0)
    pulled = held * room / (point.force * scale[:, None])
    return Reached(step, pulled, (np.abs(risen - rise) <= most) & (gap <= most))
