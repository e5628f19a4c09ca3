"""Best fits of a shape whose amplitudes do not run away, as those of `many_norms` do not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ....likelihood.many_norms import (
    Problems,
    clipped_norms,
    rows_at_walls,
    runs_away,
    with_walls,
)
from .problem import Point, ShapeProblem
from .profiled import linear_problem
from .search import best_point

__all__ = ["WalledFit", "best_with_walls", "clipped_amplitudes"]

# Least background of rows with a wall, so that components that do not reach a row can be there. It
# is a thousandth of the counts that make the wall, and changes the statistic by 1e-5.
_LEAST = 1e-9


@dataclass(frozen=True, eq=False)
class WalledFit:
    """A best fit.

    Parameters
    ----------
    problem : ShapeProblem
        The problem that is fitted: rows with walls have 1e-6 counts in place of none.
    best : Point
        The best parameters.
    converged : bool
        Whether the search ended at a minimum.
    held : bool
        Whether walls hold parameters, so that the statistic has no curvature to tell errors.
    """

    problem: ShapeProblem
    best: Point
    converged: bool
    held: bool = False


def best_with_walls(problem: ShapeProblem) -> WalledFit:
    """Find the best parameters, again with positive predicted counts if amplitudes run away."""
    best, converged = best_point(problem)
    usual = WalledFit(problem, best, converged)
    some = len(problem.amplitudes) > 1 and problem.rows.n.any()
    if not (some and np.isfinite(best.deviance)):
        return usual
    linear = _linear(problem, best)
    if not runs_away(linear, best.fluxes[None]).any():
        return usual
    n = with_walls(linear, np.ones(1, bool)).n[0]
    wall = n != problem.rows.n
    known = problem.rows.background
    background = np.where(wall, np.maximum(known, _LEAST), known)
    walled = problem.with_rows(replace(problem.rows, n=n, background=background))
    again, converged = best_point(walled)
    if not np.isfinite(again.deviance):
        return usual
    held = bool(rows_at_walls(_linear(walled, again), again.fluxes[None]).any())
    return WalledFit(walled, again, converged, held)


def clipped_amplitudes(problem: ShapeProblem, best: Point) -> tuple[int, ...]:
    """Numbers of negative amplitudes with which counts below 0 are predicted in empty rows."""
    if len(problem.amplitudes) < 2 or not np.isfinite(best.deviance):
        return ()
    clipped = clipped_norms(_linear(problem, best), best.fluxes[None])[0]
    return tuple(i for i, c in zip(problem.amplitudes, clipped, strict=True) if c)


def _linear(problem: ShapeProblem, best: Point) -> Problems:
    """Fit of the amplitudes for the best other parameters."""
    columns, offset, _ = problem.columns(best.values)
    return linear_problem(problem.rows, columns, offset, -np.inf)
