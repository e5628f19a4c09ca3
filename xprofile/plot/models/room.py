"""Room in the layout of a figure for axes that were added below others."""

from __future__ import annotations

from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

__all__ = ["RoomOfAxes"]


class RoomOfAxes(Artist):
    """Artist that draws nothing, and takes the room of other axes with their labels.

    A constrained layout leaves out axes with a locator. As part of the axes above, this artist
    tells it of their room.
    """

    def __init__(self, axes: Axes) -> None:
        super().__init__()
        self._other = axes
        self.set_clip_on(False)

    def get_window_extent(self, renderer: Any = None) -> Bbox:
        """Return the box of the other axes with their labels, in pixels."""
        box = self._other.get_tightbbox(renderer)
        return Bbox.null() if box is None else box

    def get_tightbbox(self, renderer: Any = None) -> Bbox:
        """Return the same box."""
        return self.get_window_extent(renderer)
