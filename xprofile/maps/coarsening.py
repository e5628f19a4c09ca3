"""Maps with larger pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..exceptions import InvalidDataError, InvalidOptionError
from ..schema.history import extend_history
from ..schema.names import LAT, LON
from ..schema.number_checks import check_positive_integer, is_used
from ..schema.options import suggests_options
from ..schema.stages import is_healpix
from ..schema.value_checks import describe_wrong_types
from ..schema.variables import MAPS
from .healpix.coarsening import coarsen_cells
from .pixelgrid import PixelGrid
from .wcs import grid_coords, pixel_grid
from .world.distortions import join_pixels

__all__ = ["coarsen"]


@suggests_options
def coarsen(maps: xr.Dataset, factor: int) -> xr.Dataset:
    """Join pixels to larger ones.

    Parameters
    ----------
    maps : xarray.Dataset
        Maps with all columns and rows of a rectangle, in ascending order; or in HEALPix, with any
        cells in any order.
    factor : int
        Number of pixels along each side that become one pixel; in HEALPix 2, 4, 8 ..., for a grid
        that is 1, 2, 3 ... levels lower.

    Returns
    -------
    xarray.Dataset
        Maps with the WCS of the larger pixels, or the larger cells, and with these values:

        - ``counts``, ``background``, ``counts_off`` (energy, lat, lon): sums.
        - ``exposure`` (energy_true, lat, lon) in cm2 s, ``acceptance`` and ``acceptance_off``
          (energy, lat, lon): averages, weighted with solid angle.
        - ``mask`` (energy, lat, lon): True where all joined pixels are used. In HEALPix also False
          in larger cells that lack a part of their cells on the map.
        - Other variables with pixels: sums. Variables without pixels are unchanged.

    Raises
    ------
    InvalidOptionError
        If the factor is not a positive integer, or does not divide the numbers of columns and rows;
        in HEALPix, if it is not a power of two, or the level is not so deep.
    InvalidDataError
        If columns or rows are missing or reversed, or a map does not hold real numbers.

    Warns
    -----
    DataWarning
        If larger cells in HEALPix lack a part of their cells.

    See Also
    --------
    xprofile.smooth : Smooth a map and keep its pixels.
    xprofile.cutout : Cut maps out around a position.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> coarse = maps.profile.coarsen(5)
    >>> maps.sizes["lon"], coarse.sizes["lon"]
    (400, 80)
    >>> bool(coarse.counts.sum() == maps.counts.sum())
    True
    """
    check_positive_integer("factor", factor, InvalidOptionError)
    wrong = list(describe_wrong_types(maps, MAPS))
    if wrong:
        raise InvalidDataError(
            f"these maps cannot be made coarser: {'; '.join(wrong)}; convert them, such as with "
            "astype(float)"
        )
    if is_healpix(maps):
        return extend_history(coarsen_cells(maps, int(factor)), maps, f"coarsen {factor}")
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
            coarse[name] = _join_pixels(str(name), variable, area, int(factor))
    return extend_history(coarse, maps, f"coarsen {factor}")


def _coarse_coords(grid: PixelGrid, factor: int) -> dict[str, xr.Variable]:
    wcs = join_pixels(grid.wcs, np.array([grid.x[0], grid.y[0]]), factor)
    return grid_coords(wcs, (grid.y.size // factor, grid.x.size // factor))


def _join_pixels(name: str, variable: xr.DataArray, area: Any, factor: int) -> xr.Variable:
    """Sum, average or combine the pixels of one map."""
    values = variable.transpose(..., LAT, LON)
    rows, columns = (size // factor for size in values.shape[-2:])
    shape = (*values.shape[:-2], rows, factor, columns, factor)
    blocks = values.to_numpy().reshape(shape)
    kind = MAPS[name].kind if name in MAPS else ""
    if kind == "all":
        joined = is_used(blocks).all(axis=(-3, -1))
    elif kind == "mean":
        weight = area.reshape(rows, factor, columns, factor)
        joined = np.where(weight > 0, blocks * weight, 0).sum(axis=(-3, -1))
        total = weight.sum(axis=(-3, -1))  # 0 off the sky
        joined = np.divide(joined, total, out=np.zeros_like(joined), where=total > 0)
        joined = joined.astype(blocks.dtype if blocks.dtype.kind == "f" else np.float64)
    else:
        joined = blocks.sum(axis=(-3, -1), dtype=_dtype_of_sums(blocks) if kind == "sum" else float)
    return xr.Variable(values.dims, joined, variable.attrs)


def _dtype_of_sums(values: np.ndarray) -> type | None:
    """Type in which sums of all values are right: None for numpy's own choice."""
    if values.dtype.kind == "f":
        return float if values.dtype.itemsize < 4 else None
    # integers beyond 2**63 would wrap round
    return float if np.sum(np.abs(values), dtype=float) >= 2**63 else None
