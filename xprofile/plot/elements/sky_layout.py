"""Layout of figures with sky axes, whose frame and shape a layout does not know before drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["settle_sky_axes"]

# Most runs of the layout, and the distance in pixels by which axes may still move in one. Each run
# halves the distance to the final place, so 8 runs leave less than a pixel of a figure.
_RUNS, _STILL = 8, 0.5


def settle_sky_axes(ax: Axes) -> None:
    """Give sky axes the place that they will have by the layout of their figure.

    The frame of sky axes follows their limits when they are drawn, and counts in the layout where
    it was before. The aspect of axes leaves room on both sides, which becomes less when the layout
    makes room for a colour bar, so that it has to be run several times.
    """
    axes: Any = ax
    axes.apply_aspect()
    _ = axes.coords.frame.patch  # reading it moves the frame to the limits
    figure: Any = ax.figure
    engine = figure.get_layout_engine()
    if engine is None:
        return
    for _ in range(_RUNS):
        before = np.array(ax.get_position(original=True).extents)
        engine.execute(figure.canvas.figure)
        moved = np.abs(np.array(ax.get_position(original=True).extents) - before)
        if (moved * np.tile(figure.bbox.size, 2)).max() < _STILL:
            return
