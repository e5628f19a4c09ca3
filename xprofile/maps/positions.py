"""Sky positions and solid angles of the pixels of maps."""

from __future__ import annotations

import numpy as np
import xarray as xr
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from astropy.wcs.utils import wcs_to_celestial_frame

from ..schema.names import LAT, LON, SOLID_ANGLE_UNIT
from .wcs import decode_wcs, pixel_grid

__all__ = ["sky_frame", "skycoord"]


def sky_frame(data: xr.Dataset | xr.DataArray) -> BaseCoordinateFrame:
    """Return the sky frame of maps, without data."""
    return wcs_to_celestial_frame(decode_wcs(data))


def skycoord(data: xr.Dataset | xr.DataArray) -> SkyCoord:
    """Return the sky coordinates of all pixel centres, shape (lat, lon), NaN off the sky."""
    grid = pixel_grid(data)
    lon, lat = np.broadcast_arrays(*grid.lonlat(grid.x, grid.y[:, None]))
    return SkyCoord(lon, lat, unit="deg", frame=grid.frame)


def solid_angle(data: xr.Dataset | xr.DataArray) -> xr.DataArray:
    """Return the solid angle of all pixels in sr, dims (lat, lon)."""
    grid = pixel_grid(data)
    kept = {name: c for name, c in data.coords.items() if set(c.dims) <= {LAT, LON}}
    area = grid.solid_angle(grid.x, grid.y[:, None])
    attrs = {"long_name": "solid angle", "units": SOLID_ANGLE_UNIT}
    return xr.DataArray(area, kept, (LAT, LON), "solid_angle", attrs)


def assign_sky_coords(data: xr.Dataset) -> xr.Dataset:
    """Add 2-D coordinates of all pixels, named as the frame names them (ra and dec, or l and b).

    They are for looking at: nothing in xprofile reads them.
    """
    sky = skycoord(data)
    attrs = {"units": "deg", "frame": sky.frame.name}
    names = sky.frame.get_representation_component_names()
    parts = [name for name, component in names.items() if component in ("lon", "lat")]
    coords = {
        f"{name}_sky" if name in (LAT, LON) else name: ((LAT, LON), getattr(sky, name).deg, attrs)
        for name in parts
    }
    return data.assign_coords(coords)
