"""Every norm of problems, in blocks that fit in memory, with reports of how many are done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ...statistic import Bool, Report
from ..covariance import hesse_covariance
from ..fits import Fit
from ..problems import Problems
from .neighbours import Neighbours, neighbourhoods
from .parts import Parts, blocks

__all__ = ["EveryNorm"]

# Distance of a best fit from its minimum up to which fits of near norms start from it.
_CERTAIN = 1e-9


class EveryNorm:
    """Every problem, once for every norm, flat in the order (problem, norm).

    Parameters
    ----------
    problems, fit : Problems, Fit
        The problems and their best fits.
    columns : sequence of int
        The norms.
    wanted : numpy.ndarray of bool or None
        Norms that are wanted, (nproblem, len(columns)); by default all.
    report : callable
        Called with the number of norms that are done, after each block.
    """

    def __init__(
        self,
        problems: Problems,
        fit: Fit,
        columns: Sequence[int],
        wanted: Bool | None,
        report: Report,
    ) -> None:
        self.problems, self.fit, self.report = problems, fit, report
        self.norms = np.asarray(columns, dtype=np.intp)
        self.shape = (len(fit.x), self.norms.size)
        self.number = np.repeat(np.arange(len(fit.x)), self.norms.size)
        self.column = np.tile(self.norms, len(fit.x))
        self.covariance = hesse_covariance(problems, fit)
        self.best = fit.x[self.number, self.column]
        self.lower = problems.lower[self.number, self.column]
        own = self.covariance[self.number, self.column, self.column]
        self.own = np.nan_to_num(own, posinf=0)
        self.seen = np.isfinite(self.best)
        if wanted is not None:
            self.seen &= wanted.ravel()
        self.todo, self.left = self.seen, int(np.count_nonzero(self.seen))

    def watched(self, todo: Bool) -> Bool:
        """Return an array of norms to do; callers change it in place, and blocks report that."""
        self.todo = todo
        return todo

    def _report_done(self) -> None:
        left = int(np.count_nonzero(self.todo))
        self.report(self.left - left)
        self.left = left

    def near(
        self, todo: Bool
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], Neighbours, Parts]]:
        """Take parts with the norms near theirs: places here, places there, and the parts."""
        place = np.zeros(self.problems.response.shape[2], np.intp)
        place[self.norms] = np.arange(self.norms.size)
        todo = todo & (self.own > 0) & (self.fit.gap <= _CERTAIN)[self.number]
        for near in neighbourhoods(self.problems, self.fit, np.unique(self.norms)):
            index = near.index * self.norms.size + place[near.norm]
            part = np.flatnonzero(todo[index])
            if part.size:
                yield index[part], part, near, near.parts(part, self.covariance)
                self._report_done()

    def blocks(
        self, todo: Bool, problems: Problems | None = None
    ) -> Iterator[tuple[NDArray[np.intp], Parts]]:
        """Take whole problems: places here, and the parts."""
        index = np.flatnonzero(todo)
        number, column = self.number[index], self.column[index]
        for part, parts in blocks(
            problems or self.problems, self.fit, self.covariance, number, column
        ):
            yield index[part], parts
            self._report_done()
