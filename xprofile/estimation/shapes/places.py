"""Distances at which a brightness is evaluated, and its means over ranges of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Places"]

Float = NDArray[np.float64]

# Number of parts of each range over which a brightness with steps is averaged, at least and at
# most, and of all ranges together: a few times what a fit without steps evaluates, for speed.
_PARTS, _ALL_PARTS = (4, 32), 6_000

# Number of largest changes between neighbours near which parts are divided, and by how much, one
# time after the other. An edge is then known to 1e-5 of a bin. With a tenth of the parts, fits of
# steps end where an edge meets a part, up to 11 above the minimum of the statistic.
_CHANGES, _FINER = 6, (32, 32)

# Share of the change of slopes that is left in parts that are 32 times narrower, from which it
# counts as a kink: 1 at kinks and more at steps, 1/32 in smooth curves. And share of the largest
# value up to which it is rounding, which is 1e-16.
_KINK, _ROUNDING = 0.3, 1e-11


@dataclass(frozen=True, eq=False)
class Places:
    """Distances at which a brightness is evaluated.

    Parameters
    ----------
    at, lower, upper : numpy.ndarray
        Distances in degrees, and the ranges that they stand for, (nplace,).
    """

    at: Float
    lower: Float
    upper: Float

    def mean(self, function: Callable[[Float], Any]) -> Float:
        """Mean of a function over each range, (nplace,)."""
        middle, width = self._parts()
        values = _means(function, middle.ravel(), width.ravel(), _FINER)
        return np.asarray(values.reshape(middle.shape).mean(axis=1))

    def show_steps(self, function: Callable[[Places], Float]) -> bool:
        """Whether a function has steps or kinks within the ranges, away from 0."""
        used = (self.lower * self.upper > 0) & (self.upper > self.lower)
        middle, width = (v[used] for v in self._parts())
        middle = np.hstack([middle[:, :1] - width[:, :1], middle, middle[:, -1:] + width[:, :1]])
        values = function(_points(middle)).reshape(middle.shape)
        if not values.size or not np.isfinite(values).all():
            return False
        bend = np.abs(np.diff(values, n=2, axis=1)) / width
        chosen = np.unravel_index(np.argsort(bend, axis=None)[-_CHANGES:], bend.shape)
        at, step = middle[:, 1:-1][chosen][:, None], width[chosen][:, None]
        share = (np.arange(3 * _FINER[0]) + 0.5) / _FINER[0] - 1.5
        finer = function(_points(at + step * share)).reshape(len(at), -1)
        change = np.abs(np.diff(finer, n=2, axis=1))
        change = np.where(change > _ROUNDING * np.abs(values).max(), change, 0)
        return bool(np.any(change.max(axis=1) / step[:, 0] * _FINER[0] > _KINK * bend[chosen]))

    def _parts(self) -> tuple[Float, Float]:
        """Middles and widths of the parts of each range, (nplace, npart)."""
        number = int(np.clip(_ALL_PARTS // max(self.at.size, 1), *_PARTS))
        width = np.repeat((self.upper - self.lower)[:, None] / number, number, axis=1)
        return self.lower[:, None] + width * (np.arange(number) + 0.5), width


def _points(at: Float) -> Places:
    """Places without extent."""
    return Places(at.ravel(), at.ravel(), at.ravel())


def _means(
    function: Callable[[Float], Any], middle: Float, width: Float, finer: tuple[int, ...]
) -> Float:
    """Means over small ranges, of which those at the largest changes are divided further."""
    values = np.array(np.broadcast_to(function(middle), middle.shape), dtype=float)
    if finer and values.size > _CHANGES:
        changes = np.argpartition(np.abs(np.diff(values)), -_CHANGES)[-_CHANGES:]
        cells = np.unique([changes, changes + 1])
        share = (np.arange(finer[0]) + 0.5) / finer[0] - 0.5
        inner = middle[cells, None] + width[cells, None] * share
        narrow = np.repeat(width[cells] / finer[0], finer[0])
        found = _means(function, inner.ravel(), narrow, finer[1:])
        values[cells] = found.reshape(inner.shape).mean(axis=1)
    return values
