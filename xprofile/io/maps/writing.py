"""Maps in FITS: one file in the layout of Gammapy's MapDataset or MapDatasetOnOff.

Each map is an image HDU with its energies in a ``*_BANDS`` table; energy dispersion and PSF are
tables on a region of one pixel, or images on a grid of positions of their own.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from numpy.typing import NDArray

from ...exceptions import InvalidDataError, MissingVariableError
from ...maps.pixelgrid import PixelGrid, whole_numbers
from ...maps.wcs import decode_wcs, encode_wcs, pixel_grid
from ...schema.checks import check_maps
from ...schema.history import creator
from ...schema.names import DATASET, EDISP, ENERGY, ENERGY_TRUE, LAT, LON, RAD, low
from ...schema.variables import MAPS
from ..atomic import StrPath, moved_into_place
from ..fits.bands_output import TableAxis, axis_of, bands_table

__all__ = ["write_maps"]

_IRFS = (EDISP, "psf")

_HDU = {"mask": "MASK_SAFE"}  # others are the variable's name

_FITS_FLOATS = {2: np.float32, 4: np.float32, 8: np.float64}


def write_maps(maps: xr.Dataset, path: StrPath, *, overwrite: bool = False) -> None:
    """Write maps to FITS, so that Gammapy reads them and `open_maps` gives them back.

    Parameters
    ----------
    maps : xarray.Dataset
        With ``counts``, ``exposure``, and ``background`` or ``counts_off`` with its acceptances; a
        ``mask``, ``edisp`` and ``psf`` if there are. What was cut out, made coarser, masked,
        reversed or transposed is written in the order of its pixels and energies, under the WCS of
        the pixels that are left. dask arrays are computed, all in one go.
    path : str or path-like
        The file is written beside it and moved there when it is whole; ``.fits.gz`` compresses it.
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    FileExistsError
        If the file exists and `overwrite` is False.
    MissingVariableError, InvalidDataError
        If `maps` is no maps Dataset; if columns, rows or energies between others are missing; if
        there are more dims than a file has.

    Notes
    -----
    Types of numbers stay; a mask becomes integers. Pixel numbers start at 0 in the file, and
    longitudes that are read again are in the range that `open_maps` gives. Energies are written in
    the unit of the maps, those of reconstructed energy by their edges, true ones by their nodes
    where these are not the centres between edges; then the outermost edges follow from the nodes.
    The history is in HISTORY cards. Variables that are no maps are left out.

    Examples
    --------
    >>> from xprofile import open_maps
    >>> from xprofile import write_maps
    >>> write_maps(maps.isel(lon=slice(20, 60)), "cutout.fits.gz")  # doctest: +SKIP
    >>> open_maps("cutout.fits.gz")  # doctest: +SKIP
    """
    with moved_into_place(path, overwrite=overwrite) as temporary:
        _hdus(maps).writeto(temporary, overwrite=True)


def _hdus(maps: xr.Dataset) -> fits.HDUList:
    """Make the HDUs, in Gammapy's order."""
    check_maps(maps)
    _check_dims(maps)
    names = [name for name in MAPS if name in maps]
    ordered = _in_order(maps)[names]
    axes = {dim: axis_of(ordered, dim) for dim in _axes(ordered)}
    cards = _cards(ordered)
    ordered = ordered.compute()
    hdus = [_primary(maps)]
    for name in names:
        if name in _IRFS:
            hdus += _response(ordered, name, axes)
            continue
        dims = MAPS[name].dims
        hdus += _image(_HDU.get(name, name.upper()), ordered[name], dims, [axes[dims[0]]], cards)
    return fits.HDUList(hdus)


def _check_dims(maps: xr.Dataset) -> None:
    if DATASET in maps.dims:
        raise InvalidDataError(
            f"maps with a dim {DATASET!r} have no form in one file; write each on its own, for "
            f"example maps.isel({DATASET}=0)"
        )
    empty = [dim for dim in _axes(maps) if not maps.sizes[dim]]
    if empty:
        raise InvalidDataError(f"the maps have no {', '.join(empty)}: a selection has left none")
    if "psf" in maps and RAD not in maps.coords:
        raise MissingVariableError(
            f"psf has no coordinate {RAD!r}, the angles that it is given at; assign them in deg, "
            "or leave it out with maps.drop_vars('psf')"
        )


def _axes(maps: xr.Dataset) -> list[str]:
    return [dim for dim in (ENERGY, ENERGY_TRUE, RAD) if dim in maps.dims]


def _in_order(maps: xr.Dataset) -> xr.Dataset:
    """Sort pixels and axes upwards, and see that no pixel is missing between others.

    Raises
    ------
    InvalidDataError
        If columns or rows are missing.
    """
    grid = pixel_grid(maps)
    values = {LON: grid.x, LAT: grid.y}
    for dim in _axes(maps):
        values[dim] = maps[low(dim) if low(dim) in maps.coords else dim].to_numpy()
    order = {dim: np.argsort(v) for dim, v in values.items() if np.any(np.diff(v) <= 0)}
    for dim, name in ((LON, "x"), (LAT, "y")):
        pixels = np.sort(values[dim])
        gap = np.flatnonzero(np.diff(pixels) != 1)
        if gap.size:
            before, after = pixels[gap[0]], pixels[gap[0] + 1]
            raise InvalidDataError(
                f"pixels are missing along {dim}: {name} goes from {before:g} to {after:g}, where "
                f"a FITS image has all; select a range, such as isel({dim}=slice(10, 50)), mask "
                "pixels instead of leaving them out, or use maps.profile.coarsen"
            )
    return maps.isel(order)


