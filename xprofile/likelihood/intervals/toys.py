"""Toys of problems, from random numbers that depend on the seed and the data of a problem alone.

So the toys of a problem are the same in any order, in blocks of any size, and for any unit of the
signal. Problems with the same counts and background have the same toys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from ..cash import Cash
from ..joint import Joint
from ..newton import best_fit
from ..nuisance import NuisanceCash
from ..statistic import Bool, Float, Statistic
from ..tilted_data import largest, log_density, tilted
from ..wstat import WStat

__all__ = [
    "bounded_fit",
    "in_parts",
    "test_statistic",
    "toys_of",
    "weighted_tests",
]

Seeds = NDArray[np.uint64]

# Toys of one problem that are made at once: their arrays stay in the cache. It decides which random
# numbers a toy gets, and the speed.
_AT_ONCE = 16384

# Largest expected counts that are drawn; numpy refuses 1e19. Ten times less is as good.
_MOST_COUNTS = 1e18

# Growths of the power of data that are as far from a norm as others, each by a factor of 4, to 1e9
# as in `toy_cls`, and halvings. They decide only how many toys are as far: 5 % of the power is
# less than the width of their distribution.
_GROWINGS, _GROWTH, _HALVINGS = 15, 4, 6

# Share of a target that these data reach: expected counts come near those of no counts, but have
# not the same test statistic. With 0.9, as with 0.999, toys differ within their noise.
_NEARLY = 0.98

# Odd numbers that mix bits, from the fractional part of the golden ratio and from splitmix64
# (Steele et al. 2014, OOPSLA); any odd numbers with as many bits set and not set do as well.
_STEP, _FIRST, _SECOND = (
    np.uint64(v) for v in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


def toys_of(
    stat: Statistic, x: Float | Statistic, number: int, seed: int, stage: int = 0
) -> Iterator[tuple[int, Statistic]]:
    """Yield toys in parts: the number of toys of each problem, and their statistic.

    Parameters
    ----------
    stat : Statistic
        The data, to which backgrounds that are not known are fitted at the norms of the toys.
    x : numpy.ndarray or Statistic
        Norms of the toys, (nproblem,), or the expected data.
    number : int
        Number of toys of each problem.
    seed : int
        Seed of the random numbers.
    stage : int
        Number of the set of toys, for toys that do not depend on those of other sets.
    """
    expected = stat.expected_data(x) if isinstance(x, np.ndarray) else x
    keys = _mixed(_hash(stat), np.uint64(stage))
    generators = [np.random.Generator(np.random.Philox(key=[seed % 2**64, key]))
                  for key in keys.tolist()]  # fmt: skip
    for first in range(0, number, _AT_ONCE):
        count = min(_AT_ONCE, number - first)
        yield count, expected.drawn(_Streams(generators, count))


def in_parts(of_part: Callable[[NDArray[np.intp]], Float], size: int, number: int) -> Float:
    """Apply a function to so many problems at a time that their toys fit into the cache."""
    step = max(_AT_ONCE // max(number, 1), 1)
    parts = [of_part(np.arange(first, min(first + step, size))) for first in range(0, size, step)]
    return np.concatenate(parts)


def bounded_fit(stat: Statistic) -> Float:
    """Best fits with a norm of 0 or more; as `best_fit`, but faster where the norm is 0."""
    x = np.zeros_like(stat.slope_limit())
    with np.errstate(invalid="ignore"):
        above = np.flatnonzero(~(stat.slope(x, +1)[0] >= 0))
    if above.size:
        x[above] = best_fit(stat.take(above), 0.0)[0]
    return x


def test_statistic(stat: Statistic, best: Float, x: Float, *, one_sided: bool) -> Float:
    """Rise of the statistic from the best fits to norms x; one-sided, 0 below the best fits."""
    q = np.maximum(stat.rise(best, x), 0)
    return np.where(best >= x, 0, q) if one_sided else q


def weighted_tests(
    stat: Statistic, x: Float, target: Float, toys: int, seed: int, *, one_sided: bool
) -> tuple[Float, Float]:
    """Test statistics of norms in toys of these norms, and the weights of the toys.

    A third of the toys has the norms. The others are around data whose test statistics are the
    `target`, with too few and too many counts; only with too few if one-sided. So probabilities
    of the target are known however small they are. For the weights see `toy_cls`.

    Returns
    -------
    q, weight : numpy.ndarray
        (nproblem, number of toys). Sums of weights are probabilities.
    """
    expected, zero = stat.expected_data(x), stat.expected_data(np.zeros_like(x))
    signal = stat.expected_data(np.maximum(x, bounded_fit(stat)))
    sides = (-1,) if one_sided else (-1, +1)
    found = [expected]
    found += [_as_far(zero, signal, x, target, sign, one_sided=one_sided) for sign in sides]
    base = reduce(largest, found)
    tests, weights = [], []
    for stage, drawn in zip((0, 2, 3), found, strict=False):
        for count, some in toys_of(stat, drawn, toys, seed, stage):
            fit, norms = bounded_fit(some), np.repeat(x, count)
            tests.append(test_statistic(some, fit, norms, one_sided=one_sided))
            tests[-1] = tests[-1].reshape(x.size, count)
            logs = np.stack([log_density(some, data, base) for data in found])
            weights.append(np.exp(logs[0] - logsumexp(logs, axis=0)) / toys)
    return np.concatenate(tests, axis=1), np.concatenate(weights, axis=1)


def _as_far(
    zero: Statistic, signal: Statistic, x: Float, target: Float, sign: int, *, one_sided: bool
) -> Statistic:
    """Return data with too many (+1) or too few counts whose test statistics reach a target.

    They are tilted from data with signal to those without, or away from these. Data that never
    reach it are those with signal.
    """

    def far(step: Float) -> Bool:
        data = tilted(signal, zero, sign * step, wide=True)
        best = bounded_fit(data)
        q = test_statistic(data, best, x, one_sided=one_sided)
        return (q >= _NEARLY * target) & ((best > x) if sign > 0 else (best <= x))

    low, high = np.full_like(x, 0.0 if sign < 0 else -1.0), np.ones_like(x)
    reached = far(high)
    for _ in range(_GROWINGS):
        if reached.all():
            break
        low, high = np.where(reached, low, high), np.where(reached, high, _GROWTH * high)
        reached = far(high)
    for _ in range(_HALVINGS):
        middle = low + (high - low) / 2
        enough = far(middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return tilted(signal, zero, sign * np.where(reached, high, 0), wide=True)


@dataclass(frozen=True, eq=False)
class _Streams:
    """Random numbers of each problem from its generator; see `Draws`."""

    generators: list[np.random.Generator]
    number: int

    def repeat(self, values: Float) -> Float:
        """Repeat the rows of an array, one for each toy."""
        return np.repeat(values, self.number, axis=0)

    def poisson(self, mean: Float) -> Float:
        """Draw counts."""
        mean = np.minimum(mean, _MOST_COUNTS)
        rows = [rng.poisson(row, (self.number, row.size))
                for rng, row in zip(self.generators, mean, strict=True)]  # fmt: skip
        return np.concatenate(rows).astype(np.float64)

    def normal(self, mean: Float, width: float) -> Float:
        """Draw from normal distributions."""
        rows = [rng.normal(centre, width, self.number)
                for rng, centre in zip(self.generators, mean, strict=True)]  # fmt: skip
        return np.concatenate(rows)


def _hash(stat: Statistic) -> Seeds:
    """Hash of the counts and backgrounds of problems; columns of zeros at the end do not count."""
    if isinstance(stat, Joint):
        return reduce(_mixed, [_hash(part) for part in stat.parts])
    data = stat.cash if isinstance(stat, NuisanceCash) else stat
    assert isinstance(data, Cash | WStat)
    arrays = (data.n, data.m if isinstance(data, WStat) else data.b)
    found = np.zeros(len(data.n), np.uint64)
    for number, values in enumerate(arrays):
        bits = np.ascontiguousarray(values + 0.0).view(np.uint64)
        place = _mixed(np.arange(bits.shape[1], dtype=np.uint64), np.uint64(number))
        found += np.where(bits > 0, _mixed(bits, place), np.uint64(0)).sum(axis=1, dtype=np.uint64)
    return found


def _mixed(values: Seeds, others: Seeds | np.uint64) -> Seeds:
    """Mix two arrays of whole numbers, of which each bit changes all bits."""
    with np.errstate(over="ignore"):
        mixed = values + _STEP * (others + np.uint64(1))
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
