r"""The best norm of an uncertain background at a given norm of the signal.

The norm :math:`\beta` multiplies the background of all fine bins of a problem. At a fixed norm of
the signal, the statistic is a Cash statistic of :math:`\beta` in which the background takes the
place of the signal, plus :math:`(\beta - 1)^2 / w^2`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from .cash import Cash
from .newton import best_fit
from .statistic import Bool, Curve, Float, ProblemIndex

__all__ = ["NOISE", "BackgroundCash", "BackgroundFit", "fit_background"]

# Slopes and curvatures below this share of their terms are rounding errors: 45 times the spacing of
# double precision, for sums over up to a hundred fine bins. At 1e-13 real slopes are lost and best
# fits move by 1e-8 of their error, at 1e-12 by 1e-7. At 1e-16 rounding errors would count as
# slopes.
NOISE = 1e-14


@dataclass(frozen=True, eq=False)
class BackgroundFit:
    """Best norm of the background at one norm of the signal.

    Parameters
    ----------
    cash : Cash
        The problems with the background at norm 1.
    x : numpy.ndarray
        Norm of the signal.
    precision : float
        1 / w^2 of the relative systematic uncertainty w of the background, 0 if it is free.
    centre : float or numpy.ndarray
        Norm of the background that the uncertainty is around.
    wall : numpy.ndarray
        Smallest norm of the background that leaves npred to all counts; 0 or larger.
    above_wall : numpy.ndarray
        Distance of the best norm from the wall.
    sliding : numpy.ndarray of bool
        Whether the best norm is on a kink, where the npred of an empty fine bin reaches 0. The kink
        moves with the norm of the signal.
    npred : numpy.ndarray
        Predicted counts, (nproblem, nbin); they may be negative.
    at_wall : numpy.ndarray of bool
        Whether the npred of a fine bin reaches 0 at the wall, (nproblem, nbin), so that it is known
        without a difference of signal and background.
    """

    cash: Cash
    x: Float
    precision: float
    centre: Float | float
    wall: Float
    above_wall: Float
    sliding: Bool
    npred: Float
    at_wall: Bool

    @property
    def norm(self) -> Float:
        """Best norm of the background."""
        return self.wall + self.above_wall

    @property
    def prior_slope(self) -> Float:
        """Slope of the prior along the norm of the background."""
        return (self.norm - self.centre) * self.precision

    def grows(self, side: int) -> Bool:
        """Whether the npred of a fine bin is positive, or becomes so at once on that side."""
        cash = self.cash
        edge = (self.x == 0)[:, None] & ((cash.b == 0) | (self.norm == 0)[:, None])
        return np.asarray((cash.n > 0) | (self.npred > 0) | (edge & (side >= 0)))

    def held_slope(self, grows: Bool, pull: Float) -> Float:
        """Slope along a sliding norm, which an empty fine bin holds on its kink; 0 or negative.

        `grows` and `pull` (counts / npred) are those of the fine bins.
        """
        n, b = self.cash.n, self.cash.b
        slope = (b * (grows - pull)).sum(axis=1) + self.prior_slope
        size = (b * (grows + pull)).sum(axis=1) + (self.norm + np.abs(self.centre)) * self.precision
        most = (b * ((n == 0) & (self.npred == 0))).sum(axis=1)
        held = self.sliding & (np.abs(slope) >= NOISE * size)
        return np.where(held, np.clip(slope, -most, 0), 0)

    def fall_rate(self, second: Float) -> tuple[Float, Float]:
        """Decrease of the best norm per unit of x where nothing holds it, and change of all npred.

        `second` is the second derivative of C / 2 with respect to npred. The change, (nproblem,
        nbin), is exact where signal and background almost cancel: the decrease is a sum of the one
        that keeps the npred of the fine bin with the most weight, and a rest.
        """
        s, b, row = self.cash.s, self.cash.b, np.arange(self.x.size)
        weight = b * b * second
        most = weight.argmax(axis=1)
        bb = weight.sum(axis=1) + self.precision
        leads = (weight[row, most] > self.precision) & (self.norm > 0)
        first = np.divide(s[row, most], b[row, most], out=np.zeros_like(bb), where=leads)
        change = s - first[:, None] * b
        change[np.abs(change) < NOISE * s] = 0
        change[row[leads], most[leads]] = 0
        pull = (change * b * second).sum(axis=1) - first * self.precision
        rest = np.divide(pull, bb, out=np.zeros_like(bb), where=(bb > 0) & (self.norm > 0))
        return first + rest, change - rest[:, None] * b

    def sliding_rate(self) -> Float:
        """Decrease of the best norm per unit of x where it slides."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.sliding, -self.norm / self.x, 0)


