"""Cubes: arrays that are read or computed in parts, when their values are needed.

Each cube is a backend array of xarray. A Dataset can hold it without reading its values, and dask
reads it by chunks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

__all__ = ["Array", "ArrayCube", "Cube", "Key", "SqueezedCube"]

Array: TypeAlias = NDArray[Any]
Key: TypeAlias = tuple[Any, ...]  # a slice or an array of indices for each axis


class Cube(BackendArray):
    """Base class of the cubes; each of them defines `shape`, `dtype` and `read_block`."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis."""
        raise NotImplementedError

    def read(self) -> Array:
        """Return all values."""
        return self.read_block((slice(None),) * len(self.shape))

    def without_axes(self, number: int) -> Cube:
        """Return the cube without its first axes, which must have one element each."""
        return self.squeezed(range(number))

    def squeezed(self, axes: Iterable[int]) -> Cube:
        """Return the cube without some axes, which must have one element each."""
        dropped = tuple(axes)
        return SqueezedCube(self, dropped) if dropped else self

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Array:
        return np.asarray(
            indexing.explicit_indexing_adapter(
                key, self.shape, indexing.IndexingSupport.OUTER, self._read_outer
            )
        )

    def _read_outer(self, key: Key) -> Array:
        kept = tuple(slice(k, k + 1) if isinstance(k, int | np.integer) else k for k in key)
        single = tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in key)
        return np.asarray(self.read_block(kept)[single])


@dataclass(frozen=True, eq=False)
class ArrayCube(Cube):
    """A cube of a numpy or dask array."""

    values: Any

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the array."""
        return tuple(self.values.shape)

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the values."""
        return np.dtype(self.values.dtype)  # type: ignore[no-any-return]

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis."""
        values = self.values
        for axis, part in enumerate(key):
            values = values[(slice(None),) * axis + (part,)]
        return np.asarray(values)


@dataclass(frozen=True, eq=False)
class SqueezedCube(Cube):
    """A cube without some of its axes, which have one element each.

    Parameters
    ----------
    cube : Cube
        Cube with all axes.
    axes : tuple of int
        Numbers of the axes to remove.
    """

    cube: Cube
    axes: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the remaining axes."""
        return tuple(n for axis, n in enumerate(self.cube.shape) if axis not in self.axes)

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the values."""
        return self.cube.dtype

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis."""
        kept = iter(key)
        numbers = range(len(self.cube.shape))
        whole = tuple(slice(None) if axis in self.axes else next(kept) for axis in numbers)
        return self.cube.read_block(whole).squeeze(self.axes)
