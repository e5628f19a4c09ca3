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

from .background_norm import BackgroundFit, BackgroundNorm
from .cash import TRUNCATION, Cash, change
from .newton import best_fit
from .statistic import Curve, Float, Which

__all__ = ["NuisanceCash"]

Bool = NDArray[np.bool_]

_NOISE = 1e-14  # of its parts, below which a slope or a curvature is rounding

_EQUAL = 1e-9  # relative difference of ratios that are the same

_DOUBLINGS = 60

_TINY = 1e-200  # norm or npred as good as 0


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

    def _background(self, x: Float) -> BackgroundFit:
        """Best norm of the background, with respect to the least where counts are predicted."""
        n, b, signal = self.cash.n, self.cash.b, x[:, None] * self.cash.s
        inner = Cash.of(n, b, signal)
        wall = np.maximum(-inner.wall.min(axis=1, initial=np.inf), 0)
        shift = wall[:, None]
        walls, kinks = inner.wall + shift, inner.kink - shift
        prior = BackgroundNorm(n, b, signal, walls, kinks, self._precision, 1 - wall)
        above, bound = best_fit(prior, 0.0)
        above = np.where(np.isnan(above), 1, above)
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = np.where(n > 0, walls, -kinks) + above[:, None]
            npred = np.where(b > 0, b * distance, signal)
        return BackgroundFit(wall, above, bound & (wall + above > 0), npred)

    def value(self, x: Float) -> Float:
        """Statistic at one norm for each problem."""
        norm = self._background(x).norm
        scaled = replace(self.cash, b=norm[:, None] * self.cash.b)
        return scaled.value(x) + (norm - 1) ** 2 * self._precision

    def rise(self, x: Float, to: Float) -> Float:
        """C(to) - C(x), exact also where it is small beside C."""
        return self._rise(self._background(x), self._background(to), to - x)

    def _rise(
        self, before: BackgroundFit, after: BackgroundFit, step: Float, least: float = TRUNCATION
    ) -> Float:
        moved = (after.wall - before.wall) + (after.above - before.above)
        by_signal, by_norm = step[:, None] * self.cash.s, moved[:, None] * self.cash.b
        difference = np.where(  # whichever rounding costs less
            np.abs(by_signal) + np.abs(by_norm) < np.abs(before.npred) + np.abs(after.npred),
            by_signal + by_norm,
            after.npred - before.npred,
        )
        risen = change(self.cash.n, before.npred, after.npred, difference, least)
        return risen + moved * (after.norm + before.norm - 2) * self._precision

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature of C / 2, those along the best background norms."""
        if side < 0:  # on the left of 0 the background norm may be on kinks that start there
            x = np.where(x == 0, -_TINY, x)
        best, (n, s, b) = self._background(x), (self.cash.n, self.cash.s, self.cash.b)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where((n > 0) & (best.npred > 0), 1 / best.npred, 0)
        grows, pull = self._grows(x, best, side), n * rate
        free, slides, curvature = self._follow(x, best, n * rate**2)
        prior = (best.norm - 1) * self._precision
        held = self._held(best, grows, pull, prior)
        moves = np.where(held[:, None] < 0, s, s - free[:, None] * b)
        against = np.where(held < 0, slides * held, free * prior)
        slope = (moves * (grows - pull)).sum(axis=1) - against
        size = (np.abs(moves) * (grows + pull)).sum(axis=1) + np.abs(against)
        slope[np.abs(slope) < _NOISE * size] = 0
        slope[self._beyond(x)] = -np.inf
        return slope, curvature

    def _grows(self, x: Float, best: BackgroundFit, side: int) -> Bool:
        """Whether the npred of a fine bin is positive, or becomes so at once on that side."""
        cash = self.cash
        edge = (x == 0)[:, None] & ((cash.b == 0) | (best.norm == 0)[:, None])
        return np.asarray((cash.n > 0) | (best.npred > 0) | (edge & (side >= 0)))

    def _held(self, best: BackgroundFit, grows: Bool, pull: Float, prior: Float) -> Float:
        """Slope along a norm of the background that slides, up to 0; an empty fine bin holds it."""
        n, b = self.cash.n, self.cash.b
        slope = (b * (grows - pull)).sum(axis=1) + prior
        size = (b * (grows + pull)).sum(axis=1) + (best.norm + 1) * self._precision
        most = (b * ((n == 0) & (best.npred == 0))).sum(axis=1)
        held = best.sliding & (np.abs(slope) >= _NOISE * size)
        return np.where(held, np.clip(slope, -most, 0), 0)

    def _follow(self, x: Float, best: BackgroundFit, second: Float) -> tuple[Float, Float, Float]:
        """How fast the best norm of the background falls with x, if free, and if it slides.

        Last the curvature.
        """
        s, b = self.cash.s, self.cash.b
        xx, xb = (s * s * second).sum(axis=1), (s * b * second).sum(axis=1)
        bb = (b * b * second).sum(axis=1) + self._precision
        free = np.divide(xb, bb, out=np.zeros_like(xb), where=(bb > 0) & (best.norm > 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            slides = np.where(best.sliding, -best.norm / x, 0)
        follow = np.where(best.sliding, slides, free)
        moves = s - follow[:, None] * b
        curvature = (moves**2 * second).sum(axis=1) + follow**2 * self._precision
        return free, slides, np.where(curvature > _NOISE * xx, curvature, 0)

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
        """0 where empty fine bins have no background; others are not known beforehand."""
        cash = self.cash
        bare = ((cash.n == 0) & (cash.s > 0) & (cash.b == 0)).any(axis=1)
        return np.where(bare, 0.0, -np.inf)[:, None]

    def along(self, x: Float, sign: int, *, kinks: bool = True) -> Curve:
        """Rise over a step from x and its derivative."""
        before = self._background(x)

        def evaluate(step: Float) -> tuple[Float, Float]:
            to = x + sign * step
            risen = self._rise(before, self._background(to), sign * step, _TINY)
            return risen, np.maximum(2 * sign * self.slope(to, sign)[0], risen / step)  # convex

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
        return np.asarray(np.maximum(self._background(x).npred, 0).sum(axis=1))

    def background(self, x: Float) -> Float:
        """Predicted background counts, with the best norm of the background."""
        return self._background(x).norm * self.cash.background(x)

    def asimov(self) -> Curve:
        """Test statistic of the counts expected at a norm, with the best background without it."""
        s, known, p = self.cash.s, self.cash.b > 0, self._precision
        b = np.where(known, self.cash.b, TRUNCATION)
        total = self.cash.b.sum(axis=1)
        free = (total > 0) | (p > 0)
        g = np.where(free, total - p, 1)

        def evaluate(x: Float) -> tuple[Float, Float]:
            n = x[:, None] * s + b
            counts = np.where(free, n.sum(axis=1, where=known), 1)
            size = np.abs(g) + np.sqrt(g**2 + 4 * p * counts)
            norm = 2 * counts / size  # solves p norm^2 + g norm = counts
            if p:
                norm = np.where(g > 0, norm, size / (2 * p))
            grown = np.where(known, norm[:, None] * b, b)
            ratio = (n - grown) / grown
            log = np.where(ratio > -0.5, np.log1p(np.maximum(ratio, -0.5)), np.log(n / grown))
            value = 2 * (grown - n + n * log).sum(axis=1) + (norm - 1) ** 2 * p
            return value, np.maximum(2 * (s * log).sum(axis=1), value / x)  # convex

        return evaluate

    def asimov_reach(self, level: float) -> Float:
        """As for a known background, which is below the root; NaN where a free one is no other."""
        reach = self.cash.asimov_reach(level)
        least, most = self._ratios(self.cash.b >= 0)
        same = np.isfinite(most) & (most <= least * (1 + _EQUAL)) & (not self._precision)
        return np.where(same, np.nan, reach)
