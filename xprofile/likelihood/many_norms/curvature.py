"""Sums of weighted outer products of rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..statistic import Float

__all__ = ["Curvature"]

# Numbers of products of two columns that are kept, 64 MB. It decides memory and speed only.
_PRODUCTS = 2**23


@dataclass(frozen=True, eq=False)
class Curvature:
    """Weighted outer products of the rows of a response, (ngroup, nrow, ncolumn)."""

    response: Float
    repeats: int
    products: Float | None = field(init=False)

    def __post_init__(self) -> None:
        """Multiply all pairs of columns if many problems share them."""
        _, nrow, ncolumn = self.response.shape
        npair = ncolumn * (ncolumn + 1) // 2
        shared = self.repeats >= 4 and len(self.response) * nrow * npair <= _PRODUCTS
        first, second = np.tril_indices(ncolumn)
        pairs = self.response[:, :, first] * self.response[:, :, second] if shared else None
        object.__setattr__(self, "products", pairs)

    def matrix(self, weights: Float) -> Float:
        """Sum over rows of weight times outer product, (ngroup, nrepeat, ncolumn, ncolumn)."""
        ngroup, nrepeat, _ = weights.shape
        ncolumn = self.response.shape[2]
        if self.products is None:
            root = np.sqrt(weights)[..., None] * self.response[:, None]
            return np.asarray(np.swapaxes(root, -1, -2) @ root)
        half = weights @ self.products
        matrix = np.empty((ngroup, nrepeat, ncolumn, ncolumn))
        first, second = np.tril_indices(ncolumn)
        matrix[..., first, second] = half
        matrix[..., second, first] = half
        return matrix
