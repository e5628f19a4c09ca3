"""Small problems of one norm and the norms near it, which the response couples to it.

The other norms stay at their best fits. So a fit of the near norms is an upper limit of the
statistic. The slopes that it leaves along the others say how far below the minimum is, with the
curvature at the best fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...statistic import Bool, Float
from ..curvature import Curvature
from ..fits import Fit
from ..problems import Problems
from ..rows import penalised, row_change, row_signal, row_slopes
from .parts import Parts

__all__ = ["Neighbours", "neighbourhoods"]

# Correlation above which a norm is near. Fits miss about the square of it, and are corrected for
# that. At 1e-3 many fits miss too much, and are done again with all norms; 1e-5 takes longer.
_NEAR = 1e-3

# Share of the norms up to which a neighbourhood is worth while. It decides the speed only.
_WORTH = 0.5

# Number of norms below which fits of all are fast enough. It decides the speed only.
_FEW = 16

# Numbers of the responses of small problems that are kept at once, 32 MB, and of the curvatures of
# problems. They decide memory and speed only.
_NUMBERS = 2**22

# Weight of rows that kinks hold relative to the largest curvature of the others, and slopes, from
# those on the two sides of a kink, that count as held. 100 times as much or as little changes no
# result, for both decide only how much fits of the near norms miss.
_WEIGHT, _HELD = 1e4, 1e-6

# Squared response of rows below which they cannot hold norms, so that numbers stay finite.
_SMALLEST = 1e-200

# Share of its diagonal that is added to a matrix so that it has an inverse. Norms that nothing
# determines then count as coupled to others, and are fitted together.
_RIDGE = 1e-12


@dataclass(frozen=True, eq=False)
class _Whole:
    """Problems of one group with the inverse of their curvature, (nproblem, ncolumn, ncolumn)."""

    problems: Problems
    fit: Fit
    free: Bool
    matrix: Float
    inverse: Float

    @classmethod
    def from_fit(cls, problems: Problems, fit: Fit) -> _Whole:
        """Invert the curvature of norms that are not at limits."""
        a = problems.response
        _, curvature = row_slopes(problems, row_signal(problems, fit.x))
        lowest = np.where(problems.alpha > 0, -1 / np.maximum(problems.alpha, 1e-300), 0)
        held = (problems.n == 0) & (fit.slope < 1 - _HELD) & (fit.slope > lowest + _HELD)
        held &= ~(problems.alpha > 0) | (problems.off == 0)
        size = a.max(axis=2) ** 2
        stiff = np.max(curvature * size, axis=1, keepdims=True, initial=0)
        size = np.where(size > _SMALLEST, size, np.inf)
        weight = np.where(held, _WEIGHT * np.where(stiff > 0, stiff, 1) / size, curvature)
        matrix = Curvature(a, problems.repeats).matrix(weight[None])[0] + problems.penalty
        free = np.isfinite(fit.x) & ~fit.at_bound
        scale = np.einsum("pjj->pj", matrix)
        scale = np.where(free & (scale > 0), 1 / np.sqrt(np.where(scale > 0, scale, 1)), 0)
        scaled = matrix * scale[:, :, None] * scale[:, None, :]
        np.einsum("pjj->pj", scaled)[...] = 1 + _RIDGE * scale.shape[1]
        inverse = np.linalg.inv(scaled) * scale[:, :, None] * scale[:, None, :]
        return cls(problems, fit, free, matrix, inverse)

    def responses(self, norms: NDArray[np.intp]) -> tuple[Float, Float]:
        """Changes of the other norms with one, and correlations, (nproblem, nnorm, ncolumn)."""
        row, column = np.arange(len(self.inverse))[:, None], norms[None, :]
        along = np.swapaxes(self.inverse[:, :, norms], 1, 2)
        others = -np.swapaxes(self.inverse @ self.matrix[:, :, norms], 1, 2)
        own = np.einsum("pjj->pj", self.inverse)[:, norms]
        pull = np.einsum("pnj,pjn->pn", others, self.matrix[:, :, norms])
        stiff = np.maximum(np.einsum("pjj->pj", self.matrix)[:, norms] + pull, 0)
        free = self.free[:, norms] & (own > 0)
        safe = np.where(free, own, 1)
        change = np.where(free[..., None], along / safe[..., None], others)
        stiff = np.where(free, 1 / safe, stiff)
        width = np.einsum("pjj->pj", self.inverse)[:, None]
        near = np.abs(change) * np.sqrt(stiff[..., None] / np.where(width > 0, width, np.inf))
        change[row, np.arange(norms.size), column] = 1
        near[row, np.arange(norms.size), column] = np.inf
        return change, near


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Small problems: some norms of the problems of one group, each with those near it.

    Parameters
    ----------
    whole : object
        The whole problems.
    problems : Problems
        The small ones, (npart,): a group for each norm, with all problems. Their first norm is
        that of interest.
    index, number, norm : numpy.ndarray of int
        Number of the problem of all and in `whole`, and of the norm of interest in it, (npart,).
    x : numpy.ndarray
        Best fits of the near norms, (npart, nnear).
    rows, columns : numpy.ndarray of int
        Numbers of the rows and near norms in the whole problem, (npart, nrow) and (npart, nnear).
        Empty rows come last.
    change : numpy.ndarray
        Changes of all norms with that of interest, (npart, ncolumn).
    """

    whole: _Whole
    problems: Problems
    index: NDArray[np.intp]
    number: NDArray[np.intp]
    norm: NDArray[np.intp]
    x: Float
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    change: Float

    def parts(self, part: NDArray[np.intp], covariance: Float) -> Parts:
        """Return some parts; `covariance` is that of the whole problems."""
        index, norm, columns = self.index[part], self.norm[part], self.columns[part]
        along = covariance[index[:, None], norm[:, None], columns]
        slope = self.whole.fit.slope[self.number[part][:, None], self.rows[part]]
        column, along = np.zeros(part.size, np.intp), np.nan_to_num(along, posinf=0)
        whole = part.size == len(self.norm)
        problems = self.problems if whole else self.problems.take(part)
        return Parts(problems, self.x[part], slope, column, along)

    def fall(self, part: NDArray[np.intp], x: Float, row_slope: Float) -> Float:
        """Fall of C from fits of the near norms to fits of all, (len(part),).

        It is inf where other norms would leave their lower limits.
        """
        p, fit, number = self.whole.problems, self.whole.fit, self.number[part]
        rows, columns, row = self.rows[part], self.columns[part], np.arange(part.size)
        slope, moved = np.zeros((part.size, p.n.shape[1])), np.zeros((part.size, fit.x.shape[1]))
        slope[row[:, None], rows] = row_slope - fit.slope[number[:, None], rows]
        moved[row[:, None], columns] = x - self.x[part]
        slopes = slope @ p.response[0] + moved @ p.penalty[0]
        slopes[row[:, None], columns] = 0
        leaves = (fit.at_bound[number] & (slopes + fit.pull[number] < 0)).any(axis=1)
        slopes = np.where(self.whole.free[number], slopes, 0)
        step = np.empty_like(slopes)
        for one in np.unique(number):
            step[number == one] = slopes[number == one] @ self.whole.inverse[one]
        step -= self.change[part] * step[row, self.norm[part]][:, None]
        fall = np.einsum("pj,pj->p", slopes, step)
        return np.where(leaves | ~np.isfinite(fall), np.inf, np.maximum(fall, 0))


