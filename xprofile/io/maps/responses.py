"""Responses: energy dispersion and PSF, read from Gammapy's layout and added to maps.

A response is a table on a region of one pixel, or an image on a grid of positions. An energy
dispersion is either a kernel, the fraction of the events of a true-energy bin in each reconstructed
bin, or a density over migra, the ratio of reconstructed to true energy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from astropy.wcs import WCS
from numpy.typing import NDArray

from ...exceptions import FileFormatError, InvalidDataError
from ...maps.axes import Axis, add_axis, same_axis
from ...maps.wcs import decode_wcs, encode_wcs, wcs_name
from ...schema.axes import axis_edges
from ...schema.names import EDISP, ENERGY, ENERGY_TRUE, LAT, LON, RAD
from ...schema.variables import COORDS, MAPS, data_array
from ..fits.arrays import image_values, native_order
from ..fits.bands_tables import MIGRA, read_bands_table
from ..fits.files import FitsFile
from ..fits.skymap import axis_from_array, read_wcs
from ..fits.units import unit_factor

__all__ = [
    "Response",
    "add_edisp",
    "add_psf",
    "position_dims",
    "read_response",
    "response_from_array",
]

Float = NDArray[np.float64]
Array = NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class Response:
    """An energy dispersion or a PSF.

    Parameters
    ----------
    values : numpy.ndarray
        Values (n_first, n_second), or (n_first, n_second, ny, nx) on a grid of positions.
    axes : tuple of Axis
        The first two axes; energies in TeV.
    unit : str, optional
        Unit as the file names it.
    label : str
        Name of the response in messages.
    wcs : astropy.wcs.WCS, optional
        WCS of the grid of positions.
    """

    values: Array
    axes: tuple[Axis, ...]
    unit: str | None
    label: str
    wcs: WCS | None = None

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the axes."""
        return tuple(axis.name for axis in self.axes)


def position_dims(name: str) -> tuple[str, str]:
    """Return the dims of the grid of positions that a response may have."""
    return f"{LAT}_{name}", f"{LON}_{name}"


def read_response(file: FitsFile, name: str) -> Response:
    """Read the HDU ``EDISP`` or ``PSF`` of a file of Gammapy.

    Raises
    ------
    FileFormatError
        If the HDU or its axes are missing, or its values do not fit the axes.
    """
    if name not in file:
        raise FileFormatError(f"{file.name!r} has no HDU {name}; found {file.hdu_names}")
    hdu, label = file[name], f"{name} of {file.label}"
    bands = hdu.header.get("BANDSHDU", f"{name}_BANDS")
    if bands not in file:
        raise FileFormatError(f"{name} has no table of energies: HDU {bands} is missing")
    axes = tuple(read_bands_table(file[bands]))
    sizes = tuple(axis.size for axis in axes)
    if hdu.is_image:
        if len(sizes) != 2 or hdu.shape[:-2] != sizes or 0 in hdu.shape:
            raise FileFormatError(
                f"{name} has the shape {hdu.shape}, expected {sizes} and two axes of positions"
            )
        unit = hdu.header.get("BUNIT")
        return Response(image_values(hdu), axes, unit, label, read_wcs(hdu)[0])
    if "DATA" not in hdu.columns.names:
        raise FileFormatError(f"{name} has no column DATA; found {hdu.columns.names}")
    values = native_order(hdu.data["DATA"]).reshape(-1)
    if values.size != np.prod(sizes) or values.dtype.kind not in "iuf":
        raise FileFormatError(
            f"{name} has {values.size} values of {values.dtype}, expected {np.prod(sizes)} numbers "
            "from its axes"
        )
    return Response(values.reshape(sizes), axes, hdu.columns["DATA"].unit, label)


def response_from_array(array: xr.DataArray, name: str) -> Response:
    """Return the response in a DataArray with the dims of the maps Dataset.

    Raises
    ------
    InvalidDataError
        If the array has other dims, or a dim without a coordinate.
    """
    entry = MAPS[name]
    grid = position_dims(name)
    if set(array.dims) - set(grid) != set(entry.dims):
        raise InvalidDataError(
            f"{name} must be a file or an array with dims {entry.dims}; found {array.dims}"
        )
    on_grid = set(grid) <= set(array.dims)
    ordered = array.transpose(*entry.dims, *(grid if on_grid else ()))
    axes = tuple(axis_from_array(array, dim) for dim in entry.dims)
    wcs = decode_wcs(array.to_dataset(name=name), name) if on_grid else None
    return Response(ordered.to_numpy(), axes, array.attrs.get("units"), name, wcs)


