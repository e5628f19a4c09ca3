r"""Counts that are linear in many norms at once: rows, columns, backgrounds and penalties.

A *row* is a fine bin: one energy of one bin of one data set. A *column* is a norm: of the signal of
a bin, of a template, or of a background. Row r predicts

.. math:: \mu_r = \max(\sum_j A_{rj} x_j + b_r, 0)

counts, where the response :math:`A \ge 0` is the signal of each column at norm 1. The statistic is

.. math:: C(x) = 2 \sum_r [\mu_r - n_r \ln \mu_r] + (x - c)^T P (x - c), \qquad x \ge l,

with the on-off statistic (`WStat`) in place of a term where off counts measure the background. It
is convex in x.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..statistic import Bool, Float

__all__ = ["Problems"]

# Share of a penalty below which what remains of it is a rounding error.
_ROUNDED = 1e-13


@dataclass(frozen=True, eq=False)
class Problems:
    """Fits of many norms; make them with `from_counts`.

    Parameters
    ----------
    response : numpy.ndarray
        Counts of each column at norm 1 in each row, (ngroup, nrow, ncolumn). The problems of a
        group follow each other and share one response: `nproblem` is a multiple of `ngroup`.
    n, background, off, alpha : numpy.ndarray
        Counts, known background, off counts, and acceptance on / off, (nproblem, nrow). `alpha` is
        positive in on-off rows and 0 in rows with a known background.
    lower : numpy.ndarray
        Smallest norms allowed, (nproblem, ncolumn); -inf without limit.
    penalty : numpy.ndarray
        Matrix P of the quadratic penalty, (1 or ngroup, ncolumn, ncolumn).
    centre : numpy.ndarray
        Norms c at which the penalty is 0, (nproblem, ncolumn).
    is_norm : numpy.ndarray of bool
        Whether a column is a norm of interest, (ncolumn,). Other columns are backgrounds.
    """

    response: Float
    n: Float
    background: Float
    off: Float
    alpha: Float
    lower: Float
    penalty: Float
    centre: Float
    is_norm: Bool

    @classmethod
    def from_counts(
        cls,
        response: ArrayLike,
        n: ArrayLike,
        background: ArrayLike = 0.0,
        *,
        off: ArrayLike = 0.0,
        alpha: ArrayLike = 0.0,
        lower: ArrayLike = -np.inf,
        penalty: ArrayLike | None = None,
        centre: ArrayLike = 0.0,
    ) -> Self:
        """Make problems; arguments are broadcast to the shapes that the class describes.

        Parameters
        ----------
        response : array_like
            (ngroup, nrow, ncolumn), or (nrow, ncolumn) for a single group.
        n : array_like
            Counts, (nproblem, nrow), or (nrow,) for a single problem.
        background, off, alpha, lower, penalty, centre : array_like
            See the class.
        """
        a = np.asarray(response, dtype=np.float64)
        a = a[None] if a.ndim == 2 else a
        counts = np.atleast_2d(np.asarray(n, dtype=np.float64))
        ncolumn, nproblem = a.shape[2], len(counts)
        rows = [_broadcast(v, counts.shape) for v in (background, off, alpha)]
        columns = [_broadcast(v, (nproblem, ncolumn)) for v in (lower, centre)]
        p = np.zeros((1, ncolumn, ncolumn)) if penalty is None else np.asarray(penalty, np.float64)
        p = p[None] if p.ndim == 2 else p
        if p.any():
            p = _penalty_of_seen(p, np.asarray((a > 0).any(axis=1)))
        b = np.where(rows[2] > 0, 0, rows[0])
        return cls(
            a, counts, b, rows[1], rows[2], columns[0], p, columns[1], np.ones(ncolumn, bool)
        )

    @property
    def repeats(self) -> int:
        """Number of problems in each group."""
        return len(self.n) // max(len(self.response), 1)

    def take_group(self, group: int) -> Self:
        """Return the problems of one group."""
        index = slice(group * self.repeats, (group + 1) * self.repeats)
        same = len(self.penalty) == 1
        return replace(
            self.repeated(index),
            response=self.response[group : group + 1],
            penalty=self.penalty if same else self.penalty[group : group + 1],
        )

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Self:
        """Return the selected problems, each in a group by itself unless there is one group."""
        if len(self.response) == 1:
            return self.repeated(index)
        group = (np.arange(len(self.n)) // self.repeats)[index]
        same = len(self.penalty) == 1
        return replace(
            self.repeated(index),
            response=self.response[group],
            penalty=self.penalty if same else self.penalty[group],
        )

    def repeated(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Self:
        """Select from the arrays that every problem has; the caller selects the groups."""
        names = ("n", "background", "off", "alpha", "lower", "centre")
        return replace(self, **{name: getattr(self, name)[index] for name in names})

    def with_background_norms(self, column: ArrayLike, width: float) -> Self:
        """Give the known backgrounds norms, which are fitted too and not negative.

        Parameters
        ----------
        column : array_like of int
            Number of the background norm of each row, from 0; -1 for rows whose background stays
            as it is.
        width : float
            Relative systematic uncertainty of the background; inf leaves its norms free.

        Returns
        -------
        Problems
            With a further column for each background norm. Groups whose problems differ in the
            background become single problems. Free norms of rows that are all empty are 0, which
            is a best fit at all other norms.
        """
        number = np.asarray(column, dtype=np.intp)
        nextra, ncolumn = int(number.max(initial=-1)) + 1, self.response.shape[2]
        fitted = (number >= 0) & ~(self.alpha > 0)
        b = np.where(fitted, self.background, 0)
        each = b.reshape(len(self.response), self.repeats, -1)
        split = bool((each != each[:, :1]).any())
        shared = b if split else each[:, 0]
        response = np.repeat(self.response, self.repeats, axis=0) if split else self.response
        of_norm = number[:, None] == np.arange(nextra)
        counted = self.n.reshape(len(shared), -1, number.size).any(axis=1) @ of_norm
        idle = ~(counted > 0) & np.isinf(width)
        extra = shared[:, :, None] * of_norm * ~idle[:, None]
        p = self.penalty
        p = np.repeat(p, self.repeats, axis=0) if split and len(p) > 1 else p
        grown = np.zeros((len(p), ncolumn + nextra, ncolumn + nextra))
        grown[:, :ncolumn, :ncolumn] = p
        new = np.arange(ncolumn, ncolumn + nextra)
        centre = np.repeat(np.where(idle, 0.0, 1.0), len(self.n) // len(idle), axis=0)
        grown[:, new, new] = width**-2
        return replace(
            self,
            response=np.concatenate([response, extra], axis=2),
            background=np.where(fitted, 0, self.background),
            lower=np.pad(self.lower, ((0, 0), (0, nextra))),
            penalty=grown,
            centre=np.concatenate([self.centre, centre], axis=1),
            is_norm=np.append(self.is_norm, np.zeros(nextra, bool)),
        )


def _broadcast(values: ArrayLike, shape: tuple[int, ...]) -> Float:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), shape)


def _penalty_of_seen(penalty: Float, seen: Bool) -> Float:
    """Least penalty over the norms without signal, which nothing else determines.

    The penalty of a group is 0 for its norms without signal, (ngroup, ncolumn).
    """
    if seen.all():
        return penalty
    found = np.zeros((*seen.shape, seen.shape[1]))
    matrices = np.broadcast_to(penalty, found.shape)
    for group, used in enumerate(seen):
        p, inner, outer = matrices[group], np.ix_(used, used), np.ix_(used, ~used)
        rest = np.linalg.pinv(p[np.ix_(~used, ~used)], hermitian=True)
        values, vectors = np.linalg.eigh(p[inner] - p[outer] @ rest @ p[outer].T)
        values = np.where(values > _ROUNDED * np.trace(p), values, 0)
        found[group][inner] = (vectors * values) @ vectors.T
    return found
