"""Best fits of many norms by a primal-dual interior point.

Newton's method solves the equations of `System` with products that are to be 0 on their way to 0,
all alike, while predicted counts, slopes, slacks and pulls stay positive. Each iteration predicts
how far the products can fall, and corrects for their curvature (Mehrotra 1992, SIAM J. Optim. 2,
575). A system with a `Goal` ends where the statistic has risen by a given amount, instead.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..statistic import Bool, Float, Report, silent
from .steps import SMALLEST, Point, linearise
from .system import System

__all__ = ["STARTS", "solve_from", "solve_interior", "start_at", "starting_norms"]

# Limit of iterations. The random problems of the tests need up to 40.
_MAX_ITERATIONS = 100

# Products and changes at which a fit ends, in units of the statistic. Kinks are then placed to this
# share of a count.
_TOLERANCE = 1e-15

# Newton's decrement at which a fit ends, in units of the statistic, next to twice the sum of the
# smallest products: no fit can end below that, and kinks by the hundred would keep it from ending.
_MOVED = 1e-15

# The same for fits that go to a rise of the statistic. Distances are then right to 1e-9 of
# themselves, and at 1e-15 some fits do not end.
_GOAL_TOLERANCE = 1e-11

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
    system: System,
    z: Float,
    starts: tuple[float, ...] = STARTS,
    *,
    accurate: bool = False,
    report: Report = silent,
) -> tuple[Point, Bool]:
    """Solve the equations from norms, with larger products where smaller ones fail.

    If `accurate` is set, equations that fail are solved once more by QR decomposition of the rows.
    """
    found, converged = solve_interior(system, start_at(system, z, starts[0]), report=report)
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
    force = np.ones((len(z), 1)) if system.goal is None else system.goal.force
    return Point(z, slack, np.where(bounded, product / slack, 1), mu, u, b, w, force)


def _targets(system: System, product: float | Float) -> tuple[Float, Float]:
    """Products of on and off counts with their slopes."""
    on = np.where(system.live, np.where(system.n > 0, system.n, product), 1)
    return on, np.where(system.has_off, np.where(system.off > 0, system.off, product), 1)


def solve_interior(
    system: System,
    point: Point,
    iterations: int = _MAX_ITERATIONS,
    report: Report = silent,
) -> tuple[Point, Bool]:
    """Solve the equations from a point; return whether each problem has converged."""
    found, todo = point, np.arange(len(point.z))
    converged = np.zeros(todo.size, bool)
    for _ in range(iterations):
        point, done = _iterate(system, point)
        if done.any():
            converged[todo[done]] = True
            report(int(np.count_nonzero(done)))
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
    solve = linearise(system, point)
    whole = np.ones(len(product))
    ahead, decrement = solve(whole, on - now_on, off - now_off, -now_pull)
    missed = _missed(now_on, on) + _missed(now_off, off)
    most, moved = _TOLERANCE, _MOVED
    if system.goal is not None:
        most = moved = _GOAL_TOLERANCE * min(1, system.goal.rise)
    least = 2 * SMALLEST * _number_of_products(system)
    done = (product <= most) & (missed <= most) & (decrement <= moved + least)
    share = np.minimum(point.room(ahead), 1)
    centring = (1 - share) ** 3
    early = np.minimum(product, _EARLY * missed / point.on.shape[1])
    aim = np.maximum(np.maximum(centring * product, early), SMALLEST)[:, None]
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
    return np.asarray(total / np.maximum(_number_of_products(system), 1))


def _number_of_products(system: System) -> Float:
    """Number of products that are to be 0."""
    zero_on, zero_off = system.live & (system.n == 0), system.has_off & (system.off == 0)
    number = zero_on.sum(axis=1) + zero_off.sum(axis=1) + system.bounded.sum(axis=1)
    return np.asarray(number, dtype=np.float64)


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
