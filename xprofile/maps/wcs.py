"""FITS world coordinate systems as coordinates of a Dataset, and pixels on the sky.

Pixel numbers are 0-based with integer values at pixel centres. They ride along as the coordinates
``x(lon)`` and ``y(lat)``, so that slicing, reversing and transposing need no change to the WCS.
"""

from __future__ import annotations

import re
import warnings
import zlib
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr
from astropy.io.fits import Header
from astropy.wcs import WCS, FITSFixedWarning, WcsError
from numpy.typing import NDArray

from ..exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from ..schema.names import LAT, LON, WCS_NAME
from ..schema.variables import COORDS, data_array
from .pixelgrid import PixelGrid, pixel_numbers

__all__ = [
    "celestial_wcs",
    "decode_wcs",
    "encode_wcs",
    "grid_coords",
    "pixel_grid",
    "wcs_name",
]

Float = NDArray[np.float64]

# cards that fix the positions of pixels; others, such as dates, would make equal grids differ
_CELESTIAL = re.compile(
    r"(WCSAXES|CRPIX\d|CDELT\d|CUNIT\d|CTYPE\d|CRVAL\d|PC\d_\d|CD\d_\d|PV\d_\d+"
    r"|LONPOLE|LATPOLE|RADESYS|EQUINOX)$"
)


def celestial_wcs(wcs: Any) -> WCS:
    """Return the celestial part of a WCS, or of the WCS in a FITS header.

    Raises
    ------
    InvalidDataError
        If the WCS is invalid or has no celestial axes.
    InvalidOptionError
        If `wcs` is neither a WCS nor a header.
    """
    if isinstance(wcs, Header):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FITSFixedWarning)  # about dates, which are not used
            try:
                wcs = WCS(wcs)
            except (WcsError, ValueError) as error:
                raise InvalidDataError(f"the header has no valid WCS: {error}") from error
    if not isinstance(wcs, WCS):
        raise InvalidOptionError(
            f"wcs must be an astropy WCS or a FITS header, found {type(wcs).__name__}"
        )
    if not wcs.has_celestial:
        raise InvalidDataError(
            f"wcs has no celestial axes: ctype is {list(wcs.wcs.ctype)}; give the WCS of the maps, "
            "such as WCS(header)"
        )
    return wcs.celestial


def encode_wcs(wcs: WCS) -> xr.Variable:
    """Make the scalar ``wcs`` coordinate: FITS cards as attrs, and their checksum as value.

    xarray compares the values of coordinates, so maps on different grids do not merge.
    """
    header = wcs.celestial.to_header()
    cards = {key: header[key] for key in header if _CELESTIAL.match(key)}
    checksum = zlib.crc32(repr(sorted(cards.items())).encode())
    return xr.Variable((), np.int64(checksum), cards)


def wcs_name(part: str = "") -> str:
    """Name of the coordinate with the WCS of maps, or of a part such as ``edisp``.

    Responses can be on another, coarser grid than the counts.
    """
    return f"{WCS_NAME}_{part}" if part else WCS_NAME


def decode_wcs(data: xr.Dataset | xr.DataArray, part: str = "") -> WCS:
    """Return the celestial WCS of maps, or of a part that is on another grid.

    Raises
    ------
    MissingVariableError
        If the data have no ``wcs`` coordinate.
    """
    name = wcs_name(part)
    if name not in data.coords:
        raise MissingVariableError(
            f"the data have no {name!r} coordinate, so their pixels have no position on the sky; "
            "open them with xprofile.open_maps, and keep the coordinate in selections"
        )
    attrs = data[name].attrs
    return _wcs_from_cards(tuple((k, v) for k, v in attrs.items() if _CELESTIAL.match(k)))


@lru_cache(maxsize=64)  # a technical size: a session has a few grids, and each takes some kB
def _wcs_from_cards(cards: tuple[tuple[str, Any], ...]) -> WCS:
    header = Header()
    for key, value in cards:
        header[key] = value.item() if isinstance(value, np.generic) else value
    return WCS(header)


def grid_coords(wcs: WCS, shape: tuple[int, int]) -> dict[str, xr.Variable]:
    """Make the sky coordinates of maps.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Its celestial part is used.
    shape : tuple of int
        Number of rows and columns, (nlat, nlon).

    Returns
    -------
    dict of str to xarray.Variable
        - ``x`` (lon), ``y`` (lat): pixel numbers.
        - ``wcs``: see `encode_wcs`.
        - ``lon`` (lon), ``lat`` (lat) in deg: where longitude is linear in x alone and latitude is
          linear in y alone.
    """
    rows, columns = shape
    grid = PixelGrid(wcs.celestial, pixel_numbers(columns), pixel_numbers(rows))
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
        If no pixel is left, or pixel numbers repeat or are not whole.
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
        raise InvalidDataError("the maps have no pixels: a selection has left no column or no row")
    if np.unique(x).size < x.size or np.unique(y).size < y.size:
        raise InvalidDataError("pixel numbers in x or y repeat: a pixel would count twice")
    if np.any(x % 1) or np.any(y % 1):
        raise InvalidDataError(
            "pixel numbers in x or y are not whole: the pixels are no longer those of the WCS; "
            "make coarser ones with maps.profile.coarsen"
        )
    return PixelGrid(wcs, x, y)
