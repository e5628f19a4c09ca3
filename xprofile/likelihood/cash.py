r"""The Cash statistic of counts on a known background.

For one problem with counts :math:`n_k`, signal :math:`S_k \ge 0` at norm 1 and background
:math:`b_k \ge 0` in fine bins k,

.. math:: C(x) = 2 \sum_k [\mu_k - n_k \ln \mu_k], \qquad \mu_k = \max(x S_k + b_k, 0)

(Cash 1979, ApJ 228, 939, without the term in n!). :math:`C` is convex in the norm x. At
:math:`x = -b_k / S_k` the predicted counts of a fine bin reach 0. An empty fine bin has a kink
there, a fine bin with counts a wall. It is therefore known beforehand whether a root exists.
Changes of C are evaluated with ``log1p``, never as differences of two values of C.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from .statistic import Bool, Curve, Draws, Float, ProblemIndex

__all__ = ["TRUNCATION", "Cash", "cash_change"]

# Smallest npred whose logarithm is taken, the value of Gammapy. It decides results only where
# nothing is predicted. At 1e-24 each count in such a fine bin would add 4.6 less to `stat`, which
# would then differ from Gammapy's, and sensitivities without background would be 5 % larger.
TRUNCATION = 1e-25


@dataclass(frozen=True, eq=False)
class Cash:
    """The Cash statistic of problems; make it with `from_counts`.

    Parameters
    ----------
    n, s, b : numpy.ndarray
        Counts, signal at norm 1 and background of fine bins, (nproblem, nbin) each. Fine bins
        without signal carry no information on the norm; pad with zeros.
    wall : numpy.ndarray
        b / s of fine bins with counts and signal, inf of others. Their walls are at ``-wall``.
    kink : numpy.ndarray
        -b / s of fine bins with signal and without counts, -inf of others.
    """

    n: Float
    s: Float
    b: Float
    wall: Float
    kink: Float

    slope_is_concave = True

    @classmethod
    def from_counts(cls, n: Float, s: Float, b: Float) -> Self:
        """Make the statistic of counts, signal and background."""
        n, s, b = (np.asarray(v, dtype=np.float64) for v in (n, s, b))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = b / s
        has_signal = s > 0
        wall = np.where(has_signal & (n > 0), ratio, np.inf)
        return cls(n, s, b, wall, np.where(has_signal & (n == 0), -ratio, -np.inf))

    def take(self, index: ProblemIndex) -> Self:
        """Return the statistic of the selected problems."""
        fields = (self.n, self.s, self.b, self.wall, self.kink)
        return type(self)(*(v[index] for v in fields))

    def value(self, x: Float) -> Float:
        """Cash statistic at one norm for each problem."""
        mu = np.maximum(x[:, None] * self.s + self.b, 0)
        log = np.log(np.maximum(mu, TRUNCATION))
        return 2 * _sum(mu - self.n * log)

    def rise(self, x: Float, to: Float) -> Float:
        """C(to) - C(x), exact even if it is much smaller than C."""
        before, after = x[:, None] * self.s + self.b, to[:, None] * self.s + self.b
        return cash_change(self.n, before, after, (to - x)[:, None] * self.s)

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature of C / 2."""
        distance = x[:, None] + self.wall
        with np.errstate(divide="ignore"):  # the kink of another fine bin may be at the wall
            rate = 1 / distance
        pull = self.n * rate
        slope, curvature = self._linear(x, side) - _sum(pull), _dot(pull, rate)
        if side:
            slope[(distance <= 0).any(axis=1)] = -np.inf
        return slope, curvature

    def _linear(self, x: Float, side: int) -> Float:
        """Sum of the signal of the fine bins whose npred grows with the norm."""
        if not side:
            return _sum(self.s)
        grows = self.kink <= x[:, None] if side > 0 else self.kink < x[:, None]
        return _dot(self.s, grows)

    def slope_limit(self) -> Float:
        """Sum of the signal: the slope if no counts pull on it."""
        return _sum(self.s)

    def newton_start(self, slope_limit: Float) -> Float:
        """Norm at which the counts of one fine bin balance `slope_limit`; -inf without counts."""
        alone = self.n / slope_limit[:, None] - self.wall
        return self._off_wall(alone.max(axis=1, initial=-np.inf))

    def _off_wall(self, x: Float) -> Float:
        """Move norms that rounding put on the wall to the next number above it."""
        wall = -self.wall.min(axis=1, initial=np.inf)
        return np.where(x > wall, x, np.where(np.isinf(wall), wall, np.nextafter(wall, np.inf)))

    def bracket(self) -> tuple[Float, Float]:
        """Smallest and largest best fit of single fine bins."""
        with np.errstate(divide="ignore", invalid="ignore"):
            alone = (self.n - self.b) / self.s
        has_signal = self.s > 0
        low = alone.min(axis=1, initial=np.inf, where=has_signal)
        return low, alone.max(axis=1, initial=-np.inf, where=has_signal)

    def kinks(self) -> Float:
        """Norms at which the npred of empty fine bins reaches 0; -inf for other fine bins."""
        return self.kink

    def rise_along(self, x: Float, sign: int, *, kinks: bool = True) -> Curve:
        """Return the rise over a step from x and its derivative."""
        distance = x[:, None] + self.wall
        rate, s, n = sign / distance, self.s, self.n
        linear = sign * self._linear(x, sign)
        gap = sign * (self.kink - x[:, None])
        ahead = kinks and bool((gap > 0).any()) if sign > 0 else kinks
        gap = np.where((gap > 0) & np.isfinite(gap), gap, np.inf) if ahead else gap

        def evaluate(step: Float) -> tuple[Float, Float]:
            grown = step[:, None] * rate
            value = linear * step - _dot(n, np.log1p(grown))
            derivative = linear - _dot(n, rate / (1 + grown))
            if ahead:
                beyond = np.maximum(step[:, None] - gap, 0)
                value += _dot(s, beyond)
                derivative += _dot(s, beyond > 0)
            return 2 * value, 2 * derivative

        return evaluate

    def step_bound(self, x: Float, rise: float, sign: int) -> Float:
        """Step over which the terms of the counts raise C by `rise` above its tangent."""
        rate = 1 / (x[:, None] + self.wall)
        curvature = _dot(self.n * rate, rate)
        with np.errstate(divide="ignore", invalid="ignore"):
            if sign > 0:  # u - ln(1 + u) >= u^2 / (2 + 4 u / 3)
                half = rate.max(axis=1, initial=0) * rise / 3
                step = (half + np.sqrt(half**2 + curvature * rise)) / curvature
            else:  # -u - ln(1 - u) >= u^2 / 2, and one fine bin is enough for the rise
                # 1 - 1e-15, the last digits before 1, keeps the step in front of the wall
                end = np.minimum(-np.expm1(-1 - rise / (2 * self.n)), 1 - 1e-15)
                alone = np.where(rate > 0, end / rate, np.inf).min(axis=1, initial=np.inf)
                step = np.fmin(np.sqrt(rise / curvature), alone)
        return np.where(curvature > 0, step, np.inf)

    def never_rises(self, sign: int) -> Bool:
        """Upwards: without signal. Downwards: without counts in the fine bins with signal."""
        if sign > 0:
            return np.asarray(_sum(self.s) <= 0)
        return np.asarray(~np.isfinite(self.wall).any(axis=1))

    def npred(self, x: Float) -> Float:
        """Predicted counts."""
        return _sum(np.maximum(x[:, None] * self.s + self.b, 0))

    def npred_background(self, x: Float) -> Float:
        """Predicted background counts."""
        return _sum(self.b)

    def asimov_ts(self) -> Curve:
        """Return the test statistic of expected counts; backgrounds are at least `TRUNCATION`."""
        ratio = self.s / np.maximum(self.b, TRUNCATION)

        def evaluate(x: Float) -> tuple[Float, Float]:
            signal = x[:, None] * self.s
            log = np.log1p(x[:, None] * ratio)
            return 2 * _sum((signal + self.b) * log - signal), 2 * _dot(self.s, log)

        return evaluate

    def asimov_start(self, ts: float) -> Float:
        """Norm at which one fine bin, or the sum of all, certainly exceeds `ts`."""
        # (1 + u) ln(1 + u) - u >= u^2 / (2 + 2 u / 3)
        rate = self.s / np.maximum(self.b, TRUNCATION)
        weight = self.s * rate
        rates = np.column_stack([rate, rate.max(axis=1, initial=0)])
        weights = np.column_stack([weight, _sum(weight)])
        half = rates * ts / 3
        with np.errstate(divide="ignore", invalid="ignore"):
            norm = (half + np.sqrt(half**2 + 4 * weights * ts)) / (2 * weights)
        return np.asarray(np.where(weights > 0, norm, np.inf).min(axis=1))

    def expected_data(self, x: Float) -> Self:
        """Return the statistic of the counts expected at a norm."""
        expected = np.maximum(x[:, None] * self.s + self.b, 0)
        return type(self).from_counts(expected, self.s, self.b)

    def drawn(self, draws: Draws) -> Self:
        """Return the statistic of toys whose expected counts are the counts here."""
        n, s, b = draws.poisson(self.n), draws.repeat(self.s), draws.repeat(self.b)
        return type(self).from_counts(n, s, b)


def cash_change(
    n: Float, before: Float, after: Float, difference: Float, npred_min: float = TRUNCATION
) -> Float:
    """Change of the Cash statistic when npred (nproblem, nbin) changes by `difference`.

    The logarithm of an npred below `npred_min` is that of `npred_min`.
    """
    low, high = np.maximum(before, npred_min), np.maximum(after, npred_min)
    whole = (before > npred_min) & (after > npred_min)
    moved = np.where(whole, difference, np.maximum(after, 0) - np.maximum(before, 0))
    ratio = moved / low
    near = whole & (ratio > -0.5)
    log = np.where(near, np.log1p(np.where(near, ratio, 0)), np.log(high / low))
    return 2 * _sum(moved - n * log)


def _sum(values: Float) -> Float:
    """Sum over fine bins."""
    return np.asarray(np.einsum("ij->i", values))


def _dot(a: Float, b: Float | Bool) -> Float:
    """Sum of products over fine bins."""
    return np.asarray(np.einsum("ij,ij->i", a, b))