def neighbourhoods(problems: Problems, fit: Fit, norms: NDArray[np.intp]) -> Iterator[Neighbours]:
    """Make small problems of norms of which few others are near.

    Parameters
    ----------
    problems : Problems
        The whole problems.
    fit : Fit
        Their best fits.
    norms : numpy.ndarray of int
        Norms of interest.
    """
    ncolumn, repeats = problems.response.shape[2], problems.repeats
    size = max(1, _NUMBERS // ncolumn**2)
    for group in range(len(problems.response)):
        whole = problems.take_group(group)
        for first in range(0, repeats, size):
            part = np.arange(first, min(first + size, repeats))
            index = group * repeats + part
            yield from _of_whole(whole.take(part), fit.take(index), norms, index)


def _of_whole(
    problems: Problems, fit: Fit, norms: NDArray[np.intp], index: NDArray[np.intp]
) -> Iterator[Neighbours]:
    """Make small problems of problems that share a response."""
    norms = norms[np.isfinite(fit.x[:, norms]).any(axis=0)]
    if problems.response.shape[2] < _FEW or not norms.size:
        return
    whole = _Whole.from_fit(problems, fit)
    change, near = whole.responses(norms)
    near = np.where(np.isfinite(fit.x)[:, None], near, 0).max(axis=0)
    number = np.count_nonzero(near >= _NEAR, axis=1)
    few = np.flatnonzero(number <= _WORTH * near.shape[1])
    if not few.size:
        return
    few = few[np.argsort(number[few], kind="stable")]
    touched, empty = (problems.response[0] > 0).T, (problems.n == 0).all(axis=0)
    while few.size:
        size = max(1, _NUMBERS // (int(number[few[0]]) * touched.shape[1] * len(index)))
        part, few = few[:size], few[size:]
        columns = np.argsort(-near[part], axis=1, kind="stable")[:, : int(number[part].max())]
        rows = np.stack([touched[c].any(axis=0) for c in columns])
        height = max(1, int(rows.sum(axis=1).max()))
        order = np.where(rows, np.where(empty, 1, 0), 2)
        rows = np.argsort(order, axis=1, kind="stable")[:, :height]
        yield _small(whole, norms[part], change[:, part], rows, columns, index)


def _small(
    whole: _Whole,
    norms: NDArray[np.intp],
    change: Float,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    index: NDArray[np.intp],
) -> Neighbours:
    """Make small problems of some norms, with their rows and near norms."""
    p, repeats = whole.problems, len(index)
    part_rows, part_columns = (np.repeat(v, repeats, axis=0) for v in (rows, columns))
    number = np.tile(np.arange(repeats), norms.size)
    x = np.nan_to_num(whole.fit.x)
    at_rows, at_columns = (number[:, None], part_rows), (number[:, None], part_columns)
    small = replace(
        p,
        response=p.response[0][rows[:, :, None], columns[:, None, :]],
        n=p.n[at_rows],
        background=row_signal(p, x)[at_rows],
        off=p.off[at_rows],
        alpha=p.alpha[at_rows],
        lower=p.lower[at_columns],
        penalty=p.penalty[0][columns[:, :, None], columns[:, None, :]],
        centre=p.centre[at_columns],
        is_norm=np.ones(columns.shape[1], bool),
    )
    near = x[at_columns]
    small = replace(small, background=small.background - row_change(small, near))
    if small.penalty.any():  # the others pull too
        pull = ((x - p.centre) @ p.penalty[0])[at_columns] - penalised(small, near - small.centre)
        inverse = np.linalg.pinv(small.penalty, hermitian=True)
        shift = pull.reshape(norms.size, repeats, -1) @ inverse
        small = replace(small, centre=small.centre - shift.reshape(pull.shape))
    return Neighbours(
        whole,
        small,
        index[number],
        number,
        np.repeat(norms, repeats),
        near,
        part_rows,
        part_columns,
        np.swapaxes(change, 0, 1).reshape(len(number), -1),
    )
