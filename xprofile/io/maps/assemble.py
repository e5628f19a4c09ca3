"""Parts of maps put together to a maps Dataset, on the pixels and energies of the counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.core import indexing

from ...exceptions import FileFormatError
from ...maps.axes import Axis, add_axis, same_axis
from ...maps.wcs import grid_coords
from ...schema.names import ENERGY_UNIT, LAT, LON
from ...schema.variables import MAPS
from ..fits.cubes import Cube
from ..fits.derived_cubes import EnergyInterpolated, Joined, Regridded, Repeated
from ..fits.files import factor_to, unit_of
from ..fits.skymap import SkyMap
from .ctools import RATE_UNIT, CountsOfRate
from .parts import IMAGES, RESPONSES, Parts
from .responses import add_edisp, add_psf

__all__ = ["assemble"]

# what writers call the unit of numbers of events, in lower case
_COUNTED = ("", "count", "counts", "ct", "event", "events", "ph", "photon", "photons")


def assemble(
    parts: Parts,
    energy_unit: str,
    *,
    skip: Collection[str] = (),
    livetime: float | None = None,
    lazy: bool = False,
) -> xr.Dataset:
    """Put parts together on the pixels and energies of the counts.

    Parameters
    ----------
    parts : Parts
        With counts at least.
    energy_unit : str
        Unit for both energy axes.
    skip : collection of str
        Variables to leave out.
    livetime : float, optional
        In s, for background rates; else that of a header.
    lazy : bool
        Leave images unread.

    Raises
    ------
    FileFormatError
        If parts differ in their pixels or energies, or a unit is none.
    """
    counts = parts.images["counts"][0]
    if not counts.axes:
        raise FileFormatError(
            f"{counts.where} has no energies, expected a cube with a table of them, such as EBOUNDS"
        )
    maps = xr.Dataset(coords=grid_coords(counts.wcs, counts.size))
    scale = u.Unit(ENERGY_UNIT).to(energy_unit)
    maps = add_axis(maps, counts.axes[0].times(scale), counts.where, energy_unit)
    known = [m.livetime for images in parts.images.values() for m in images]
    livetime = next((time for time in [livetime, *known] if time), None)
    for name in (*IMAGES, "mask"):
        if name not in parts.images or name in skip:
            continue
        images = parts.images[name]
        true = _true_axis(parts, images[0]) if name == "exposure" else None
        if true is not None:
            maps = add_axis(maps, true.times(scale), images[0].where, energy_unit)
        cubes = [_on_counts(name, image, counts, true, livetime) for image in images]
        maps = maps.assign({name: _variable(name, cubes, lazy=lazy)})
    add = {"edisp": add_edisp, "psf": add_psf}
    for name in RESPONSES:
        if name in parts.responses and name not in skip:
            maps = add[name](maps, parts.responses[name], energy_unit)
    return maps


def _true_axis(parts: Parts, exposure: SkyMap) -> Axis:
    """Axis of true energy: that of the exposure, or of an energy dispersion with bins of its own.

    Raises
    ------
    FileFormatError
        If the exposure is not known at the energies of the energy dispersion.
    """
    if not exposure.axes:
        raise FileFormatError(
            f"{exposure.where} has no energies, expected a cube with a table of them, such as "
            "ENERGIES"
        )
    own = exposure.axes[0]
    edisp = parts.responses.get("edisp")
    if edisp is None:
        return own
    wanted = edisp.axes[0]
    if same_axis(own.centres, wanted.centres) or not own.at_nodes or wanted.at_nodes:
        return own
    inside = (own.edges[0] <= wanted.centres) & (wanted.centres <= own.edges[-1])
    if not inside.all():
        raise FileFormatError(
            f"{exposure.where} is known from {own.centres[0]:.4g} to {own.centres[-1]:.4g} TeV, "
            f"{edisp.where} goes from {wanted.centres[0]:.4g} to {wanted.centres[-1]:.4g} TeV; "
            "make the exposure over this range"
        )
    return wanted


def _on_counts(
    name: str, image: SkyMap, counts: SkyMap, true: Axis | None, livetime: float | None
) -> Cube:
    """Values of an image on the counts' pixels and its axis, in the unit of the maps Dataset."""
    cube: Cube = image.cube
    if not image.same_pixels(counts) and name == "exposure":
        cube = Regridded(cube, image.wcs, counts.wcs, counts.size)
    elif not image.same_pixels(counts):
        raise FileFormatError(
            f"{image.where} is on other pixels than {counts.where}: their WCS differ; reproject "
            "it, or make it on the same pixels"
        )
    axis = true or counts.axes[0]
    if not image.axes and name == "mask":
        return Repeated(cube.without_axes(len(cube.shape) - 2), axis.size)
    if not image.axes:
        raise FileFormatError(f"{image.where} has no energies, expected {axis.size} planes")
    own = image.axes[0]
    if name == "background" and _is_rate(image):
        return _counts_of_rate(cube, image, counts, livetime)
    if own.at_nodes and not image.by_gadf and true is None:
        raise FileFormatError(
            f"{image.where} has values at {own.size} energies, expected one for each of "
            f"{axis.size} bins between edges"
        )
    if true is not None and not same_axis(own.centres, true.centres):
        cube = EnergyInterpolated(cube, own.centres, true.centres)
    elif not same_axis(own.centres, axis.centres):
        raise FileFormatError(
            f"{image.where} has {own.name} {own.centres} TeV, {counts.where} {axis.centres}; all "
            "maps need the same energies"
        )
    return _scaled(name, cube, image)


