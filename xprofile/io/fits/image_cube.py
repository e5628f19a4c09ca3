"""Cubes of the images in FITS files, read from disk when they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from xarray.backends import CachingFileManager
from xarray.backends.locks import SerializableLock

from ..forking import hold_while_forking
from ..paths import check_unchanged, real_path
from .arrays import image_values, native_order
from .cubes import Array, ArrayCube, Cube, Key
from .files import FitsFile, translate_errors

__all__ = ["ImageCube", "make_image_cube"]

_LOCK = SerializableLock()  # two threads must not read from one open file of astropy
hold_while_forking(_LOCK)


@dataclass(frozen=True, eq=False)
class ImageCube(Cube):
    """The image of a FITS file, in the byte order of the machine.

    Parameters
    ----------
    shape : tuple of int
        Shape as in numpy, the slowest axis first.
    dtype : numpy.dtype
        Type of the values after scaling with BSCALE and BZERO.
    name : str
        Name of the file in messages.
    index : int
        Number of the HDU.
    manager : xarray.backends.CachingFileManager
        Opens the file.
    path : str
        Path of the file.
    state : tuple of int
        Size and time of change that the file had when the cube was made.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str
    index: int
    manager: CachingFileManager[Any]
    path: str
    state: tuple[int, int]

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis.

        Raises
        ------
        FileFormatError
            If the file cannot be read, or is not the one that was opened.
        """
        if 0 in self.shape:
            return np.empty(self.shape, self.dtype)
        pairs = [_split_key(*pair) for pair in zip(key, self.shape, strict=True)]
        outer, inner = (tuple(part) for part in zip(*pairs, strict=True))
        with translate_errors(self.name), _LOCK:
            check_unchanged(self.path, self.name, self.state)
            with self.manager.acquire_context() as hdus:
                section = np.array(hdus[self.index].section[outer])
            check_unchanged(self.path, self.name, self.state)
        return native_order(ArrayCube(section).read_block(inner))


def _split_key(key: Any, size: int) -> tuple[slice, Any]:
    """Return the smallest slice that contains a key, and the key within this slice."""
    wanted = np.arange(size)[key]
    if not wanted.size:
        return slice(0, 1), slice(0, 0)
    low, high = int(wanted.min()), int(wanted.max()) + 1
    if wanted.size == high - low and wanted[0] == low and np.all(np.diff(wanted) == 1):
        return slice(low, high), slice(None)
    return slice(low, high), wanted - low


def make_image_cube(file: FitsFile, hdu: fits.ImageHDU, shape: tuple[int, ...]) -> Cube:
    """Return the cube of an image; its values are read now if the file cannot be opened again."""
    if file.manager is None or file.state is None:
        return ArrayCube(image_values(hdu))
    index = next(i for i, other in enumerate(file.hdus) if other is hdu)
    dtype, path = _scaled_dtype(hdu.header), real_path(file.name)
    return ImageCube(shape, dtype, file.name, index, file.manager, path, file.state)


def _scaled_dtype(header: fits.Header) -> np.dtype[Any]:
    """Return the type that astropy gives the values of an image after scaling."""
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
