"""Runs of consecutive pairs with the same bin, over which sums are fast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Runs"]

Float = NDArray[np.float64]
Int = NDArray[np.integer[Any]]
_Part: TypeAlias = tuple[slice, slice, NDArray[np.intp]]

# Runs are also split where the solid angle changes, if at least this many pairs share one on
# average: values are then summed before they are multiplied. Affects speed and the last digits.
_MIN_PAIRS_PER_AREA = 8
_SHORT = 4096  # mean number of pairs of runs that count as short; affects speed alone
_BLOCK_SIZE = 1 << 18  # pairs that are weighted and summed together, so that they stay in cache


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs of consecutive pairs with the same bin and, if it changes rarely, the same solid angle.

    Parameters
    ----------
    first : numpy.ndarray of int
        Index of the first pair of each run, (nrun,).
    bin : numpy.ndarray of int
        Bin of each run, (nrun,).
    solid_angle : numpy.ndarray or None
        Solid angle of each run's pixels in sr, (nrun,); None if it changes within runs.
    size : int
        Number of pairs.
    """

    first: NDArray[np.intp]
    bin: Int
    solid_angle: Float | None
    size: int

    @classmethod
    def from_pairs(cls, bins: Int, solid_angle: Float) -> Runs:
        """Find the runs in the bins and solid angles (npair,) of pairs."""
        new_bin, new_area = np.ones(bins.size, bool), np.ones(bins.size, bool)
        np.not_equal(bins[1:], bins[:-1], out=new_bin[1:])
        np.not_equal(solid_angle[1:], solid_angle[:-1], out=new_area[1:])
        split = _MIN_PAIRS_PER_AREA * np.count_nonzero(new_area) <= bins.size
        first = np.flatnonzero(new_bin | new_area if split else new_bin)
        numbers = bins[first].astype(np.intp, copy=False)  # `bincount` would do so each time
        return cls(first, numbers, solid_angle[first] if split else None, bins.size)

    @cached_property
    def length(self) -> NDArray[np.intp]:
        """Number of pairs of each run, (nrun,)."""
        return np.diff(self.first, append=self.size)

    def sum(self, values: NDArray[Any], weights: Float | None = None) -> Float:
        """Sum values (..., npair), times weights (npair,) if given, over each run: (..., nrun).

        Products are computed for a part of the pairs at a time, so that they stay in cache.
        """
        shape = values.shape[:-1]
        values = values.reshape(int(np.prod(shape)), self.size)
        sums = np.empty((len(values), self.first.size))
        # numpy converts the values of short runs one run at a time, which is slow
        short = values.dtype != np.float64 and self.size < _SHORT * self.first.size
        as_is = weights is None and not short
        parts = self._whole if as_is else self._parts
        buffer = np.empty(0 if as_is else max((p.stop - p.start for _, p, _ in parts), default=0))
        for runs, pairs, first in parts:
            for row, total in zip(values[:, pairs], sums[:, runs], strict=True):
                with np.errstate(invalid="ignore", over="ignore"):  # `ValueRange` reports these
                    if weights is not None:
                        row = np.multiply(row, weights[pairs], out=buffer[: row.size])
                    elif short:
                        buffer[: row.size] = row
                        row = buffer[: row.size]
                    # numpy lets other threads run only for a single row, and without `out`
                    total[...] = np.add.reduceat(row, first, dtype=np.float64)
        return sums.reshape(*shape, self.first.size)

    def add_to_bins(self, sums: Float, nbin: int) -> Float:
        """Add up the sums (..., nrun) of runs in each bin: (..., nbin)."""
        if self._ascending:
            total = np.zeros((*sums.shape[:-1], nbin))
            total[..., self.bin] = sums
            return total
        rows = [np.bincount(self.bin, row, nbin) for row in sums.reshape(-1, self.bin.size)]
        return np.reshape(rows, (*sums.shape[:-1], nbin))

    @cached_property
    def _ascending(self) -> bool:
        """Whether each bin has at most one run, in ascending order."""
        return bool(np.all(np.diff(self.bin) > 0))

    @property
    def _whole(self) -> list[_Part]:
        """All runs as one part; empty without runs."""
        return [(slice(None), slice(None), self.first)] if self.size else []

    @cached_property
    def _parts(self) -> list[_Part]:
        """Parts of about `_BLOCK_SIZE` pairs: runs, pairs, and first pairs counted in the part."""
        if not self.size:
            return []
        wanted = np.arange(_BLOCK_SIZE, self.size, _BLOCK_SIZE)
        inner = np.unique(np.searchsorted(self.first, wanted))
        run_ends = [0, *inner[(inner > 0) & (inner < self.first.size)].tolist(), self.first.size]
        pair_ends = [*self.first[run_ends[:-1]].tolist(), self.size]
        return [
            (slice(*runs), slice(*pairs), self.first[slice(*runs)] - pairs[0])
            for runs, pairs in zip(pairwise(run_ends), pairwise(pair_ends), strict=True)
            if pairs[1] > pairs[0]
        ]
