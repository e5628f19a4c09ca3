"""FITS world coordinate systems as coordinates of a Dataset, and pixels on the sky.

Pixel numbers are 0-based with integer values at pixel centres. They ride along as the coordinates
``x(lon)`` and ``y(lat)``, so that slicing, reversing and transposing need no change to the WCS.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr
from astropy.wcs import WCS, WcsError
from numpy.typing import NDArray

from ..exceptions import InvalidDataError, MissingVariableError
from ..schema.checks import check_one_grid
from ..schema.names import CELL, CELL_IDS, ENERGY, ENERGY_TRUE, LAT, LON, WCS_NAME
from ..schema.variables import COORDS, data_array
from .pixelgrid import PixelGrid, pixel_numbers
from .world.card_values import check_cards
from .world.cards import cards_of_wcs, header_of_cards, is_wcs_card, usual_cards, wcs_of_header
from .world.distortions import move_pixels
from .world.frames import frame_attrs

__all__ = [
    "decode_wcs",
    "encode_wcs",
    "grid_coords",
    "pixel_grid",
    "pixels_in_order",
    "position_coords",
    "positions_in_order",
    "wcs_name",
    "whole_map",
]

Float = NDArray[np.float64]

# Columns or rows of a map. The whole sky has as many in pixels of 0.1 arcsec. Ten times more, the
# numbers from the first to the last one would fill 1 GB; ten times fewer would be enough as well.
_MOST_PIXELS = 10_000_000


def encode_wcs(wcs: WCS) -> xr.Variable:
    """Make the scalar ``wcs`` coordinate: FITS cards as attrs, and their checksum as value.

    xarray compares the values of coordinates, so maps on different grids do not merge. Cards that
    spell the same grid in other ways have the same checksum.
    """
    cards = cards_of_wcs(wcs)
    checksum = zlib.crc32(repr(sorted(usual_cards(cards).items())).encode())
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
    InvalidDataError
        If its attributes are not the cards of a WCS, or it is not a scalar.
    """
    name = wcs_name(part)
    if name not in data.coords and not part and {CELL, CELL_IDS} & {*data.dims, *data.coords}:
        raise MissingVariableError(
            "maps in HEALPix have no WCS, and this needs the pixels of a plane; their cells are in "
            "maps.profile.skycoord, and xprofile.plot.plot_sky shows them"
        )
    if name not in data.coords:
        raise MissingVariableError(
            f"the data have no {name!r} coordinate, so their pixels have no position on the sky; "
            "open them with xprofile.open_maps, and keep the coordinate in selections"
        )
    check_one_grid(data, name)
    cards = {k: v for k, v in data[name].attrs.items() if isinstance(k, str) and is_wcs_card(k)}
    check_cards(cards, name)
    try:
        return _wcs_from_cards(tuple(cards.items()))
    except (WcsError, ValueError) as error:
        raise InvalidDataError(
            f"the FITS cards in the attributes of {name!r} are not those of a WCS: {error}; take "
            "the coordinate from the maps as they were opened, or open them again"
        ) from error


@lru_cache(maxsize=64)  # a technical size: a session has a few grids, and each takes some kB
def _wcs_from_cards(cards: tuple[tuple[str, Any], ...]) -> WCS:
    return wcs_of_header(header_of_cards(dict(cards)))


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
        frame = frame_attrs(grid.frame)
        coords[LON] = xr.Variable((LON,), lon, {"long_name": "longitude", "units": "deg", **frame})
        coords[LAT] = xr.Variable((LAT,), lat, {"long_name": "latitude", "units": "deg", **frame})
    return coords


def pixel_grid(data: xr.Dataset | xr.DataArray, part: str = "") -> PixelGrid:
    """Return the pixels of maps or of one map, or the positions of a part such as ``edisp``.

    Raises
    ------
    MissingVariableError
        If the ``wcs``, ``x`` or ``y`` coordinate is missing. Positions of a part that have no
        numbers are counted from 0.
    InvalidDataError
        If no pixel is left, or pixel numbers repeat or are not whole.
    """
    wcs = decode_wcs(data, part)
    numbers = _pixel_numbers(data, part)
    x, y = (np.atleast_1d(number.to_numpy()).astype(float) for number in numbers)
    if not x.size or not y.size:
        raise InvalidDataError("the maps have no pixels: a selection has left no column or no row")
    if np.unique(x).size < x.size or np.unique(y).size < y.size:
        raise InvalidDataError("pixel numbers in x or y repeat: a pixel would count twice")
    if max(np.abs(x).max(), np.abs(y).max()) > _MOST_PIXELS:
        raise InvalidDataError(
            f"pixel numbers in x or y are beyond {_MOST_PIXELS:.0e}, more than maps have: take x "
            "and y from the maps as they were opened"
        )
    if np.any(x % 1) or np.any(y % 1):
        raise InvalidDataError(
            "pixel numbers in x or y are not whole: the pixels are no longer those of the WCS; "
            "make coarser ones with maps.profile.coarsen"
        )
    return PixelGrid(wcs, x, y)


