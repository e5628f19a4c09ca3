r"""Steps of Newton's method for the equations of `System`.

With a `Goal`, the pull on the norm of interest is unknown too, and the rise of the statistic is one
more equation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..statistic import Float
from .system import Goal, System

__all__ = ["SMALLEST", "Point", "linearise"]

Solve = Callable[[Float, Float, Float, Float], tuple["Point", Float]]

# Smallest product that is aimed at: below the tolerance of fits, and far above rounding errors.
SMALLEST = 1e-17

# Difference of predicted counts from their sum that is a rounding error, as a share of its terms.
# Rows on kinks multiply its square by up to 1e17. At 1e-16 some fits do not end; at 1e-14 kinks
# would be placed to this share of the counts.
_ROUNDED = 7e-16

# Largest fall and growth of the pull towards a goal in a step, in units of the pull. They decide
# the speed only.
_FALLS, _GROWS = 0.8, 4.0


@dataclass(eq=False)
class Point:
    """Norms, slacks and pulls (nproblem, ncolumn), and the counts and slopes of rows.

    `force` is the slope of C / 2 along the norm of a goal, (nproblem, 1); 1 without a goal.
    """

    z: Float
    slack: Float
    pull: Float
    on: Float
    u: Float
    off: Float
    w: Float
    force: Float

    def take(self, index: NDArray[np.intp]) -> Point:
        """Return the selected problems."""
        return Point(*(getattr(self, f.name)[index] for f in fields(self)))

    def put(self, index: NDArray[np.intp], other: Point) -> None:
        """Replace the selected problems."""
        for f in fields(self):
            getattr(self, f.name)[index] = getattr(other, f.name)

    def moved(self, step: Float, by: Point) -> Point:
        """Go a share of a step."""
        return Point(
            *(getattr(self, f.name) + step[:, None] * getattr(by, f.name) for f in fields(self))
        )

    def room(self, by: Point) -> Float:
        """Largest share of a step that leaves everything positive."""
        names = ("slack", "pull", "on", "u", "off", "w", "force")
        worst = [
            np.max(-getattr(by, name) / getattr(self, name), axis=1, initial=0) for name in names
        ]
        return np.asarray(1 / np.maximum(np.max(worst, axis=0), SMALLEST))


def linearise(system: System, point: Point) -> Solve:
    """Return the step that changes products by given amounts, and twice the fall that it brings.

    Its first argument is the share of what is missing in the other equations that it adds.
    """
    a, live, has_off, bounded = system.alpha, system.live, system.has_off, system.bounded
    p, goal = point, system.goal
    slope = np.where(live, 1 - p.u, 0)
    rest = system.sums(slope) + system.penalised(p.z - system.centre)
    rest -= system.tilt + np.where(bounded, p.pull, 0)
    rest -= 0 if goal is None else p.force * goal.pull
    off_rest = np.where(has_off, a * (1 - p.u) + system.off_cost - p.w, 0)
    row_rest = np.where(live, system.counts(p.z) + system.b + a * p.off - p.on, 0)
    size = system.counts(np.abs(p.z)) + np.abs(system.b) + a * p.off + p.on
    row_rest = np.where(np.abs(row_rest) > _ROUNDED * size, row_rest, 0)
    on_rate, off_rate = p.u / p.on, p.w / p.off
    both = off_rate + a * a * on_rate
    weight = np.where(live, on_rate * off_rate / both, 0)
    equations = system.equations(weight, np.where(bounded, p.pull / p.slack, 0))
    on_stiff = a * a * on_rate > off_rate
    still = np.zeros_like(p.force)

    def solve(
        share: Float, on: Float, off: Float, bound: Float, pull: Float | float = 0.0
    ) -> tuple[Point, Float]:
        e_on, e_off, part = on / p.on, off / p.off, share[:, None]
        missing = part * off_rest
        fixed = np.where(live, (off_rate * e_on - a * on_rate * (e_off - missing)) / both, 0)
        right = system.sums(fixed - weight * part * row_rest) - part * rest + pull
        right += np.where(bounded, bound / p.slack, 0)
        right = np.where(system.frozen, 0, right)
        dz = equations.solve(right)
        signal = system.counts(dz) + part * row_rest
        du = np.where(live, fixed - weight * signal, 0)
        dw = np.where(has_off, missing - a * du, 0)
        # of two forms, the one in which small differences do not grow
        by_on, by_off = (on - p.on * du) / p.u, (off - p.off * dw) / p.w
        safe = np.where(has_off, a, 1)
        doff = np.where(has_off, np.where(on_stiff, (by_on - signal) / safe, by_off), 0)
        don = np.where(live, np.where(on_stiff | ~has_off, by_on, signal + a * doff), 0)
        don = np.where(live & ~has_off, signal, don)
        dslack = np.where(bounded, dz, 0)
        dpull = np.where(bounded, (bound - p.pull * dz) / p.slack, 0)
        moved = Point(dz, dslack, dpull, don, du, doff, dw, still)
        return moved, np.einsum("ij,ij->i", right, dz)

    return solve if goal is None else _towards(system, point, goal, solve)


def _towards(system: System, point: Point, goal: Goal, solve: Callable[..., Any]) -> Solve:
    """Change the force in each step so that the statistic rises by what is missing."""
    rows, columns = np.zeros_like(point.on), np.zeros_like(point.z)
    along, _ = solve(np.zeros(len(rows)), rows, rows, columns, goal.pull)
    along.force = np.ones_like(point.force)
    gain = _gain(system, point, along)
    missing = goal.rise - _rise(system, point, goal)

    def reach(share: Float, on: Float, off: Float, bound: Float) -> tuple[Point, Float]:
        step, decrement = solve(share, on, off, bound)
        lacks = share * missing - _gain(system, point, step)
        grows = np.where(gain > 0, lacks / np.where(gain > 0, gain, 1), 0)
        force = point.force[:, 0]
        grows = np.clip(grows, -_FALLS * force, _GROWS * force)
        return step.moved(grows, along), decrement + (missing / goal.rise) ** 2 + (
            grows / force
        ) ** 2

    return reach


def _rise(system: System, point: Point, goal: Goal) -> Float:
    """Rise of C above its minimum, for the counts of rows as they are now."""
    s = system
    n, m = np.where(s.live, s.n, 0), np.where(s.has_off, s.off, 0)
    on, off = np.where(n > 0, point.on / goal.on, 1), np.where(m > 0, point.off / goal.off, 1)
    total = np.where(s.live, point.on - goal.on, 0) - n * np.log(on)
    total += np.where(s.has_off, s.off_cost * (point.off - goal.off), 0) - m * np.log(off)
    away = s.penalised(point.z + goal.z - 2 * s.centre) * (point.z - goal.z)
    return np.asarray(2 * total.sum(axis=1) + away.sum(axis=1))


def _gain(system: System, point: Point, by: Point) -> Float:
    """Rise of C that a step promises."""
    s = system
    total = np.where(s.live, (1 - s.n / point.on) * by.on, 0)
    total += np.where(s.has_off, (s.off_cost - s.off / point.off) * by.off, 0)
    away = s.penalised(point.z - s.centre) * by.z
    return np.asarray(2 * (total.sum(axis=1) + away.sum(axis=1)))
