"""Energy dispersion of bins, from maps on which it depends on the position."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..exceptions import InvalidBinsError
from ..maps.grid import AnyGrid
from ..maps.healpix.grid import HealpixGrid
from ..maps.pixelgrid import PixelGrid
from ..maps.sphere import lonlat_deg, sky_positions, unit_vectors
from ..maps.wcs import pixel_grid
from ..schema.names import DISTANCE, EDISP, ENERGY, ENERGY_TRUE, LAT, LAT_EDISP, LON, LON_EDISP, PSF
from .sums.map_sums import MapSums
from .sums.position_sums import PositionSums

__all__ = [
    "center_positions",
    "edisp_at_centers",
    "edisp_table",
    "find_nearest",
    "mean_edisp",
    "nearest_positions",
    "nearest_to_cells",
    "sky_position",
    "varies",
]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Difference in pixels of the grid up to which two positions count as equally near. Rounding is
# 1e-12 pixels. Ten times larger or smaller, only centres that close to the middle between two
# positions change to the other one.
_TIE = 1e-6

_BLOCK_SIZE = 1 << 18  # cells of HEALPix at once; affects memory and speed alone

_RESPONSES = {EDISP: "energy dispersion", PSF: "point spread function"}


def varies(maps: xr.Dataset) -> bool:
    """Whether the maps have an energy dispersion on a grid of positions."""
    return EDISP in maps and bool({LAT_EDISP, LON_EDISP} & set(maps[EDISP].dims))


def edisp_at_centers(maps: xr.Dataset, centers: SkyCoord) -> xr.Variable:
    """Energy dispersion at the centre of each bin, or the single one of the maps.

    Parameters
    ----------
    maps : xarray.Dataset
        With ``edisp`` (energy_true, energy), or (lat_edisp, lon_edisp, energy_true, energy) on a
        grid of positions with the WCS of the coordinate ``wcs_edisp``.
    centers : SkyCoord
        Centres of the bins, (nbin,). The nearest position of the grid counts: the one of lower
        index if two are equally near, and one at the edge for centres beyond the grid.

    Returns
    -------
    xarray.Variable
        Dims (energy_true, energy), or (projected_distance, energy_true, energy).

    Raises
    ------
    InvalidBinsError
        If the projection of the grid does not show the centre of a bin.
    """
    edisp = maps.variables[EDISP]
    if not varies(maps):
        return edisp.transpose(ENERGY_TRUE, ENERGY)
    values = edisp_table(maps)
    nearest = values.reshape(-1, *values.shape[2:])[center_positions(maps, centers, EDISP)]
    return xr.Variable((DISTANCE, ENERGY_TRUE, ENERGY), nearest, edisp.attrs)


def center_positions(maps: xr.Dataset, centers: SkyCoord, part: str) -> Int:
    """Flat index of the position of a response that is nearest to the centre of each bin, (nbin,).

    Parameters
    ----------
    maps : xarray.Dataset
        With the response on a grid of positions.
    centers : SkyCoord
        Centres of the bins, (nbin,).
    part : {"edisp", "psf"}
        The response.

    Raises
    ------
    InvalidBinsError
        If the projection of the grid does not show the centre of a bin.
    """
    grid = pixel_grid(maps, part)
    x, y = grid.pixel(centers)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InvalidBinsError(
            f"the projection of wcs_{part} does not show the centre of a bin, so its "
            f"{_RESPONSES[part]} is unknown; leave out the bin, use response='pixels', or drop the "
            f"{_RESPONSES[part]} with maps.drop_vars({part!r})"
        )
    return _nearest(y, grid.y) * grid.x.size + _nearest(x, grid.x)


def nearest_positions(
    maps: xr.Dataset,
    grid: AnyGrid,
    like: xr.Variable,
    part: str = EDISP,
    *,
    wanted: NDArray[np.integer[Any]] | None = None,
) -> xr.Variable:
    """Flat index of the nearest position of a response to each pixel.

    Parameters
    ----------
    maps : xarray.Dataset
        With the response on a grid of positions.
    grid : PixelGrid or HealpixGrid
        The pixels of the maps.
    like : xarray.Variable
        A variable of the maps (..., lat, lon). If it is chunked, so is the result.
    part : {"edisp", "psf"}
        The response.
    wanted : numpy.ndarray of int, optional
        Flat indices of the pixels that are asked for, in any order. On a HEALPix grid in memory,
        the others get 0: a whole sky would take many times as long.

    Returns
    -------
    xarray.Variable
        Dims (lat, lon). The position of lower index if two are equally near, and one at the edge
        for pixels beyond the positions.
    """
    if isinstance(grid, HealpixGrid):
        return _nearest_to_cells(grid, pixel_grid(maps, part), like, wanted)
    find = partial(find_nearest, grid, pixel_grid(maps, part))
    y, x = grid.y[:, None], grid.x[None]
    if not like.chunks:
        return xr.Variable((LAT, LON), find(y, x))
    import dask.array as da

    rows, columns = like.chunks[-2:]
    y, x = (
        da.from_array(values, chunks=chunks)  # type: ignore[no-untyped-call]
        for values, chunks in ((y, (rows, 1)), (x, (1, columns)))
    )
    positions = da.map_blocks(find, y, x, chunks=(rows, columns), dtype=int)  # type: ignore[no-untyped-call]
    return xr.Variable((LAT, LON), positions)


def sky_position(maps: xr.Dataset, sky: SkyCoord, part: str) -> int:
    """Flat index of the position of a response that is nearest to one direction, by true angles."""
    places = pixel_grid(maps, part)
    return int(_nearest_on_sky(sky.reshape(1), places)[0])


def find_nearest(grid: PixelGrid, places: PixelGrid, y: Float, x: Float) -> Int:
    """Flat index of the nearest place to the pixels of some rows (ny, 1) and columns (1, nx)."""
    part, places = grid.subgrid(x[0], y[:, 0]), places.subgrid(places.x, places.y)
    lon, lat = np.broadcast_arrays(*part.lonlat(part.x, part.y[:, None]))
    sky = SkyCoord(lon.ravel(), lat.ravel(), unit="deg", frame=part.frame)
    return _nearest_places(places, sky).reshape(part.shape)


def _nearest_places(places: PixelGrid, sky: SkyCoord) -> Int:
    """Flat index of the nearest place to sky positions (n,), some of which may be NaN."""
    column, row = places.pixel(sky)
    flat = _nearest(row, places.y) * places.x.size + _nearest(column, places.x)
    lost = ~(np.isfinite(column) & np.isfinite(row)) & np.isfinite(lonlat_deg(sky)[1])
    if lost.any():  # the projection of the positions does not show these pixels
        flat[lost] = _nearest_on_sky(sky[lost], places)
    return flat


def _nearest_to_cells(
    grid: HealpixGrid,
    places: PixelGrid,
    like: xr.Variable,
    wanted: NDArray[np.integer[Any]] | None,
) -> xr.Variable:
    """Flat index of the nearest place to each cell, (lat, lon), as from `nearest_positions`."""
    if not like.chunks:
        found = np.zeros((1, grid.shape[1]), np.int32)
        needed = np.full(grid.shape[1], wanted is None)
        if wanted is not None:
            needed[wanted] = True
        chosen = np.flatnonzero(needed)
        for start in range(0, chosen.size, _BLOCK_SIZE):
            cells = chosen[start : start + _BLOCK_SIZE]
            found[:, cells] = nearest_to_cells(grid, places, cells[None])
        return xr.Variable((LAT, LON), found)
    import dask.array as da

    cells = da.arange(grid.shape[1], chunks=(like.chunks[-1],))[None]
    find = partial(nearest_to_cells, grid, places)
    return xr.Variable((LAT, LON), da.map_blocks(find, cells, dtype=np.int32))  # type: ignore[no-untyped-call]


def nearest_to_cells(grid: HealpixGrid, places: PixelGrid, cells: Int) -> Int:
    """Flat index of the nearest place to cells (1, n) by their flat indices, (1, n)."""
    places = places.subgrid(places.x, places.y)
    sky = sky_positions(grid.pixel_vectors(cells[0]), grid.frame)
    return _nearest_places(places, sky)[None].astype(np.int32)


def _nearest_on_sky(sky: SkyCoord, places: PixelGrid) -> Int:
    """Flat index of the nearest place to each position, by true angles."""
    from scipy.spatial import cKDTree

    vectors = places.vectors(*np.meshgrid(places.x, places.y)).reshape(3, -1)
    known = np.flatnonzero(np.isfinite(vectors).all(axis=0))
    found = cKDTree(vectors[:, known].T).query(unit_vectors(*lonlat_deg(sky, places.frame)).T)[1]
    return np.asarray(known[found])


def mean_edisp(
    maps: xr.Dataset, sums: MapSums, everywhere: PositionSums | None = None
) -> xr.Variable:
    """Mean energy dispersion over the used pixels of each bin.

    Each pixel has that of its nearest position, with a weight of exposure times solid angle.

    Parameters
    ----------
    maps : xarray.Dataset
        With ``edisp`` on a grid of positions.
    sums : MapSums
        Sums of all bins, with the exposure by position.
    everywhere : PositionSums, optional
        The same of all pixels, used or not.

    Returns
    -------
    xarray.Variable
        Dims (projected_distance, energy_true, energy). Bins without used pixels have 0, or the mean
        of all their pixels.
    """
    assert sums.by_position is not None
    values = edisp_table(maps)
    values = values.reshape(-1, *values.shape[2:])
    mean = np.zeros((sums.bins.size, *values.shape[1:]))
    for index in range(len(sums.exposure)):
        energies = np.flatnonzero(sums.mask_index == index)
        mean[..., energies] = _mean(sums.by_position, index, values[..., energies], sums.bins.size)
    if everywhere is not None:
        unused = (sums.used_solid_angle == 0).T[:, None]
        mean = np.where(unused, _mean(everywhere, 0, values, sums.bins.size), mean)
    return xr.Variable((DISTANCE, ENERGY_TRUE, ENERGY), mean, maps.variables[EDISP].attrs)


def _mean(sums: PositionSums, index: int, values: Float, nbin: int) -> Float:
    """Means (nbin, ntrue, nenergy) of values (nposition, ntrue, nenergy) with one mask."""
    if not sums.bins.size:
        return np.zeros((nbin, *values.shape[1:]))
    first = np.flatnonzero(np.diff(sums.bins, prepend=-1))
    weight = sums.exposure[index].T
    total = np.add.reduceat(weight, first)
    # at true energies without exposure, which do not matter, the pixels count as at all others
    none = np.repeat(total == 0, np.diff(first, append=sums.bins.size), axis=0)
    weight = np.where(none, weight.sum(axis=1, keepdims=True), weight)
    total = np.add.reduceat(weight, first)
    weighted = np.add.reduceat(weight[..., None] * values[sums.positions], first)
    mean = np.zeros((nbin, *values.shape[1:]))
    mean[sums.bins[first]] = np.divide(
        weighted, total[..., None], out=np.zeros_like(weighted), where=total[..., None] > 0
    )
    return mean


def edisp_table(maps: xr.Dataset) -> Float:
    """Energy dispersion (lat_edisp, lon_edisp, energy_true, energy)."""
    edisp = maps.variables[EDISP]
    for dim in {LAT_EDISP, LON_EDISP} - set(edisp.dims):  # one row or column was selected
        edisp = edisp.set_dims((dim, *edisp.dims))  # type: ignore[no-untyped-call]
    edisp = edisp.transpose(LAT_EDISP, LON_EDISP, ENERGY_TRUE, ENERGY)
    return np.asarray(edisp.to_numpy(), dtype=float)


def _nearest(pixel: Float, numbers: Float) -> NDArray[np.intp]:
    """Index of the nearest of some pixel numbers, that of the lower one if two are equally near."""
    order = np.argsort(numbers)
    middles = (numbers[order][1:] + numbers[order][:-1]) / 2
    return np.asarray(order[np.searchsorted(middles + _TIE, np.nan_to_num(pixel))], dtype=np.intp)
