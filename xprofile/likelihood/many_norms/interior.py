"""Best fits of many norms by a primal-dual interior point.

Newton's method solves the equations of `System` with products that are to be 0 on their way to 0,
all alike, while predicted counts, slopes, slacks and pulls stay positive. Each iteration predicts
how far the products can fall, and corrects for their curvature (Mehrotra 1992, SIAM J. Optim. 2,
575).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from ..statistic import Bool, Float
from .system import System

__all__ = ["STARTS", "Point", "solve_from", "solve_interior", "starting_norms"]

# Limit of iterations. The random problems of the tests need up to 40.
_MAX_ITERATIONS = 100

# Products and changes at which a fit ends, in units of the statistic. Kinks are then placed to this
# share of a count.
_TOLERANCE = 1e-15

# Difference of predicted counts from their sum that is a rounding error, as a share of its terms.
# Rows on kinks multiply its square by up to 1e17. At 1e-16 some fits do not end; at 1e-14 kinks
# would be placed to this share of the counts.
_ROUNDED = 7e-16

# Newton's decrement at which a fit ends, in units of the statistic.
_MOVED = 1e-15

# Smallest product that is aimed at: below the tolerance, and far above rounding errors.
_SMALLEST = 1e-17

# Least predicted counts at the start, as a share of the counts. It decides the speed only.
_LEAST = 1e-3

# Products fall no further than this share of what rows with counts miss. Without it some fits with
# thousands of counts beside empty rows stop on the way.
_EARLY = 1e-2

# Sizes of the products at the start, tried in turn; one in a hundred random problems needs the
# second.
STARTS = (1.0, 1e3, 1e6)

# Share of its target below which no product falls in a step, and the number of times a step is cut
# for it. Without it some fits stop on the way.
_CENTRAL = 1e-2
_MAX_HALVINGS = 20


@dataclass(eq=False)
class Point:
    """Norms, slacks and pulls (nproblem, ncolumn), and the counts and slopes of rows."""

    z: Float
    slack: Float
    pull: Float
    on: Float
    u: Float
    off: Float
    w: Float

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
        names = ("slack", "pull", "on", "u", "off", "w")
        worst = [
            np.max(-getattr(by, name) / getattr(self, name), axis=1, initial=0) for name in names
        ]
        return np.asarray(1 / np.maximum(np.max(worst, axis=0), _SMALLEST))


def starting_norms(system: System) -> Float:
    """Positive norms that predict about the counts, by two steps of maximum likelihood (EM)."""
    n, live = system.n, system.live
    z = np.broadcast_to(
        (n.sum(axis=1, keepdims=True) + 1) / system.scale.shape[1], system.scale.shape
    )
    for _ in range(2):
        predicted = np.where(live, system.counts(z), 1)
        z = z * system.sums(np.where(live, (n + 0.5) / np.where(predicted > 0, predicted, 1), 0))
    return z


def solve_from(
    system: System, z: Float, starts: tuple[float, ...] = STARTS, *, accurate: bool = False
) -> tuple[Point, Bool]:
    """Solve the equations from norms, with larger products where smaller ones fail.

    If `accurate` is set, equations that fail are solved once more by QR decomposition of the rows.
    """
    found, converged = solve_interior(system, start_at(system, z, starts[0]))
    more = [(scale, system.accurate) for scale in starts[1:]]
    more += [(scale, True) for scale in starts if accurate]
    for scale, by_rows in more:
        todo = np.flatnonzero(~converged)
        if not todo.size:
            break
        part = replace(system.take(todo), accurate=by_rows)
        point, done = solve_interior(part, start_at(part, z[todo], scale))
        found.put(todo[done], point.take(np.flatnonzero(done)))
        converged[todo] = done
    return found, converged


def start_at(system: System, z: Float, scale: float = 1.0) -> Point:
    """Make a point from norms.

    Products that are to be 0 are as large as the counts predicted in empty rows.
    """
    bounded = system.bounded
    z = np.where(bounded, np.maximum(z, np.where(bounded, system.lower, 0) + 0.1), z)
    slack = np.where(bounded, z - np.where(bounded, system.lower, 0), 1)
    signal = system.counts(z) + system.b
    a, k, has_off = system.alpha, system.off_cost, system.has_off
    empty = system.live & (system.n == 0)
    total = np.einsum("ij,ij->i", np.abs(signal), empty)
    product = scale * (1 + (total / np.maximum(empty.sum(axis=1), 1)))[:, None]
    on, off = _targets(system, product)
    # the off counts solve p B^2 + q B = r
    p, q, r = a * (a + k), (a + k) * signal - a * (on + off), off * signal
    root = np.sqrt(np.maximum(q**2 + 4 * p * r, 0))
    safe = np.where(has_off, a, 1)
    b = np.where(
        q > 0, 2 * r / np.where(q > 0, q + root, 1), (root - q) / np.where(p > 0, 2 * p, 1)
    )
    b = np.where(has_off, b, 1)
    w = np.where(has_off, off / b, 1)
    below = has_off & (signal < 0)
    u = np.where(below, 1 + (k - w) / safe, 1)
    mu = np.where(has_off, signal + a * b, np.maximum(signal, _LEAST * on))
    mu = np.where(system.live, np.where(below, on / u, mu), 1)
    u = np.where(system.live, on / mu, 1)
    return Point(z, slack, np.where(bounded, product / slack, 1), mu, u, b, w)


def _targets(system: System, product: float | Float) -> tuple[Float, Float]:
    """Products of on and off counts with their slopes."""
    on = np.where(system.live, np.where(system.n > 0, system.n, product), 1)
    return on, np.where(system.has_off, np.where(system.off > 0, system.off, product), 1)


def solve_interior(system: System, point: Point) -> tuple[Point, Bool]:
    """Solve the equations from a point; return whether each problem has converged."""
    found, todo = point, np.arange(len(point.z))
    converged = np.zeros(todo.size, bool)
    for _ in range(_MAX_ITERATIONS):
        point, done = _iterate(system, point)
        if done.any():
            converged[todo[done]] = True
            found.put(todo, point)
            keep = np.flatnonzero(~done)
            system, point, todo = system.take(keep), point.take(keep), todo[keep]
            if not todo.size:
                break
    else:
        found.put(todo, point)
    return found, converged


def _iterate(system: System, point: Point) -> tuple[Point, Bool]:
    """One iteration; problems that have converged do not move."""
    on, off = _targets(system, 0.0)
    now_on, now_off, now_pull = point.u * point.on, point.w * point.off, point.pull * point.slack
    product = _mean_product(system, point)
    solve = _linearise(system, point)
    whole = np.ones(len(product))
    ahead, decrement = solve(whole, on - now_on, off - now_off, -now_pull)
    missed = _missed(now_on, on) + _missed(now_off, off)
    done = (product <= _TOLERANCE) & (missed <= _TOLERANCE) & (decrement <= _MOVED)
    share = np.minimum(point.room(ahead), 1)
    centring = (1 - share) ** 3
    early = np.minimum(product, _EARLY * missed / point.on.shape[1])
    aim = np.maximum(np.maximum(centring * product, early), _SMALLEST)[:, None]
    curved = share[:, None] ** 2
    on, off = _targets(system, aim)
    step, _ = solve(
        1 - centring,
        on - now_on - _limited(curved * ahead.u * ahead.on, on, now_on),
        off - now_off - _limited(curved * ahead.w * ahead.off, off, now_off),
        aim - now_pull - _limited(curved * ahead.pull * ahead.slack, aim, now_pull),
    )
    return _inside(system, point, step, product, done), done


def _mean_product(system: System, at: Point) -> Float:
    """Mean of the products that are to be 0."""
    zero_on, zero_off = system.live & (system.n == 0), system.has_off & (system.off == 0)
    total = np.einsum("ij,ij,ij->i", at.u, at.on, zero_on)
    total += np.einsum("ij,ij,ij->i", at.w, at.off, zero_off)
    total += np.einsum("ij,ij,ij->i", at.pull, at.slack, system.bounded)
    number = zero_on.sum(axis=1) + zero_off.sum(axis=1) + system.bounded.sum(axis=1)
    return np.asarray(total / np.maximum(number, 1))


def _inside(system: System, point: Point, step: Point, product: Float, done: Bool) -> Point:
    """Go the largest share of a step at which no product falls far below the others."""
    near = np.clip(1 - product, 0.9, 0.9999)
    share = np.where(done, 0, np.minimum(near * point.room(step), 1))
    for _ in range(_MAX_HALVINGS):
        new = point.moved(share, step)
        floor = _CENTRAL * _mean_product(system, new)[:, None]
        on, off = _targets(system, floor)
        low = (new.u * new.on < np.where(system.n > 0, _CENTRAL * on, on)) & system.live
        low |= (new.w * new.off < np.where(system.off > 0, _CENTRAL * off, off)) & system.has_off
        outside = (new.pull * new.slack < floor) & system.bounded
        bad = low.any(axis=1) | outside.any(axis=1)
        if not bad.any():
            break
        share = np.where(bad, 0.7 * share, share)
    return new


def _limited(curved: Float, target: Float, now: Float) -> Float:
    """Limit corrections for curvature, so that all products still grow towards their targets."""
    most = np.maximum(target, now)
    return np.clip(curved, -most, np.where(now < target / 2, target / 2, most))


def _missed(product: Float, target: Float) -> Float:
    """How far the counts of rows are from their predictions, in units of the statistic."""
    positive = target > 0
    return np.asarray(
        (np.where(positive, product - target, 0) ** 2 / np.where(positive, target, 1)).sum(axis=1)
    )


def _linearise(
    system: System, point: Point
) -> Callable[[Float, Float, Float, Float], tuple[Point, Float]]:
    """Return the step that changes products by given amounts, and twice the fall that it brings.

    Its first argument is the share of what is missing in the linear equations that it adds.
    """
    a, live, has_off, bounded = system.alpha, system.live, system.has_off, system.bounded
    p = point
    slope = np.where(live, 1 - p.u, 0)
    rest = system.sums(slope) + system.penalised(p.z - system.centre)
    rest -= system.tilt + np.where(bounded, p.pull, 0)
    off_rest = np.where(has_off, a * (1 - p.u) + system.off_cost - p.w, 0)
    row_rest = np.where(live, system.counts(p.z) + system.b + a * p.off - p.on, 0)
    size = system.counts(np.abs(p.z)) + np.abs(system.b) + a * p.off + p.on
    row_rest = np.where(np.abs(row_rest) > _ROUNDED * size, row_rest, 0)
    on_rate, off_rate = p.u / p.on, p.w / p.off
    both = off_rate + a * a * on_rate
    weight = np.where(live, on_rate * off_rate / both, 0)
    equations = system.equations(weight, np.where(bounded, p.pull / p.slack, 0))
    on_stiff = a * a * on_rate > off_rate

    def solve(share: Float, on: Float, off: Float, bound: Float) -> tuple[Point, Float]:
        e_on, e_off, part = on / p.on, off / p.off, share[:, None]
        missing = part * off_rest
        fixed = np.where(live, (off_rate * e_on - a * on_rate * (e_off - missing)) / both, 0)
        right = system.sums(fixed - weight * part * row_rest) - part * rest
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
        return Point(dz, dslack, dpull, don, du, doff, dw), np.einsum("ij,ij->i", right, dz)

    return solve