def _cards(maps: xr.Dataset) -> dict[Hashable, Any]:
    """FITS cards of the WCS of pixels in ascending order, counted from the first one."""
    grid = pixel_grid(maps)
    wcs = grid.wcs.deepcopy()
    wcs.wcs.crpix = wcs.wcs.crpix - [grid.x[0], grid.y[0]]
    return encode_wcs(wcs).attrs


def _primary(maps: xr.Dataset) -> fits.PrimaryHDU:
    hdu = fits.PrimaryHDU()
    hdu.header["CREATOR"] = creator()
    for line in str(maps.attrs.get("history", "")).splitlines():
        printable = "".join(c if c.isascii() and c.isprintable() else "?" for c in line)
        hdu.header.add_history(printable)
    return hdu


def _storable(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Give an array a type that FITS images have."""
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind == "f":
        return values.astype(_FITS_FLOATS.get(values.dtype.itemsize, np.float64), copy=False)
    return values


def _image(
    name: str,
    values: xr.DataArray,
    dims: Sequence[str],
    axes: Sequence[TableAxis],
    cards: dict[Hashable, Any],
) -> list[Any]:
    """Make the image HDU of a map with `dims`, the last two of the sky, and its axes' table."""
    if set(values.dims) != set(dims):
        raise InvalidDataError(
            f"{values.name} has dims {values.dims}, expected {tuple(dims)}; select along the others"
        )
    hdu = fits.ImageHDU(_storable(values.transpose(*dims).to_numpy()), name=name)
    hdu.header.update(cards)
    hdu.header["BANDSHDU"] = f"{name}_BANDS"
    hdu.header["BUNIT"] = str(values.attrs.get("units", ""))
    return [hdu, bands_table(name, axes)]


def _response(maps: xr.Dataset, name: str, axes: dict[str, TableAxis]) -> list[Any]:
    """Make the HDUs of energy dispersion or PSF, and of the exposure that it goes with."""
    along = [axes[dim] for dim in MAPS[name].dims]
    flat = [along[0], along[1].squashed()]
    place = (f"{LAT}_{name}", f"{LON}_{name}")
    exposure = _exposure_at(maps, name).expand_dims({along[1].name: 1}, axis=1)
    hdus = []
    for values, hdu, parts in (
        (maps[name], name.upper(), along),
        (exposure, f"{name.upper()}_EXPOSURE", flat),
    ):
        dims = tuple(axis.name for axis in parts)
        if set(place) & set(maps[name].dims):
            cards = encode_wcs(decode_wcs(maps, name)).attrs
            hdus += _image(hdu, values, (*dims, *place), parts, cards)
        else:
            hdus += _table(hdu, values.transpose(*dims), parts)
    return hdus


def _exposure_at(maps: xr.Dataset, name: str) -> xr.DataArray:
    """Exposure (energy_true, ...) at a response's positions, the map's centre if it has none.

    It is what Gammapy weights responses with where it stacks data sets.
    """
    grid, exposure = pixel_grid(maps), maps["exposure"]
    place = (f"{LAT}_{name}", f"{LON}_{name}")
    if not set(place) <= set(maps[name].dims):
        return exposure.isel({LAT: grid.y.size // 2, LON: grid.x.size // 2}, drop=True)
    rows, columns = (maps.sizes[dim] for dim in place)
    there = PixelGrid(decode_wcs(maps, name), whole_numbers(columns), whole_numbers(rows))
    lonlat = np.broadcast_arrays(*there.lonlat(there.x, there.y[:, None]))
    sky = SkyCoord(*(part.ravel() for part in lonlat), unit="deg", frame=there.frame)
    nearest = {
        dim: xr.DataArray(_nearest(at, pixels).reshape(rows, columns), dims=place)
        for dim, at, pixels in zip((LON, LAT), grid.pixel(sky), (grid.x, grid.y), strict=True)
    }
    return exposure.isel(nearest).drop_vars([LAT, LON, "x", "y"], errors="ignore")


def _nearest(place: NDArray[np.float64], pixels: NDArray[np.float64]) -> NDArray[np.intp]:
    """Index of the pixel nearest to a place, that of the middle where it has none."""
    known = np.where(np.isfinite(place), np.rint(place), pixels[pixels.size // 2])
    return np.asarray(np.clip(known, pixels[0], pixels[-1]) - pixels[0], dtype=np.intp)


def _table(name: str, values: xr.DataArray, axes: Sequence[TableAxis]) -> list[Any]:
    """Make the table of a map on one region, a row for each true energy, and its axes' table."""
    cells = _storable(values.to_numpy())[..., np.newaxis, np.newaxis]
    table = Table({"CHANNEL": np.arange(len(cells), dtype=np.int16), "DATA": cells})
    table["DATA"].unit = values.attrs.get("units", "")
    return [fits.BinTableHDU(table, name=name), bands_table(name, axes)]
