"""Gammapy's MapDataset in one FITS file.

Format: one image HDU for each map with its energies in a ``*_BANDS`` table, and EDISP and PSF as
tables on a region of one pixel, with one row for each value or one for each true energy.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning, WcsError
from numpy.typing import NDArray

from ..exceptions import FileFormatError
from ..schema import COORDS, ENERGY_TRUE, ENERGY_UNIT, LAT, LON, MAPS, RAD, axis_coords, data_array
from ..wcs import grid_coords
from .bands import Axis, read_axes
from .fitsfile import factor_to, native

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
    wcs, shape = _read_wcs(hdus["COUNTS"])
    maps = xr.Dataset(coords=grid_coords(wcs, shape))
    for name in _IMAGES:
        if name.upper() in hdus and name not in skip:
            maps = _add_image(maps, hdus, name, energy_unit)
    if "mask" not in skip:
        maps = _add_mask(maps, hdus, energy_unit)
    if "EDISP" in hdus and "edisp" not in skip:
        maps = _add_edisp(maps, hdus, energy_unit)
    if "PSF" in hdus and "psf" not in skip:
        maps = _add_psf(maps, hdus, energy_unit)
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


def _read_wcs(hdu: fits.ImageHDU) -> tuple[WCS, tuple[int, int]]:
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


def _one_axis(hdus: fits.HDUList, name: str, energy_unit: str) -> Axis:
    axes = read_axes(_bands(hdus, name))
    if len(axes) != 1:
        found = [axis.name for axis in axes]
        raise FileFormatError(f"{name} has axes {found} besides the sky, expected one of energy")
    return axes[0].times(u.Unit(ENERGY_UNIT).to(energy_unit))


def _bands(hdus: fits.HDUList, name: str) -> fits.BinTableHDU:
    table = hdus[name].header.get("BANDSHDU", f"{name}_BANDS")
    if table not in hdus:
        raise FileFormatError(f"{name} has no table of energies: HDU {table} is missing")
    return hdus[table]


def _axis_coords(axis: Axis, energy_unit: str) -> dict[str, xr.Variable]:
    coords = axis_coords(axis.name, axis.centres, axis.edges[:-1], axis.edges[1:])
    for coord in coords.values():
        coord.attrs["units"] = energy_unit
    return coords


def _add_axis(maps: xr.Dataset, axis: Axis, where: str, energy_unit: str) -> xr.Dataset:
    """Assign the coordinates of an axis, or see that it is the one the maps have already."""
    if axis.name not in maps.coords:
        return maps.assign_coords(_axis_coords(axis, energy_unit))
    known = maps.coords[axis.name].to_numpy()
    if known.size != axis.size or not np.allclose(known, axis.centres, rtol=1e-5, atol=0):
        raise FileFormatError(
            f"{where} has {axis.name} {axis.centres} {energy_unit}, the maps before it {known}; "
            "all maps need the same energies"
        )
    return maps


def _image(maps: xr.Dataset, hdus: fits.HDUList, name: str, axis: Axis) -> NDArray[np.generic]:
    """Values of an image HDU, (naxis, nlat, nlon), on the same pixels as the counts."""
    hdu = hdus[name]
    expected = (axis.size, maps["y"].size, maps["x"].size)
    if hdu.data is None or hdu.data.shape != expected:
        found = None if hdu.data is None else hdu.data.shape
        raise FileFormatError(f"{name} has the shape {found}, expected {expected} from its axes")
    if grid_coords(*_read_wcs(hdu))["wcs"].values != maps["wcs"].values:
        raise FileFormatError(
            f"{name} is on other pixels than COUNTS: their WCS differ; reproject it in Gammapy"
        )
    return native(hdu.data)


def _add_image(maps: xr.Dataset, hdus: fits.HDUList, name: str, energy_unit: str) -> xr.Dataset:
    axis = _one_axis(hdus, name.upper(), energy_unit)
    values = _image(maps, hdus, name.upper(), axis)
    entry = MAPS[name]
    if entry.unit:
        factor = factor_to(hdus[name.upper()].header.get("BUNIT"), entry.unit, name.upper())
        kind = values.dtype if values.dtype.kind == "f" else np.float64
        values = values.astype(kind, copy=False)
        values = values if factor == 1 else np.multiply(values, factor, dtype=kind)
    maps = _add_axis(maps, axis, name.upper(), energy_unit)
    return maps.assign({name: ((axis.name, LAT, LON), values, entry.attrs)})


def _add_mask(maps: xr.Dataset, hdus: fits.HDUList, energy_unit: str) -> xr.Dataset:
    """Add the pixels that are safe and, where the file says so, to be fitted."""
    for name in _MASKS:
        if name in hdus:
            axis = _one_axis(hdus, name, energy_unit)
            values = _image(maps, hdus, name, axis) != 0
            maps = _add_axis(maps, axis, name, energy_unit)
            if "mask" in maps:
                values &= maps["mask"].to_numpy()
            maps["mask"] = data_array("mask", values, MAPS)
    return maps


def _table(
    hdus: fits.HDUList, name: str, dims: tuple[str, ...]
) -> tuple[NDArray[np.generic], list[Axis]]:
    """Values and axes of a map on a one-pixel region, (n_first, n_second)."""
    hdu = hdus[name]
    axes = read_axes(_bands(hdus, name))
    if tuple(axis.name for axis in axes) != dims:
        raise FileFormatError(f"{name} has axes {[a.name for a in axes]}, expected {dims}")
    if "DATA" not in hdu.columns.names:
        raise FileFormatError(f"{name} has no column DATA; found {hdu.columns.names}")
    values = native(hdu.data["DATA"]).reshape(-1)
    expected = axes[0].size * axes[1].size
    if values.size != expected:
        raise FileFormatError(f"{name} has {values.size} values, expected {expected} from its axes")
    return values.reshape(axes[0].size, axes[1].size), axes


def _add_edisp(maps: xr.Dataset, hdus: fits.HDUList, energy_unit: str) -> xr.Dataset:
    if isinstance(hdus["EDISP"], fits.ImageHDU):
        raise FileFormatError(
            "EDISP is a map over the sky, which is not read yet; write the dataset with a single "
            "kernel, or pass drop_variables=['edisp'] to do without energy dispersion"
        )
    values, axes = _table(hdus, "EDISP", MAPS["edisp"].dims)
    factor = u.Unit(ENERGY_UNIT).to(energy_unit)
    for axis in axes:
        maps = _add_axis(maps, axis.times(factor), "EDISP", energy_unit)
    return maps.assign(edisp=data_array("edisp", values, MAPS))


def _add_psf(maps: xr.Dataset, hdus: fits.HDUList, energy_unit: str) -> xr.Dataset:
    """Add the PSF, on the exposure's energies if its own are others."""
    if isinstance(hdus["PSF"], fits.ImageHDU):
        warnings.warn("PSF is a map over the sky: left out, profiles do not use it", stacklevel=4)
        return maps
    values, (energy, rad) = _table(hdus, "PSF", MAPS["psf"].dims)
    energy = energy.times(u.Unit(ENERGY_UNIT).to(energy_unit))
    if ENERGY_TRUE in maps.coords:
        values = interpolate_nodes(energy.centres, values, maps[ENERGY_TRUE].to_numpy())
    else:
        maps = _add_axis(maps, energy, "PSF", energy_unit)
    factor = factor_to(hdus["PSF"].columns["DATA"].unit, MAPS["psf"].unit, "PSF")
    psf = data_array("psf", np.multiply(values, factor, dtype=np.float64), MAPS)
    return maps.assign({"psf": psf, RAD: data_array(RAD, rad.centres, COORDS)})


def interpolate_nodes(
    nodes: NDArray[np.float64], values: NDArray[np.generic], wanted: NDArray[np.float64]
) -> NDArray[np.generic]:
    """Interpolate along the first axis, linearly in log energy, constant beyond the ends.

    The weights add up to 1, so what is normalised at the nodes stays normalised.
    """
    if nodes.size == wanted.size and np.allclose(nodes, wanted, rtol=1e-5, atol=0):
        return values
    place = np.interp(np.log(wanted), np.log(nodes), np.arange(nodes.size))
    left = np.minimum(place.astype(int), max(nodes.size - 2, 0))
    right = np.minimum(left + 1, nodes.size - 1)
    weight = (place - left)[:, None]
    return np.asarray((1 - weight) * values[left] + weight * values[right])
