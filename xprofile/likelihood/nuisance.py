r"""The Cash statistic with an uncertain norm of the background, which is profiled out.

.. math:: P(x) = \min_{\beta \ge 0} 2 \sum_k [\mu_k - n_k \ln \mu_k] + (\beta - 1)^2 / w^2,
    \qquad \mu_k = \max(x S_k + \beta b_k, 0)

with one norm :math:`\beta` for all fine bins of a problem. The width w is the relative systematic
uncertainty of the background; it is infinite for a free background. :math:`P` is convex in x,
because it is the minimum over :math:`\beta` of a function that is convex in both. `background_norm`
fits :math:`\beta` at each x.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from .background_norm import NOISE, BackgroundFit, fit_background
from .cash import TRUNCATION, Cash, cash_change
from .statistic import Bool, Curve, Draws, Float, ProblemIndex

__all__ = ["NuisanceCash"]

# Relative difference up to which ratios of signal to background count as equal: the accuracy to
# which a model is integrated. At 1e-8 some lower ends that exist become NaN, because spectra that
# differ so little count as equal. Much below 1e-9 two ways to compute one spectrum could differ,
# and a lower end would come from that error.
_EQUAL = 1e-9

# Steps that widen a bracket, each 8 times as long as the last. 60 reach 1e54 times the first width,
# more than any ratio of signals; 6 miss the minimum of some random problems, 600 change nothing.
_WIDENINGS = 60

# Norm or npred that stands for 0 where a logarithm or a side of 0 needs a number. It must be far
# below every real norm and npred (1e-36 in the tests): 1e-199 changes nothing, 1e-20 gives wrong
# fits.
_TINY = 1e-200


@dataclass(frozen=True, eq=False)
class NuisanceCash:
    """The minimum of the Cash statistic over the norm of the background.

    Parameters
    ----------
    cash : Cash
        The problems with the predicted background.
    width : float
        Relative systematic uncertainty of the background; inf leaves its norm free.
    centre : float or numpy.ndarray
        Norm of the background that the uncertainty is around, (nproblem,). It is 1 for data; toys
        draw it, as if the background had been measured again.
    """

    cash: Cash
    width: float
    centre: Float | float = 1.0

    slope_is_concave = False

    @property
    def _precision(self) -> float:
        return self.width**-2

    def take(self, index: ProblemIndex) -> Self:
        """Return the statistic of the selected problems."""
        centre = self.centre[index] if isinstance(self.centre, np.ndarray) else self.centre
        return type(self)(self.cash.take(index), self.width, centre)

    def _fit_background(self, x: Float) -> BackgroundFit:
        return fit_background(self.cash, x, self._precision, self.centre)

    def value(self, x: Float) -> Float:
        """Statistic at one norm for each problem."""
        norm = self._fit_background(x).norm
        scaled = replace(self.cash, b=norm[:, None] * self.cash.b)
        return scaled.value(x) + (norm - self.centre) ** 2 * self._precision

    def rise(self, x: Float, to: Float) -> Float:
        """C(to) - C(x), exact even if it is much smaller than C."""
        return self.rise_between(self._fit_background(x), self._fit_background(to), to - x)

    def rise_between(
        self,
        before: BackgroundFit,
        after: BackgroundFit,
        step: Float,
        npred_min: float = TRUNCATION,
    ) -> Float:
        """Change of the statistic between two fits of the background, for a step in x."""
        moved = (after.wall - before.wall) + (after.above_wall - before.above_wall)
        s, b = self.cash.s, self.cash.b
        by_signal, by_norm = step[:, None] * s, moved[:, None] * b
        # of two forms, the one with the smaller rounding error; where much signal and background
        # cancel, the norms have lost digits, and so has npred unless it is measured from the wall
        lost = np.abs(after.x)[:, None] * s / 2 + after.wall[:, None] * b
        difference = np.where(
            np.abs(by_signal) + np.abs(by_norm) + np.where(before.at_wall & after.at_wall, lost, 0)
            < np.abs(before.npred) + np.abs(after.npred),
            by_signal + by_norm,
            after.npred - before.npred,
        )
        risen = cash_change(self.cash.n, before.npred, after.npred, difference, npred_min)
        return risen + moved * (after.norm + before.norm - 2 * self.centre) * self._precision

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature of C / 2, along the best norms of the background."""
        if side < 0:  # left of 0 the best norm of the background may be on kinks that start at 0
            x = np.where(x == 0, -_TINY, x)
        best, (n, s, b) = self._fit_background(x), (self.cash.n, self.cash.s, self.cash.b)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where((n > 0) & (best.npred > 0), 1 / best.npred, 0)
        grows, pull, second = best.grows(side), n * rate, n * rate**2
        free, moves = best.fall_rate(second)
        sliding, held = best.sliding_rate(), best.held_slope(grows, pull)
        along = np.where(held[:, None] < 0, s, moves)
        against = np.where(held < 0, sliding * held, free * best.prior_slope)
        slope = (along * (grows - pull)).sum(axis=1) - against
        size = (np.abs(along) * (grows + pull)).sum(axis=1) + np.abs(against)
        slope[np.abs(slope) < NOISE * size] = 0
        slope[self._beyond_wall(x)] = -np.inf
        slides = best.sliding[:, None]
        fall = np.where(best.sliding, sliding, free)
        moves = np.where(slides, s - np.where(best.sliding, sliding, 0)[:, None] * b, moves)
        return slope, (moves**2 * second).sum(axis=1) + fall**2 * self._precision

    def _beyond_wall(self, x: Float) -> Bool:
        """Whether counts in a fine bin without background have no signal left."""
        return np.asarray((x <= 0) & ~self._without_background().never_rises(-1))

    def _without_background(self) -> Cash:
        """Fine bins without background: no norm of the background changes them."""
        cash = self.cash
        bare = cash.b == 0
        return Cash.from_counts(np.where(bare, cash.n, 0), np.where(bare, cash.s, 0), cash.b)

    def slope_limit(self) -> Float:
        """Sum of the signal: the slope if no counts pull on it."""
        return self.cash.slope_limit()

    def newton_start(self, slope_limit: Float) -> Float:
        """-inf: unknown."""
        return np.full_like(slope_limit, -np.inf)

    def bracket(self) -> tuple[Float, Float]:
        """Norm at which the slope is not positive, and norm at which no fine bin's is negative."""
        low, _ = self.cash.bracket()
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.cash.n / self.cash.s
        high = ratio.max(axis=1, initial=-np.inf, where=self.cash.s > 0)
        todo = np.flatnonzero(np.isfinite(low))
        width = np.maximum(high - low, np.abs(low))
        for _ in range(_WIDENINGS):
            todo = todo[self.take(todo).slope(low[todo], +1)[0] > 0]
            if not todo.size:
                break
            low[todo] -= width[todo]
            width[todo] *= 8
        return low, high

    def kinks(self) -> Float:
        """0 if an empty fine bin has no background. Other kinks are not known beforehand."""
        cash = self.cash
        bare = ((cash.n == 0) & (cash.s > 0) & (cash.b == 0)).any(axis=1)
        return np.where(bare, 0.0, -np.inf)[:, None]

    def rise_along(self, x: Float, sign: int, *, kinks: bool = True) -> Curve:
        """Return the rise over a step from x and its derivative."""
        before = self._fit_background(x)

        def evaluate(step: Float) -> tuple[Float, Float]:
            to = x + sign * step
            risen = self.rise_between(before, self._fit_background(to), sign * step, _TINY)
            # a convex function is nowhere less steep than its mean slope so far
            return risen, np.maximum(2 * sign * self.slope(to, sign)[0], risen / step)

        return evaluate

    def step_bound(self, x: Float, rise: float, sign: int) -> Float:
        """Step over which counts without background raise C by `rise` above its tangent."""
        return self._without_background().step_bound(x, rise, sign)

    def never_rises(self, sign: int) -> Bool:
        """As for a known background. Downwards also if a free one can replace the signal."""
        if sign > 0 or self._precision:
            return self.cash.never_rises(sign)
        return np.asarray(self.cash.never_rises(sign) | self._replaceable(self.cash.n > 0))

    def _replaceable(self, which: Bool) -> Bool:
        """Whether a free background can replace the signal in the selected fine bins.

        It can if none of them has a larger ratio of signal to background than any fine bin.
        """
        cash = self.cash
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = cash.s / cash.b
        known = (cash.s > 0) | (cash.b > 0)
        smallest = ratio.min(axis=1, initial=np.inf, where=known)
        largest = ratio.max(axis=1, initial=-np.inf, where=known & which)
        return np.asarray(np.isfinite(largest) & (largest <= smallest * (1 + _EQUAL)))

    def npred(self, x: Float) -> Float:
        """Predicted counts."""
        return np.asarray(np.maximum(self._fit_background(x).npred, 0).sum(axis=1))

    def npred_background(self, x: Float) -> Float:
        """Predicted background counts with the best norm of the background."""
        return self._fit_background(x).norm * self.cash.npred_background(x)

    def asimov_ts(self) -> Curve:
        """Return the test statistic of the counts expected at a norm.

        The background without signal is the one that fits these counts best.
        """
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
            return value, np.maximum(2 * (s * log).sum(axis=1), value / x)  # as in `rise_along`

        return evaluate

    def asimov_start(self, ts: float) -> Float:
        """As for a known background, below the solution; NaN if a free one replaces all signal."""
        hidden = self._replaceable(self.cash.b >= 0) & (not self._precision)
        return np.where(hidden, np.nan, self.cash.asimov_start(ts))

    def expected_data(self, x: Float) -> Self:
        """Return the statistic of the counts expected at a norm, around the best background."""
        best = self._fit_background(x)
        cash = Cash.from_counts(np.maximum(best.npred, 0), self.cash.s, self.cash.b)
        return type(self)(cash, self.width, best.norm)

    def drawn(self, draws: Draws) -> Self:
        """Return the statistic of toys, which measure the background again if it is uncertain."""
        cash = self.cash.drawn(draws)
        if not self._precision:
            return type(self)(cash, self.width)
        return type(self)(
            cash,
            self.width,
            draws.normal(np.broadcast_to(self.centre, len(self.cash.n)), self.width),
        )
