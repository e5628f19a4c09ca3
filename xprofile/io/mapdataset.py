"""Gammapy's MapDataset in one FITS file.

Format: one image HDU for each map with its energies in a ``*_BANDS`` table, EDISP and PSF as tables
on a region of one pixel, with one row for each value or one for each true energy, or as images on
a grid of positions. The exposure may have pixels of its own.
"""

from __future__ import annotations

from collections.abc import Collection

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.io import fits
from numpy.typing import NDArray

from ..exceptions import FileFormatError
from ..pixelgrid import PixelGrid, whole_numbers
from ..schema import ENERGY_UNIT, LAT, LON, MAPS, data_array
from ..wcs import encode_wcs, grid_coords, pixel_grid
from .bands import Axis, read_axes
from .fitsfile import factor_to, native
from .irf import add_edisp, add_psf
from .regrid import interpolate_to
from .skymap import add_axis, bands_of, read_wcs

__all__ = ["read_mapdataset"]

_IMAGES = ("counts", "background", "exposure", "counts_off", "acceptance", "acceptance_off")
_MASKS = ("MASK_SAFE", "MASK_FIT")


def read_mapdataset(hdus: fits.HDUList, energy_unit: str, skip: Collection[str]) -> xr.Dataset:
    """Read the maps of an open file.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
        A MapDataset or MapDatasetOnOff as Gammapy 1 or 2 writes it.
    energy_unit : str
        Unit for both energy axes.
    skip : collection of str
        Variables to leave out.

    Raises
    ------
    FileFormatError
        If an HDU is missing, or maps differ in their pixels or energies.
    """
    _require(hdus, skip)
    wcs, shape = read_wcs(hdus["COUNTS"])
    maps = xr.Dataset(coords=grid_coords(wcs, shape))
    for name in _IMAGES:
        if name.upper() in hdus and name not in skip:
            maps = _add_image(maps, hdus, name, energy_unit)
    if "mask" not in skip:
        maps = _add_mask(maps, hdus, energy_unit)
    if "EDISP" in hdus and "edisp" not in skip:
        maps = add_edisp(maps, hdus, energy_unit)
    if "PSF" in hdus and "psf" not in skip:
        maps = add_psf(maps, hdus, energy_unit)
    return maps


def _require(hdus: fits.HDUList, skip: Collection[str]) -> None:
    needed = [name for name in ("COUNTS", "EXPOSURE") if name.lower() not in skip]
    off = ["ACCEPTANCE", "ACCEPTANCE_OFF"] if "COUNTS_OFF" in hdus else ["BACKGROUND"]
    needed += [name for name in off if name.lower() not in skip]
    missing = [name for name in needed if name not in hdus]
    if missing:
        found = ", ".join(hdu.name for hdu in hdus if hdu.name) or "none"
        raise FileFormatError(
            f"{hdus.filename()!r} is no MapDataset with all that a profile needs: no HDU "
            f"{', '.join(missing)}; found {found}. Write it with MapDataset.write in Gammapy"
        )


def _one_axis(hdus: fits.HDUList, name: str, energy_unit: str) -> Axis:
    axes = read_axes(bands_of(hdus, name))
    if len(axes) != 1:
        found = [axis.name for axis in axes]
        raise FileFormatError(f"{name} has axes {found} besides the sky, expected one of energy")
    return axes[0].times(u.Unit(ENERGY_UNIT).to(energy_unit))


def _image(maps: xr.Dataset, hdus: fits.HDUList, name: str, axis: Axis) -> NDArray[np.generic]:
    """Values of an image HDU, (naxis, nlat, nlon), on the same pixels as the counts."""
    hdu = hdus[name]
    expected = (axis.size, maps["y"].size, maps["x"].size)
    if hdu.data is None or hdu.data.shape != expected:
        found = None if hdu.data is None else hdu.data.shape
        raise FileFormatError(f"{name} has the shape {found}, expected {expected} from its axes")
    if not _same_pixels(hdu, maps):
        raise FileFormatError(
            f"{name} is on other pixels than COUNTS: their WCS differ; reproject it in Gammapy"
        )
    return native(hdu.data)


def _same_pixels(hdu: fits.ImageHDU, maps: xr.Dataset) -> bool:
    return bool(encode_wcs(read_wcs(hdu)[0]).values == maps["wcs"].values)


def _exposure(maps: xr.Dataset, hdus: fits.HDUList, axis: Axis) -> NDArray[np.generic]:
    """Values of the exposure on the pixels of the counts, interpolated if it has its own."""
    hdu = hdus["EXPOSURE"]
    if hdu.data is None or _same_pixels(hdu, maps):
        return _image(maps, hdus, "EXPOSURE", axis)
    wcs, (rows, columns) = read_wcs(hdu)
    if hdu.data.shape != (axis.size, rows, columns):
        raise FileFormatError(
            f"EXPOSURE has the shape {hdu.data.shape}, expected {axis.size} planes from its axis"
        )
    source = PixelGrid(wcs, whole_numbers(columns), whole_numbers(rows))
    return interpolate_to(native(hdu.data), source, pixel_grid(maps))


def _add_image(maps: xr.Dataset, hdus: fits.HDUList, name: str, energy_unit: str) -> xr.Dataset:
    axis = _one_axis(hdus, name.upper(), energy_unit)
    if name == "exposure":
        values = _exposure(maps, hdus, axis)
    else:
        values = _image(maps, hdus, name.upper(), axis)
    entry = MAPS[name]
    if entry.unit:
        factor = factor_to(hdus[name.upper()].header.get("BUNIT"), entry.unit, name.upper())
        kind = values.dtype if values.dtype.kind == "f" else np.float64
        values = values.astype(kind, copy=False)
        values = values if factor == 1 else np.multiply(values, factor, dtype=kind)
    maps = add_axis(maps, axis, name.upper(), energy_unit)
    return maps.assign({name: ((axis.name, LAT, LON), values, entry.attrs)})


def _add_mask(maps: xr.Dataset, hdus: fits.HDUList, energy_unit: str) -> xr.Dataset:
    """Add the pixels that are safe and, where the file says so, to be fitted."""
    for name in _MASKS:
        if name in hdus:
            axis = _one_axis(hdus, name, energy_unit)
            values = _image(maps, hdus, name, axis) != 0
            maps = add_axis(maps, axis, name, energy_unit)
            if "mask" in maps:
                values &= maps["mask"].to_numpy()
            maps["mask"] = data_array("mask", values, MAPS)
    return maps
