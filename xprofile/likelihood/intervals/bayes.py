"""Limits and intervals from the posterior density of a norm that is not negative."""

from __future__ import annotations

import numpy as np
from scipy.special import erf, ndtr

from ..statistic import Float, Statistic
from .posterior import Prior, posterior

__all__ = ["bayes_interval", "bayes_limit"]


def bayes_limit(stat: Statistic, n_sigma: float, prior: Prior | None = None) -> Float:
    """Norm below which the posterior has the share of a limit of n sigma.

    Backgrounds that are not known are integrated over; see `marginal`.
    """
    tail = float(ndtr(-n_sigma))
    found = posterior(stat, prior, tail)
    return found.norm_below(tail * found.total())


def bayes_interval(
    stat: Statistic, n_sigma: float, prior: Prior | None = None
) -> tuple[Float, Float]:
    """Ends of the shortest interval with the share of the posterior of n sigma."""
    share = float(erf(n_sigma / np.sqrt(2)))
    return posterior(stat, prior, (1 - share) / 2).shortest(share)
