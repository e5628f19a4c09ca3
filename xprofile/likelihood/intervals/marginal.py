r"""Likelihoods of a norm, integrated over the backgrounds that are not known.

Off rates b of on-off data have a flat prior for :math:`b \ge 0` in each fine bin, the norm
:math:`\beta \ge 0` of an uncertain background a normal distribution of its width around 1, and that
of a free background a flat prior. For on counts n, off counts m and the ratio of acceptances
:math:`\alpha`,

.. math:: \int_0^\infty (x S + \alpha b)^n e^{-x S - \alpha b} b^m e^{-b} \, db
    \propto e^{-x S} {}_1F_1(-n; -n - m; t), \qquad t = x S \frac{1 + \alpha}{\alpha}

where the hypergeometric function is a polynomial of degree n with positive coefficients. Other
integrals are sums over Gauss-Legendre nodes, on both sides of the largest likelihood.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial.legendre import leggauss

from ..background_norm import BackgroundCash, fit_background
from ..cash import Cash
from ..joint import Joint
from ..nuisance import NuisanceCash
from ..statistic import Float, Statistic
from ..wstat import WStat, on_off_rates

__all__ = ["LogLikelihood", "log_likelihood"]

LogLikelihood = Callable[[Float], Float]  # at norms of 0 or more, up to a constant

# Most on counts for which the polynomial is evaluated. The ratio of its largest and smallest terms
# is up to 5.4^n, which must be a number of double precision (n = 420). Ten times as many overflow;
# with a tenth, more fine bins are integrated by nodes, which is slower.
_LARGEST_DEGREE = 300

# Fall of ln L at which the integral over a background ends: the rest is 1e-13 of it. With a tenth
# of the fall the rest is 5 %, with ten times as much the nodes are too far apart.
_DEPTH = 30.0

# Nodes and weights on each side of the largest likelihood, for steps from 0 to 1. Of distributions
# between a normal and an exponential one, 24 leave errors below 1e-12, 12 of 1e-5; 240 change
# nothing.
_NODES, _WEIGHTS = ((v + first) / 2 for v, first in zip(leggauss(24), (1, 0), strict=True))


def log_likelihood(stat: Statistic, reference: Float) -> LogLikelihood:
    """Return the logarithm of the integrated likelihood of problems, as a function of the norm.

    Parameters
    ----------
    stat : Statistic
        The problems.
    reference : numpy.ndarray
        Norms from which changes are measured without rounding errors, such as the best fits.
    """
    if isinstance(stat, Joint):
        parts = [log_likelihood(part, reference) for part in stat.parts]
        return lambda x: np.asarray(np.sum([part(x) for part in parts], axis=0))
    if isinstance(stat, WStat):
        return _of_on_off(stat, reference)
    if isinstance(stat, NuisanceCash):
        return _of_uncertain(stat, reference)
    assert isinstance(stat, Cash)
    return _of_known(stat, reference)


def _of_known(stat: Cash, reference: Float) -> LogLikelihood:
    """Log likelihood with a known background."""
    n = stat.n
    with np.errstate(divide="ignore"):
        rate = 1 / (reference[:, None] + stat.wall)
    total = stat.slope_limit()

    def evaluate(x: Float) -> Float:
        step = x - reference
        with np.errstate(divide="ignore", invalid="ignore"):
            grown = np.log1p(np.maximum(step[:, None] * rate, -1))
        return np.asarray(np.einsum("ij,ij->i", n, np.where(n > 0, grown, 0)) - total * step)

    return evaluate


def _of_on_off(stat: WStat, reference: Float) -> LogLikelihood:
    """Log likelihood of on and off counts, integrated over the off rate of each fine bin."""
    n, s, m, alpha = stat.n, stat.s, stat.m, stat.alpha
    seen = (n > 0) & (s > 0)
    exact = seen & (n == np.floor(n)) & (n <= _LARGEST_DEGREE)
    polynomial = _polynomial(n[exact], m[exact])
    scale = (s * (1 + alpha) / alpha)[exact]
    other = seen & ~exact
    row = np.flatnonzero(other.any(axis=1))
    rest = WStat(*(v[row] for v in (n * other, s * other, m * other, alpha)))
    total = np.asarray((s * ~other).sum(axis=1))

    def evaluate(x: Float) -> Float:
        terms = np.zeros_like(n)
        terms[exact] = polynomial(np.broadcast_to(x[:, None], n.shape)[exact] * scale)
        value = -total * (x - reference)
        if row.size:
            terms[other] = _over_off_rate(n[other], (x[:, None] * s)[other], m[other], alpha[other])
            value[row] -= rest.rise(reference[row], x[row]) / 2
        return np.asarray(terms.sum(axis=1) + value)

    return evaluate


def _polynomial(n: Float, m: Float) -> LogLikelihood:
    r"""Return :math:`\ln {}_1F_1(-n; -n - m; t)` as a function of t, for many n and m at once.

    Horner's method in u = t / (n + m + t), for the polynomial divided by (1 + t / (n + m))^n: all
    terms stay within bounds.
    """
    order = np.argsort(-n, kind="stable")
    degree, total = n[order], (n + m)[order]
    number = [int(np.searchsorted(-degree, -j)) for j in range(int(n.max(initial=0)))]
    ratios = [(degree[:c] - j) * total[:c] / ((total[:c] - j) * (j + 1))
              for j, c in enumerate(number)]  # fmt: skip

    def evaluate(t: Float) -> Float:
        x = t[order]
        u, v = x / (total + x), total / (total + x)
        h, power = np.ones_like(u), v.copy()
        for ratio in reversed(ratios):
            some = slice(ratio.size)
            h[some] *= ratio
            h[some] *= u[some]
            h[some] += power[some]
            power[some] *= v[some]
        found = np.empty_like(h)
        found[order] = np.log(h) - degree * np.log(v)
        return found

    return evaluate


def _over_off_rate(n: Float, signal: Float, m: Float, alpha: Float) -> Float:
    """Logarithm of the integral over the off rate of single fine bins, over its largest value.

    As a function of the off rate, the on and off counts are two fine bins of a known background.
    """
    best = np.maximum(on_off_rates(n, signal, m, alpha)[1], 0)
    pair = Cash.from_counts(
        np.column_stack([n, m]),
        np.column_stack([alpha, np.ones_like(alpha)]),
        np.column_stack([signal, np.zeros_like(signal)]),
    )
    return _log_integral(pair, best)


def _of_uncertain(stat: NuisanceCash, reference: Float) -> LogLikelihood:
    """Log likelihood integrated over the norm of the background."""
    cash, precision = stat.cash, stat.width**-2
    known = cash.b.sum(axis=1) > 0
    before = fit_background(cash, reference, precision, stat.centre)

    def evaluate(x: Float) -> Float:
        best = fit_background(cash, x, precision, stat.centre)
        value = -stat.rise_between(before, best, x - reference) / 2
        inner = Cash.from_counts(cash.n, cash.b, x[:, None] * cash.s)
        centre = np.broadcast_to(stat.centre, x.shape)
        of_norm = BackgroundCash(
            inner.n, inner.s, inner.b, inner.wall, inner.kink, precision, centre
        )
        value[known] += _log_integral(
            of_norm.take(known), best.norm[known], precision, (best.norm - centre)[known]
        )
        return value

    return evaluate


def _log_integral(stat: Cash, best: Float, precision: float = 0, away: Float | float = 0) -> Float:
    """Logarithm of the integral of exp(-C / 2) above 0, relative to its value at the best norm.

    C may include a normal distribution of a precision, whose centre is `away` from the best norm.
    """
    rate = 1 / (best[:, None] + stat.wall)
    slope = stat.slope_limit() + precision * away
    total = np.zeros_like(best)
    for sign in (+1, -1):
        width = _range(stat, best, sign)
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            step = sign * node * width
            log = np.einsum("ij,ij->i", stat.n, np.log1p(step[:, None] * rate))
            total += weight * width * np.exp(log - slope * step - precision / 2 * step**2)
    return np.log(total)


def _range(stat: Cash, best: Float, sign: int) -> Float:
    """Step over which C / 2 rises by `_DEPTH` or a little more; downwards at most to 0."""
    slope = sign * stat.slope(best, sign)[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        tangent = np.where(slope > 0, _DEPTH / slope, np.inf)
    step = np.fmin(stat.step_bound(best, 2 * _DEPTH, sign), tangent)
    return step if sign > 0 else np.minimum(step, best)
