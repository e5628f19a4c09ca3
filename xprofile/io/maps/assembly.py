"""Assembly of maps: parts are put together on the pixels and energies of the counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.core import indexing

from ...exceptions import FileFormatError
from ...maps.axes import Axis, add_axis, same_axis, same_energies
from ...maps.value_warnings import warn_of_other_energies
from ...schema.axes import energy_unit as unit_of
from ...schema.names import ENERGY_TRUE
from ...schema.variables import MAPS
from ..fits.cubes import ArrayCube, Cube
from ..fits.derived_cubes import (
    ConstantCube,
    EnergyInterpolatedCube,
    scaled_cube,
)
from ..fits.same_pixels import (
    covered_by,
    interpolate_pixels,
    pick_covered_pixels,
    pick_pixels,
    warn_of_uncovered,
)
from ..fits.skymap import SkyMap
from ..fits.units import number_scale, parse_unit, remedy_for, unit_factor
from .ctools.count_cubes import counts_of_rate, is_background_rate, warn_of_other_livetime
from .images.bands import combine_images, counts_with_energies, planes_of_image
from .images.exposures import check_exposure_unit, exposure_of_time
from .parts import IMAGES, RESPONSES, MapParts, Usable
from .responses import add_edisp, add_psf

__all__ = ["continued_psf", "maps_from_parts"]

# Factor up to which two energies are the same, as between axes. Ten times larger,
# narrow bins could be one; ten times smaller, energies in single precision would differ.
_SAME = 1 + 1e-5


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

    Warns
    -----
    DataWarning
        If a part does not cover all pixels or energies, or the exposure has another live time than
        the counts.
    """
    counts = counts_with_energies(parts.images["counts"][0], parts.bands)
    if "mask" not in skip:
        parts = _mask_uncovered(parts, counts, skip)
    maps = counts.coords(lazy=lazy)
    maps = add_axis(maps, counts.axes[0].to(energy_unit), counts.label)
    names = sorted(parts.images, key="exposure".__ne__)  # the exposure's goes with a background
    known = [image.livetime for name in names for image in parts.images[name]]
    livetime = next((time for time in [livetime, *known] if time), None)
    mask = None if "mask" in skip else _combine_masks(parts, counts)
    for name in IMAGES:
        if name not in parts.images or name in skip:
            continue
        images = parts.images[name]
        if name == "exposure":
            warn_of_other_livetime(images[0], counts)
        true = _true_axis(parts, images[0], counts) if name == "exposure" else None
        if true is not None:
            maps = add_axis(maps, true.to(energy_unit), images[0].label)
        area = parts.effective_area
        cubes = [(i.band, _match_counts(name, i, counts, true, livetime, area, mask))
                 for i in images]  # fmt: skip
        cube = combine_images(name, cubes)
        maps = maps.assign({name: _make_variable(name, cube, counts, lazy=lazy)})
    if mask is not None:
        maps = maps.assign(mask=_make_variable("mask", mask, counts, lazy=lazy))
    add = {"edisp": add_edisp, "psf": add_psf}
    for name in RESPONSES:
        if name in parts.responses and name not in skip:
            with Usable(name, parts):
                maps = add[name](maps, parts.responses[name], energy_unit)
    warn_of_other_energies(maps)
    return maps


def continued_psf(parts: MapParts, maps: xr.Dataset) -> list[str]:
    """Note for the history that a PSF has other energies than the exposure.

    It is interpolated to those of the exposure; energies beyond its own have that of the nearest
    one, see `interpolate_nodes`.
    """
    response = parts.responses.get("psf")
    if response is None or "psf" not in maps or response.dims[0] != ENERGY_TRUE:
        return []
    known, wanted = response.axes[0].to(unit_of(maps)), maps[ENERGY_TRUE].to_numpy()
    nodes = known.centres
    if same_axis(nodes, wanted):
        return []
    beyond = np.count_nonzero((wanted < nodes[0] / _SAME) | (wanted > nodes[-1] * _SAME))
    ends = f", continued to {beyond} beyond by the nearest" if beyond else ""
    return [
        f"{response.label}, known at {nodes.size} energies from {nodes[0]:.4g} to {nodes[-1]:.4g} "
        f"{known.unit}, interpolated to the {wanted.size} of the exposure{ends}"
    ]


def _combine_masks(parts: MapParts, counts: SkyMap) -> Cube | None:
    """Return the mask of all masks, on the pixels and energies of the counts; None without any."""
    masks = parts.images.get("mask", [])
    cubes = [(mask.band, _match_counts("mask", mask, counts)) for mask in masks]
    return combine_images("mask", cubes) if cubes else None


