"""Maps on other pixels: cut out, made coarser, and with regions excluded."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any, TypeVar

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from .binning import AnyBins
from .bins import SkyBins, as_bins
from .exceptions import InvalidBinsError, InvalidDataError, InvalidOptionError
from .pixelgrid import PixelGrid
from .schema import ENERGY, LAT, LON, MAPS, data_array, extend_history
from .shapes.boxes import Boxes
from .wcs import grid_coords, pixel_grid

__all__ = ["coarsen", "cutout", "exclude"]

Map = TypeVar("Map", xr.Dataset, xr.DataArray)

_SUMMED = ("counts", "background", "counts_off")
_AVERAGED = ("exposure", "acceptance", "acceptance_off")


def exclude(maps: xr.Dataset, regions: AnyBins) -> xr.Dataset:
    """Mask regions, such as those of other sources, at all energies.

    Parameters
    ----------
    maps : xarray.Dataset
        With or without a ``mask``.
    regions : SkyBins or list of regions.SkyRegion
        Pixels whose centre is in any of them are no longer used; an empty list excludes none.

    Returns
    -------
    xarray.Dataset
        With a ``mask`` (energy, lat, lon) that is False there too.
    """
    if not isinstance(regions, SkyBins) and isinstance(regions, Sized) and not len(regions):
        return maps
    grid, bins = pixel_grid(maps), as_bins(regions)
    outside = np.ones(grid.shape, bool)
    outside.flat[bins.members(grid).pixel] = False
    old = maps.get("mask", xr.ones_like(maps["counts"], dtype=bool))
    mask = old.astype(bool) & xr.DataArray(outside, dims=(LAT, LON))
    masked = maps.assign(mask=data_array("mask", mask.transpose(ENERGY, LAT, LON).data, MAPS))
    return extend_history(masked, maps, f"exclude {bins!r}")


def cutout(data: Map, center: SkyCoord, width: u.Quantity | tuple[u.Quantity, u.Quantity]) -> Map:
    """Cut out the smallest rectangle of pixels that holds a box on the sky.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Maps, or one map.
    center : SkyCoord
        Scalar; the box has sides towards East and North of its frame.
    width : Quantity or tuple of Quantity
        Full extent of the box, or that from East to West and that from North to South.

    Returns
    -------
    xarray.Dataset or xarray.DataArray
        A selection of the same pixels: nothing is resampled.

    Raises
    ------
    InvalidBinsError
        If the width is no angle, or the box is off the map.
    """
    wide, high = width if isinstance(width, tuple) else (width, width)
    box = SkyBins.grid(center, width=wide, height=high, nbin=(1, 1))
    grid = pixel_grid(data)
    shape: Boxes = box.shape  # type: ignore[assignment]
    x, y = np.rint(grid.pixel(shape.sample()))
    on_map = _between(x, grid.x) & _between(y, grid.y)
    code = shape.coder(grid.frame)(grid.vectors(grid.x, grid.y[:, None]))
    row, column = np.nonzero(code >= 0)
    x, y = np.append(x[on_map], grid.x[column]), np.append(y[on_map], grid.y[row])
    if not x.size:
        raise InvalidBinsError(f"a box of {wide} x {high} round {center!r} is off the map")
    return data.isel(
        {LON: np.flatnonzero(_between(grid.x, x)), LAT: np.flatnonzero(_between(grid.y, y))}
    )


def _between(pixels: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether pixel numbers are between the outermost of others, which NaN never is."""
    return np.asarray((pixels >= others.min()) & (pixels <= others.max()))


def coarsen(maps: xr.Dataset, factor: int) -> xr.Dataset:
    """Join pixels to larger ones.

    Parameters
    ----------
    maps : xarray.Dataset
        All columns and rows of a rectangle, in ascending order.
    factor : int
        Pixels along each side that become one.

    Returns
    -------
    xarray.Dataset
        Counts and background summed, exposure averaged over solid angle, and a ``mask`` that is
        True where all joined pixels are used. The WCS is that of the larger pixels.

    Raises
    ------
    InvalidOptionError
        If the factor is no positive integer, or does not divide the columns and rows.
    InvalidDataError
        If columns or rows are missing or reversed.
    """
    if isinstance(factor, bool) or not isinstance(factor, int | np.integer) or factor < 1:
        raise InvalidOptionError(f"factor must be a positive integer, found {factor!r}")
    grid = pixel_grid(maps)
    if np.any(np.diff(grid.x) != 1) or np.any(np.diff(grid.y) != 1):
        raise InvalidDataError("columns or rows are missing or reversed: coarsen before selecting")
    if grid.y.size % factor or grid.x.size % factor:
        raise InvalidOptionError(
            f"{factor} does not divide {grid.y.size} rows and {grid.x.size} columns; cut some off "
            "with isel first"
        )
    coarse = maps.drop_dims([LAT, LON]).drop_vars("wcs")
    coarse = coarse.assign_coords(_coarse_coords(grid, int(factor)))
    area = grid.solid_angle(grid.x, grid.y[:, None])
    for name, variable in maps.data_vars.items():
        if {LAT, LON} <= set(variable.dims):
            coarse[name] = _joined(str(name), variable, area, int(factor))
    return extend_history(coarse, maps, f"coarsen {factor}")


def _coarse_coords(grid: PixelGrid, factor: int) -> dict[str, xr.Variable]:
    wcs = grid.wcs.deepcopy()
    corner = np.array([grid.x[0], grid.y[0]])
    wcs.wcs.crpix = (wcs.wcs.crpix - corner - 0.5) / factor + 0.5
    wcs.wcs.cdelt = wcs.wcs.get_cdelt() * factor
    return grid_coords(wcs, (grid.y.size // factor, grid.x.size // factor))


def _joined(name: str, variable: xr.DataArray, area: Any, factor: int) -> xr.Variable:
    """Sum, average or combine the pixels of one map."""
    values = variable.transpose(..., LAT, LON)
    rows, columns = (size // factor for size in values.shape[-2:])
    shape = (*values.shape[:-2], rows, factor, columns, factor)
    blocks = values.to_numpy().reshape(shape)
    if name == "mask":
        joined = blocks.all(axis=(-3, -1))
    elif name in _AVERAGED:
        weight = area.reshape(rows, factor, columns, factor)
        joined = np.where(weight > 0, blocks * weight, 0).sum(axis=(-3, -1))
        total = weight.sum(axis=(-3, -1))  # 0 off the sky
        joined = np.divide(joined, total, out=np.zeros_like(joined), where=total > 0)
        joined = joined.astype(blocks.dtype if blocks.dtype.kind == "f" else np.float64)
    else:
        joined = blocks.sum(axis=(-3, -1), dtype=None if name in _SUMMED else float)
    return xr.Variable(values.dims, joined, variable.attrs)
