"""Layout of a summary: panels below the sky or on its right, with one horizontal axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LEGEND_BESIDE", "add_panels", "finish_panels"]

LEGEND_BESIDE: Final[dict[str, Any]] = {
    "loc": "upper left",
    "bbox_to_anchor": (1, 1),
    "frameon": False,
}

_MARGINS = 2.2  # inches of the width of the panels that labels and legends take
_SKY_WIDTH = 4.0  # inches in addition to the panels for a sky on their left
_WIDE_SKY = 1.3  # width over height from which a sky is above the panels, not on their left


def add_panels(
    figure: Any, sky: Axes | None, heights: dict[str, float], width: float
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
    width : float
        Width of the panels in inches.

    Returns
    -------
    panels : dict of str to matplotlib.axes.Axes
        The panels, with the keys of `heights`.
    size : tuple of float
        Width and height in inches that suit the whole figure.
    """
    rows, cells = list(heights.values()), []
    size = width, 0.7 + sum(rows)
    if sky is not None and _aspect(sky) < _WIDE_SKY:
        grid = figure.add_gridspec(len(rows), 2, height_ratios=rows, width_ratios=[1, 1.2])
        place, cells = grid[:, 0], [grid[row, 1] for row in range(len(rows))]
        size = width + _SKY_WIDTH, size[1]
    else:
        above = [] if sky is None else [0.7 + min((width - _MARGINS) / _aspect(sky), 3.5)]
        grid = figure.add_gridspec(len(above + rows), 1, height_ratios=above + rows)
        place, *cells = (grid[row] for row in range(len(above + rows)))
        cells = cells if above else [place, *cells]
        size = width, size[1] + sum(above)
    if sky is not None:
        sky.set_subplotspec(place)
    panels: dict[str, Axes] = {}
    for name, cell in zip(heights, cells, strict=True):
        panels[name] = figure.add_subplot(cell, sharex=panels.get("profile"))
    return panels, size


def _aspect(sky: Axes) -> float:
    """Width of sky axes over their height."""
    return float(np.ptp(sky.get_xlim()) / np.ptp(sky.get_ylim()))


def finish_panels(panels: Mapping[str, Axes]) -> None:
    """Label the shared axis at the last panel alone, and add the legend of the energy bins."""
    first, *below = panels.values()
    for ax in list(panels.values())[:-1]:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    if first.get_legend_handles_labels()[1]:
        first.legend(**LEGEND_BESIDE)
    figure: Any = first.figure
    figure.align_ylabels([first, *below])
