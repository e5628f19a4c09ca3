"""Errors of the parameters of many spectra: from the curvature, and by profiling.

The end of an interval of a parameter is where the statistic, minimised over all others, has risen
by the square of the significance. There its gradient along the others vanishes. Newton's method
solves these equations from the ellipse of the covariance. Where it fails, the interval is searched
from the best fit outwards, with all others fitted again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .descent import descend
from .statistic import Point, Spectra

__all__ = ["Errors", "hesse_covariance", "profiled_errors"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Largest correlation of parameters that the data tell apart; beyond, their errors would be rounding
# errors. At 0.999 spectra of few energies would lose theirs.
_CORRELATED = 1 - 1e-10

# Steps of Newton's method; those that end need 4 to 8.
_MOST_NEWTON = 14

# Deviation from the rise that counts as none, as a share of it: errors are right to half of it. A
# tenth costs one more step, and ten times as much shows in the fifth digit.
_ACCURACY = 1e-7

# Factor by which steps outwards grow from a third of the error, and their number: up to 1e5 errors,
# far beyond all that bins with any curvature need. A tenth of the first step finds no other ends.
_FIRST, _GROWTH, _OUTWARDS = 0.3, 1.8, 22

# Steps that narrow a bracket, and the accuracy of the significance at which they end: 1e-6 of an
# error. 24 bisect a bracket to 1e-7 at the slowest; ten times the accuracy takes 2 more, and a
# tenth shows in the fifth digit.
_NARROWING, _NARROW = 24, 1e-6

_HUGE = 1e30  # stands for an infinite rise, behind a wall


@dataclass(frozen=True, eq=False)
class Errors:
    """Profiled errors of all parameters, the norm first; (n, 1 + nfree) each.

    Parameters
    ----------
    below, above : numpy.ndarray
        Distances to the ends of the interval; NaN without an end in the range.
    """

    below: Float
    above: Float


def hesse_covariance(spectra: Spectra, values: Float, point: Point) -> Float:
    """Covariance of the norm and the parameters; NaN where the data do not determine them.

    Parameters at an end of their range count as fixed, and have NaN.
    """
    second = spectra.curvature(values, point)[1] / 2
    ends = (values <= spectra.lower) | (values >= spectra.upper)
    held = np.concatenate([point.held[:, None], ends], axis=1)
    size = np.sqrt(np.maximum(np.diagonal(second, axis1=1, axis2=2), 0))
    known = (size > 0) & ~held
    scale = np.where(known, size, 1)
    pairs = known[:, :, None] & known[:, None]
    eye = np.eye(size.shape[1], dtype=bool)
    scaled = np.where(pairs, second / scale[:, :, None] / scale[:, None], eye)
    lowest = np.linalg.eigvalsh(scaled)[:, 0]
    fine = (lowest > 1 - _CORRELATED) & (known | held).all(axis=1)
    scaled[~fine] = eye
    covariance = np.linalg.inv(scaled) / scale[:, :, None] / scale[:, None]
    return np.where(pairs & fine[:, None, None], covariance, np.nan)


def profiled_errors(
    spectra: Spectra, values: Float, point: Point, covariance: Float, n_sigma: float
) -> Errors:
    """Distances from the best fits to where the statistic has risen by ``n_sigma**2``."""
    best = np.concatenate([point.norm[:, None], values], axis=1)
    size, number = best.shape
    found = np.full((2 * size, number), np.nan)
    # both sides at once
    which, sign = np.tile(np.arange(size), 2), np.repeat([-1.0, 1.0], size)
    both = spectra.take(which)
    at = _Best(
        best[which], point.shift[which], point.value[which], point.guess()[which],
        covariance[which], n_sigma,
    )  # fmt: skip
    for i in range(number):
        steps, done = _newton(both, at, i, sign)
        found[done, i] = steps[done]
        rest = np.flatnonzero(~done)
        if rest.size:
            search = _Outwards.of(both.take(rest), at.take(rest), i, sign[rest])
            found[rest, i] = search.search()
    return Errors(found[:size], found[size:])


@dataclass(frozen=True, eq=False)
class _Best:
    """Best fits: norm and parameters (n, 1 + nfree), shift, statistic, guess and covariance."""

    values: Float
    shift: Float
    lowest: Float
    guess: Float
    covariance: Float
    n_sigma: float

    def take(self, index: NDArray[np.intp]) -> _Best:
        """Return some problems."""
        return _Best(
            self.values[index], self.shift[index], self.lowest[index], self.guess[index],
            self.covariance[index], self.n_sigma,
        )  # fmt: skip


def _newton(spectra: Spectra, best: _Best, i: int, sign: Float) -> tuple[Float, Bool]:
    """Ends of intervals from the ellipse of the covariance; and which of them are right."""
    covariance, n_sigma = best.covariance, best.n_sigma
    sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    start = best.values + (sign * n_sigma)[:, None] * covariance[:, i] / sigma[:, i, None]
    usable = np.isfinite(start).all(axis=1)
    usable &= ((start[:, 1:] > spectra.lower) & (start[:, 1:] < spectra.upper)).all(axis=1)
    step, done = np.full(len(start), np.nan), np.zeros(len(start), bool)
    todo, at = np.flatnonzero(usable), start[usable]
    others = np.flatnonzero(np.arange(start.shape[1]) != i)
    target, guess = best.lowest + n_sigma**2, best.guess.copy()
    low, high = spectra.lower, spectra.upper
    with np.errstate(all="ignore"):  # steps behind a wall are thrown away
        for _ in range(_MOST_NEWTON):
            if not todo.size:
                break
            part = spectra.take(todo)
            here = part.at(at[:, 1:], at[:, 0], best.shift[todo], guess[todo])
            guess[todo] = here.guess()
            gradient, second = part.curvature(at[:, 1:], here)
            miss = here.value - target[todo]
            move, fine = _move(miss, gradient, second, sigma[todo], others)
            longest = np.abs(move).max(axis=1)
            move *= np.minimum(1, n_sigma / np.maximum(longest, 1e-300))[:, None]
            near = fine & (np.abs(miss) < _ACCURACY * n_sigma**2) & (longest < 1e-3 * n_sigma)
            to = at + move * sigma[todo]
            distance = sign[todo] * (to[:, i] - best.values[todo, i])
            near &= distance > 0
            step[todo[near]], done[todo[near]] = distance[near], True
            inside = ((to[:, 1:] > low) & (to[:, 1:] < high)).all(axis=1)
            going = fine & ~near & inside
            todo, at = todo[going], to[going]
    return step, done


def _move(
    miss: Float, gradient: Float, second: Float, spread: Float, others: NDArray[np.intp]
) -> tuple[Float, Bool]:
    """Step of Newton's method in errors of the parameters, and where it exists.

    It leads to the rise, and to where the gradient along the others vanishes.
    """
    residual = np.concatenate([miss[:, None], gradient[:, others]], axis=1)
    matrix = np.concatenate([gradient[:, None], second[:, others]], axis=1)
    fine = np.isfinite(residual).all(axis=1) & np.isfinite(matrix).all(axis=(1, 2))
    # the others must be at a minimum, not a maximum
    fine &= np.all(np.diagonal(second, axis1=1, axis2=2)[:, others] > 0, axis=1)
    eye = np.eye(residual.shape[1])
    matrix = np.where(fine[:, None, None], matrix * spread[:, None], eye)
    fine &= np.abs(np.linalg.det(matrix)) > 0
    matrix[~fine] = eye
    return np.linalg.solve(matrix, -residual[..., None])[..., 0], fine


@dataclass(frozen=True, eq=False)
class _Outwards:
    """Search of one end of the interval of parameter `i`, for some problems."""

    spectra: Spectra
    best: _Best
    first: Float
    i: int
    sign: Float

    @classmethod
    def of(cls, spectra: Spectra, best: _Best, i: int, sign: Float) -> _Outwards:
        """Make the search; steps begin with a third of the error."""
        step = _FIRST * best.n_sigma * np.sqrt(best.covariance[:, i, i])
        here = best.values
        if i:
            usual = np.full(len(here), (spectra.upper - spectra.lower)[i - 1] / 200)
        else:
            at = spectra.at(here[:, 1:], guess=best.guess)
            with np.errstate(divide="ignore", invalid="ignore"):
                flat = 0.1 / np.sqrt(at.stat.slope(here[:, 0], 1)[1])
            usual = np.where(np.isfinite(flat), flat, 0.1 * (1 + np.abs(here[:, 0])))
        first = np.where(np.isfinite(step) & (step > 0), step, usual)
        return cls(spectra, best, first, i, sign)

    def search(self) -> Float:
        """Distances to the ends, NaN without one."""
        inside, outside = np.zeros(self.first.size), np.full(self.first.size, np.nan)
        heights = np.tile([[-self.best.n_sigma], [np.nan]], self.first.size)
        warm, step = self.best.values[:, 1:].copy(), self.first.copy()
        todo, limit = np.arange(step.size), self._limit()
        for _ in range(_OUTWARDS):
            if not todo.size:
                break
            step[todo] = np.fmin(step[todo], limit[todo])
            rise, warm[todo] = self._rise(todo, step[todo], warm[todo])
            over = rise >= 0
            outside[todo[over]], heights[1, todo[over]] = step[todo[over]], rise[over]
            inside[todo[~over]], heights[0, todo[~over]] = step[todo[~over]], rise[~over]
            todo = todo[~over & (step[todo] < limit[todo])]
            step[todo] *= _GROWTH
        self._narrow(inside, outside, heights, warm)
        return outside

    def _narrow(self, inside: Float, outside: Float, heights: Float, warm: Float) -> None:
        """Move the ends of brackets to the root, by the Illinois method on the root of the rise."""
        todo, side = np.flatnonzero(np.isfinite(outside)), np.zeros(inside.size)
        for turn in range(_NARROWING):
            if not todo.size:
                break
            low, high = heights[:, todo]
            share = -low / (high - low)
            share = np.where((share > 0) & (share < 1) & (turn % 4 < 3), share, 0.5)
            middle = inside[todo] + share * (outside[todo] - inside[todo])
            found, warm[todo] = self._rise(todo, middle, warm[todo])
            over = found >= 0
            # an end that stays twice counts half
            heights[0, todo] = np.where(over, np.where(side[todo] > 0, low / 2, low), found)
            heights[1, todo] = np.where(over, found, np.where(side[todo] < 0, high / 2, high))
            outside[todo] = np.where(over, middle, outside[todo])
            inside[todo] = np.where(over, inside[todo], middle)
            side[todo] = np.where(over, 1, -1)
            near = np.abs(found) <= _NARROW * self.best.n_sigma
            outside[todo[near]] = middle[near]
            width = outside[todo] - inside[todo]
            todo = todo[~near & (width > _NARROW * outside[todo])]

    def _limit(self) -> Float:
        """Distance to the end of the range."""
        ends = self.spectra.bounds
        if self.i:
            ends = self.spectra.lower[self.i - 1], self.spectra.upper[self.i - 1]
        end = np.where(self.sign > 0, ends[1], ends[0])
        scale = np.ones_like(end) if self.i else np.exp(self.best.shift)
        known = np.isfinite(end)
        distance = self.sign * (np.where(known, end, 0) * scale - self.best.values[:, self.i])
        return np.where(known, distance, np.inf)

    def _rise(self, which: NDArray[np.intp], step: Float, warm: Float) -> tuple[Float, Float]:
        """Root of the rise, minus the significance, with all others fitted from where they were."""
        part, near = self.spectra.take(which), self.best.guess[which]
        to = self.best.values[which, self.i] + self.sign[which] * step
        if self.i:
            values, fixed = warm.copy(), np.arange(warm.shape[1]) == self.i - 1
            values[:, self.i - 1] = to
            if fixed.all():
                return self._root(which, part.at(values, guess=near).value), values
            values, stat, _ = descend(part, values, fixed=fixed, guess=near, rough=True)
        else:
            given = to, self.best.shift[which]
            values, stat, _ = descend(part, warm, norm=given, guess=near, rough=True)
        return self._root(which, stat), values

    def _root(self, which: NDArray[np.intp], stat: Float) -> Float:
        rise = np.where(np.isfinite(stat), stat - self.best.lowest[which], _HUGE)
        return np.sqrt(np.maximum(rise, 0)) - self.best.n_sigma
