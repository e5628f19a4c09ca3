"""Covariance of the norms from the curvature at the best fit."""

from __future__ import annotations

import numpy as np

from ..statistic import Bool, Float
from ..wstat import on_off_slope
from .curvature import Curvature
from .fits import Fit
from .problems import Problems
from .rows import predicted, row_signal

__all__ = ["hesse_covariance"]

# Eigenvalue of the correlation of curvatures, for each column, below which a combination of norms
# counts as unknown. Rounding errors are 1e-16 times the number of columns. At 1e-10 combinations
# that are known to 1e5 times the error of a single norm would be lost.
_FLAT = 1e-14

# Share of a norm in an unknown combination that makes the norm unknown. Below are rounding errors.
_PART = 1e-6


def hesse_covariance(problems: Problems, fit: Fit) -> Float:
    """Covariance of the norms from the curvature of C / 2 at the best fit.

    As for a single norm, kinks of norms and their lower limits are ignored. A background norm stays
    at its lower limit, and on the kink that it shares with a norm.

    Parameters
    ----------
    problems : Problems
        The counts and what is known of them.
    fit : Fit
        Their best fits.

    Returns
    -------
    numpy.ndarray
        (nproblem, ncolumn, ncolumn). Without signal it is NaN. The variance of a norm without
        curvature is inf, and its covariances are NaN.
    """
    response, p = problems.response, problems.penalty
    ncolumn = response.shape[2]
    weights = _row_curvature(problems, fit).reshape(len(response), -1, response.shape[1])
    sums = Curvature(response, problems.repeats).matrix(weights)
    matrix = (sums.reshape(len(p), -1, ncolumn, ncolumn) + p[:, None]).reshape(-1, ncolumn, ncolumn)
    constant = fit.at_bound & ~problems.is_norm
    matrix = matrix * ~(constant[:, :, None] | constant[:, None, :])
    covariance = _inverse(matrix)
    slides = _sliding_rows(problems, fit, constant)
    some = np.flatnonzero(slides.any(axis=1))
    for i in some:  # rare: an empty row on its kink, with an uncertain background
        rows = response[i // problems.repeats][slides[i]] * ~constant[i]
        covariance[i] = _constrained(matrix[i], rows)
    covariance[constant[:, :, None] | constant[:, None, :]] = 0
    unseen = np.isnan(fit.x)
    covariance[unseen[:, :, None] | unseen[:, None, :]] = np.nan
    return covariance


def _row_curvature(problems: Problems, fit: Fit) -> Float:
    """Second derivative of C / 2 along the signal of each row; 0 in empty rows."""
    n, onoff = problems.n, problems.alpha > 0
    counted = np.where((n > 0) & ~onoff, (1 - fit.slope) ** 2 / np.where(n > 0, n, 1), 0)
    if not onoff.any():
        return counted
    rates = predicted(problems, row_signal(problems, fit.x))
    alpha = np.where(onoff, problems.alpha, 1)
    _, curved = on_off_slope(n, problems.off, alpha, rates)
    return np.where(onoff & (n + problems.off > 0), curved, counted)


def _sliding_rows(problems: Problems, fit: Fit, constant: Bool) -> Bool:
    """Rows on a kink that a free background norm shares."""
    free = (~problems.is_norm & ~constant).astype(float)
    a = np.swapaxes(problems.response, 1, 2)
    shared = (free.reshape(len(a), -1, free.shape[1]) @ a).reshape(fit.on_kink.shape) > 0
    return np.asarray(fit.on_kink & shared)


def _inverse(matrix: Float) -> Float:
    """Inverse with inf for what has no curvature."""
    diagonal = np.einsum("pii->pi", matrix)
    scale = np.sqrt(np.where(diagonal > 0, 1 / np.where(diagonal > 0, diagonal, 1), 0))
    scaled = matrix * scale[:, :, None] * scale[:, None, :]
    np.einsum("pii->pi", scaled)[...] = diagonal > 0
    values, vectors = np.linalg.eigh(scaled)
    flat = values < _FLAT * values.shape[1]
    rates = np.where(flat, 0, 1 / np.where(flat, 1, values))
    inverse = (vectors * rates[:, None]) @ np.swapaxes(vectors, 1, 2)
    inverse = np.asarray(inverse * scale[:, :, None] * scale[:, None, :])
    unknown = (diagonal <= 0) | ((np.abs(vectors) > _PART) & flat[:, None]).any(axis=2)
    return _marked(inverse, unknown)


def _marked(inverse: Float, unknown: Bool) -> Float:
    """Set the variance of unknown norms to inf."""
    inverse[unknown[..., :, None] | unknown[..., None, :]] = np.nan
    np.einsum("...ii->...i", inverse)[unknown] = np.inf
    return inverse


def _constrained(matrix: Float, rows: Float) -> Float:
    """Inverse within the norms that leave the signal of some rows as it is."""
    diagonal, size = np.diag(matrix), rows.sum(axis=0)
    size = np.where(diagonal > 0, np.sqrt(diagonal), size)
    scale = 1 / np.where(size > 0, size, 1)
    _, sizes, vectors = np.linalg.svd(rows * scale)
    rank = int((sizes > _PART * sizes.max(initial=0)).sum())
    along = vectors[rank:].T * scale[:, None]
    inner = along.T @ matrix @ along
    values, axes = np.linalg.eigh(inner)
    flat = values <= _FLAT * len(values) * values.max(initial=0)
    root = (along @ axes) / np.sqrt(np.where(flat, np.inf, values))
    lost = np.abs(along @ axes[:, flat]) / scale[:, None]
    return _marked(root @ root.T, (lost > _PART).any(axis=1))
