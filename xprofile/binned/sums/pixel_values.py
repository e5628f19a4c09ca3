"""Values of maps at the pixels of bins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..members.membership import Int
from .threads import map_in_threads

__all__ = ["PixelIndex", "PixelValues", "Planes"]

T = TypeVar("T")

_BATCH_SIZE = 1 << 17  # values that are summed together, so that they stay in cache


@dataclass(frozen=True, eq=False)
class PixelIndex:
    """Index of pixels in a plane of a map.

    Parameters
    ----------
    pixel : numpy.ndarray
        Flat index of each pair's pixel, (npair,).
    width : int
        Number of columns of the plane.
    """

    pixel: Int
    width: int

    def take(self, planes: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return the values (nplane, npair) of planes (ny, nx); a view of a plane's whole rows."""
        rectangle = self._rectangle
        if rectangle is not None and len(planes) == 1:
            return planes[0][rectangle].reshape(1, -1)
        found = np.empty((len(planes), self.pixel.size), planes[0].dtype)
        for values, plane in zip(found, planes, strict=True):
            if rectangle is None:  # not the mode "raise", which copies once more
                np.take(plane.reshape(-1), self._flat, out=values, mode="clip")
            else:
                part = plane[rectangle]
                values.reshape(part.shape)[...] = part
        return found

    def prepare(self) -> None:
        """Find what all planes have in common, before several threads would."""
        if self._rectangle is None:
            self._flat  # noqa: B018

    @cached_property
    def _rectangle(self) -> tuple[slice, slice] | None:
        """Rows and columns, if the pixels fill a rectangle in the order of memory."""
        if not self.pixel.size:
            return None
        (top, left), (bottom, right) = (divmod(int(self.pixel[i]), self.width) for i in (0, -1))
        rows, columns = bottom + 1 - top, right + 1 - left
        if min(rows, columns) < 1 or rows * columns != self.pixel.size:
            return None
        if rows == 1:
            found = slice(top, bottom + 1), slice(left, right + 1)
            return found if self._ascend else None
        steps = np.arange(columns, dtype=self.pixel.dtype)
        if (self.pixel.reshape(rows, -1) - self.pixel[::columns, None] != steps).any():
            return None
        if (np.diff(self.pixel[::columns]) != self.width).any():
            return None
        return slice(top, bottom + 1), slice(left, right + 1)

    @property
    def _ascend(self) -> bool:
        """Whether the pixels follow each other in the order of memory."""
        parts = (
            self.pixel[i : i + _BATCH_SIZE + 1] for i in range(0, self.pixel.size, _BATCH_SIZE)
        )
        return all((part[1:] - part[:-1] == 1).all() for part in parts)

    @cached_property
    def _flat(self) -> NDArray[np.intp]:
        return self.pixel.astype(np.intp, copy=False)


@dataclass(frozen=True, eq=False)
class Planes:
    """Values of a cube at the pixels of bins, read a few planes at a time.

    Parameters
    ----------
    arrays : list of numpy.ndarray
        Arrays (..., ny, nx) that hold the planes of the cube, one after the other.
    pixel_index : PixelIndex
        The pixels in each plane.
    """

    arrays: list[NDArray[Any]]
    pixel_index: PixelIndex

    @cached_property
    def _planes(self) -> list[NDArray[Any]]:
        return [plane for array in self.arrays for plane in array.reshape(-1, *array.shape[-2:])]

    def __len__(self) -> int:
        return len(self._planes)

    def __getitem__(self, planes: slice) -> NDArray[Any]:
        """Values (nplane, npair) of some planes; do not modify them, they may be a view."""
        return self.pixel_index.take(self._planes[planes])

    def batches(self) -> list[slice]:
        """Slices of the planes, each of few enough values to stay in cache."""
        step = max(_BATCH_SIZE // max(self.pixel_index.pixel.size, 1), 1)
        size = len(self)
        return [slice(start, min(start + step, size)) for start in range(0, size, step)]

    def map_batches(self, function: Callable[[slice], T]) -> list[T]:
        """Apply a function to the slices of the planes; in threads, if there are many values."""
        self.pixel_index.prepare()
        return map_in_threads(function, self.batches(), len(self) * self.pixel_index.pixel.size)


PixelValues: TypeAlias = dict[str, Planes]
