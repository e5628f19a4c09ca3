"""Expected data that are combined from others, and the probabilities of toys with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .cash import Cash
from .joint import Joint
from .nuisance import NuisanceCash
from .statistic import Float, Statistic
from .wstat import WStat

__all__ = ["largest", "log_density", "tilted"]

# Range of the logarithm of the growth of expected counts in tilted data. It decides only how many
# toys are near the data: counts of e^-30 are none, and off counts need to grow by a factor of 7 at
# most.
_TILT = (-30.0, 2.0)

# The same if the power is only as large as needed, and the largest growth for the power 1, where
# the ratio of expected counts may be infinite. They too decide how many toys are where.
_WIDE_TILT, _LARGEST_LOG = (-30.0, 30.0), 3.0


def tilted(without: Statistic, signal: Statistic, power: Float, *, wide: bool = False) -> Statistic:
    r"""Return expected data further away from data with signal than those without.

    Expected counts are :math:`\lambda_0 (\lambda_0 / \lambda_\mu)^\theta` for those without and
    with signal, and the powers :math:`\theta`, (nproblem,). If `wide`, counts may grow a lot, but
    not at once where none are expected.
    """
    return _combined(
        lambda first, second: _tilted_counts(first, second, power, wide),
        lambda first, second: first + power * (first - second),
        without,
        signal,
    )


def largest(first: Statistic, second: Statistic) -> Statistic:
    """Return the larger ones of two expected data, in each fine bin."""
    return _combined(np.maximum, np.maximum, first, second)


def _combined(
    of_counts: Callable[[Float, Float], Float],
    of_centres: Callable[[Float, Float], Float],
    first: Statistic,
    second: Statistic,
) -> Statistic:
    """Combine the counts, and the centres of uncertain backgrounds, of two expected data."""
    if isinstance(first, Joint):
        assert isinstance(second, Joint)
        pairs = zip(first.parts, second.parts, strict=True)
        return Joint(tuple(_combined(of_counts, of_centres, *pair) for pair in pairs))
    if isinstance(first, NuisanceCash):
        assert isinstance(second, NuisanceCash)
        cash = replace(first.cash, n=of_counts(first.cash.n, second.cash.n))
        centre = of_centres(np.asarray(first.centre), np.asarray(second.centre))
        return replace(first, cash=cash, centre=centre)
    if isinstance(first, WStat):
        assert isinstance(second, WStat)
        return replace(first, n=of_counts(first.n, second.n), m=of_counts(first.m, second.m))
    assert isinstance(first, Cash)
    assert isinstance(second, Cash)
    return replace(first, n=of_counts(first.n, second.n))


def _tilted_counts(without: Float, signal: Float, power: Float, wide: bool) -> Float:
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(without / signal)
        steps = power[:, None] * (np.clip(log, -_LARGEST_LOG, _LARGEST_LOG) if wide else log)
    growth = np.exp(np.clip(np.nan_to_num(steps), *(_WIDE_TILT if wide else _TILT)))
    return np.asarray(np.where(without > 0, without * growth, 0))


def log_density(toys: Statistic, expected: Statistic, other: Statistic) -> Float:
    """Logarithm of the probability of toys with expected data, against that with others.

    It is (nproblem, ntoy) for the toys of the problems one after the other. Toys have no counts in
    fine bins where the others expect none.
    """
    if isinstance(toys, Joint):
        assert isinstance(expected, Joint)
        assert isinstance(other, Joint)
        triples = zip(toys.parts, expected.parts, other.parts, strict=True)
        return np.asarray(np.sum([log_density(*triple) for triple in triples], axis=0))
    if isinstance(toys, NuisanceCash):
        assert isinstance(expected, NuisanceCash)
        assert isinstance(other, NuisanceCash)
        found = log_density(toys.cash, expected.cash, other.cash)
        if np.isfinite(toys.width):
            centre = np.broadcast_to(toys.centre, len(toys.cash.n)).reshape(found.shape)
            first, second = (np.reshape(v.centre, (-1, 1)) for v in (expected, other))
            found += (first - second) * (centre - (first + second) / 2) / toys.width**2
        return found
    names = ("n", "m") if isinstance(toys, WStat) else ("n",)
    return np.asarray(
        sum(_of_counts(*(getattr(v, name) for v in (toys, expected, other))) for name in names)
    )


def _of_counts(toys: Float, expected: Float, other: Float) -> Float:
    """Part of counts in `log_density`."""
    counts = toys.reshape(len(expected), -1, expected.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.where(expected == other, 0, np.log(expected / other))
        terms = np.where(counts > 0, counts * log[:, None], 0)
    return np.asarray(terms.sum(axis=2) - (expected - other).sum(axis=1)[:, None])
