"""Energy dispersion and PSF: as Gammapy writes them, on one-pixel regions or grids of positions.

Energy dispersion comes as a kernel, the fraction of a true-energy bin in each reconstructed one,
or as a density over migra, the ratio of reconstructed to true energy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.wcs import WCS
from numpy.typing import NDArray

from ...exceptions import FileFormatError, InvalidDataError
from ...maps.axes import Axis, add_axis
from ...maps.wcs import decode_wcs, encode_wcs, wcs_name
from ...schema.axes import axis_edges
from ...schema.names import EDISP, ENERGY, ENERGY_TRUE, ENERGY_UNIT, LAT, LON, RAD
from ...schema.variables import COORDS, MAPS, data_array
from ..fits.bands import read_axes
from ..fits.files import FitsFile, factor_to, image_values, native
from ..fits.skymap import axis_of, read_wcs

__all__ = ["Response", "add_edisp", "add_psf", "read_response", "response_of"]

Float = NDArray[np.float64]

Array = NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class Response:
    """An energy dispersion or a PSF.

    Parameters
    ----------
    values : numpy.ndarray
        (n_first, n_second), or (n_first, n_second, ny, nx) on a grid of positions.
    axes : tuple of Axis
        The first two; energies in TeV.
    unit : str, optional
        As the file has it.
    where : str
        What messages call it.
    wcs : astropy.wcs.WCS, optional
        Of the grid of positions.
    """

    values: Array
    axes: tuple[Axis, ...]
    unit: str | None
    where: str
    wcs: WCS | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the axes."""
        return tuple(axis.name for axis in self.axes)


def read_response(file: FitsFile, name: str) -> Response:
    """Read ``EDISP`` or ``PSF`` of a file of Gammapy's.

    Raises
    ------
    FileFormatError
        If it is not there, has no axes, or not as many values as these.
    """
    if name not in file:
        raise FileFormatError(f"{file.name!r} has no HDU {name}; found {file.names}")
    hdu, where = file[name], f"{name} of {file.label}"
    bands = hdu.header.get("BANDSHDU", f"{name}_BANDS")
    if bands not in file:
        raise FileFormatError(f"{name} has no table of energies: HDU {bands} is missing")
    axes = tuple(read_axes(file[bands]))
    sizes = tuple(axis.size for axis in axes)
    if hdu.is_image:
        if len(sizes) != 2 or hdu.shape[:-2] != sizes or 0 in hdu.shape:
            raise FileFormatError(f"{name} has the shape {hdu.shape}, its axes {sizes}")
        unit = hdu.header.get("BUNIT")
        return Response(image_values(hdu), axes, unit, where, read_wcs(hdu)[0])
    if "DATA" not in hdu.columns.names:
        raise FileFormatError(f"{name} has no column DATA; found {hdu.columns.names}")
    values = native(hdu.data["DATA"]).reshape(-1)
    if values.size != np.prod(sizes) or values.dtype.kind not in "iuf":
        raise FileFormatError(
            f"{name} has {values.size} values of {values.dtype}, expected {np.prod(sizes)} numbers "
            "from its axes"
        )
    return Response(values.reshape(sizes), axes, hdu.columns["DATA"].unit, where)


def response_of(array: xr.DataArray, name: str) -> Response:
    """Make the response that a DataArray holds, with the dims of the maps Dataset.

    Raises
    ------
    InvalidDataError
        If it has other dims, or one without values.
    """
    entry = MAPS[name]
    grid = (f"{LAT}_{name}", f"{LON}_{name}")
    if set(array.dims) - set(grid) != set(entry.dims):
        raise InvalidDataError(
            f"{name} is to be a file or an array with dims {entry.dims}; found {array.dims}"
        )
    placed = set(grid) <= set(array.dims)
    ordered = array.transpose(*entry.dims, *(grid if placed else ()))
    axes = tuple(axis_of(array, dim) for dim in entry.dims)
    wcs = decode_wcs(array.to_dataset(name=name), name) if placed else None
    return Response(ordered.to_numpy(), axes, array.attrs.get("units"), name, wcs)


def add_edisp(maps: xr.Dataset, response: Response, energy_unit: str) -> xr.Dataset:
    """Add ``edisp`` (energy_true, energy), or (lat_edisp, lon_edisp, energy_true, energy).

    Raises
    ------
    FileFormatError
        If it has other axes, or other energies than the maps.
    """
    names, where = response.names, response.where
    if names not in ((ENERGY_TRUE, ENERGY), (ENERGY_TRUE, "migra")):
        raise FileFormatError(
            f"{where} has axes {list(names)}, expected energy_true with energy or migra"
        )
    factor = u.Unit(ENERGY_UNIT).to(energy_unit)
    true = response.axes[0].times(factor)
    maps = add_axis(maps, true, where, energy_unit)
    if names[1] == ENERGY:
        maps = add_axis(maps, response.axes[1].times(factor), where, energy_unit)
        return _placed(maps, EDISP, response)
    migra = response.axes[1].edges
    kernels = _kernels(response.values, migra, axis_edges(maps, ENERGY), true.centres)
    return _placed(maps, EDISP, replace(response, values=kernels))


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


def add_psf(maps: xr.Dataset, response: Response, energy_unit: str) -> xr.Dataset:
    """Add ``psf`` ([lat_psf, lon_psf,] energy_true, rad), on the exposure's energies.

    Raises
    ------
    FileFormatError
        If it has other axes, or its unit is no inverse solid angle.
    """
    if response.names != MAPS["psf"].dims:
        raise FileFormatError(
            f"{response.where} has axes {list(response.names)}, expected {MAPS['psf'].dims}"
        )
    energy = response.axes[0].times(u.Unit(ENERGY_UNIT).to(energy_unit))
    values = response.values
    if ENERGY_TRUE in maps.coords:
        values = interpolate_nodes(energy.centres, values, maps[ENERGY_TRUE].to_numpy())
    else:
        maps = add_axis(maps, energy, response.where, energy_unit)
    factor = factor_to(response.unit, MAPS["psf"].unit, response.where)
    values = np.multiply(values, factor, dtype=np.float64)
    maps = maps.assign_coords({RAD: data_array(RAD, response.axes[1].centres, COORDS)})
    return _placed(maps, "psf", replace(response, values=values))


def _placed(maps: xr.Dataset, name: str, response: Response) -> xr.Dataset:
    """Assign a response (n_first, n_second), or one with two sky axes behind them."""
    entry, values = MAPS[name], response.values
    if response.wcs is None:
        return maps.assign({name: (entry.dims, values, entry.attrs)})
    dims = (f"{LAT}_{name}", f"{LON}_{name}", *entry.dims)
    maps = maps.assign_coords({wcs_name(name): encode_wcs(response.wcs)})
    return maps.assign({name: (dims, np.moveaxis(values, (-2, -1), (0, 1)), entry.attrs)})


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
