"""Roots of the rise of a statistic along a parameter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["JUMP", "find_root"]

# Difference of a rise from the wanted one, as a share of its root, at which a search ends; largest
# number of its steps; and distance, in errors, beyond which a statistic counts as flat.
_RIGHT, _STEPS, _FLAT = 1e-3, 25, 1e4

# Steps outwards after which the rise of the last two steps tells the next one, so that statistics
# that stay below the wanted rise end soon. Parabolas end after 2; at ten times more, none gains.
_CURVED = 4

# Rise, in its wanted root, from which a search bisects at once, and not after three steps to one
# side: there may be a jump, which lines to it do not find. And width of a bracket, as a share of
# the distance, at which a search ends at a wall of the statistic: more accurate than other ends.
JUMP, _AT_WALL = 10.0, 1e-4


def find_root(
    root: Callable[[float], float], step: float, most: float, n_sigma: float
) -> tuple[float, bool]:
    """Root of a rising function of a step, which is -n_sigma at 0, up to the largest step.

    The function may be NaN, where the search ends without a root.
    """
    low, at_low, high, at_high, farthest = 0.0, -n_sigma, np.inf, np.inf, _FLAT * step
    before, side, repeated = (low, at_low), False, 0
    for turn in range(_STEPS):
        step = min(step, most)
        value = root(step)
        if np.isnan(value):
            return np.nan, False
        if abs(value) <= _RIGHT * n_sigma:
            return step, False
        repeated, side = (repeated + 1 if side == (value < 0) else 0), value < 0
        if value < 0:
            if step >= most:
                return most, True
            if step > farthest:
                return np.nan, False
            before, low, at_low = (low, at_low), step, value
        else:
            high, at_high = step, value
        if np.isfinite(at_high):
            part = float(np.clip(-at_low / (at_high - at_low), 0.05, 0.95))
            if repeated > 1 or (value < 0 and at_high > JUMP * n_sigma):
                part = 0.5
            step = low + part * (high - low)
        elif np.isfinite(high):
            step = (low + high) / 2
        else:
            growth = n_sigma / max(n_sigma + at_low, n_sigma / 4)
            if turn >= _CURVED:  # the statistic bends, and the last two steps tell more
                slope = (at_low - before[1]) / (low - before[0])
                growth = max(growth, 1 - at_low / slope / low if slope > 0 else np.inf)
            step = low * float(np.clip(growth, 1.2, 4))
        narrow = 1e-9 if np.isfinite(at_high) else _AT_WALL
        if np.isfinite(high) and high - low <= narrow * high:
            return high, False
    return np.nan, False
