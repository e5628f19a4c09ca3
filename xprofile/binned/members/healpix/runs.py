"""Runs of cells that follow each other and are in one bin."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Runs", "join_runs", "runs_of_codes"]

AnyInt = NDArray[np.integer[Any]]
Int = NDArray[np.int64]

# bins, first cells, and ends, of runs
Runs: TypeAlias = tuple[AnyInt, AnyInt, AnyInt]


def join_runs(bins: AnyInt, start: AnyInt, stop: AnyInt, *, by_bin: bool) -> Runs:
    """Sort runs by their first cell, or by bin before, and join those that follow each other."""
    if by_bin:
        order = np.lexsort([start, bins])
        bins, start, stop = bins[order], start[order], stop[order]
    elif np.any(start[1:] < start[:-1]):
        order = np.argsort(start, kind="stable")
        bins, start, stop = bins[order], start[order], stop[order]
    new = np.ones(bins.size, bool)
    new[1:] = (start[1:] != stop[:-1]) | (bins[1:] != bins[:-1])
    if new.all():
        return bins, start, stop
    last = np.append(new[1:], bins.size > 0)
    return bins[new], start[new], stop[last[: bins.size]]


def runs_of_codes(codes: AnyInt, first: Int) -> Runs:
    """Find the runs in blocks of cells that follow each other.

    Parameters
    ----------
    codes : numpy.ndarray of int
        Bins of the cells, -1 for none, (nblock, ncell).
    first : numpy.ndarray of int
        Number of the first cell of each block, ascending, (nblock,).
    """
    flat, size = codes.ravel(), codes.shape[1]
    new = np.empty(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=new[1:])
    new[::size] = True
    start = np.flatnonzero(new)
    length = np.diff(start, append=flat.size)
    inside = np.flatnonzero(flat[start] >= 0)
    start, length = start[inside], length[inside]
    number = start + (first - size * np.arange(first.size))[start // size]
    return join_runs(flat[start], number, number + length, by_bin=False)