def add_edisp(maps: xr.Dataset, response: Response, energy_unit: str) -> xr.Dataset:
    """Add ``edisp`` (energy_true, energy), or (lat_edisp, lon_edisp, energy_true, energy).

    Raises
    ------
    FileFormatError
        If the response has other axes, or other energies than the maps.
    """
    if response.dims not in ((ENERGY_TRUE, ENERGY), (ENERGY_TRUE, MIGRA)):
        raise FileFormatError(
            f"{response.label} has axes {list(response.dims)}, expected energy_true with energy or "
            "migra"
        )
    true = response.axes[0].to(energy_unit)
    maps = add_axis(maps, true, response.label)
    if response.dims[1] == ENERGY:
        maps = add_axis(maps, response.axes[1].to(energy_unit), response.label)
        return _assign(maps, EDISP, response)
    migra = response.axes[1].edges
    kernels = _integrate_migra(response.values, migra, axis_edges(maps, ENERGY), true.centres)
    return _assign(maps, EDISP, replace(response, values=kernels))


def _integrate_migra(density: Array, migra: Float, energy: Float, true: Float) -> Float:
    """Integrate densities (ntrue, nmigra, ...) over reconstructed bins: (ntrue, nenergy, ...)."""
    width = np.diff(migra).reshape(-1, *[1] * (density.ndim - 2))
    cumulative = np.cumsum(density.astype(np.float64) * width, axis=1)
    cumulative = np.insert(cumulative, 0, 0, axis=1)
    position = np.interp(energy / true[:, None], migra, np.arange(migra.size))
    left = np.minimum(position.astype(int), migra.size - 2)
    share = (position - left).reshape(*position.shape, *[1] * (density.ndim - 2))
    row = np.arange(true.size)[:, None]
    at_edges = (1 - share) * cumulative[row, left] + share * cumulative[row, left + 1]
    return np.asarray(np.maximum(np.diff(at_edges, axis=1), 0))


def add_psf(maps: xr.Dataset, response: Response, energy_unit: str) -> xr.Dataset:
    """Add ``psf`` ([lat_psf, lon_psf,] energy_true, rad), at the energies of the exposure.

    Raises
    ------
    FileFormatError
        If the response has other axes, or is not per solid angle.
    """
    if response.dims != MAPS["psf"].dims:
        raise FileFormatError(
            f"{response.label} has axes {list(response.dims)}, expected {MAPS['psf'].dims}"
        )
    energy = response.axes[0].to(energy_unit)
    values = response.values
    if ENERGY_TRUE in maps.coords:
        values = _interpolate_energies(energy.centres, values, maps[ENERGY_TRUE].to_numpy())
    else:
        maps = add_axis(maps, energy, response.label)
    factor = unit_factor(response.unit, MAPS["psf"].unit, response.label)
    values = np.multiply(values, factor, dtype=np.float64)
    maps = maps.assign_coords({RAD: data_array(RAD, response.axes[1].centres, COORDS)})
    return _assign(maps, "psf", replace(response, values=values))


def _assign(maps: xr.Dataset, name: str, response: Response) -> xr.Dataset:
    """Assign a response; the axes of a grid of positions come first in the Dataset."""
    entry, values = MAPS[name], response.values
    if response.wcs is None:
        return maps.assign({name: (entry.dims, values, entry.attrs)})
    dims = (*position_dims(name), *entry.dims)
    maps = maps.assign_coords({wcs_name(name): encode_wcs(response.wcs)})
    return maps.assign({name: (dims, np.moveaxis(values, (-2, -1), (0, 1)), entry.attrs)})


def _interpolate_energies(nodes: Float, values: Array, wanted: Float) -> Array:
    """Interpolate along the first axis, linearly in log energy, constant beyond the ends.

    The weights add up to 1, so values that are normalised at the nodes stay normalised.
    """
    if same_axis(nodes, wanted):
        return values
    position = np.interp(np.log(wanted), np.log(nodes), np.arange(nodes.size))
    left = np.minimum(position.astype(int), max(nodes.size - 2, 0))
    right = np.minimum(left + 1, nodes.size - 1)
    weight = (position - left).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray((1 - weight) * values[left] + weight * values[right])
