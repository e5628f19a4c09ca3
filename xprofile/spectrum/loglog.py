"""Log-log interpolation between nodes, which is exact for power laws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["interpolate_log_log", "node_below"]

Float = NDArray[np.float64]


def node_below(nodes: Float, energy: Float) -> tuple[NDArray[np.intp], Float]:
    """Find the node below each energy, and the position between this node and the next.

    The position is linear in log energy: 0 at the node below, 1 at the next. Beyond the outer nodes
    it continues from the two outermost, below 0 or above 1.
    """
    if nodes.size == 1:
        return np.zeros(energy.size, np.intp), np.zeros(energy.size)
    left = np.clip(np.searchsorted(nodes, energy, side="right") - 1, 0, nodes.size - 2)
    return left, np.log(energy / nodes[left]) / np.log(nodes[left + 1] / nodes[left])


def interpolate_log_log(low: NDArray[Any], high: NDArray[Any], position: Float) -> NDArray[Any]:
    """Interpolate log-log between values at two nodes.

    If one of the values is 0, the interpolation is linear in log energy, and at least 0.
    """
    linear = np.maximum((1 - position) * low + position * high, 0)
    positive = (low > 0) & (high > 0)
    with np.errstate(over="ignore"):  # an infinite result is an error where it is used
        ratio = np.divide(high, low, out=np.ones_like(linear), where=positive)
        return np.asarray(np.where(positive, low * ratio**position, linear))
