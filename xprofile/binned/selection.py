"""Maps cut out, and with regions excluded."""

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
from ..exceptions import InvalidBinsError
from ..maps.wcs import pixel_grid
from ..schema.history import extend_history
from ..schema.names import ENERGY, LAT, LON
from ..schema.variables import MAPS, data_array
from .members.finding import find_members

__all__ = ["cutout", "exclude"]

Map = TypeVar("Map", xr.Dataset, xr.DataArray)


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
    outside.flat[find_members(bins, grid).pixel] = False
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
