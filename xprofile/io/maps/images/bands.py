"""Images of single energy bands, whose energies the caller gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ....exceptions import FileFormatError, InvalidOptionError
from ....maps.axes import Axis, bins_axis, same_axis
from ....schema.names import ENERGY, ENERGY_UNIT
from ....schema.number_checks import energies_from_quantity
from ....schema.variables import MAPS
from ...fits.cubes import Cube
from ...fits.derived_cubes import CombinedCube, ConstantCube, RepeatedPlane, StackedCube
from ...fits.skymap import SkyMap

__all__ = [
    "check_number",
    "combine_images",
    "counts_with_energies",
    "energy_bands",
    "image_in_band",
    "images_of_bands",
    "planes_of_image",
]

_SEVERAL = ("background", "mask")  # parts that may come from several files
_EXAMPLE = "energy_edges=[0.5, 2] * u.keV"


def energy_bands(edges: Any) -> Axis | None:
    """Return the axis of the bands of images, in TeV, from the option ``energy_edges``."""
    if edges is None:
        return None
    values = energies_from_quantity("energy_edges", edges, ENERGY_UNIT)
    return bins_axis(ENERGY, values[:-1], values[1:], ENERGY_UNIT, "energy_edges")


def images_of_bands(
    name: str, groups: Sequence[Sequence[SkyMap]], bands: Axis | None, *, nested: bool = False
) -> list[SkyMap]:
    """Return the images of a part: one for each band, or all those that are combined.

    Images without energies belong to the bands in their order if there are as many as bands.

    Parameters
    ----------
    name : str
        Variable of the maps Dataset.
    groups : sequence
        Images of each element of the list that the caller gives.
    bands : Axis, optional
        Bands of images.
    nested : bool
        Whether the list has lists in it, whose images are combined in each band.

    Raises
    ------
    InvalidOptionError
        If there are more or fewer images than bands, or several images of a part that has one.
    """
    size = 1 if bands is None else bands.size
    if bands is not None and len(groups) == size:
        groups = [[_in_band(name, image, bands, i) for image in group]
                  for i, group in enumerate(groups)]  # fmt: skip
    plain = not any(image.axes for group in groups for image in group)
    if plain and size > 1 and len(groups) == size:
        return [replace(image, band=i) for i, group in enumerate(groups) for image in group]
    if nested and (len(groups) != size or not plain):
        raise InvalidOptionError(
            f"{name} has lists in a list, which are for images of several bands: expected one list "
            f"for each band of energy_edges, found {len(groups)} for {size}"
        )
    check_number(name, len(groups), None)
    if len(groups) > 1 and size > 1 and plain and name != "mask":
        raise InvalidOptionError(
            f"{name} has {len(groups)} images, expected one for each of the {size} bands of "
            "energy_edges; several images of one band are a list in the list, as in "
            f"{name}=[[a, b], ...]"
        )
    return [image for group in groups for image in group]


def _in_band(name: str, image: SkyMap, bands: Axis, number: int) -> SkyMap:
    """Return an image of one band without its own energies, which must be those of the band.

    Raises
    ------
    InvalidOptionError
        If it is another band.
    """
    own = image.axes[0] if image.axes else image.own_band
    if own is None or own.at_nodes or own.size != 1 or name == "mask":
        return image
    edges = bands.edges[number : number + 2]
    if same_axis(own.edges, edges):
        return replace(image, axes=(), own_band=None)
    if name == "exposure":  # its true energies may be others
        return image
    raise InvalidOptionError(
        f"{image.label} goes from {own.edges[0]:.4g} to {own.edges[1]:.4g} TeV by its energies, "
        f"expected {edges[0]:.4g} to {edges[1]:.4g} TeV, as energy_edges say for image "
        f"{number + 1} of {name}; correct energy_edges, or the order of the images"
    )


def image_in_band(image: SkyMap, bands: Axis) -> SkyMap:
    """Return a single image with the energies that the caller gives, one band of it.

    Raises
    ------
    InvalidOptionError
        If there are several bands, or the image has energies that differ from them.
    """
    if image.axes:
        return counts_with_energies(image, bands)
    if bands.size != 1:
        raise InvalidOptionError(
            f"energy_edges has {bands.size} bands, expected one for the single image {image.label}"
        )
    cube = RepeatedPlane(image.cube.without_axes(len(image.cube.shape) - 2), 1)
    return replace(image, cube=cube, axes=(bands,))


def check_number(name: str, number: int, bands: Axis | None) -> None:
    """Raise if there are several sources of a part that has one, and not one for each band.

    Raises
    ------
    InvalidOptionError
        If there are.
    """
    size = 1 if bands is None else bands.size
    if number == 1 or name in _SEVERAL or number == size:
        return
    raise InvalidOptionError(
        f"{name} must be one file or map, found {number}; a list is for images of several energy "
        "bands, with as many bands in energy_edges"
    )


def counts_with_energies(counts: SkyMap, bands: Axis | None) -> SkyMap:
    """Return the counts with the energies that they have, or with the bands of images.

    Raises
    ------
    FileFormatError
        If they have none.
    InvalidOptionError
        If they have other energies than the bands that the caller gives.
    """
    if not counts.axes:
        bands = bands or counts.own_band
        if bands is None:
            raise FileFormatError(
                f"{counts.label} has no energies, expected a cube with a table of them, such as "
                f"EBOUNDS; for an image give the edges of its energy band: {_EXAMPLE}"
            )
        return replace(counts, axes=(bands,))
    found = counts.axes[0]
    if bands is not None and not same_axis(found.edges, bands.edges):
        raise InvalidOptionError(
            f"energy_edges are for images without energies, but {counts.label} has {found.size} "
            f"energies from {found.edges[0]:.4g} to {found.edges[-1]:.4g} TeV; leave energy_edges "
            "out"
        )
    return counts


def planes_of_image(name: str, image: SkyMap, size: int) -> SkyMap:
    """Return an image without energies with one plane for each energy, or with that of its band.

    Parameters
    ----------
    name : str
        Variable of the maps Dataset.
    image : SkyMap
        Image, its cube (ny, nx) or with more axes of one element.
    size : int
        Number of energies.

    Raises
    ------
    FileFormatError
        If the image is a sum whose share at each energy is not known.
    """
    number = 1 if image.band is not None else size
    known = isinstance(image.cube, ConstantCube) or MAPS[name].kind != "sum"
    if number > 1 and not known:
        raise FileFormatError(
            f"{image.label} has no energies, expected {size} planes; for images of {size} bands "
            f"give {name} as a list of as many images"
        )
    plane = image.cube.without_axes(len(image.cube.shape) - 2)
    return replace(image, cube=RepeatedPlane(plane, number))


def combine_images(name: str, cubes: Sequence[tuple[int | None, Cube]]) -> Cube:
    """Return the cube of a variable: images of bands one upon the other, several combined.

    Several masks must all be True, and other images are added.

    Parameters
    ----------
    name : str
        Variable of the maps Dataset.
    cubes : sequence
        Band and cube of each image; None for cubes with all energies.
    """
    numbers = sorted({band for band, _ in cubes if band is not None})
    if not numbers:
        return _combine(name, [cube for _, cube in cubes])
    return StackedCube(
        tuple(_combine(name, [cube for band, cube in cubes if band == i]) for i in numbers)
    )


def _combine(name: str, cubes: Sequence[Cube]) -> Cube:
    if name == "mask":
        return CombinedCube(tuple(cubes), np.dtype(bool), _is_true, np.logical_and)
    if len(cubes) == 1:
        return cubes[0]
    dtype = np.result_type(*(cube.dtype for cube in cubes))
    return CombinedCube(tuple(cubes), dtype, np.asarray)


def _is_true(values: Any) -> Any:
    found = np.asarray(values != 0)
    return found & ~np.isnan(values) if values.dtype.kind == "f" else found
