"""Energy dispersion of bins, from maps on which it depends on the position."""

from __future__ import annotations

import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..exceptions import InvalidBinsError
from ..maps.pixelgrid import PixelGrid, pixel_numbers
from ..maps.wcs import decode_wcs
from ..schema.names import DISTANCE, EDISP, ENERGY, ENERGY_TRUE, LAT_EDISP, LON_EDISP

__all__ = ["edisp_of_bins"]

Float = NDArray[np.float64]

# Difference in pixels of the grid up to which two positions count as equally near. Rounding is
# 1e-12 pixels. Ten times larger or smaller, only centres that close to the middle between two
# positions change to the other one.
_TIE = 1e-6


def edisp_of_bins(maps: xr.Dataset, centers: SkyCoord) -> xr.Variable:
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
    if LAT_EDISP not in edisp.dims:
        return edisp.transpose(ENERGY_TRUE, ENERGY)
    rows, columns = edisp.sizes[LAT_EDISP], edisp.sizes[LON_EDISP]
    grid = PixelGrid(decode_wcs(maps, EDISP), pixel_numbers(columns), pixel_numbers(rows))
    x, y = grid.pixel(centers)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InvalidBinsError(
            "the projection of wcs_edisp does not show the centre of a bin, so its energy "
            "dispersion is unknown; leave out the bin, or the energy dispersion with "
            "maps.drop_vars('edisp')"
        )
    values = edisp.transpose(LAT_EDISP, LON_EDISP, ENERGY_TRUE, ENERGY).to_numpy()
    nearest = values[_nearest(y, rows), _nearest(x, columns)]
    return xr.Variable((DISTANCE, ENERGY_TRUE, ENERGY), nearest, edisp.attrs)


def _nearest(pixel: Float, size: int) -> NDArray[np.intp]:
    """Nearest index from 0 to `size` - 1, the lower one if two are equally near."""
    lower = np.ceil(pixel - 0.5 - _TIE)
    return np.asarray(np.clip(lower, 0, size - 1), dtype=np.intp)
