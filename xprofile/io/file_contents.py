"""Contents of files that other programs wrote, damaged, or made to do harm."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import xarray as xr

from ..exceptions import FileFormatError
from .paths import StrPath

__all__ = ["UNREADABLE", "check_declared_size"]

# errors that damaged content leads to within xarray, numpy, json and the libraries of the formats
UNREADABLE: Final = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError,
    MemoryError, RuntimeError, NotImplementedError, AssertionError, SystemError,
)  # fmt: skip

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
