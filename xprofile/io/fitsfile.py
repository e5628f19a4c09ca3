"""Open FITS files so that what goes wrong is said plainly; types and units of what they hold."""

from __future__ import annotations

import gzip
import io
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.io.fits.verify import VerifyError
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray

from ..exceptions import FileFormatError, MissingFileError, XProfileError
from .atomic import StrPath

__all__ = ["factor_to", "native", "open_fits", "unit_of"]

_GZIP = b"\x1f\x8b"
_ALARMING = ("File may have been truncated", "(?s).*Error validating header", "non-ASCII")
_UNREADABLE = (
    OSError, EOFError, VerifyError, TypeError, ValueError, LookupError, AttributeError,
    zlib.error, AstropyUserWarning,
)  # fmt: skip


@contextmanager
def open_fits(path: StrPath) -> Iterator[fits.HDUList]:
    """Open a FITS file for reading; what is read inside the ``with`` is guarded too.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FileFormatError
        If it is not a FITS file, or is truncated or corrupt.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"no file {str(path)!r}: check the path and the working folder")
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)  # whole, so that its checksum is checked
        with warnings.catch_warnings():
            for message in _ALARMING:
                warnings.filterwarnings("error", message, AstropyUserWarning)
            with fits.open(io.BytesIO(content), memmap=False, lazy_load_hdus=False) as hdus:
                _check_whole(hdus, len(content))
                yield hdus
    except XProfileError:
        raise
    except _UNREADABLE as e:
        raise FileFormatError(
            f"cannot read {str(path)!r} as FITS ({type(e).__name__}: {e}); "
            "the file may be truncated or of another format: fetch it again or convert it"
        ) from e


def _check_whole(hdus: fits.HDUList, size: int) -> None:
    """Raise if the file goes on, or ends, elsewhere than its last HDU."""
    info = hdus[-1].fileinfo()
    end = info["datLoc"] + info["datSpan"]
    if end != size:
        raise EOFError(f"{size} bytes, its HDUs take {end}")


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
