r"""CLs limits from the asymptotic distributions of the test statistic.

The test statistic of a norm :math:`\mu` is

.. math:: \tilde q_\mu = C(\mu) - C(\max(\hat\mu, 0)) \text{ for } \hat\mu \le \mu, \text{ else } 0

(Cowan et al. 2011, Eur. Phys. J. C 71, 1554, eq. 16). :math:`\tilde q_A` is that of the Asimov
data: the counts expected without signal, with backgrounds that are fitted to the data at norm 0.
With the distributions of eqs. 62 to 67, the probabilities of values as large as the observed one
are

.. math:: CL_{s+b} = \Phi(-\sqrt{\tilde q}), \quad CL_b = \Phi(\sqrt{\tilde q_A} - \sqrt{\tilde q})
    \qquad \text{for } \tilde q \le \tilde q_A

.. math:: CL_{s+b} = \Phi\Big(-\frac{\tilde q + \tilde q_A}{2 \sqrt{\tilde q_A}}\Big), \quad
    CL_b = \Phi\Big(-\frac{\tilde q - \tilde q_A}{2 \sqrt{\tilde q_A}}\Big)
    \qquad \text{for } \tilde q > \tilde q_A

and the limit is the norm at which :math:`CL_s = CL_{s+b} / CL_b` falls to 1 minus the confidence
level (Read 2002, J. Phys. G 28, 2693).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr, ndtr, ndtri

from ..newton import best_fit, hesse_error, step_up
from ..statistic import Curve, Float, Statistic
from .roots import rising_root

__all__ = [
    "cls_excess",
    "cls_limit",
    "expected_cls_limits",
    "expected_cls_rises",
    "gaussian_cls_step",
]

# Stands for test statistics of 0 where their roots divide: 1e-290 gives the same limits.
_TINY = 1e-300

# Value from which the asymptotic series of the derivative of erfcx is exact to 1e-9; it decides
# only how fast a limit is found.
_FAR = 30.0

_PEAK = (2 * np.pi) ** -0.5  # of the normal distribution
_ROOT2 = 2**0.5


def cls_limit(stat: Statistic, n_sigma: float) -> Float:
    """Norm at which CLs falls to that of a limit of n sigma; for problems with signal."""
    x = best_fit(stat, 0.0)[0]
    asimov = stat.expected_data(np.zeros_like(x))
    start = gaussian_cls_step(x, hesse_error(asimov, np.zeros_like(x)), n_sigma)
    flat = -log_ndtr(-n_sigma) / stat.slope_limit()
    start = np.where(np.isfinite(start), start, flat) + flat / 4

    def curve(todo: NDArray[np.intp]) -> Curve:
        some = todo.size < x.size
        parts = (stat.take(todo), asimov.take(todo)) if some else (stat, asimov)
        return _cls_curve(*parts, x[todo], n_sigma)

    return x + rising_root(curve, start, np.zeros_like(x), np.full_like(x, np.inf))


def expected_cls_limits(stat: Statistic, n_sigma: float, bands: Sequence[float]) -> Float:
    r"""CLs limits to expect without signal, (nproblem, nband), for problems with signal.

    In the band z, :math:`\sqrt{\tilde q_A} = z + \Phi^{-1}(1 - \alpha \Phi(z))` for 1 minus the
    confidence level :math:`\alpha` (Cowan et al. 2011, eq. 89, for CLs).
    """
    zero = np.zeros_like(stat.slope_limit())
    asimov = stat.expected_data(zero)
    rises = expected_cls_rises(n_sigma, bands)
    return np.stack([step_up(asimov, zero, rise) for rise in rises], axis=-1)


def expected_cls_rises(n_sigma: float, bands: Sequence[float]) -> list[float]:
    r"""Return :math:`\tilde q_A` at the limits to expect without signal, for each band."""
    return [float(z - ndtri(ndtr(-n_sigma) * ndtr(z))) ** 2 for z in bands]


def gaussian_cls_step(x: Float, error: Float, n_sigma: float) -> Float:
    """Step from the best fit to the limit, if the norm has a Gaussian error."""
    with np.errstate(invalid="ignore"):
        return np.asarray(-error * ndtri(ndtr(-n_sigma) * ndtr(x / error)))


def _cls_curve(stat: Statistic, asimov: Statistic, x: Float, n_sigma: float) -> Curve:
    """`cls_excess` along steps from the best fit."""
    of_data = stat.rise_along(x, +1, kinks=False)
    of_asimov = asimov.rise_along(np.zeros_like(x), +1, kinks=False)

    def evaluate(step: Float) -> tuple[Float, Float]:
        return cls_excess(of_data(step), of_asimov(x + step), n_sigma)

    return evaluate


def cls_excess(
    of_data: tuple[Float, Float], of_asimov: tuple[Float, Float], n_sigma: float
) -> tuple[Float, Float]:
    r"""Rise of :math:`\sqrt{-2 \ln CL_s}` over that of the limit, and its derivative by the norm.

    Parameters
    ----------
    of_data, of_asimov : tuple of numpy.ndarray
        :math:`\tilde q` and :math:`\tilde q_A` at a norm, each with its derivative.
    n_sigma : float
        One-sided significance of the limit.
    """
    (q, dq), (qa, dqa) = of_data, of_asimov
    q, qa = np.maximum(q, _TINY), np.maximum(qa, _TINY)
    log, fall = np.where(q <= qa, _log_inside(q, dq, qa, dqa), _log_outside(q, dq, qa, dqa))
    value = np.sqrt(np.maximum(-2 * log, _TINY))
    return value - np.sqrt(-2 * log_ndtr(-n_sigma)), -fall / value


def _log_inside(q: Float, dq: Float, qa: Float, dqa: Float) -> tuple[Float, Float]:
    """Logarithm of CLs and its derivative, for q up to qa."""
    root, root_a = np.sqrt(q), np.sqrt(qa)
    sb, b = root, np.minimum(root - root_a, 0)
    dsb = dq / (2 * root)
    hazard = _PEAK * np.exp(-(b**2) / 2) / ndtr(-b)
    slope = hazard * (dsb - dqa / (2 * root_a)) - (sb - _beyond(sb)) * dsb
    return log_ndtr(-sb) - log_ndtr(-b), slope


def _log_outside(q: Float, dq: Float, qa: Float, dqa: Float) -> tuple[Float, Float]:
    r"""As `_log_inside` for q above qa, where both probabilities may be tiny.

    With :math:`\Phi(-z) = e^{-z^2 / 2} {\rm erfcx}(z / \sqrt 2) / 2`, the exponents leave -q / 2.
    """
    root_a = np.sqrt(qa)
    half, half_a = q / (2 * root_a), root_a / 2
    sb, b = half + half_a, np.maximum(half - half_a, 0)
    rate, rate_a = half * (dq / q - dqa / (2 * qa)), dqa / (4 * root_a)
    log = np.log(erfcx(sb / _ROOT2) / erfcx(b / _ROOT2)) - q / 2
    return log, _beyond(sb) * (rate + rate_a) - _beyond(b) * (rate - rate_a) - dq / 2


def _beyond(z: Float) -> Float:
    """Derivative of ln erfcx(z / sqrt(2)), for z of 0 or more."""
    far = np.maximum(z, _FAR)
    near = np.minimum(z, _FAR)
    series = -1 / far + 2 / far**3 - 10 / far**5
    return np.where(z > _FAR, series, near - 2 * _PEAK / erfcx(near / _ROOT2))
