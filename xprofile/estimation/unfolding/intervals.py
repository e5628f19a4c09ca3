"""Distances and rises of every norm with all others fitted again, each computed once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...likelihood.many_norms import Fit, Problems, Profiled, profile_rise, profile_step

__all__ = ["Intervals"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


class Intervals:
    """Profiles of the statistic along the norms of the bins that are wanted.

    Parameters
    ----------
    problems, fit : Problems, Fit
        The problems and their best fits.
    nbin, nwanted : int
        Number of bins, and of those from the first on whose results are wanted.

    Attributes
    ----------
    failed : numpy.ndarray of bool
        Norms with profiles that failed until now, (nproblem, nbin).
    """

    def __init__(self, problems: Problems, fit: Fit, nbin: int, nwanted: int) -> None:
        self.problems, self.fit = problems, fit
        self.norm = fit.x[:, :nbin]
        self.wanted = np.broadcast_to(np.arange(nbin) < nwanted, self.norm.shape)
        self.failed = np.zeros(self.norm.shape, bool)
        self._known: dict[tuple[float, int], Profiled] = {}

    def steps(self, rise: float, sign: int, which: Bool | None = None) -> Profiled:
        """Distances over which the statistic rises, of all or of some norms; NaN for others."""
        known = self._known.get((rise, sign))
        if known is None:
            known = self._steps(rise, sign, self.wanted if which is None else which & self.wanted)
            if which is None:
                self._known[rise, sign] = known
        if which is None:
            return known
        return Profiled(np.where(which, known.values, np.nan), which & known.failed)

    def _steps(self, rise: float, sign: int, which: Bool) -> Profiled:
        values, failed = np.full(self.norm.shape, np.nan), np.zeros(self.norm.shape, bool)
        columns = np.flatnonzero((which & np.isfinite(self.norm)).any(axis=0))
        if columns.size:
            some = which[:, columns]
            found = profile_step(self.problems, self.fit, columns.tolist(), rise, sign, some)
            values[:, columns], failed[:, columns] = found
        self.failed |= failed
        return Profiled(values, failed)

    def rises(self, at: Float) -> Float:
        """Rises of the statistic up to values of the norms, (nproblem, nbin); NaN of NaN."""
        rises, columns = np.full(self.norm.shape, np.nan), np.flatnonzero(self.wanted[0])
        at = at[:, columns]
        some = np.isfinite(at)
        found = profile_rise(self.problems, self.fit, columns.tolist(), np.nan_to_num(at), some)
        rises[:, columns] = found.values
        self.failed[:, columns] |= found.failed
        return rises