def _scaled(name: str, cube: Cube, image: SkyMap) -> Cube:
    entry = MAPS[name]
    if not entry.unit:
        _check_counted(name, image)
        return cube
    unit = image.unit or (None if image.by_gadf else entry.unit)
    factor = factor_to(unit, entry.unit, image.where)
    dtype = cube.dtype if cube.dtype.kind == "f" else np.dtype(float)
    if factor == 1 and cube.dtype == dtype:
        return cube
    return Joined((cube,), dtype, partial(_times, factor=factor, dtype=dtype))


def _check_counted(name: str, image: SkyMap) -> None:
    """Refuse what has a unit, where numbers of events or plain numbers are expected."""
    if name == "mask" or _has_no_unit(image):
        return
    if not unit_of(image.unit, image.where).is_equivalent(""):
        raise FileFormatError(
            f"{image.where} has the unit {image.unit!r}, expected {name} without one; fold a flux "
            "with the exposure first, or drop the unit if it is wrong"
        )


def _times(values: NDArray[Any], factor: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.asarray(np.multiply(values, factor, dtype=dtype))


def _is_rate(image: SkyMap) -> bool:
    """Whether a background is one of ctbkgcube: at nodes, or in the unit of a rate."""
    if _has_no_unit(image):
        return image.axes[0].at_nodes and not image.by_gadf
    return bool(unit_of(image.unit, image.where).is_equivalent(RATE_UNIT))


def _has_no_unit(image: SkyMap) -> bool:
    """Whether an image is of plain numbers, or of numbers of events."""
    return (image.unit or "").strip().lower() in _COUNTED


def _counts_of_rate(cube: Cube, image: SkyMap, counts: SkyMap, livetime: float | None) -> Cube:
    if livetime is None:
        raise FileFormatError(
            f"{image.where} is a background rate, and no header has a LIVETIME for it; expected "
            "an exposure of ctexpcube beside it, or livetime=..., a Quantity of time"
        )
    factor = factor_to(image.unit or RATE_UNIT, "s-1 TeV-1 sr-1", image.where)
    rate = Joined((cube,), np.dtype(float), partial(_times, factor=factor, dtype=np.dtype(float)))
    return CountsOfRate(rate, image.axes[0].centres, counts.axes[0].edges, counts.wcs, livetime)


def _variable(name: str, cubes: Sequence[Cube], *, lazy: bool) -> xr.Variable:
    """Variable of one image, of several added up, or of masks that all have to be True."""
    cube = cubes[0]
    if name == "mask":
        cube = Joined(tuple(cubes), np.dtype(bool), _not_zero, np.logical_and)
    elif len(cubes) > 1:
        dtype = np.result_type(*(cube.dtype for cube in cubes))
        cube = Joined(tuple(cubes), dtype, np.asarray)
    entry = MAPS[name]
    dims = (entry.dims[0], LAT, LON)
    values = indexing.LazilyIndexedArray(cube) if lazy else cube.read()
    return xr.Variable(dims, values, entry.attrs)


def _not_zero(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((values != 0) & ~np.isnan(values))
