"""Covariance of the norms from the curvature at the best fit."""

from __future__ import annotations

import numpy as np

from ..statistic import Bool, Float
from ..wstat import on_off_slope
from .curvature import Curvature
from .fits import Fit
from .problems import Problems
from .rows import predicted, row_signal

__all__ = ["covariance_with_walls", "hesse_covariance"]

# Variance without walls, in units of that with walls, above which these hold a norm. Its error is
# then the distance over which the statistic rises, which is right for all norms.
_HELD = 1.2

# Eigenvalue of the correlation of curvatures, for each column, below which a combination of norms
# counts as unknown. Rounding errors are 1e-16 times the number of columns. At 1e-10 combinations
# that are known to 1e5 times the error of a single norm would be lost.
_FLAT = 1e-14

# Curvature of a norm that counts as none: of shares of 1e-100, whose squares are not exact.
_NONE = 1e-200

# Share of its error by which an unknown combination must move a norm to make the norm unknown. The
# error is then right to the square of it. At 0.1 errors could be 1 % off; at 1e-3 norms beside
# empty bins are unknown though their profiles give the same errors to 1e-3.
_PART = 0.01

# Smallest resistance of empty rows against a combination. Smaller ones are rounding errors: such a
# combination makes a norm unknown if its share in it is 1e-6.
_RESISTS = 1e-8

# Share of a norm in a direction, below which it is a rounding error.
_ROUNDED = 1e-6


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
    covariance, lost = _inverse(matrix)
    todo = np.flatnonzero(lost)
    if todo.size:
        part = problems.take(todo)
        covariance[todo] = _inverse_of_known(matrix[todo], _resistance(part, fit.take(todo)))
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


def _inverse(matrix: Float) -> tuple[Float, Bool]:
    """Inverse with inf for norms without curvature, and whether others combine to none."""
    known = np.einsum("pii->pi", matrix) > _NONE
    scaled, outer = _scaled(matrix, matrix, known)
    values, vectors = np.linalg.eigh(scaled)
    flat = values < _FLAT * values.shape[1]
    rates = np.where(flat, 0, 1 / np.where(flat, 1, values))
    inverse = (vectors * rates[:, None]) @ np.swapaxes(vectors, 1, 2)
    return _marked(inverse * outer, ~known), flat.any(axis=1)


def _scaled(matrix: Float, by: Float, known: Bool) -> tuple[Float, Float]:
    """Matrix in units in which another one has a diagonal of 1, and those units."""
    diagonal = np.einsum("pii->pi", by)
    scale = np.where(known, 1 / np.sqrt(np.where(known, diagonal, 1)), 0)
    outer = scale[:, :, None] * scale[:, None, :]
    scaled = matrix * outer
    np.einsum("pii->pi", scaled)[~known] = 1
    return scaled, outer


def _resistance(problems: Problems, fit: Fit) -> Float:
    """Curvature that stands for empty rows: moved by a count, they raise the statistic by one."""
    response = problems.response
    empty = np.where(_row_curvature(problems, fit) > 0, 0.0, 1.0)
    weights = empty.reshape(len(response), -1, response.shape[1])
    ncolumn = response.shape[2]
    matrix = Curvature(response, problems.repeats).matrix(weights)
    return np.asarray(matrix).reshape(-1, ncolumn, ncolumn)


def _inverse_of_known(matrix: Float, resistance: Float) -> Float:
    """Inverse where combinations have no curvature; inf for the norms that they move.

    Empty rows let a combination move by about a count. Norms that it then moves by less than their
    errors are known.
    """
    known = np.einsum("pii->pi", matrix) > _NONE
    scaled, outer = _scaled(matrix, matrix + resistance, known)
    values, vectors = np.linalg.eigh(scaled)
    flat = (values < _FLAT * values.shape[1])[:, None]
    rates = np.where(flat, 0, 1 / np.where(flat, 1, values[:, None]))
    inverse = (vectors * rates) @ np.swapaxes(vectors, 1, 2)
    along = np.where(flat, vectors, 0)
    resists, axes = np.linalg.eigh(np.swapaxes(along, 1, 2) @ (resistance * outer) @ along)
    reach = (along @ axes) ** 2 / np.maximum(resists, _RESISTS)[:, None]
    moved = reach.sum(axis=2) > _PART**2 * np.einsum("pii->pi", inverse)
    return _marked(inverse * outer, moved | ~known)


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
    rank = int((sizes > _ROUNDED * sizes.max(initial=0)).sum())
    along = vectors[rank:].T * scale[:, None]
    inner = along.T @ matrix @ along
    values, axes = np.linalg.eigh(inner)
    flat = values <= _FLAT * len(values) * values.max(initial=0)
    root = (along @ axes) / np.sqrt(np.where(flat, np.inf, values))
    lost = np.abs(along @ axes[:, flat]) / scale[:, None]
    return _marked(root @ root.T, (lost > _ROUNDED).any(axis=1))


def covariance_with_walls(problems: Problems, fitted: Problems, fit: Fit) -> Float:
    """Covariance; norms that walls hold have an infinite variance, as their curvature tells little.

    Norms whose error without walls is up to a tenth larger are not held.

    Parameters
    ----------
    problems : Problems
        The counts.
    fitted, fit
        Result of `fit_with_walls` for them.

    Returns
    -------
    numpy.ndarray
        (nproblem, ncolumn, ncolumn), with NaN beside infinite variances.
    """
    covariance = hesse_covariance(fitted, fit)
    walled = np.flatnonzero((fitted.n != problems.n).any(axis=1))
    if walled.size:
        free = np.einsum("pjj->pj", hesse_covariance(problems.take(walled), fit.take(walled)))
        known = np.einsum("pjj->pj", covariance)[walled]
        held = ~(free < _HELD * known)
        part = np.where(held[:, :, None] | held[:, None, :], np.nan, covariance[walled])
        np.einsum("pjj->pj", part)[held] = np.inf
        covariance[walled] = part
    return covariance
