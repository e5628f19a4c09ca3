"""FITS world coordinate systems as coordinates of a Dataset, and pixels on the sky.

Pixel numbers are 0-based with integer values at pixel centres. They ride along as the coordinates
``x(lon)`` and ``y(lat)``, so that slicing, reversing and transposing need no change to the WCS.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr
from astropy.io.fits import Header
from astropy.wcs import WCS
from numpy.typing import NDArray

from ..exceptions import InvalidDataError, MissingVariableError
from ..schema.names import LAT, LON, WCS_NAME
from ..schema.variables import COORDS, data_array
from .pixelgrid import PixelGrid

__all__ = ["grid_coords", "pixel_grid"]

Float = NDArray[np.float64]

# the cards that fix where a pixel is; dates and the like would make equal grids differ
_CELESTIAL = re.compile(
    r"(WCSAXES|CRPIX\d|CDELT\d|CUNIT\d|CTYPE\d|CRVAL\d|PC\d_\d|CD\d_\d|PV\d_\d+"
    r"|LONPOLE|LATPOLE|RADESYS|EQUINOX)$"
)


def encode_wcs(wcs: WCS) -> xr.Variable:
    """Make the scalar ``wcs`` coordinate: FITS cards as attrs, their checksum as value."""
    header = wcs.celestial.to_header()
    cards = {key: header[key] for key in header if _CELESTIAL.match(key)}
    checksum = zlib.crc32(repr(sorted(cards.items())).encode())
    return xr.Variable((), np.int64(checksum), cards)


def wcs_name(part: str = "") -> str:
    """Name of the coordinate with the WCS of maps, or of a part on a grid of its own."""
    return f"{WCS_NAME}_{part}" if part else WCS_NAME


def decode_wcs(data: xr.Dataset | xr.DataArray, part: str = "") -> WCS:
    """Return the celestial WCS of maps, or of a part that is on a grid of its own.

    Raises
    ------
    MissingVariableError
        If the data have no ``wcs`` coordinate.
    """
    name = wcs_name(part)
    if name not in data.coords:
        raise MissingVariableError(
            f"the data have no {name!r} coordinate, so their pixels have no place on the sky; "
            "open them with xprofile.open_maps, and keep the coordinate in selections"
        )
    attrs = data[name].attrs
    return _wcs_from_cards(tuple((k, v) for k, v in attrs.items() if _CELESTIAL.match(k)))


@lru_cache(maxsize=64)
def _wcs_from_cards(cards: tuple[tuple[str, Any], ...]) -> WCS:
    header = Header()
    for key, value in cards:
        header[key] = value.item() if isinstance(value, np.generic) else value
    return WCS(header)


def grid_coords(wcs: WCS, shape: tuple[int, int]) -> dict[str, xr.Variable]:
    """Make the sky coordinates of maps: pixel numbers, the WCS, and lon, lat where separable.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Its celestial part is used.
    shape : tuple of int
        Rows and columns, (nlat, nlon).
    """
    grid = PixelGrid(
        wcs.celestial, np.arange(shape[1], dtype=float), np.arange(shape[0], dtype=float)
    )
    coords = {
        "x": data_array("x", grid.x.astype(np.int64), COORDS),
        "y": data_array("y", grid.y.astype(np.int64), COORDS),
        WCS_NAME: encode_wcs(wcs),
    }
    if grid.separable:
        lon, lat = grid.lonlat(grid.x, grid.y)
        frame = {"frame": grid.frame.name}
        coords[LON] = xr.Variable((LON,), lon, {"long_name": "longitude", "units": "deg", **frame})
        coords[LAT] = xr.Variable((LAT,), lat, {"long_name": "latitude", "units": "deg", **frame})
    return coords


def pixel_grid(data: xr.Dataset | xr.DataArray) -> PixelGrid:
    """Return the pixels of maps or of one map.

    Raises
    ------
    MissingVariableError
        If the ``wcs``, ``x`` or ``y`` coordinate is missing.
    InvalidDataError
        If pixel numbers repeat.
    """
    wcs = decode_wcs(data)
    lost = [name for name in ("x", "y") if name not in data.coords]
    if lost:
        raise MissingVariableError(
            f"the data have no pixel coordinate {lost}; open them with xprofile.open_maps, "
            "and keep the coordinates in selections"
        )
    x, y = (np.atleast_1d(data[name].to_numpy()).astype(float) for name in ("x", "y"))
    if not x.size or not y.size:
        raise InvalidDataError("the maps have no pixel: a selection has left no column or row")
    if np.unique(x).size < x.size or np.unique(y).size < y.size:
        raise InvalidDataError("pixel numbers in x or y repeat: a pixel would count twice")
    if np.any(x % 1) or np.any(y % 1):
        raise InvalidDataError(
            "pixel numbers in x or y are not whole: the pixels are no longer those of the WCS; "
            "make coarser ones with maps.profile.coarsen"
        )
    return PixelGrid(wcs, x, y)
