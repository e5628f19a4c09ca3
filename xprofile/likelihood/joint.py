"""Several data sets with one norm: the sum of their statistics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from .statistic import Bool, Curve, Draws, Float, ProblemIndex, Statistic

__all__ = ["Joint"]


@dataclass(frozen=True, eq=False)
class Joint:
    """The sum of several statistics of the same problems.

    Parameters
    ----------
    parts : tuple of Statistic
        One for each data set.
    """

    parts: tuple[Statistic, ...]

    @property
    def slope_is_concave(self) -> bool:
        """Whether the slopes of all parts are concave between kinks."""
        return all(part.slope_is_concave for part in self.parts)

    def take(self, index: ProblemIndex) -> Self:
        """Return the statistic of the selected problems."""
        return type(self)(tuple(part.take(index) for part in self.parts))

    def value(self, x: Float) -> Float:
        """Sum of the statistics."""
        return _total(part.value(x) for part in self.parts)

    def rise(self, x: Float, to: Float) -> Float:
        """C(to) - C(x)."""
        return _total(part.rise(x, to) for part in self.parts)

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature of C / 2."""
        return _totals(part.slope(x, side) for part in self.parts)

    def slope_limit(self) -> Float:
        """Sum of the upper limits of the slopes."""
        return _total(part.slope_limit() for part in self.parts)

    def newton_start(self, slope_limit: Float) -> Float:
        """Highest start of all parts."""
        starts = [part.newton_start(slope_limit) for part in self.parts]
        return np.asarray(np.max(starts, axis=0))

    def bracket(self) -> tuple[Float, Float]:
        """Two norms with the minima of all parts between them."""
        low, high = zip(*(part.bracket() for part in self.parts), strict=True)
        return np.min(low, axis=0), np.max(high, axis=0)

    def kinks(self) -> Float:
        """Kinks of all parts."""
        return np.concatenate([part.kinks() for part in self.parts], axis=1)

    def rise_along(self, x: Float, sign: int, *, kinks: bool = True) -> Curve:
        """Return the rise over a step from x and its derivative."""
        curves = [part.rise_along(x, sign, kinks=kinks) for part in self.parts]
        return lambda step: _totals(curve(step) for curve in curves)

    def step_bound(self, x: Float, rise: float, sign: int) -> Float:
        """Shortest bound of all parts."""
        return np.asarray(np.min([part.step_bound(x, rise, sign) for part in self.parts], axis=0))

    def never_rises(self, sign: int) -> Bool:
        """Whether no part rises."""
        return np.asarray(np.all([part.never_rises(sign) for part in self.parts], axis=0))

    def npred(self, x: Float) -> Float:
        """Predicted counts of all data sets."""
        return _total(part.npred(x) for part in self.parts)

    def npred_background(self, x: Float) -> Float:
        """Predicted background counts of all data sets."""
        return _total(part.npred_background(x) for part in self.parts)

    def asimov_ts(self) -> Curve:
        """Return the test statistic of the counts expected at a norm."""
        curves = [part.asimov_ts() for part in self.parts]
        return lambda x: _totals(curve(x) for curve in curves)

    def asimov_start(self, ts: float) -> Float:
        """Lowest start of all parts."""
        return np.asarray(np.fmin.reduce([part.asimov_start(ts) for part in self.parts]))

    def expected_data(self, x: Float) -> Self:
        """Return the statistic of the counts expected at a norm in all data sets."""
        return type(self)(tuple(part.expected_data(x) for part in self.parts))

    def drawn(self, draws: Draws) -> Self:
        """Return the statistic of toys of all data sets."""
        return type(self)(tuple(part.drawn(draws) for part in self.parts))


def _total(values: Iterable[Float]) -> Float:
    return np.asarray(np.sum(list(values), axis=0))


def _totals(pairs: Iterable[tuple[Float, Float]]) -> tuple[Float, Float]:
    first, second = zip(*pairs, strict=True)
    return _total(first), _total(second)
