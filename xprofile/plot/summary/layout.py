"""Layout of a summary: panels below the sky or on its right, with one horizontal axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..elements.legends import draw_legend_on_top

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["add_panels", "draw_panel_legend", "finish_panels", "narrow_width"]

_LEGEND_BESIDE: Final[dict[str, Any]] = {
    "loc": "upper left",
    "bbox_to_anchor": (1, 1),
    "frameon": False,
}

_MARGINS = 2.2  # inches of the width of the panels that labels and legends take
_SKY_WIDTH = 4.0  # inches in addition to the panels for a sky on their left
_WIDE_SKY = 1.3  # width over height from which a sky is above the panels, not on their left

# Width in inches below which figures are those of a column: matplotlib's default. Such a summary
# has this width, with all panels below each other and legends inside them, as legends of 1.5 in on
# their right would leave half of a column. The margins have no legend, and letters are small.
_NARROW = 6.4
_NARROW_MARGINS, _NARROW_HEIGHT = 1.1, 0.75


def narrow_width() -> float | None:
    """Width of new figures by ``rcParams`` if it is that of a column, or else None."""
    from matplotlib import rcParams

    width = float(rcParams["figure.figsize"][0])
    return width if width < _NARROW else None


def add_panels(
    figure: Any,
    sky: Axes | None,
    heights: dict[str, float],
    width: float,
    *,
    narrow: bool = False,
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
    narrow : bool
        Whether the figure is as wide as a column, with the sky above the panels.

    Returns
    -------
    panels : dict of str to matplotlib.axes.Axes
        The panels, with the keys of `heights`.
    size : tuple of float
        Width and height in inches that suit the whole figure.
    """
    rows, cells = [(_NARROW_HEIGHT if narrow else 1) * h for h in heights.values()], []
    margins = _NARROW_MARGINS if narrow else _MARGINS
    size = width, 0.7 + sum(rows)
    if sky is not None and not narrow and _aspect(sky) < _WIDE_SKY:
        grid = figure.add_gridspec(len(rows), 2, height_ratios=rows, width_ratios=[1, 1.2])
        place, cells = grid[:, 0], [grid[row, 1] for row in range(len(rows))]
        size = width + _SKY_WIDTH, size[1]
    else:
        above = [] if sky is None else [0.7 + min((width - margins) / _aspect(sky), 3.5)]
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


def draw_panel_legend(ax: Axes, entries: Sequence[Any], *, narrow: bool) -> None:
    """Draw a legend on the right of a panel, or above its data in a narrow figure."""
    if narrow:
        draw_legend_on_top(ax, entries)
    else:
        ax.legend(handles=list(entries), **_LEGEND_BESIDE)


def finish_panels(panels: Mapping[str, Axes], *, narrow: bool = False) -> None:
    """Label the shared axis at the last panel alone, and add the legend of the energy bins."""
    first, *below = panels.values()
    for ax in list(panels.values())[:-1]:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    entries: Any = first.get_legend_handles_labels()[0]
    if entries:
        draw_panel_legend(first, entries, narrow=narrow)
    figure: Any = first.figure
    figure.align_ylabels([first, *below])