def _pixel_numbers(
    data: xr.Dataset | xr.DataArray, part: str = ""
) -> tuple[xr.DataArray, xr.DataArray]:
    """Pixel numbers x and y of maps, or of the positions of a part."""
    dims = {name: f"{dim}_{part}" if part else dim for name, dim in (("x", LON), ("y", LAT))}
    names = {name: f"{name}_{part}" if part else name for name in dims}
    lost = [
        names[name]
        for name, dim in dims.items()
        if names[name] not in data.coords and not (part and dim in data.dims)
    ]
    if lost:
        raise MissingVariableError(
            f"the data have no pixel coordinate {lost}; open them with xprofile.open_maps, "
            "and keep the coordinates in selections"
        )
    x, y = (
        data[names[name]]
        if names[name] in data.coords
        else xr.DataArray(np.arange(data.sizes[dim]), dims=dim)
        for name, dim in dims.items()
    )
    return x, y


def position_coords(wcs: WCS, shape: tuple[int, int], part: str) -> dict[str, xr.Variable]:
    """Make the coordinates of the positions of a response.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        WCS of the grid of positions.
    shape : tuple of int
        Number of rows and columns.
    part : str
        Name of the response, such as ``edisp``.

    Returns
    -------
    dict of str to xarray.Variable
        The WCS, and the pixel numbers of the positions, such as ``x_edisp`` (lon_edisp). They ride
        along like ``x`` and ``y``.
    """
    coords = {wcs_name(part): encode_wcs(wcs)}
    for (name, dim), size in zip((("y", LAT), ("x", LON)), shape, strict=True):
        variable = data_array(name, np.arange(size), COORDS)
        coords[f"{name}_{part}"] = xr.Variable((f"{dim}_{part}",), variable.data, variable.attrs)
    return coords


def positions_in_order(data: xr.Dataset, part: str) -> xr.Dataset:
    """Return maps whose positions of a response ascend one by one, with a WCS that counts from 0.

    Raises
    ------
    MissingVariableError
        If the WCS of the positions is missing.
    InvalidDataError
        If positions between the first and the last one are missing.
    """
    grid = pixel_grid(data, part)
    rows, columns = np.argsort(grid.y), np.argsort(grid.x)
    if np.any(np.diff(grid.y[rows]) != 1) or np.any(np.diff(grid.x[columns]) != 1):
        raise InvalidDataError(
            f"the positions of {part} have gaps: x_{part} is {grid.x}, y_{part} is {grid.y}; "
            "select a contiguous range of them"
        )
    wcs = move_pixels(grid.wcs, np.array([grid.x.min(), grid.y.min()]))
    ordered = data.isel({f"{LAT}_{part}": rows, f"{LON}_{part}": columns})
    return ordered.assign_coords(position_coords(wcs, grid.shape, part))


def pixels_in_order(array: xr.DataArray, label: str) -> xr.DataArray:
    """Return a map whose pixel numbers ascend one by one, from one in another order.

    Raises
    ------
    MissingVariableError
        If the ``x`` or ``y`` coordinate is missing.
    InvalidDataError
        If pixels between the first and the last one are missing.
    """
    _pixel_numbers(array)
    for name, dim in (("x", LON), ("y", LAT)):
        pixels = array[name].to_numpy()
        order = np.argsort(pixels) if pixels.ndim == 1 else np.array([], int)
        if pixels.ndim != 1 or np.any(np.diff(pixels[order]) != 1):
            raise InvalidDataError(
                f"the pixels of {label} have gaps: {name} is {pixels}; complete them, or write the "
                "map to a file first"
            )
        if np.any(np.diff(order) != 1):
            array = array.isel({dim: order})
    return array


def whole_map(label: str, values: Any, wcs: WCS) -> Any:
    """Return a map with its pixels and energies in order; other values as they are.

    Parameters
    ----------
    label : str
        Name of the map in messages.
    values : object
        DataArray with the coordinates of maps, or any other value.
    wcs : astropy.wcs.WCS
        WCS that is given for the map, counted from its first pixel.

    Raises
    ------
    InvalidDataError
        If pixels are missing, or the map is a part of another one and `wcs` is that of the other.
    """
    coords = getattr(values, "coords", {})
    if not {WCS_NAME, "x", "y"} <= set(coords) or not {LAT, LON} <= set(values.dims):
        return values
    values = pixels_in_order(values, label)
    first = [int(values[name][0]) for name in ("x", "y")]
    if any(first) and encode_wcs(wcs).values == coords[WCS_NAME].values:
        raise InvalidDataError(
            f"{label} is a part of a map that begins at the pixel x = {first[0]}, y = {first[1]} "
            f"of its WCS, but wcs has the first pixel of {label} at 0: give the WCS of the part "
            f"(CRPIX less by these numbers), or open_maps({label}=...), which finds its place"
        )
    for dim in {ENERGY, ENERGY_TRUE} & set(values.dims) & set(values.coords):
        values = values.isel({dim: np.argsort(values[dim].to_numpy(), kind="stable")})
    return values
