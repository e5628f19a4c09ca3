"""Artists on axes, in pixels, which a legend must not cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..yaxis import axes_in_place

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection, PathCollection
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D
    from matplotlib.path import Path

__all__ = ["Obstacles", "pixels_per_point"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Obstacles:
    """Artists on axes, in pixels.

    Parameters
    ----------
    lines, areas : list of matplotlib.path.Path
        Lines, and the outlines of filled areas.
    boxes : numpy.ndarray
        Left, lower, right and upper ends of markers and texts, (nbox, 4).
    """

    lines: list[Path]
    areas: list[Path]
    boxes: Float

    @classmethod
    def of(cls, ax: Axes) -> Obstacles:
        """Find the points, errors, arrows, steps, bands and texts on axes and on their twins."""
        from matplotlib.collections import LineCollection, PathCollection, PolyCollection

        lines: list[Path] = []
        areas: list[Path] = []
        boxes = [np.empty((0, 4))]
        for one in axes_in_place(ax):
            one.get_ylim()  # brings the limits up to date
            for line in filter(_is_shown, one.lines):
                path = line.get_transform().transform_path(line.get_path())
                lines += [path] if line.get_linestyle() != "None" else []
                boxes.append(_marker_boxes(line, path.vertices))
            for some in filter(_is_shown, one.collections):
                if isinstance(some, PathCollection):
                    boxes.append(_scatter_boxes(some))
                elif isinstance(some, LineCollection):
                    lines.append(_whole_path(some))
                elif isinstance(some, PolyCollection):
                    areas.append(_whole_path(some))
            for patch in filter(_is_shown, one.patches):
                path = patch.get_transform().transform_path(patch.get_path())
                (areas if patch.get_fill() else lines).append(path)
            others = filter(_is_shown, [*one.texts, *one.artists])
            boxes += [np.array([other.get_window_extent().extents]) for other in others]
        return cls(lines, areas, np.concatenate(boxes))

    def leave_free(self, legend: Legend, space: float) -> bool:
        """Whether nothing is behind a legend and a little space round it."""
        box: Any = legend.get_window_extent().expanded(space, space)
        x0, y0, x1, y1 = self.boxes.T
        behind = (x0 < box.x1) & (x1 > box.x0) & (y0 < box.y1) & (y1 > box.y0)
        paths = [(path, False) for path in self.lines] + [(path, True) for path in self.areas]
        return not behind.any() and not any(p.intersects_bbox(box, fill) for p, fill in paths)


def _is_shown(artist: Artist) -> bool:
    return artist.get_visible()


def _whole_path(some: Collection) -> Path:
    """All paths of a collection in pixels."""
    from matplotlib.path import Path

    transform = some.get_transform()
    return Path.make_compound_path(*(transform.transform_path(path) for path in some.get_paths()))


def _marker_boxes(line: Line2D, places: Any) -> Float:
    """Boxes round the markers of a line, (nmarker, 4)."""
    from matplotlib.markers import MarkerStyle

    marker = MarkerStyle(line.get_marker())
    shape = marker.get_path().transformed(marker.get_transform())
    ends = np.array(shape.get_extents().extents)
    if not np.isfinite(ends).all():  # without a marker
        return np.empty((0, 4))
    return np.asarray(
        np.tile(places, 2) + ends * float(line.get_markersize()) * pixels_per_point(line)
    )


def _scatter_boxes(some: PathCollection) -> Float:
    """Boxes round points, of which the sizes are areas in square points, (npoint, 4)."""
    places = np.tile(some.get_offset_transform().transform(some.get_offsets()), 2)
    half = np.sqrt(np.max(some.get_sizes(), initial=0)) / 2 * pixels_per_point(some)
    return np.asarray(places + half * np.array([-1, -1, 1, 1]))


def pixels_per_point(artist: Artist) -> float:
    """Pixels in a point of the figure of an artist."""
    figure: Any = artist.figure
    return float(figure.dpi) / 72
