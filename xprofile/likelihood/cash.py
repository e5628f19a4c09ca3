r"""The Cash statistic of counts on a known background.

For one problem with counts :math:`n_k`, signal :math:`S_k \ge 0` at norm 1 and background
:math:`b_k \ge 0` in fine bins k,

.. math:: C(x) = 2 \sum_k [\mu_k - n_k \ln \mu_k], \qquad \mu_k = \max(x S_k + b_k, 0)

(Cash 1979, ApJ 228, 939, without the term in n!). :math:`C` is convex in the norm x. It has a kink
at :math:`-b_k / S_k` where :math:`n_k = 0` and a wall there where :math:`n_k > 0`, so that
every root exists, or provably does not. Steps between norms are evaluated through ``log1p``, never
as differences of C.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .statistic import Curve, Float, Which

__all__ = ["TRUNCATION", "Cash", "change"]

TRUNCATION = 1e-25  # smallest npred whose logarithm is taken, as in Gammapy


@dataclass(frozen=True, eq=False)
class Cash:
    """The Cash statistic of problems; make it with `of`.

    Parameters
    ----------
    n, s, b : numpy.ndarray
        Counts, signal at norm 1 and background of fine bins, (nproblem, nbin) each. Fine bins
        without signal carry no information on the norm; pad with zeros.
    wall : numpy.ndarray
        b / s of fine bins with counts and signal, inf of others.
    kink : numpy.ndarray
        -b / s of fine bins with signal and without counts, -inf of others.
    """

    n: Float
    s: Float
    b: Float
    wall: Float
    kink: Float

    concave = True

    @classmethod
    def of(cls, n: Float, s: Float, b: Float) -> Self:
        """Make the statistic of counts, signal and background."""
        n, s, b = (np.asarray(v, dtype=np.float64) for v in (n, s, b))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = b / s
        some = s > 0
        wall = np.where(some & (n > 0), ratio, np.inf)
        return cls(n, s, b, wall, np.where(some & (n == 0), -ratio, -np.inf))

    def take(self, which: Which) -> Self:
        """Return some of the problems."""
        fields = (self.n, self.s, self.b, self.wall, self.kink)
        return type(self)(*(v[which] for v in fields))

    def value(self, x: Float) -> Float:
        """Cash statistic at one norm for each problem."""
        mu = np.maximum(x[:, None] * self.s + self.b, 0)
        log = np.log(np.maximum(mu, TRUNCATION))
        return 2 * _sum(mu - self.n * log)

    def rise(self, x: Float, to: Float) -> Float:
        """C(to) - C(x), exact also where it is small beside C."""
        before, after = x[:, None] * self.s + self.b, to[:, None] * self.s + self.b
        return change(self.n, before, after, (to - x)[:, None] * self.s)

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature of C / 2."""
        distance = x[:, None] + self.wall
        with np.errstate(divide="ignore"):  # kinks of other fine bins may be on the wall
            rate = 1 / distance
        pull = self.n * rate
        slope, curvature = self._linear(x, side) - _sum(pull), _dot(pull, rate)
        if side:
            slope[(distance <= 0).any(axis=1)] = -np.inf
        return slope, curvature

    def _linear(self, x: Float, side: int) -> Float:
        """Signal of the fine bins whose npred grows with the norm."""
        if not side:
            return _sum(self.s)
        known = self.kink <= x[:, None] if side > 0 else self.kink < x[:, None]
        return _dot(self.s, known)

    def steepest(self) -> Float:
        """Slope that is never exceeded."""
        return _sum(self.s)

    def start(self, steepest: Float) -> Float:
        """Norm at which the counts of one fine bin alone outweigh all signal; -inf without any."""
        return self._off_wall((self.n / steepest[:, None] - self.wall).max(axis=1, initial=-np.inf))

    def _off_wall(self, x: Float) -> Float:
        """Norms moved off the wall, where rounding put them on it."""
        wall = -self.wall.min(axis=1, initial=np.inf)
        return np.where(x > wall, x, np.where(np.isinf(wall), wall, np.nextafter(wall, np.inf)))

    def bracket(self) -> tuple[Float, Float]:
        """Least and greatest of the norms that fine bins alone would have."""
        with np.errstate(divide="ignore", invalid="ignore"):
            alone = (self.n - self.b) / self.s
        some = self.s > 0
        low = alone.min(axis=1, initial=np.inf, where=some)
        return low, alone.max(axis=1, initial=-np.inf, where=some)

    def kinks(self) -> Float:
        """Norms at which the npred of empty fine bins reaches 0, -inf for other bins."""
        return self.kink

    def along(self, x: Float, sign: int, *, kinks: bool = True) -> Curve:
        """Rise over a step from x and its derivative."""
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

    def reach(self, x: Float, level: float, sign: int) -> Float:
        """Step over which the counts alone raise C by `level` above its tangent."""
        rate = 1 / (x[:, None] + self.wall)
        curvature = _dot(self.n * rate, rate)
        with np.errstate(divide="ignore", invalid="ignore"):
            if sign > 0:  # u - ln(1 + u) >= u^2 / (2 + 4 u / 3)
                half = rate.max(axis=1, initial=0) * level / 3
                step = (half + np.sqrt(half**2 + curvature * level)) / curvature
            else:  # -u - ln(1 - u) >= u^2 / 2, and one fine bin alone reaches the level
                end = np.minimum(-np.expm1(-1 - level / (2 * self.n)), 1 - 1e-15)
                alone = np.where(rate > 0, end / rate, np.inf).min(axis=1, initial=np.inf)
                step = np.fmin(np.sqrt(level / curvature), alone)
        return np.where(curvature > 0, step, np.inf)

    def never(self, sign: int) -> NDArray[np.bool_]:
        """Upwards without signal, downwards without counts where there is signal."""
        if sign > 0:
            return np.asarray(_sum(self.s) <= 0)
        return np.asarray(~np.isfinite(self.wall).any(axis=1))

    def npred(self, x: Float) -> Float:
        """Predicted counts."""
        return _sum(np.maximum(x[:, None] * self.s + self.b, 0))

    def background(self, x: Float) -> Float:
        """Predicted background counts."""
        return _sum(self.b)

    def asimov(self) -> Curve:
        """Test statistic of the counts expected at a norm; a background of 0 is truncated."""
        ratio = self.s / np.maximum(self.b, TRUNCATION)

        def evaluate(x: Float) -> tuple[Float, Float]:
            signal = x[:, None] * self.s
            log = np.log1p(x[:, None] * ratio)
            return 2 * _sum((signal + self.b) * log - signal), 2 * _dot(self.s, log)

        return evaluate

    def asimov_reach(self, level: float) -> Float:
        """Norm at which one fine bin alone, or all together, are above `level` for certain."""
        # (1 + u) ln(1 + u) - u >= u^2 / (2 + 2 u / 3)
        rate = self.s / np.maximum(self.b, TRUNCATION)
        weight = self.s * rate
        rates = np.column_stack([rate, rate.max(axis=1, initial=0)])
        weights = np.column_stack([weight, _sum(weight)])
        half = rates * level / 3
        with np.errstate(divide="ignore", invalid="ignore"):
            norm = (half + np.sqrt(half**2 + 4 * weights * level)) / (2 * weights)
        return np.asarray(np.where(weights > 0, norm, np.inf).min(axis=1))


def change(
    n: Float, before: Float, after: Float, difference: Float, least: float = TRUNCATION
) -> Float:
    """Change of the Cash statistic when npred (nproblem, nbin) changes by `difference`.

    Logarithms are those of `least` where npred is less.
    """
    low, high = np.maximum(before, least), np.maximum(after, least)
    whole = (before > least) & (after > least)
    moved = np.where(whole, difference, np.maximum(after, 0) - np.maximum(before, 0))
    ratio = moved / low
    near = whole & (ratio > -0.5)
    log = np.where(near, np.log1p(np.where(near, ratio, 0)), np.log(high / low))
    return 2 * _sum(moved - n * log)


def _sum(values: Float) -> Float:
    return np.asarray(np.einsum("ij->i", values))


def _dot(a: Float, b: Float | NDArray[np.bool_]) -> Float:
    return np.asarray(np.einsum("ij,ij->i", a, b))
