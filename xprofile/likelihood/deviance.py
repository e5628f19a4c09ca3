r"""Deviance of Poisson counts, and how large it is if the predicted counts are right.

The deviance of counts n with predicted counts :math:`\mu` is

.. math:: D = 2 [\mu - n + n \ln(n / \mu)],

which is 0 if both are equal. For many counts it follows a :math:`\chi^2` distribution of one degree
of freedom. For few it does not: at :math:`\mu = 0.1` its mean is 0.5, and at 1 it is 1.15. So its
moments are summed over the Poisson distribution, as for the C statistic by Kaastra (2017), A&A 605,
A51.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import gammaln, kl_div, xlogy

from .statistic import Float

__all__ = ["deviance", "deviance_moments"]

# Predicted counts between which moments come from a table. Above, the next terms of their series
# in 1 / mu are 1e-5 of the moments; at a tenth of it they are 1e-3. Below, a bin adds less than
# 2e-3 to the deviance, so that ten times as much or as little changes nothing.
_LOWEST, _HIGHEST = 1e-4, 200.0

# Nodes of the table, between which moments are right to 1e-6; with a tenth, to 1e-2.
_NODES = 300


def deviance(n: Float, mu: Float) -> Float:
    """Deviance of each count; inf where counts are predicted to be 0 and are not."""
    return np.asarray(np.maximum(2 * kl_div(n, mu), 0))


def deviance_moments(mu: Float) -> tuple[Float, Float, Float]:
    """Mean and variance of the deviance of Poisson counts, and its covariance with the counts.

    Parameters
    ----------
    mu : numpy.ndarray
        Expected counts, 0 or more.
    """
    table = _TABLE(np.log(np.clip(mu, _LOWEST, _HIGHEST)))
    mean, variance, covariance = np.moveaxis(table, -1, 0)
    many = mu > _HIGHEST
    if many.any():
        rest = 1 / (6 * np.where(many, mu, 1))
        mean = np.where(many, 1 + rest + 6 * rest**2, mean)
        variance = np.where(many, 2 * (1 + 2 * rest), variance)
        covariance = np.where(many, -rest, covariance)
    small = np.minimum(mu / _LOWEST, 1)
    return small * mean, small * variance, small * covariance


def _table() -> CubicSpline:
    """Moments over the logarithm of the expected counts."""
    mu = np.geomspace(_LOWEST, _HIGHEST, _NODES)[:, None]
    n = np.arange(_HIGHEST + 12 * np.sqrt(_HIGHEST))
    share = np.exp(xlogy(n, mu) - mu - gammaln(n + 1))
    value = deviance(n, mu)
    mean = (share * value).sum(axis=1, keepdims=True)
    away = share * (value - mean)
    moments = [mean[:, 0], (away * value).sum(axis=1), (away * n).sum(axis=1)]
    return CubicSpline(np.log(mu[:, 0]), np.stack(moments, axis=-1))


_TABLE = _table()
