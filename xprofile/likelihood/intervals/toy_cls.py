"""CLs limits from toys of the test statistic, at the norm of the limit and without signal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ..statistic import Float, Statistic
from .cls import cls_limit, expected_cls_limits
from .roots import false_position
from .toys import bounded_fit, in_parts, test_statistic, toys_of

__all__ = ["expected_toy_cls_limits", "toy_cls_limit"]

# Evaluations that narrow the bracket of a limit, to about 10 %, before those of the last fit.
_STEPS = 3

# Multiples of the limit so far, through whose values a line is fitted: an average over the noise of
# toys. Over 10 % the curvature of ln CLs moves the limit by 0.2 %, over 30 % by 2 %.
_AROUND = (0.9, 0.94, 0.98, 1.02, 1.06, 1.1)

# Factor by which a norm grows until it is excluded, and how often at most. It starts near the
# asymptotic limit, which is right to a factor of two; 1.05 takes more steps, 10 a longer search.
_GROWTH, _GROWINGS = 1.4, 60

# Fewest toys without signal with a value as large as the observed one. With fewer CLb is not known,
# and the asymptotic limit is given: with 1, limits of large deficits are noise.
_FEWEST = 10

# As in `toy_intervals`.
_EQUAL = 1e-9


def toy_cls_limit(stat: Statistic, n_sigma: float, toys: int, seed: int) -> Float:
    """Norm at which CLs of toys falls to that of a limit of n sigma; for problems with signal.

    Where fewer than ten toys without signal are as far from it as the data, it is the asymptotic
    limit.
    """

    def of_part(which: NDArray[np.intp]) -> Float:
        part = stat.take(which)
        tests = _Tests.of(part, n_sigma, toys, seed)
        best = bounded_fit(part)
        start = cls_limit(part, n_sigma)

        def observed(x: Float) -> Float:
            return test_statistic(part, best, x, one_sided=True)

        few = (tests.null(start) >= _below(observed(start))).sum(axis=1) < _FEWEST

        def excess(x: Float) -> Float:
            q = observed(x)
            return tests.excess(x, q, (tests.null(x) >= _below(q)).mean(axis=1))

        return np.where(few, start, _limit(excess, start))

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
            _limit(partial(tests.excess_of_band, z), start)
            for z, start in zip(bands, starts.T, strict=True)
        ])  # fmt: skip

    return in_parts(of_part, stat.slope_limit().size, toys)


def _below(q: Float) -> Float:
    """Smallest values that count as equal to observed ones, as a column."""
    return (q - _EQUAL * q)[:, None]


@dataclass(frozen=True, eq=False)
class _Tests:
    """Test statistics of toys; `without` are toys without signal, and their best fits."""

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

    def excess_of_band(self, z: float, x: Float) -> Float:
        """As `excess`, for the data of a quantile of the toys without signal."""
        null = self.null(x)
        q = np.quantile(null, ndtr(-z), axis=1, method="higher")
        return self.excess(x, q, (null >= _below(q)).mean(axis=1))


def _of_toys(count: int, toys: Statistic, best: Float, x: Float) -> Float:
    """Test statistics of norms in toys, (nproblem, count)."""
    q = test_statistic(toys, best, np.repeat(x, count), one_sided=True)
    return q.reshape(x.size, count)


def _limit(excess: Callable[[Float], Float], start: Float) -> Float:
    """Norm from which norms are excluded, searched upwards from near the asymptotic limit."""
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
    high = np.where(np.isnan(high), x, high)
    x = false_position(excess, (low, f_low), (high, f_high), _STEPS)
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
