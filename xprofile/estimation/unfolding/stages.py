"""Progress of `unfold`: its quantities in turn, each for all norms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...schema.arguments.progress import Counter
from .settings import UnfoldSettings

__all__ = ["Stages", "planned_stages"]


def planned_stages(settings: UnfoldSettings) -> int:
    """Number of quantities of each norm: best fits, test statistic, errors and limits."""
    selected = settings.selection_optional
    limits = (2 if settings.ul_method == "cls" else 1) if "ul" in selected else 0
    bounded = "bounded" in (settings.ul_method, settings.interval_method)
    two_sided = 2 * (settings.interval_method is not None)
    return (
        2 + 2 * ("errn-errp" in selected) + limits + bounded + ("ul-expected" in selected)
        + two_sided
    )  # fmt: skip


class Stages:
    """Progress of the quantities of norms.

    Parameters
    ----------
    counter : Counter
        Where to count norms, once for each quantity.
    size : int
        Number of norms.
    """

    def __init__(self, counter: Counter, size: int) -> None:
        self.counter, self.size = counter, size
        self._expected, self._reported, self._counted = 0, 0, 0

    def report(self, number: int) -> None:
        """Move the bar to the share of the expected reports that have come."""
        self._reported += number
        if self._expected:
            self._count_to(min(self.size * self._reported // self._expected, self.size))

    @contextmanager
    def stage(self, expected: int) -> Iterator[None]:
        """Count a planned quantity, of which `expected` reports come."""
        self._expected, self._reported, self._counted = expected, 0, 0
        yield
        self._count_to(self.size)
        self._expected = 0

    @contextmanager
    def further(self, number: int) -> Iterator[None]:
        """Add a quantity of some norms that was not planned, unless another one is going on."""
        if self._expected or not number:
            yield
            return
        planned, self.size = self.size, number
        self.counter.grow(number)
        with self.stage(number):
            yield
        self.size = planned

    def _count_to(self, number: int) -> None:
        self.counter.advance(number - self._counted)
        self._counted = number
