r"""The Cash statistic with a norm of the background that is profiled out.

.. math:: P(x) = \min_{\beta \ge 0} 2 \sum_k [\mu_k - n_k \ln \mu_k] + (\beta - 1)^2 / w^2,
    \qquad \mu_k = \max(x S_k + \beta b_k, 0)

with one norm :math:`\beta` for the fine bins of a problem, and a width w that is the relative
systematic uncertainty of the background, or infinite. :math:`P` is convex in x, for it is the
minimum of a function convex in both. The background norm of one x is itself a best fit of the Cash
statistic, with the roles of signal and background exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .cash import TRUNCATION, Cash, change
from .fit import best_fit
from .statistic import Curve, Float, Which

__all__ = ["NuisanceCash"]

Bool = NDArray[np.bool_]

_NOISE = 1e-13  # of the signal; slopes below are rounding
_RESOLUTION = 4e-16  # of the parts of npred, below which rounding decides
_EQUAL = 1e-9  # relative difference of ratios that are the same
_DOUBLINGS = 60


@dataclass(frozen=True, eq=False)
class NuisanceCash:
    """The Cash statistic of problems, least over a background norm.

    Parameters
    ----------
    cash : Cash
        The problems with the background as it is predicted.
    width : float
        Relative systematic uncertainty of the background; inf leaves its norm free.
    """

    cash: Cash
    width: float

    concave = False

    @property
    def _precision(self) -> float:
        return self.width**-2

    def take(self, which: Which) -> Self:
        """Return some of the problems."""
        return type(self)(self.cash.take(which), self.width)

    def background_norm(self, x: Float) -> tuple[Float, Bool]:
        """Best norm of the background, and whether it is on the kink of an empty fine bin."""
        cash = self.cash
        inner = _BackgroundNorm.of(cash.n, cash.b, x[:, None] * cash.s)
        norm, bound = best_fit(replace(inner, precision=self._precision), 0.0)
        return np.where(np.isnan(norm), 1, norm), bound & (norm > 0)

    def _npred(self, x: Float, norm: Float) -> Float:
        return x[:, None] * self.cash.s + norm[:, None] * self.cash.b

    def value(self, x: Float) -> Float:
        """Statistic at one norm for each problem."""
        norm = self.background_norm(x)[0]
        scaled = replace(self.cash, b=norm[:, None] * self.cash.b)
        return scaled.value(x) + (norm - 1) ** 2 * self._precision

    def rise(self, x: Float, to: Float) -> Float:
        """C(to) - C(x), exact also where it is small beside C."""
        return self._rise(x, self.background_norm(x)[0], to)

    def _rise(self, x: Float, norm: Float, to: Float) -> Float:
        moved = self.background_norm(to)[0]
        difference = self._npred(to - x, moved - norm)
        risen = change(self.cash.n, self._npred(x, norm), self._npred(to, moved), difference)
        return risen + (moved - norm) * (moved + norm - 2) * self._precision

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature of C / 2, those along the best background norms."""
        norm, sliding = self.background_norm(x)
        n, s, b = self.cash.n, self.cash.s, self.cash.b
        mu, resolved = self._npred(x, norm), _RESOLUTION * self._npred(np.abs(x), norm)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where((n > 0) & (s + b > 0), 1 / np.maximum(mu, resolved), 0)
            share = np.where(sliding, -norm / x, 0)  # s / b of the fine bin that stays empty
        weight = np.where(self._grows(x, norm, side), 1, 0) - n * rate
        along_x, along_b = (s * weight).sum(axis=1), (b * weight).sum(axis=1)
        along_b += (norm - 1) * self._precision
        slope = along_x - share * along_b
        slope[np.abs(slope) < _NOISE * s.sum(axis=1)] = 0
        slope[self._beyond(x)] = -np.inf
        return slope, self._curvature(n * rate**2, norm, sliding, share)

    def _grows(self, x: Float, norm: Float, side: int) -> Bool:
        """Whether the npred of a fine bin is positive, or becomes so at once on that side."""
        cash, at = self.cash, x[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            above = -(at * cash.s) / cash.b < norm[:, None]
        edge = (at == 0) & ((cash.b == 0) | (norm[:, None] == 0))
        return np.asarray((cash.n > 0) | above | (edge & (side >= 0)))

    def _curvature(self, second: Float, norm: Float, sliding: Bool, share: Float) -> Float:
        s, b = self.cash.s, self.cash.b
        xx, xb = (s * s * second).sum(axis=1), (s * b * second).sum(axis=1)
        bb = (b * b * second).sum(axis=1) + self._precision
        best = np.divide(xb, bb, out=np.zeros_like(xb), where=(bb > 0) & (norm > 0))
        follow = np.where(sliding, share, best)
        return np.asarray(np.maximum(xx - 2 * follow * xb + follow**2 * bb, 0))

    def _beyond(self, x: Float) -> Bool:
        """Whether counts without any background have no signal left."""
        return np.asarray((x <= 0) & ~self._bare().never(-1))

    def _bare(self) -> Cash:
        """What no norm of the background changes: fine bins without any."""
        cash = self.cash
        bare = cash.b == 0
        return Cash.of(np.where(bare, cash.n, 0), np.where(bare, cash.s, 0), cash.b)

    def steepest(self) -> Float:
        """Slope that is never exceeded."""
        return self.cash.steepest()

    def start(self, steepest: Float) -> Float:
        """Not known."""
        return np.full_like(steepest, -np.inf)

    def bracket(self) -> tuple[Float, Float]:
        """From where the slope is not positive to where every fine bin's alone is not negative."""
        low, _ = self.cash.bracket()
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.cash.n / self.cash.s
        high = ratio.max(axis=1, initial=-np.inf, where=self.cash.s > 0)
        todo = np.flatnonzero(np.isfinite(low))
        width = np.maximum(high - low, np.abs(low))
        for _ in range(_DOUBLINGS):
            todo = todo[self.take(todo).slope(low[todo], +1)[0] > 0]
            if not todo.size:
                break
            low[todo] -= width[todo]
            width[todo] *= 8
        return low, high

    def kinks(self) -> Float:
        """None that are known beforehand."""
        return np.full((len(self.cash.n), 1), -np.inf)

    def along(self, x: Float, sign: int, *, kinks: bool = True) -> Curve:
        """Rise over a step from x and its derivative."""
        norm = self.background_norm(x)[0]

        def evaluate(step: Float) -> tuple[Float, Float]:
            to = x + sign * step
            return self._rise(x, norm, to), 2 * sign * self.slope(to, sign)[0]

        return evaluate

    def reach(self, x: Float, level: float, sign: int) -> Float:
        """Step over which counts without any background raise C by `level` above its tangent."""
        return self._bare().reach(x, level, sign)

    def never(self, sign: int) -> Bool:
        """As for a known background, and downwards where a free one can take the signal's place.

        It can where no fine bin has less signal for its background than those with counts.
        """
        if sign > 0 or self._precision:
            return self.cash.never(sign)
        least, most = self._ratios(self.cash.n > 0)
        same = np.isfinite(most) & (most <= least * (1 + _EQUAL))
        return np.asarray(self.cash.never(sign) | same)

    def _ratios(self, which: Bool) -> tuple[Float, Float]:
        """Least signal / background of all fine bins, and greatest of some."""
        cash = self.cash
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = cash.s / cash.b
        known = (cash.s > 0) | (cash.b > 0)
        least = ratio.min(axis=1, initial=np.inf, where=known)
        return least, ratio.max(axis=1, initial=-np.inf, where=known & which)

    def npred(self, x: Float) -> Float:
        """Predicted counts."""
        return np.asarray(np.maximum(self._npred(x, self.background_norm(x)[0]), 0).sum(axis=1))

    def background(self, x: Float) -> Float:
        """Predicted background counts, with the best norm of the background."""
        return self.background_norm(x)[0] * self.cash.background(x)

    def asimov(self) -> Curve:
        """Test statistic of the counts expected at a norm, with the best background without it."""
        s, b = self.cash.s, np.maximum(self.cash.b, TRUNCATION)
        total, p = b.sum(axis=1), self._precision

        def evaluate(x: Float) -> tuple[Float, Float]:
            n = x[:, None] * s + b
            counts = n.sum(axis=1)
            g = total - p  # beta solves p beta^2 + g beta = counts
            root = np.sqrt(g**2 + 4 * p * counts)
            norm = (
                2 * counts / (g + root)
                if p == 0
                else np.where(g > 0, 2 * counts / (g + root), (root - g) / (2 * p))
            )
            grown = norm[:, None] * b
            log = np.log1p((n - grown) / grown)
            value = (grown - n + n * log).sum(axis=1)
            return 2 * value + (norm - 1) ** 2 * p, 2 * (s * log).sum(axis=1)

        return evaluate

    def asimov_reach(self, level: float) -> Float:
        """As for a known background, which is below the root; NaN where a free one is no other."""
        reach = self.cash.asimov_reach(level)
        least, most = self._ratios(self.cash.b >= 0)
        same = (most <= least * (1 + _EQUAL)) & (not self._precision)
        return np.where(same, np.nan, reach)


@dataclass(frozen=True, eq=False)
class _BackgroundNorm(Cash):
    """The Cash statistic as a function of the background norm, with a Gaussian prior round 1."""

    precision: float = 0.0

    def take(self, which: Which) -> Self:
        return replace(super().take(which), precision=self.precision)

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        slope, curvature = super().slope(x, side)
        return slope + (x - 1) * self.precision, curvature + self.precision

    def start(self, steepest: Float) -> Float:
        """Highest norm at which the pull of one fine bin outweighs all slopes and the prior."""
        if not self.precision:
            return super().start(steepest)
        p = self.precision
        g = steepest[:, None] - p * (self.wall + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            root = np.sqrt(g**2 + 4 * p * self.n)
            alone = np.where(g > 0, 2 * self.n / (g + root), (root - g) / (2 * p)) - self.wall
        alone = np.where(np.isfinite(self.wall), alone, -np.inf)
        return np.maximum(self._off_wall(alone.max(axis=1, initial=-np.inf)), 1 - steepest / p)
