"""Predicted counts and the statistic of each bin at the best fit of all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...likelihood import Cash, WStat
from ...likelihood.many_norms import Fit, Problems
from .settings import UnfoldSettings
from .systems import Systems

__all__ = ["FittedCounts", "fitted_counts"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FittedCounts:
    """Predicted counts and statistic at the best fit.

    Parameters
    ----------
    npred, npred_excess, npred_background : numpy.ndarray
        (nproblem, nbin, ndataset).
    stat : numpy.ndarray
        Statistic of the counts of each bin, (nproblem, nbin). It includes the penalty of a
        background norm that only this bin has.
    rest : numpy.ndarray
        Penalties of backgrounds that all bins share, (nproblem,).
    """

    npred: Float
    npred_excess: Float
    npred_background: Float
    stat: Float
    rest: Float

    def values(self, fitted: Bool) -> dict[str, Float]:
        """Variables of the profile; those of fits are NaN in bins that are not fitted."""
        seen = fitted[..., None]
        return {
            "npred": np.where(seen, self.npred, np.nan),
            "npred_excess": np.where(seen, self.npred_excess, np.nan),
            "npred_background": self.npred_background,
            "stat": np.where(fitted, self.stat, np.nan),
        }

    def stat_total(self, fit: Fit, problems: Problems) -> Float:
        """Statistic of all bins with all penalties, (nproblem,)."""
        norms = np.where(problems.is_norm, np.nan_to_num(fit.x), 0)
        penalty = np.repeat(problems.penalty, len(norms) // len(problems.penalty), axis=0)
        smooth = np.einsum("pi,pij,pj->p", norms, penalty, norms)
        return np.asarray(self.stat.sum(axis=1) + self.rest + smooth)


def fitted_counts(
    systems: Systems,
    problems: Problems,
    fit: Fit,
    response: Float,
    numbers: NDArray[np.intp],
    settings: UnfoldSettings,
) -> FittedCounts:
    """Predict the counts of each bin, and evaluate its statistic.

    Parameters
    ----------
    systems, problems, fit
        The systems, the problems made of them, and their best fit.
    response : numpy.ndarray
        Signal of the norms in the rows, (ngroup, nrow, nbin).
    numbers : numpy.ndarray of int
        Number of the background norm of each row, -1 without, (nrow,).
    settings : UnfoldSettings
        The settings, among them those of the background.
    """
    nbin, ngroup = systems.shape[-2:]
    width = settings.width
    x = np.nan_to_num(fit.x)
    signal_norms = x[:, :nbin].reshape(ngroup, systems.ntoy, nbin)
    signal = (signal_norms @ response.swapaxes(1, 2)).reshape(len(x), -1)
    background = systems.rows([b.background for b in systems.blocks]).reshape(len(x), -1)
    scale, norms = np.ones_like(background), np.ones((len(x), 1))
    if width is not None:
        norms = np.where(np.isnan(fit.x[:, nbin:]), 1, fit.x[:, nbin:])  # NaN: no background
        scale = np.where(numbers >= 0, norms[:, np.maximum(numbers, 0)], 1)
    known = np.where(problems.alpha > 0, 0, scale * background)
    npred, fitted, stat = _rows(problems, background, known, signal)
    by_bin = [_by_bin(systems, rows) for rows in (npred, signal, fitted, stat)]
    stats, rest = by_bin[3].sum(axis=-1), np.zeros(len(x))
    if width is not None:
        penalties = (norms - 1) ** 2 * width**-2
        if settings.background_correlated:
            rest = penalties.sum(axis=1)
        else:
            stats = stats + penalties.reshape(len(x), -1, nbin).sum(axis=1)
    return FittedCounts(by_bin[0], by_bin[1], by_bin[2], stats, rest)


def _rows(
    problems: Problems, off: Float, known: Float, signal: Float
) -> tuple[Float, Float, Float]:
    """Predicted counts, background and statistic of each row, which is a problem by itself."""
    n, shape = problems.n.reshape(-1, 1), problems.n.shape
    total = np.maximum(known + signal, 0)
    cash = Cash.from_counts(n, np.zeros_like(n), total.reshape(-1, 1))
    zero = np.zeros(n.size)
    npred, background, stat = total, known, cash.value(zero).reshape(shape)
    measured = problems.alpha > 0
    if measured.any():
        at = np.nonzero(measured)
        rows = (problems.n[at], np.abs(signal[at]), off[at], problems.alpha[at])
        onoff = WStat(*(v[:, None] for v in rows))
        one = np.where(signal[at] < 0, -1.0, 1.0)
        npred, background = npred.copy(), background.copy()
        npred[at], background[at] = onoff.npred(one), onoff.npred_background(one)
        stat[at] = onoff.value(one)
    return npred, background, stat


def _by_bin(systems: Systems, rows: Float) -> Float:
    """Sum rows over fine energies, (nproblem, nbin, ndataset)."""
    nbin, ngroup = systems.shape[-2:]
    sums = systems.by_bin(rows.reshape(ngroup, systems.ntoy, -1))
    return np.moveaxis(sums, 2, 0).reshape(-1, nbin, sums.shape[-1])
