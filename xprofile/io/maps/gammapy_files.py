"""FITS files of Gammapy: a MapDataset or MapDatasetOnOff in one file.

Format: each map is an image HDU, with its energies in a ``*_BANDS`` table. EDISP and PSF are either
images on a grid of positions, or tables on a region of one pixel, with one row for each value or
for each true energy. The exposure may have other pixels than the counts.
"""

from __future__ import annotations

from collections.abc import Collection

from ...exceptions import FileFormatError
from ..fits.files import FitsFile
from .ctools.count_cubes import masks_of_counts
from .images.sources import OpenedSource, SourceOpener
from .parts import IMAGES, MASKS, RESPONSES, MapParts, Usable, read_any_response, read_image

__all__ = ["read_mapdataset"]

# HDUs of the responses; the latter ones are of Gammapy before 1.0
_RESPONSE_HDUS = {"edisp": ("EDISP", "EDISP_MATRIX"), "psf": ("PSF", "PSF_KERNEL")}


def read_mapdataset(
    file: FitsFile, skip: Collection[str], opener: SourceOpener | None = None
) -> MapParts:
    """Read the parts of an open file.

    Parameters
    ----------
    file : FitsFile
        MapDataset or MapDatasetOnOff as Gammapy 1 or 2 writes it.
    skip : collection of str
        Variables to leave out.
    opener : SourceOpener, optional
        Opener of the file, which knows what the caller says about each part.

    Raises
    ------
    FileFormatError
        If an HDU is missing or damaged.
    """

    def of(name: str) -> FitsFile:
        return opener.for_part(name, file) if opener else file

    _check_hdus(file, skip)
    parts = MapParts(optional={"psf"})
    for name in IMAGES:
        if name.upper() in file and (name == "counts" or name not in skip):
            parts.images[name] = [read_image(of(name), name, name.upper())]
    if "mask" not in skip:
        masks = [read_image(of("mask"), "mask", name) for name in MASKS if name in file]
        masks = masks or masks_of_counts(of("counts"), parts.images["counts"][0])
        parts.images.update({"mask": masks} if masks else {})
    for name in RESPONSES:
        if name not in skip and any(hdu in file for hdu in _RESPONSE_HDUS[name]):
            with Usable(name, parts):
                parts.responses[name] = read_any_response(OpenedSource(of(name)), name)
    return parts


def _check_hdus(file: FitsFile, skip: Collection[str]) -> None:
    needed = ["COUNTS", *(["EXPOSURE"] if "exposure" not in skip else [])]
    off = ["ACCEPTANCE", "ACCEPTANCE_OFF"] if "COUNTS_OFF" in file else []
    needed += [name for name in off if name.lower() not in skip]
    missing = [name for name in needed if name not in file]
    if missing:
        raise FileFormatError(
            f"{file.name!r} is not a MapDataset with all parts that a profile needs: no HDU "
            f"{', '.join(missing)}; found {file.hdu_names}. Write it with MapDataset.write in "
            "Gammapy, or give the files of the parts: open_maps(counts=..., background=..., "
            "exposure=...), or their HDUs in this file: open_maps(path, hdu={'counts': ..., ...})"
        )
