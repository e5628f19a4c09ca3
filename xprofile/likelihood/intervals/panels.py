"""Legendre series of densities, on panels that are halved until the series are exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from ..statistic import Float

__all__ = [
    "LEAST_ACCURACY",
    "POINTS",
    "Panels",
    "PriorError",
    "first_panels",
    "narrow_peaks",
    "padded",
    "refined",
    "split",
]

Panels = tuple[NDArray[np.intp], Float, Float]  # problem, left and right end of each

# Degree of the polynomials plus one. On a side that ends where ln L has fallen by 40, 40 nodes
# leave errors of 1e-12 for normal and exponential distributions. With 24, panels are halved once or
# twice.
_NODES = 44

# Distance from the ends of a panel, against that of the outermost nodes, of two points that see
# edges beyond these nodes. An edge that they miss changes the integral by 3e-8. At 1e-3 that is
# 3e-7; at 1e-8 a prior like x^(-1/2) needs more halvings.
_NEAR_END = 1e-4

# Share of the integral that may be wrong on a panel before it is halved. At 1e-9 some limits are
# wrong by 1e-8; at 1e-14 rounding errors count, and panels are halved for nothing.
_ACCURACY = 1e-11

# Share that may be wrong in the end, where halving does not help: rounding errors of likelihoods of
# a million counts are 1e-9. A prior that diverges too fast misses it by far.
LEAST_ACCURACY = 1e-7

# The same against the smallest tail that is asked for. An edge far out, as where a background ends
# at 0, has errors of 1e-9, like rounding; limits at tails of 1e-8 were wrong by 1e-4. At 1e-3 the
# tails are still wrong by 1e-5; at 1e-5 rounding errors are halved for nothing at 3 sigma.
_LEAST_OF_TAIL = 1e-4

# Logarithm below which priors count as 0.
_TINY_LOG = -700.0

# Halvings of a panel. A prior like x^(-1/2) needs 54 for the accuracy; 500 would change nothing.
_MAX_HALVINGS = 60

# Share of the error of a panel that its halves may have together, to be halved again. Rounding
# errors keep all of it, a square root at an end 0.71, a step 0.5.
_PROGRESS = 0.75

# Number of panels of a problem up to which those with large errors are halved even if that does not
# help at once: edges of a posterior are in a few of them. With 4 some edges are missed; with 1e4, a
# prior of random numbers fills the memory.
_HALVED_ANYWAY = 64

# Places at which peaks of a prior are looked for: the number in each factor of 2, and the factors
# below the smallest range. They see a normal distribution with a width of 1e-5 of its centre, or
# with 1e-4 on top of others; with ten times fewer of 1e-4 and 1e-3. Peaks below see panels at 0.
_PLACES, _FACTORS, _MOST_FACTORS = 4096, 16, 64

# Times that the places are made closer near a peak, each by `_PLACES_NEAR`, and the largest number
# of peaks: one more time, and ten times more peaks, change nothing but for priors of noise.
_CLOSER, _PLACES_NEAR, _MOST_PEAKS = 4, 65, 16

# Height of a peak of ln prior between three places, above rounding errors. A smooth prior has
# 1e-8 there, and needs no peaks; at 1e-5 the feet of narrow ones are missed.
_HEIGHT = 1e-7


class PriorError(ValueError):
    """A prior gives wrong values, or a posterior that has no integral."""


def first_panels(low: Float, middle: Float, high: Float, parts: int) -> Panels:
    """Cut the ranges from `low` to `middle` and from there to `high` into equal parts."""
    shares = np.linspace(0, 1, parts + 1)
    edges = [start[:, None] + (end - start)[:, None] * shares
             for start, end in ((low, middle), (middle, high))]  # fmt: skip
    left = np.concatenate([e[:, :-1] for e in edges], axis=1)
    right = np.concatenate([e[:, 1:] for e in edges], axis=1)
    owner, column = np.nonzero(right > left)
    return owner, left[owner, column], right[owner, column]


def narrow_peaks(log_prior: Callable[[Float], Float], high: Float) -> Float:
    """Return norms at which a prior has peaks that panels might miss.

    They do not depend on which problems are solved together, unless there are many.

    Parameters
    ----------
    log_prior : callable
        Logarithm of the prior at norms.
    high : numpy.ndarray
        Largest norms of the problems, above 0.
    """
    last = int(np.ceil(np.log2(high.max())))
    first = max(int(np.floor(np.log2(high.min()))) - _FACTORS, last - _MOST_FACTORS)
    x = np.exp2(np.arange(first * _PLACES, last * _PLACES + 1) / _PLACES)
    x = x[x <= high.max()]
    f = log_prior(x)
    above = np.full(f.size, -np.inf)
    with np.errstate(invalid="ignore"):
        above[1:-1] = f[1:-1] - (np.maximum(f[:-2], _TINY_LOG) + np.maximum(f[2:], _TINY_LOG)) / 2
        top = (f[1:-1] > f[:-2]) & (f[1:-1] >= f[2:])
    above[1:-1][~top] = -np.inf
    found = np.argsort(-above, kind="stable")[:_MOST_PEAKS]
    found = np.sort(found[above[found] > _HEIGHT])
    left, right, row = x[found - 1], x[found + 1], np.arange(found.size)
    for _ in range(_CLOSER if found.size else 0):
        near = left[:, None] + (right - left)[:, None] * np.linspace(0, 1, _PLACES_NEAR)
        best = np.clip(log_prior(near).argmax(axis=1), 1, _PLACES_NEAR - 2)
        left, right = near[row, best - 1], near[row, best + 1]
    return np.asarray((left + right) / 2)


def split(panels: Panels, places: Float) -> Panels:
    """Cut panels at places inside them."""
    for place in places:
        owner, left, right = panels
        some = (left < place) & (place < right)
        at = np.full(np.count_nonzero(some), place)
        panels = (
            np.concatenate([owner, owner[some]]),
            np.concatenate([left, at]),
            np.concatenate([np.where(some, place, right), right[some]]),
        )
    return panels


def refined(
    density: Callable[[NDArray[np.intp], Float, Float], Float],
    panels: Panels,
    size: int,
    tail: float,
) -> tuple[Panels, Float, Float]:
    """Halve panels until the series of their densities are exact.

    Parameters
    ----------
    density : callable
        Returns the densities at the `POINTS` of panels, (npanel, number of points).
    panels : tuple of numpy.ndarray
        The first panels.
    size : int
        Number of problems.
    tail : float
        Smallest share above a norm that is asked for.

    Returns
    -------
    panels : tuple of numpy.ndarray
        The panels, in no order.
    series : numpy.ndarray
        Legendre coefficients of the density, (npanel, `_NODES`).
    lost : numpy.ndarray
        Share of the integral of each problem that may be wrong.
    """
    done: list[tuple[Panels, Float]] = []
    lost, before = np.zeros(size), np.full(panels[0].size, np.inf)
    total, known = np.zeros(size), np.zeros(size)
    least = min(LEAST_ACCURACY, _LEAST_OF_TAIL * tail)
    for level in range(_MAX_HALVINGS + 1):
        owner, left, right = panels
        values = density(*panels)
        series = np.einsum("ij,jk->ik", values[:, 1:-1], _TO_SERIES)
        error = _error(series, values[:, [0, -1]]) * (right - left)
        mass = series[:, 0] * (right - left)
        total = np.maximum(total, known + np.bincount(owner, mass, minlength=size))
        good = error <= _ACCURACY * total[owner]
        if level:
            pairs = error.reshape(-1, 2).sum(axis=1)
            stuck = pairs > _PROGRESS * before
            problem = owner[::2]
            many = np.bincount(owner, minlength=size)[problem] > _HALVED_ANYWAY
            # an error that grows was not rounding before
            stuck &= many | (np.maximum(before, pairs) <= least * total[problem])
            good |= np.repeat(stuck, 2)
        good |= level == _MAX_HALVINGS
        done.append(((owner[good], left[good], right[good]), series[good]))
        np.add.at(lost, owner[good], error[good])
        np.add.at(known, owner[good], mass[good])
        if good.all():
            break
        owner, left, right, before = owner[~good], left[~good], right[~good], error[~good]
        middle = left + (right - left) / 2
        panels = (np.repeat(owner, 2), np.column_stack([left, middle]).ravel(),
                  np.column_stack([middle, right]).ravel())  # fmt: skip
    parts, found = zip(*done, strict=True)
    joined = tuple(np.concatenate(values) for values in zip(*parts, strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = lost / total
    return (joined[0], joined[1], joined[2]), np.concatenate(found), share


def _error(series: Float, near_ends: Float) -> Float:
    """Error of the mean of densities over panels, from the last terms and the values near ends."""
    edges = np.abs(np.einsum("ij,jk->ik", series, _AT_ENDS) - near_ends).max(axis=1)
    return np.asarray(np.maximum(np.abs(series[:, -3:]).max(axis=1), POINTS[1] * edges))


def padded(panels: Panels, series: Float, size: int) -> tuple[Float, Float, Float]:
    """Sort panels into rows, one for each problem: left and right ends, and series."""
    owner, left, right = panels
    order = np.lexsort((left, owner))
    owner, left, right, series = owner[order], left[order], right[order], series[order]
    number = np.bincount(owner, minlength=size)
    column = np.arange(owner.size) - np.repeat(np.cumsum(number) - number, number)
    shape = (size, int(number.max(initial=1)))
    ends = np.full(shape, np.inf), np.full(shape, np.inf)
    ends[0][owner, column], ends[1][owner, column] = left, right
    rows = np.zeros((*shape, series.shape[1]))
    rows[owner, column] = series
    return *ends, rows


def _points() -> Float:
    """Nodes between 0 and 1, and a point near each end."""
    nodes = (legendre.leggauss(_NODES)[0] + 1) / 2
    near = _NEAR_END * nodes[0]
    return np.concatenate([[near], nodes, [1 - near]])


def _to_series() -> Float:
    """Matrix from values at the nodes to Legendre coefficients."""
    nodes, weights = legendre.leggauss(_NODES)
    norms = np.arange(_NODES) + 0.5
    return np.asarray(legendre.legvander(nodes, _NODES - 1) * weights[:, None] * norms)


# Places in a panel where densities are needed, as shares of its width.
POINTS = _points()

_TO_SERIES = _to_series()
_AT_ENDS = legendre.legvander(2 * POINTS[[0, -1]] - 1, _NODES - 1).T
