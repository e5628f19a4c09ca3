"""Predicted counts of a best fit: of each template, of the bins, and of the background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...likelihood import WStat
from ...likelihood.deviance import deviance
from ...likelihood.many_norms import Fit, Problems, npred
from .rows import Block, Rows

__all__ = ["FittedRows", "fitted_rows", "predicted_counts"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FittedRows:
    """Predicted counts of rows, (nproblem, nrow) each.

    Parameters
    ----------
    total, background : numpy.ndarray
        Predicted counts, and those of the background.
    off : numpy.ndarray
        Predicted off counts; 0 where the background is known.
    own : numpy.ndarray
        Signal of the norms of bins.
    """

    total: Float
    background: Float
    off: Float
    own: Float


def fitted_rows(
    problems: Problems, fit: Fit, ntemplate: int, lost: Bool | None = None
) -> FittedRows:
    """Predict the counts of rows; the first `ntemplate` columns are templates.

    The signal of bins is NaN where it has a norm that is `lost`, (nproblem, nnorm).
    """
    x = np.nan_to_num(fit.x)
    columns = np.arange(x.shape[1])
    is_own = problems.is_norm & (columns >= ntemplate)
    own = _row_sums(problems, np.where(is_own, x, 0))
    if lost is not None and lost[:, ntemplate:].any():
        of_bins = np.zeros_like(x)
        of_bins[:, ntemplate : lost.shape[1]] = lost[:, ntemplate:]
        own = np.where(_row_sums(problems, of_bins) > 0, np.nan, own)
    signal = _row_sums(problems, np.where(problems.is_norm, x, 0))
    background = problems.background
    if not problems.is_norm.all():
        background = background + _row_sums(problems, np.where(problems.is_norm, 0, x))
    total, measured = npred(problems, fit), problems.alpha > 0
    on = np.where(measured, total - signal, 0)
    off = np.maximum(np.divide(on, problems.alpha, out=np.zeros_like(on), where=measured), 0)
    background = np.where(measured, problems.alpha * off, background)
    return FittedRows(total, background, off, own)


def _row_sums(problems: Problems, x: Float) -> Float:
    """Sum of all columns in each row, (nproblem, nrow)."""
    a = problems.response
    grouped = x.reshape(len(a), -1, x.shape[1])
    return np.asarray((grouped @ np.swapaxes(a, 1, 2)).reshape(len(x), a.shape[1]))


def predicted_counts(rows: Rows, fitted: FittedRows, norm: Float) -> dict[str, Float]:
    """Counts, predicted counts and residuals of each bin, energy group and data set.

    Parameters
    ----------
    rows, fitted
        The rows, and their predicted counts.
    norm : numpy.ndarray
        Norms of templates, (nproblem, ntemplate); NaN where they are not known.

    Returns
    -------
    dict
        Names to arrays (ndataset, ntoy, nbin, ngroup); ``npred`` (ndataset, ntoy, ntemplate, nbin,
        ngroup).
    """
    counts = np.stack([rows.with_toys(b.sums[0])[..., 0] for b in rows.blocks])
    found = {
        name: np.moveaxis(rows.by_bin(array), -1, 0)
        for name, array in {
            "npred_total": fitted.total,
            "npred_background": fitted.background,
            "npred_bins": fitted.own,
        }.items()
    }
    by_toy = rows.by_toy(norm).swapaxes(1, 2)  # (ntoy, ntemplate, ngroup of problems)
    place = {"profile": np.s_[..., None], "energy": np.s_[..., None, :], "bin": np.s_[..., None]}
    scale = by_toy[place[rows.per]]
    each = np.stack([block.templates.sum(axis=-1) for block in rows.blocks])
    found["npred"] = scale * each[:, None]
    found["counts"] = counts
    found["residual"] = counts - found["npred_total"]
    found["residual_sqrt_ts"] = np.stack(
        [
            _significance(rows, block, found["npred_total"][i], found["npred_background"][i])
            for i, block in enumerate(rows.blocks)
        ]
    )
    return found


def _significance(rows: Rows, block: Block, total: Float, background: Float) -> Float:
    """Signed root of the deviance of counts that are summed over fine bins, (ntoy, nbin, ngroup).

    That of off counts is for the off counts too, with the best background.
    """
    n = rows.with_toys(block.sums[0])[..., 0]
    sign = np.where(n >= total, 1.0, -1.0)
    if block.ratio is None:
        return np.asarray(sign * np.sqrt(deviance(n, total)))
    off, alpha = (rows.with_toys(v)[..., 0] for v in block.sums[1:])
    signal = total - background
    parts = [v.reshape(-1, 1) for v in (n, np.abs(signal), off, np.where(alpha > 0, alpha, 1))]
    value = WStat(*parts).value(np.where(signal < 0, -1.0, 1.0).ravel())
    return np.asarray(sign * np.sqrt(np.maximum(value, 0)).reshape(n.shape))
