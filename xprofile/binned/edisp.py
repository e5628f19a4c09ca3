"""Energy dispersion that varies over the map: that of each bin's centre."""

from __future__ import annotations

import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..exceptions import InvalidBinsError
from ..maps.pixelgrid import PixelGrid, whole_numbers
from ..maps.wcs import decode_wcs
from ..schema.names import DISTANCE, EDISP, ENERGY, ENERGY_TRUE, LAT_EDISP, LON_EDISP

__all__ = ["edisp_of_bins"]

Float = NDArray[np.float64]

_TIE = 1e-6  # pixels; two positions that are equally near up to this: the lower one


def edisp_of_bins(maps: xr.Dataset, centers: SkyCoord) -> xr.Variable:
    """Energy dispersion for each bin, or the one of all.

    Parameters
    ----------
    maps : xarray.Dataset
        With ``edisp`` (energy_true, energy), or (lat_edisp, lon_edisp, energy_true, energy) on a
        grid of positions that the coordinate ``wcs_edisp`` places.
    centers : SkyCoord
        Centres of the bins, (nbin,). Of a grid the nearest position to each counts, ties going to
        the lower index and centres beyond the grid to its edge.

    Returns
    -------
    xarray.Variable
        Dims (energy_true, energy), or (projected_distance, energy_true, energy).
    """
    edisp = maps.variables[EDISP]
    if LAT_EDISP not in edisp.dims:
        return edisp.transpose(ENERGY_TRUE, ENERGY)
    rows, columns = edisp.sizes[LAT_EDISP], edisp.sizes[LON_EDISP]
    grid = PixelGrid(decode_wcs(maps, EDISP), whole_numbers(columns), whole_numbers(rows))
    x, y = grid.pixel(centers)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InvalidBinsError(
            "a bin's centre has no place on the grid of positions of edisp; drop the bin, or the "
            "energy dispersion with maps.drop_vars('edisp')"
        )
    values = edisp.transpose(LAT_EDISP, LON_EDISP, ENERGY_TRUE, ENERGY).to_numpy()
    picked = values[_nearest(y, rows), _nearest(x, columns)]
    return xr.Variable((DISTANCE, ENERGY_TRUE, ENERGY), picked, edisp.attrs)


def _nearest(place: Float, size: int) -> NDArray[np.intp]:
    lower = np.ceil(place - 0.5 - _TIE)
    return np.asarray(np.clip(lower, 0, size - 1), dtype=np.intp)
