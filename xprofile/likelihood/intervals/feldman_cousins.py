r"""Intervals of Feldman and Cousins for counts on a known background, by exact sums.

For expected counts :math:`\lambda = \mu + b`, counts n are accepted in the order of the likelihood
ratio :math:`q(n) = C(\mu) - C(\max(n - b, 0))`, smallest first, until their probability reaches the
confidence level (Feldman & Cousins 1998, Phys. Rev. D 57, 3873). The interval of the observed
counts goes from the lowest to the highest signal :math:`\mu` that accepts them.

Counts n < h have the same q at one expectation, their tie

.. math:: \ln \lambda_{nh} = \frac{g(h) - g(n)}{h - n}, \qquad g(n) = n \ln \hat\lambda_n -
    \hat\lambda_n, \quad \hat\lambda_n = \max(n, b)

Between the ties with h and h + 1, the counts that are accepted before n are n + 1 to h. So n itself
is accepted where R, the probability of all others, is above 1 minus the confidence level. R falls
and then rises between two ties, and the ends of the interval are ties or roots of R.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlog1py, xlogy

from ..cash import Cash
from ..newton import step_up
from ..poisson_tails import probability_above, probability_up_to
from ..statistic import Bool, Float
from .roots import rising_root

__all__ = ["exact_interval"]

# Further counts that are looked at for larger backgrounds. Their limits fall with the counts, so
# that the first decides: 1 and 40 give the same.
_FURTHER = 3


def exact_interval(
    n: Float, b: Float, outside: float, *, lengthen: bool = True, ends: str = "both"
) -> tuple[Float, Float]:
    """Return the ends of the intervals of signal counts, (nproblem,) each.

    Parameters
    ----------
    n, b : numpy.ndarray
        Observed whole counts and expected background, (nproblem,).
    outside : float
        1 minus the confidence level.
    lengthen : bool
        Whether the upper end is the highest for this or any larger background, so that it never
        rises with the background.
    ends : {"both", "upper"}
        With ``"upper"``, lower ends are 0.
    """
    n, b = np.asarray(n, np.float64), np.asarray(b, np.float64)
    best = np.maximum(n - b, 0)
    stat = Cash.from_counts(n[:, None], np.ones((n.size, 1)), b[:, None])
    # counts beyond have a probability below `outside` by Chernoff's bound, on each side
    rise = 2 * np.log(2 / outside)
    highest = best + step_up(stat, best, rise) + b
    counts = _Counts(n, b, outside)
    upper = counts.upper(highest + rise / 6 + np.sqrt(rise**2 / 36 + rise * highest), lengthen)
    # at the best signal nothing is accepted before n, but roots have rounding errors
    upper = np.maximum(upper, best)
    if ends == "upper":
        return np.zeros_like(upper), upper
    return np.minimum(counts.lower(), best), upper


@dataclass(frozen=True, eq=False)
class _Counts:
    """Observed counts n on backgrounds b, (nproblem,)."""

    n: Float
    b: Float
    outside: float

    def _tie(self, h: Float) -> Float:
        """Expectation, b or more, at which counts h have the same q as n; for h = n that of n."""
        rate, step = np.maximum(self.n, self.b), h - self.n
        larger = np.maximum(h, self.b) - rate
        with np.errstate(divide="ignore", invalid="ignore"):
            # g(h) - g(n) less the part h - n of it times ln rate, which keeps the digits
            growth = np.exp((_of_growth(h, rate, larger) - larger) / step)
        tie = np.where(rate > 0, rate * growth, growth)
        return np.maximum(np.where(step == 0, rate, tie), self.b)

    def upper(self, most: Float, lengthen: bool) -> Float:
        """Highest signal that accepts n; counts from `most` on are never accepted before it.

        R falls with h at the ties with h + 1. If it falls below the probability outside between h
        and h + 1, the end is the tie with h + 1, or a root after it.
        """

        def accepted(h: Float) -> Bool:
            return np.asarray(_others(self.n, h, self._tie(h + 1)) > self.outside)

        h = _last_where(accepted, self.n, np.ceil(most) + 1) + 1
        highest, following = self._tie(h), self._tie(h + 1)
        after = np.flatnonzero(_others(self.n, h, highest) > self.outside)
        highest[after] = _root(self.n[after], h[after], highest[after], following[after],
                               self.outside, -1)  # fmt: skip
        signal = np.maximum(highest - self.b, 0)
        if lengthen:
            for further in range(_FURTHER):
                signal = np.maximum(signal, self._lengthened(h + further))
        return signal

    def _lengthened(self, h: Float) -> Float:
        """Limit just where a larger background makes it jump to the tie with h + 1, or 0.

        That is where the tie, which moves with the background, is the root of R, which does not.
        """
        n, signal = self.n, np.zeros_like(self.n)
        lowest = np.exp((gammaln(h + 1) - gammaln(n + 1)) / (h - n))  # of R
        # with a background above h + 1 both counts are best without signal, and do not tie above
        some = np.flatnonzero(
            (_others(n, h, lowest) < self.outside) & (_others(n, h, h + 1) >= self.outside)
        )
        n, h, lowest = n[some], h[some], lowest[some]
        rate = _root(n, h, lowest, h + 1, self.outside, +1)
        step = h + 1 - n
        fall = _of_growth(step, n, rate - n) - _of_growth(h + 1, n, step) + step
        background = _background(n, fall)
        signal[some] = np.where(background > self.b[some], rate - background, 0)
        return np.maximum(signal, 0)

    def lower(self) -> Float:
        """Lowest signal that accepts n.

        With l - 1 as the highest counts below that are not accepted before n, R rises with l.
        """
        n = self.n

        def rejected(low: Float) -> Bool:
            return np.asarray(_others(low - 1, n - 1, self._before(low)) <= self.outside)

        low = _last_where(rejected, np.full_like(n, -1), n)
        start, end = self._before(low), self._before(low + 1)
        lowest = end.copy()
        inside = np.flatnonzero((low >= 0) & (_others(low - 1, n - 1, end) > self.outside))
        lowest[inside] = _root(low[inside] - 1, n[inside] - 1, start[inside], end[inside],
                               self.outside, +1)  # fmt: skip
        return np.asarray(np.maximum(lowest - self.b, 0))

    def _before(self, low: Float) -> Float:
        """Tie with low - 1; the background for 0 or less."""
        return np.where(low > 0, self._tie(np.maximum(low - 1, 0)), self.b)


def _of_growth(counts: Float, rate: Float, larger: Float) -> Float:
    """Counts times the logarithm of the growth of a rate, or of what is `larger` for rate 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = np.where(rate > 0, xlog1py(counts, larger / rate), xlogy(counts, larger))
    return np.asarray(grown)