def fit_background(
    cash: Cash, x: Float, precision: float, centre: Float | float = 1.0
) -> BackgroundFit:
    """Fit the norm of the background at norms x of the signal.

    The fit is relative to the wall, so that a best norm close to it keeps its digits.
    """
    n, b, signal = cash.n, cash.b, x[:, None] * cash.s
    inner = Cash.from_counts(n, b, signal)
    wall = np.maximum(-inner.wall.min(axis=1, initial=np.inf), 0)
    shift = wall[:, None]
    walls, kinks = inner.wall + shift, inner.kink - shift
    from_centre = BackgroundCash(n, b, signal, walls, kinks, precision, centre - wall)
    above, on_kink = best_fit(from_centre, 0.0)
    above = np.where(np.isnan(above), np.maximum(centre, 0), above)
    from_wall = np.where(n > 0, walls, -kinks)
    with np.errstate(divide="ignore", invalid="ignore"):
        npred = np.where(b > 0, b * (from_wall + above[:, None]), signal)
    sliding, at_wall = on_kink & (wall + above > 0), (from_wall == 0) & (wall > 0)[:, None]
    return BackgroundFit(cash, x, precision, centre, wall, above, sliding, npred, at_wall)


@dataclass(frozen=True, eq=False)
class BackgroundCash(Cash):
    """The Cash statistic as a function of the background norm, with a Gaussian prior.

    Parameters
    ----------
    precision : float
        1 / w^2 of the relative systematic uncertainty w.
    centre : numpy.ndarray
        Norm at which the prior is largest.
    """

    precision: float
    centre: Float

    def take(self, index: ProblemIndex) -> Self:
        """Return the statistic of the selected problems."""
        n, s, b, wall, kink = (v[index] for v in (self.n, self.s, self.b, self.wall, self.kink))
        return type(self)(n, s, b, wall, kink, self.precision, self.centre[index])

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature of half the statistic, including those of the prior."""
        slope, curvature = super().slope(x, side)
        return slope + (x - self.centre) * self.precision, curvature + self.precision

    def rise_along(self, x: Float, sign: int, *, kinks: bool = True) -> Curve:
        """Return the rise over a step from x and its derivative, with those of the prior."""
        of_counts, p = super().rise_along(x, sign, kinks=kinks), self.precision
        away = sign * (x - self.centre)

        def evaluate(step: Float) -> tuple[Float, Float]:
            value, derivative = of_counts(step)
            return value + p * step * (step + 2 * away), derivative + 2 * p * (step + away)

        return evaluate

    def step_bound(self, x: Float, rise: float, sign: int) -> Float:
        """Step over which the counts, or the prior, raise the statistic above its tangent."""
        of_prior = np.sqrt(rise / self.precision) if self.precision else np.inf
        return np.fmin(super().step_bound(x, rise, sign), of_prior)

    def never_rises(self, sign: int) -> Bool:
        """As for the counts alone; with a prior the statistic rises in both directions."""
        return np.asarray(super().never_rises(sign) & (not self.precision))

    def newton_start(self, slope_limit: Float) -> Float:
        """Norm at which the counts of one fine bin balance `slope_limit` and the prior.

        For one fine bin with y = x + wall it is the positive root of p y^2 + g y = n, with the
        precision p of the prior.
        """
        if not self.precision:
            return super().newton_start(slope_limit)
        p, free = self.precision, self.centre - slope_limit / self.precision
        g = slope_limit[:, None] - p * (self.wall + self.centre[:, None])
        with np.errstate(invalid="ignore"):
            pulled = 2 * self.n / (np.abs(g) + np.sqrt(g**2 + 4 * p * self.n))
        alone = np.where(g > 0, pulled - self.wall, free[:, None] + pulled)
        alone = np.where(np.isfinite(self.wall), alone, -np.inf)
        return np.maximum(self._off_wall(alone.max(axis=1, initial=-np.inf)), free)
