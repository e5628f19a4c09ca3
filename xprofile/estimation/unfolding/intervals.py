"""Distances and rises of every norm with all others fitted again, each computed once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...likelihood.many_norms import Fit, Problems, Profiled, profile_rise, profile_step
from ...schema.arguments.progress import Counter
from .stages import Stages

__all__ = ["Intervals"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


class Intervals:
    """Profiles of the statistic along the norms that are wanted.

    Parameters
    ----------
    problems, fit : Problems, Fit
        The problems and their best fits.
    wanted : numpy.ndarray of bool
        Whether the results of a norm are wanted, for the first norms, (nproblem, nnorm).
    stages : Stages, optional
        Progress, which counts the norms whose profiles are known.

    Attributes
    ----------
    failed : numpy.ndarray of bool
        Norms with profiles that failed until now, (nproblem, nnorm).
    """

    def __init__(
        self, problems: Problems, fit: Fit, wanted: Bool, stages: Stages | None = None
    ) -> None:
        self.problems, self.fit, self.wanted = problems, fit, wanted
        self.stages = stages or Stages(Counter(), 0)
        self.norm = fit.x[:, : wanted.shape[1]]
        self.failed = np.zeros(self.norm.shape, bool)
        self._known: dict[tuple[float, int, bytes], Profiled] = {}

    def steps(self, rise: float, sign: int, which: Bool | None = None) -> Profiled:
        """Distances over which the statistic rises, of all or of some norms; NaN for others."""
        chosen = b"" if which is None else which.tobytes()
        known = self._known.get((rise, sign, b"")) or self._known.get((rise, sign, chosen))
        if known is None:
            known = self._steps(rise, sign, self.wanted if which is None else which & self.wanted)
            self._known[rise, sign, chosen] = known
        if which is None:
            return known
        return Profiled(np.where(which, known.values, np.nan), which & known.failed)

    def endless(self, rise: float, sign: int, which: Bool | None = None) -> Bool:
        """Whether the statistic of a norm that is wanted never rises so far, (nproblem, nbin)."""
        found = self.steps(rise, sign, which)
        asked = self.wanted if which is None else self.wanted & which
        return np.asarray(asked & np.isnan(found.values) & ~found.failed)

    def _steps(self, rise: float, sign: int, which: Bool) -> Profiled:
        values, failed = np.full(self.norm.shape, np.nan), np.zeros(self.norm.shape, bool)
        columns = np.flatnonzero((which & np.isfinite(self.norm)).any(axis=0))
        if columns.size:
            some = which[:, columns]
            norms, report = columns.tolist(), self.stages.report
            with self.stages.further(int(np.count_nonzero(some))):
                found = profile_step(self.problems, self.fit, norms, rise, sign, some, report)
            values[:, columns], failed[:, columns] = found
        self.failed |= failed
        return Profiled(values, failed)

    def rises(self, at: Float) -> Float:
        """Rises of the statistic up to values of the norms, (nproblem, nnorm); NaN of NaN."""
        rises, columns = np.full(self.norm.shape, np.nan), np.flatnonzero(self.wanted.any(axis=0))
        if not columns.size:
            return rises
        at = at[:, columns]
        some = np.isfinite(at) & self.wanted[:, columns]
        norms, report = columns.tolist(), self.stages.report
        values = np.nan_to_num(at)
        found = profile_rise(self.problems, self.fit, norms, values, some, report)
        rises[:, columns] = found.values
        self.failed[:, columns] |= found.failed
        return rises
