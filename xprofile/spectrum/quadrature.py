"""Pieces of energy bins, and nodes and weights for integrals over them, in log energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["NODES", "PIECE", "TO_ENDS", "Pieces", "bin_pieces", "nodes_and_weights"]

Float = NDArray[np.float64]
Index = NDArray[np.intp]

# Largest length of a piece in decades. With four nodes, integrals of E^-7 are exact to 1e-13. On
# pieces of 0.2 decades they would be off by 1e-7; shorter pieces would only cost time.
_PIECE = 0.02
PIECE = _PIECE * np.log(10)  # the same in log energy

NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)

# from values at the nodes to values at the ends of the piece, by the polynomial through the nodes
TO_ENDS = np.linalg.solve(np.vander(NODES).T, np.vander([-1.0, 1.0], NODES.size).T)

# Relative distance below which a break and an edge are the same; far above the rounding errors of
# energies, and far below the width of every bin.
_SAME_ENERGY = 1e-12


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of energy bins, (npiece,) each.

    Parameters
    ----------
    lower, upper : numpy.ndarray
        Ends in log energy.
    bin_number : numpy.ndarray of int
        Bin that each piece belongs to.
    """

    lower: Float
    upper: Float
    bin_number: Index

    @property
    def size(self) -> int:
        """Number of pieces."""
        return self.lower.size

    def take(self, index: Index | NDArray[np.bool_]) -> Self:
        """Return the selected pieces."""
        return type(self)(*(getattr(self, field.name)[index] for field in fields(self)))

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Join several rows of pieces."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def bin_pieces(lower: Float, upper: Float, breaks: Float) -> Pieces:
    """Cut energy bins at breaks, and into pieces of at most 0.02 decades.

    Parameters
    ----------
    lower, upper : numpy.ndarray
        Edges of the bins, (nbin,). A bin whose edges are equal has no pieces.
    breaks : numpy.ndarray
        Energies at which the integrand has kinks, (nbreak,).

    Returns
    -------
    Pieces
        Ordered by bin and energy.
    """
    breaks = np.unique(breaks)[:, None]
    inside = (breaks > lower * (1 + _SAME_ENERGY)) & (breaks < upper * (1 - _SAME_ENERGY))
    which, bins = np.nonzero(inside)
    every = np.arange(lower.size)
    owner = np.concatenate([every, every, bins])
    end = np.log(np.concatenate([lower, upper, breaks[which, 0]]))
    order = np.lexsort([end, owner])
    owner, end = owner[order], end[order]
    same = owner[1:] == owner[:-1]
    start, width, owner = end[:-1][same], np.diff(end)[same], owner[1:][same]
    number = np.ceil(width / PIECE).astype(np.intp)
    part = np.repeat(np.arange(number.size), number)
    step = np.arange(part.size) - np.repeat(np.cumsum(number) - number, number)
    low, high = (start[part] + width[part] * ((step + k) / number[part]) for k in (0, 1))
    return Pieces(low, high, owner[part])


def nodes_and_weights(lower: Float, upper: Float) -> tuple[Float, Float]:
    """Nodes and weights of the Gauss-Legendre rule in log energy, (npiece, 4).

    ``sum(weight * f(energy))`` is the integral of ``f`` dE over the pieces, whose ends are given in
    log energy.
    """
    half = (upper - lower)[:, None] / 2
    energy = np.exp((lower + upper)[:, None] / 2 + half * NODES)
    return energy, half * _WEIGHTS * energy
