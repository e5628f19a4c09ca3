"""The grid of maps, of either kind: the pixels of a plane, or the cells of HEALPix.

Whoever sums over pixels sees planes (..., row, column) of both: of HEALPix, one row of all cells.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
import xarray as xr
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ..schema.names import CELL, LAT, LON
from ..schema.stages import is_healpix
from .healpix.coords import decode_healpix
from .healpix.grid import HealpixGrid
from .pixelgrid import PixelGrid
from .wcs import pixel_grid

__all__ = ["AnyGrid", "Grid", "as_planes", "from_planes", "sky_grid"]

Float = NDArray[np.float64]
Int = NDArray[np.integer[Any]]
AnyGrid: TypeAlias = PixelGrid | HealpixGrid


class Grid(Protocol):
    """What bins need to know of the pixels of maps."""

    @property
    def frame(self) -> BaseCoordinateFrame:
        """Sky frame, without data."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns; of HEALPix, one row of all cells."""

    @property
    def pixel_size(self) -> float:
        """Side in degrees of a square with the solid angle of a typical pixel."""

    def pixel_vectors(self, pixel: Int) -> Float:
        """Unit vectors (3, n) of the centres of pixels with these flat indices, NaN off the sky."""

    def pixel_solid_angles(self, pixel: Int) -> Float:
        """Solid angles in sr (n,) of pixels with these flat indices."""

    def find_pixels(self, coord: SkyCoord) -> NDArray[np.int64]:
        """Flat indices (n,) of the pixels that sky positions are in; -1 off the map."""


def sky_grid(data: xr.Dataset | xr.DataArray) -> PixelGrid | HealpixGrid:
    """Return the pixels of maps or of one map, on a plane or in HEALPix.

    Raises
    ------
    MissingVariableError
        If coordinates that tell where pixels are, are missing.
    InvalidDataError
        If no pixel is left, or pixels repeat or do not exist.
    """
    return decode_healpix(data) if is_healpix(data) else pixel_grid(data)


def as_planes(variable: xr.Variable) -> xr.Variable:
    """Return a variable (..., lat, lon) or (..., cell) with the dims (..., lat, lon).

    Those of HEALPix get one row. Values are not copied.
    """
    if not is_healpix(variable):
        return variable.transpose(..., LAT, LON)
    ordered = variable.transpose(..., CELL)
    return xr.Variable((*ordered.dims[:-1], LAT, LON), ordered.data[..., None, :], variable.attrs)


def from_planes(variable: xr.Variable, grid: PixelGrid | HealpixGrid) -> xr.Variable:
    """Return a variable (..., lat, lon) with the dims of maps on a grid."""
    if isinstance(grid, PixelGrid):
        return variable
    ordered = variable.transpose(..., LAT, LON)
    return xr.Variable((*ordered.dims[:-2], CELL), ordered.data[..., 0, :], variable.attrs)
