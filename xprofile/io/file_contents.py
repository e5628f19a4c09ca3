"""Contents of files that other programs wrote, damaged, or made to do harm."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

import xarray as xr

from ..exceptions import FileFormatError
from .paths import StrPath

__all__ = ["UNREADABLE", "check_declared_size", "check_heaps"]

# errors that damaged content leads to within xarray, numpy, json and the libraries of the formats
UNREADABLE: Final = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError,
    MemoryError, RuntimeError, NotImplementedError, AssertionError, SystemError,
)  # fmt: skip

_HDF5 = b"\x89HDF\r\n\x1a\n"
_HEAP = b"GCOL\x01\0\0\0"  # signature and version
_BLOCK = 2**24  # bytes that are searched at once; ten times more take memory, and no less time

# How many times larger than its file an array can be: deflate packs 1032 bytes into one at most.
# Ten times larger, a file of 1 MB could fill 20 GB; ten times smaller, compressed maps of zeros
# would be refused.
_LARGEST_RATIO = 2000


def check_declared_size(data: xr.Dataset, path: StrPath, *, allowed: int = 2**28) -> None:
    """Raise if a file declares arrays that are far larger than what it holds.

    Parameters
    ----------
    data : xarray.Dataset
        What the file declares, not read yet.
    path : str or path-like
        The file or folder.
    allowed : int
        Bytes that may be declared in any case, as they fit into memory. Parts of a Zarr array
        that hold the fill value take no place in its folder.

    Raises
    ------
    FileFormatError
        If it does; nothing is read then.
    """
    declared = {str(name): variable.nbytes for name, variable in data.variables.items()}
    total = sum(declared.values())
    if total <= allowed:
        return
    place = Path(path)
    parts = place.rglob("*") if place.is_dir() else [place]
    size = sum(part.stat().st_size for part in parts if part.is_file())
    if total > _LARGEST_RATIO * size:
        largest = max(declared, key=lambda name: declared[name])
        raise FileFormatError(
            f"{str(path)!r} declares arrays of {total / 1e9:.3g} GB, most of it {largest!r}, but "
            f"has {size / 1e6:.3g} MB of data: it is damaged, or not what it claims to be; write "
            "it again, or open it with xarray.open_dataset, which reads nothing at first"
        )


def check_heaps(path: StrPath) -> None:
    """Raise if the HDF5 library would read a damaged file for ever.

    It walks through each global heap, which holds texts, from object to object by their sizes, and
    stays where free space has the size 0 (up to HDF5 1.14 and 2.0).

    Format: HDF5 file format specification 3.0, section III.E,
    https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html

    Parameters
    ----------
    path : str or path-like
        A file of any format.

    Raises
    ------
    FileFormatError
        If there is such a heap.
    """
    with Path(path).open("rb") as file:
        if file.read(len(_HDF5)) != _HDF5:
            return
        place, rest = 0, _HDF5
        while block := file.read(_BLOCK):
            block, start = rest + block, -1
            while (start := block.find(_HEAP, start + 1)) >= 0:
                _check_heap(file, place + start, path)
            rest = block[-len(_HEAP) + 1 :]
            place += len(block) - len(rest)


def _check_heap(file: BinaryIO, start: int, path: StrPath) -> None:
    """Walk through a heap as HDF5 does."""
    before = file.tell()
    file.seek(start + len(_HEAP))
    size = int.from_bytes(file.read(8), "little")
    content = file.read(max(min(size, _BLOCK) - 16, 0))
    file.seek(before)
    position = 0
    while position + 16 <= len(content):
        number = int.from_bytes(content[position : position + 2], "little")
        length = int.from_bytes(content[position + 8 : position + 16], "little")
        if number == 0 and length == 0:
            raise FileFormatError(
                f"{str(path)!r} is damaged: free space of no size in the heap at byte {start}; "
                "fetch the file again or write it again"
            )
        position += 16 + -(-length // 8) * 8 if number else length
