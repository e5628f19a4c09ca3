"""A part of maps: cut out round a position, or without excluded regions."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any, TypeVar

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..bins.shapes.shape import SphereMembers
from ..bins.skybins import AnyBins, SkyBins, as_bins
from ..exceptions import InvalidBinsError, InvalidDataError, InvalidOptionError
from ..maps.grid import from_planes, sky_grid
from ..maps.healpix.grid import HealpixGrid
from ..schema.history import extend_history
from ..schema.names import CELL, ENERGY, ENERGY_TRUE, LAT, LON
from ..schema.number_checks import is_used
from ..schema.options import suggests_options
from ..schema.stages import grid_names, sky_dims
from ..schema.variables import MAPS
from .empty_bins import warn_of_nothing_excluded
from .members.finding import find_members

__all__ = ["cutout", "exclude"]

Map = TypeVar("Map", xr.Dataset, xr.DataArray)


@suggests_options
def exclude(maps: xr.Dataset, regions: AnyBins | xr.DataArray) -> xr.Dataset:
    """Mask regions, such as those of other sources, or pixels, such as those without exposure.

    Parameters
    ----------
    maps : xarray.Dataset
        Maps, with or without a ``mask``.
    regions : SkyBins, list of regions.SkyRegion or xarray.DataArray
        Pixels whose centre is in one of them are not used at any energy; an empty list changes
        nothing. A map of booleans on the same pixels is True in the pixels that are not used: at
        each energy, or at all energies if it has no dim ``energy``. With true energies, such as
        ``maps.exposure == 0``, it must be True at all of them.

    Returns
    -------
    xarray.Dataset
        The maps with this variable replaced or added; the others are unchanged.

        - ``mask`` (energy, lat, lon), in HEALPix (energy, cell), bool: False in the regions and
          where it was False before.

    Raises
    ------
    InvalidBinsError
        If `regions` are neither SkyBins nor sky regions.
    InvalidDataError
        If a map is not one of booleans, has other dims or other pixels than `maps`, or has lost
        the coordinates that tell its pixels.

    Warns
    -----
    DataWarning
        If none of the regions has a pixel of the maps, as with a wrong frame.

    See Also
    --------
    xprofile.cutout : Keep only a rectangle of the maps.
    xprofile.bin_maps : Sum maps over bins, without masked pixels.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from regions import CircleSkyRegion
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> source = SkyCoord(1.4, 0.1, unit="deg", frame="galactic")
    >>> masked = xprofile.exclude(maps, [CircleSkyRegion(source, 0.5 * u.deg)])
    >>> maps.mask[0].sum().item(), masked.mask[0].sum().item()
    (57600, 57284)
    >>> seen = xprofile.exclude(maps, maps.exposure == 0)  # pixels without exposure
    >>> int(seen.mask.sum() - maps.mask.sum())
    0
    """
    if isinstance(regions, xr.DataArray):
        masked = _mask_pixels(maps, _inside(regions, maps))
        return extend_history(masked, maps, f"exclude pixels of {regions.name or 'a map'}")
    if not isinstance(regions, SkyBins) and isinstance(regions, Sized) and not len(regions):
        return maps
    grid, bins = sky_grid(maps), as_bins(regions)
    outside, members = np.ones(grid.shape, bool), find_members(bins, grid).pixel
    outside.flat[members] = False
    if not members.size:
        warn_of_nothing_excluded(bins, grid)
    left_out = from_planes(xr.Variable((LAT, LON), ~outside), grid)
    masked = _mask_pixels(maps, xr.DataArray(left_out))
    return extend_history(masked, maps, f"exclude {bins!r}")


def _mask_pixels(maps: xr.Dataset, left_out: xr.DataArray) -> xr.Dataset:
    """Set the mask to False where a map of booleans, with energies or without, is True."""
    old = maps.get("mask", xr.ones_like(maps["counts"], dtype=bool))
    mask = is_used(old) & ~left_out.variable
    dims = (ENERGY, *sky_dims(maps))
    values = mask.transpose(*dims).data
    return maps.assign(mask=xr.Variable(dims, values, MAPS["mask"].attrs))


def _inside(pixels: xr.DataArray, maps: xr.Dataset) -> xr.DataArray:
    """Return a map of booleans on the pixels of the maps, without true energies.

    Raises
    ------
    InvalidDataError
        If it is not one of booleans, or has other dims or pixels.
    """
    sky = sky_dims(maps)
    others = set(pixels.dims) - {*sky, ENERGY, ENERGY_TRUE}
    if pixels.dtype != bool or others or not set(sky) <= set(pixels.dims):
        raise InvalidDataError(
            f"a map of pixels to exclude must have booleans and the dims (energy, {', '.join(sky)})"
            f" or ({', '.join(sky)}), found {pixels.dtype} with {pixels.dims}; compare it with a "
            "number, such as maps.exposure == 0"
        )
    if ENERGY_TRUE in pixels.dims:
        pixels = pixels.all(ENERGY_TRUE)
    _check_known(pixels, maps)
    known = [name for name in grid_names(maps) if name in pixels.coords]
    for name in (*pixels.dims, *known):
        if pixels.sizes.get(name) == maps.sizes.get(name) and _are_same(name, pixels, maps):
            continue
        here, there = (np.atleast_1d(data[name].to_numpy()) for data in (pixels, maps))
        if not np.array_equal(here, there):
            raise InvalidDataError(
                f"the map of pixels to exclude is not on the pixels of the maps: its {name} is "
                f"{here}, theirs is {there}; make it of these maps, such as maps.exposure == 0"
            )
    return pixels


def _check_known(pixels: xr.DataArray, maps: xr.Dataset) -> None:
    """Raise if a map of booleans has lost a coordinate that tells which pixels it has.

    xarray drops those in which the terms of a sum differ. An array without any coordinate is taken
    to be made for the pixels in their order.
    """
    lost = [name for name in grid_names(maps) if name in maps.coords and name not in pixels.coords]
    if lost and pixels.coords:
        raise InvalidDataError(
            f"the map of pixels to exclude has no coordinate {lost}, so its pixels are not known, "
            "as after a sum of maps on other pixels; make it of these maps, such as "
            "maps.exposure == 0"
        )


def _are_same(name: Any, pixels: xr.DataArray, maps: xr.Dataset) -> bool:
    """Whether a coordinate is in neither of two maps, or dask has one and the same array of both.

    So that the numbers of many cells need not be compared.
    """
    if name not in pixels.coords and name not in maps.coords:
        return True
    tokens = [getattr(data[name].data, "name", None) for data in (pixels, maps)]
    return None not in tokens and tokens[0] == tokens[1]


@suggests_options
def cutout(
    data: Map,
    center: SkyCoord,
    width: u.Quantity | tuple[u.Quantity, u.Quantity] | None = None,
    *,
    radius: u.Quantity | None = None,
) -> Map:
    """Cut out the smallest rectangle of pixels that contains a box or a circle on the sky.

    In HEALPix, the cells with their centre in it; of one smaller than the cells, those that it
    touches.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Maps, or one map.
    center : SkyCoord
        Centre of the box or circle, a single position. The sides of the box point East and North in
        its frame.
    width : Quantity or pair of Quantity, optional
        Full width of the box as an angle; or its width from East to West, and its height from
        North to South, such as ``(4, 2) * u.deg``.
    radius : Quantity, optional
        Radius of a circle, in place of `width`.

    Returns
    -------
    xarray.Dataset or xarray.DataArray
        All variables on a selection of the same pixels; values are not interpolated.

    Raises
    ------
    InvalidBinsError
        If the width or radius is not a positive angle, or the box or circle is beyond the map.
    InvalidOptionError
        If both or none of them are given.

    See Also
    --------
    xprofile.exclude : Mask regions of the maps.
    xprofile.coarsen : Join pixels to larger ones.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> sgr_a = SkyCoord(359.944, -0.046, unit="deg", frame="galactic")
    >>> part = xprofile.cutout(maps, sgr_a, (4 * u.deg, 2 * u.deg))
    >>> part.counts.sizes["lon"], part.counts.sizes["lat"]
    (81, 41)
    """
    region = _region(center, width, radius)
    grid = sky_grid(data)
    shape: SphereMembers = region.shape  # type: ignore[assignment]
    if isinstance(grid, HealpixGrid):
        cells = find_members(region, grid).pixel
        if not cells.size:
            cells = grid.find_pixels(shape.sample())
        cells = np.unique(cells[cells >= 0])
        _check_found(cells, region)
        return data.isel({CELL: cells})
    x, y = np.rint(grid.pixel(shape.sample()))
    on_map = _between(x, grid.x) & _between(y, grid.y)
    code = shape.coder(grid.frame, grid.pixel_size)(grid.vectors(grid.x, grid.y[:, None]))
    row, column = np.nonzero(code >= 0)
    x, y = np.append(x[on_map], grid.x[column]), np.append(y[on_map], grid.y[row])
    _check_found(x, region)
    return data.isel(
        {LON: np.flatnonzero(_between(grid.x, x)), LAT: np.flatnonzero(_between(grid.y, y))}
    )


def _region(center: SkyCoord, width: Any, radius: Any) -> SkyBins:
    """Make the box or the circle to cut out, as a single bin."""
    if (width is None) == (radius is None):
        raise InvalidOptionError(
            f"width={width!r} and radius={radius!r} were given; give the width of a box, such as "
            "4 * u.deg, or the radius of a circle"
        )
    if width is None:
        return SkyBins.annuli(center, radius_max=radius, nbin=1)
    pair = isinstance(width, tuple) or getattr(width, "shape", ()) == (2,)
    full_width, full_height = width if pair else (width, width)
    return SkyBins.grid(center, width=full_width, height=full_height, nbin=(1, 1))


def _check_found(found: NDArray[Any], region: SkyBins) -> None:
    """Raise if no pixel is in a region."""
    if not found.size:
        raise InvalidBinsError(f"{region!r} round {region.center[0]!r} is off the map")


def _between(pixels: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether pixel numbers are in the range of others; False for NaN."""
    return np.asarray((pixels >= others.min()) & (pixels <= others.max()))
