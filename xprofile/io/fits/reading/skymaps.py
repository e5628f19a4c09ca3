"""Maps in FITS files: the HDU that holds one, and its values, pixels and axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from ....exceptions import FileFormatError, InvalidDataError, InvalidOptionError
from ....maps.world.axis_types import axis_name, axis_types
from ....maps.world.celestial import celestial_wcs
from ..files import FitsFile
from ..healpix.columns import is_healpix_table
from ..healpix.reading import read_healpix_table
from ..image_axes import read_image_axes, single_band
from ..image_cube import make_image_cube
from ..skymap import SkyMap
from ..units import named_unit

__all__ = ["is_map_hdu", "read_skymap", "read_wcs"]


def read_skymap(file: FitsFile, names: Sequence[str | int], column: Any = None) -> SkyMap:
    """Read the first of the named HDUs that the file has, or the first map in the file.

    Parameters
    ----------
    file : FitsFile
        The file.
    names : sequence of str or int
        Names or numbers of HDUs.
    column : str, optional
        Column of a HEALPix table.

    Raises
    ------
    FileFormatError
        If the file has no map, an image has no celestial WCS, or its planes have no energies.
    InvalidOptionError
        If the map does not have the column.
    """
    hdu = _find_image(file, names)
    label = file.label_of(hdu)
    if is_healpix_table(hdu):
        return _healpix_map(file, hdu, label, column)
    if column is not None:
        raise InvalidOptionError(
            f"column is {column!r}, but {label} is an image, expected a HEALPix table; leave "
            "column out"
        )
    wcs, image_shape = read_wcs(hdu, label)
    shape = tuple(int(hdu.header[f"NAXIS{i}"]) for i in range(hdu.header["NAXIS"], 0, -1))
    if 0 in shape:
        raise FileFormatError(f"{label} is empty: it has the shape {shape}")
    axes = read_image_axes(file, hdu, int(np.prod(shape[:-2])) if shape[:-2] else None)
    sizes = tuple(axis.size for axis in axes)
    singles = [axis for axis, number in enumerate(shape[:-2]) if number == 1]
    more = singles[: max(len(shape) - 2 - len(sizes), 0)]  # such as one of STOKES
    if tuple(n for axis, n in enumerate(shape[:-2]) if axis not in more) != sizes:
        raise FileFormatError(
            f"{hdu.name} has the shape {shape}, expected {(*sizes, *image_shape)} from its axes "
            f"{[axis.name for axis in axes]}{_at_edges(shape[:-2], sizes)}"
        )
    unit, livetime = named_unit(hdu.header.get("BUNIT")), hdu.header.get("LIVETIME")
    return SkyMap(
        make_image_cube(file, hdu, shape).squeezed(more), tuple(axes), wcs, unit, label,
        hdu=hdu.name,
        has_bands="BANDSHDU" in hdu.header,
        livetime=float(livetime) if isinstance(livetime, int | float) else None,
        given_energies=axes == [file.bands],
        own_band=None if axes else single_band(file),
    )  # fmt: skip


def _healpix_map(file: FitsFile, hdu: fits.BinTableHDU, label: str, column: Any) -> SkyMap:
    table = read_healpix_table(file, hdu, label, column)
    livetime = hdu.header.get("LIVETIME")
    return SkyMap(
        table.cube, table.axes, table.cells, table.unit, label,
        hdu=hdu.name,
        has_bands="BANDSHDU" in hdu.header,
        livetime=float(livetime) if isinstance(livetime, int | float) else None,
        given_energies=table.axes == (file.bands,),
        column=table.column,
        may_lack_values=table.may_lack_values,
    )  # fmt: skip


def _at_edges(found: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """Say how to mend an image with one plane more than bins, as gtsrcmaps writes it."""
    if len(found) == len(expected) == 1 and found[0] == expected[0] + 1:
        return "; a source map of gtsrcmaps is at the edges of the bins: make counts with gtmodel"
    return ""


def _find_image(file: FitsFile, names: Sequence[str | int]) -> fits.ImageHDU:
    named = [file[name] for name in names if name in file]
    images = [hdu for hdu in [*named, *file.hdus] if is_map_hdu(hdu)]
    if named and not (images and images[0] is named[0]):
        message = f"{named[0].name} is not an image with two axes on the sky"
        raise FileFormatError(_other_map(file, named[:1]) or message)
    if not images:
        raise FileFormatError(
            _other_map(file, file.hdus)
            or f"{file.name!r} has no image with two axes on the sky; found the HDUs "
            f"{file.hdu_names}"
        )
    return images[0]


def _other_map(file: FitsFile, hdus: Sequence[Any]) -> str | None:
    """Say which HDU is a map without an image; None if none is."""
    for hdu in hdus:
        name = file.label_of(hdu)
        columns = set(getattr(hdu, "columns", fits.ColDefs([])).names)
        if f"{hdu.name}_REGION" in file or columns == {"CHANNEL", "DATA"}:
            return (
                f"{name} is a region map of Gammapy: one spectrum of a whole region, without "
                "pixels; expected a map with pixels, such as a WcsNDMap or those of a MapDataset "
                "before to_spectrum_dataset"
            )
        if hdu.name == "EVENTS":
            return f"{name} is an event list, expected an image; count its events by open_events"
    return None


def is_map_hdu(hdu: Any) -> bool:
    """Whether an HDU is an image with two axes at least, or a HEALPix table."""
    return _is_image(hdu) or is_healpix_table(hdu)


def _is_image(hdu: Any) -> bool:
    return bool(hdu.is_image and hdu.header["NAXIS"] >= 2)


def read_wcs(hdu: fits.ImageHDU, label: str = "") -> tuple[WCS, tuple[int, int]]:
    """Read the celestial WCS of an image, and its numbers of rows and columns.

    Raises
    ------
    FileFormatError
        If the HDU is not an image, has no valid celestial WCS, or its first two axes are not those
        of the sky.
    """
    label = label or hdu.name
    if not _is_image(hdu):
        raise FileFormatError(f"{hdu.name} is not an image with two axes on the sky")
    try:
        wcs = celestial_wcs(hdu.header, label)
    except InvalidDataError as error:
        raise FileFormatError(str(error)) from error
    names = {axis_name(str(hdu.header.get(f"CTYPE{number}", ""))) for number in (1, 2)}
    if names != set(map(axis_name, wcs.wcs.ctype)):
        types = list(axis_types(hdu.header).values())
        raise FileFormatError(
            f"{label} has other axes before those of the sky: CTYPE is {types}; "
            "expected the sky on the first two: reorder the axes of the image"
        )
    return wcs, (hdu.header["NAXIS2"], hdu.header["NAXIS1"])
