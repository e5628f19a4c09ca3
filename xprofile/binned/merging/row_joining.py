"""Bins in a row merged, with those of a margin kept as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.names import MARGIN, high, low, true_dim
from .bin_merging import check_sources, join_bins

__all__ = ["inner_bins", "join_row", "take_bins"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


def take_bins(binned: xr.Dataset, dim: str, numbers: Int) -> xr.Dataset:
    """Select bins, also among those that photons come from.

    Raises
    ------
    InvalidDataError
        If other bins send photons than see them.
    """
    if true_dim(dim) not in binned.dims:
        return binned.isel({dim: numbers})
    check_sources(binned, dim)
    return binned.isel({dim: numbers, true_dim(dim): numbers})


def inner_bins(binned: xr.Dataset, dim: str) -> tuple[Int, Int]:
    """Numbers of the bins that are not in a margin, and of those that are."""
    if MARGIN not in binned.coords:
        return np.arange(binned.sizes[dim]), np.empty(0, np.intp)
    added = binned[MARGIN].to_numpy().astype(bool)
    return np.flatnonzero(~added), np.flatnonzero(added)


def join_row(
    binned: xr.Dataset, dim: str, bounds: Int, lower: Any = None, upper: Any = None
) -> xr.Dataset:
    """Merge runs of consecutive bins, split at `bounds`, and keep those of a margin.

    Parameters
    ----------
    binned : xarray.Dataset
        From `xprofile.bin_maps`.
    dim : str
        Dimension of the bins.
    bounds : numpy.ndarray of int
        Index of the first old bin of each new bin, and the end of the last one, (nnew + 1,), among
        the bins that are not in the margin.
    lower, upper : numpy.ndarray, optional
        Edges of the new bins, (nnew,); by default those of their first and their last old bin.

    Returns
    -------
    xarray.Dataset
        As `join_bins` gives it.
    """
    row, added = inner_bins(binned, dim)
    if not added.size:
        return join_bins(binned, dim, bounds, lower, upper)
    kept = row[bounds[0] : bounds[-1]]
    data = take_bins(binned, dim, np.concatenate([kept, added]))
    bounds = np.concatenate([bounds - bounds[0], kept.size + 1 + np.arange(added.size)])
    first, last = bounds[:-1], bounds[1:] - 1
    ends = []
    for given, name, at in ((lower, low(dim), first), (upper, high(dim), last)):
        old = data[name].to_numpy()[at]
        if given is not None:
            old[: len(given)] = given
        ends.append(old)
    return join_bins(data, dim, bounds, *ends)
