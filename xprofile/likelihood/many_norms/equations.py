"""Solutions of the symmetric equations that weighted rows make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..statistic import Bool, Float

__all__ = ["RIDGE", "NormalEquations", "RowEquations"]

# Share of its diagonal that is added to a matrix. It must be above the rounding errors of the sums
# (1e-16 times the number of columns) so that columns that cannot be told apart do no harm. Steps
# are repeated until they are small, so it does not change results: at 1e-10 fits need more steps.
RIDGE = 1e-14

# The same for rows, whose squares are summed nowhere: its square is the share of the diagonal.
_ROW_RIDGE = 1e-14

# Length of a column next to all columns before it, as a share of the column, below which they can
# replace it. Rounding errors are 1e-16 times the number of rows. Without it, fits with two equal
# columns walk to norms of 1e12, whose differences are wrong.
_DEPENDENT = 1e-13

# Corrections of a solution by what it misses. One is enough for most; more change nothing.
_CORRECTIONS = 2


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """Equations of a matrix (nproblem, ncolumn, ncolumn). Fast; loses half of the digits."""

    matrix: Float
    ridge: float = RIDGE

    def solve(self, right: Float) -> Float:
        """Solve for right sides (nproblem, ncolumn)."""
        return solve_scaled(self.matrix, right[..., None], self.ridge)[..., 0]


@dataclass(frozen=True, eq=False)
class RowEquations:
    """Equations of rows (nproblem, nrow, ncolumn), whose outer products add up to the matrix.

    Rows may differ by many orders of magnitude: no digits of small ones are lost, because the
    matrix is not formed (Householder's method, with the largest rows first; Cox & Higham 1998, SIAM
    J. Matrix Anal. 20, 163).
    """

    rows: Float
    scale: Float
    triangle: Float
    still: Bool

    @classmethod
    def from_rows(cls, rows: Float) -> RowEquations:
        """Factorise rows; columns are scaled to a norm of 1.

        Columns that others can replace do not move.
        """
        size = np.sqrt(np.einsum("prc,prc->pc", rows, rows))
        scale = 1 / np.where(size > 0, size, 1)
        scaled = rows * scale[:, None]
        order = np.argsort(-np.abs(scaled).max(axis=2), axis=1, kind="stable")
        ordered = np.take_along_axis(scaled, order[:, :, None], axis=1)
        triangle = _triangle(ordered)
        still = np.abs(np.einsum("pcc->pc", triangle)) < _DEPENDENT
        some = np.flatnonzero((still & (size > 0)).any(axis=1))
        if some.size:
            triangle[some] = _triangle(np.where(still[some][:, None], 0, ordered[some]))
        return cls(np.where(still[:, None], 0, scaled), scale, triangle, still)

    def solve(self, right: Float) -> Float:
        """Solve for right sides (nproblem, ncolumn)."""
        right = np.where(self.still, 0, self.scale * right)
        found = self._once(right)
        for _ in range(_CORRECTIONS):
            signal = np.einsum("prc,pc->pr", self.rows, found)
            found = found + self._once(right - np.einsum("prc,pr->pc", self.rows, signal))
        return self.scale * found

    def _once(self, right: Float) -> Float:
        lower = np.swapaxes(self.triangle, 1, 2)
        half = np.linalg.solve(lower, right[..., None])
        return np.asarray(np.linalg.solve(self.triangle, half)[..., 0])


def _triangle(rows: Float) -> Float:
    """Triangle of rows and a ridge, (nproblem, ncolumn, ncolumn)."""
    ncolumn = rows.shape[2]
    ridge = np.broadcast_to(_ROW_RIDGE * np.eye(ncolumn), (len(rows), ncolumn, ncolumn))
    return np.array(np.linalg.qr(np.concatenate([rows, ridge], axis=1), mode="r"))


def solve_scaled(matrix: Float, right: Float, ridge: float = RIDGE) -> Float:
    """Solve symmetric equations (..., ncolumn, ncolumn) with right sides (..., ncolumn, nright).

    Columns are scaled to a diagonal of 1. The share `ridge` of it is added for each column.
    """
    diagonal = np.einsum("...ii->...i", matrix)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1))
    scaled = matrix * scale[..., :, None] * scale[..., None, :]
    np.einsum("...ii->...i", scaled)[...] = 1 + ridge * scaled.shape[-1]
    return np.asarray(scale[..., None] * np.linalg.solve(scaled, scale[..., None] * right))
