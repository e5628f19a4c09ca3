r"""The statistic of on and off counts, with the background of every fine bin profiled out.

For on counts n with a signal S, off counts m without signal, the ratio :math:`\alpha` of their
acceptances, and the expected off counts b,

.. math:: W(x) = 2 \sum_k \min_{b \ge 0}
    [\mu - n - n \ln(\mu / n) + b - m - m \ln(b / m)], \qquad \mu = x S + \alpha b \ge 0

(WStat of Cash 1979 and of XSPEC's manual, appendix B; 0 if both predictions equal the counts). It
is convex in x, because it is the minimum over b of a function that is convex in both. Its only
kinks are at x = 0 and come from fine bins that have neither on nor off counts. There W rises by 2 S
per unit of the norm upwards, and by 2 S / alpha downwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from .statistic import Bool, Curve, Draws, Float, ProblemIndex

__all__ = ["WStat", "on_off_change", "on_off_rates", "on_off_slope", "on_off_value"]


@dataclass(frozen=True, eq=False)
class WStat:
    """The on-off statistic of problems.

    Parameters
    ----------
    n, s, m, alpha : numpy.ndarray
        On counts, signal at norm 1, off counts, and acceptance on / off, of fine bins,
        (nproblem, nbin) each. Pad with zeros, and alpha with any positive number.
    """

    n: Float
    s: Float
    m: Float
    alpha: Float

    slope_is_concave = False

    def take(self, index: ProblemIndex) -> Self:
        """Return the statistic of the selected problems."""
        return type(self)(self.n[index], self.s[index], self.m[index], self.alpha[index])

    def _rates(self, x: Float) -> tuple[Float, Float]:
        """Predicted on and off counts with the best backgrounds, (nproblem, nbin)."""
        return on_off_rates(self.n, x[:, None] * self.s, self.m, self.alpha)

    def value(self, x: Float) -> Float:
        """Statistic at one norm for each problem."""
        return on_off_value(self.n, self.m, self._rates(x))

    def rise(self, x: Float, to: Float) -> Float:
        """C(to) - C(x), exact even if it is much smaller than C."""
        return self._rise(self._rates(x), to, to - x)

    def _rise(self, before: tuple[Float, Float], to: Float, step: Float) -> Float:
        signal = step[:, None] * self.s
        return on_off_change(self.n, self.m, self.alpha, before, self._rates(to), signal)

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature of C / 2."""
        n, m, a = self.n, self.m, self.alpha
        slope, curvature = on_off_slope(n, m, a, self._rates(x))
        empty = (n == 0) & (m == 0)
        up = {0: x >= -np.inf, 1: x >= 0, -1: x > 0}[side][:, None]
        slope = np.where(empty, np.where(up, 1, -1 / a), slope)
        curvature = np.where(empty, 0, curvature)
        return (self.s * slope).sum(axis=1), (self.s**2 * curvature).sum(axis=1)

    def slope_limit(self) -> Float:
        """Sum of the signal: the slope if no counts pull on it."""
        return np.asarray(self.s.sum(axis=1))

    def newton_start(self, slope_limit: Float) -> Float:
        """-inf: the slope has a lower limit, so that no norm is certain to be a start."""
        return np.full_like(slope_limit, -np.inf)

    def bracket(self) -> tuple[Float, Float]:
        """Smallest and largest best fit of single fine bins."""
        with np.errstate(divide="ignore", invalid="ignore"):
            alone = (self.n - self.alpha * self.m) / self.s
        has_signal = self.s > 0
        low = alone.min(axis=1, initial=np.inf, where=has_signal)
        return low, alone.max(axis=1, initial=-np.inf, where=has_signal)

    def kinks(self) -> Float:
        """0 if a fine bin with signal has neither on nor off counts, otherwise -inf."""
        empty = (self.n == 0) & (self.m == 0) & (self.s > 0)
        return np.where(empty.any(axis=1), 0.0, -np.inf)[:, None]

    def rise_along(self, x: Float, sign: int, *, kinks: bool = True) -> Curve:
        """Return the rise over a step from x and its derivative."""
        before = self._rates(x)

        def evaluate(step: Float) -> tuple[Float, Float]:
            to = x + sign * step
            return self._rise(before, to, sign * step), 2 * sign * self.slope(to, sign)[0]

        return evaluate

    def step_bound(self, x: Float, rise: float, sign: int) -> Float:
        """Inf: unknown."""
        return np.full_like(x, np.inf)

    def never_rises(self, sign: int) -> Bool:
        """Without signal, in both directions."""
        return np.asarray(~(self.s > 0).any(axis=1))

    def npred(self, x: Float) -> Float:
        """Predicted on counts."""
        return np.asarray(self._rates(x)[0].sum(axis=1))

    def npred_background(self, x: Float) -> Float:
        """Predicted background in the on region."""
        return np.asarray((self.alpha * self._rates(x)[1]).sum(axis=1))

    def asimov_ts(self) -> Curve:
        """Return the test statistic of alpha m + x S on and m off counts (Li & Ma 1983, eq. 17)."""
        a, m, s = self.alpha, self.m, self.s

        def evaluate(x: Float) -> tuple[Float, Float]:
            signal = x[:, None] * s
            n = a * m + signal
            with np.errstate(divide="ignore", invalid="ignore"):
                on = np.where(n > 0, np.log1p(signal / (a * (n + m))), np.log1p(1 / a))
                off = np.where(m > 0, np.log1p(-signal / (n + m)), 0)
            value, derivative = n * on + m * off, s * on
            return 2 * value.sum(axis=1), 2 * derivative.sum(axis=1)

        return evaluate

    def asimov_start(self, ts: float) -> Float:
        """Sum of two estimates: from the curvature at norm 0, and from the slope at large norms."""
        a, m, s = self.alpha, self.m, self.s
        with np.errstate(divide="ignore", invalid="ignore"):
            known = np.where(m > 0, s**2 / (a * m * (1 + a)), 0).sum(axis=1)
            smooth = np.where(known > 0, np.sqrt(ts / known), 0)
            return np.asarray(smooth + ts / (2 * (s * np.log1p(1 / a)).sum(axis=1)))

    def expected_data(self, x: Float) -> Self:
        """Return the statistic of the on and off counts expected at a norm."""
        on, off = self._rates(x)
        return type(self)(on, self.s, off, self.alpha)

    def drawn(self, draws: Draws) -> Self:
        """Return the statistic of toys whose expected counts are the counts here."""
        n, m = draws.poisson(self.n), draws.poisson(self.m)
        return type(self)(n, draws.repeat(self.s), m, draws.repeat(self.alpha))


