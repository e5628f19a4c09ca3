r"""How a statistic changes with the signal of each fine bin, at one norm.

The other modules follow a statistic along the norm of a fixed spectrum. A spectrum with free
parameters changes the signal of each fine bin. Half the statistic then has the gradient g along the
signal counts :math:`v_k` of the fine bins, and the second derivatives
:math:`\mathrm{diag}(h) - u u^T`. Here the best background (of each fine bin, or its norm) is fitted
at every signal, which gives u.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .background_norm import fit_background
from .cash import Cash
from .joint import Joint
from .nuisance import NuisanceCash
from .statistic import Float, Statistic
from .wstat import WStat, on_off_rates, on_off_slope

__all__ = ["SignalSlopes", "signal_slopes"]


@dataclass(frozen=True, eq=False)
class SignalSlopes:
    """Derivatives of half the statistic along the signal counts, (nproblem, nbin) each.

    Parameters
    ----------
    gradient : numpy.ndarray
        First derivatives.
    diagonal : numpy.ndarray
        Second derivatives with a fixed norm of the background.
    shared : numpy.ndarray
        The vector u by which a common norm of the background lowers the second derivatives.
    """

    gradient: Float
    diagonal: Float
    shared: Float


def signal_slopes(stat: Statistic, x: Float) -> list[SignalSlopes]:
    """Return the derivatives of each data set at the norms x."""
    if isinstance(stat, Joint):
        return [found for part in stat.parts for found in signal_slopes(part, x)]
    if isinstance(stat, WStat):
        rates = on_off_rates(stat.n, x[:, None] * stat.s, stat.m, stat.alpha)
        gradient, diagonal = on_off_slope(stat.n, stat.m, stat.alpha, rates)
        empty = (stat.n == 0) & (stat.m == 0)
        gradient = np.where(empty, np.where(x[:, None] >= 0, 1, -1 / stat.alpha), gradient)
        return [SignalSlopes(gradient, np.where(empty, 0, diagonal), np.zeros_like(gradient))]
    if isinstance(stat, NuisanceCash):
        return [_of_nuisance(stat, x)]
    assert isinstance(stat, Cash)
    return [_of_npred(stat.n, x[:, None] * stat.s + stat.b)]


def _of_npred(n: Float, npred: Float) -> SignalSlopes:
    """Derivatives at predicted counts; 0 where these are cut at 0."""
    above = npred > 0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        pull = np.where(above & (n > 0), n / npred, 0)
        second = np.where(above & (n > 0), pull / npred, 0)
    return SignalSlopes(np.where(above, 1 - pull, 0), second, np.zeros_like(second))


def _of_nuisance(stat: NuisanceCash, x: Float) -> SignalSlopes:
    cash, precision = stat.cash, stat.width**-2
    best = fit_background(cash, x, precision)
    slopes = _of_npred(cash.n, best.npred)
    mixed = slopes.diagonal * cash.b
    along = (mixed * cash.b).sum(axis=1) + precision
    free = (along > 0) & (best.norm > 0) & ~best.sliding
    shared = mixed / np.sqrt(np.where(free, along, 1))[:, None]
    return SignalSlopes(slopes.gradient, slopes.diagonal, np.where(free[:, None], shared, 0))
