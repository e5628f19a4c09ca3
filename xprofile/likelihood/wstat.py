r"""The statistic of on and off counts, with the background of every fine bin profiled out.

For counts n where there is signal S and m where there is none, with the ratio :math:`\alpha` of
their acceptances, and the background b that is expected off,

.. math:: W(x) = 2 \sum_k \min_{b \ge 0}
    [\mu - n - n \ln(\mu / n) + b - m - m \ln(b / m)], \qquad \mu = x S + \alpha b \ge 0

(WStat of Cash 1979 and of XSPEC's manual, appendix B; zero where both are predicted exactly). It is
convex in x, for it is the minimum over b of a function convex in both. Its only kinks are at x = 0,
from fine bins without any counts, where it rises by 2 S upwards and by 2 S / alpha downwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .statistic import Curve, Float, Which

__all__ = ["WStat"]


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

    concave = False

    def take(self, which: Which) -> Self:
        """Return some of the problems."""
        return type(self)(self.n[which], self.s[which], self.m[which], self.alpha[which])

    def _rates(self, x: Float) -> tuple[Float, Float]:
        """Predicted counts on and off with the best backgrounds, (nproblem, nbin).

        The positive roots of (1 + alpha) mu^2 - B mu + alpha n s = 0, with s = x S and
        B = alpha (n + m) + (1 + alpha) s, and of the same for b; written without cancellation.
        """
        a, s = self.alpha, x[:, None] * self.s
        t, total = (1 + a) * s, a * (self.n + self.m)
        on, off = total + t, total - t
        root = np.sqrt(np.where(s > 0, off**2 + 4 * a * self.m * t, on**2 - 4 * a * self.n * t))
        with np.errstate(divide="ignore", invalid="ignore"):
            mu = np.where(on >= 0, on + root, 4 * a * (1 + a) * self.n * s / (on - root))
            b = np.where(off >= 0, off + root, 4 * a * (1 + a) * self.m * s / (root - off))
        return mu / (2 * (1 + a)), b / (2 * a * (1 + a))

    def value(self, x: Float) -> Float:
        """Statistic at one norm for each problem."""
        mu, b = self._rates(x)
        n, m = self.n, self.m
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = mu - n + n * np.log(np.where(n > 0, n / mu, 1))
            terms += b - m + m * np.log(np.where(m > 0, m / b, 1))
        return np.asarray(2 * terms.sum(axis=1))

    def rise(self, x: Float, to: Float) -> Float:
        """C(to) - C(x), exact also where it is small beside C."""
        return self._rise(self._rates(x), to, to - x)

    def _rise(self, before: tuple[Float, Float], to: Float, step: Float) -> Float:
        (mu, b), (new_mu, new_b) = before, self._rates(to)
        signal, a = step[:, None] * self.s, self.alpha
        # one rate moves by a difference, the other with it: the noise of both cancels at a minimum
        by_b = a**2 * np.maximum(b, new_b) * new_b <= np.maximum(mu, new_mu) * new_mu
        on = np.where(by_b, signal + a * (new_b - b), new_mu - mu)
        off = np.where(by_b, new_b - b, (on - signal) / a)
        total = on + off
        with np.errstate(divide="ignore", invalid="ignore"):
            for counts, old, moved in ((self.n, mu, on), (self.m, b, off)):
                total -= np.where(counts > 0, counts * np.log1p(moved / old), 0)
        return np.asarray(2 * total.sum(axis=1))

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature of C / 2."""
        mu, b = self._rates(x)
        a, n, m = self.alpha, self.n, self.m
        with np.errstate(divide="ignore", invalid="ignore"):
            on, off = n / mu, m / b
            slope = np.where(mu > 0, 1 - on, (off - 1) / a)
            u, v = on / mu, off / b
            curvature = np.where(b > 0, u * v / (a**2 * u + v), u)
            curvature = np.where(mu > 0, curvature, v / a**2)
        nothing = (n == 0) & (m == 0)
        up = {0: x >= -np.inf, 1: x >= 0, -1: x > 0}[side][:, None]
        slope = np.where(nothing, np.where(up, 1, -1 / a), slope)
        curvature = np.where(nothing | ~np.isfinite(curvature), 0, curvature)
        return (self.s * slope).sum(axis=1), (self.s**2 * curvature).sum(axis=1)

    def steepest(self) -> Float:
        """Slope that is never exceeded."""
        return np.asarray(self.s.sum(axis=1))

    def start(self, steepest: Float) -> Float:
        """Not known: the slope is bounded below."""
        return np.full_like(steepest, -np.inf)

    def bracket(self) -> tuple[Float, Float]:
        """Least and greatest of the norms that fine bins alone would have."""
        with np.errstate(divide="ignore", invalid="ignore"):
            alone = (self.n - self.alpha * self.m) / self.s
        some = self.s > 0
        low = alone.min(axis=1, initial=np.inf, where=some)
        return low, alone.max(axis=1, initial=-np.inf, where=some)

    def kinks(self) -> Float:
        """0 where a fine bin has no counts at all."""
        nothing = (self.n == 0) & (self.m == 0) & (self.s > 0)
        return np.where(nothing.any(axis=1), 0.0, -np.inf)[:, None]

    def along(self, x: Float, sign: int, *, kinks: bool = True) -> Curve:
        """Rise over a step from x and its derivative."""
        before = self._rates(x)

        def evaluate(step: Float) -> tuple[Float, Float]:
            to = x + sign * step
            return self._rise(before, to, sign * step), 2 * sign * self.slope(to, sign)[0]

        return evaluate

    def reach(self, x: Float, level: float, sign: int) -> Float:
        """Not known."""
        return np.full_like(x, np.inf)

    def never(self, sign: int) -> NDArray[np.bool_]:
        """Where there is no signal."""
        return np.asarray(~(self.s > 0).any(axis=1))

    def npred(self, x: Float) -> Float:
        """Predicted on counts."""
        return np.asarray(self._rates(x)[0].sum(axis=1))

    def background(self, x: Float) -> Float:
        """Predicted background in the on counts."""
        return np.asarray((self.alpha * self._rates(x)[1]).sum(axis=1))

    def asimov(self) -> Curve:
        """Test statistic of alpha m + x S counts on and m off (Li & Ma 1983, eq. 17)."""
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

    def asimov_reach(self, level: float) -> Float:
        """From the curvature at norm 0, and beyond where no off counts are."""
        a, m, s = self.alpha, self.m, self.s
        with np.errstate(divide="ignore", invalid="ignore"):
            known = np.where(m > 0, s**2 / (a * m * (1 + a)), 0).sum(axis=1)
            smooth = np.where(known > 0, np.sqrt(level / known), 0)
            return np.asarray(smooth + level / (2 * (s * np.log1p(1 / a)).sum(axis=1)))
