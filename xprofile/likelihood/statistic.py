"""What a fit needs to know of a statistic: a convex function of the norm in each problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Curve", "Float", "Statistic", "Which"]

Float: TypeAlias = NDArray[np.float64]

Which: TypeAlias = NDArray[np.bool_] | NDArray[np.intp] | slice

Curve: TypeAlias = Callable[[Float], tuple[Float, Float]]  # a value and its derivative


class Statistic(Protocol):
    """The statistic C(x) of many problems at once, convex in the norm x of each.

    Every argument and result is an array over problems, (nproblem,), unless it says otherwise.
    Slopes and curvatures are those of C / 2.
    """

    @property
    def concave(self) -> bool:
        """Whether the slope is concave between kinks, so that Newton's method cannot overshoot."""
        ...

    def take(self, which: Which) -> Self:
        """Return some of the problems."""
        ...

    def value(self, x: Float) -> Float:
        """C(x)."""
        ...

    def rise(self, x: Float, to: Float) -> Float:
        """C(to) - C(x), exact also where it is small beside C."""
        ...

    def slope(self, x: Float, side: int = 0) -> tuple[Float, Float]:
        """Slope and curvature: from the right (side +1), the left (-1), or ignoring kinks (0).

        Ignoring a kink means to extend what is on its right. Beyond a wall the slope is -inf.
        """
        ...

    def steepest(self) -> Float:
        """Slope that is never exceeded; 0 where there is no signal."""
        ...

    def start(self, steepest: Float) -> Float:
        """Norm at which the slope is -`steepest` or lower even beside other data; else -inf."""
        ...

    def bracket(self) -> tuple[Float, Float]:
        """Two norms with the minimum between them; (inf, -inf) where there is no signal."""
        ...

    def kinks(self) -> Float:
        """Norms at which the slope jumps, (nproblem, nkink), filled up with -inf."""
        ...

    def along(self, x: Float, sign: int, *, kinks: bool = True) -> Curve:
        """Rise over a step from x, as a function of the step's length.

        Without `kinks` the function goes on as if there were none ahead, so it rises no faster.
        """
        ...

    def reach(self, x: Float, level: float, sign: int) -> Float:
        """Step after which C has risen by `level` or more above its tangent; inf if not known."""
        ...

    def never(self, sign: int) -> NDArray[np.bool_]:
        """Whether C is known not to rise in this direction, however far."""
        ...

    def npred(self, x: Float) -> Float:
        """Predicted counts."""
        ...

    def background(self, x: Float) -> Float:
        """Predicted background counts."""
        ...

    def asimov(self) -> Curve:
        """Test statistic against norm 0 of the counts that are expected at a norm."""
        ...

    def asimov_reach(self, level: float) -> Float:
        """Norm at which `asimov` may be expected to be above `level`."""
        ...
