"""HDUs of maps and responses, in the layout of Gammapy."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from numpy.typing import NDArray

from ...exceptions import InvalidDataError
from ...maps.axes import Axis
from ...maps.grid import sky_grid
from ...maps.healpix.grid import HealpixGrid
from ...maps.wcs import decode_wcs, encode_wcs, pixel_grid, positions_in_order
from ...maps.world.cards import header_of_cards
from ...schema.names import CELL, CELL_IDS, ENERGY_TRUE, LAT, LON
from ...schema.stages import sky_dims
from ...schema.variables import MAPS
from ..fits.bands_tables import make_bands_table
from ..fits.healpix.writing import healpix_hdus
from .responses import position_dims

__all__ = ["image_hdus", "response_hdus", "table_hdus"]

_FITS_FLOATS = {2: np.float32, 4: np.float32, 8: np.float64}  # types by the bytes of a number


def image_hdus(
    name: str,
    values: xr.DataArray,
    dims: Sequence[str],
    axes: Sequence[Axis],
    cards: dict[Hashable, Any],
) -> list[Any]:
    """Make the image HDU of a map and its BANDS table.

    Parameters
    ----------
    name : str
        Name of the image HDU.
    values : xarray.DataArray
        The map.
    dims : sequence of str
        Dims of the map in the order of the image; the last two are those of the sky.
    axes : sequence of Axis
        Axes of the other dims.
    cards : dict
        FITS cards of the WCS.

    Raises
    ------
    InvalidDataError
        If the map has other dims.
    """
    _check_dims(values, dims)
    hdu = fits.ImageHDU(_to_fits_type(values.transpose(*dims).to_numpy()), name=name)
    hdu.header.extend(header_of_cards(cards))
    hdu.header["BANDSHDU"] = f"{name}_BANDS"
    hdu.header["BUNIT"] = str(values.attrs.get("units", ""))
    return [hdu, make_bands_table(name, axes)]


def table_hdus(name: str, values: xr.DataArray, axis: Axis, grid: HealpixGrid) -> list[Any]:
    """Make the table of a HEALPix map and its BANDS table.

    Parameters
    ----------
    name : str
        Name of the HDU of the map.
    values : xarray.DataArray
        The map, of cells with ascending numbers.
    axis : Axis
        Energies.
    grid : HealpixGrid
        The cells.

    Raises
    ------
    InvalidDataError
        If the map has other dims, or FITS has no name for the sky frame.
    """
    dims = (axis.name, CELL)
    _check_dims(values, dims)
    unit = str(values.attrs.get("units", ""))
    return healpix_hdus(name, values.transpose(*dims).to_numpy(), unit, axis, grid)


def _check_dims(values: xr.DataArray, dims: Sequence[str]) -> None:
    if set(values.dims) != set(dims):
        raise InvalidDataError(
            f"{values.name} has dims {values.dims}, expected {tuple(dims)}; select along the others"
        )


def response_hdus(maps: xr.Dataset, name: str, axes: dict[str, Axis]) -> list[Any]:
    """Make the HDUs of an energy dispersion or PSF, and of the exposure at its positions.

    Gammapy weights responses with this exposure when it stacks datasets. A PSF over reconstructed
    energy has none.

    Parameters
    ----------
    maps : xarray.Dataset
        Maps with sorted pixels.
    name : {"edisp", "psf"}
        The response.
    axes : dict
        Axes of the maps by dim.
    """
    first, second = (axes[dim] for dim in MAPS[name].dims_among(maps[name].dims) or ())
    grid = position_dims(name)
    if set(grid) <= set(maps[name].dims):
        maps = positions_in_order(maps, name)
    parts = [(maps[name], name.upper(), [first, second])]
    if first.name == ENERGY_TRUE:
        exposure = _exposure_at_positions(maps, name).expand_dims({second.name: 1}, axis=1)
        parts.append((exposure, f"{name.upper()}_EXPOSURE", [first, second.merged()]))
    hdus = []
    for values, hdu, pair in parts:
        dims = tuple(axis.name for axis in pair)
        if set(grid) & set(maps[name].dims):
            cards = encode_wcs(decode_wcs(maps, name)).attrs
            hdus += image_hdus(hdu, values, (*dims, *grid), pair, cards)
        else:
            hdus += _region_hdus(hdu, values.transpose(*dims), pair)
    return hdus


def _exposure_at_positions(maps: xr.Dataset, name: str) -> xr.DataArray:
    """Return the exposure (energy_true, ...) at the positions of a response, or at the centre."""
    grid, exposure = sky_grid(maps), maps["exposure"]
    dims = position_dims(name)
    if not set(dims) <= set(maps[name].dims):
        return exposure.isel({dim: exposure.sizes[dim] // 2 for dim in sky_dims(maps)}, drop=True)
    rows, columns = (maps.sizes[dim] for dim in dims)
    positions = pixel_grid(maps, name)
    lonlat = np.broadcast_arrays(*positions.lonlat(positions.x, positions.y[:, None]))
    sky = SkyCoord(*(part.ravel() for part in lonlat), unit="deg", frame=positions.frame)
    if isinstance(grid, HealpixGrid):
        found = grid.find_pixels(sky).reshape(rows, columns)
        place = np.where(found < 0, exposure.sizes[CELL] // 2, found)
        at = exposure.isel({CELL: xr.DataArray(place, dims=dims)})
        return at.drop_vars([CELL_IDS], errors="ignore")
    nearest = {
        dim: xr.DataArray(_nearest_pixel(at, pixels).reshape(rows, columns), dims=dims)
        for dim, at, pixels in zip((LON, LAT), grid.pixel(sky), (grid.x, grid.y), strict=True)
    }
    return exposure.isel(nearest).drop_vars([LAT, LON, "x", "y"], errors="ignore")


def _nearest_pixel(position: NDArray[np.float64], pixels: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the index of the nearest pixel; positions without pixel numbers get the middle one."""
    known = np.where(np.isfinite(position), np.rint(position), pixels[pixels.size // 2])
    return np.asarray(np.clip(known, pixels[0], pixels[-1]) - pixels[0], dtype=np.intp)


def _region_hdus(name: str, values: xr.DataArray, axes: Sequence[Axis]) -> list[Any]:
    """Make the table of a map on one region, with a row for each true energy, and its BANDS."""
    cells = _to_fits_type(values.to_numpy())[..., np.newaxis, np.newaxis]
    table = Table({"CHANNEL": np.arange(len(cells), dtype=np.int16), "DATA": cells})
    table["DATA"].unit = values.attrs.get("units", "")
    return [fits.BinTableHDU(table, name=name), make_bands_table(name, axes)]


def _to_fits_type(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Convert an array to a type that FITS images can have."""
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind == "f":
        return values.astype(_FITS_FLOATS.get(values.dtype.itemsize, np.float64), copy=False)
    return values
