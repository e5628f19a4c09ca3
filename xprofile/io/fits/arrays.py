"""Arrays of FITS files: whole images, the byte order of the machine, and types that FITS has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ...exceptions import FileFormatError

__all__ = ["image_values", "native_order", "to_fits_type"]

_FITS_TYPES = ("b1", "u1", "i2", "i4", "i8", "f4", "f8")
_WIDEST = {"i": np.int64, "u": np.uint64, "f": np.float64}

# Largest number of bytes that one byte of a compressed image can stand for. Deflate, the densest
# of the usual methods, reaches 1032 (zlib's documentation), and headers take some bytes as well.
# With a limit ten times larger, a damaged header could ask for ten times more memory than any real
# image of that size; with one below 1032, constant images such as masks would be refused.
_HIGHEST_COMPRESSION = 1100


def image_values(hdu: fits.ImageHDU) -> NDArray[Any]:
    """Return all values of an image, in the byte order of the machine.

    Raises
    ------
    FileFormatError
        If a compressed image declares more bytes than its data can hold.
    """
    info = hdu.fileinfo()  # None for an image in memory
    declared = math.prod(hdu.shape) * abs(int(hdu.header["BITPIX"])) // 8
    packed = info["datSpan"] if info else declared
    if declared > _HIGHEST_COMPRESSION * packed:
        raise FileFormatError(
            f"{hdu.name} declares {declared} bytes, more than the {packed} of its compressed form "
            "can hold; fetch the file again"
        )
    return native_order(hdu.data)


def native_order(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return an array in the byte order of the machine."""
    values = np.asarray(values)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def to_fits_type(values: Any) -> Any:
    """Convert an array to a type that FITS has; characters beyond ASCII become question marks."""
    if values.dtype.kind == "U":
        return np.char.encode(values, "ascii", "replace")
    if values.dtype.str[1:] in _FITS_TYPES:
        return values
    return values.astype(_WIDEST[values.dtype.kind])
