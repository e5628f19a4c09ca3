"""Responses: energy dispersion and PSF, read from Gammapy's layout and added to maps.

A response is a table on one region, or an image on a grid of positions. An energy dispersion is a
kernel, the fraction of the events of a true-energy bin in each reconstructed bin, or a density over
migra, the ratio of reconstructed to true energy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from ...exceptions import FileFormatError, InvalidDataError
from ...maps.axes import Axis, add_axis, same_axis
from ...maps.value_warnings import warn_of_extrapolation
from ...maps.wcs import decode_wcs, position_coords, positions_in_order
from ...schema.axes import axis_edges
from ...schema.names import EDISP, ENERGY, ENERGY_TRUE, LAT, LON, RAD
from ...schema.variables import COORDS, MAPS, data_array
from ..fits.arrays import image_values, native_order
from ..fits.bands_tables import MIGRA, read_bands_table
from ..fits.files import FitsFile
from ..fits.healpix.columns import is_healpix_table
from ..fits.reading.skymaps import read_wcs
from ..fits.skymap import axis_from_array
from ..fits.units import named_unit, remedy_for, unit_by_integral, unit_factor
from .cell_responses import read_cell_response
from .migration import bin_fractions, integrate_migra, interpolate_nodes

__all__ = [
    "CHANNEL",
    "Hdu",
    "Response",
    "add_edisp",
    "add_psf",
    "position_dims",
    "read_response",
    "response_from_array",
]

Float = NDArray[np.float64]
Array = NDArray[np.generic]
Hdu: TypeAlias = fits.ImageHDU | fits.BinTableHDU
CHANNEL = "channel"  # axis of a matrix for the energies of the counts, which it does not name


@dataclass(frozen=True, eq=False)
class Response:
    """An energy dispersion or a PSF.

    Parameters
    ----------
    values : numpy.ndarray
        Values (n_first, n_second), or (n_first, n_second, ny, nx) on a grid of positions.
    axes : tuple of Axis
        The first two axes, or only the angles of a PSF that is the same at all energies; energies
        in TeV.
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
    """Return the dims of the grid of positions of a response."""
    return f"{LAT}_{name}", f"{LON}_{name}"


def read_response(file: FitsFile, name: str, hdu: Hdu | None = None) -> Response:
    """Read the HDU ``EDISP`` or ``PSF`` of a file of Gammapy, or another one with such axes.

    Parameters
    ----------
    file : FitsFile
        The file.
    name : {"EDISP", "PSF"}
        Name of the HDU.
    hdu : ImageHDU or BinTableHDU, optional
        Another HDU.

    Raises
    ------
    FileFormatError
        If the HDU or its axes are missing, or its values do not fit the axes.
    """
    hdu = _find_hdu(file, name) if hdu is None else hdu
    label, bands = file.label_of(hdu), _bands_name(hdu)
    if bands not in file:
        raise FileFormatError(
            f"{label} has no table of energies: HDU {bands} is missing; found {file.hdu_names}"
        )
    axes = tuple(read_bands_table(file[bands], file))
    sizes = tuple(axis.size for axis in axes)
    if hdu.is_image:
        if len(sizes) > 2 or hdu.shape[:-2] != sizes or 0 in hdu.shape:
            raise FileFormatError(
                f"{name} has the shape {hdu.shape}, expected {sizes} and two axes of positions"
            )
        found = Response(image_values(hdu), axes, hdu.header.get("BUNIT"), label, read_wcs(hdu)[0])
        return _with_unit(found, file)
    if is_healpix_table(hdu):
        values, wcs = read_cell_response(file, hdu, sizes, label)
        return _with_unit(Response(values, axes, hdu.header.get("BUNIT"), label, wcs), file)
    if "DATA" not in map(str.upper, hdu.columns.names):
        raise FileFormatError(f"{name} has no column DATA; found {hdu.columns.names}")
    values, unit = native_order(hdu.data["DATA"]).reshape(-1), hdu.columns["DATA"].unit
    if values.size != np.prod(sizes) or values.dtype.kind not in "iuf":
        raise FileFormatError(
            f"{name} has {values.size} values of {values.dtype}, expected {np.prod(sizes)} numbers "
            "from its axes"
        )
    return _with_unit(Response(values.reshape(sizes), axes, unit, label), file)


