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
from .steps import Point
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

# Twice the fall that the next step promises, in units of the statistic, at which a fit ends.
_SMALL = 1e-20

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


@dataclass(eq=False)
class _Try:
    """Norms (nproblem, ncolumn) and slopes of kinks, and which kinks and bounds hold."""

    rows: RowSides
    z: Float
    slope: Float
    pull: Float
    held: Bool
    fixed: Bool

    def step(self) -> tuple[Float, Float, Float]:
        """Step of Newton's method, the slopes that kinks gain by it, and twice its fall."""
        rows, system = self.rows, self.rows.system
        signal = rows.signal(self.z)
        smooth, curvature = rows.smooth(signal)
        stiffest = np.max(curvature / rows.size, axis=1, initial=1)
        weight = np.where(self.held, _WEIGHT * stiffest[:, None] * rows.size, 0)
        rest = system.sums(smooth + self.slope) + system.penalised(self.z - system.centre)
        self.pull = np.where(self.fixed, rest, 0)
        now = replace(system, frozen=system.frozen | self.fixed)
        right = -rest - system.sums(weight * np.where(self.held, signal, 0))
        right = np.where(now.frozen, 0, right)
        dz = now.equations(curvature + weight, ridge=_RIDGE).solve(right)
        safe = np.where(rows.walled & (signal > 0), signal, np.inf)
        falls = np.max(-system.counts(dz) / safe, axis=1, initial=0)
        far = np.abs(dz).max(axis=1, initial=0) / (1 + np.abs(self.z).max(axis=1, initial=0))
        part = 1 / np.maximum(1, np.maximum(falls / 0.9, far / _FAR))[:, None]
        gained = np.where(self.held, weight * part * (signal + system.counts(dz)), 0)
        decrement = np.where(part[:, 0] < 1, np.inf, np.einsum("pj,pj->p", right, dz))
        return part * dz, gained, decrement

    def change_sides(self) -> Bool:
        """Move what is on a wrong side to the other, and return which problems have changed."""
        rows, system = self.rows, self.rows.system
        signal, low = rows.signal(self.z), np.where(system.bounded, system.lower, 0)
        scale = system.counts(np.abs(self.z)) + np.abs(system.b)
        up = self.held & (self.slope > 1 + _WRONG)
        down = self.held & (self.slope < rows.lowest - _WRONG)
        wrong = np.where(self.slope >= 1, -signal, signal) > _WRONG * scale
        crossed = rows.kinked & ~self.held & wrong
        loose = self.fixed & (self.pull < -_WRONG)
        below = system.bounded & ~self.fixed & (self.z < low)
        self.slope = np.where(up, 1, np.where(down, rows.lowest, self.slope))
        self.held = (self.held & ~up & ~down) | crossed
        self.fixed = (self.fixed & ~loose) | below
        self.z = np.where(self.fixed, low, self.z)
        return np.asarray((up | down | crossed).any(axis=1) | (loose | below).any(axis=1))


def polish(system: System, point: Point) -> Polished:
    """Refine a solution of `solve_interior`."""
    rows = RowSides(system, point)
    stiff = point.on / point.u + system.alpha**2 * point.off / point.w
    held = rows.kinked & (stiff < 1)
    slope = np.where(held, 1 - point.u, np.where(rows.signal0 > 0, 1, rows.lowest))
    fixed = system.bounded & (point.pull > point.slack)
    z = np.where(fixed, np.where(system.bounded, system.lower, 0), point.z)
    at = _Try(rows, z, np.where(rows.kinked, slope, 0), np.zeros_like(z), held, fixed)
    done = np.zeros(len(z), bool)
    for _ in range(_ITERATIONS):
        dz, gained, decrement = at.step()
        going = ~done[:, None]
        at.z = at.z + np.where(going, dz, 0)
        at.slope = at.slope + np.where(going, gained, 0)
        done |= ~at.change_sides() & (decrement < _SMALL)
        if done.all():
            break
    smooth, _ = rows.smooth(rows.signal(at.z))
    slope = np.where(rows.kinked, np.clip(at.slope, rows.lowest, 1), smooth)
    return Polished(at.z, np.maximum(at.pull, 0), slope, at.held, at.fixed)
