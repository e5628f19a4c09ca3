"""Writing of FITS files, compressed or not, that Ctrl-C can interrupt."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from astropy.io import fits

__all__ = ["write_hdus"]

# Bytes that are compressed at once: Python notices Ctrl-C only in between. These take 0.02 s, and
# 0.2 s if the numbers are slow to compress; ten times more would take seconds. As one piece, a cube
# of 200 MB took 100 s.
_PIECE = 2**18


class _GzipInPieces(gzip.GzipFile):
    """A compressed file that is written piece by piece; astropy writes each array at once."""

    def write(self, data: Any) -> int:
        with memoryview(data) as view:
            if view.nbytes <= _PIECE:
                return super().write(data)
            values = view.cast("B")
            pieces = (values[i : i + _PIECE] for i in range(0, values.nbytes, _PIECE))
            return sum(super(_GzipInPieces, self).write(piece) for piece in pieces)


def write_hdus(hdus: fits.HDUList, path: Path) -> None:
    """Write HDUs to a file that may exist; the name ``.gz`` compresses it."""
    if path.suffix == ".gz":
        with _GzipInPieces(path, "wb") as stream:
            hdus.writeto(stream)
    else:
        hdus.writeto(path, overwrite=True)
