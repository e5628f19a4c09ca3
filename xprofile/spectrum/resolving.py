"""Nodes on which a function is resolved, also lines that are narrower than their distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .quadrature import NODES, Pieces, bin_pieces, nodes_and_weights
from .refinement import Sampled, added_limit, halved, sampled

__all__ = ["Resolved", "plain_nodes", "resolve"]

Float = NDArray[np.float64]
Index = NDArray[np.intp]
Function = Callable[[Float], Float]

# Distance in decades of points at which a function is compared with its nodes, and the largest
# number of such points. A line with a sigma of 1e-4 decades is seen; at ten times the distance, two
# in three of them are not.
_SCAN_STEP, _SCAN_MOST = 2e-4, 200_000

# Share of its value by which a function may miss the polynomial through the nodes between them, and
# share of the integral over the bin below which a miss does not matter; as in `refinement`.
_SMOOTHNESS, _NEGLIGIBLE = 1e-5, 1e-12


@dataclass(frozen=True, eq=False)
class Resolved:
    """Nodes on which a function is resolved, ordered by bin and energy.

    Parameters
    ----------
    energy, weight, value : numpy.ndarray
        Nodes, weights for integrals dE, and values of the function, (nnode,).
    bin_number : numpy.ndarray of int
        Bin of each node, (nnode,).
    error : numpy.ndarray
        Relative error that the integral over each bin may have where the function is not resolved,
        (nbin,); 0 elsewhere.
    """

    energy: Float
    weight: Float
    value: Float
    bin_number: Index
    error: Float

    def integrals(self, *, power: int = 0) -> Float:
        """Integrals of E^power times the function over the bins, (nbin,)."""
        values = self.weight * self.value * self.energy**power
        return np.bincount(self.bin_number, values, minlength=self.error.size).astype(np.float64)


def plain_nodes(lower: Float, upper: Float, breaks: Float, function: Function) -> Resolved:
    """Nodes for a function that is known to be smooth between the breaks."""
    pieces = bin_pieces(lower, upper, breaks)
    energy = nodes_and_weights(pieces.lower, pieces.upper)[0]
    return _resolved(pieces, function(energy.ravel()), np.zeros(lower.size))


def resolve(
    lower: Float, upper: Float, breaks: Float, function: Function, *, scan: bool = True
) -> Resolved:
    """Nodes on which a function is resolved, as far as it matters to its integral.

    Parameters
    ----------
    lower, upper : numpy.ndarray
        Edges of the bins, (nbin,).
    breaks : numpy.ndarray
        Energies of kinks, steps or lines, (nbreak,).
    function : callable
        Not negative; takes and returns an array (n,).
    scan : bool
        Look between the nodes for lines that none of them sees.
    """
    pieces, added = bin_pieces(lower, upper, breaks), added_limit(lower.size)
    found, error = halved(sampled(pieces, np.arange(pieces.size), function), added, function)
    if scan and pieces.size:
        cut = _cut_at_hidden_lines(_ordered(found), pieces, added, function)
        if cut is not None:
            found, error = halved(cut, added, function)
    found = _ordered(found)
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.bincount(found.bin_number, found.integrals(), minlength=lower.size)
    relative = np.divide(error, total, out=np.zeros(lower.size), where=total > 0)
    return _resolved(found, found.values, relative)


def _resolved(pieces: Pieces, values: Float, error: Float) -> Resolved:
    energy, weight = nodes_and_weights(pieces.lower, pieces.upper)
    number = np.repeat(pieces.bin_number, NODES.size)
    return Resolved(energy.ravel(), weight.ravel(), values.ravel(), number, error)


def _ordered(pieces: Sampled) -> Sampled:
    return pieces.take(np.lexsort([pieces.lower, pieces.bin_number]))


def _cut_at_hidden_lines(
    found: Sampled, start: Pieces, added: Index, function: Function
) -> Sampled | None:
    """Cut ordered pieces at points where they miss the function; None if there are none."""
    point, piece = _scan_points(found, start)
    value = function(np.exp(point))
    position = 2 * (point - found.lower[piece]) / (found.upper - found.lower)[piece] - 1
    terms = np.linalg.solve(np.vander(NODES), found.values.T)[:, piece]  # highest power first
    known = np.zeros(point.size)
    for term in terms:
        known = known * position + term
    miss = np.abs(value - known)
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.bincount(found.bin_number, found.integrals(), minlength=added.size)
    bins = found.bin_number[piece]
    reach = _SCAN_STEP * np.exp(point)
    hidden = (miss > _SMOOTHNESS * value) & (miss * reach > _NEGLIGIBLE * total[bins])
    hidden &= (np.abs(position) < 1) & (miss * reach > 0)
    which = np.flatnonzero(hidden)
    which = which[np.lexsort([-miss[which] * reach[which], bins[which]])]
    rank = np.arange(which.size) - np.searchsorted(bins[which], bins[which])
    which = which[rank < added[bins[which]] // 4]
    if not which.size:
        return None
    lower = np.concatenate([found.lower, point[which]])
    number, origin = (
        np.concatenate([v, v[piece[which]]]) for v in (found.bin_number, found.origin)
    )
    order = np.lexsort([lower, number])
    lower, number, origin = lower[order], number[order], origin[order]
    last = np.append(np.diff(number) > 0, True)
    upper = np.append(lower[1:], 0.0)
    end = np.full(added.size, -np.inf)
    np.maximum.at(end, found.bin_number, found.upper)
    upper[last] = end[number[last]]
    return sampled(Pieces(lower, upper, number), origin, function)


def _scan_points(found: Sampled, start: Pieces) -> tuple[Float, Index]:
    """Points in log energy, at equal distances in each first piece, and the pieces they are in."""
    width = start.upper - start.lower
    each = np.ceil(width / (_SCAN_STEP * np.log(10))).astype(np.intp)
    each = np.minimum(each, max(_SCAN_MOST // start.size, 1))
    origin = np.repeat(np.arange(start.size), each)
    step = (np.arange(origin.size) - np.repeat(np.cumsum(each) - each, each) + 0.5) / each[origin]
    begin = found.origin + (found.lower - start.lower[found.origin]) / width[found.origin]
    piece = np.searchsorted(begin, origin + step, side="right") - 1
    return start.lower[origin] + step * width[origin], np.maximum(piece, 0)
