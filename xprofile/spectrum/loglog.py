"""Interpolation between nodes, log-log: straight lines where power laws are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["log_log", "node_below"]

Float = NDArray[np.float64]


def node_below(nodes: Float, energy: Float) -> tuple[NDArray[np.intp], Float]:
    """Find the node below each energy, and how far it is from there to the next in log energy.

    Beyond the outer nodes it is the outer two that count, with a share below 0 or above 1.
    """
    if nodes.size == 1:
        return np.zeros(energy.size, np.intp), np.zeros(energy.size)
    left = np.clip(np.searchsorted(nodes, energy, side="right") - 1, 0, nodes.size - 2)
    return left, np.log(energy / nodes[left]) / np.log(nodes[left + 1] / nodes[left])


def log_log(low: NDArray[Any], high: NDArray[Any], share: Float) -> NDArray[Any]:
    """Interpolate between values at two nodes, linearly and at least 0 where one of them is 0."""
    linear = np.maximum((1 - share) * low + share * high, 0)
    whole = (low > 0) & (high > 0)
    ratio = np.divide(high, low, out=np.ones_like(linear), where=whole)
    return np.asarray(np.where(whole, low * ratio**share, linear))
