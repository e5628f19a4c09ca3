"""What all maps of a GADF file share: their WCS, the tables of their axes, and the coordinates."""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning, WcsError

from ..exceptions import FileFormatError
from ..schema import axis_coords
from .bands import Axis

__all__ = ["add_axis", "bands_of", "read_wcs"]


def read_wcs(hdu: fits.ImageHDU) -> tuple[WCS, tuple[int, int]]:
    """Read the celestial WCS of an image, and its number of rows and columns."""
    if not isinstance(hdu, fits.ImageHDU) or hdu.header["NAXIS"] < 2:
        raise FileFormatError(f"{hdu.name} is no image with two axes on the sky")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)  # dates, which say nothing about pixels
        try:
            wcs = WCS(hdu.header)
        except (WcsError, ValueError) as error:
            raise FileFormatError(f"{hdu.name} has no valid WCS: {error}") from error
    if not wcs.has_celestial:
        raise FileFormatError(
            f"{hdu.name} has no celestial WCS: CTYPE is {list(wcs.wcs.ctype)}; "
            "HEALPix maps must be projected first"
        )
    return wcs.celestial, (hdu.header["NAXIS2"], hdu.header["NAXIS1"])


def bands_of(hdus: fits.HDUList, name: str) -> fits.BinTableHDU:
    """Find the table of the axes of a map."""
    table = hdus[name].header.get("BANDSHDU", f"{name}_BANDS")
    if table not in hdus:
        raise FileFormatError(f"{name} has no table of energies: HDU {table} is missing")
    return hdus[table]


def add_axis(maps: xr.Dataset, axis: Axis, where: str, energy_unit: str) -> xr.Dataset:
    """Assign the coordinates of an axis, or see that it is the one the maps have already."""
    if axis.name not in maps.coords:
        coords = axis_coords(axis.name, axis.centres, axis.edges[:-1], axis.edges[1:])
        for coord in coords.values():
            coord.attrs["units"] = energy_unit
        return maps.assign_coords(coords)
    known = maps.coords[axis.name].to_numpy()
    if known.size != axis.size or not np.allclose(known, axis.centres, rtol=1e-5, atol=0):
        raise FileFormatError(
            f"{where} has {axis.name} {axis.centres} {energy_unit}, the maps before it {known}; "
            "all maps need the same energies"
        )
    return maps
