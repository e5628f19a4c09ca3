"""A part of maps: cut out round a position, or without excluded regions."""

from __future__ import annotations

from collections.abc import Sized
from typing import TypeVar

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..bins.shapes.boxes import Boxes
from ..bins.skybins import AnyBins, SkyBins, as_bins
from ..exceptions import InvalidBinsError, InvalidDataError
from ..maps.wcs import pixel_grid
from ..schema.history import extend_history
from ..schema.names import ENERGY, ENERGY_TRUE, LAT, LON, WCS_NAME
from ..schema.number_checks import is_used
from ..schema.options import suggests_options
from ..schema.variables import MAPS, data_array
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

        - ``mask`` (energy, lat, lon), bool: False in the regions and where it was False before.

    Raises
    ------
    InvalidBinsError
        If `regions` are neither SkyBins nor sky regions.
    InvalidDataError
        If a map is not one of booleans, or has other dims or other pixels than `maps`.

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
    grid, bins = pixel_grid(maps), as_bins(regions)
    outside, members = np.ones(grid.shape, bool), find_members(bins, grid).pixel
    outside.flat[members] = False
    if not members.size:
        warn_of_nothing_excluded(bins, grid)
    masked = _mask_pixels(maps, xr.DataArray(~outside, dims=(LAT, LON)))
    return extend_history(masked, maps, f"exclude {bins!r}")


def _mask_pixels(maps: xr.Dataset, left_out: xr.DataArray) -> xr.Dataset:
    """Set the mask to False where a map ([energy,] lat, lon) is True."""
    old = maps.get("mask", xr.ones_like(maps["counts"], dtype=bool))
    mask = is_used(old) & ~left_out.variable
    return maps.assign(mask=data_array("mask", mask.transpose(ENERGY, LAT, LON).data, MAPS))


def _inside(pixels: xr.DataArray, maps: xr.Dataset) -> xr.DataArray:
    """Return a map of booleans on the pixels of the maps, without true energies.

    Raises
    ------
    InvalidDataError
        If it is not one of booleans, or has other dims or pixels.
    """
    others = set(pixels.dims) - {LAT, LON, ENERGY, ENERGY_TRUE}
    if pixels.dtype != bool or others or not {LAT, LON} <= set(pixels.dims):
        raise InvalidDataError(
            "a map of pixels to exclude must have booleans and the dims (energy, lat, lon) or "
            f"(lat, lon), found {pixels.dtype} with {pixels.dims}; compare it with a number, such "
            "as maps.exposure == 0"
        )
    if ENERGY_TRUE in pixels.dims:
        pixels = pixels.all(ENERGY_TRUE)
    known = [name for name in ("x", "y", WCS_NAME) if name in pixels.coords]
    for name in (*pixels.dims, *known):
        here, there = (np.atleast_1d(data[name].to_numpy()) for data in (pixels, maps))
        if not np.array_equal(here, there):
            raise InvalidDataError(
                f"the map of pixels to exclude is not on the pixels of the maps: its {name} is "
                f"{here}, theirs is {there}; make it of these maps, such as maps.exposure == 0"
            )
    return pixels


@suggests_options
def cutout(data: Map, center: SkyCoord, width: u.Quantity | tuple[u.Quantity, u.Quantity]) -> Map:
    """Cut out the smallest rectangle of pixels that contains a box on the sky.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Maps, or one map.
    center : SkyCoord
        Centre of the box, a single position. The sides of the box point East and North in its
        frame.
    width : Quantity or tuple of Quantity
        Full width of the box as an angle; or its width from East to West, and its height from
        North to South.

    Returns
    -------
    xarray.Dataset or xarray.DataArray
        All variables on a selection of the same pixels; values are not interpolated.

    Raises
    ------
    InvalidBinsError
        If the width is not a positive angle, or the box is beyond the map.

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
    full_width, full_height = width if isinstance(width, tuple) else (width, width)
    box = SkyBins.grid(center, width=full_width, height=full_height, nbin=(1, 1))
    grid = pixel_grid(data)
    shape: Boxes = box.shape  # type: ignore[assignment]
    x, y = np.rint(grid.pixel(shape.sample()))
    on_map = _between(x, grid.x) & _between(y, grid.y)
    code = shape.coder(grid.frame, grid.pixel_size)(grid.vectors(grid.x, grid.y[:, None]))
    row, column = np.nonzero(code >= 0)
    x, y = np.append(x[on_map], grid.x[column]), np.append(y[on_map], grid.y[row])
    if not x.size:
        raise InvalidBinsError(
            f"a box of {full_width} x {full_height} round {center!r} is off the map"
        )
    return data.isel(
        {LON: np.flatnonzero(_between(grid.x, x)), LAT: np.flatnonzero(_between(grid.y, y))}
    )


def _between(pixels: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether pixel numbers are in the range of others; False for NaN."""
    return np.asarray((pixels >= others.min()) & (pixels <= others.max()))
