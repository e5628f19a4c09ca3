r"""Confidence levels as significances, and back.

A two-sided interval of n sigma has the confidence level :math:`2 \Phi(n) - 1`, a one-sided limit
:math:`\Phi(n)`, for the distribution function :math:`\Phi` of the normal distribution. So 2 sigma
are 95.45 % of an interval, and 97.72 % of a limit.
"""

from __future__ import annotations

from scipy.special import erf, erfinv, ndtr, ndtri

__all__ = ["one_sided_cl", "one_sided_sigma", "two_sided_cl", "two_sided_sigma"]


def two_sided_cl(n_sigma: float) -> float:
    """Confidence level of an interval of n sigma."""
    return float(erf(n_sigma / 2**0.5))


def two_sided_sigma(cl: float) -> float:
    """Significance of an interval of a confidence level between 0 and 1."""
    return float(erfinv(cl) * 2**0.5)


def one_sided_cl(n_sigma: float) -> float:
    """Confidence level of a limit of n sigma."""
    return float(ndtr(n_sigma))


def one_sided_sigma(cl: float) -> float:
    """Significance of a limit of a confidence level between 0 and 1; negative below 1/2."""
    return float(ndtri(cl))
