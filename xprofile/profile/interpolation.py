"""Interpolate many curves at once by cubic polynomials through neighbouring nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["interpolate", "sort_nodes"]

Float = NDArray[np.float64]
_NODES = 4  # of a cubic polynomial

# Another stencil than the central one is chosen if its third difference is smaller by this factor.
# Next to a step of the curve it is smaller by far more: factors from 0.001 to 0.1 choose the same
# stencils in scans of simulated counts. With 1, the smoothest stencil would always be chosen. Most
# limits from scans would then deviate up to 2.5 times as much, and a few ten times less.
_SMOOTHER = 0.1


def sort_nodes(x: Float, y: Float, known: NDArray[np.bool_]) -> tuple[Float, Float]:
    """Sort nodes (..., n) by x, and keep one of each x.

    Unknown and repeated nodes move to the end and get an infinite x.
    """
    x = np.where(known, x, np.inf)
    order = np.argsort(x, axis=-1, kind="stable")
    x, y = (np.take_along_axis(values, order, axis=-1) for values in (x, y))
    with np.errstate(invalid="ignore"):
        repeated = np.diff(x, axis=-1, prepend=-np.inf) <= 0
    repeated &= np.isfinite(x)
    return (x, y) if not repeated.any() else sort_nodes(x, y, np.isfinite(x) & ~repeated)


def interpolate(x: Float, y: Float, at: Float) -> Float:
    """Interpolate by the cubic through four neighbouring nodes, two below and two above.

    If the curve has a step among these nodes, the four nodes are shifted to one side of it: another
    choice of nodes counts if its third difference is much smaller (Harten et al. 1987, J. Comput.
    Phys. 71, 231).

    Parameters
    ----------
    x, y : numpy.ndarray
        Nodes (..., n) from `sort_nodes`. Fewer than four nodes give a polynomial of a lower
        degree.
    at : numpy.ndarray
        Values of x at which to interpolate, (..., m).

    Returns
    -------
    numpy.ndarray
        Values of y, (..., m); NaN beyond the outer nodes.
    """
    fill = [(0, 0)] * (x.ndim - 1) + [(0, max(_NODES - x.shape[-1], 0))]
    x, y = np.pad(x, fill, constant_values=np.inf), np.pad(y, fill)
    size = np.isfinite(x).sum(axis=-1)[..., None]
    below = (x[..., None, :] < at[..., None]).sum(axis=-1)
    found, rough = _cubic(x, y, size, below - 2, at)
    for first in (below - 3, below - 1):
        other, change = _cubic(x, y, size, first, at)
        better = change < _SMOOTHER * rough
        found, rough = np.where(better, other, found), np.where(better, change / _SMOOTHER, rough)
    inside = (at >= x[..., :1]) & (below < size)
    return np.where(inside, found, np.nan)


def _cubic(
    x: Float, y: Float, size: NDArray[np.intp], first: NDArray[np.intp], at: Float
) -> tuple[Float, Float]:
    """Evaluate the cubics through four nodes from number `first` on, (..., m).

    The numbers are clipped to the nodes of the curve. Returns the values of the cubics and the
    sizes of their third differences.
    """
    first = np.clip(first, 0, np.maximum(size - _NODES, 0))
    index = first[..., None] + np.arange(_NODES)
    shape = (*index.shape[:-1], x.shape[-1])
    nodes, values = (
        np.take_along_axis(np.broadcast_to(array[..., None, :], shape), index, axis=-1)
        for array in (x, y)
    )
    known = index < size[..., None]
    values = np.where(known, values, 0)
    away = at[..., None] - nodes
    total, third = np.zeros(at.shape), np.zeros(at.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        for j in range(_NODES):  # Lagrange's form
            others = [k for k in range(_NODES) if k != j]
            apart = np.where(known[..., others], nodes[..., [j]] - nodes[..., others], 1)
            ratio = np.where(known[..., others], away[..., others] / apart, 1)
            total += values[..., j] * ratio.prod(axis=-1)
            third += values[..., j] / apart.prod(axis=-1)
    return total, np.abs(third)
