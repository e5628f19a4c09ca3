"""Counts without energy dispersion in many pixels at once.

Between two nodes, the exposure of a pixel is ``low * ratio**position``. So the integral of dN/dE
times the exposure is ``low`` times a function of the ratio alone, the same for all pixels, which is
a short Chebyshev series in the logarithm of the ratio. Next to a node with exposure 0 it is linear
in the exposure at the other node.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .loglog import node_below
from .models import SpectralModel, model_nodes
from .response import folded_counts, steep_breaks

__all__ = ["folded_pixels"]

Float = NDArray[np.float64]

# Largest change of the logarithm of an exposure up to which pixels are folded together. Doubles end
# at e^709; at a tenth, wings of Gaussians are folded one by one, which takes a hundred times as
# long.
_LARGEST = 600.0

# Largest exponent of one series, up and down from its middle. Its terms cancel where the function
# is small: rounding is e^6 times 1e-16 there. At ten times as much, nothing would be left of it; at
# a tenth, there are ten times as many series of few terms.
_REACH = 3.0

# Largest term of the series that is left out, beside the smallest value of the function, e^-3. Ten
# times more or less changes their number by one.
_ERROR = 1e-13


def folded_pixels(model: SpectralModel, edges: Float, nodes: Float, exposure: Float) -> Float:
    """Counts of many pixels without energy dispersion, as `folded_counts`.

    Parameters
    ----------
    model : SpectralModel
        The model.
    edges : numpy.ndarray
        Edges of the energy bins in TeV, (nenergy + 1,).
    nodes : numpy.ndarray
        Ascending energies of the exposure in TeV, (nnode,).
    exposure : numpy.ndarray
        Exposure at each node in cm2 s, (nnode, npixel). Of values that change their sign with
        energy, the positive and the negative ones are folded apart.

    Returns
    -------
    numpy.ndarray
        (nenergy, npixel).
    """
    if np.any(exposure < 0):
        parts = (np.maximum(sign * exposure, 0.0) for sign in (1, -1))
        above, below = (folded_pixels(model, edges, nodes, part) for part in parts)
        return above - below
    counts = np.zeros((edges.size - 1, exposure.shape[1]))
    some = exposure.any(axis=0)
    together = _largest_change(edges, nodes, exposure) <= _LARGEST
    pixels = np.flatnonzero(some & together)
    if pixels.size:
        counts[:, pixels] = _folded(model, edges, nodes, exposure[:, pixels])
    pixels = np.flatnonzero(some & ~together)
    if pixels.size:
        shape = (pixels.size, edges.size - 1, nodes.size)
        part = np.broadcast_to(exposure[:, pixels].T[:, None], shape)
        counts[:, pixels] = folded_counts(model, edges, nodes, part).T
    return counts


def _largest_change(edges: Float, nodes: Float, exposure: Float) -> Float:
    """Largest change of the logarithm from a node to an energy of the bins near it, (npixel,)."""
    if nodes.size == 1:
        return np.zeros(exposure.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.abs(np.diff(np.log(exposure), axis=0))
    _, ends = node_below(nodes, edges[[0, -1]])
    beyond = np.maximum(np.maximum(np.abs(ends), np.abs(1 - ends)), 1)
    change[0] *= beyond[0]
    change[-1] *= beyond[1]
    return np.asarray(np.where(np.isfinite(change), change, 0.0).max(axis=0))


def _folded(model: SpectralModel, edges: Float, nodes: Float, exposure: Float) -> Float:
    """Counts (nenergy, npixel) of all pixels together."""
    breaks = steep_breaks(edges, nodes, exposure.T)
    found = model_nodes(model, edges[:-1], edges[1:], breaks)
    left, position = node_below(nodes, found.energy)
    weight, bins = found.weight * found.value, found.bin_number
    counts = np.zeros((edges.size - 1, exposure.shape[1]))
    for node in np.unique(left).tolist():
        here = left == node
        low, high = exposure[node], exposure[min(node + 1, nodes.size - 1)]
        known = np.unique(bins[here])
        row = np.searchsorted(known, bins[here])
        matrix = np.zeros((known.size, row.size))
        matrix[row, np.arange(row.size)] = weight[here]
        counts[known] += _between(matrix, position[here], low, high)
    return counts


def _between(weight: Float, position: Float, low: Float, high: Float) -> Float:
    """Sums (nbin, npixel) over places between two nodes of weight (nbin, n) times the exposure."""
    both = (low > 0) & (high > 0)
    parts = np.maximum(1 - position, 0), np.maximum(position, 0)
    with np.errstate(over="ignore"):  # an infinite result is an error where it is used
        sums = np.outer(weight @ parts[0], low) + np.outer(weight @ parts[1], high)
        if both.any():
            ratio = np.log(high[both]) - np.log(low[both])
            sums[:, both] = low[both] * _integrals(weight, position, ratio)
    return sums


def _integrals(weight: Float, position: Float, log_ratio: Float) -> Float:
    """Sums (nbin, npixel) over nodes of weight (nbin, n) times exp(position * log_ratio)."""
    first, last = float(log_ratio.min()), float(log_ratio.max())
    reach = (last - first) / 2 * float(np.abs(position).max(initial=0.0))
    number = max(int(np.ceil(reach / _REACH)), 1)
    if number == 1:
        return _series(weight, position, log_ratio, (first, last))
    width = (last - first) / number
    part = np.minimum(((log_ratio - first) / width).astype(int), number - 1)
    sums = np.zeros((weight.shape[0], log_ratio.size))
    for k in np.unique(part).tolist():
        ends = first + k * width, first + (k + 1) * width
        sums[:, part == k] = _series(weight, position, log_ratio[part == k], ends)
    return sums


def _series(weight: Float, position: Float, log_ratio: Float, ends: tuple[float, float]) -> Float:
    """The sums for ratios between two ends, by a Chebyshev series."""
    middle, half = (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2
    number = _terms(half * float(np.abs(position).max(initial=0.0)))
    points = np.cos(np.pi * (np.arange(number) + 0.5) / number)
    at_points = weight @ np.exp(np.multiply.outer(position, middle + half * points))
    terms = np.polynomial.chebyshev.chebvander(points, number - 1).T @ at_points.T * 2 / number
    terms[0] /= 2
    place = (log_ratio - middle) / (half or 1.0)
    return np.asarray(np.polynomial.chebyshev.chebval(place, terms), dtype=np.float64)


def _terms(reach: float) -> int:
    """Number of terms of the series of exp(reach * x), which fall like (reach / 2)^n / n!."""
    term, number = 1.0, 1
    while term > _ERROR * np.exp(-reach):
        term *= reach / 2 / number
        number += 1
    return number
