"""Nodes and weights that integrate over energy bins, in log energy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["quadrature"]

Float = NDArray[np.float64]

Function = Callable[[Float], Float]

_PIECE = 0.02  # decades

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)

# from values at the nodes to those at the ends of the piece, by the polynomial through them
_TO_ENDS = np.linalg.solve(np.vander(_NODES).T, np.vander([-1.0, 1.0], _NODES.size).T)

_REFINEMENTS = 30  # halvings of a piece with a kink or a step

_ACCURACY, _SMOOTHNESS = 1e-9, 1e-5  # share of the bin's integral, and of the value at an end


def quadrature(
    edges: Float, breaks: Float | None = None, function: Function | None = None
) -> tuple[Float, Float, NDArray[np.intp]]:
    """Nodes, weights and bin numbers that integrate smooth functions over energy bins.

    Gauss-Legendre in log energy, on pieces that end at the edges and breaks and are no longer
    than 0.02 decades. ``sum(weights * f(nodes))`` over a bin is the integral of ``f`` dE.

    Parameters
    ----------
    edges : numpy.ndarray
        Bin edges, (nbin + 1,).
    breaks : numpy.ndarray, optional
        Energies at which the integrand has kinks.
    function : callable, optional
        Part of the integrand, never negative: pieces in which it has kinks or steps are halved
        until these do not matter.
    """
    breaks = np.empty(0) if breaks is None else breaks
    inside = (breaks > edges[0]) & (breaks < edges[-1])
    apart = np.abs(breaks[:, None] / edges - 1).min(axis=1, initial=1) > 1e-12
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
    """Ends of pieces in log energy, with more where a piece and its halves or ends disagree."""
    for _ in range(_REFINEMENTS):
        ends = function(np.exp(pieces))
        lower, upper = pieces[:-1], pieces[1:]
        middle = (lower + upper) / 2
        (whole, values), *halves = (
            _integral(function, *pair)
            for pair in ((lower, upper), (lower, middle), (middle, upper))
        )
        total = halves[0][0] + halves[1][0]
        which = _bin_of(edges, np.exp(middle))
        bins = np.bincount(which, total, minlength=edges.size - 1)[which]
        jumps = np.abs(values @ _TO_ENDS - np.stack([ends[:-1], ends[1:]], axis=1)).max(axis=1)
        rough = (np.abs(whole - total) > _ACCURACY * bins) | (
            jumps > _SMOOTHNESS * np.maximum(ends[:-1], ends[1:])
        )
        if not rough.any():
            break
        pieces = np.sort(np.concatenate([pieces, middle[rough]]))
    return pieces


def _integral(function: Function, lower: Float, upper: Float) -> tuple[Float, Float]:
    """Integrals over pieces, and the function's values at their nodes."""
    energy, weight = _nodes(lower, upper)
    values = function(energy)
    return np.asarray((weight * values).sum(axis=1)), values
