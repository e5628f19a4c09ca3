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
from ..statistic import Float, Statistic
from .roots import false_position
from .toys import bounded_fit, in_parts, test_statistic, toys_of

__all__ = ["expected_toy_ends", "toy_interval"]

# Rises, in units of that of the usual interval, at which ends are looked for first. Quantiles of
# toys are 0.2 (at norm 0, at low confidence) to 1.6 (few counts) of the usual one. With few counts,
# norms may be accepted beyond others that are not: steps of 0.05 n sigma find them where counts
# change the quantile by one. With steps of 0.5, ends are up to 7 % too low; 0.005 takes ten times
# as long.
_RISES = tuple(np.linspace(0.3, 1.3, 21) ** 2)

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
        observed = np.sqrt(test_statistic(self.stat, self.best, x, one_sided=False))
        quantile = np.sqrt(self.quantile(x))
        found = observed - quantile
        same = found <= _EQUAL * (observed + quantile)
        return np.where(same, np.minimum(found, -_EQUAL), found)

    def quantile(self, x: Float) -> Float:
        """Quantile of the rise in toys of norms x."""
        rises = []
        for count, toys in toys_of(self.stat, x, self.toys, self.seed):
            q = test_statistic(toys, bounded_fit(toys), np.repeat(x, count), one_sided=False)
            rises.append(q.reshape(x.size, count))
        last = min(int(np.ceil(self.share * self.toys)), self.toys) - 1
        found = np.partition(np.concatenate(rises, axis=1), last, axis=1)
        return np.asarray(found[:, last])

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
        inner, inside = self.best, np.full_like(self.best, -1.0)
        outer, outside = np.full_like(inner, np.nan), np.full_like(inner, np.nan)
        rises = [factor * self.rise for factor in _RISES]
        rises += [rises[-1] * _GROWTH ** (k + 1) for k in range(_GROWINGS)]
        for number, rise in enumerate(rises):
            x = norm_at(rise)
            excess = self.excess(x)
            accepted = excess <= 0
            first = ~accepted & np.isnan(outer)
            outer, outside = np.where(first, x, outer), np.where(first, excess, outside)
            inner, inside = np.where(accepted, x, inner), np.where(accepted, excess, inside)
            outer, outside = (np.where(accepted, np.nan, v) for v in (outer, outside))
            if number + 1 >= len(_RISES) and not accepted.any():
                break
        outer, outside = np.where(np.isnan(outer), inner, outer), np.nan_to_num(outside)
        return false_position(self.excess, (inner, inside), (outer, outside), _STEPS)


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
