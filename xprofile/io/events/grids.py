"""Pixels and energies to fill with events: those of other maps, or new ones round a position."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ...exceptions import FileFormatError, InvalidOptionError
from ...maps.axes import add_axis, bins_axis
from ...maps.grid import AnyGrid, sky_grid
from ...maps.pixelgrid import PixelGrid
from ...maps.wcs import grid_coords
from ...schema.axes import axis_edges, energy_unit
from ...schema.names import (
    CELL_IDS,
    ENERGY,
    ENERGY_UNIT,
    HEALPIX,
    LAT,
    LON,
    WCS_NAME,
    high,
    low,
)
from ...schema.number_checks import energies_from_quantity
from ...schema.written_units.parsing import as_unit
from ..fits.files import FileSource, open_fits
from ..fits.reading.skymaps import read_skymap
from .new_grids import NewGrid

__all__ = ["EventGrid", "GridSource", "grid_like", "grid_of_new_pixels"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]
GridSource: TypeAlias = xr.Dataset | xr.DataArray | FileSource | tuple[FileSource, str | int]

_SKY_COORDS = ("x", "y", WCS_NAME, LON, LAT, CELL_IDS, HEALPIX)
_HINT = "give energy_edges=, such as [1, 3, 10] * u.TeV"

# Share of an energy by which it may be below an edge and still count as on it, where one of the two
# was converted from another unit or comes from a file: four roundings of double precision. HAWC's
# maps have an edge of 10.000000000000002 TeV, and events of 10 TeV that belong above it. Ten times
# larger is still far below any resolution; ten times smaller, such events are in the bin below.
_ROUNDING = 1e-15


@dataclass(frozen=True, eq=False)
class EventGrid:
    """Pixels and energy bins.

    Parameters
    ----------
    coords : xarray.Dataset
        Coordinates of the counts.
    edges : numpy.ndarray
        Edges of the energy bins, (nenergy + 1,).
    unit : str
        Unit of the edges.
    converted : bool
        Whether the edges may have been converted from another unit.
    """

    coords: xr.Dataset
    edges: Float
    unit: str
    converted: bool = False

    @cached_property
    def pixels(self) -> AnyGrid:
        """The pixels."""
        return sky_grid(self.coords)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of energies, rows and columns."""
        return (self.edges.size - 1, *self.pixels.shape)

    def energy_index(self, energies: Float, unit: str) -> Int:
        """Return the bin of each energy, -1 outside; bins contain their lower edges.

        Parameters
        ----------
        energies : numpy.ndarray
            Energies in the unit of the edges.
        unit : str
            Unit that they had in the file.
        """
        converted = self.converted or as_unit(self.unit) != as_unit(unit)
        edges = self.edges * (1 - _ROUNDING) if converted else self.edges
        index = np.searchsorted(edges, energies, "right") - 1
        return np.where(index < self.edges.size - 1, index, -1)

    def pixel_index(self, positions: SkyCoord) -> Int:
        """Return the flat index (row, column) of the nearest pixel centre, -1 outside.

        Of HEALPix, it is that of the cell.
        """
        grid = self.pixels
        if not isinstance(grid, PixelGrid):
            return grid.find_pixels(positions)
        x, y = (_nearest(values) for values in grid.pixel(positions))
        column, row = _index(x, grid.x), _index(y, grid.y)
        if grid.separable:  # the same column, a turn away: positions on the seam have two
            for turn in (-grid.full_turn, grid.full_turn):
                column = np.where(column < 0, _index(x + turn, grid.x), column)
        return np.where((column < 0) | (row < 0), -1, row * grid.x.size + column)


def _nearest(position: Float) -> Float:
    return np.asarray(np.floor(position + 0.5))


def _index(wanted: Float, pixels: Float) -> Int:
    """Return the index of pixel numbers, -1 for those that the pixels do not have, and for NaN."""
    order = np.argsort(pixels)
    place = np.searchsorted(pixels, wanted, sorter=order).clip(max=pixels.size - 1)
    index = order[place]
    return np.where(pixels[index] == wanted, index, -1)


