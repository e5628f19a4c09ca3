"""Norms that the data cannot tell apart, as those of templates that are proportional."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from ...likelihood.many_norms import Problems

__all__ = ["undetermined", "without_redundant"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Eigenvalue of the information on the norms, scaled to 1 on its diagonal and for each norm, below
# which a combination of norms changes no predicted counts. Templates that differ by a share d have
# one of d^2 / 2, so this is d = 1e-6. At ten times less, rounding errors of maps in single
# precision, 1e-7, would tell templates apart; at ten times more, norms are lost whose errors are
# 3e5 times those of one template by itself.
_SAME = 1e-12

# Share of a norm in such a combination that makes the norm unknown. Below are rounding errors.
_PART = 1e-6


def undetermined(problems: Problems) -> Bool:
    """Whether other norms can replace a norm, so that the data say nothing of it.

    Parameters
    ----------
    problems : Problems
        The problems. Their bounds do not count: a bounded norm can be replaced in a range.

    Returns
    -------
    numpy.ndarray of bool
        (nproblem, ncolumn), False for columns without signal.
    """
    p, root = problems.penalty, _weighted(problems)
    ncolumn = root.shape[2]
    information = np.swapaxes(root, 1, 2) @ root + p
    size = np.einsum("gjj->gj", information)
    seen = size > 0
    scale = 1 / np.sqrt(np.where(seen, size, 1))
    scaled = information * scale[:, :, None] * scale[:, None, :]
    np.einsum("gjj->gj", scaled)[...] = 1
    values, vectors = np.linalg.eigh(scaled)
    free = (values < _SAME * ncolumn)[:, None, :]
    found = (np.where(free, np.abs(vectors), 0) > _PART).any(axis=2) & seen
    return np.repeat(found, problems.repeats, axis=0)


def _weighted(problems: Problems) -> Float:
    """Response over the error of each row, (ngroup, nrow, ncolumn)."""
    a = problems.response
    counts = problems.n.reshape(len(a), -1, a.shape[1]).mean(axis=1)
    return np.asarray(a / np.sqrt(np.maximum(counts, 1))[:, :, None])


def without_redundant(problems: Problems, lost: Bool) -> Problems:
    """Set columns to 0 that others can replace, so that the rest has one best fit.

    Fits of the other norms end faster, and predict the same. Problems with smallest norms stay as
    they are, as columns whose norms have a limit can replace others in one direction alone.

    Parameters
    ----------
    problems : Problems
        The problems.
    lost : numpy.ndarray of bool
        From `undetermined`.
    """
    bounded = np.isfinite(problems.lower[:, problems.is_norm]).any()
    groups = lost[:: problems.repeats] & problems.is_norm
    if bounded or not groups.any():
        return problems
    response, roots = problems.response.copy(), _weighted(problems)
    stiff = np.sqrt(np.einsum("gjj->gj", problems.penalty))[:, None] * np.eye(roots.shape[2])
    roots = np.concatenate([roots, np.broadcast_to(stiff, (len(roots), *stiff.shape[1:]))], axis=1)
    for group in np.flatnonzero(groups.any(axis=1)):
        size = np.sqrt((roots[group] ** 2).sum(axis=0))
        scaled = roots[group] / np.where(size > 0, size, 1)
        lost_here = np.flatnonzero(groups[group])
        kept, _ = qr(np.delete(scaled, lost_here, axis=1), mode="economic")
        rest = scaled[:, lost_here]
        rest = rest - kept @ (kept.T @ rest)
        _, r, order = qr(rest, mode="economic", pivoting=True)
        length = np.abs(np.diag(r))
        rank = int((length > np.sqrt(_SAME * scaled.shape[1])).sum())
        response[group][:, lost_here[order[rank:]]] = 0
    return replace(problems, response=response)
