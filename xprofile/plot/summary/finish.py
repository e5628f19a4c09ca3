"""Finish a summary: labels, legends and numbers of bins that have room in their panels."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from numpy.typing import NDArray

from ...bins.number_labels import number_size, number_step
from ..elements.labels import LIMITS_GID
from ..elements.legends import draw_legend_beside, is_legend_inside, place_legend
from ..elements.power_labels import fit_label
from ..elements.series import make_arrow_room
from ..elements.yaxis import axes_in_place
from .counts import number_decades

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["finish_panels"]

_LINE = 16  # most letters in a line of a text about errors or limits that is broken

# Most times that legends are placed inside. Each time the vertical axes become longer, so that
# numbers at their ticks can become wider and panels narrower. Two were enough in all figures.
_RUNS = 4


def finish_panels(
    panels: Mapping[str, Axes],
    entries: Mapping[str, Sequence[Any]],
    centres: NDArray[np.float64],
    *,
    narrow: bool,
) -> None:
    """Label panels, and add legends and numbers of bins, in the final layout of the figure.

    Running the layout takes most of the time of a summary, so it is run as seldom as possible.

    Parameters
    ----------
    panels : dict of str to matplotlib.axes.Axes
        The panels with all data, from the top.
    entries : dict of str to list
        Entries of the legend of some panels.
    centres : numpy.ndarray
        Places of the bins on the horizontal axis, (nbin,).
    narrow : bool
        Whether legends are inside the panels, not on their right.
    """
    axes = list(panels.values())
    figure: Any = axes[0].figure
    inside = narrow or any(len(axes_in_place(ax)) > 1 for ax in axes)  # an axis is on the right
    for ax in axes[:-1]:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    figure.align_ylabels(axes)
    above = _axis_above(axes[0], centres)
    if not inside:
        _place_beside(panels, entries)
    figure.canvas.figure.draw_without_rendering()
    _number_bins(above, axes[0], centres)
    for ax in axes:
        make_arrow_room(ax)
        fit_label(ax.yaxis)
        number_decades(ax)
    if inside:
        _place_inside(panels, entries)
    else:
        figure.canvas.figure.draw_without_rendering()


def _axis_above(ax: Axes, centres: NDArray[np.float64]) -> Any:
    """Add an axis of the bins above a panel, with one number, to be counted in the layout."""
    from matplotlib import rcParams

    above = ax.secondary_xaxis("top")
    above.set_xticks(centres[:1], ["0"][: centres.size], fontsize=number_size())
    above.tick_params(length=2)
    above.set_xlabel("Bin", fontsize=rcParams["font.size"] * 0.8)
    return above


def _number_bins(above: Any, ax: Axes, centres: NDArray[np.float64]) -> None:
    """Write the numbers of the bins that have room on the axis above a panel."""
    size, figure = number_size(), above.figure
    height = np.full(centres.size, ax.get_ylim()[1])
    places = ax.transData.transform(np.stack([centres, height], axis=1))
    kept = np.arange(0, centres.size, number_step(places, size * figure.dpi / 72))
    above.set_xticks(centres[kept], [str(number) for number in kept], fontsize=size)


def _place_beside(panels: Mapping[str, Axes], entries: Mapping[str, Sequence[Any]]) -> None:
    """Draw legends on the right of panels."""
    for name, shown in entries.items():
        _wrap(shown)
        draw_legend_beside(panels[name], shown)


def _place_inside(panels: Mapping[str, Axes], entries: Mapping[str, Sequence[Any]]) -> None:
    """Draw legends in panels, with long texts in several lines if they would be too large."""
    figure: Any = panels["profile"].figure
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure.canvas.figure)
    for _ in range(_RUNS):
        for name, shown in entries.items():
            place_legend(panels[name], shown, settled=True)
            if not is_legend_inside(panels[name]):
                _wrap(shown)
                place_legend(panels[name], shown, settled=True)
            number_decades(panels[name])
        figure.canvas.figure.draw_without_rendering()
        if all(is_legend_inside(panels[name]) for name in entries):
            return


def _wrap(entries: Sequence[Any]) -> None:
    """Break long texts about errors and limits in entries of a legend into lines."""
    for entry in entries:
        if isinstance(entry, Artist) and entry.get_gid() == LIMITS_GID:
            entry.set_label(textwrap.fill(str(entry.get_label()), _LINE, break_on_hyphens=False))
