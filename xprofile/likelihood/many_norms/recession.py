r"""Norms without a limit: the statistic never rises, because other norms replace them.

It never rises along a direction d if the signal of rows with counts, and of on-off rows, stays, no
signal of an empty row grows, the penalty stays, and norms with a lower limit do not fall. Of all
such directions, linear programs find one that moves a norm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from ..statistic import Bool, Float
from .problems import Problems

__all__ = ["without_limit"]

# Smallest share of the largest norm of a direction, in units of predicted counts, that moves a
# norm. The programs are solved to 1e-9; a norm that needs 1e6 times as much of others to be
# replaced counts as limited, as its limit is then within that many predicted counts.
_MOVES = 1e-6

# Change of a row, as a share of its largest response, that counts as none. Responses of single
# precision have rounding errors of 6e-8. At 1e-6 real leaks that limit a norm would be lost, at
# 1e-9 the spectrum of an empty bin would differ from those of its neighbours.
_SAME = 1e-7


def without_limit(
    problems: Problems, number: NDArray[np.intp], column: NDArray[np.intp], sign: int
) -> Bool:
    """Whether the statistic never rises in a direction of a norm, with all others fitted anew.

    Parameters
    ----------
    problems : Problems
        The problems.
    number, column : numpy.ndarray of int
        Number of a problem, and of one of its norms.
    sign : int
        +1 upwards, -1 downwards.
    """
    found = np.zeros(len(number), bool)
    for i in np.unique(number):
        one = problems.take(np.array([i]))
        limited = _limited_columns(one)
        todo = np.flatnonzero((number == i) & ~limited[column])
        flat = _Flat.of_problem(one) if todo.size else None
        for k in todo:
            if flat and not found[k]:
                move = flat.farthest(int(column[k]), sign)
                found |= (number == i) & (sign * move[column] > _MOVES)
    return found


def _limited_columns(problems: Problems) -> Bool:
    """Columns that have a row without all others: nothing replaces them."""
    rows = problems.response[0] > 0
    alone = rows & (rows.sum(axis=1, keepdims=True) == 1)
    counted = (problems.n[0] > 0) | (problems.alpha[0] > 0)
    return np.asarray((alone & counted[:, None]).any(axis=0))


@dataclass(frozen=True, eq=False)
class _Flat:
    """Directions that change no row with counts.

    Parameters
    ----------
    basis : numpy.ndarray
        (ncolumn, ndirection), in units of predicted counts.
    empty : numpy.ndarray
        How the signal of empty rows grows along each, (nempty, ndirection).
    bounded : numpy.ndarray of bool
        Norms with a lower limit, (ncolumn,).
    """

    basis: Float
    empty: Float
    bounded: Bool

    @classmethod
    def of_problem(cls, problems: Problems) -> Self | None:
        """Find the directions; None if there are none."""
        a, penalty = problems.response[0], problems.penalty[0]
        size = a.sum(axis=0)
        stiff = np.sqrt(np.diag(penalty))
        used = (size > 0) | (stiff > 0)
        size = np.where(size > 0, size, np.where(stiff > 0, stiff, 1))
        scaled = _same_size(a / size)
        counted = (problems.n[0] > 0) | (problems.alpha[0] > 0)
        fixed = np.concatenate([scaled[counted], _same_size(penalty / size / size[:, None])])
        _, values, vectors = np.linalg.svd(np.linalg.qr(fixed[:, used], mode="r"))
        rank = int((values > _SAME * values.max(initial=0)).sum())
        if rank == used.sum():
            return None
        basis = np.zeros((used.size, used.sum() - rank))
        basis[used] = vectors[rank:].T
        empty = scaled[~counted] @ basis
        empty = np.where(np.abs(empty) > _SAME, empty, 0)
        return cls(basis, empty[empty.any(axis=1)], np.isfinite(problems.lower[0]))

    def farthest(self, column: int, sign: int) -> Float:
        """Direction that moves a norm most, (ncolumn,); 0 if there is none."""
        lowest = np.where(self.bounded, 0.0, -1.0)
        lowest[column] = -1  # its limit ends the step
        limits = np.concatenate([self.basis, -self.basis, self.empty])
        most = np.concatenate([np.ones(lowest.size), -lowest, np.zeros(len(self.empty))])
        found = linprog(
            -sign * self.basis[column],
            A_ub=limits,
            b_ub=most,
            bounds=(None, None),
            options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
        )
        return np.zeros(lowest.size) if found.x is None else np.asarray(self.basis @ found.x)


def _same_size(rows: Float) -> Float:
    """Rows in units of their largest value."""
    largest = np.abs(rows).max(axis=1, initial=0, keepdims=True)
    return rows / np.where(largest > 0, largest, 1)
