r"""How well a fit of templates describes the data.

With the deviance D of a fit with k norms to N rows, and the moments of the deviance of Poisson
counts (`deviance_moments`), D has about the mean :math:`\sum E_i - k` and the variance

.. math:: \sum V_i - 2 k - c^T I^{-1} c, \qquad c_j = \sum_i A_{ij} K_i / \mu_i,

for the covariance K of deviance and counts, the information I on the norms, and the response A. The
last term comes from norms that follow the counts (McCullagh 1986, J. Am. Stat. Assoc. 81, 104). The
background b of an on-off row is one more norm. It takes the moments of the deviance of as many
counts as tell it, :math:`b^2 I_{bb}`, which are all counts of the row without a signal. The p-value
is that of a gamma distribution with this mean and variance, which for many counts is the
:math:`\chi^2` distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from ...likelihood.cash import TRUNCATION
from ...likelihood.deviance import deviance, deviance_moments
from ...likelihood.many_norms import Fit, Problems, fit_with_walls
from ...schema.arguments.generators import random_generator
from ...schema.number_checks import check_number_of_values
from .predicted import FittedRows, fitted_rows

__all__ = ["Goodness", "goodness_of_fit", "p_values_by_toys"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Relative difference up to which deviances count as equal, so that toys with the counts of the data
# count as high as the data. It is above the rounding of a fit, about 1e-12; at 1e-2, toys with a
# lower deviance would count, and p-values come out too large.
_EQUAL = 1e-9

# Numbers of rows times columns that are worked on at once; a technical size, 16 MB.
_BLOCK = 2_000_000

# Toys that are fitted at once, in about a second, so that a progress bar moves.
_TOYS = 1000

# Eigenvalue of the information, scaled to 1 on its diagonal, below which a combination of norms
# does not follow the counts. Errors of p-values are far below those of the moments at ten times as
# much or as little.
_FLAT = 1e-10

# Smallest variance of the deviance, as a share of that of a chi-square distribution. It is reached
# where hardly any counts are expected. Ten times more or less changes p-values there alone, where
# the deviance has a few possible values and only toys tell its distribution.
_LEAST_VARIANCE = 1e-2


@dataclass(frozen=True, eq=False)
class Goodness:
    """Goodness of the fit of each problem, (nproblem,).

    Parameters
    ----------
    stat : numpy.ndarray
        Fit statistic, with penalties.
    deviance : numpy.ndarray
        Difference of the statistic from that of a model that predicts the counts exactly.
    dof : numpy.ndarray of int
        Rows that can have counts, minus fitted norms.
    p_value : numpy.ndarray
        Probability of a deviance as large, if the model is right; NaN without degrees of freedom.
    """

    stat: Float
    deviance: Float
    dof: NDArray[np.int64]
    p_value: Float


def goodness_of_fit(problems: Problems, fit: Fit, fitted: FittedRows, used: Bool) -> Goodness:
    """Compute the goodness of fits.

    Parameters
    ----------
    problems, fit, fitted
        The problems, their best fits, and the predicted counts.
    used : numpy.ndarray of bool
        Whether a row has data, (nproblem, nrow).
    """
    n, off, measured = problems.n, problems.off, problems.alpha > 0
    away = np.nan_to_num(fit.x) - problems.centre
    p = problems.penalty
    pulled = (away.reshape(len(p), -1, away.shape[1]) @ p).reshape(away.shape)
    penalty = (pulled * away).sum(axis=1)
    each = _deviances(problems, fitted)
    value = each.sum(axis=1) + penalty
    logs = n * np.log(np.maximum(fitted.total, TRUNCATION))
    stat = np.where(measured, each, 2 * (fitted.total - logs)).sum(axis=1) + penalty
    seen = np.repeat((problems.response > 0).any(axis=2), problems.repeats, axis=0)
    counted = used & (seen | (problems.background > 0) | (n > 0) | (off > 0))
    rest = _penalised(problems) - _fitted_norms(problems)
    dof = counted.sum(axis=1) + rest
    mean, variance = _moments(problems, fitted)
    return Goodness(
        stat, value, dof.astype(np.int64),
        _p_value(value, dof, mean + rest, variance + 2 * rest),
    )  # fmt: skip


def _deviances(problems: Problems, fitted: FittedRows) -> Float:
    """Deviance of each row, (nproblem, nrow)."""
    return deviance(problems.n, fitted.total) + deviance(problems.off, fitted.off)


def _penalised(problems: Problems) -> NDArray[np.int64]:
    """Number of penalties: each counts as a measurement, (nproblem,)."""
    stiff = np.einsum("gjj->gj", problems.penalty) > 0
    return np.repeat(stiff.sum(axis=1), len(problems.n) // len(stiff))


def _fitted_norms(problems: Problems) -> NDArray[np.int64]:
    """Number of combinations of norms that the data determine, (nproblem,)."""
    a = problems.response
    size = np.sqrt((a**2).sum(axis=1, keepdims=True))
    free = np.linalg.matrix_rank(a / np.where(size > 0, size, 1), tol=1e-6)
    return np.repeat(np.atleast_1d(free), problems.repeats)


def _moments(problems: Problems, fitted: FittedRows) -> tuple[Float, Float]:
    """Mean and variance of the sum of deviances, with norms that follow the counts."""
    mean, variance, along = deviance_moments(np.maximum(fitted.total, 0))
    off_mean, off_variance, off_along = deviance_moments(fitted.off)
    measured, alpha = problems.alpha > 0, problems.alpha
    mean, variance = mean.sum(axis=1), variance.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(fitted.total > 0, 1 / fitted.total, 0)
        slope = along * weight
        if measured.any():  # each row has a background, which follows its own counts
            has_off = measured & (fitted.off > 0)
            stiff = np.where(has_off, alpha**2 * weight + 1 / fitted.off, np.inf)
            alone = deviance_moments(np.where(has_off, stiff * fitted.off**2, 0))
            mean = mean + (off_mean - alone[0]).sum(axis=1)
            variance = variance + (off_variance - alone[1]).sum(axis=1)
            own = alpha * slope + (off_along - alone[2]) / fitted.off
            own = np.where(has_off, own, 0)
            variance = variance - np.where(has_off, own**2 / stiff, 0).sum(axis=1)
            slope = slope - np.where(has_off, alpha * weight * own / stiff, 0)
            weight = weight - np.where(has_off, (alpha * weight) ** 2 / stiff, 0)
    return mean, variance - _explained(problems, slope, weight)


def _explained(problems: Problems, slope: Float, weight: Float) -> Float:
    """Variance of the deviance that norms take up, c I^-1 c, (nproblem,)."""
    a, repeats = problems.response, problems.repeats
    size = max(_BLOCK // max(a[0].size, 1), 1)
    found = np.zeros(len(slope))
    for start in range(0, len(slope), size):
        block = np.arange(start, min(start + size, len(slope)))
        root = np.sqrt(np.maximum(weight[block], 0))
        rows = a[block // repeats] * root[:, :, None]
        norm = np.sqrt((rows**2).sum(axis=1, keepdims=True))
        rows = rows / np.where(norm > 0, norm, 1)
        target = np.divide(slope[block], root, out=np.zeros_like(root), where=root > 0)
        values, vectors = np.linalg.eigh(np.swapaxes(rows, 1, 2) @ rows)
        along = ((target[:, None] @ rows) @ vectors)[:, 0]
        known = values > _FLAT
        found[block] = np.where(known, along**2 / np.where(known, values, 1), 0).sum(axis=1)
    return found


def _p_value(value: Float, dof: NDArray[np.int64], mean: Float, variance: Float) -> Float:
    """Probability of a larger value for a gamma distribution of this mean and variance."""
    known = (dof > 0) & (mean > 0)
    mean = np.where(known, mean, 1)
    variance = np.maximum(np.where(known, variance, 1), _LEAST_VARIANCE * 2 * np.maximum(dof, 1))
    found = gammaincc(mean**2 / variance, value * mean / variance)
    return np.where(known, found, np.nan)


def p_values_by_toys(
    problems: Problems,
    fit: Fit,
    fitted: FittedRows,
    value: Float,
    n_toys: int,
    rng: int | np.random.Generator | None,
    iterate: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> Float:
    """Share of toys of the best fit that have a deviance as large as the data, (nproblem,).

    Each toy is fitted with all norms. Backgrounds with a penalty are measured again in each.

    Returns
    -------
    numpy.ndarray
        (1 + k) / (1 + n_toys) if k toys have; NaN where the data have no finite deviance.
    """
    check_number_of_values(f"n_toys={n_toys}", n_toys * problems.n.size, "draw fewer")
    generator = random_generator(rng)
    found = np.zeros(len(value))
    blocks = -(-n_toys // _TOYS)
    for number in iterate(range(len(value) * blocks)):
        i, block = divmod(number, blocks)
        if block == 0:
            rows = FittedRows(*(v[i : i + 1] for v in vars(fitted).values()))
            toys = _toys(problems.take(np.array([i])), fit.x[i], rows, n_toys, generator)
        some = toys.take(np.arange(block * _TOYS, min((block + 1) * _TOYS, n_toys)))
        found[i] += np.count_nonzero(_toy_deviances(some) >= value[i] * (1 - _EQUAL))
    return np.where(np.isfinite(value), (1 + found) / (1 + n_toys), np.nan)


def _toy_deviances(toys: Problems) -> Float:
    """Deviances of toys, which are fitted with all norms, with their penalties, (ntoy,)."""
    again = fit_with_walls(toys)[1]
    away = np.nan_to_num(again.x) - toys.centre
    penalty = np.einsum("pi,ij,pj->p", away, toys.penalty[0], away)
    rows = fitted_rows(toys, again, int(toys.is_norm.sum()))
    return np.asarray(_deviances(toys, rows).sum(axis=1) + penalty)


def _toys(
    one: Problems, x: Float, fitted: FittedRows, n_toys: int, rng: np.random.Generator
) -> Problems:
    """Draw counts, off counts and the centres of penalties for the best fit of one problem."""
    shape = (n_toys, one.n.shape[1])
    stiff = np.einsum("jj->j", one.penalty[0])
    width = np.where(stiff > 0, 1 / np.sqrt(np.where(stiff > 0, stiff, 1)), 0)
    at = np.where(stiff > 0, np.nan_to_num(x), one.centre[0])
    return replace(
        one,
        n=rng.poisson(np.maximum(fitted.total, 0), shape).astype(np.float64),
        off=rng.poisson(fitted.off, shape).astype(np.float64),
        background=np.broadcast_to(one.background, shape),
        alpha=np.broadcast_to(one.alpha, shape),
        lower=np.broadcast_to(one.lower, (n_toys, one.lower.shape[1])),
        centre=np.maximum(at + width * rng.standard_normal((n_toys, at.size)), 0)
        if (stiff > 0).any()
        else np.broadcast_to(one.centre, (n_toys, at.size)),
    )
