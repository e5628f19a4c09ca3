r"""Intervals of Feldman and Cousins by toys, with the likelihood ratio of all fine bins together.

A norm belongs to the interval if the statistic has risen from the best fit to this norm, both of 0
or more, by at most the quantile of this rise in toys of the norm (Feldman & Cousins 1998, Phys.
Rev. D 57, 3873, section IV). Backgrounds that are not known are those that fit the data best at the
norm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ..newton import step_down, step_up
from ..statistic import Bool, Float, Statistic
from .roots import false_position
from .toys import bounded_fit, in_parts, test_statistic, toys_of, weighted_tests

__all__ = ["expected_toy_ends", "toy_interval"]

# Rises, in units of that of the usual interval, at which ends are looked for first. Quantiles of
# toys are 0.2 (at norm 0, at low confidence) to 1.6 (few counts) of the usual one. With few counts,
# norms may be accepted beyond others that are not: steps of 0.05 n sigma find them where counts
# change the quantile by one. With steps of 0.5, ends are up to 7 % too low; 0.005 takes ten times
# as long.
_RISES = tuple(np.linspace(0.3, 1.3, 21) ** 2)

# Number of these steps beyond the last accepted norm that are searched in smaller parts, and of the
# parts. Without them ends of few counts miss narrow ranges, and upper ends are up to 5 % too low;
# ten times as many parts take three times as long.
_STEPS_BEYOND, _PARTS_BEYOND = 3, 12

# Factor by which the rise grows where even the last norm is accepted, and how often at most. Rises
# of toys beyond 1.7 * 2^10 have not been seen.
_GROWTH, _GROWINGS = 2.0, 10

# Evaluations that narrow a bracket. 5 reach 1 % of an error, less than the noise of 1e4 toys.
_STEPS = 5

# Norms between which quantiles are interpolated for expected data. 30 leave errors of 1 %; with 300
# the noise of toys is larger.
_EXPECTED_NORMS = 30

# Relative difference up to which rises of data and toys are the same. Toys with the counts of the
# data have the same rise but for rounding, about 1e-12; other counts differ by more than 1e-7.
_EQUAL = 1e-9

# Toys to expect beyond a quantile below which toys are weighted, which takes three times as long.
# With 30 the significance of a quantile is right to 4 %; 300 weights more, and 3 leave it wrong by
# 30 %, always too low at last.
_FEW_BEYOND = 30

# Times that the quantile of weighted toys is looked for, each time with toys near the one before.
_TIMES = 2


def toy_interval(
    stat: Statistic, n_sigma: float, share: float, toys: int, seed: int, *, ends: str = "both"
) -> tuple[Float, Float]:
    """Return the ends of the intervals of problems with signal.

    Parameters
    ----------
    stat : Statistic
        The problems.
    n_sigma, share : float
        Two-sided significance, and the share of toys whose intervals hold the norm.
    toys : int
        Number of toys for each norm that is tried.
    seed : int
        Seed of the toys.
    ends : {"both", "upper"}
        With ``"upper"``, lower ends are 0.
    """

    def of_part(which: NDArray[np.intp]) -> Float:
        part = stat.take(which)
        search = _Search(part, bounded_fit(part), n_sigma**2, share, toys, seed)
        low = search.lower() if ends == "both" else np.zeros(which.size)
        return np.column_stack([low, search.upper()])

    found = in_parts(of_part, stat.slope_limit().size, toys)
    return found[:, 0], found[:, 1]


@dataclass(frozen=True, eq=False)
class _Search:
    """Norms that are accepted; `rise` is that of the usual interval."""

    stat: Statistic
    best: Float
    rise: float
    share: float
    toys: int
    seed: int

    def excess(self, x: Float) -> Float:
        """Root of the rise in the data minus that of the quantile of toys; below 0 if accepted."""
        rise = test_statistic(self.stat, self.best, x, one_sided=False)
        if self._few_beyond():
            q, weight = weighted_tests(self.stat, x, rise, self.toys, self.seed, one_sided=False)
            as_far = q >= (rise - _EQUAL * rise)[:, None]
            with np.errstate(divide="ignore"):
                beyond = np.where(as_far, weight, 0).sum(axis=1)
                return np.asarray(np.log(self._outside() / beyond))
        observed = np.sqrt(rise)
        quantile = np.sqrt(self.quantile(x))
        found = observed - quantile
        same = found <= _EQUAL * (observed + quantile)
        return np.where(same, np.minimum(found, -_EQUAL), found)

    def quantile(self, x: Float) -> Float:
        """Quantile of the rise in toys of norms x."""
        if self._few_beyond():
            return self._weighted_quantile(x)
        rises = []
        for count, toys in toys_of(self.stat, x, self.toys, self.seed):
            q = test_statistic(toys, bounded_fit(toys), np.repeat(x, count), one_sided=False)
            rises.append(q.reshape(x.size, count))
        last = min(int(np.ceil(self.share * self.toys)), self.toys) - 1
        found = np.partition(np.concatenate(rises, axis=1), last, axis=1)
        return np.asarray(found[:, last])

    def _outside(self) -> float:
        """Probability beyond the quantile, with all digits."""
        return float(2 * ndtr(-np.sqrt(self.rise)))

    def _few_beyond(self) -> bool:
        return self.toys * self._outside() < _FEW_BEYOND

    def _weighted_quantile(self, x: Float) -> Float:
        found, row = np.full_like(x, self.rise), np.arange(x.size)
        for _ in range(_TIMES):
            q, weight = weighted_tests(self.stat, x, found, self.toys, self.seed, one_sided=False)
            order = np.argsort(-q, axis=1)
            beyond = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
            last = np.minimum((beyond <= self._outside()).sum(axis=1), q.shape[1] - 1)
            found = q[row, order[row, last]]
        return np.asarray(found)

    def upper(self) -> Float:
        """Highest accepted norms."""
        return self._end(lambda rise: self.best + step_up(self.stat, self.best, rise))

    def lower(self) -> Float:
        """Lowest accepted norms."""
        zero = np.zeros_like(self.best)
        found = zero.copy()
        above = np.flatnonzero((self.best > 0) & (self.excess(zero) > 0))
        if above.size:
            some = _Search(self.stat.take(above), self.best[above], self.rise, self.share,
                           self.toys, self.seed)  # fmt: skip
            found[above] = some._end(some._below)
        return found

    def _below(self, rise: float) -> Float:
        return self.best - step_down(self.stat, self.best, rise, 0.0)

    def _end(self, norm_at: Callable[[float], Float]) -> Float:
        """Outermost accepted norm, at larger and larger rises of the statistic."""
        ends = _Ends.of(self.best)
        norms = [self.best]
        rises = [factor * self.rise for factor in _RISES]
        rises += [rises[-1] * _GROWTH ** (k + 1) for k in range(_GROWINGS)]
        for number, rise in enumerate(rises):
            norms.append(norm_at(rise))
            accepted = ends.tried(norms[-1], self.excess(norms[-1]), number + 1)
            if number + 1 >= len(_RISES) and not accepted.any():
                break
        row = np.arange(self.best.size)
        beyond = np.stack(norms)[np.minimum(ends.last + _STEPS_BEYOND, len(norms) - 1), row]
        start, first = ends.inner, ends.last
        ends.outer = np.full_like(start, np.nan)
        for share in np.arange(1, _PARTS_BEYOND + 1) / _PARTS_BEYOND:
            x = start + share * (beyond - start)
            ends.tried(x, self.excess(x), first)
        outer, outside = np.where(np.isnan(ends.outer), ends.inner, ends.outer), ends.outside
        return false_position(
            self.excess, (ends.inner, ends.inside), (outer, np.nan_to_num(outside)), _STEPS
        )


@dataclass(eq=False)
class _Ends:
    """Last norms that are accepted, and the next ones, which are not; with their excess.

    `last` is the number of the step of the last accepted norm.
    """

    inner: Float
    inside: Float
    outer: Float
    outside: Float
    last: NDArray[np.intp]

    @classmethod
    def of(cls, best: Float) -> _Ends:
        """Start at the best fits."""
        unknown = np.full_like(best, np.nan)
        return cls(best, np.full_like(best, -1.0), unknown, unknown, np.zeros(best.size, np.intp))

    def tried(self, x: Float, excess: Float, step: int | NDArray[np.intp]) -> Bool:
        """Take norms into account that are further out; also return whether they are accepted."""
        accepted = excess <= 0
        first = ~accepted & np.isnan(self.outer)
        outer, outside = np.where(first, x, self.outer), np.where(first, excess, self.outside)
        self.inner = np.where(accepted, x, self.inner)
        self.inside = np.where(accepted, excess, self.inside)
        self.outer, self.outside = (np.where(accepted, np.nan, v) for v in (outer, outside))
        self.last = np.where(accepted, step, self.last)
        return accepted


def expected_toy_ends(
    stat: Statistic, n_sigma: float, share: float, bands: Sequence[float], toys: int, seed: int
) -> Float:
    r"""Quantiles :math:`\Phi(z)` of the upper ends in data without signal, (nproblem, nband).

    The quantiles of the rise in toys belong to the expected data, and are interpolated between
    norms. Parameters as in `toy_interval`.
    """

    def of_part(which: NDArray[np.intp]) -> Float:
        part, zero = stat.take(which), np.zeros(which.size)
        search = _Search(part, zero, n_sigma**2, share, toys, seed)
        null = [(c, t, bounded_fit(t)) for c, t in toys_of(part, zero, toys, seed, stage=1)]
        far = [step_up(t, best, _RISES[-1] * n_sigma**2) + best for _, t, best in null]
        highest = np.concatenate([f.reshape(which.size, -1) for f in far], axis=1).max(axis=1)
        norms = highest[:, None] * np.linspace(0, 1, _EXPECTED_NORMS + 1) ** 2
        edge = np.stack([search.quantile(norm) for norm in norms.T], axis=1)
        ends = [_toy_ends(count, t, best, norms, edge) for count, t, best in null]
        return np.asarray(np.quantile(np.concatenate(ends, axis=1), ndtr(bands), axis=1).T)

    return in_parts(of_part, stat.slope_limit().size, toys)


def _toy_ends(count: int, toys: Statistic, best: Float, norms: Float, edge: Float) -> Float:
    """Highest accepted norms of toys, (nproblem, count), between those with known quantiles."""
    rises = [
        test_statistic(toys, best, np.repeat(norm, count), one_sided=False) for norm in norms.T
    ]
    excess = np.sqrt(np.stack(rises, axis=1)) - np.repeat(np.sqrt(edge), count, axis=0)
    size, row = norms.shape[1], np.arange(len(excess))
    last = np.minimum(size - 1 - (excess[:, ::-1] <= 0).argmax(axis=1), size - 2)
    inside, outside = excess[row, last], excess[row, last + 1]
    some = (inside <= 0) & (outside > 0)
    part = np.where(some, -inside / np.where(some, outside - inside, 1), 0)
    grid = np.repeat(norms, count, axis=0)
    ends = grid[row, last] + part * (grid[row, last + 1] - grid[row, last])
    return np.asarray(np.maximum(ends, best).reshape(-1, count))
