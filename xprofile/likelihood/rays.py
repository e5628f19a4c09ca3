r"""Best norms of a signal and of one uncertain background, along rays of a constant ratio.

The norm x of the signal and :math:`\beta` of the background predict :math:`\beta t_k` counts, with
:math:`t_k = \max(u S_k + b_k, 0)` and the ratio :math:`u = x / \beta`. For a given ratio the best
:math:`\beta` is the root of :math:`p \beta^2 + (T - p) \beta - N = 0`, with the sums T of
:math:`t_k` and N of the counts, and :math:`p = w^{-2}` of the relative uncertainty w. The statistic
is convex in both norms, and so its minimum along rays is quasi-convex in the ratio: its slope
changes its sign once. Half of it is, along x,

.. math:: f(u) = \sum_{t_k > 0} S_k - \frac{1}{\beta} \sum_k \frac{n_k S_k}{t_k},

which jumps at known ratios, where the predictions of empty fine bins reach 0. `nuisance` instead
fits the background at each norm of the signal, which takes many times longer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cash import Cash
from .statistic import Bool, Float, ProblemIndex

__all__ = ["RayFit", "fit_rays"]

# Smallest relative difference of the ratios of signal to background of fine bins. Rounding errors
# are 1e-16, and change norms by 1e-7 then. Spectra that differ less are left to others.
_DIFFERENT = 1e-9

# Largest number of steps, last step as a share of the distance from the wall, and factor of steps
# without a bracket. Convergence is quadratic. Random problems take 20 steps at most.
_STEPS, _LAST, _FACTOR = 100, 1e-8, 16.0


@dataclass(frozen=True, eq=False)
class RayFit:
    """Best norms of problems.

    Parameters
    ----------
    norm, background : numpy.ndarray
        Norms of the signal and of the background, (nproblem,).
    npred : numpy.ndarray
        Predicted counts, (nproblem, nbin); negative where they are cut at 0.
    held : numpy.ndarray of bool
        Whether an empty fine bin holds the ratio of the norms, (nproblem,).
    done : numpy.ndarray of bool
        Whether the fit ended, (nproblem,). It does not for spectra that are those of the
        background, or without counts where there is signal.
    """

    norm: Float
    background: Float
    npred: Float
    held: Bool
    done: Bool


@dataclass(frozen=True, eq=False)
class _Rays:
    """Problems as functions of the distance of the ratio from the wall, (nproblem,)."""

    n: Float
    s: Float
    fixed: Float  # predictions that do not depend on the ratio
    gap: Float  # distance at which a prediction reaches 0, negated
    total: Float
    precision: float

    def take(self, index: ProblemIndex) -> _Rays:
        """Return some problems."""
        return _Rays(
            self.n[index], self.s[index], self.fixed[index], self.gap[index], self.total[index],
            self.precision,
        )  # fmt: skip

    def background(self, distance: Float) -> tuple[Float, Float]:
        """Best norm of the background, and the predictions at norm 1 (nproblem, nbin)."""
        shape = self.s * (distance[:, None] + self.gap) + self.fixed
        excess, p = np.maximum(shape, 0).sum(axis=1) - self.precision, self.precision
        root = np.sqrt(excess**2 + 4 * p * self.total)
        norm = 2 * self.total / (excess + root)
        if p:
            norm = np.where(excess > 0, norm, (root - excess) / (2 * p))
        return norm, shape

    def slope(self, distance: Float, *, left: bool = False) -> tuple[Float, Float]:
        """Slope f and its derivative, right or left of kinks."""
        norm, shape = self.background(distance)
        away = distance[:, None] + self.gap
        grows = (away > 0) if left else (away >= 0)
        rise = (self.s * grows).sum(axis=1)
        rate = np.divide(self.n, away, out=np.zeros_like(away), where=(self.n > 0) & (self.s > 0))
        pull = rate.sum(axis=1)
        bent = np.divide(rate**2, self.n, out=rate, where=self.n > 0).sum(axis=1)
        p = self.precision
        along = 2 * p * norm + np.maximum(shape, 0).sum(axis=1) - p
        return rise - pull / norm, (bent - rise * pull / along) / norm


def fit_rays(cash: Cash, precision: float, guess: Float | None = None) -> RayFit:
    """Fit the norms of the signal and of the background.

    Parameters
    ----------
    cash : Cash
        The problems, with the background at norm 1.
    precision : float
        1 / w^2 of the relative uncertainty of the background.
    guess : numpy.ndarray, optional
        Guess of both norms, (nproblem, 2).
    """
    n, s, b = cash.n, cash.s, cash.b
    with np.errstate(all="ignore"):  # problems without a fit are thrown away
        wall = cash.wall.min(axis=1, initial=np.inf)
        ratio = b / s
        lit = s > 0
        least = np.where(lit, ratio, np.inf).min(axis=1)
        most = np.where(lit | (b > 0), ratio, -np.inf).max(axis=1)
        fine = np.isfinite(wall) & (most - least > _DIFFERENT * most)
        fine &= ~((n > 0) & ~lit & (b == 0)).any(axis=1)
        gap = np.where(lit, ratio - wall[:, None], 0)
        rays = _Rays(n, s, np.where(lit, 0, b), gap, n.sum(axis=1), precision)
        index = np.flatnonzero(fine)
        start = np.full(index.size, np.nan)
        if guess is not None:
            start = guess[index, 0] / guess[index, 1] + wall[index]
        distance, held, done = np.full(len(n), np.nan), ~fine, fine.copy()
        distance[index], held[index], done[index] = _best(rays.take(index), start)
        norm, shape = rays.background(distance)
        x, npred = norm * (distance - wall), norm[:, None] * shape
        dark = fine & _without_background(cash, precision)
        bright = rays.total / s.sum(axis=1)
        x, norm = np.where(dark, bright, x), np.where(dark, 0, norm)
        npred = np.where(dark[:, None], bright[:, None] * s, npred)
        done |= dark
    return RayFit(x, norm, npred, held & ~dark, done)


def _without_background(cash: Cash, precision: float) -> Bool:
    """Whether no background is best: the statistic rises with its norm from 0 on."""
    x = cash.n.sum(axis=1) / cash.s.sum(axis=1)
    pull = np.where(cash.n > 0, cash.n * cash.b / (x[:, None] * cash.s), 0)
    pull[(cash.n > 0) & (cash.b == 0)] = 0
    slope = (cash.b - pull).sum(axis=1) - precision
    return np.asarray((slope >= 0) & ~((cash.n > 0) & (cash.s == 0)).any(axis=1))


def _best(rays: _Rays, start: Float) -> tuple[Float, Bool, Bool]:
    """Distances from the wall, whether they are on kinks, and whether the search ended."""
    kinks = np.where((rays.n == 0) & (rays.s > 0) & (rays.gap < 0), -rays.gap, np.inf)
    ordered = np.sort(kinks, axis=1)
    low, high = np.zeros(len(start)), np.full(len(start), np.inf)
    held = np.zeros(len(start), bool)
    todo = np.flatnonzero(np.isfinite(ordered[:, 0]))
    if todo.size:
        low[todo], high[todo], held[todo] = _between_kinks(rays.take(todo), ordered[todo])
    distance = np.where(held, high, start)
    rest = np.flatnonzero(~held)
    done = held.copy()
    distance[rest], done[rest] = _stationary(rays.take(rest), distance[rest], low[rest], high[rest])
    return distance, held, done


def _between_kinks(rays: _Rays, ordered: Float) -> tuple[Float, Float, Bool]:
    """Kinks around the best distances, and whether the upper one is the best."""
    row, count = np.arange(len(ordered)), np.isfinite(ordered).sum(axis=1)
    first, last = np.zeros(row.size, int), count.copy()  # the first kink with a slope above 0
    padded = np.concatenate([ordered, np.full((row.size, 1), np.inf)], axis=1)
    for _ in range(int(np.ceil(np.log2(ordered.shape[1] + 1))) + 1):
        middle = np.minimum((first + last) // 2, count - 1)
        rising = rays.slope(padded[row, middle])[0] > 0
        last = np.where(rising, np.minimum(middle, last), last)
        first = np.where(rising, first, np.minimum(middle + 1, last))
    high = padded[row, last]
    low = np.where(last > 0, padded[row, np.maximum(last - 1, 0)], 0)
    held = np.isfinite(high)
    held[held] = rays.take(held).slope(high[held], left=True)[0] <= 0
    return low, high, held


def _stationary(rays: _Rays, start: Float, low: Float, high: Float) -> tuple[Float, Bool]:
    """Distances without slope between two, by Newton's method in a bracket, and where it ended."""
    usual = np.where(np.isfinite(high), (low + high) / 2, 1 + 2 * low)
    x = np.where((start > low) & (start < high), start, usual)
    low, high, done = low.copy(), high.copy(), np.zeros(x.size, bool)
    todo, part = np.arange(x.size), rays
    for _ in range(_STEPS):
        if not todo.size:
            break
        at = x[todo]
        slope, bend = part.slope(at)
        low[todo] = below = np.where(slope <= 0, at, low[todo])
        high[todo] = above = np.where(slope > 0, at, high[todo])
        new = at - slope / bend
        middle = np.sqrt(np.maximum(below, above / _FACTOR**2) * above)
        between = np.where(np.isfinite(above), middle, _FACTOR * at)
        inside = (bend > 0) & (((new > below) & (new < above)) | (slope == 0))
        inside &= (new < _FACTOR * at) & (new > at / _FACTOR)
        last = inside & (np.abs(new - at) <= _LAST * at)
        closed = ~inside & (above - below <= 1e-15 * above)
        x[todo] = np.where(inside, new, between)
        done[todo[last | closed]] = True
        going = ~(last | closed)
        if not going.all():
            todo, part = todo[going], part.take(going)
    return x, done
