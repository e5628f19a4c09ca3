"""Searches of the ends of intervals, from the best fits outwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..descent import descend
from ..statistic import Spectra
from .ends import Best, find_ends

__all__ = ["Outwards"]

Float = NDArray[np.float64]

# Factor by which steps outwards grow from a third of the error, and their number: up to 1e5 errors,
# far beyond all that bins with any curvature need. A tenth of the first step finds no other ends.
_FIRST, _GROWTH, _OUTWARDS = 0.3, 1.8, 22

# Steps that narrow a bracket, and the accuracy of the significance at which they end: 1e-6 of an
# error. 24 bisect a bracket to 1e-7 at the slowest; ten times the accuracy takes 2 more, and a
# tenth shows in the fifth digit.
_NARROWING, _NARROW = 24, 1e-6

_HUGE = 1e30  # stands for an infinite rise, behind a wall


@dataclass(frozen=True, eq=False)
class Outwards:
    """Search of one end of the interval of parameter `i`, for some problems."""

    spectra: Spectra
    best: Best
    first: Float
    i: int
    sign: Float

    @classmethod
    def of(cls, spectra: Spectra, best: Best, i: int, sign: Float) -> Outwards:
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
        before = warm.copy()  # the parameters at the inner end
        todo, limit = np.arange(step.size), self._limit()
        for _ in range(_OUTWARDS):
            if not todo.size:
                break
            step[todo] = np.fmin(step[todo], limit[todo])
            rise, warm[todo] = self._rise(todo, step[todo], warm[todo])
            over = rise >= 0
            outside[todo[over]], heights[1, todo[over]] = step[todo[over]], rise[over]
            todo, rise = todo[~over], rise[~over]
            inside[todo], heights[0, todo], before[todo] = step[todo], rise, warm[todo]
            todo = todo[step[todo] < limit[todo]]
            step[todo] *= _GROWTH
        todo = np.flatnonzero(np.isfinite(outside))
        if not self.i or warm.shape[1] > 1:  # otherwise no parameter is fitted again
            todo = self._between(todo, inside, outside, heights, before, warm)
        self._narrow(todo, inside, outside, heights, warm)
        return outside

    def _between(
        self, index: NDArray[np.intp], inside: Float, outside: Float, heights: Float,
        before: Float, warm: Float,
    ) -> NDArray[np.intp]:  # fmt: skip
        """Move outer ends of brackets to the root, from the way between both; return the others."""
        low, high = heights[:, index]
        share = np.clip(-low / (high - low), 0.05, 0.95)
        distance = inside[index] + share * (outside[index] - inside[index])
        part, some, sign = self.spectra.take(index), self.best.take(index), self.sign[index]
        others = before[index] + share[:, None] * (warm[index] - before[index])
        start = np.column_stack([some.values[:, 0], others])
        start[:, self.i] = some.values[:, self.i] + sign * distance
        if self.i:
            point = part.at(start[:, 1:], guess=some.guess)
            start[:, 0] = point.norm * np.exp(some.shift - point.shift)
        spread = np.tile((outside[index] / some.n_sigma)[:, None], (1, start.shape[1]))
        bracket = inside[index], outside[index]
        found, done = find_ends(part, some, self.i, sign, start, spread, bracket)
        outside[index[done]] = found[done]
        return index[~done]

    def _narrow(
        self,
        todo: NDArray[np.intp],
        inside: Float,
        outside: Float,
        heights: Float,
        warm: Float,
    ) -> None:
        """Move the ends of brackets to the root, by the Illinois method on the root of the rise."""
        side = np.zeros(inside.size)
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
