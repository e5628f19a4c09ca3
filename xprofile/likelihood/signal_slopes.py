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

from .cash import Cash
from .nuisance import NuisanceCash
from .statistic import Float, Statistic
from .warm_fits import WarmFit, statistic_parts
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


def signal_slopes(stat: Statistic, found: WarmFit) -> list[SignalSlopes]:
    """Return the derivatives of each data set at the norms that were found."""
    slopes, number, x = [], 0, found.norm
    for part in statistic_parts(stat):
        if isinstance(part, WStat):
            slopes.append(_of_on_off(part, x))
        elif isinstance(part, NuisanceCash):
            slopes.append(_of_nuisance(part, found, number))
            number += 1
        else:
            assert isinstance(part, Cash)
            slopes.append(_of_npred(part.n, x[:, None] * part.s + part.b))
    return slopes


def _of_on_off(stat: WStat, x: Float) -> SignalSlopes:
    rates = on_off_rates(stat.n, x[:, None] * stat.s, stat.m, stat.alpha)
    gradient, diagonal = on_off_slope(stat.n, stat.m, stat.alpha, rates)
    empty = (stat.n == 0) & (stat.m == 0)
    gradient = np.where(empty, np.where(x[:, None] >= 0, 1, -1 / stat.alpha), gradient)
    return SignalSlopes(gradient, np.where(empty, 0, diagonal), np.zeros_like(gradient))


def _of_npred(n: Float, npred: Float) -> SignalSlopes:
    """Derivatives at predicted counts; 0 where these are cut at 0."""
    above = npred > 0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        pull = np.where(above & (n > 0), n / npred, 0)
        second = np.where(above & (n > 0), pull / npred, 0)
    return SignalSlopes(np.where(above, 1 - pull, 0), second, np.zeros_like(second))


def _of_nuisance(stat: NuisanceCash, found: WarmFit, number: int) -> SignalSlopes:
    """Derivatives with an uncertain background, the `number`-th that was found."""
    cash, norm = stat.cash, found.background[:, number]
    slopes = _of_npred(cash.n, found.npred[number])
    mixed = slopes.diagonal * cash.b
    along = (mixed * cash.b).sum(axis=1) + stat.width**-2
    free = (along > 0) & (norm > 0) & ~found.sliding[:, number]
    shared = mixed / np.sqrt(np.where(free, along, 1))[:, None]
    return SignalSlopes(slopes.gradient, slopes.diagonal, np.where(free[:, None], shared, 0))
