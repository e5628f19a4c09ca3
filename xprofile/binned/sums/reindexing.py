"""Sums of some bins placed among those of more bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..members.membership import Int

__all__ = ["append_zeros", "reindex_bins"]

Float = NDArray[np.float64]


def reindex_bins(values: NDArray[np.generic], bins: Int, wanted: Int) -> Float:
    """Return values (..., nwanted) of the wanted bins, 0 for those that are not in `bins`.

    Parameters
    ----------
    values : numpy.ndarray
        Values (..., nbin) of `bins`.
    bins : numpy.ndarray of int
        Bin numbers, ascending, (nbin,).
    wanted : numpy.ndarray of int
        Bin numbers, ascending, which include all of `bins`, (nwanted,).
    """
    if bins.size == wanted.size:
        return values.astype(np.float64, copy=False)
    reindexed = np.zeros((*values.shape[:-1], wanted.size))
    reindexed[..., np.searchsorted(wanted, bins)] = values
    return reindexed


def append_zeros(exposure: Float) -> Float:
    """Append a row of zeros, which the index -1 selects for energies without used pixels."""
    return np.concatenate([exposure, np.zeros((1, *exposure.shape[1:]))])
