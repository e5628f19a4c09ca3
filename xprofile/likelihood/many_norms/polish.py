"""Last digits of best fits: kinks and bounds that hold are solved as equations.

`interior` leaves norms a little off kinks and bounds, and moved by the tilt. Here empty rows are on
their kink, above it or below it, and norms at their lower limit or free. Newton's method then
solves for the free norms, with multipliers for the kinks. What comes out on a wrong side changes
sides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..statistic import Bool, Float
from ..wstat import on_off_rates, on_off_slope
from .equations import solve_scaled
from .interior import Point
from .system import System

__all__ = ["Polished", "RowSides", "polish"]

# Iterations; two are enough unless rows change sides.
_ITERATIONS = 8

# Weight of the kinks relative to the curvature along the norms, or to 1, the largest curvature of a
# count. Each iteration reduces what is missing by it, and it increases rounding errors.
_WEIGHT = 1e6

# Ridge of the equations. Columns that cannot be told apart stay where they are.
_RIDGE = 1e-12

# Slopes and counts, as shares of their terms, beyond which a row is on the wrong side. Far above
# rounding errors, and far below all that changes a result.
_WRONG = 1e-11

# Largest step, relative to the norms. Longer ones are those of norms that nothing determines.
_FAR = 1e3

# Share of the signal of a norm below which a row cannot hold the norm.
_TINY = 1e-30


@dataclass(frozen=True, eq=False)
class Polished:
    """Norms, slopes of rows and pulls of bounds as in `Fit`, in the units of the system.

    Parameters
    ----------
    z, pull : numpy.ndarray
        (nproblem, ncolumn).
    slope : numpy.ndarray
        (nproblem, nrow).
    on_kink : numpy.ndarray of bool
        (nproblem, nrow).
    at_bound : numpy.ndarray of bool
        (nproblem, ncolumn).
    """

    z: Float
    pull: Float
    slope: Float
    on_kink: Bool
    at_bound: Bool


class RowSides:
    """Slopes and curvatures of rows on given sides of their kinks."""

    def __init__(self, system: System, point: Point) -> None:
        self.system, self.start = system, point
        self.signal0 = point.on - system.alpha * point.off
        self.onoff = system.has_off & (system.off_cost > 0)
        self.kinked = system.has_off & (system.n == 0) & (system.off == 0)
        largest = system.curvature.response.max(axis=2)
        size = np.repeat(
            1 / np.where(largest > 0, largest, 1) ** 2, len(point.z) // len(largest), 0
        )
        self.size = np.minimum(size, _TINY**-2)
        self.walled = system.live & (system.n > 0) & ~self.onoff
        safe = np.where(self.onoff, system.alpha, 1)
        self.lowest = np.where(self.onoff, -1 / safe, 0)
        self.alpha = safe

    def signal(self, z: Float) -> Float:
        """Signal and background; it keeps digits that would cancel near walls."""
        return self.signal0 + self.system.counts(z - self.start.z)

    def smooth(self, signal: Float) -> tuple[Float, Float]:
        """Slopes and curvatures of rows without kinks."""
        s = self.system
        mu = np.where(s.live & (s.n > 0) & (signal > 0), signal, 1)
        slope, curvature = 1 - s.n / mu, s.n / mu**2
        if self.onoff.any():
            n, m, at = (np.where(self.onoff, v, 0) for v in (s.n, s.off, signal))
            rates = on_off_rates(n, at, m, self.alpha)
            found = on_off_slope(n, m, self.alpha, rates)
            slope = np.where(self.onoff, found[0], slope)
            curvature = np.where(self.onoff, found[1], curvature)
        smooth = s.live & ~self.kinked
        return np.where(smooth, slope, 0), np.where(smooth, curvature, 0)


def polish(system: System, point: Point) -> Polished:
    """Refine a solution of `solve_interior`."""
    rows = RowSides(system, point)
    stiff = point.on / point.u + system.alpha**2 * point.off / point.w
    held = rows.kinked & (stiff < 1)
    slope = np.where(held, 1 - point.u, np.where(rows.signal0 > 0, 1, rows.lowest))
    slope = np.where(rows.kinked, slope, 0)
    z, low = point.z, np.where(system.bounded, system.lower, 0)
    fixed = system.bounded & (point.pull > point.slack)
    pull = np.where(fixed, point.pull, 0)
    done = np.zeros(len(z), bool)
    decrement = np.full(len(z), np.inf)
    for _ in range(_ITERATIONS):
        z = np.where(fixed, low, z)
        signal = rows.signal(z)
        smooth, curvature = rows.smooth(signal)
        now = replace(system, frozen=system.frozen | fixed)
        curved = system.matrix(curvature)
        size = np.einsum("pii->pi", curved)
        weight = np.where(held, _WEIGHT * np.maximum(size.max(axis=1), 1)[:, None] * rows.size, 0)
        matrix = now.matrix(curvature + weight)
        rest = system.sums(smooth + slope) + system.penalised(z - system.centre)
        pull = np.where(fixed, rest, 0)
        right = -rest - system.sums(weight * np.where(held, signal, 0))
        right = np.where(now.frozen, 0, right)
        dz = solve_scaled(matrix, right[..., None], _RIDGE)[..., 0]
        safe = np.where(rows.walled & (signal > 0), signal, np.inf)
        falls = np.max(-system.counts(dz) / safe, axis=1, initial=0)
        far = np.abs(dz).max(axis=1, initial=0) / (1 + np.abs(z).max(axis=1, initial=0))
        part = 1 / np.maximum(1, np.maximum(falls / 0.9, far / _FAR))
        part = np.where(done, 0, part)
        dz = part[:, None] * dz
        decrement = np.where(done, decrement, np.einsum("pj,pj->p", right, dz))
        moved = system.counts(dz)
        gained = weight * (part[:, None] * signal + moved) * held
        slope = slope + np.where(done[:, None], 0, gained)
        z, signal = z + dz, signal + moved
        scale = system.counts(np.abs(z)) + np.abs(system.b)
        up, down = held & (slope > 1 + _WRONG), held & (slope < rows.lowest - _WRONG)
        above = slope >= 1
        crossed = rows.kinked & ~held & (np.where(above, -signal, signal) > _WRONG * scale)
        loose = fixed & (pull < -_WRONG)
        below = system.bounded & ~fixed & (z < low)
        changed = (up | down | crossed).any(axis=1) | (loose | below).any(axis=1)
        done |= ~changed & (decrement < 1e-20) & (part == 1)
        if done.all():
            break
        slope = np.where(up, 1, np.where(down, rows.lowest, slope))
        held = (held & ~up & ~down) | crossed
        fixed = (fixed & ~loose) | below
    smooth, _ = rows.smooth(rows.signal(z))
    slope = np.where(rows.kinked, np.clip(slope, rows.lowest, 1), smooth)
    return Polished(z, np.maximum(pull, 0), slope, held, fixed)
