"""Nodes and weights for integrals over energy bins, in log energy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["quadrature_nodes"]

Float = NDArray[np.float64]
Function = Callable[[Float], Float]

# Largest length of a piece in decades. With four nodes, integrals of E^-7 are exact to 1e-13. On
# pieces of 0.2 decades they would be off by 1e-7; shorter pieces would only cost time.
_PIECE = 0.02

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)

# from values at the nodes to values at the ends of the piece, by the polynomial through the nodes
_TO_ENDS = np.linalg.solve(np.vander(_NODES).T, np.vander([-1.0, 1.0], _NODES.size).T)

# Largest number of halvings of a piece with a kink or a step. The error at a step is its height
# times the last length, so 30 halvings leave 1e-12 of the integral, and 10 leave 1e-6. 60 change
# integrals by no more than that, and cost more nodes.
_HALVINGS = 30

# A piece is halved if its integral differs from that of its halves by more than this share of the
# integral over the bin. It is the accuracy that the documentation states. 1e-7 and 1e-10 change no
# integral of the tests, because the next limit is stricter for them.
_ACCURACY = 1e-9

# A piece is also halved if the polynomial through its nodes misses the function at an end by more
# than this share of its value. It finds kinks and steps next to an edge, which no node sees. At
# 1e-4 a broken power law is off by 7e-10 instead of 3e-12. Without this limit a step is off by
# 6e-7.
_SMOOTHNESS = 1e-5

# Relative distance below which a break and an edge are the same; far above the rounding errors of
# energies, and far below the width of every bin.
_SAME_ENERGY = 1e-12


def quadrature_nodes(
    edges: Float, breaks: Float | None = None, function: Function | None = None
) -> tuple[Float, Float, NDArray[np.intp]]:
    """Nodes, weights and bin numbers for integrals of smooth functions over energy bins.

    The rule is Gauss-Legendre in log energy. It is applied to pieces that end at the edges and
    breaks and are at most 0.02 decades long. ``sum(weights * f(nodes))`` over the nodes of a bin is
    the integral of ``f`` dE.

    Parameters
    ----------
    edges : numpy.ndarray
        Bin edges, (nbin + 1,).
    breaks : numpy.ndarray, optional
        Energies at which the integrand has kinks.
    function : callable, optional
        A factor of the integrand, not negative. Pieces in which it has kinks or steps are halved
        until these no longer matter.

    Returns
    -------
    energy, weight : numpy.ndarray
        Nodes and their weights, (nnode,).
    bin_number : numpy.ndarray of int
        Bin of each node, (nnode,), ascending.
    """
    breaks = np.empty(0) if breaks is None else breaks
    inside = (breaks > edges[0]) & (breaks < edges[-1])
    apart = np.abs(breaks[:, None] / edges - 1).min(axis=1, initial=1) > _SAME_ENERGY
    coarse = np.log(np.unique(np.concatenate([edges, breaks[inside & apart]])))
    number = np.ceil(np.diff(coarse) / (_PIECE * np.log(10))).astype(int)
    pieces = np.interp(
        np.arange(number.sum() + 1), np.concatenate([[0], np.cumsum(number)]), coarse
    )
    if function is not None:
        pieces = _refined(pieces, edges, function)
    energy, weight = _nodes(pieces[:-1], pieces[1:])
    return energy.ravel(), weight.ravel(), _bin_of(edges, energy.ravel())


def _nodes(lower: Float, upper: Float) -> tuple[Float, Float]:
    """Nodes and weights of pieces in log energy, (npiece, nnode)."""
    half = (upper - lower)[:, None] / 2
    energy = np.exp((lower + upper)[:, None] / 2 + half * _NODES)
    return energy, half * _WEIGHTS * energy


def _bin_of(edges: Float, energy: Float) -> NDArray[np.intp]:
    return np.searchsorted(edges, energy, side="right") - 1


def _refined(pieces: Float, edges: Float, function: Function) -> Float:
    """Halve the pieces, given by their ends in log energy, on which the function is not smooth."""
    for _ in range(_HALVINGS):
        ends = function(np.exp(pieces))
        lower, upper = pieces[:-1], pieces[1:]
        middle = (lower + upper) / 2
        (whole, values), *halves = (
            _integral(function, *pair)
            for pair in ((lower, upper), (lower, middle), (middle, upper))
        )
        total = halves[0][0] + halves[1][0]
        bin_number = _bin_of(edges, np.exp(middle))
        bins = np.bincount(bin_number, total, minlength=edges.size - 1)[bin_number]
        jumps = np.abs(values @ _TO_ENDS - np.stack([ends[:-1], ends[1:]], axis=1)).max(axis=1)
        rough = (np.abs(whole - total) > _ACCURACY * bins) | (
            jumps > _SMOOTHNESS * np.maximum(ends[:-1], ends[1:])
        )
        if not rough.any():
            break
        pieces = np.sort(np.concatenate([pieces, middle[rough]]))
    return pieces


def _integral(function: Function, lower: Float, upper: Float) -> tuple[Float, Float]:
    """Integrals over pieces, and the values of the function at their nodes."""
    energy, weight = _nodes(lower, upper)
    values = function(energy)
    return np.asarray((weight * values).sum(axis=1)), values
