"""Opening of FITS files, with clear errors for damaged ones."""

from __future__ import annotations

import gzip
import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from astropy.coordinates import BaseCoordinateFrame
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from xarray.backends import CachingFileManager

from ...exceptions import DataWarning, FileFormatError, MissingPackageError, XProfileError
from ...maps.axes import Axis
from ..forking import open_fits_for_processes
from ..paths import StrPath, check_exists, real_path
from .structure_check import check_structure

__all__ = [
    "FileContent",
    "FileSource",
    "FitsFile",
    "open_fits",
    "reusable_source",
    "source_name",
    "translate_errors",
]

FileSource: TypeAlias = StrPath | BinaryIO
_GZIP_START = b"\x1f\x8b"
_FITS_START = b"SIMPLE  ="
_BLOCK = 2880  # bytes of a FITS block

# messages of astropy's warnings that mean a damaged file
_DAMAGE = (
    "File may have been truncated", "(?s).*Error validating header", "non-ASCII",
    "Checksum verification failed", "Datasum verification failed",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FitsFile:
    """An open FITS file.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
        HDUs, found by their names in capitals or by their numbers.
    name : str
        Name of the file in messages.
    manager : xarray.backends.CachingFileManager, optional
        Opens the file again, to read values later. Without it, values are read now.
    state : tuple of int, optional
        Size and time of change of the file when it was opened, if values are read later.
    energy_unit : str, optional
        Unit of energies where neither the file nor its format names one.
    given_energy_unit : str, optional
        Unit of energies that the caller gives, instead of the one in the file or its format.
    bands : Axis, optional
        Energy bands that the caller gives, for images whose planes have no energies in the file.
    frame : BaseCoordinateFrame, optional
        Sky frame that the caller gives, for HEALPix maps that name none.
    notes : list of str
        What was assumed while reading, such as units that a format defines; for the history.
    """

    hdus: fits.HDUList
    name: str
    manager: CachingFileManager[Any] | None = None
    state: tuple[int, int] | None = None
    energy_unit: str | None = None
    given_energy_unit: str | None = None
    bands: Axis | None = None
    frame: BaseCoordinateFrame | None = None
    notes: list[str] = field(default_factory=list)

    def __contains__(self, name: str | int) -> bool:
        return name.strip().upper() in self._names if isinstance(name, str) else name in self.hdus

    def __getitem__(self, name: str | int) -> fits.ImageHDU | fits.BinTableHDU:
        return self.hdus[name]

    def find(self, hdu: Any) -> str | int | None:
        """Return the name in capitals or the number of an HDU; None if the file has no such HDU."""
        if isinstance(hdu, str) and hdu.strip().upper() in self.hdus:
            return hdu.strip().upper() or None
        number = isinstance(hdu, Integral) and not isinstance(hdu, bool)
        return int(hdu) if number and 0 <= hdu < len(self.hdus) else None

    def beside_true_energies(self) -> FitsFile:
        """Return the file for reconstructed energies that are in one table with true ones.

        A unit that the caller gives is that of the true energies, and of others without a unit.
        """
        known = self.given_energy_unit or self.energy_unit
        return replace(self, given_energy_unit=None, energy_unit=known)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset({"PRIMARY", *(str(hdu.name).strip().upper() for hdu in self.hdus)})

    @property
    def label(self) -> str:
        """Name of the file without its folder, in quotes, for messages."""
        return repr(Path(self.name).name)

    def label_of(self, hdu: Any) -> str:
        """Name of an HDU for messages; its number if it has no name."""
        number = next((i for i, one in enumerate(self.hdus) if one is hdu), None)
        name = hdu.name or ("the HDU" if number is None else f"HDU {number}")
        return f"{name} of {self.label}"

    @property
    def hdu_names(self) -> str:
        """Names of all HDUs, for messages."""
        return ", ".join(hdu.name for hdu in self.hdus if hdu.name) or "none"


@contextmanager
def open_fits(
    source: FileSource,
    *,
    lazy: bool = False,
    checksum: bool = False,
    energy_unit: str | None = None,
) -> Iterator[FitsFile]:
    """Open a FITS file for reading, and translate errors of astropy inside the ``with`` block.

    Parameters
    ----------
    source : str, path-like or file object
        Path of a file, address that fsspec opens, or object open for reading bytes.
    lazy : bool
        Allow that values of an uncompressed file are read later.
    checksum : bool
        Compare HDUs with their checksums, where they have one.
    energy_unit : str, optional
        Unit of energies where neither the file nor its format names one.

    Yields
    ------
    FitsFile
        The open file.

    Raises
    ------
    MissingFileError
        If the file does not exist.
    FileFormatError
        If the file is not FITS, or is truncated or corrupt.
    MissingPackageError
        If `source` is an address and fsspec is not installed.
    """
    with translate_errors(source_name(source)), warnings.catch_warnings():
        for message in _DAMAGE:
            warnings.filterwarnings("error", message, AstropyUserWarning)
        with _open_hdus(source, lazy=lazy, checksum=checksum) as file:
            yield replace(file, energy_unit=energy_unit)


@dataclass(frozen=True)
class FileContent:
    """Content of a file in memory, which can be read again and again.

    Parameters
    ----------
    content : bytes
        All bytes, decompressed.
    name : str
        Name of the file in messages.
    """

    content: bytes
    name: str

    def read(self) -> bytes:
        """Return all bytes."""
        return self.content


def reusable_source(source: FileSource) -> FileSource:
    """Return a source that can be opened twice at the price of once.

    A file on disk stays itself, unless it is compressed. Anything else is read into memory.
    """
    name = source_name(source)
    with translate_errors(name):
        path = _local_path(source)
        if path is not None and not _starts_with(path, _GZIP_START):
            return source
        return FileContent(_read_bytes(source, path), name)  # type: ignore[return-value]


@contextmanager
def translate_errors(name: str) -> Iterator[None]:
    """Raise `FileFormatError` for errors that astropy raises while it reads a file.

    A damaged file can make astropy raise errors of any type, so all types are caught here.
    """
    try:
        yield
    except (XProfileError, DataWarning):  # a warning is raised if warnings are errors
        raise
    except Exception as e:
        raise FileFormatError(
            f"cannot read {name!r} as FITS ({type(e).__name__}: {e}); "
            "the file may be truncated or of another format: fetch it again or convert it"
        ) from e


def source_name(source: FileSource) -> str:
    """Return the name of a file for messages."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return str(getattr(source, "name", "file object"))


@contextmanager
def _open_hdus(source: FileSource, *, lazy: bool, checksum: bool) -> Iterator[FitsFile]:
    options = {"lazy_load_hdus": False, "checksum": checksum}
    path = _local_path(source)
    if lazy and path is not None and not _starts_with(path, _GZIP_START):
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            check_structure(stream, status.st_size)
            stream.seek(0)
            # not mapped into memory, as reading a mapped file that became shorter ends the process
            with fits.open(stream, memmap=False, **options) as hdus:
                manager = CachingFileManager(
                    open_fits_for_processes, real_path(path), mode="readonly"
                )
                state = status.st_size, status.st_mtime_ns
                yield FitsFile(hdus, str(source), manager, state)
        return
    content = _read_bytes(source, path)
    check_structure(io.BytesIO(content), len(content))
    with fits.open(io.BytesIO(content), memmap=False, **options) as hdus:
        yield FitsFile(hdus, source_name(source))


def _local_path(source: FileSource) -> Path | None:
    """Return the path of a file on disk, or None for addresses and file objects."""
    if not isinstance(source, str | os.PathLike) or "://" in os.fspath(source):
        return None
    return check_exists(source)


def _starts_with(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(start)) == start


def _read_bytes(source: FileSource, path: Path | None) -> bytes:
    """Read all bytes, and decompress them if they start like a FITS file."""
    if path is not None:
        content = path.read_bytes()
    elif isinstance(source, str | os.PathLike):
        content = _download(os.fspath(source))
    else:
        content = source.read()
    if not content.startswith(_GZIP_START):
        return content
    with gzip.open(io.BytesIO(content)) as stream:
        if not stream.read(_BLOCK).startswith(_FITS_START):
            raise OSError("its decompressed content does not begin as FITS does")
    return gzip.decompress(content)  # all at once, which also compares the checksum


def _download(address: str) -> bytes:
    try:
        import fsspec
    except ImportError:
        raise MissingPackageError(
            f"{address!r} is an address, for which the package fsspec is needed: pip install "
            "fsspec, or give the path of a file"
        ) from None
    with fsspec.open(address, "rb") as file:
        return bytes(file.read())
