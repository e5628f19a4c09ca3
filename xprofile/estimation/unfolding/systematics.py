r"""A systematic uncertainty of the exposure, common to all bins and energies.

With y = :math:`\eta` x, the statistic of y does not depend on :math:`\eta`, which has the penalty
:math:`((\eta - 1) / s)^2`. So best fits stay, and the covariance grows by :math:`s^2 x x^T`. A
limit of the rise T is the farthest x of all ways to share T between y and :math:`\eta`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BarycentricInterpolator

from .intervals import Intervals

__all__ = ["Steps", "with_exposure_systematic"]

Float = NDArray[np.float64]

# Nodes in the root of the rise of y, between which steps are interpolated by a polynomial, and
# shares of the rise that are tried on it. They only decide where the search for the farthest x
# begins; half as many change limits by 1e-6 of the errors.
_NODES, _SHARES = 4, 101

# Angles on both sides of the best one so far at which the rise is computed; y goes by their sine
# from the best fit to the end of its range. A parabola gives the next angle. The limit is right to
# the square of the last one: 1e-5 of the errors, also where the slope of the rise jumps.
_AROUND = (0.15, 0.03, 0.006)


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
    intervals : Intervals
        Those of y.
    norm_min : float or None
        Smallest norm allowed.
    systematic : float
        Relative systematic uncertainty of the exposure.
    """

    intervals: Intervals
    norm_min: float | None
    systematic: float

    def up(self, n_sigma: float) -> Float:
        """Distance upwards; NaN without a limit."""
        return self._steps(n_sigma, +1)

    def down(self, n_sigma: float) -> Float:
        """Distance downwards, which ends at the smallest norm; NaN without a limit."""
        distance = self._steps(n_sigma, -1)
        if not self.systematic or self.norm_min is None:
            return distance
        return np.fmin(distance, self.intervals.norm - self.norm_min)

    def _steps(self, n_sigma: float, sign: int) -> Float:
        """Distances on one side, which are a stage of the progress."""
        norms = int(np.count_nonzero(self.intervals.wanted))
        if not self.systematic:
            with self.intervals.stages.stage(norms):
                return self.intervals.steps(n_sigma**2, sign).values
        profiles = _NODES + 3 * len(_AROUND) + 1
        with self.intervals.stages.stage(profiles * norms):
            return sign * (self._farthest(n_sigma, sign) - self.intervals.norm)

    def _farthest(self, n_sigma: float, sign: int) -> Float:
        """Farthest norm for all ways to share the rise between the counts and the exposure."""
        norm = self.intervals.norm
        nodes = n_sigma * (1 - np.cos(np.pi * np.arange(_NODES + 1) / _NODES)) / 2
        last = self.intervals.steps(n_sigma**2, sign).values
        ends, inner = np.isfinite(last), nodes[1:-1]
        some = [self.intervals.steps(float(node) ** 2, sign, ends).values for node in inner]
        steps = [np.zeros_like(norm), *some, last]
        share = n_sigma * np.sin(np.pi / 2 * np.linspace(0, 1, _SHARES))
        curve = BarycentricInterpolator(nodes, np.nan_to_num(np.stack(steps)))(share)
        rest = n_sigma**2 - share[:, None, None] ** 2
        best = (sign * self._moved(norm + sign * curve, rest, sign)).argmax(axis=0)
        begin = np.take_along_axis(curve, best[None], axis=0)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            angle = np.arcsin(np.clip(np.nan_to_num(begin / last), 0, 1))
        found = self._searched(angle, last, n_sigma**2, sign)
        return np.where(ends, found, np.nan)

    def _searched(self, angle: Float, most: Float, rise: float, sign: int) -> Float:
        """Search the farthest norm near one angle."""
        norm = self.intervals.norm
        farthest = sign * (norm + sign * most)
        for width in _AROUND:
            middle = np.clip(angle, width, np.pi / 2 - width)
            angles = np.stack([middle - width, middle, middle + width])
            x = sign * self._at(norm + sign * most * np.sin(angles), rise, sign)
            curved = 2 * x[1] - x[0] - x[2]
            vertex = width * (x[2] - x[0]) / (2 * np.where(curved > 0, curved, np.inf))
            uphill = np.where(curved > 0, vertex, width * np.sign(x[2] - x[0]))
            angle = middle + np.clip(uphill, -width, width)
            farthest = np.fmax(farthest, np.fmax.reduce(x))
        x = sign * self._at(norm + sign * most * np.sin(angle), rise, sign)
        return np.asarray(sign * np.fmax(farthest, x))

    def _at(self, y: Float, rise: float, sign: int) -> Float:
        """Norms at values of y, for what these leave of the rise."""
        each = y.reshape(-1, *self.intervals.norm.shape)
        risen = np.stack([self.intervals.rises(values) for values in each]).reshape(y.shape)
        return self._moved(y, rise - risen, sign)

    def _moved(self, y: Float, rest: Float, sign: int) -> Float:
        """Move y as far as the exposure can change with the rest of the rise."""
        off = self.systematic * np.sqrt(np.maximum(rest, 0))
        return np.asarray(y / (1 - sign * np.sign(y) * off))
