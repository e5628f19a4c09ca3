"""Maps with larger pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..exceptions import InvalidDataError, InvalidOptionError
from ..schema.history import extend_history
from ..schema.names import LAT, LON
from .pixelgrid import PixelGrid
from .wcs import grid_coords, pixel_grid

__all__ = ["coarsen"]


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


_SUMMED = ("counts", "background", "counts_off")

_AVERAGED = ("exposure", "acceptance", "acceptance_off")
