"""Cubes whose values are read, or worked out, when they are asked for, a part at a time.

Each is an array of a backend of xarray, so that it may stay in a Dataset unread, and be read by
chunks of dask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, TypeAlias

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray
from xarray.backends import BackendArray, CachingFileManager
from xarray.backends.locks import SerializableLock
from xarray.core import indexing

from ..loglog import log_log, node_below
from ..pixelgrid import PixelGrid, whole_numbers
from .fitsfile import FitsFile, guarded, image_values, native
from .regrid import interpolate_to

__all__ = [
    "Cube", "EnergyInterpolated", "Joined", "Regridded", "Repeated", "Section", "Values",
    "image_cube",
]  # fmt: skip

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
class Joined(Cube):
    """Cubes of one shape, changed and joined element by element.

    Parameters
    ----------
    parts : tuple of Cube
        At least one.
    dtype : numpy.dtype
        Type of the result.
    change : callable
        Of a block's values.
    join : callable, optional
        Of the changed values of two parts, such as `numpy.add`.
    """

    parts: tuple[Cube, ...]
    dtype: np.dtype[Any]
    change: Callable[[Array], Array]
    join: Callable[[Array, Array], Array] = np.add

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of each part."""
        return self.parts[0].shape

    def block(self, key: Key) -> Array:
        """Values of slices or indices, one for each axis."""
        found = reduce(self.join, (self.change(part.block(key)) for part in self.parts))
        return found.astype(self.dtype, copy=False)


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


@dataclass(frozen=True, eq=False)
class Repeated(Cube):
    """A plane (ny, nx) at every energy."""

    plane: Cube
    times: int

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the energies."""
        return (self.times, *self.plane.shape)

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the plane."""
        return self.plane.dtype

    def block(self, key: Key) -> Array:
        """Values of slices or indices, one for each axis."""
        values = self.plane.block(key[1:])
        rows = np.arange(self.times)[key[0]].size
        return np.broadcast_to(values, (rows, *values.shape))


@dataclass(frozen=True, eq=False)
class Regridded(Cube):
    """A cube interpolated to other pixels, NaN where it has none.

    Parameters
    ----------
    cube : Cube
        (n, ny, nx); it is read whole at the energies that are asked for.
    wcs, target : astropy.wcs.WCS
        Celestial, of the cube and of the pixels wanted.
    pixels : tuple of int
        Rows and columns wanted.
    """

    cube: Cube
    wcs: WCS
    target: WCS
    pixels: tuple[int, int]

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape on the pixels wanted."""
        return (self.cube.shape[0], *self.pixels)

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the values, of floats."""
        return self.cube.dtype if self.cube.dtype.kind == "f" else np.dtype(float)

    @cached_property
    def _source(self) -> PixelGrid:
        rows, columns = self.cube.shape[-2:]
        return PixelGrid(self.wcs, whole_numbers(columns), whole_numbers(rows))

    def block(self, key: Key) -> Array:
        """Values of slices or indices, one for each axis."""
        y, x = (whole_numbers(n)[k] for n, k in zip(self.pixels, key[1:], strict=True))
        values = self.cube.block((key[0], slice(None), slice(None)))
        if not (len(values) and y.size and x.size):
            return np.empty((len(values), y.size, x.size), self.dtype)
        return interpolate_to(values, self._source, PixelGrid(self.target, x, y))


@dataclass(frozen=True, eq=False)
class EnergyInterpolated(Cube):
    """A cube at other energies: log-log between its nodes, and so beyond the outer ones.

    Next to a node where it is 0 it is linear in log energy.

    Parameters
    ----------
    cube : Cube
        (nnode, ny, nx).
    nodes, energies : numpy.ndarray
        Energies of its planes and those wanted, in one unit.
    """

    cube: Cube
    nodes: Float
    energies: Float

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape at the energies wanted."""
        return (self.energies.size, *self.cube.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the values, of floats."""
        return self.cube.dtype if self.cube.dtype.kind == "f" else np.dtype(float)

    def block(self, key: Key) -> Array:
        """Values of slices or indices, one for each axis."""
        energy = self.energies[key[0]]
        left, share = node_below(self.nodes, energy)
        right = np.minimum(left + 1, self.nodes.size - 1)
        low, high = (self.cube.block((i, *key[1:])).astype(float) for i in (left, right))
        return log_log(low, high, share[:, None, None]).astype(self.dtype, copy=False)
