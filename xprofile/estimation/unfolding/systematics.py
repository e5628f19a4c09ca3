r"""A systematic uncertainty of the exposure, common to all bins and energies.

With y = :math:`\eta` x, the statistic of y does not depend on :math:`\eta`, which has the penalty
:math:`((\eta - 1) / s)^2`. So best fits stay, and the covariance grows by :math:`s^2 x x^T`. A
limit of the rise T is the farthest x of all ways to share T between y and :math:`\eta`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BarycentricInterpolator

__all__ = ["Steps", "with_exposure_systematic"]

Float = NDArray[np.float64]

# Nodes in the root of the rise of y, between which steps are interpolated by a polynomial. With 8,
# limits of random fits are right to 1e-6 of the error; with 4 to 1e-4.
_NODES = 8

# Shares of the rise that are tried. The best is a maximum, so the limit is right to the square of
# their distance: 1e-5 of the systematic part. Ten times fewer leave 1e-3.
_SHARES = 201


def with_exposure_systematic(error: Float, norm: Float, systematic: float) -> Float:
    """Add a relative error of the norm in squares; without it errors stay as they are."""
    if not systematic:
        return error
    return np.hypot(error, systematic * norm)


@dataclass(frozen=True, eq=False)
class Steps:
    """Distances from best fits over which the statistic rises.

    Parameters
    ----------
    step : callable
        Returns the distances, (nproblem, nnorm), for a rise and a direction.
    norm : numpy.ndarray
        Best fits, (nproblem, nnorm).
    norm_min : float or None
        Smallest norm allowed.
    systematic : float
        Relative systematic uncertainty of the exposure.
    """

    step: Callable[[float, int], Float]
    norm: Float
    norm_min: float | None
    systematic: float

    def up(self, n_sigma: float) -> Float:
        """Distance upwards; NaN without a limit."""
        if not self.systematic:
            return self.step(n_sigma**2, +1)
        return self._farthest(n_sigma, +1) - self.norm

    def down(self, n_sigma: float) -> Float:
        """Distance downwards, which ends at the smallest norm; NaN without a limit."""
        if not self.systematic:
            return self.step(n_sigma**2, -1)
        distance = self.norm - self._farthest(n_sigma, -1)
        return distance if self.norm_min is None else np.fmin(distance, self.norm - self.norm_min)

    def _farthest(self, n_sigma: float, sign: int) -> Float:
        """Farthest norm for all ways to share the rise between the counts and the exposure."""
        nodes = n_sigma * (1 - np.cos(np.pi * np.arange(_NODES + 1) / _NODES)) / 2
        steps = [np.zeros_like(self.norm)]
        steps += [self.step(float(node) ** 2, sign) for node in nodes[1:]]
        share = n_sigma * np.sin(np.pi / 2 * np.linspace(0, 1, _SHARES))
        curve = BarycentricInterpolator(nodes, np.nan_to_num(np.stack(steps)))
        y = self.norm + sign * curve(share)
        off = self.systematic * np.sqrt(np.maximum(n_sigma**2 - share**2, 0))
        x = y / (1 - sign * np.sign(y) * off[:, None, None])
        found = x.max(axis=0) if sign > 0 else x.min(axis=0)
        return np.where(np.isnan(steps[-1]), np.nan, found)
