"""CLs limits from toys of the test statistic, at the norm of the limit and without signal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp, ndtr

from ..statistic import Bool, Float, Statistic
from ..tilted_data import largest, log_density, tilted
from .cls import cls_limit, expected_cls_limits
from .roots import false_position
from .toys import bounded_fit, in_parts, test_statistic, toys_of, weighted_tests

__all__ = ["expected_toy_cls_limits", "toy_cls_limit"]

# Evaluations that narrow the bracket of a limit. With weighted toys 8 leave 1e-3 of it, less than
# the noise of the toys; 5 leave 1e-2. The other toys need only 10 %, before those of the last fit.
_STEPS, _STEPS_OF_NEW_TOYS = 8, 3

# Multiples of the limit so far, through whose values a line is fitted: an average over the noise of
# toys. Over 10 % the curvature of ln CLs moves the limit by 0.2 %, over 30 % by 2 %.
_AROUND = (0.9, 0.94, 0.98, 1.02, 1.06, 1.1)

# Factor by which a norm grows until it is excluded, and how often at most. It starts near the
# asymptotic limit, which is right to a factor of two; 1.05 takes more steps, 10 a longer search.
_GROWTH, _GROWINGS = 1.4, 60

# Doublings and halvings of the power of tilted data: to 1e9, more than any ratio of background to
# signal that changes limits, and then to 1e-6. Other powers give more noise, not other limits.
_DOUBLINGS, _HALVINGS = 30, 20

# As in `toy_intervals`.
_EQUAL, _FEW_BEYOND = 1e-9, 30


def toy_cls_limit(stat: Statistic, n_sigma: float, toys: int, seed: int) -> Float:
    """Norm at which CLs of toys falls to that of a limit of n sigma; for problems with signal.

    Weighted toys give both probabilities, however small they are: see `_WeightedTests`.
    """

    def of_part(which: NDArray[np.intp]) -> Float:
        part = stat.take(which)
        best, start = bounded_fit(part), cls_limit(part, n_sigma)
        tests = _WeightedTests.of(part, best, start, n_sigma, toys, seed)
        return false_position(tests.excess, *_bracket(tests.excess, start), _STEPS)

    return in_parts(of_part, stat.slope_limit().size, toys)


def expected_toy_cls_limits(
    stat: Statistic, n_sigma: float, bands: Sequence[float], toys: int, seed: int
) -> Float:
    r"""CLs limits of the quantiles :math:`\Phi(z)` of toys without signal, (nproblem, nband)."""

    def of_part(which: NDArray[np.intp]) -> Float:
        part = stat.take(which)
        tests = _Tests.of(part, n_sigma, toys, seed)
        starts = expected_cls_limits(part, n_sigma, bands)
        return np.column_stack([
            _noisy_limit(partial(tests.excess_of_band, z), start)
            for z, start in zip(bands, starts.T, strict=True)
        ])  # fmt: skip

    return in_parts(of_part, stat.slope_limit().size, toys)


def _below(q: Float) -> Float:
    """Smallest values that count as equal to observed ones, as a column."""
    return (q - _EQUAL * q)[:, None]


@dataclass(frozen=True, eq=False)
class _Tests:
    """Test statistics for expected limits; `without` are toys without signal and their fits."""

    stat: Statistic
    n_sigma: float
    toys: int
    seed: int
    without: list[tuple[int, Statistic, Float]]

    @classmethod
    def of(cls, stat: Statistic, n_sigma: float, toys: int, seed: int) -> _Tests:
        """Draw the toys without signal."""
        zero = np.zeros_like(stat.slope_limit())
        drawn = toys_of(stat, zero, toys, seed, stage=1)
        return cls(stat, n_sigma, toys, seed, [(c, t, bounded_fit(t)) for c, t in drawn])

    def null(self, x: Float) -> Float:
        """Test statistics of norms in toys without signal, (nproblem, ntoy)."""
        return np.concatenate(
            [_of_toys(count, toys, best, x) for count, toys, best in self.without], axis=1
        )

    def excess(self, x: Float, q: Float, cl_b: Float) -> Float:
        """Logarithm of the CLs of a limit over that of the observed q; above 0 if excluded."""
        drawn = toys_of(self.stat, x, self.toys, self.seed)
        tests = [_of_toys(count, toys, bounded_fit(toys), x) for count, toys in drawn]
        larger = (np.concatenate(tests, axis=1) >= _below(q)).sum(axis=1)
        cl_sb = np.maximum(larger, 0.5) / self.toys
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(ndtr(-self.n_sigma)) - np.log(cl_sb) + np.log(cl_b))

    def _weighted_excess(self, x: Float, q: Float, cl_b: Float) -> Float:
        """As `excess`, by weighted toys."""
        tests, weight = weighted_tests(self.stat, x, q, self.toys, self.seed, one_sided=True)
        cl_sb = np.where(tests >= _below(q), weight, 0).sum(axis=1)
        with np.errstate(divide="ignore"):
            return np.asarray(log_ndtr(-self.n_sigma) - np.log(cl_sb) + np.log(cl_b))

    def excess_of_band(self, z: float, x: Float) -> Float:
        """As `excess`, for the data of a quantile of the toys without signal."""
        null = self.null(x)
        q = np.quantile(null, ndtr(-z), axis=1, method="higher")
        cl_b = (null >= _below(q)).mean(axis=1)
        few = self.toys * ndtr(-self.n_sigma) * ndtr(z) < _FEW_BEYOND
        return self._weighted_excess(x, q, cl_b) if few else self.excess(x, q, cl_b)


# Number of toys of each problem, toys, their best fits, and the logarithms of their probabilities
# without signal and near the data.
_Drawn: TypeAlias = tuple[int, Statistic, Float, Float, Float]


@dataclass(frozen=True, eq=False)
class _WeightedTests:
    """Tests of data by weighted toys, of which many are near the data.

    A third of the toys is without signal, one has the norm that is tested, and one is around the
    best fit. Far below the background the last is around expected data as far from the limit as the
    observed ones. The weight of a toy is its probability over the mean of those with which it was
    drawn (importance sampling; Veach & Guibas 1995, SIGGRAPH 95, 419, balance heuristic).

    Parameters
    ----------
    stat : Statistic
        The problems.
    best : numpy.ndarray
        Their best fits, 0 or more.
    n_sigma : float
        Significance of the limits.
    toys, seed : int
        Number of toys of each third, and their seed.
    without, near, base : Statistic
        Expected data without signal and near the data, and those to which probabilities are
        relative.
    drawn : list of tuple
        Toys of the two thirds that are the same for all norms.
    """

    stat: Statistic
    best: Float
    n_sigma: float
    toys: int
    seed: int
    without: Statistic
    near: Statistic
    base: Statistic
    drawn: list[_Drawn]

    @classmethod
    def of(
        cls, stat: Statistic, best: Float, x: Float, n_sigma: float, toys: int, seed: int
    ) -> _WeightedTests:
        """Draw toys for limits near norms x."""
        without, signal = stat.expected_data(np.zeros_like(x)), stat.expected_data(x)
        near = _as_far(stat, best, signal, x)
        base = largest(largest(without, near), signal)
        found = cls(stat, best, n_sigma, toys, seed, without, near, base, [])
        return replace(found, drawn=found._draw(without, 1) + found._draw(near, 2))

    def _draw(self, expected: Statistic, stage: int) -> list[_Drawn]:
        """Draw toys of expected data."""
        return [
            (
                count,
                some,
                bounded_fit(some),
                log_density(some, self.without, self.base),
                log_density(some, self.near, self.base),
            )
            for count, some in toys_of(self.stat, expected, self.toys, self.seed, stage)
        ]

    def excess(self, x: Float) -> Float:
        """Logarithm of the CLs of a limit over that of the data; above 0 if excluded."""
        expected = self.stat.expected_data(x)
        least = _below(test_statistic(self.stat, self.best, x, one_sided=True))
        sums = []
        for count, toys, best, without, near in [*self.drawn, *self._draw(expected, 3)]:
            inside = _of_toys(count, toys, best, x) >= least
            signal = log_density(toys, expected, self.base)
            mean = logsumexp(np.stack([without, near, signal]), axis=0)
            sums.append([np.where(inside, log - mean, -np.inf) for log in (signal, without)])
        with np.errstate(divide="ignore", invalid="ignore"):
            cl_sb, cl_b = (
                logsumexp(np.concatenate(logs, axis=1), axis=1) for logs in zip(*sums, strict=True)
            )
            by_toys = cl_sb - cl_b
            # without any toy as far as the data, the data are the only one that is known to be
            alone = self._log_density(expected) - self._log_density(self.without)
        cl_s = np.where(np.isfinite(by_toys), by_toys, alone)
        return np.asarray(log_ndtr(-self.n_sigma) - cl_s)

    def _log_density(self, expected: Statistic) -> Float:
        """Logarithm of the probability of the data."""
        return log_density(self.stat, expected, self.base)[:, 0]


def _as_far(stat: Statistic, best: Float, signal: Statistic, x: Float) -> Statistic:
    """Return expected data whose test statistics of norms x are those of the data."""
    fitted, zero = stat.expected_data(best), np.zeros_like(x)
    observed, deep = test_statistic(stat, best, x, one_sided=True), best <= 0

    def nearer(power: Float) -> Bool:
        data = tilted(fitted, signal, power)
        return deep & (test_statistic(data, bounded_fit(data), x, one_sided=True) < observed)

    low, high = zero, np.where(deep, 1.0, 0.0)
    for _ in range(_DOUBLINGS):
        near = nearer(high)
        if not near.any():
            break
        low, high = np.where(near, high, low), np.where(near, 2 * high, high)
    for _ in range(_HALVINGS):
        middle = low + (high - low) / 2
        near = nearer(middle)
        low, high = np.where(near, middle, low), np.where(near, high, middle)
    return tilted(fitted, signal, high)


def _of_toys(count: int, toys: Statistic, best: Float, x: Float) -> Float:
    """Test statistics of norms in toys, (nproblem, count)."""
    q = test_statistic(toys, best, np.repeat(x, count), one_sided=True)
    return q.reshape(x.size, count)


def _bracket(
    excess: Callable[[Float], Float], start: Float
) -> tuple[tuple[Float, Float], tuple[Float, Float]]:
    """Norms that are and are not allowed, searched upwards from near the asymptotic limit.

    Each is returned with its excess.
    """
    low, f_low = np.zeros_like(start), np.full_like(start, -np.inf)
    x = start / _GROWTH
    high, f_high = np.full_like(start, np.nan), np.full_like(start, np.nan)
    for _ in range(_GROWINGS):
        f = excess(x)
        below = (f < 0) & np.isnan(high)
        found = (f >= 0) & np.isnan(high)
        low, f_low = np.where(below, x, low), np.where(below, f, f_low)
        high, f_high = np.where(found, x, high), np.where(found, f, f_high)
        if not np.isnan(high).any():
            break
        x = np.where(np.isnan(high), x * _GROWTH, x)
    return (low, f_low), (np.where(np.isnan(high), x, high), f_high)


def _noisy_limit(excess: Callable[[Float], Float], start: Float) -> Float:
    """Norm from which norms are excluded, for new toys at each norm."""
    x = false_position(excess, *_bracket(excess, start), _STEPS_OF_NEW_TOYS)
    return x * _root_of_line(np.stack([excess(factor * x) for factor in _AROUND], axis=1))


def _root_of_line(values: Float) -> Float:
    """Multiple of a norm where lines through values at the multiples `_AROUND` are 0."""
    distance = np.asarray(_AROUND) - 1
    known = np.isfinite(values)
    weight = known / np.maximum(known.sum(axis=1, keepdims=True), 1)
    values = np.where(known, values, 0)
    d, f = (weight * distance).sum(axis=1), (weight * values).sum(axis=1)
    away = distance - d[:, None]
    rate = (weight * away * values).sum(axis=1)
    spread = (weight * away**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = d - f * spread / rate
    return 1 + np.clip(np.where(rate > 0, root, 0), distance[0], distance[-1])
