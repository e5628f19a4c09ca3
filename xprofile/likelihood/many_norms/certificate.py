r"""How far a statistic is above its minimum at most.

Every slope v that a row with the statistic f can have gives a line below it, so that

.. math:: f(s') \ge f(s) - \epsilon + v (s' - s)

for all signals s', with the gap :math:`\epsilon` of Fenchel's inequality. A penalty is above its
tangents, and a bound with a pull q adds :math:`q (x - l)`. Where the slopes of rows, tangents and
bounds balance for each norm, the sum of all gaps is how far C(x) is above its minimum at most,
wherever that is. So slopes are changed until they balance up to rounding errors, and their gaps are
computed then. Nothing is assumed of how the fit was found.

Slopes that do not balance give a limit too, for norms within reach: a rest r of a norm adds
:math:`|r|` times the largest change of the norm. Some fits need no more: where columns differ by
rounding errors, the statistic still falls when norms grow to 1e10 times the counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..statistic import Float
from .problems import Problems
from .rows import predicted, row_signal
from .system import System

__all__ = ["certified_gap"]

# How far norms within reach are from the fit, in units of all counts, next to their size. The
# limit grows with the distance at most: fits within 1e-8 here are within 1e-5 of all with norms
# 1000 times as large. At ten times as much, ten of 10,000 random fits are above 1e-8.
_REACH = 1.0

# Difference from balance that counts as a rounding error, as a share of the counts that a norm
# predicts. Sums of a thousand rows are right to 1e-13. The gap is that of a statistic whose
# predicted counts differ by this share: at ten times as much it hides nothing above 1e-20 of the
# counts where norms have errors, but errors of norms that are hardly known could be 10 % off.
_BALANCED = 1e-12

# Weight of rows on kinks, whose slopes can change to balance others, relative to the curvature of
# counts. It decides how slopes change, and they are checked.
_WEIGHT = 1e6

# Steepest slope that is tried; squares of steeper ones are not finite.
_STEEPEST = -1e100

# Changes of the slopes, and gap above which more are tried with accurate equations.
_CHANGES, _MORE_CHANGES = 3, 12
_CERTAIN = 1e-10


def certified_gap(
    problems: Problems,
    system: System,
    z: Float,
    slope: Float,
    pull: Float,
    certain: float = _CERTAIN,
) -> Float:
    """Difference between C and a lower limit of its minimum, (nproblem,); inf if none is found.

    Parameters
    ----------
    problems, system : Problems, System
        The problems, and their equations.
    z, slope, pull : numpy.ndarray
        Norms in the units of the system, slopes of rows, and pulls of lower limits.
    certain : float
        Gap up to which no more is tried.
    """
    rows = _Rows.at(problems, system, z)
    gap = _least_gap(rows, slope, pull, _CHANGES)
    todo = np.flatnonzero(~(gap <= certain))
    if todo.size:
        part = replace(system.take(todo), accurate=True)
        rows = _Rows.at(problems.take(todo), part, z[todo])
        gap[todo] = np.minimum(gap[todo], _least_gap(rows, slope[todo], pull[todo], _MORE_CHANGES))
    return gap


@dataclass(frozen=True, eq=False)
class _Rows:
    """Predicted counts, acceptances and slopes that rows can have, (nproblem, nrow) each."""

    system: System
    z: Float
    on: Float
    off: Float
    alpha: Float
    floor: Float

    @classmethod
    def at(cls, problems: Problems, system: System, z: Float) -> _Rows:
        """Predict counts at norms. Rows that nothing changes have no slope."""
        on, off = predicted(problems, row_signal(problems, z / system.scale))
        largest = system.curvature.response.max(axis=2)
        largest = np.repeat(np.maximum(largest, 1e-30), len(z) // len(largest), axis=0)
        at = np.where((system.n > 0) & (on > 0), on, np.inf)
        stiff = np.max(system.n * (largest / at) ** 2, axis=1, initial=1)
        floor = largest**2 / (_WEIGHT * stiff[:, None])
        alpha = np.where(system.has_off, system.alpha, 0)
        return cls(system, z, on, off, alpha, floor)

    def parts(self, slope: Float) -> tuple[Float, Float]:
        """Slopes along the predicted on and off counts: both are 0 or more."""
        return 1 - slope, self.alpha * slope + self.system.off_cost

    def limited(self, slope: Float) -> Float:
        """Nearest slopes that rows can have."""
        s = self.system
        safe = np.where(s.has_off, self.alpha, 1)
        lowest = np.where(s.has_off, np.where(s.off_cost > 0, -1 / safe, 0), _STEEPEST)
        return np.where(s.live, np.clip(slope, lowest, 1), 0)

    def gap(self, slope: Float) -> Float:
        """Sum of the gaps of rows, in units of C."""
        u, w = self.parts(slope)
        s = self.system
        total = _product_gap(s.n, u * self.on)
        total += np.where(s.has_off, _product_gap(s.off, w * self.off), 0)
        return np.asarray(2 * np.where(s.live, total, 0).sum(axis=1))

    def softness(self, slope: Float) -> Float:
        """Change of the signal for one of the slope: 1 / curvature, large on smooth sides."""
        s = self.system
        u, w = (np.maximum(v, 1e-100) for v in self.parts(slope))
        on = np.where(s.n > 0, s.n / u**2, np.maximum(self.on, self.floor) / u)
        off = np.where(s.off > 0, s.off / w**2, np.maximum(self.off, self.floor) / w)
        return np.asarray(on + self.alpha**2 * np.where(s.has_off, off, 0))


def _product_gap(counts: Float, product: Float) -> Float:
    """Half the gap of a row whose predicted counts times their slope should be its counts."""
    ratio = (product - counts) / np.where(counts > 0, counts, 1)
    with np.errstate(divide="ignore"):
        lost = ratio - np.log1p(np.where(counts > 0, np.maximum(ratio, -1), 0))
    return np.where(counts > 0, counts * lost, np.maximum(product, 0))


def _least_gap(rows: _Rows, slope: Float, pull: Float, changes: int) -> Float:
    """Least gap of slopes that balance, of those given and some that come of changes."""
    s = rows.system
    slope, at = rows.limited(slope), rows.z - s.centre
    lower = np.where(s.bounded, s.lower, 0)
    slack = np.where(s.bounded, np.maximum(rows.z - lower, 0), 0)
    size = s.sums(np.where(s.live, 1.0, 0.0))
    counts = 1 + (s.n + np.where(s.live, s.b, 0)).sum(axis=1, keepdims=True)
    reach = np.abs(rows.z) + _REACH * counts
    least = np.full(len(slope), np.inf)
    best_at = at
    for _ in range(changes + 1):
        pulls, penalty = s.sums(slope), s.penalised(best_at)
        held = s.bounded & ((pull > 0) | (slack <= 0))
        pull = np.where(held, np.maximum(pulls + penalty, 0), 0)
        rest = np.where(s.frozen, 0, pulls + penalty - pull)
        terms = (
            size
            + s.sums(np.abs(slope))
            + s.penalised(np.abs(best_at) + 2 * np.abs(s.centre), size=True)
            + pull
        )
        balanced = (np.abs(rest) <= _BALANCED * terms).all(axis=1)
        moved = best_at - at
        gap = rows.gap(slope) + 2 * (pull * slack).sum(axis=1)
        gap += np.abs((moved * s.penalised(moved)).sum(axis=1))
        lost = np.abs(moved)  # what rounding errors of the penalty may hide
        gap += _BALANCED * (lost * s.penalised(lost, size=True)).sum(axis=1)
        unbalanced = np.where(balanced, 0, (np.abs(rest) * reach).sum(axis=1))
        least = np.fmin(least, gap + unbalanced)
        if balanced.all():
            break
        weight = np.where(s.live, 1 / rows.softness(slope), 0)
        with np.errstate(over="ignore", invalid="ignore"):
            free = replace(s, frozen=s.frozen | (pull > 0))
            step = np.nan_to_num(np.where(free.frozen, 0, free.equations(weight).solve(rest)))
            slope = rows.limited(np.nan_to_num(slope - weight * s.counts(step)))
        best_at = best_at - step
    return least
