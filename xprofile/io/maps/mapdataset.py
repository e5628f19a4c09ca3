"""Gammapy's MapDataset in one FITS file: which HDU is which part.

Format: one image HDU for each map with its energies in a ``*_BANDS`` table, EDISP and PSF as tables
on a region of one pixel, with one row for each value or one for each true energy, or as images on
a grid of positions. The exposure may have pixels of its own.
"""

from __future__ import annotations

from collections.abc import Collection

from ...exceptions import FileFormatError
from ..fits.files import FitsFile
from .parts import IMAGES, Parts, read_image
from .responses import read_response

__all__ = ["read_mapdataset"]


def read_mapdataset(file: FitsFile, skip: Collection[str]) -> Parts:
    """Read the parts of an open file.

    Parameters
    ----------
    file : FitsFile
        A MapDataset or MapDatasetOnOff as Gammapy 1 or 2 writes it.
    skip : collection of str
        Variables to leave out.

    Raises
    ------
    FileFormatError
        If an HDU is missing, or is not what it is to be.
    """
    _require(file, skip)
    parts = Parts()
    for name in IMAGES:
        if name.upper() in file and (name == "counts" or name not in skip):
            parts.images[name] = [read_image(file, name, name.upper())]
    masks = [name for name in ("MASK_SAFE", "MASK_FIT") if name in file]
    if "mask" not in skip and masks:
        parts.images["mask"] = [read_image(file, "mask", name) for name in masks]
    for name in ("edisp", "psf"):
        if name.upper() in file and name not in skip:
            parts.responses[name] = read_response(file, name.upper())
    return parts


def _require(file: FitsFile, skip: Collection[str]) -> None:
    needed = ["COUNTS", *(["EXPOSURE"] if "exposure" not in skip else [])]
    off = ["ACCEPTANCE", "ACCEPTANCE_OFF"] if "COUNTS_OFF" in file else ["BACKGROUND"]
    needed += [name for name in off if name.lower() not in skip]
    missing = [name for name in needed if name not in file]
    if missing:
        raise FileFormatError(
            f"{file.name!r} is no MapDataset with all that a profile needs: no HDU "
            f"{', '.join(missing)}; found {file.names}. Write it with MapDataset.write in Gammapy, "
            "or name the files of the parts: open_maps(counts=..., background=..., exposure=...)"
        )
