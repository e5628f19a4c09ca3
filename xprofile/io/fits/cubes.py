"""Cubes whose values are read, or worked out, when they are asked for, a part at a time.

Each is an array of a backend of xarray, so that it may stay in a Dataset unread, and be read by
chunks of dask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from xarray.backends import BackendArray, CachingFileManager
from xarray.backends.locks import SerializableLock
from xarray.core import indexing

from .files import FitsFile, guarded, image_values, native

__all__ = ["Cube", "Section", "Values", "image_cube"]

Array: TypeAlias = NDArray[Any]

Float = NDArray[np.float64]

Key: TypeAlias = tuple[Any, ...]  # a slice or an array of indices for each axis

_LOCK = SerializableLock()  # astropy's files are not made for several threads


class Cube(BackendArray):
    """An array that is there in parts."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def block(self, key: Key) -> Array:
        """Values of slices or indices, one for each axis."""
        raise NotImplementedError

    def read(self) -> Array:
        """All values."""
        return self.block((slice(None),) * len(self.shape))

    def without_axes(self, number: int) -> Cube:
        """Return the same without its first axes, which have one element each."""
        return Flat(self, number) if number else self

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Array:
        return np.asarray(
            indexing.explicit_indexing_adapter(
                key, self.shape, indexing.IndexingSupport.OUTER, self._outer
            )
        )

    def _outer(self, key: Key) -> Array:
        kept = tuple(slice(k, k + 1) if isinstance(k, int | np.integer) else k for k in key)
        single = tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in key)
        return np.asarray(self.block(kept)[single])


@dataclass(frozen=True, eq=False)
class Values(Cube):
    """A cube that is in memory, or of dask."""

    values: Any

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the values."""
        return tuple(self.values.shape)

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the values."""
        return np.dtype(self.values.dtype)  # type: ignore[no-any-return]

    def block(self, key: Key) -> Array:
        """Values of slices or indices, one for each axis."""
        values = self.values
        for axis, part in enumerate(key):
            values = values[(slice(None),) * axis + (part,)]
        return np.asarray(values)


@dataclass(frozen=True, eq=False)
class Section(Cube):
    """The image of a FITS file, in the machine's byte order.

    Parameters
    ----------
    shape : tuple of int
        As numpy has it, the slowest axis first.
    dtype : numpy.dtype
        Type of the values, scaled as the header says.
    name : str
        What messages call the file.
    place : int
        Number of the HDU.
    again : xarray.backends.CachingFileManager
        Opens the file.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str
    place: int
    again: CachingFileManager[Any]

    def block(self, key: Key) -> Array:
        """Values of slices or indices, one for each axis."""
        if 0 in self.shape:
            return np.empty(self.shape, self.dtype)
        bounded = [_bounded(*pair) for pair in zip(key, self.shape, strict=True)]
        outer, inner = (tuple(part) for part in zip(*bounded, strict=True))
        with guarded(self.name), _LOCK, self.again.acquire_context() as hdus:
            return native(Values(np.asarray(hdus[self.place].section[outer])).block(inner))


def _bounded(key: Any, size: int) -> tuple[slice, Any]:
    """Slice that holds a key, and what is left to take of it."""
    wanted = np.arange(size)[key]
    if not wanted.size:
        return slice(0, 1), slice(0, 0)
    low, high = int(wanted.min()), int(wanted.max()) + 1
    if wanted.size == high - low and wanted[0] == low and np.all(np.diff(wanted) == 1):
        return slice(low, high), slice(None)
    return slice(low, high), wanted - low


def image_cube(file: FitsFile, hdu: fits.ImageHDU, shape: tuple[int, ...]) -> Cube:
    """Make the cube of an image; it is in memory where the file cannot be opened again."""
    if file.again is None:
        return Values(image_values(hdu))
    place = next(i for i, other in enumerate(file.hdus) if other is hdu)
    return Section(shape, _dtype(hdu.header), file.name, place, file.again)


def _dtype(header: fits.Header) -> np.dtype[Any]:
    """Type that the values of an image have once they are scaled."""
    bits = int(header["BITPIX"])
    plain = header.get("BSCALE", 1) == 1 and header.get("BZERO", 0) == 0
    if bits < 0:
        return np.dtype(f"f{-bits // 8}")
    if plain and "BLANK" not in header:
        return np.dtype(f"i{bits // 8}" if bits > 8 else "u1")
    if header.get("BSCALE", 1) == 1 and "BLANK" not in header:
        unsigned = {16: 2**15, 32: 2**31, 64: 2**63}
        if header["BZERO"] == unsigned.get(bits):
            return np.dtype(f"u{bits // 8}")
    return np.dtype("f4" if bits <= 16 else "f8")


@dataclass(frozen=True, eq=False)
class Flat(Cube):
    """A cube without its first axes, which have one element each."""

    cube: Cube
    number: int

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of what is left."""
        return self.cube.shape[self.number :]

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the values."""
        return self.cube.dtype

    def block(self, key: Key) -> Array:
        """Values of slices or indices, one for each axis."""
        values = self.cube.block((*[slice(None)] * self.number, *key))
        return values.reshape(values.shape[self.number :])