def _with_unit(response: Response, file: FitsFile) -> Response:
    """Give a PSF that names no unit the one in which its integral is about 1, if there is one."""
    if response.dims[-1:] != (RAD,) or named_unit(response.unit):
        return response
    values = np.moveaxis(response.values, len(response.axes) - 1, -1)
    unit = unit_by_integral(values, response.axes[-1].edges)
    if unit is not None:
        file.notes.append(f"{response.label} in {unit}, as its integral is then about 1")
    return replace(response, unit=unit)


def _find_hdu(file: FitsFile, name: str) -> Hdu:
    """Return the HDU of this name, or the first one whose BANDS table has axes of the response."""
    if name in file:
        return file[name]
    for hdu in file.hdus:
        bands = _bands_name(hdu)
        if bands not in file:
            continue
        cards = file[bands].header.items()
        axes = ",".join(str(value).upper() for key, value in cards if key.startswith("AXCOLS"))
        kinds = {"PSF": ("RAD", "THETA"), "EDISP": ("MIGRA", "ENERGY_TRUE")}[name]
        if any(kind in axes for kind in kinds) and (name == "PSF") == ("RAD" in axes):
            return hdu
    raise FileFormatError(f"{file.name!r} has no HDU {name}; found {file.hdu_names}")


def _bands_name(hdu: Hdu) -> str:
    return str(hdu.header.get("BANDSHDU", f"{hdu.name}_BANDS"))


def response_from_array(array: xr.DataArray, name: str) -> Response:
    """Return the response in a DataArray with the dims of the maps Dataset.

    Raises
    ------
    InvalidDataError
        If the array has other dims, or a dim without a coordinate.
    """
    entry = MAPS[name]
    grid = position_dims(name)
    dims = entry.dims_among(array.dims)
    if dims is None or set(array.dims) - set(grid) != set(dims):
        expected = " or ".join(str(one) for one in (entry.dims, entry.other_dims) if one)
        raise InvalidDataError(
            f"{name} must be a file or an array with dims {expected}; found {array.dims}"
        )
    on_grid = set(grid) <= set(array.dims)
    if on_grid:
        array = positions_in_order(array.to_dataset(name=name), name)[name]
    ordered = array.transpose(*dims, *(grid if on_grid else ()))
    axes = tuple(axis_from_array(array, dim) for dim in dims)
    wcs = decode_wcs(array.to_dataset(name=name), name) if on_grid else None
    return Response(ordered.to_numpy(), axes, array.attrs.get("units"), name, wcs)


def add_edisp(maps: xr.Dataset, response: Response, energy_unit: str) -> xr.Dataset:
    """Add ``edisp`` (energy_true, energy), or (lat_edisp, lon_edisp, energy_true, energy).

    Raises
    ------
    FileFormatError
        If the response has other axes, or other energies than the maps.
    """
    if response.dims == (ENERGY_TRUE, CHANNEL):
        response = _on_counts(response, maps)
    if response.dims not in ((ENERGY_TRUE, ENERGY), (ENERGY_TRUE, MIGRA)):
        raise FileFormatError(
            f"{response.label} has axes {list(response.dims)}, expected energy_true with energy or "
            "migra"
        )
    true = response.axes[0].to(energy_unit)
    if not (_is_at_nodes(response) and ENERGY_TRUE in maps.coords):
        maps = add_axis(maps, true, response.label)
    if response.dims[1] == ENERGY:
        maps = add_axis(maps, response.axes[1].to(energy_unit), response.label)
        return _assign(maps, EDISP, response, MAPS[EDISP].dims)
    kernels = replace(response, values=_kernels_of_migra(maps, response, true))
    return _assign(maps, EDISP, kernels, MAPS[EDISP].dims)


