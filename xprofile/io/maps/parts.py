"""Parts of maps, each from a file of any dialect or from memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import xarray as xr

from ...exceptions import FileFormatError, InvalidOptionError
from ...schema.names import ENERGY, ENERGY_TRUE
from ..fits.files import FileSource, FitsFile, open_fits
from ..fits.skymap import SkyMap, read_skymap, skymap_of
from .ctools import WEIGHTS
from .fermi import has_drm, has_gtpsf, read_drm, read_gtpsf
from .responses import Response, read_response, response_of

__all__ = ["IMAGES", "RESPONSES", "PartSource", "Parts", "add_part", "read_image"]

PartSource: TypeAlias = FileSource | xr.DataArray

IMAGES = ("counts", "background", "exposure", "counts_off", "acceptance", "acceptance_off")

RESPONSES = ("edisp", "psf")

_MASKS = ("MASK_SAFE", "MASK", "MASK_FIT")  # HDUs; those of other parts have the part's name

_SEVERAL = ("background", "mask")  # parts that may be several files


@dataclass(eq=False)
class Parts:
    """What there is of a maps Dataset: one image of each kind, or several to be joined."""

    images: dict[str, list[SkyMap]] = field(default_factory=dict)
    responses: dict[str, Response] = field(default_factory=dict)


def add_part(
    parts: Parts,
    stack: ExitStack,
    name: str,
    source: PartSource | Sequence[PartSource],
    **options: bool,
) -> None:
    """Open what a part is to come from, and add it in the place of one that is there.

    Parameters
    ----------
    parts : Parts
        To be added to.
    stack : contextlib.ExitStack
        Keeps the file open.
    name : str
        One of the variables of the maps Dataset.
    source : path, file object, DataArray, or a list of them
        Several backgrounds are added up; of several masks all have to be True.
    **options
        Of `open_fits`.
    """
    sources: list[Any] = [*source] if isinstance(source, list | tuple) else [source]
    if not sources or (len(sources) > 1 and name not in _SEVERAL):
        raise InvalidOptionError(f"{name} is to be one file or map, found {len(sources)}")
    found = [_opened(stack, name, one, **options) for one in sources]
    if name in RESPONSES:
        parts.responses[name] = _response(found[0], name)
        return
    images = [_images(one, name) for one in found]
    parts.images[name] = [image for several in images for image in several]
    if name == "counts" and isinstance(found[0], FitsFile) and WEIGHTS in found[0]:
        parts.images.setdefault("mask", [read_skymap(found[0], [WEIGHTS])])


def _opened(
    stack: ExitStack, name: str, source: PartSource, **options: bool
) -> FitsFile | xr.DataArray:
    if isinstance(source, xr.DataArray):
        return source
    if not isinstance(source, str | os.PathLike) and not hasattr(source, "read"):
        raise InvalidOptionError(
            f"{name} is to be a path, a file object or a DataArray; found {type(source).__name__}"
        )
    return stack.enter_context(open_fits(source, **options))


def _response(source: FitsFile | xr.DataArray, name: str) -> Response:
    """Read a response, whichever dialect it is in."""
    if isinstance(source, xr.DataArray):
        return response_of(source, name)
    if name == "psf" and has_gtpsf(source):
        return read_gtpsf(source)
    if name == "edisp" and has_drm(source):
        return read_drm(source)
    return read_response(source, name.upper())


def _images(source: FitsFile | xr.DataArray, name: str) -> list[SkyMap]:
    if isinstance(source, xr.DataArray):
        return [_with_energy(skymap_of(source, name), name)]
    hdus = [hdu for hdu in _MASKS if hdu in source] if name == "mask" else [name.upper()]
    return [read_image(source, name, hdu) for hdu in hdus or ["PRIMARY"]]


def read_image(file: FitsFile, name: str, hdu: str) -> SkyMap:
    """Read an image with at most an axis of energy."""
    return _with_energy(read_skymap(file, [hdu]), name)


def _with_energy(image: SkyMap, name: str) -> SkyMap:
    """Name the axis of energy of an image, whether true or reconstructed, as its part has it."""
    expected = ENERGY_TRUE if name == "exposure" else ENERGY
    names = [axis.name for axis in image.axes]
    if len(names) > 1 or not set(names) <= {ENERGY, ENERGY_TRUE}:
        raise FileFormatError(
            f"{image.where} has axes {names} besides the sky, expected one of energy"
        )
    return replace(image, axes=tuple(replace(axis, name=expected) for axis in image.axes))
