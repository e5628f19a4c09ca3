"""Single maps: templates such as gas maps and diffuse cubes, and any one cube of a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import astropy.units as u
import xarray as xr
from xarray.core import indexing

from ...exceptions import InvalidOptionError
from ...maps.axes import add_axis
from ...maps.wcs import grid_coords
from ...schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT, LAT, LON
from ...schema.units import energy_unit_name, unit_words
from ..fits.files import FileSource, FitsFile, name_of, open_fits, unit_of
from ..fits.skymap import SkyMap, read_skymap

__all__ = ["map_of", "open_map"]


def open_map(
    path: FileSource,
    *,
    hdu: str | None = None,
    unit: str | u.UnitBase | None = None,
    energy_unit: str = ENERGY_UNIT,
    chunks: int | str | Mapping[str, Any] | None = None,
    checksum: bool = False,
) -> xr.DataArray:
    """Read one image or cube of the sky from FITS: a template, or a single map of Gammapy's.

    Parameters
    ----------
    path : str, path-like or file object
        A FITS image with a celestial WCS, compressed or not. Energies come from a table BANDS,
        EBOUNDS or ENERGIES, or an axis log_Energy.
    hdu : str, optional
        Name of the HDU; the first image by default.
    unit : str or astropy.units.Unit, optional
        Of the values, in the place of what the file says.
    energy_unit : str
        Unit of the energies.
    chunks : int, "auto" or dict, optional
        Chunks of a dask array, as for `xarray.open_dataset`.
    checksum : bool
        Compare the HDUs that have a checksum with it.

    Returns
    -------
    xarray.DataArray
        Dims (lat, lon), or with ``energy`` for bins between edges or ``energy_true`` for values at
        nodes before them; its unit in ``attrs["units"]``.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FileFormatError
        If it is no FITS file or has no such image, no place on the sky, no energies for its
        planes, or a unit that is none.
    InvalidOptionError
        If `unit` or `energy_unit` is none.

    Examples
    --------
    >>> import xprofile
    >>> diffuse = xprofile.open_map("gll_iem_v07.fits")  # doctest: +SKIP
    >>> diffuse.profile.bin(bins, how="mean")  # doctest: +SKIP
    """
    words = None if unit is None else unit_words(unit)
    energies = energy_unit_name(energy_unit)
    lazy = chunks is not None
    with open_fits(path, lazy=lazy, checksum=checksum) as file:
        if hdu is not None and hdu.upper() not in file:
            raise InvalidOptionError(f"no HDU {hdu!r} in {file.label}; found {file.names}")
        found = map_of(file, hdu, unit=words, energy_unit=energies, lazy=lazy)
    found.attrs["history"] = f"open_map {Path(name_of(path)).name}"
    return found.chunk(chunks) if chunks is not None else found


def map_of(
    file: FitsFile,
    hdu: str | None,
    *,
    unit: str | None = None,
    energy_unit: str = ENERGY_UNIT,
    lazy: bool = False,
) -> xr.DataArray:
    """Read one map from an open file; see `open_map`."""
    image = read_skymap(file, [hdu] if hdu else [])
    coords = xr.Dataset(coords=grid_coords(image.wcs, image.size))
    for axis in image.axes:
        energy = axis.name in (ENERGY, ENERGY_TRUE)
        scale = u.Unit(ENERGY_UNIT).to(energy_unit) if energy else 1.0
        own = energy_unit if energy else {"rad": "deg"}.get(axis.name, "")
        coords = add_axis(coords, axis.times(scale), image.where, own)
    dims = (*(axis.name for axis in image.axes), LAT, LON)
    cube = image.cube.without_axes(len(image.cube.shape) - len(dims))
    values = indexing.LazilyIndexedArray(cube) if lazy else cube.read()
    words = _unit(image) if unit is None else unit
    attrs = {"units": words} if words else {}
    name = image.hdu.lower() if image.hdu not in ("", "PRIMARY") else "map"
    return xr.DataArray(xr.Variable(dims, values, attrs), coords.coords, name=name)


def _unit(image: SkyMap) -> str:
    """Unit of a map, in factors where it has no number in it."""
    unit = unit_of(image.unit, image.where)
    return unit_words(unit) if unit.scale == 1 else str(unit)
