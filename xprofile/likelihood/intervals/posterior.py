"""Posterior densities of a norm as polynomials on panels, for all problems at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike, NDArray

from ..cash import Cash
from ..newton import best_fit, step_down, step_up
from ..statistic import Bool, Float, Statistic
from .marginal import log_likelihood
from .panels import (
    LEAST_ACCURACY,
    POINTS,
    PriorError,
    first_panels,
    narrow_peaks,
    padded,
    refined,
    split,
)
from .roots import rising_root

__all__ = ["Posterior", "Prior", "PriorError", "posterior"]

Prior = Callable[[Float], ArrayLike]

# Fall of ln L beyond the quantile at which the density ends: what is left is 1e-13 of it.
_DEPTH = 30.0

# Doublings of a range whose ends have a density yet; each search ends after a few.
_MAX_DOUBLINGS = 60

# Panels on each side of the best fit with a prior. They see changes of a prior as narrow as 1/300
# of the range of the likelihood, with 80 of 1/3000; `narrow_peaks` finds narrower peaks.
_PANELS_OF_PRIOR = 8

# Smallest density whose logarithm is taken, against the largest, which is near 1. It is far below
# the densities at the ends of an interval: 1e-200 gives the same.
_TINY = 1e-300

# Newton's steps for both ends of an interval at once; the rest is solved in a bracket. Most
# intervals need 6; 100 find a few more. The step after which the error is about the square, as in
# `newton`.
_STEPS_OF_ENDS, _LAST_STEP = 10, 1e-7


@dataclass(frozen=True, eq=False)
class Posterior:
    """Densities of problems, as Legendre series on panels.

    Parameters
    ----------
    left, right : numpy.ndarray
        Ends of the panels in ascending order, (nproblem, npanel). Missing panels are at inf.
    series : numpy.ndarray
        Coefficients, (nproblem, npanel, nnode), of densities up to a factor.
    mass : numpy.ndarray
        Integrals over the panels, (nproblem, npanel).
    """

    left: Float
    right: Float
    series: Float
    mass: Float

    def take(self, index: NDArray[np.intp]) -> Posterior:
        """Return the densities of the selected problems."""
        return Posterior(*(v[index] for v in (self.left, self.right, self.series, self.mass)))

    def total(self) -> Float:
        """Integral over all norms."""
        return np.asarray(self.mass.sum(axis=1))

    def _from_left_ends(self) -> Float:
        """Integral from the left end of each panel upwards, and 0."""
        above = np.cumsum(self.mass[:, ::-1], axis=1)[:, ::-1]
        return np.column_stack([above, np.zeros(len(above))])

    def norm_below(self, tail: Float) -> Float:
        """Norm above which the integral is `tail`, (nproblem,)."""
        above, row = self._from_left_ends(), np.arange(len(self.mass))
        some = (above[:, :-1] >= tail[:, None]) & np.isfinite(self.left)
        panel = np.maximum(some.sum(axis=1) - 1, 0)
        left, right = self.left[row, panel], self.right[row, panel]
        rest, half = tail - above[row, panel + 1], (right - left) / 2
        series = np.ascontiguousarray(self.series[row, panel].T)
        integral = legendre.legint(series, lbnd=1)

        def curve(todo: NDArray[np.intp]) -> Callable[[Float], tuple[Float, Float]]:
            p, whole, h, r = series[:, todo], integral[:, todo], half[todo], rest[todo]
            return lambda t: (
                r + h * legendre.legval(t, whole, tensor=False),
                h * legendre.legval(t, p, tensor=False),
            )

        share = np.clip(rest / self.mass[row, panel], 0, 1)
        ones = np.ones_like(half)
        t = rising_root(curve, 1 - 2 * share, -ones, ones)
        return np.asarray(left + (t + 1) * half)

    def at(self, x: Float) -> tuple[Float, Float, Float]:
        """Density, its derivative, and the integral above norms, (nproblem,) each."""
        row = np.arange(len(x))
        panel = np.maximum((self.left <= x[:, None]).sum(axis=1) - 1, 0)
        left, right = self.left[row, panel], self.right[row, panel]
        half, series = (right - left) / 2, np.ascontiguousarray(self.series[row, panel].T)
        t = np.clip((x - left) / half - 1, -1, 1)
        value, slope, rest = (
            legendre.legval(t, c, tensor=False)
            for c in (series, legendre.legder(series), legendre.legint(series, lbnd=1))
        )
        above = self._from_left_ends()[row, panel + 1] - rest * half
        return value, slope / half, above

    def shortest(self, share: float) -> tuple[Float, Float]:
        """Ends of the shortest interval that holds a share, for densities with one peak.

        It starts at the lowest norm, or the density is the same at both ends.
        """
        total = self.total()
        low = self.left[:, 0].copy()
        high = self.norm_below((1 - share) * total)
        inside = np.flatnonzero(self.at(low)[0] < self.at(high)[0])
        some, part = self.take(inside), share * total[inside]
        start = some.norm_below((1 + share) / 2 * total[inside])
        end = some.norm_below((1 - share) / 2 * total[inside])
        found, high[inside], close = some._ends(start, end, part)
        todo = np.flatnonzero(~close)
        if todo.size:
            some, part = some.take(todo), part[todo]
            found[todo] = some._lower_end(start[todo], part)
            rest = some.at(found[todo])[2] - part
            high[inside[todo]] = some.norm_below(np.maximum(rest, 0))
        low[inside] = found
        return low, high

    def _ends(self, low: Float, high: Float, part: Float) -> tuple[Float, Float, Bool]:
        """Solve for both ends of the shortest intervals; also returns whether they were found."""
        low, high, close = low.copy(), high.copy(), np.zeros(low.size, bool)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for _ in range(_STEPS_OF_ENDS):
                (p, dp, above), (q, dq, beyond) = self.at(low), self.at(high)
                mass, log = above - beyond - part, np.log(p) - np.log(q)
                rise, fall = dp / p, -dq / q
                size = p * fall + q * rise
                down, up = (mass * fall - log * q) / size, -(log * p + mass * rise) / size
                step = np.maximum(np.abs(down), np.abs(up))
                low, high = np.where(close, low, low + down), np.where(close, high, high + up)
                close |= step <= _LAST_STEP * (high - low)
        return low, high, close & (low > self.left[:, 0]) & (high > low)

    def _lower_end(self, start: Float, part: Float) -> Float:
        """Lower ends of the shortest intervals, in a bracket."""

        def curve(todo: NDArray[np.intp]) -> Callable[[Float], tuple[Float, Float]]:
            return lambda x: self.take(todo)._excess(x, part[todo])

        return rising_root(curve, start, self.left[:, 0], self.norm_below(part))

    def _excess(self, x: Float, part: Float) -> tuple[Float, Float]:
        """Difference of ln density between both ends of the intervals from x that hold `part`."""
        low, low_slope, above = self.at(x)
        high, high_slope, _ = self.at(self.norm_below(np.maximum(above - part, 0)))
        low, high = np.maximum(low, _TINY), np.maximum(high, _TINY)
        slope = low_slope / low - high_slope / high * (low / high)
        return np.log(low) - np.log(high), slope


def posterior(stat: Statistic, prior: Prior | None, tail: float) -> Posterior:
    """Return the posterior densities of problems with signal.

    Parameters
    ----------
    stat : Statistic
        The problems.
    prior : callable or None
        Prior density of the norm, of arrays; None for the same density at all norms above 0.
    tail : float
        Smallest share above a norm that is asked for.

    Raises
    ------
    PriorError
        If the prior gives something else than numbers that are not negative, or no integral.
    """
    reference = best_fit(stat, 0.0)[0]
    density = _LogDensity(stat, reference, prior)
    depth = _DEPTH - np.log(tail)
    low = reference - step_down(stat, reference, 2 * depth, 0.0)
    high = reference + step_up(stat, reference, 2 * depth)
    everywhere = np.arange(reference.size)
    peak, narrow = np.zeros_like(reference), np.zeros(0)
    if prior is not None:
        narrow = narrow_peaks(density.log_prior, high)
        peak = _highest(density, (low, reference, high), narrow)
    elif not isinstance(stat, Cash):
        peak = density.at(everywhere, reference[:, None])[:, 0]
    if prior is not None or not isinstance(stat, Cash):
        low, high = _widened(density, (low, high), peak, depth)
    panels = first_panels(low, reference, high, 1 if prior is None else _PANELS_OF_PRIOR)
    panels = split(panels, narrow)

    def scaled(owner: NDArray[np.intp], left: Float, right: Float) -> Float:
        return np.exp(density.of_panels(owner, left, right) - peak[owner, None])

    panels, found, lost = refined(scaled, panels, reference.size, tail)
    if prior is not None and not (lost <= LEAST_ACCURACY).all():
        raise PriorError(
            "a posterior has no finite integral with this prior, or changes too fast; give a prior "
            "that is finite everywhere and falls at large norms"
        )
    left, right, series = padded(panels, found, reference.size)
    width = np.where(np.isfinite(left), right - np.where(np.isfinite(left), left, 0), 0)
    return Posterior(left, right, series, series[..., 0] * width)


def _highest(density: _LogDensity, ranges: tuple[Float, Float, Float], narrow: Float) -> Float:
    """Highest density that is seen in the ranges, and at narrow peaks inside them."""
    low, _, high = ranges
    first = first_panels(*ranges, 1)
    peak = np.full_like(low, -np.inf)
    np.maximum.at(peak, first[0], density.of_panels(*first).max(axis=1))
    for place in narrow:
        inside = np.flatnonzero((low <= place) & (place <= high))
        at = density.at(inside, np.full((inside.size, 1), place))[:, 0]
        peak[inside] = np.maximum(peak[inside], at)
    return peak


def _widened(
    density: _LogDensity, ends: tuple[Float, Float], peak: Float, depth: float
) -> tuple[Float, Float]:
    """Move ends of ranges outwards, but not below 0, until the density there has fallen by `depth`.

    Raises
    ------
    PriorError
        If the prior is 0 everywhere, or a density does not fall.
    """
    low, high = ends
    if not np.isfinite(peak).all():
        raise PriorError(
            "prior is 0, or too small, at all norms that the counts allow, or narrower than 1e-5 "
            "of its norm, where it is not found"
        )
    everywhere = np.arange(peak.size)
    for _ in range(_MAX_DOUBLINGS):
        lowest = np.where(low > 0, low, high)  # an end at 0 stays there
        at_ends = density.at(everywhere, np.column_stack([lowest, high]))
        far = at_ends > (peak - depth)[:, None]
        far[:, 0] &= low > 0
        if not far.any():
            return low, high
        width = high - low
        low = np.where(far[:, 0], np.maximum(low - width, 0), low)
        high = np.where(far[:, 1], high + width, high)
    raise PriorError("prior rises so fast at large norms that a posterior has no finite integral")


@dataclass(frozen=True, eq=False)
class _LogDensity:
    """Logarithm of the likelihood times the prior."""

    stat: Statistic
    reference: Float
    prior: Prior | None

    def of_panels(self, owner: NDArray[np.intp], left: Float, right: Float) -> Float:
        """Values at the points of panels, (npanel, npoint)."""
        return self.at(owner, left[:, None] + (right - left)[:, None] * POINTS)

    def at(self, owner: NDArray[np.intp], x: Float) -> Float:
        """Values at norms x, (n, number of norms), of the problems `owner`."""
        likelihood = log_likelihood(self.stat.take(owner), self.reference[owner])
        values = np.stack([likelihood(column) for column in x.T], axis=1)
        return values if self.prior is None else values + self.log_prior(x)

    def log_prior(self, x: Float) -> Float:
        """Logarithm of the prior at norms."""
        assert self.prior is not None
        with np.errstate(all="ignore"):
            found = np.asarray(self.prior(x), dtype=np.float64)
        if found.shape != x.shape or not (found >= 0).all() or np.isinf(found).any():
            raise PriorError(
                "prior must give one finite number, 0 or more, for each norm of an array; found "
                f"the shape {found.shape} for {x.shape}, and values from {found.min()} to "
                f"{found.max()}"
            )
        with np.errstate(divide="ignore"):
            return np.log(found)
