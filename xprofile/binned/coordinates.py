"""Coordinates of binned data: of the bins, and of the energies."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..bins.skybins import SkyBins
from ..maps.grid import AnyGrid
from ..maps.sphere import lonlat_deg
from ..maps.world.frames import frame_attrs
from ..schema.axes import axis_coords
from ..schema.names import ENERGY, ENERGY_TRUE, LAT, LON, REGION
from ..schema.variables import COORDS

__all__ = ["bin_coords", "energy_coords"]


def bin_coords(bins: SkyBins, grid: AnyGrid) -> dict[str, xr.Variable]:
    """Coordinates on the dimension of the bins: centre, edges, sky position and region."""
    lon, lat = lonlat_deg(bins.center, grid.frame)
    frame = {"units": "deg", **frame_attrs(grid.frame)}
    axis = (
        axis_coords(bins.dim, bins.distance, bins.lower.copy(), bins.upper.copy())
        if bins.dim != REGION
        else {}
    )
    return {
        **axis,
        LON: xr.Variable((bins.dim,), lon, {"long_name": "longitude", **frame}),
        LAT: xr.Variable((bins.dim,), lat, {"long_name": "latitude", **frame}),
        REGION: xr.Variable((bins.dim,), np.array(bins.region_texts()), COORDS[REGION].attrs),
    }


def energy_coords(maps: xr.Dataset) -> dict[str, xr.Variable]:
    """Coordinates of maps on the two energy axes."""
    return {
        str(name): maps.variables[name]
        for name in maps.coords
        if maps.variables[name].dims in ((ENERGY,), (ENERGY_TRUE,))
    }
