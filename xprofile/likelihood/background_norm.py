"""Best norm of an uncertain background at a given norm of the signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .cash import Cash
from .statistic import Float, Which

Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class BackgroundFit:
    """Best norm of the background at one norm of the signal.

    Parameters
    ----------
    wall : numpy.ndarray
        Least norm that leaves npred to all counts, 0 at least.
    above : numpy.ndarray
        How far the best one is above it.
    sliding : numpy.ndarray of bool
        Whether it is where the npred of an empty fine bin reaches 0.
    npred : numpy.ndarray
        Predicted counts, (nproblem, nbin), negative ones as they are.
    """

    wall: Float
    above: Float
    sliding: Bool
    npred: Float

    @property
    def norm(self) -> Float:
        """The norm itself."""
        return self.wall + self.above


@dataclass(frozen=True, eq=False)
class BackgroundNorm(Cash):
    """The Cash statistic as a function of the background norm, with a Gaussian prior."""

    precision: float
    centre: Float

    def take(self, which: Which) -> Self:
        """Return some of the problems."""
        n, s, b, wall, kink = (v[which] for v in (self.n, self.s, self.b, self.wall, self.kink))
        return type(self)(n, s, b, wall, kink, self.precision, self.centre[which])

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature of half the statistic, those of the prior included."""
        slope, curvature = super().slope(x, side)
        return slope + (x - self.centre) * self.precision, curvature + self.precision

    def start(self, steepest: Float) -> Float:
        """Highest norm at which the pull of one fine bin outweighs all slopes and the prior."""
        if not self.precision:
            return super().start(steepest)
        p, free = self.precision, self.centre - steepest / self.precision
        g = steepest[:, None] - p * (self.wall + self.centre[:, None])
        with np.errstate(invalid="ignore"):
            pulled = 2 * self.n / (np.abs(g) + np.sqrt(g**2 + 4 * p * self.n))
        alone = np.where(g > 0, pulled - self.wall, free[:, None] + pulled)
        alone = np.where(np.isfinite(self.wall), alone, -np.inf)
        return np.maximum(self._off_wall(alone.max(axis=1, initial=-np.inf)), free)
