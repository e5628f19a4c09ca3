"""Writing of maps: one FITS file in the layout of Gammapy's MapDataset or MapDatasetOnOff.

Each map is an image HDU, or a table for HEALPix, with its energies in a ``*_BANDS`` table. Energy
dispersion and PSF are tables on a region of one pixel, or images on a grid of positions.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import xarray as xr
from astropy.io import fits

from ...exceptions import InvalidDataError, MissingVariableError
from ...maps.grid import sky_grid
from ...maps.healpix.grid import HealpixGrid
from ...maps.pixelgrid import PixelGrid
from ...maps.wcs import encode_wcs, pixel_grid
from ...maps.world.distortions import move_pixels
from ...schema.axes import ascending_values
from ...schema.checks import check_maps_layout
from ...schema.history import creator
from ...schema.names import CELL, DATASET, ENERGY, ENERGY_TRUE, LAT, LON, RAD, low
from ...schema.options import suggests_options
from ...schema.variables import MAPS
from ..atomic_writing import write_atomically
from ..compressed_writing import write_hdus
from ..fits.bands_tables import axis_to_write
from ..paths import StrPath
from .map_hdus import image_hdus, response_hdus, table_hdus

__all__ = ["write_maps"]

_HDU_NAMES = {"mask": "MASK_SAFE"}  # HDUs of other variables have the variable's name


@suggests_options
def write_maps(maps: xr.Dataset, path: StrPath, *, overwrite: bool = False) -> None:
    """Write maps to a FITS file that Gammapy can read and `open_maps` reads back.

    Parameters
    ----------
    maps : xarray.Dataset
        Maps with ``counts``, ``exposure``, and ``background`` or ``counts_off`` with its
        acceptances; ``mask``, ``edisp`` and ``psf`` are optional. Maps may be cut out, made
        coarser, masked, reversed or transposed: they are written in ascending order of pixels and
        energies, with the WCS of these pixels. Arrays of dask are computed together.
    path : str or path-like
        Path of the new file. It appears there only when it is complete; ``.fits.gz`` compresses it.
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    ExistingFileError
        If the file exists and `overwrite` is False.
    MissingVariableError, InvalidDataError
        If `maps` is not a maps Dataset, if columns, rows or energies are missing between others, or
        if there are more dims than a file can have.

    See Also
    --------
    xprofile.open_maps : Read the file.
    xprofile.write_netcdf : Write maps to netCDF.

    Notes
    -----
    The types of numbers are kept, and a mask becomes integers. Pixel numbers start at 0 in the
    file. Longitudes come back in the range that `open_maps` gives. Energies are written in the unit
    of the maps: reconstructed energies by their edges; true energies by their edges as well, or by
    their nodes if these are not the centres of the edges. In this case the outermost edges follow
    from the nodes. HEALPix maps are tables, in ascending order of the cells. Gammapy reads cells of
    a part of the sky as a map of the whole sky, with 0 elsewhere. The history is written to HISTORY
    cards. Other variables are left out.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> part = maps.isel(lat=slice(90, 110), lon=slice(180, 220))
    >>> xprofile.write_maps(part, "part.fits.gz")
    >>> dict(xprofile.open_maps("part.fits.gz").counts.sizes)
    {'energy': 11, 'lat': 20, 'lon': 40}
    """
    with write_atomically(path, overwrite=overwrite) as temporary:
        write_hdus(_make_hdus(maps), temporary)


def _make_hdus(maps: xr.Dataset) -> fits.HDUList:
    """Make all HDUs, in the order that Gammapy uses."""
    check_maps_layout(maps)
    _check_dims(maps)
    names = [name for name in MAPS if name in maps]
    ordered = _sort_pixels(maps)[names]
    axes = {dim: axis_to_write(ordered, dim) for dim in _axis_dims(ordered)}
    grid = sky_grid(ordered)
    cards = {} if isinstance(grid, HealpixGrid) else _wcs_cards(ordered)
    ordered = ordered.compute()
    hdus = [_primary_hdu(maps)]
    for name in names:
        if MAPS[name].kind == "response":
            hdus += response_hdus(ordered, name, axes)
            continue
        dims = MAPS[name].dims
        hdu = _HDU_NAMES.get(name, name.upper())
        if isinstance(grid, HealpixGrid):
            hdus += table_hdus(hdu, ordered[name], axes[dims[0]], grid)
        else:
            hdus += image_hdus(hdu, ordered[name], dims, [axes[dims[0]]], cards)
    return fits.HDUList(hdus)


def _check_dims(maps: xr.Dataset) -> None:
    if DATASET in maps.dims:
        raise InvalidDataError(
            f"maps with a dim {DATASET!r} do not fit into one file; write each data set to a file, "
            f"for example maps.isel({DATASET}=0)"
        )
    empty = [dim for dim in _axis_dims(maps) if not maps.sizes[dim]]
    if empty:
        raise InvalidDataError(f"the maps have no {', '.join(empty)}: a selection has left none")
    if "psf" in maps and RAD not in maps.coords:
        raise MissingVariableError(
            f"psf has no coordinate {RAD!r}, the angles that it is given at; assign them in deg, "
            "or leave it out with maps.drop_vars('psf')"
        )
    if "psf" in maps:
        ascending_values(maps, RAD)


def _axis_dims(maps: xr.Dataset) -> list[str]:
    return [dim for dim in (ENERGY, ENERGY_TRUE, RAD) if dim in maps.dims]


def _sort_pixels(maps: xr.Dataset) -> xr.Dataset:
    """Sort pixels and axes in ascending order.

    Raises
    ------
    InvalidDataError
        If columns or rows are missing between others.
    """
    grid = sky_grid(maps)
    values: dict[str, Any] = {}
    if isinstance(grid, PixelGrid):
        values = {LON: grid.x, LAT: grid.y}
    else:
        values = {CELL: np.asarray(grid.cell_ids)}
    for dim in _axis_dims(maps):
        values[dim] = maps[low(dim) if low(dim) in maps.coords else dim].to_numpy()
    order = {dim: np.argsort(v) for dim, v in values.items() if np.any(np.diff(v) <= 0)}
    for dim, name in ((LON, "x"), (LAT, "y")) if isinstance(grid, PixelGrid) else ():
        pixels = np.sort(values[dim])
        gap = np.flatnonzero(np.diff(pixels) != 1)
        if gap.size:
            before, after = pixels[gap[0]], pixels[gap[0] + 1]
            raise InvalidDataError(
                f"pixels are missing along {dim}: {name} goes from {before:g} to {after:g}, but "
                f"a FITS image has all pixels; select a range, such as isel({dim}=slice(10, 50)), "
                "mask pixels instead of leaving them out, or use maps.profile.coarsen"
            )
    return maps.isel(order)


def _wcs_cards(maps: xr.Dataset) -> dict[Hashable, Any]:
    """Return the FITS cards of the WCS of sorted pixels, counted from the first one."""
    grid = pixel_grid(maps)
    return encode_wcs(move_pixels(grid.wcs, np.array([grid.x[0], grid.y[0]]))).attrs


def _primary_hdu(maps: xr.Dataset) -> fits.PrimaryHDU:
    hdu = fits.PrimaryHDU()
    hdu.header["CREATOR"] = creator()
    for line in str(maps.attrs.get("history", "")).splitlines():
        printable = "".join(c if c.isascii() and c.isprintable() else "?" for c in line)
        hdu.header.add_history(printable)
    return hdu
