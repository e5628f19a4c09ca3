"""The interface between a statistic and a fit: a convex function of the norm in each problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bool", "Curve", "Draws", "Float", "ProblemIndex", "Report", "Statistic", "silent"]

Float: TypeAlias = NDArray[np.float64]
Bool: TypeAlias = NDArray[np.bool_]
ProblemIndex: TypeAlias = NDArray[np.bool_] | NDArray[np.intp] | slice
Curve: TypeAlias = Callable[[Float], tuple[Float, Float]]  # returns a value and its derivative
Report: TypeAlias = Callable[[int], object]  # is told how many more fits or norms are done


def silent(number: int) -> None:
    """Report nothing: the default of `report`."""


class Draws(Protocol):
    """Random numbers for toys: of each problem a number of toys, one after the other."""

    def repeat(self, values: Float) -> Float:
        """Repeat the rows of an array, one for each toy."""
        ...

    def poisson(self, mean: Float) -> Float:
        """Draw counts, (nproblem * ntoy, nbin), for expected counts (nproblem, nbin)."""
        ...

    def normal(self, mean: Float, width: float) -> Float:
        """Draw numbers, (nproblem * ntoy,), for means (nproblem,)."""
        ...


class Statistic(Protocol):
    """The statistic C(x) of many problems at once, convex in the norm x of each.

    A problem is one bin and energy group. Arguments and results are arrays over the problems,
    (nproblem,), unless stated otherwise. Slopes and curvatures are those of C / 2. A ``sign`` of +1
    means upwards in x, -1 downwards.

    The slope jumps at a *kink*. There the predicted counts of an empty fine bin reach 0. At a
    *wall* C becomes infinite, because the predicted counts of a fine bin with counts reach 0.
    """

    @property
    def slope_is_concave(self) -> bool:
        """Whether the slope is concave between kinks, so that Newton's method cannot overshoot."""
        ...

    def take(self, index: ProblemIndex) -> Self:
        """Return the statistic of the selected problems."""
        ...

    def value(self, x: Float) -> Float:
        """C(x)."""
        ...

    def rise(self, x: Float, to: Float) -> Float:
        """C(to) - C(x), exact even if it is much smaller than C."""
        ...

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature: from the right (side +1), from the left (-1), or without kinks (0).

        Without kinks, the function to the right of a kink is continued to its left. Beyond a wall
        the slope is -inf.
        """
        ...

    def slope_limit(self) -> Float:
        """Upper limit of the slope; 0 without signal."""
        ...

    def newton_start(self, slope_limit: Float) -> Float:
        """Norm from which Newton's method can start; -inf if unknown.

        The slope there is -`slope_limit` or lower. With the `slope_limit` of several data sets, the
        slope of their sum is therefore not positive.
        """
        ...

    def bracket(self) -> tuple[Float, Float]:
        """Two norms with the minimum between them; (inf, -inf) without signal."""
        ...

    def kinks(self) -> Float:
        """Norms at which the slope jumps, (nproblem, nkink), padded with -inf."""
        ...

    def rise_along(self, x: Float, sign: int, *, kinks: bool = True) -> Curve:
        """Return the rise over a step from x, as a function of the length of the step.

        Without `kinks`, the slope does not jump at the kinks ahead. That function rises no faster.
        """
        ...

    def step_bound(self, x: Float, rise: float, sign: int) -> Float:
        """Step after which C has risen by `rise` or more above its tangent; inf if unknown."""
        ...

    def never_rises(self, sign: int) -> Bool:
        """Whether C is known not to rise in this direction, at any distance."""
        ...

    def npred(self, x: Float) -> Float:
        """Predicted counts."""
        ...

    def npred_background(self, x: Float) -> Float:
        """Predicted background counts."""
        ...

    def asimov_ts(self) -> Curve:
        """Return the test statistic against norm 0 that the counts expected at a norm have."""
        ...

    def asimov_start(self, ts: float) -> Float:
        """Estimate the norm at which `asimov_ts` reaches `ts`; NaN if no norm does."""
        ...

    def expected_data(self, x: Float) -> Self:
        """Return the statistic of the counts expected at a norm (Asimov data).

        Backgrounds that are fitted are those that fit the data best at this norm.
        """
        ...

    def drawn(self, draws: Draws) -> Self:
        """Return the statistic of toys of `expected_data`, several problems for each problem."""
        ...
