"""Sky positions and solid angles of the pixels of maps."""

from __future__ import annotations

import numpy as np
import xarray as xr
from astropy.coordinates import BaseCoordinateFrame, SkyCoord

from ..schema.names import CELL_IDS, LAT, LON, SOLID_ANGLE_UNIT
from ..schema.options import suggests_options
from ..schema.stages import is_healpix, sky_dims
from .grid import sky_grid
from .healpix.coords import decode_healpix
from .pixelgrid import PixelGrid
from .wcs import decode_wcs
from .world.frames import celestial_frame, frame_attrs

__all__ = ["assign_sky_coords", "sky_frame", "skycoord", "solid_angle"]


def sky_frame(data: xr.Dataset | xr.DataArray) -> BaseCoordinateFrame:
    """Return the sky frame of maps, without data."""
    if is_healpix(data):
        return decode_healpix(data).frame
    return celestial_frame(decode_wcs(data))


@suggests_options
def skycoord(data: xr.Dataset | xr.DataArray) -> SkyCoord:
    """Return the sky positions of all pixel centres.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Maps, or one map.

    Returns
    -------
    astropy.coordinates.SkyCoord
        Positions (lat, lon) in the frame of the WCS, NaN off the sky; in HEALPix (cell), in the
        frame of the grid.

    Raises
    ------
    MissingVariableError
        If the coordinates are missing that tell where pixels are, such as ``wcs``.

    See Also
    --------
    xprofile.assign_sky_coords : Add the positions to maps.
    xprofile.solid_angle : Solid angles of the pixels.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> sky = xprofile.skycoord(maps)
    >>> sky.shape, sky.frame.name
    ((200, 400), 'galactic')
    """
    grid = sky_grid(data)
    if isinstance(grid, PixelGrid):
        lon, lat = np.broadcast_arrays(*grid.lonlat(grid.x, grid.y[:, None]))
    else:
        lon, lat = grid.pixel_positions(np.arange(grid.shape[1]))
    return SkyCoord(lon, lat, unit="deg", frame=grid.frame)


@suggests_options
def solid_angle(data: xr.Dataset | xr.DataArray) -> xr.DataArray:
    """Return the solid angles of all pixels.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Maps, or one map.

    Returns
    -------
    xarray.DataArray
        Named ``solid_angle``, dims (lat, lon) or in HEALPix (cell), in sr; 0 off the sky.

    Raises
    ------
    MissingVariableError
        If the coordinates are missing that tell where pixels are, such as ``wcs``.

    See Also
    --------
    xprofile.skycoord : Sky positions of the pixels.
    xprofile.bin_image : Sum or average one map over bins.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> area = xprofile.solid_angle(maps)
    >>> area.dims, area.units
    (('lat', 'lon'), 'sr')
    >>> brightness = maps.counts / area  # counts per sr
    """
    grid, dims = sky_grid(data), sky_dims(data)
    kept = {name: c for name, c in data.coords.items() if set(c.dims) <= set(dims)}
    if isinstance(grid, PixelGrid):
        area = grid.solid_angle(grid.x, grid.y[:, None])
    else:
        area = xr.full_like(data[CELL_IDS].variable, grid.cell_solid_angle, dtype=float).data
    attrs = {"long_name": "solid angle", "units": SOLID_ANGLE_UNIT}
    return xr.DataArray(area, kept, dims, "solid_angle", attrs)


@suggests_options
def assign_sky_coords(data: xr.Dataset) -> xr.Dataset:
    """Add the sky positions of all pixels as coordinates.

    The coordinates are for people and for plots; nothing in xprofile reads them.

    Parameters
    ----------
    data : xarray.Dataset
        Maps.

    Returns
    -------
    xarray.Dataset
        The maps with two more coordinates in deg, with the dims of the pixels, (lat, lon) or in
        HEALPix (cell), named as in the frame of the maps:

        - ``l`` and ``b`` in Galactic coordinates.
        - ``ra`` and ``dec`` in ICRS or FK5.
        - ``lon_sky`` and ``lat_sky`` in frames that call them ``lon`` and ``lat``.

    Raises
    ------
    MissingVariableError
        If the coordinates are missing that tell where pixels are, such as ``wcs``.

    See Also
    --------
    xprofile.skycoord : The same positions as one `astropy.coordinates.SkyCoord`.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> named = xprofile.assign_sky_coords(maps)
    >>> named.b.dims, named.b.units
    (('lat', 'lon'), 'deg')
    """
    sky, dims = skycoord(data), sky_dims(data)
    attrs = {"units": "deg", **frame_attrs(sky.frame.replicate_without_data())}
    names = sky.frame.get_representation_component_names()
    parts = [name for name, component in names.items() if component in ("lon", "lat")]
    coords = {
        f"{name}_sky" if name in (LAT, LON) else name: (dims, getattr(sky, name).deg, attrs)
        for name in parts
    }
    return data.assign_coords(coords)
