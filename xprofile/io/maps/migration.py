"""Energy dispersions over migra, the ratio of reconstructed to true energy, summed to bins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...maps.axes import same_axis

__all__ = ["bin_fractions", "integrate_migra", "interpolate_nodes"]

Float = NDArray[np.float64]
Array = NDArray[np.generic]

# True energies in each bin at which a density at nodes is integrated. A step of 1/16 of a bin, 2 %
# in energy for 20 bins over 3 decades, is narrow beside the resolution of any telescope (5 % and
# more). With 160, opening takes ten times longer, and fractions change by less than 1e-3.
_STEPS = 16


def integrate_migra(density: Array, migra: Float, energy: Float, true: Float) -> Float:
    """Integrate densities over reconstructed bins.

    Parameters
    ----------
    density : numpy.ndarray
        Density of events per migra, (ntrue, nmigra, ...), the same over each bin of migra.
    migra : numpy.ndarray
        Edges of the bins of migra, (nmigra + 1,).
    energy, true : numpy.ndarray
        Edges of the reconstructed bins, (nenergy + 1,), and true energies, (ntrue,), in one unit.

    Returns
    -------
    numpy.ndarray
        Fractions (ntrue, nenergy, ...).
    """
    width = np.diff(migra).reshape(-1, *[1] * (density.ndim - 2))
    cumulative = np.cumsum(density.astype(np.float64) * width, axis=1)
    cumulative = np.insert(cumulative, 0, 0, axis=1)
    position = np.interp(energy / true[:, None], migra, np.arange(migra.size))
    left = np.minimum(position.astype(int), migra.size - 2)
    share = (position - left).reshape(*position.shape, *[1] * (density.ndim - 2))
    row = np.arange(true.size)[:, None]
    at_edges = (1 - share) * cumulative[row, left] + share * cumulative[row, left + 1]
    return np.asarray(np.maximum(np.diff(at_edges, axis=1), 0))


def bin_fractions(density: Float, nodes: Float, migra: Float, energy: Float, true: Float) -> Float:
    """Fractions of true-energy bins in reconstructed bins, of densities at nodes of true energy.

    They are means over each true-energy bin, uniform in log energy. Between the nodes, the density
    per migra is linear in log energy; beyond the outer ones, it is constant. Nodes without any
    values, at which nothing was observed, are left out of the interpolation; energies nearest to
    such a node have no events.

    Parameters
    ----------
    density : numpy.ndarray
        Density of events per migra, (nnode, nmigra, ...).
    nodes : numpy.ndarray
        True energies of the density, (nnode,).
    migra, energy, true : numpy.ndarray
        Edges of the bins of migra, of reconstructed and of true energy, (ntrue + 1,).

    Returns
    -------
    numpy.ndarray
        Fractions (ntrue, nenergy, ...).
    """
    known = np.asarray(density.any(axis=1, keepdims=True), dtype=np.float64)
    total: Float = np.zeros(())
    for share in (np.arange(_STEPS) + 0.5) / _STEPS:
        at = true[:-1] * (true[1:] / true[:-1]) ** share
        weight = interpolate_nodes(nodes, known, at)
        inverse = np.divide(1, weight, out=np.zeros(weight.shape), where=weight >= 0.5)
        values = interpolate_nodes(nodes, density, at) * inverse
        total = total + integrate_migra(values, migra, energy, at)
    return np.asarray(total / _STEPS)


def interpolate_nodes(nodes: Float, values: NDArray[Any], wanted: Float) -> NDArray[Any]:
    """Interpolate along the first axis, linearly in log energy, constant beyond the ends.

    The weights add up to 1, so values that are normalised at the nodes stay normalised.
    """
    if same_axis(nodes, wanted):
        return values
    position = np.interp(np.log(wanted), np.log(nodes), np.arange(nodes.size))
    left = np.minimum(position.astype(int), max(nodes.size - 2, 0))
    right = np.minimum(left + 1, nodes.size - 1)
    weight = (position - left).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray((1 - weight) * values[left] + weight * values[right])