def _on_counts(response: Response, maps: xr.Dataset) -> Response:
    """Give a matrix over channels the energies of the counts.

    Raises
    ------
    FileFormatError
        If it was made for other energies: gtdrm has edges of true energies at all those of counts.
    """
    true, channels = response.axes
    counts = axis_from_array(maps[ENERGY], ENERGY)
    nearest = true.edges[np.abs(np.log(true.edges[:, np.newaxis] / counts.edges)).argmin(axis=0)]
    if counts.size != channels.size or not same_axis(nearest, counts.edges):
        raise FileFormatError(
            f"{response.label} has {channels.size} channels and edges of true energies at "
            f"{true.edges} TeV, expected {counts.size} channels and edges at those of the counts, "
            f"{counts.edges}; make it with the cube of these counts"
        )
    return replace(response, axes=(true, counts))


def _kernels_of_migra(maps: xr.Dataset, response: Response, true: Axis) -> Array:
    """Return the fractions (ntrue, nenergy, ...) of densities over migra."""
    energy, migra = axis_edges(maps, ENERGY), response.axes[1]
    if _is_at_nodes(response):
        edges = axis_edges(maps, ENERGY_TRUE)
        wanted, remedy = maps[ENERGY_TRUE].to_numpy(), "or go without it by edisp=None"
        warn_of_extrapolation(response.label, true.edges, wanted, remedy, true.unit)
        values = response.values.astype(np.float64)
        return bin_fractions(values, true.centres, migra.edges, energy, edges)
    return integrate_migra(response.values, migra.edges, energy, true.centres)


def _is_at_nodes(response: Response) -> bool:
    """Whether true energies and migra are both nodes, as in ctedispcube: any bins can be made."""
    return response.dims == (ENERGY_TRUE, MIGRA) and all(axis.at_nodes for axis in response.axes)


def add_psf(maps: xr.Dataset, response: Response, energy_unit: str) -> xr.Dataset:
    """Add ``psf`` ([lat_psf, lon_psf,] energy_true, rad), at the energies of the exposure.

    A PSF over reconstructed energy keeps its dim ``energy``.

    Raises
    ------
    FileFormatError
        If the response has other axes, is not per solid angle, or has other reconstructed energies
        than the counts.
    """
    entry = MAPS["psf"]
    if response.dims == (RAD,) and ENERGY_TRUE in maps.coords:
        response = _repeat(response, maps)
    if response.dims not in (entry.dims, entry.other_dims):
        raise FileFormatError(
            f"{response.label} has axes {list(response.dims)}, expected {entry.dims} or "
            f"{entry.other_dims}"
        )
    energy = response.axes[0].to(energy_unit)
    values = response.values
    if energy.name == ENERGY_TRUE and ENERGY_TRUE in maps.coords:
        values = interpolate_nodes(energy.centres, values, maps[ENERGY_TRUE].to_numpy())
    else:
        maps = add_axis(maps, energy, response.label)
    factor = unit_factor(response.unit, entry.unit, response.label, remedy_for("psf"))
    values = np.multiply(values, factor, dtype=np.float64)
    maps = maps.assign_coords({RAD: data_array(RAD, response.axes[1].centres, COORDS)})
    return _assign(maps, "psf", replace(response, values=values), response.dims)


def _repeat(response: Response, maps: xr.Dataset) -> Response:
    """Return a PSF without energies, repeated for all true energies of the maps."""
    energy = axis_from_array(maps[ENERGY_TRUE], ENERGY_TRUE)
    values = np.repeat(response.values[np.newaxis], energy.size, axis=0)
    return replace(response, values=values, axes=(energy, *response.axes))


def _assign(maps: xr.Dataset, name: str, response: Response, dims: tuple[str, ...]) -> xr.Dataset:
    """Assign a response; the axes of a grid of positions come first in the Dataset."""
    entry, values = MAPS[name], response.values
    if response.wcs is None:
        return maps.assign({name: (dims, values, entry.attrs)})
    dims = (*position_dims(name), *dims)
    rows, columns = values.shape[-2:]
    maps = maps.assign_coords(position_coords(response.wcs, (rows, columns), name))
    return maps.assign({name: (dims, np.moveaxis(values, (-2, -1), (0, 1)), entry.attrs)})
