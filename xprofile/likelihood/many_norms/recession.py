r"""Norms without a limit: the statistic never rises, because other norms replace them.

It never rises along a direction d if the signal of rows with counts, and of on-off rows, stays, no
signal of an empty row grows, the penalty stays, and norms with a lower limit do not fall. Of all
such directions, linear programs find one that moves a norm.
"""

from __future__ import annotations

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
        for k in np.flatnonzero((number == i) & ~limited[column]):
            if not found[k]:
                move = _direction(one, int(column[k]), sign)
                found |= (number == i) & (sign * move[column] > _MOVES)
    return found


def _limited_columns(problems: Problems) -> Bool:
    """Columns that have a row without all others: nothing replaces them."""
    rows = problems.response[0] > 0
    alone = rows & (rows.sum(axis=1, keepdims=True) == 1)
    counted = (problems.n[0] > 0) | (problems.alpha[0] > 0)
    return np.asarray((alone & counted[:, None]).any(axis=0))


def _direction(problems: Problems, column: int, sign: int) -> Float:
    """Direction along which the statistic stays and the norm moves most; 0 if there is none."""
    a = problems.response[0]
    size = a.sum(axis=0)
    stiff = np.sqrt(np.diag(problems.penalty[0]))
    size = np.where(size > 0, size, np.where(stiff > 0, stiff, 1))
    scaled, penalty = a / size, problems.penalty[0] / size / size[:, None]
    largest = scaled.max(axis=1)
    live = largest > 0
    scaled = scaled / np.where(live, largest, 1)[:, None]
    keeps = live & ((problems.n[0] > 0) | (problems.alpha[0] > 0))
    falls = live & ~keeps
    lowest = np.where(np.isfinite(problems.lower[0]), 0.0, -1.0)
    lowest[column] = -1  # its limit ends the step
    used = np.abs(penalty).max(axis=1) > 0
    both = np.concatenate([scaled[keeps], penalty[used] / np.abs(penalty[used]).max(1)[:, None]])
    cost = np.zeros(len(size))
    cost[column] = -sign
    found = linprog(
        cost,
        A_ub=scaled[falls],
        b_ub=np.zeros(falls.sum()),
        A_eq=both,
        b_eq=np.zeros(len(both)),
        bounds=np.column_stack([lowest, np.ones(len(size))]),
        options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
    )
    return np.zeros(len(size)) if found.x is None else np.asarray(found.x)