def _true_axis(parts: MapParts, exposure: SkyMap, counts: SkyMap) -> Axis:
    """Return the axis of true energy: that of the exposure, or the bins of the energy dispersion.

    The bins are used if the exposure is given at nodes. It is then interpolated to the bins. One
    image without energies has them too, or those of the counts if there is no energy dispersion.

    Raises
    ------
    FileFormatError
        If the exposure does not cover the energies of the energy dispersion.
    """
    edisp = parts.responses.get("edisp")
    if not exposure.axes:
        given = edisp is None or exposure.band is not None
        axis = counts.axes[0] if edisp is None or given else edisp.axes[0]
        constant = parts.bands is not None or parts.effective_area is not None
        if axis.size > 1 and not constant and not isinstance(exposure.cube, ConstantCube):
            raise FileFormatError(
                f"{exposure.label} has no energies, expected a cube with a table of them, such as "
                "ENERGIES; of a time, give the effective area at each energy: effective_area="
            )
        return replace(axis, name=ENERGY_TRUE)
    axis = exposure.axes[0]
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
            "make the exposure over this range, or give edisp=None to go without the dispersion"
        )
    return wanted


def _match_counts(
    name: str,
    image: SkyMap,
    counts: SkyMap,
    true: Axis | None = None,
    livetime: float | None = None,
    area: NDArray[np.float64] | None = None,
    mask: Cube | None = None,
) -> Cube:
    """Return an image on the pixels of the counts, at the variable's energies and in its unit."""
    axis = true or counts.axes[0]
    if not image.axes:
        planes = planes_of_image(name, image, axis.size)
        cube = _match_pixels(name, planes, counts, mask)
        return _convert_unit(name, cube, image, area, axis.size)
    cube = _match_pixels(name, image, counts, mask)
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
    elif not same_energies(found, axis):
        raise FileFormatError(
            f"{image.label} has {found.name} {found.centres} TeV, {counts.label} {axis.centres}; "
            "all maps need the same energies"
        )
    return _convert_unit(name, cube, image, area, axis.size)


def _match_pixels(name: str, image: SkyMap, counts: SkyMap, mask: Cube | None) -> Cube:
    if _may_be_interpolated(name, image):
        return interpolate_pixels(image, counts)
    if name == "mask":
        return pick_covered_pixels(image, counts)
    return pick_pixels(image, counts, mask)


def _mask_uncovered(parts: MapParts, counts: SkyMap, skip: Collection[str]) -> MapParts:
    """Add masks of the pixels of the counts that masks and maps on other pixels do not cover."""
    uncovered = [
        replace(counts, cube=ArrayCube(covered), axes=(), unit=None, label=image.label)
        for name in ("exposure", "background", "mask")
        for image in (parts.images.get(name, []) if name not in skip else [])
        if name == "mask" or _may_be_interpolated(name, image)
        if not (covered := covered_by(image, counts, interpolate=name != "mask")).all()
    ]
    for mask in uncovered:
        warn_of_uncovered(mask, counts)
    known = parts.images.get("mask", [])
    bands = {mask.band for mask in known} or {None}
    masks = [*known, *(replace(mask, band=band) for mask in uncovered for band in bands)]
    return replace(parts, images=parts.images | {"mask": masks}) if uncovered else parts


def _may_be_interpolated(name: str, image: SkyMap) -> bool:
    return name == "exposure" or (name == "background" and is_background_rate(image))


def _convert_unit(
    name: str, cube: Cube, image: SkyMap, area: NDArray[np.float64] | None, size: int
) -> Cube:
    entry = MAPS[name]
    if not entry.unit:
        _check_no_unit(name, image)
        scale = number_scale(image.unit, image.label) if name != "mask" else 1.0
        return cube if scale == 1 else scaled_cube(cube, scale, np.dtype(float))
    if area is not None:
        return exposure_of_time(cube, image, area, size)
    check_exposure_unit(image)
    unit = image.unit or (None if image.has_bands else entry.unit)
    factor = unit_factor(unit, entry.unit, image.label)
    dtype = cube.dtype if cube.dtype.kind == "f" else np.dtype(float)
    if factor == 1 and cube.dtype == dtype:
        return cube
    return scaled_cube(cube, factor, dtype)


def _check_no_unit(name: str, image: SkyMap) -> None:
    """Raise if the values have a unit, but numbers of events or plain numbers are expected."""
    if name == "mask":
        return
    parse_unit(image.unit, image.label, remedy_for(name))
    if not image.has_no_unit:
        raise FileFormatError(
            f"{image.label} has the unit {image.unit!r}, expected {name} without one; multiply "
            "a flux or rate by the exposure or time first; if the unit is wrong, give "
            f"unit={{{name!r}: 'ct'}}"
        )


def _make_variable(name: str, cube: Cube, counts: SkyMap, *, lazy: bool) -> xr.Variable:
    entry = MAPS[name]
    dims = (entry.dims[0], *counts.sky_dims)
    cube = cube.squeezed([1]) if len(dims) == 2 else cube
    if lazy:
        return xr.Variable(dims, indexing.LazilyIndexedArray(cube), entry.attrs)
    values = cube.read()
    repeated = values.strides[0] == 0 and not values.flags.writeable  # of one plane
    return xr.Variable(dims, values.copy() if repeated else values, entry.attrs)
