"""Assembly of maps: parts are put together on the pixels and energies of the counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.core import indexing

from ...exceptions import FileFormatError
from ...maps.axes import Axis, add_axis, same_axis
from ...maps.wcs import grid_coords
from ...schema.names import LAT, LON
from ...schema.variables import MAPS
from ..fits.cubes import Cube
from ..fits.derived_cubes import (
    CombinedCube,
    EnergyInterpolatedCube,
    RegriddedCube,
    RepeatedPlane,
    scaled_cube,
)
from ..fits.skymap import SkyMap
from ..fits.units import parse_unit, unit_factor
from .ctools import counts_of_rate, is_background_rate
from .parts import IMAGES, RESPONSES, MapParts
from .responses import add_edisp, add_psf

__all__ = ["maps_from_parts"]


def maps_from_parts(
    parts: MapParts,
    energy_unit: str,
    *,
    skip: Collection[str] = (),
    livetime: float | None = None,
    lazy: bool = False,
) -> xr.Dataset:
    """Put parts together on the pixels and energies of the counts.

    Parameters
    ----------
    parts : MapParts
        The parts, with counts at least.
    energy_unit : str
        Unit of both energy axes.
    skip : collection of str
        Variables to leave out.
    livetime : float, optional
        Live time in s for background rates; by default that of a header.
    lazy : bool
        Leave the values of images unread.

    Raises
    ------
    FileFormatError
        If parts have different pixels or energies, or an unknown unit.
    """
    counts = parts.images["counts"][0]
    if not counts.axes:
        raise FileFormatError(
            f"{counts.label} has no energies, expected a cube with a table of them, such as EBOUNDS"
        )
    maps = xr.Dataset(coords=grid_coords(counts.wcs, counts.image_shape))
    maps = add_axis(maps, counts.axes[0].to(energy_unit), counts.label)
    known = [m.livetime for images in parts.images.values() for m in images]
    livetime = next((time for time in [livetime, *known] if time), None)
    for name in (*IMAGES, "mask"):
        if name not in parts.images or name in skip:
            continue
        images = parts.images[name]
        true = _true_axis(parts, images[0]) if name == "exposure" else None
        if true is not None:
            maps = add_axis(maps, true.to(energy_unit), images[0].label)
        cubes = [_match_counts(name, image, counts, true, livetime) for image in images]
        maps = maps.assign({name: _make_variable(name, cubes, lazy=lazy)})
    add = {"edisp": add_edisp, "psf": add_psf}
    for name in RESPONSES:
        if name in parts.responses and name not in skip:
            maps = add[name](maps, parts.responses[name], energy_unit)
    return maps


def _true_axis(parts: MapParts, exposure: SkyMap) -> Axis:
    """Return the axis of true energy: that of the exposure, or the bins of the energy dispersion.

    The bins are used if the exposure is given at nodes. It is then interpolated to the bins.

    Raises
    ------
    FileFormatError
        If the exposure does not cover the energies of the energy dispersion.
    """
    if not exposure.axes:
        raise FileFormatError(
            f"{exposure.label} has no energies, expected a cube with a table of them, such as "
            "ENERGIES"
        )
    axis = exposure.axes[0]
    edisp = parts.responses.get("edisp")
    if edisp is None:
        return axis
    wanted = edisp.axes[0]
    if same_axis(axis.centres, wanted.centres) or not axis.at_nodes or wanted.at_nodes:
        return axis
    inside = (axis.edges[0] <= wanted.centres) & (wanted.centres <= axis.edges[-1])
    if not inside.all():
        raise FileFormatError(
            f"{exposure.label} is known from {axis.centres[0]:.4g} to {axis.centres[-1]:.4g} TeV, "
            f"{edisp.label} goes from {wanted.centres[0]:.4g} to {wanted.centres[-1]:.4g} TeV; "
            "make the exposure over this range"
        )
    return wanted


def _match_counts(
    name: str, image: SkyMap, counts: SkyMap, true: Axis | None, livetime: float | None
) -> Cube:
    """Return an image on the pixels of the counts, at the variable's energies and in its unit."""
    cube = _match_pixels(name, image, counts)
    axis = true or counts.axes[0]
    if not image.axes and name == "mask":
        return RepeatedPlane(cube.without_axes(len(cube.shape) - 2), axis.size)
    if not image.axes:
        raise FileFormatError(f"{image.label} has no energies, expected {axis.size} planes")
    found = image.axes[0]
    if name == "background" and is_background_rate(image):
        return counts_of_rate(cube, image, counts, livetime)
    if found.at_nodes and not image.has_bands and true is None:
        raise FileFormatError(
            f"{image.label} has values at {found.size} energies, expected one for each of "
            f"{axis.size} bins between edges"
        )
    if true is not None and not same_axis(found.centres, true.centres):
        cube = EnergyInterpolatedCube(cube, found.centres, true.centres)
    elif not same_axis(found.centres, axis.centres):
        raise FileFormatError(
            f"{image.label} has {found.name} {found.centres} TeV, {counts.label} {axis.centres}; "
            "all maps need the same energies"
        )
    return _convert_unit(name, cube, image)


def _match_pixels(name: str, image: SkyMap, counts: SkyMap) -> Cube:
    if image.same_pixels(counts):
        return image.cube
    if name == "exposure":
        return RegriddedCube(image.cube, image.wcs, counts.wcs, counts.image_shape)
    raise FileFormatError(
        f"{image.label} is on other pixels than {counts.label}: their WCS differ; reproject "
        "it, or make it on the same pixels"
    )


def _convert_unit(name: str, cube: Cube, image: SkyMap) -> Cube:
    entry = MAPS[name]
    if not entry.unit:
        _check_no_unit(name, image)
        return cube
    unit = image.unit or (None if image.has_bands else entry.unit)
    factor = unit_factor(unit, entry.unit, image.label)
    dtype = cube.dtype if cube.dtype.kind == "f" else np.dtype(float)
    if factor == 1 and cube.dtype == dtype:
        return cube
    return scaled_cube(cube, factor, dtype)


def _check_no_unit(name: str, image: SkyMap) -> None:
    """Raise if the values have a unit, but numbers of events or plain numbers are expected."""
    if name == "mask" or image.has_no_unit:
        return
    if not parse_unit(image.unit, image.label).is_equivalent(""):
        raise FileFormatError(
            f"{image.label} has the unit {image.unit!r}, expected {name} without one; fold a flux "
            "with the exposure first, or drop the unit if it is wrong"
        )


def _make_variable(name: str, cubes: Sequence[Cube], *, lazy: bool) -> xr.Variable:
    """Make a variable of one image, of the sum of several, or of masks that must all be True."""
    cube = cubes[0]
    if name == "mask":
        cube = CombinedCube(tuple(cubes), np.dtype(bool), _is_true, np.logical_and)
    elif len(cubes) > 1:
        dtype = np.result_type(*(cube.dtype for cube in cubes))
        cube = CombinedCube(tuple(cubes), dtype, np.asarray)
    entry = MAPS[name]
    dims = (entry.dims[0], LAT, LON)
    values = indexing.LazilyIndexedArray(cube) if lazy else cube.read()
    return xr.Variable(dims, values, entry.attrs)


def _is_true(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((values != 0) & ~np.isnan(values))