def on_off_rates(n: Float, signal: Float, m: Float, alpha: Float) -> tuple[Float, Float]:
    """Predicted on and off counts with the best backgrounds.

    The on counts mu are the positive root of (1 + alpha) mu^2 - B mu + alpha n s = 0, with the
    signal s and B = alpha (n + m) + (1 + alpha) s. A similar equation gives the off counts b. The
    form of the roots avoids cancellation.
    """
    a, s = alpha, signal
    t, total = (1 + a) * s, a * (n + m)
    on, off = total + t, total - t
    root = np.sqrt(np.where(s > 0, off**2 + 4 * a * m * t, on**2 - 4 * a * n * t))
    with np.errstate(divide="ignore", invalid="ignore"):
        mu = np.where(on >= 0, on + root, 4 * a * (1 + a) * n * s / (on - root))
        b = np.where(off >= 0, off + root, 4 * a * (1 + a) * m * s / (root - off))
    return mu / (2 * (1 + a)), b / (2 * a * (1 + a))


def on_off_slope(
    n: Float, m: Float, alpha: Float, rates: tuple[Float, Float]
) -> tuple[Float, Float]:
    """Slope and curvature of half the statistic along the signal, for rows with any counts."""
    (mu, b), a = rates, alpha
    with np.errstate(divide="ignore", invalid="ignore"):
        on, off = n / mu, m / b
        slope = np.where(mu > 0, 1 - on, (off - 1) / a)
        u, v = on / mu, off / b
        curvature = np.where(b > 0, u * v / (a**2 * u + v), u)
        curvature = np.where(mu > 0, curvature, v / a**2)
    return slope, np.where(np.isfinite(curvature), curvature, 0)


def on_off_value(n: Float, m: Float, rates: tuple[Float, Float]) -> Float:
    """On-off statistic of predicted on and off counts, summed over fine bins."""
    mu, b = rates
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = mu - n + n * np.log(np.where(n > 0, n / mu, 1))
        terms += b - m + m * np.log(np.where(m > 0, m / b, 1))
    return np.asarray(2 * terms.sum(axis=1))


def on_off_change(
    n: Float,
    m: Float,
    alpha: Float,
    before: tuple[Float, Float],
    after: tuple[Float, Float],
    signal: Float,
) -> Float:
    """Change of the statistic when the signal changes by `signal`, exact even if it is small."""
    (mu, b), (new_mu, new_b), a = before, after, alpha
    # the change of one rate is a difference, that of the other follows from it, so that the
    # rounding errors of both cancel at a minimum
    by_b = a**2 * np.maximum(b, new_b) * new_b <= np.maximum(mu, new_mu) * new_mu
    on = np.where(by_b, signal + a * (new_b - b), new_mu - mu)
    off = np.where(by_b, new_b - b, (on - signal) / a)
    total = on + off
    with np.errstate(divide="ignore", invalid="ignore"):
        for counts, old, moved in ((n, mu, on), (m, b, off)):
            total -= np.where(counts > 0, counts * np.log1p(moved / old), 0)
    return np.asarray(2 * total.sum(axis=1))
