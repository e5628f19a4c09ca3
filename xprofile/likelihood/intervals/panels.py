"""Legendre series of densities, on panels that are halved until the series are exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from ..statistic import Float

__all__ = ["LEAST_ACCURACY", "NODES", "Panels", "PriorError", "first_panels", "padded", "refined"]

Panels = tuple[NDArray[np.intp], Float, Float]  # problem, left and right end of each

# Degree of the polynomials plus one. On a side that ends where ln L has fallen by 40, 40 nodes
# leave errors of 1e-12 for normal and exponential distributions. With 24, panels are halved once or
# twice.
NODES = 44

# Share of the integral that may be wrong on a panel before it is halved. At 1e-9 some limits are
# wrong by 1e-8; at 1e-14 rounding errors count, and panels are halved for nothing.
_ACCURACY = 1e-11

# Share that may be wrong in the end, where halving does not help: rounding errors of likelihoods of
# a million counts are 1e-9. A prior that diverges too fast misses it by far.
LEAST_ACCURACY = 1e-7

# Halvings of a panel. A prior like x^(-1/2) needs 54 for the accuracy; 500 would change nothing.
_MAX_HALVINGS = 60

# Share of the error of a panel that its halves may have together, to be halved again. Rounding
# errors keep all of it, a square root at an end 0.71, a step 0.5.
_PROGRESS = 0.75

# Number of panels of a problem up to which those with large errors are halved even if that does not
# help at once: edges of a posterior are in a few of them. With 4 some edges are missed; with 1e4, a
# prior of random numbers fills the memory.
_HALVED_ANYWAY = 64


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


def refined(
    density: Callable[[NDArray[np.intp], Float, Float], Float], panels: Panels, size: int
) -> tuple[Panels, Float, Float]:
    """Halve panels until the series of their densities are exact.

    Parameters
    ----------
    density : callable
        Returns the densities at the nodes of panels, (npanel, `NODES`).
    panels : tuple of numpy.ndarray
        The first panels.
    size : int
        Number of problems.

    Returns
    -------
    panels : tuple of numpy.ndarray
        The panels, in no order.
    series : numpy.ndarray
        Legendre coefficients of the density, (npanel, `NODES`).
    lost : numpy.ndarray
        Share of the integral of each problem that may be wrong.
    """
    done: list[tuple[Panels, Float]] = []
    lost, before = np.zeros(size), np.full(panels[0].size, np.inf)
    total = np.zeros(size)
    for level in range(_MAX_HALVINGS + 1):
        owner, left, right = panels
        series = np.einsum("ij,jk->ik", density(*panels), _TO_SERIES)
        error = np.abs(series[:, -3:]).max(axis=1) * (right - left)
        if not level:
            np.add.at(total, owner, series[:, 0] * (right - left))
        good = error <= _ACCURACY * total[owner]
        if level:
            pairs = error.reshape(-1, 2).sum(axis=1)
            stuck = pairs > _PROGRESS * before
            problem = owner[::2]
            many = np.bincount(owner, minlength=size)[problem] > _HALVED_ANYWAY
            stuck &= many | (before <= LEAST_ACCURACY * total[problem])
            good |= np.repeat(stuck, 2)
        good |= level == _MAX_HALVINGS
        done.append(((owner[good], left[good], right[good]), series[good]))
        np.add.at(lost, owner[good], error[good])
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


def _to_series() -> Float:
    """Matrix from values at the nodes to Legendre coefficients."""
    nodes, weights = legendre.leggauss(NODES)
    norms = np.arange(NODES) + 0.5
    return np.asarray(legendre.legvander(nodes, NODES - 1) * weights[:, None] * norms)


_TO_SERIES = _to_series()
