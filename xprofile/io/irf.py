"""Energy dispersion and PSF as Gammapy writes them: on one-pixel regions or on grids of positions.

Energy dispersion comes as a kernel, the fraction of a true-energy bin in each reconstructed one,
or as a density over migra, the ratio of reconstructed to true energy.
"""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.io import fits
from numpy.typing import NDArray

from ..exceptions import FileFormatError
from ..schema import (
    COORDS,
    EDISP,
    ENERGY,
    ENERGY_TRUE,
    ENERGY_UNIT,
    LAT,
    LON,
    MAPS,
    RAD,
    data_array,
    edges,
)
from ..wcs import encode_wcs, wcs_name
from .bands import Axis, read_axes
from .fitsfile import factor_to, native
from .skymap import add_axis, bands_of, read_wcs

__all__ = ["add_edisp", "add_psf"]

Float = NDArray[np.float64]


def add_edisp(maps: xr.Dataset, hdus: fits.HDUList, energy_unit: str) -> xr.Dataset:
    """Add ``edisp`` (energy_true, energy), or (lat_edisp, lon_edisp, energy_true, energy).

    Raises
    ------
    FileFormatError
        If it has other axes, or other energies than the maps.
    """
    values, axes = _read(hdus, "EDISP")
    names = tuple(axis.name for axis in axes)
    if names not in ((ENERGY_TRUE, ENERGY), (ENERGY_TRUE, "migra")):
        raise FileFormatError(
            f"EDISP has axes {list(names)}, expected energy_true with energy or migra"
        )
    factor = u.Unit(ENERGY_UNIT).to(energy_unit)
    true = axes[0].times(factor)
    maps = add_axis(maps, true, "EDISP", energy_unit)
    if names[1] == ENERGY:
        maps = add_axis(maps, axes[1].times(factor), "EDISP", energy_unit)
    else:
        values = _kernels(values, axes[1].edges, edges(maps, ENERGY), true.centres)
    return _placed(maps, EDISP, values, hdus["EDISP"])


def _kernels(density: NDArray[np.generic], migra: Float, energy: Float, true: Float) -> Float:
    """Integrate densities (ntrue, nmigra, ...) over reconstructed bins: (ntrue, nenergy, ...)."""
    width = np.diff(migra).reshape(-1, *[1] * (density.ndim - 2))
    cumulative = np.cumsum(density.astype(np.float64) * width, axis=1)
    cumulative = np.insert(cumulative, 0, 0, axis=1)
    place = np.interp(energy / true[:, None], migra, np.arange(migra.size))
    left = np.minimum(place.astype(int), migra.size - 2)
    share = (place - left).reshape(*place.shape, *[1] * (density.ndim - 2))
    row = np.arange(true.size)[:, None]
    at_edges = (1 - share) * cumulative[row, left] + share * cumulative[row, left + 1]
    return np.asarray(np.maximum(np.diff(at_edges, axis=1), 0))


def add_psf(maps: xr.Dataset, hdus: fits.HDUList, energy_unit: str) -> xr.Dataset:
    """Add ``psf`` ([lat_psf, lon_psf,] energy_true, rad), on the exposure's energies.

    Raises
    ------
    FileFormatError
        If it has other axes, or its unit is no inverse solid angle.
    """
    values, axes = _read(hdus, "PSF")
    if tuple(axis.name for axis in axes) != MAPS["psf"].dims:
        raise FileFormatError(f"PSF has axes {[a.name for a in axes]}, expected {MAPS['psf'].dims}")
    energy = axes[0].times(u.Unit(ENERGY_UNIT).to(energy_unit))
    if ENERGY_TRUE in maps.coords:
        values = interpolate_nodes(energy.centres, values, maps[ENERGY_TRUE].to_numpy())
    else:
        maps = add_axis(maps, energy, "PSF", energy_unit)
    hdu = hdus["PSF"]
    unit = hdu.header.get("BUNIT") if isinstance(hdu, fits.ImageHDU) else hdu.columns["DATA"].unit
    factor = factor_to(unit, MAPS["psf"].unit, "PSF")
    values = np.multiply(values, factor, dtype=np.float64)
    maps = maps.assign_coords({RAD: data_array(RAD, axes[1].centres, COORDS)})
    return _placed(maps, "psf", values, hdu)


def _placed(
    maps: xr.Dataset, name: str, values: NDArray[np.generic], hdu: fits.ImageHDU
) -> xr.Dataset:
    """Assign a response (n_first, n_second), or one with two sky axes behind them."""
    entry = MAPS[name]
    if values.ndim == 2:
        return maps.assign({name: (entry.dims, values, entry.attrs)})
    dims = (f"{LAT}_{name}", f"{LON}_{name}", *entry.dims)
    maps = maps.assign_coords({wcs_name(name): encode_wcs(read_wcs(hdu)[0])})
    return maps.assign({name: (dims, np.moveaxis(values, (-2, -1), (0, 1)), entry.attrs)})


def _read(hdus: fits.HDUList, name: str) -> tuple[NDArray[np.generic], list[Axis]]:
    """Values (n_first, n_second) or (n_first, n_second, ny, nx), and the first two axes."""
    hdu = hdus[name]
    axes = read_axes(bands_of(hdus, name))
    sizes = tuple(axis.size for axis in axes)
    if isinstance(hdu, fits.ImageHDU):
        values = native(hdu.data)
        if len(sizes) != 2 or values.shape[:-2] != sizes:
            raise FileFormatError(f"{name} has the shape {values.shape}, its axes {sizes}")
        return values, axes
    if "DATA" not in hdu.columns.names:
        raise FileFormatError(f"{name} has no column DATA; found {hdu.columns.names}")
    values = native(hdu.data["DATA"]).reshape(-1)
    if values.size != np.prod(sizes):
        raise FileFormatError(
            f"{name} has {values.size} values, expected {np.prod(sizes)} from its axes"
        )
    return values.reshape(sizes), axes


def interpolate_nodes(
    nodes: Float, values: NDArray[np.generic], wanted: Float
) -> NDArray[np.generic]:
    """Interpolate along the first axis, linearly in log energy, constant beyond the ends.

    The weights add up to 1, so what is normalised at the nodes stays normalised.
    """
    if nodes.size == wanted.size and np.allclose(nodes, wanted, rtol=1e-5, atol=0):
        return values
    place = np.interp(np.log(wanted), np.log(nodes), np.arange(nodes.size))
    left = np.minimum(place.astype(int), max(nodes.size - 2, 0))
    right = np.minimum(left + 1, nodes.size - 1)
    weight = (place - left).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray((1 - weight) * values[left] + weight * values[right])
