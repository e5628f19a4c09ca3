"""Parts of maps, such as counts or exposure: each from a file of any dialect, or from memory."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import (
    DataWarning,
    FileFormatError,
    InvalidDataError,
    InvalidOptionError,
    XProfileError,
)
from ...maps.axes import Axis
from ...schema.names import EDISP, ENERGY, ENERGY_TRUE
from ...schema.variables import MAPS, names_of_kind
from ...schema.warning_place import user_stacklevel
from ..fits.files import FitsFile
from ..fits.reading.skymaps import read_skymap
from ..fits.skymap import SkyMap, skymap_from_array
from .ctools.count_cubes import RATE_UNIT, is_ctbkgcube, masks_of_counts
from .ctools.response_cubes import has_edispcube, has_psfcube, read_edispcube, read_psfcube
from .fermi import has_drm, has_gtpsf, read_drm, read_gtpsf
from .images.bands import check_number, images_of_bands
from .images.named_hdus import check_choice
from .images.sources import OpenedSource, PartSource, SourceOpener, is_pair, number_map
from .images.unseen import without_unseen_cells
from .responses import Response, read_response, response_from_array

__all__ = [
    "IMAGES",
    "MASKS",
    "RESPONSES",
    "MapParts",
    "Usable",
    "add_part",
    "read_any_response",
    "read_image",
]

IMAGES = names_of_kind(MAPS, "sum", "mean")  # counts, background, exposure and so on, but no mask
RESPONSES = names_of_kind(MAPS, "response")
MASKS = ("MASK_SAFE", "MASK_FIT")  # HDUs of Gammapy; HDUs of other parts have the part's name
_MASK_HDUS = ("MASK_SAFE", "MASK", "MASK_FIT")  # HDUs of a file that is given for the mask
_DIALECTS = {
    EDISP: ((has_drm, read_drm), (has_edispcube, read_edispcube)),
    "psf": ((has_gtpsf, read_gtpsf), (has_psfcube, read_psfcube)),
}
_WITHOUT = {
    "edisp": (
        "give edisp=None to open the maps without it: true and reconstructed energy are then taken "
        "to be the same"
    ),
    "psf": "give psf=None to open the maps without it",
}


@dataclass(eq=False)
class MapParts:
    """Parts that will make a maps Dataset.

    Parameters
    ----------
    images : dict
        Images of each variable: one, or several backgrounds or masks.
    responses : dict
        Energy dispersion and PSF.
    bands : Axis, optional
        Energy bands of images without energies.
    effective_area : numpy.ndarray, optional
        Effective area in cm2 by which exposures in s are multiplied: one value, or one for each
        energy.
    optional : set of str
        Responses that are left out, with a warning, if they cannot be used.
    without : dict
        How to do without each response, for messages.
    """

    images: dict[str, list[SkyMap]] = field(default_factory=dict)
    responses: dict[str, Response] = field(default_factory=dict)
    bands: Axis | None = None
    effective_area: NDArray[np.float64] | None = None
    optional: set[str] = field(default_factory=set)
    without: Mapping[str, str] = field(default_factory=lambda: _WITHOUT)


@dataclass(frozen=True, eq=False)
class Usable:
    """Context in which a response is read or added: says how to do without one that fails.

    An optional response is left out with a `DataWarning`.

    Parameters
    ----------
    name : {"edisp", "psf"}
        The response.
    parts : MapParts
        Parts that tell whether it is optional.
    """

    name: str
    parts: MapParts

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        if not isinstance(error, Exception) or isinstance(error, InvalidOptionError | Warning):
            return False
        known = isinstance(error, XProfileError)
        text = str(error) if known else f"{self.name} is damaged ({type(error).__name__}: {error})"
        text = f"{text}; {self.parts.without[self.name]}"
        if self.name in self.parts.optional:
            warnings.warn(
                f"{self.name} is left out, because it cannot be used: {text}",
                DataWarning,
                stacklevel=user_stacklevel(),
            )
            return True
        new = InvalidDataError if isinstance(error, InvalidDataError) else FileFormatError
        raise new(text) from error


def add_part(
    parts: MapParts, opener: SourceOpener, name: str, source: PartSource | Sequence[Any]
) -> None:
    """Open the source of one part, and add the part or replace it.

    Parameters
    ----------
    parts : MapParts
        Parts to add to; a number of another part than the counts needs the counts.
    opener : SourceOpener
        Opens files.
    name : str
        Variable of the maps Dataset.
    source : path, file object, (file, HDU), DataArray, number, or a list of them
        Source of the part. Several backgrounds are added, of several masks all must be True. As
        many images as `parts` has bands are the images of these bands; lists in the list are
        combined in each band.

    Raises
    ------
    InvalidOptionError
        If there are several sources for a part that has one, or one of them is of another type.
    FileFormatError
        If a file does not hold the part.
    """
    sources = _as_list(source)
    check_number(name, len(sources), None if name in RESPONSES else parts.bands)
    opened = [[opener.open(name, one) for one in _as_list(group)] for group in sources]
    if not all(opened):
        raise InvalidOptionError(f"{name} has an empty list; give one file or map at least")
    if name in RESPONSES:
        in_memory = not isinstance(opened[0][0].content, FitsFile)
        parts.optional = (parts.optional | {"psf"}) - ({name} if in_memory else set())
        with Usable(name, parts):
            parts.responses[name] = read_any_response(opened[0][0], name)
        return
    groups = [[image for one in group for image in _read_images(one, name, parts)]
              for group in opened]  # fmt: skip
    nested = any(_is_list(group) for group in sources)
    parts.images[name] = images_of_bands(name, groups, parts.bands, nested=nested)
    file = opened[0][0].content
    if name == "counts" and len(opened) == 1 and isinstance(file, FitsFile):
        masks = masks_of_counts(file, parts.images[name][0])
        if masks:
            parts.images.setdefault("mask", masks)


def _is_list(source: Any) -> bool:
    return isinstance(source, list | tuple) and not is_pair(source)


def _as_list(source: Any) -> list[Any]:
    return [*source] if _is_list(source) else [source]


def read_any_response(opened: OpenedSource, name: str) -> Response:
    """Read a response in the dialect that the file has."""
    source = opened.content
    if isinstance(source, xr.DataArray):
        return response_from_array(source, name)
    if not isinstance(source, FitsFile):
        raise InvalidOptionError(f"{name} must be a file or a DataArray, found {source!r}")
    hdu = None if opened.hdu is None else source[opened.hdu]
    for is_dialect, read in _DIALECTS[name]:
        if is_dialect(source, hdu):
            return read(source, hdu)
    return read_response(source, name.upper(), hdu)


def _read_images(opened: OpenedSource, name: str, parts: MapParts) -> list[SkyMap]:
    """Read the images of a part; a number becomes an image on the pixels of the counts."""
    source = opened.content
    if isinstance(source, xr.DataArray):
        image = skymap_from_array(source, name)
        if name not in ("counts", "mask") and not source.chunks:
            image = without_unseen_cells(replace(image, may_lack_values=True))
        return [_rename_energy(image, name)]
    if not isinstance(source, FitsFile):
        if name in ("counts", "mask"):
            raise InvalidOptionError(f"{name} must be a file or a DataArray, found {source!r}")
        return [number_map(name, source, parts.images["counts"][0])]
    if opened.hdu is not None:
        return [read_image(source, name, opened.hdu)]
    if name != "mask":
        image = read_image(source, name, name.upper())
        check_choice(source, name, image.hdu)
        return [image]
    hdus = [hdu for hdu in _MASK_HDUS if hdu in source]
    return [read_image(source, name, hdu) for hdu in hdus] or [read_image(source, name, None)]


def read_image(file: FitsFile, name: str, hdu: str | int | None) -> SkyMap:
    """Read the image of a variable, which may have an axis of energy besides those of the sky.

    Without an HDU, it is the first image of the file.
    """
    image = without_unseen_cells(read_skymap(file, [] if hdu is None else [hdu]))
    if name == "background" and is_ctbkgcube(file, image):
        image = replace(image, unit=RATE_UNIT)
        file.notes.append(f"{image.label} in {RATE_UNIT}")
    return _rename_energy(image, name)


def _rename_energy(image: SkyMap, name: str) -> SkyMap:
    """Name the energy axis of an image as its variable does: true or reconstructed energy."""
    expected = ENERGY_TRUE if name == "exposure" else ENERGY
    names = [axis.name for axis in image.axes]
    if len(names) > 1 or not set(names) <= {ENERGY, ENERGY_TRUE}:
        raise FileFormatError(
            f"{image.label} has axes {names} besides the sky, expected one of energy"
        )
    return replace(image, axes=tuple(replace(axis, name=expected) for axis in image.axes))
