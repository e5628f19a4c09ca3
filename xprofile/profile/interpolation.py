"""Cubic polynomials through neighbouring nodes, for many curves at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["interpolate", "sort_nodes"]

Float = NDArray[np.float64]

_NODES = 4

_MUCH = 0.1


def sort_nodes(x: Float, y: Float, known: NDArray[np.bool_]) -> tuple[Float, Float]:
    """Sort nodes (..., n) by x, those that are not known to the end, with x infinite."""
    x = np.where(known, x, np.inf)
    order = np.argsort(x, axis=-1, kind="stable")
    x, y = (np.take_along_axis(values, order, axis=-1) for values in (x, y))
    with np.errstate(invalid="ignore"):
        again = np.diff(x, axis=-1, prepend=-np.inf) <= 0
    again &= np.isfinite(x)
    return (x, y) if not again.any() else sort_nodes(x, y, np.isfinite(x) & ~again)


def interpolate(x: Float, y: Float, at: Float) -> Float:
    """Value of a cubic through four neighbouring nodes, two below a place and two above.

    Of the stencils with a place inside, the one of the least third difference counts if that is
    much less: it is the one without a step (Harten et al. 1987, J. Comput. Phys. 71, 231).

    Parameters
    ----------
    x, y : numpy.ndarray
        Nodes (..., n) from `sort_nodes`. Curves of fewer than four are polynomials of a lower
        degree.
    at : numpy.ndarray
        Places, (..., m).

    Returns
    -------
    numpy.ndarray
        (..., m); NaN beyond the outer nodes.
    """
    fill = [(0, 0)] * (x.ndim - 1) + [(0, max(_NODES - x.shape[-1], 0))]
    x, y = np.pad(x, fill, constant_values=np.inf), np.pad(y, fill)
    size = np.isfinite(x).sum(axis=-1)[..., None]
    below = (x[..., None, :] < at[..., None]).sum(axis=-1)
    found, rough = _cubic(x, y, size, below - 2, at)
    for first in (below - 3, below - 1):
        other, change = _cubic(x, y, size, first, at)
        better = change < _MUCH * rough
        found, rough = np.where(better, other, found), np.where(better, change / _MUCH, rough)
    inside = (at >= x[..., :1]) & (below < size)
    return np.where(inside, found, np.nan)


def _cubic(
    x: Float, y: Float, size: NDArray[np.intp], first: NDArray[np.intp], at: Float
) -> tuple[Float, Float]:
    """Cubics through nodes from `first` on (..., m), or from the nearest where these end.

    Returns their value and the size of their third difference.
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
