"""Stages of the way from maps to a profile: where a Dataset stands, and what it lacks."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, Literal, TypeAlias

import xarray as xr

from .names import (
    BIN_DIMS,
    CELL,
    CELL_IDS,
    ENERGY,
    HEALPIX,
    KNOWN_DIMS,
    LAT,
    LON,
    PARAMETER,
    SED_TYPE,
    TEMPLATE,
    WCS_NAME,
    high,
    low,
)

__all__ = [
    "FIT_STAGES",
    "STAGES",
    "Stage",
    "find_array_stage",
    "find_stage",
    "further_dims",
    "grid_names",
    "is_healpix",
    "is_map_image",
    "missing_names",
    "sky_dims",
]

Stage: TypeAlias = Literal["maps", "binned", "profile", "templates", "shape", "spectra"]
STAGES: Final = {
    "maps": "maps",
    "binned": "binned data",
    "profile": "a profile",
    "templates": "a fit of templates",
    "shape": "a fit of a shape",
    "spectra": "a fit of spectra",
}
FIT_STAGES: Final = ("templates", "shape", "spectra")
_EDGES = (low(ENERGY), high(ENERGY))
_NEEDED: dict[str, tuple[str, ...]] = {
    "maps": ("counts", "exposure", *_EDGES),
    "binned": ("counts", "exposure", "solid_angle", "coverage", *_EDGES),
    "profile": _EDGES,
    "templates": ("norm", "npred", "counts"),
    "shape": ("value", "err"),
    "spectra": ("ts", "status"),
}


def find_stage(data: xr.Dataset) -> Stage | None:
    """Tell the stage of a Dataset, a key of `STAGES`, or None.

    A profile has a sed type in its attrs, and fits have the names of their templates or parameters
    as a coordinate. Maps have a coordinate ``wcs`` or ``healpix``, or counts or exposure on pixels.
    Binned data have an exposure, a solid angle and a coverage or counts. `missing_names` checks the
    rest.
    """
    names = set(data.variables)
    if SED_TYPE in data.attrs:
        return "profile"
    on_pixels = {LAT, LON} <= set(data.dims) or CELL in data.dims
    if {WCS_NAME, HEALPIX} & set(data.coords) or (on_pixels and {"counts", "exposure"} & names):
        return "maps"
    if TEMPLATE in data.coords and {"norm", "npred"} <= names:
        return "templates"
    if PARAMETER in data.coords:
        fits = {"shape": {"value", "err"} <= names, "spectra": {"ts", "status"} <= names}
        return next((stage for stage, found in fits.items() if found), None)  # type: ignore[misc]
    binned = {"exposure", "solid_angle"} <= names and {"counts", "coverage"} & names
    return "binned" if binned else None


def is_map_image(array: xr.DataArray) -> bool:
    """Whether a DataArray has pixels on the sky."""
    if CELL in array.dims:
        return HEALPIX in array.coords
    return WCS_NAME in array.coords and {LAT, LON} <= set(array.dims)


def find_array_stage(array: xr.DataArray) -> Literal["image", "quantity"] | None:
    """Tell whether a DataArray is a map image, or a variable along bins or of one bin."""
    if is_map_image(array):
        return "image"
    of_one = ENERGY in array.dims and set(BIN_DIMS) & set(array.coords)
    return "quantity" if set(BIN_DIMS) & set(array.dims) or of_one else None


def is_healpix(data: xr.Dataset | xr.DataArray | xr.Variable) -> bool:
    """Whether the pixels of maps are the cells of a HEALPix grid, not those of a plane."""
    return CELL in data.dims or HEALPIX in getattr(data, "coords", ())


def sky_dims(data: xr.Dataset | xr.DataArray | xr.Variable) -> tuple[str, ...]:
    """Dims of the pixels of maps: ``cell`` on a HEALPix grid, ``lat`` and ``lon`` on a plane."""
    return (CELL,) if is_healpix(data) else (LAT, LON)


def grid_names(data: xr.Dataset | xr.DataArray) -> tuple[str, ...]:
    """Names of the coordinates that tell where the pixels of maps are."""
    return (CELL_IDS, HEALPIX) if is_healpix(data) else ("x", "y", WCS_NAME)


def further_dims(data: xr.Dataset | xr.DataArray) -> tuple[Hashable, ...]:
    """Dims without a meaning here, such as ``time`` or ``toy``, which results are broadcast over.

    Those of the counts come first, in their order.
    """
    known = [data.variables["counts"]] if isinstance(data, xr.Dataset) and "counts" in data else []
    dims = dict.fromkeys(dim for some in (*known, data) for dim in some.dims)
    return tuple(dim for dim in dims if dim not in KNOWN_DIMS)


def missing_names(data: xr.Dataset, stage: Stage) -> list[str]:
    """Names of the variables and coordinates that a Dataset lacks for a stage.

    Maps and binned data may have no background: it can come later, and a fit asks for it.
    """
    needed = list(_NEEDED[stage])
    if stage == "profile":
        sed_type = str(data.attrs.get(SED_TYPE, "likelihood"))
        needed.insert(0, "norm" if sed_type == "likelihood" else sed_type)
    if stage == "maps":
        needed += grid_names(data)
    if stage != "profile" and "counts_off" in data:
        needed += ["acceptance", "acceptance_off"]
    return [name for name in needed if name not in data.variables]
