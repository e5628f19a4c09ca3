r"""The equations of a best fit of many norms, in the form that `interior` solves.

Every row has its predicted on counts :math:`\mu` and, unless they are those of a known background,
its predicted off counts B, with :math:`\mu = A x + b + \alpha B`. Their slopes u and w make

.. math:: u \mu = n, \quad w B = m, \quad \alpha (1 - u) + k - w = 0.

An on-off row has k = 1. A row without counts on a known background has :math:`\alpha = 1`, n = m =
k = 0: B is by how much the predicted counts would be negative, so that :math:`\mu = \max(A x + b,
0)` and w is the slope, between 0 and 1 on the kink. A row with counts on a known background has no
B. Bounds have slacks and pulls whose products are 0. All is linear but for the products.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..statistic import Bool, Float
from .curvature import Curvature
from .equations import RIDGE, NormalEquations, RowEquations
from .problems import Problems

__all__ = ["Goal", "System"]


@dataclass(frozen=True, eq=False)
class Goal:
    """A rise of the statistic above its minimum, to which a force moves one norm of each problem.

    Parameters
    ----------
    rise : float
        The rise of C.
    pull : numpy.ndarray
        Direction in which the force pulls, (nproblem, ncolumn): 1 or -1 for the norm, 0 for others.
    force : numpy.ndarray
        The force to start with, (nproblem, 1).
    z, on, off : numpy.ndarray
        Scaled norms and predicted counts at the minimum, (nproblem, ncolumn) and (nproblem, nrow).
    """

    rise: float
    pull: Float
    force: Float
    z: Float
    on: Float
    off: Float

    def take(self, index: NDArray[np.intp]) -> Goal:
        """Return the selected problems."""
        arrays = (self.pull, self.force, self.z, self.on, self.off)
        return Goal(self.rise, *(array[index] for array in arrays))


@dataclass(frozen=True, eq=False)
class System:
    """Equations of problems.

    Columns are scaled so that each predicts one count in all rows at norm 1.

    Parameters
    ----------
    curvature : Curvature
        The scaled response, (ngroup, nrow, ncolumn), and sums of its products.
    scale : numpy.ndarray
        Norm of a scaled column, (nproblem, ncolumn).
    b, alpha, off_cost, n, off : numpy.ndarray
        b, alpha, k, n and m of the equations, (nproblem, nrow).
    has_off, live : numpy.ndarray of bool
        Whether a row has predicted off counts, and whether free norms change it.
    lower, centre, tilt : numpy.ndarray
        Smallest norms, norms without penalty, and pulls, (nproblem, ncolumn).
    penalty : numpy.ndarray
        (1 or ngroup, ncolumn, ncolumn).
    frozen : numpy.ndarray of bool
        Norms that keep their values, (nproblem, ncolumn).
    accurate : bool
        Whether to solve equations by rows, which is slow and right for all scales.
    goal : Goal, optional
        A rise of the statistic that is to be reached.
    """

    curvature: Curvature
    scale: Float
    b: Float
    alpha: Float
    off_cost: Float
    n: Float
    off: Float
    has_off: Bool
    live: Bool
    lower: Float
    centre: Float
    tilt: Float
    penalty: Float
    frozen: Bool
    accurate: bool = False
    goal: Goal | None = None

    @classmethod
    def from_problems(cls, problems: Problems, frozen: Bool, tilt: float) -> System:
        """Scale the columns and sort the rows. Columns that nothing determines are frozen.

        A pull moves norms by about the share `tilt` of their errors.
        """
        a, p = problems.response, problems.penalty
        ngroup, repeats = len(a), problems.repeats
        size = a.sum(axis=1)
        stiff = np.sqrt(np.maximum(np.einsum("gjj->gj", p), 0))
        size = np.where(size > 0, size, stiff)
        scale = np.where(size > 0, size, 1)
        every = np.repeat(scale, repeats, axis=0)
        frozen = frozen | np.repeat(size <= 0, repeats, axis=0)
        scaled = a / scale[:, None]
        free = np.where(frozen, 0.0, 1.0).reshape(ngroup, repeats, a.shape[2])
        live = (free @ np.swapaxes(scaled, 1, 2)).reshape(problems.n.shape) > 0
        onoff, empty = problems.alpha > 0, problems.n == 0
        pull = (tilt / np.sqrt(1 + problems.n)).reshape(ngroup, repeats, a.shape[1]) @ scaled
        return cls(
            curvature=Curvature(scaled, repeats),
            scale=every,
            b=problems.background,
            alpha=np.where(live, np.where(onoff, problems.alpha, np.where(empty, 1.0, 0.0)), 0.0),
            off_cost=np.where(onoff, 1.0, 0.0),
            n=problems.n,
            off=np.where(onoff, problems.off, 0.0),
            has_off=live & (onoff | empty),
            live=live,
            lower=problems.lower * every,
            centre=problems.centre * every,
            tilt=np.where(problems.is_norm & ~frozen, pull.reshape(every.shape), 0.0),
            penalty=p / (scale[:, :, None] * scale[:, None, :]),
            frozen=frozen,
        )

    @property
    def bounded(self) -> Bool:
        """Norms with a lower limit that may change."""
        return np.isfinite(self.lower) & ~self.frozen

    def take(self, index: NDArray[np.intp]) -> System:
        """Return the selected problems; there is one group, or one problem in each."""
        grouped = len(self.curvature.response) > 1
        chosen = {
            name: value[index]
            for name, value in vars(self).items()
            if name not in ("curvature", "penalty", "accurate", "goal")
        }
        curvature = Curvature(self.curvature.response[index], 1) if grouped else self.curvature
        each = grouped and len(self.penalty) > 1
        penalty = self.penalty[index] if each else self.penalty
        goal = None if self.goal is None else self.goal.take(index)
        return replace(self, curvature=curvature, penalty=penalty, goal=goal, **chosen)

    def counts(self, z: Float) -> Float:
        """Signal that norms predict in each row."""
        a = self.curvature.response
        grouped = z.reshape(len(a), -1, z.shape[1])
        return np.asarray(grouped @ np.swapaxes(a, 1, 2)).reshape(len(z), a.shape[1])

    def sums(self, rows: Float) -> Float:
        """Sums over rows, weighted with the response of each column."""
        a = self.curvature.response
        sums = rows.reshape(len(a), -1, rows.shape[1]) @ a
        return np.asarray(sums).reshape(len(rows), a.shape[2])

    def penalised(self, z: Float, *, size: bool = False) -> Float:
        """Half the slope of the penalty for norms z from its centre, or the size of its terms."""
        p = np.abs(self.penalty) if size else self.penalty
        return np.asarray(z.reshape(len(p), -1, z.shape[1]) @ p).reshape(z.shape)

    def matrix(self, weights: Float, diagonal: Float | float = 0.0) -> Float:
        """Second derivatives, (nproblem, ncolumn, ncolumn); 1 for norms that are frozen."""
        ngroup = len(self.curvature.response)
        sums = self.curvature.matrix(weights.reshape(ngroup, -1, weights.shape[1]))
        ncolumn = sums.shape[-1]
        grouped = sums.reshape(len(self.penalty), -1, ncolumn, ncolumn) + self.penalty[:, None]
        matrix = np.asarray(grouped).reshape(-1, ncolumn, ncolumn)
        np.einsum("pii->pi", matrix)[...] += diagonal
        if self.frozen.any():
            free = ~self.frozen
            matrix *= free[:, :, None] & free[:, None, :]
            np.einsum("pii->pi", matrix)[self.frozen] = 1
        return matrix

    def equations(
        self, weights: Float, diagonal: Float | float = 0.0, ridge: float = RIDGE
    ) -> NormalEquations | RowEquations:
        """Equations of the second derivatives; `ridge` is for those that are not accurate."""
        if not self.accurate:
            return NormalEquations(self.matrix(weights, diagonal), ridge)
        nproblem, ncolumn = self.frozen.shape
        a, p = self.curvature.response, self.penalty
        rows = np.repeat(a, nproblem // len(a), axis=0) * np.sqrt(weights)[:, :, None]
        values, vectors = np.linalg.eigh(p)
        root = np.sqrt(np.maximum(values, 0))[:, :, None] * np.swapaxes(vectors, 1, 2)
        own = np.sqrt(np.broadcast_to(diagonal, (nproblem, ncolumn)))[:, :, None] * np.eye(ncolumn)
        parts = [rows, np.repeat(root, nproblem // len(p), axis=0), own]
        joined = np.where(self.frozen[:, None], 0, np.concatenate(parts, axis=1))
        return RowEquations.from_rows(joined)