def grid_like(like: GridSource, energy_edges: u.Quantity | None) -> EventGrid:
    """Return the pixels and energies of maps, of one map, or of an image in a FITS file.

    Parameters
    ----------
    like : xarray.Dataset, xarray.DataArray, path or file object, or pair
        The maps; or a file and the name or number of an HDU.
    energy_edges : Quantity, optional
        Edges of energy bins, for an image without them.

    Raises
    ------
    InvalidOptionError
        If energies are missing, or given both by `like` and by `energy_edges`.
    """
    if isinstance(like, xr.Dataset | xr.DataArray):
        coords, from_file = _coords_in_memory(like), False
    else:
        _check_file(like)
        coords, from_file = _coords_of_file(like), True
    if energy_edges is not None:
        if ENERGY in coords.dims:
            raise InvalidOptionError(
                "energy_edges and like= both give energies; leave out energy_edges, or give one "
                "plane as like, such as maps.counts.sum('energy')"
            )
        return _with_energies(coords, energy_edges)
    if ENERGY not in coords.dims:
        raise InvalidOptionError(f"like has no energy bins; {_HINT}")
    edges = axis_edges(coords, ENERGY).astype(float)
    return EventGrid(coords, edges, energy_unit(coords), converted=from_file)


def _check_file(like: Any) -> None:
    """Raise unless `like` is a file, or a pair of a file and the name or number of an HDU."""
    pair = like if isinstance(like, tuple) else (like, 0)
    is_file = len(pair) == 2 and (
        isinstance(pair[0], str | os.PathLike) or hasattr(pair[0], "read")
    )
    if not is_file or not isinstance(pair[1], str | int):
        raise InvalidOptionError(
            "like must be maps, one map, a FITS file, or a pair of a file and an HDU such as "
            f"('maps.fits', 'COUNTS'); found {like!r}"
        )


def _coords_in_memory(like: xr.Dataset | xr.DataArray) -> xr.Dataset:
    energies = (ENERGY, low(ENERGY), high(ENERGY)) if ENERGY in like.dims else ()
    kept = [name for name in (*_SKY_COORDS, *energies) if name in like.coords]
    coords = xr.Dataset(coords={name: like.coords[name].variable for name in kept})
    sky_grid(coords)  # an error if the pixels are not complete
    return coords


def _coords_of_file(like: FileSource | tuple[FileSource, str | int]) -> xr.Dataset:
    source, hdu = like if isinstance(like, tuple) else (like, None)
    with open_fits(source, lazy=True) as file:
        if hdu is not None and hdu not in file:
            raise FileFormatError(f"{file.label} has no HDU {hdu!r}, found {file.hdu_names}")
        image = read_skymap(file, ["COUNTS"] if hdu is None else [hdu])
    coords = image.coords(lazy=False)
    for axis in image.axes:
        if axis.name == ENERGY:
            coords = add_axis(coords, axis.to(ENERGY_UNIT), image.label)
    return coords


def grid_of_new_pixels(new: NewGrid, energy_edges: u.Quantity) -> EventGrid:
    """Return new pixels round a position, with energies."""
    wcs, shape = new.wcs_and_shape()
    return _with_energies(xr.Dataset(coords=grid_coords(wcs, shape)), energy_edges)


def _with_energies(coords: xr.Dataset, energy_edges: u.Quantity) -> EventGrid:
    """Add energies; events are compared with the edges in the unit in which these are given."""
    edges = energies_from_quantity("energy_edges", energy_edges, ENERGY_UNIT)
    unit = str(u.Quantity(energy_edges).unit)
    axis = bins_axis(ENERGY, edges[:-1], edges[1:], ENERGY_UNIT, "energy_edges")
    given = np.asarray(u.Quantity(energy_edges).value, dtype=float)
    return EventGrid(add_axis(coords, axis, "energy_edges"), given, unit)
