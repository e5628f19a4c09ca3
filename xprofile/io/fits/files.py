"""Open FITS files so that what goes wrong is said plainly; types and units of what they hold."""

from __future__ import annotations

import gzip
import io
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray
from xarray.backends import CachingFileManager

from ...exceptions import FileFormatError, MissingFileError, MissingPackageError, XProfileError
from ..atomic import StrPath
from .structure import check_structure

__all__ = [
    "FileSource",
    "FitsFile",
    "factor_to",
    "guarded",
    "name_of",
    "native",
    "open_fits",
    "unit_of",
]

FileSource: TypeAlias = StrPath | BinaryIO

_GZIP = b"\x1f\x8b"

_START = b"SIMPLE  ="

_BLOCK = 2880

_MOST_PACKED = 1100  # of the bytes that are compressed; deflate reaches 1032

_ALARMING = (
    "File may have been truncated", "(?s).*Error validating header", "non-ASCII",
    "Checksum verification failed", "Datasum verification failed",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FitsFile:
    """An open FITS file.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
        Its HDUs, found by name in capitals.
    name : str
        What messages call it.
    again : xarray.backends.CachingFileManager, optional
        Opens it again, for values that are to be read later; without it they are in memory.
    """

    hdus: fits.HDUList
    name: str
    again: CachingFileManager[Any] | None = None

    def __contains__(self, name: str) -> bool:
        return name in self.hdus

    def __getitem__(self, name: str) -> fits.ImageHDU | fits.BinTableHDU:
        return self.hdus[name]

    @property
    def label(self) -> str:
        """Name of the file without its folder, in quotes, for messages."""
        return repr(Path(self.name).name)

    @property
    def names(self) -> str:
        """Names of all HDUs, for messages."""
        return ", ".join(hdu.name for hdu in self.hdus if hdu.name) or "none"


@contextmanager
def open_fits(
    source: FileSource, *, lazy: bool = False, checksum: bool = False
) -> Iterator[FitsFile]:
    """Open a FITS file for reading; what is read inside the ``with`` is guarded too.

    Parameters
    ----------
    source : str, path-like or file object
        A path, an address that fsspec opens, or an object open for reading bytes.
    lazy : bool
        Leave the values of a file on disk that is not compressed where they are.
    checksum : bool
        Compare the HDUs that have a checksum with it.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FileFormatError
        If it is not a FITS file, or is truncated or corrupt.
    MissingPackageError
        If it is an address and fsspec is not installed.
    """
    with guarded(name_of(source)), warnings.catch_warnings():
        for message in _ALARMING:
            warnings.filterwarnings("error", message, AstropyUserWarning)
        with _opened(source, lazy=lazy, checksum=checksum) as file:
            yield file


@contextmanager
def guarded(name: str) -> Iterator[None]:
    """Say of a file, in words of this package, what astropy cannot read.

    A file that is broken may lead astropy to an error of any kind.
    """
    try:
        yield
    except XProfileError:
        raise
    except Exception as e:
        raise FileFormatError(
            f"cannot read {name!r} as FITS ({type(e).__name__}: {e}); "
            "the file may be truncated or of another format: fetch it again or convert it"
        ) from e


def name_of(source: FileSource) -> str:
    """What to call a file in messages."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return str(getattr(source, "name", "file object"))


@contextmanager
def _opened(source: FileSource, *, lazy: bool, checksum: bool) -> Iterator[FitsFile]:
    options = {"lazy_load_hdus": False, "checksum": checksum}
    path = _path(source)
    if lazy and path is not None and not _starts_with(path, _GZIP):
        with path.open("rb") as stream:
            check_structure(stream, path.stat().st_size)
            stream.seek(0)
            again = CachingFileManager(
                fits.open, str(path.resolve()), mode="readonly", kwargs={"memmap": True}
            )
            with fits.open(stream, memmap=True, **options) as hdus:
                yield FitsFile(hdus, str(source), again)
        return
    content = _content(source, path)
    check_structure(io.BytesIO(content), len(content))
    with fits.open(io.BytesIO(content), memmap=False, **options) as hdus:
        yield FitsFile(hdus, name_of(source))


def _path(source: FileSource) -> Path | None:
    """Path of a file on disk; None for other sources."""
    if not isinstance(source, str | os.PathLike) or "://" in os.fspath(source):
        return None
    path = Path(source)
    if not path.is_file():
        raise MissingFileError(f"no file {str(path)!r}: check the path and the working folder")
    return path


def _starts_with(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(start)) == start


def _content(source: FileSource, path: Path | None) -> bytes:
    """All bytes, uncompressed; compressed ones only if a FITS file is what begins in them."""
    if path is not None:
        content = path.read_bytes()
    elif isinstance(source, str | os.PathLike):
        content = _fetched(os.fspath(source))
    else:
        content = source.read()
    if not content.startswith(_GZIP):
        return content
    with gzip.open(io.BytesIO(content)) as stream:
        if not stream.read(_BLOCK).startswith(_START):
            raise OSError("what is compressed in it does not begin as FITS does")
    return gzip.decompress(content)  # whole, so that its checksum is checked


def _fetched(address: str) -> bytes:
    try:
        import fsspec
    except ImportError:
        raise MissingPackageError(
            f"{address!r} is an address, for which the package fsspec is needed: pip install "
            "fsspec, or give the path of a file"
        ) from None
    with fsspec.open(address, "rb") as file:
        return bytes(file.read())


def image_values(hdu: fits.ImageHDU) -> NDArray[Any]:
    """All values of an image, in the machine's byte order.

    Raises
    ------
    FileFormatError
        If it is compressed, and declares more than that can hold.
    """
    info = hdu.fileinfo()  # None of one in memory
    declared = math.prod(hdu.shape) * abs(int(hdu.header["BITPIX"])) // 8
    packed = info["datSpan"] if info else declared
    if declared > _MOST_PACKED * packed:
        raise FileFormatError(
            f"{hdu.name} declares {declared} bytes, more than the {packed} of its compressed form "
            "can hold; fetch the file again"
        )
    return native(hdu.data)


def native(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return an array in the machine's byte order."""
    values = np.asarray(values)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def unit_of(text: str | None, where: str) -> u.UnitBase:
    """Return the unit that a FITS file names.

    Raises
    ------
    FileFormatError
        If astropy does not know it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", u.UnitsWarning)  # several slashes, old names
            return u.Unit(text or "")
    except ValueError as error:
        raise FileFormatError(
            f"{where} has the unit {text!r}, which is not one that astropy knows; "
            "correct the unit in the file"
        ) from error


def factor_to(text: str | None, unit: str, where: str) -> float:
    """Return what turns values in the unit that a FITS file names into another unit.

    Raises
    ------
    FileFormatError
        If astropy does not know it, or it is of another kind.
    """
    found = unit_of(text, where)
    try:
        return float(found.to(unit))
    except u.UnitConversionError as error:
        raise FileFormatError(
            f"{where} has the unit {text!r}, expected one like {unit!r}; correct it in the file"
        ) from error