def _last_where(holds: Callable[[Float], Bool], low: Float, high: Float) -> Float:
    """Last whole number for which a property holds, that holds for `low` and not for `high`."""
    while (high - low > 1).any():
        middle = np.floor(low + (high - low) / 2)
        held = holds(middle)
        low, high = np.where(held, middle, low), np.where(held, high, middle)
    return low


def _others(first: Float, last: Float, rate: Float) -> Float:
    """Probability of counts up to `first`, or above `last`."""
    some = first >= 0
    below = np.where(some, probability_up_to(np.maximum(first, 0), rate), 0)
    return np.asarray(below + np.where(last >= 0, probability_above(np.maximum(last, 0), rate), 1))


def _root(first: Float, last: Float, low: Float, high: Float, outside: float, sign: int) -> Float:
    """Expectation at which the probability of other counts rises (+1) or falls to `outside`."""

    def curve(todo: NDArray[np.intp]) -> Callable[[Float], tuple[Float, Float]]:
        n, h = first[todo], last[todo]

        def evaluate(rate: Float) -> tuple[Float, Float]:
            slope = _probability(h, rate) - _probability(n, rate)
            return sign * (_others(n, h, rate) - outside), sign * slope

        return evaluate

    return rising_root(curve, (low + high) / 2, low, high)


def _probability(n: Float, rate: Float) -> Float:
    """Poisson probability; 0 for negative counts."""
    log = xlogy(n, rate) - rate - gammaln(np.maximum(n, 0) + 1)
    return np.asarray(np.where(n >= 0, np.exp(np.where(n >= 0, log, 0)), 0))


def _background(n: Float, fall: Float) -> Float:
    r"""Background b above n at which :math:`b - n - n \ln(b / n)` is `fall`; NaN if negative."""
    fall = np.where(fall >= 0, fall, np.nan)

    def curve(todo: NDArray[np.intp]) -> Callable[[Float], tuple[Float, Float]]:
        counts, target = n[todo], fall[todo]

        def evaluate(step: Float) -> tuple[Float, Float]:
            with np.errstate(divide="ignore", invalid="ignore"):
                log = np.where(counts > 0, counts * np.log1p(step / counts), 0)
            return step - log - target, step / (counts + step)

        return evaluate

    high = fall * 4 / 3 + np.sqrt(2 * n * fall) + 1  # as in Bernstein's inequality
    return n + rising_root(curve, high / 2, np.zeros_like(n), high)
