"""Several data sets with one norm: their statistics add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .statistic import Curve, Float, Statistic, Which

__all__ = ["Joint"]


@dataclass(frozen=True, eq=False)
class Joint:
    """The sum of statistics of the same problems.

    Parameters
    ----------
    parts : tuple of Statistic
        One for each data set.
    """

    parts: tuple[Statistic, ...]

    @property
    def concave(self) -> bool:
        """Whether the slopes of all parts are concave."""
        return all(part.concave for part in self.parts)

    def take(self, which: Which) -> Self:
        """Return some of the problems."""
        return type(self)(tuple(part.take(which) for part in self.parts))

    def value(self, x: Float) -> Float:
        """Sum of the statistics."""
        return _total(part.value(x) for part in self.parts)

    def rise(self, x: Float, to: Float) -> Float:
        """C(to) - C(x)."""
        return _total(part.rise(x, to) for part in self.parts)

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature of C / 2."""
        return _both(part.slope(x, side) for part in self.parts)

    def steepest(self) -> Float:
        """Slope that is never exceeded."""
        return _total(part.steepest() for part in self.parts)

    def start(self, steepest: Float) -> Float:
        """Highest start of all parts."""
        return np.asarray(np.max([part.start(steepest) for part in self.parts], axis=0))

    def bracket(self) -> tuple[Float, Float]:
        """Two norms with the minima of all parts between them."""
        low, high = zip(*(part.bracket() for part in self.parts), strict=True)
        return np.min(low, axis=0), np.max(high, axis=0)

    def kinks(self) -> Float:
        """Kinks of all parts."""
        return np.concatenate([part.kinks() for part in self.parts], axis=1)

    def along(self, x: Float, sign: int, *, kinks: bool = True) -> Curve:
        """Rise over a step from x and its derivative."""
        curves = [part.along(x, sign, kinks=kinks) for part in self.parts]
        return lambda step: _both(curve(step) for curve in curves)

    def reach(self, x: Float, level: float, sign: int) -> Float:
        """Shortest of the parts' reaches."""
        return np.asarray(np.min([part.reach(x, level, sign) for part in self.parts], axis=0))

    def never(self, sign: int) -> NDArray[np.bool_]:
        """Where no part rises."""
        return np.asarray(np.all([part.never(sign) for part in self.parts], axis=0))

    def npred(self, x: Float) -> Float:
        """Predicted counts of all data sets."""
        return _total(part.npred(x) for part in self.parts)

    def background(self, x: Float) -> Float:
        """Predicted background counts of all data sets."""
        return _total(part.background(x) for part in self.parts)

    def asimov(self) -> Curve:
        """Test statistic of the counts expected at a norm."""
        curves = [part.asimov() for part in self.parts]
        return lambda x: _both(curve(x) for curve in curves)

    def asimov_reach(self, level: float) -> Float:
        """Shortest of the parts' reaches."""
        return np.asarray(np.fmin.reduce([part.asimov_reach(level) for part in self.parts]))


def _total(values: Iterable[Float]) -> Float:
    return np.asarray(np.sum(list(values), axis=0))


def _both(pairs: Iterable[tuple[Float, Float]]) -> tuple[Float, Float]:
    first, second = zip(*pairs, strict=True)
    return _total(first), _total(second)
