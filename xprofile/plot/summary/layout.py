"""Layout of a summary: panels below the sky or on its right, with one horizontal axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Plan", "add_panels", "laid_out", "plan_summary"]

_WIDTH = 8.0  # inches of the panels of a new figure
_MARGINS = 2.2  # inches of the width of the panels that labels and legends take
_SKY_WIDTH = 4.0  # inches in addition to the panels for a sky on their left
_PANELS_TO_SKY = 1.2  # width of the panels over that of a sky on their left
_LEAST_SKY = 0.6  # height of a sky in heights of all panels, below which a low figure keeps it
_WIDE_SKY = 1.3  # width over height from which a sky is above the panels, not on their left

# Width in inches below which panels are those of a column: matplotlib's default for figures. Such
# panels have their legends inside, as legends of 1.5 in on their right would leave half of a
# column. The margins have no legend, and letters are small.
_COLUMN = 6.4
_COLUMN_MARGINS, _COLUMN_HEIGHT = 1.1, 0.75
_NO_ENGINE: Final[Any] = {"figure.autolayout": False, "figure.constrained_layout.use": False}


@dataclass(frozen=True)
class Plan:
    """Where panels are.

    Parameters
    ----------
    width, height : float
        Width of the figure in inches, and its height if it is given.
    sky_left : bool
        Whether the sky is on the left of the panels, not above them.
    """

    width: float
    sky_left: bool
    height: float = np.inf

    @property
    def panels_width(self) -> float:
        """Width in inches that panels have with their labels and legends."""
        share = _PANELS_TO_SKY / (1 + _PANELS_TO_SKY) if self.sky_left else 1
        return self.width * share

    @property
    def narrow(self) -> bool:
        """Whether legends on the right of the panels would leave too little of their width."""
        return self.panels_width < _COLUMN


def plan_summary(given: Any, sky: Axes | None, count: int) -> Plan:
    """Plan a given figure or subfigure, or a new one for a number of bins.

    A new one is as wide as ``rcParams`` say if this is the width of a column. Only figures that are
    wider than a column, and wider than high, have room for a sky on the left.
    """
    from matplotlib import rcParams

    square = sky is not None and _aspect(sky) < _WIDE_SKY
    if given is not None:
        width, height = (float(size) for size in given.bbox.size / given.dpi)
        return Plan(width, square and width >= _COLUMN and width > height, height)
    width = float(rcParams["figure.figsize"][0])
    if width < _COLUMN:
        return Plan(width, sky_left=False)
    return Plan(_WIDTH + min(count / 50, 4) + square * _SKY_WIDTH, square)


@contextmanager
def laid_out(figure: Any) -> Iterator[None]:
    """Lay out an empty figure without a layout engine once, so that its texts have room.

    A figure with other axes, and a part of a figure, stay as the caller made them.
    """
    from matplotlib import rc_context

    if figure.get_layout_engine() is not None or figure.axes or figure.canvas.figure is not figure:
        yield
        return
    figure.set_layout_engine("constrained")
    try:
        yield
    finally:
        with rc_context(_NO_ENGINE):
            figure.set_layout_engine(None)


def add_panels(
    figure: Any, sky: Axes | None, heights: Mapping[str, float], plan: Plan
) -> tuple[dict[str, Axes], tuple[float, float]]:
    """Add panels with a shared horizontal axis to a figure, below the sky or on its right.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or SubFigure
        With the sky alone.
    sky : matplotlib.axes.Axes or None
        Axes of the sky, which are moved to their place.
    heights : dict of str to float
        Height of each panel in inches, from the top.
    plan : Plan
        Width of the figure, and place of the sky.

    Returns
    -------
    panels : dict of str to matplotlib.axes.Axes
        The panels, with the keys of `heights`.
    size : tuple of float
        Width and height in inches that suit the whole figure.
    """
    column = plan.width < _COLUMN
    rows = [(_COLUMN_HEIGHT if column else 1) * height for height in heights.values()]
    above: list[float] = []
    if plan.sky_left:
        ratios = [1, _PANELS_TO_SKY]
        grid = figure.add_gridspec(len(rows), 2, height_ratios=rows, width_ratios=ratios)
        place, cells = grid[:, 0], [grid[row, 1] for row in range(len(rows))]
    else:
        if sky is not None:
            room = plan.width - (_COLUMN_MARGINS if column else _MARGINS)
            high = 0.7 + min(room / _aspect(sky), 3.5)
            above = [min(high, max(plan.height - 0.7 - sum(rows), _LEAST_SKY * sum(rows)))]
        grid = figure.add_gridspec(len(above + rows), 1, height_ratios=above + rows)
        place, cells = grid[0], [grid[len(above) + row] for row in range(len(rows))]
    if sky is not None:
        sky.set_subplotspec(place)
    panels: dict[str, Axes] = {}
    for name, cell in zip(heights, cells, strict=True):
        panels[name] = figure.add_subplot(cell, sharex=panels.get("profile"))
    return panels, (plan.width, 0.7 + sum(above + rows))


def _aspect(sky: Axes) -> float:
    """Width of sky axes over their height."""
    return float(np.ptp(sky.get_xlim()) / np.ptp(sky.get_ylim()))
