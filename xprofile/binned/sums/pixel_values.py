"""Values of the pixels of bins, taken from a map's planes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..members.membership import Int

__all__ = ["Picked", "Planes"]


@dataclass(frozen=True, eq=False)
class Planes:
    """Values of the pixels of bins, a few planes at a time.

    Parameters
    ----------
    pieces : list of numpy.ndarray
        Planes one after the other, (..., ny, nx) each.
    place : Place
        The pixels in a plane.
    """

    pieces: list[NDArray[Any]]
    place: Place

    @cached_property
    def _planes(self) -> list[NDArray[Any]]:
        return [plane for piece in self.pieces for plane in piece.reshape(-1, *piece.shape[-2:])]

    def __len__(self) -> int:
        return len(self._planes)

    def __getitem__(self, planes: slice) -> NDArray[Any]:
        """Values (nplane, npair) of some planes, not to be changed."""
        found = [self.place.of(plane) for plane in self._planes[planes]]
        return found[0][None] if len(found) == 1 else np.stack(found)

    def together(self) -> Iterator[slice]:
        """Planes that are few enough to stay in cache, in turn."""
        step = max(_TOGETHER // max(self.place.pixel.size, 1), 1)
        size = len(self)
        return (slice(start, min(start + step, size)) for start in range(0, size, step))


@dataclass(frozen=True, eq=False)
class Place:
    """Pixels in a plane.

    Parameters
    ----------
    pixel : numpy.ndarray
        Flat index of each pair's pixel, (npair,).
    width : int
        Columns of the plane.
    """

    pixel: Int
    width: int

    def of(self, plane: NDArray[Any]) -> NDArray[Any]:
        """Values (npair,) of a plane (ny, nx); a view where the pixels are whole rows."""
        if self._window is not None:
            return plane[self._window].reshape(-1)
        return np.take(plane.reshape(-1), self._index)

    @cached_property
    def _window(self) -> tuple[slice, slice] | None:
        """Rows and columns that the pixels fill in the order of memory, if they do."""
        if not self.pixel.size:
            return None
        (top, left), (bottom, right) = (divmod(int(self.pixel[i]), self.width) for i in (0, -1))
        rows, columns = bottom + 1 - top, right + 1 - left
        if min(rows, columns) < 1 or rows * columns != self.pixel.size:
            return None
        steps = np.arange(columns, dtype=self.pixel.dtype)
        if (self.pixel.reshape(rows, -1) - self.pixel[::columns, None] != steps).any():
            return None
        if (np.diff(self.pixel[::columns]) != self.width).any():
            return None
        return slice(top, bottom + 1), slice(left, right + 1)

    @cached_property
    def _index(self) -> NDArray[np.intp]:
        return self.pixel.astype(np.intp, copy=False)


Picked: TypeAlias = dict[str, Planes]

_TOGETHER = 1 << 17  # values that are summed at once
