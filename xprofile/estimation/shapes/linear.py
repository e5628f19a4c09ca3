"""Parameters that a brightness is linear in: its amplitudes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .brightness import Brightness, Places

__all__ = ["find_amplitudes"]

Float = NDArray[np.float64]

# Relative difference between a brightness and a linear one that counts as rounding. It is far above
# rounding, 1e-15, and far below what any power other than 1 does. At ten times more or less, the
# same parameters are found.
_ROUNDING = 1e-9

# factors of all amplitudes together at which the brightness must be linear: any numbers, not alike
_FACTORS = (0.7, 2.3, 1.9, 0.4, 3.1)


def find_amplitudes(brightness: Brightness, places: Places) -> tuple[int, ...]:
    """Find free parameters that a brightness is linear in, one by one and together.

    Parameters with an upper bound are left out, and those by which a brightness can become
    negative.

    Returns
    -------
    tuple of int
        Numbers of the parameters.
    """
    start = brightness.values
    found: list[int] = []
    for i in np.flatnonzero(brightness.free).tolist():
        if np.isfinite(brightness.bounds[i][1]) or brightness.units[i] == "deg":
            continue
        others = [at_values(brightness, start, {**dict.fromkeys(found, 1.0), i: a}, places)
                  for a in (0.0, 1.0, 2.0)]  # fmt: skip
        first, second = others[1] - others[0], others[2] - others[1]
        size = np.max(np.abs(others), initial=0)
        if not np.isfinite(size) or not np.any(first) or np.any(first < 0):
            continue
        if np.all(np.abs(second - first) <= _ROUNDING * size):
            found.append(i)
    while found and not _linear_together(brightness, found, places):
        found.pop()
    return tuple(found)


def at_values(
    brightness: Brightness, start: Float, changed: dict[int, float], places: Places
) -> Float:
    """Brightness with some parameters changed."""
    values = start.copy()
    for i, value in changed.items():
        values[i] = value
    return brightness(values, places)


def _linear_together(brightness: Brightness, numbers: list[int], places: Places) -> bool:
    """Whether the brightness is the sum of what each amplitude gives."""
    start, zero = brightness.values, dict.fromkeys(numbers, 0.0)
    rest = at_values(brightness, start, zero, places)
    factors = dict(zip(numbers, _FACTORS * (len(numbers) // len(_FACTORS) + 1), strict=False))
    total = rest.copy()
    for i, factor in factors.items():
        total += factor * (at_values(brightness, start, {**zero, i: 1.0}, places) - rest)
    whole = at_values(brightness, start, factors, places)
    size = max(np.max(np.abs(whole)), np.max(np.abs(total)))
    return bool(np.isfinite(size) and np.all(np.abs(whole - total) <= _ROUNDING * size))
