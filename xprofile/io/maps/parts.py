"""Parts of maps, such as counts or exposure: each from a file of any dialect, or from memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import xarray as xr

from ...exceptions import FileFormatError, InvalidOptionError
from ...schema.names import EDISP, ENERGY, ENERGY_TRUE
from ...schema.variables import MAPS, names_of_kind
from ..fits.files import FileSource, FitsFile, open_fits
from ..fits.skymap import SkyMap, read_skymap, skymap_from_array
from .ctools import WEIGHTS
from .fermi import has_drm, has_gtpsf, read_drm, read_gtpsf
from .responses import Response, read_response, response_from_array

__all__ = ["IMAGES", "MASKS", "RESPONSES", "MapParts", "PartSource", "add_part", "read_image"]

PartSource: TypeAlias = FileSource | xr.DataArray
IMAGES = names_of_kind(MAPS, "sum", "mean")  # counts, background, exposure and so on, but no mask
RESPONSES = names_of_kind(MAPS, "response")
MASKS = ("MASK_SAFE", "MASK_FIT")  # HDUs of Gammapy; HDUs of other parts have the part's name
_MASK_HDUS = ("MASK_SAFE", "MASK", "MASK_FIT")  # HDUs of a file that is given for the mask
_SEVERAL = ("background", "mask")  # parts that may come from several files


@dataclass(eq=False)
class MapParts:
    """Parts that will make a maps Dataset.

    Parameters
    ----------
    images : dict
        Images of each variable: one, or several backgrounds or masks.
    responses : dict
        Energy dispersion and PSF.
    """

    images: dict[str, list[SkyMap]] = field(default_factory=dict)
    responses: dict[str, Response] = field(default_factory=dict)


def add_part(
    parts: MapParts,
    stack: ExitStack,
    name: str,
    source: PartSource | Sequence[PartSource],
    **options: bool,
) -> None:
    """Open the source of one part, and add the part or replace it.

    Parameters
    ----------
    parts : MapParts
        Parts to add to.
    stack : contextlib.ExitStack
        Keeps the file open.
    name : str
        Variable of the maps Dataset.
    source : path, file object, DataArray, or a list of them
        Source of the part. Several backgrounds are added, of several masks all must be True.
    **options
        Options of `open_fits`.

    Raises
    ------
    InvalidOptionError
        If there are several sources for a part that has one, or one of them is of another type.
    FileFormatError
        If a file does not hold the part.
    """
    sources: list[Any] = [*source] if isinstance(source, list | tuple) else [source]
    if not sources or (len(sources) > 1 and name not in _SEVERAL):
        raise InvalidOptionError(f"{name} must be one file or map, found {len(sources)}")
    opened = [_open_source(stack, name, one, **options) for one in sources]
    if name in RESPONSES:
        parts.responses[name] = _read_any_response(opened[0], name)
        return
    parts.images[name] = [image for one in opened for image in _read_images(one, name)]
    if name == "counts" and isinstance(opened[0], FitsFile) and WEIGHTS in opened[0]:
        parts.images.setdefault("mask", [read_skymap(opened[0], [WEIGHTS])])


def _open_source(
    stack: ExitStack, name: str, source: PartSource, **options: bool
) -> FitsFile | xr.DataArray:
    if isinstance(source, xr.DataArray):
        return source
    if not isinstance(source, str | os.PathLike) and not hasattr(source, "read"):
        raise InvalidOptionError(
            f"{name} must be a path, a file object or a DataArray; found {type(source).__name__}"
        )
    return stack.enter_context(open_fits(source, **options))


def _read_any_response(source: FitsFile | xr.DataArray, name: str) -> Response:
    """Read a response in the dialect that the file has."""
    if isinstance(source, xr.DataArray):
        return response_from_array(source, name)
    if name == "psf" and has_gtpsf(source):
        return read_gtpsf(source)
    if name == EDISP and has_drm(source):
        return read_drm(source)
    return read_response(source, name.upper())


def _read_images(source: FitsFile | xr.DataArray, name: str) -> list[SkyMap]:
    if isinstance(source, xr.DataArray):
        return [_rename_energy(skymap_from_array(source, name), name)]
    hdus = [hdu for hdu in _MASK_HDUS if hdu in source] if name == "mask" else [name.upper()]
    return [read_image(source, name, hdu) for hdu in hdus or ["PRIMARY"]]


def read_image(file: FitsFile, name: str, hdu: str) -> SkyMap:
    """Read the image of a variable, which may have an axis of energy besides those of the sky."""
    return _rename_energy(read_skymap(file, [hdu]), name)


def _rename_energy(image: SkyMap, name: str) -> SkyMap:
    """Name the energy axis of an image as its variable does: true or reconstructed energy."""
    expected = ENERGY_TRUE if name == "exposure" else ENERGY
    names = [axis.name for axis in image.axes]
    if len(names) > 1 or not set(names) <= {ENERGY, ENERGY_TRUE}:
        raise FileFormatError(
            f"{image.label} has axes {names} besides the sky, expected one of energy"
        )
    return replace(image, axes=tuple(replace(axis, name=expected) for axis in image.axes))
