"""Maps of the sky: values, pixels on the sky and other axes, from a file or an array."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from astropy.wcs import WCS

from ...exceptions import FileFormatError, InvalidDataError
from ...maps.axes import Axis
from ...maps.grid import AnyGrid, as_planes
from ...maps.healpix.coords import decode_healpix
from ...maps.pixelgrid import PixelGrid, pixel_numbers
from ...maps.regridding.matching import PixelMatch, pixels_in
from ...maps.wcs import decode_wcs, encode_wcs, grid_coords, pixels_in_order
from ...maps.world.distortions import move_pixels
from ...schema.names import CELL, ENERGY, ENERGY_TRUE, ENERGY_UNIT, LAT, LON, high, low
from ...schema.stages import is_healpix
from .cubes import ArrayCube, Cube
from .healpix.cells import HealpixCells, cells_of_grid
from .units import is_number, named_unit, parse_unit

__all__ = ["SkyMap", "axis_from_array", "skymap_from_array"]


@dataclass(frozen=True, eq=False)
class SkyMap:
    """A map of the sky.

    Parameters
    ----------
    cube : Cube
        Values (..., ny, nx), with one more axis for each of `axes`; of HEALPix, one row of all
        cells.
    axes : tuple of Axis
        Axes besides those of the sky, the slowest first; energies in TeV.
    sky : astropy.wcs.WCS or HealpixCells
        Celestial WCS, or the cells of a HEALPix map.
    unit : str, optional
        Unit as the file names it; None if it names none.
    label : str
        Name of the map in messages.
    hdu : str
        Name of the HDU.
    has_bands : bool
        Whether a BANDS table of GADF describes the axes. Such files name all units.
    livetime : float, optional
        Live time in s from the header, for cubes of several observations.
    band : int, optional
        Number of the energy band of an image that is one of several.
    given_energies : bool
        Whether the energies are those that the caller gives, because the file has none.
    own_band : Axis, optional
        Energy band of an image of two axes, in a table EBOUNDS beside it.
    column : str, optional
        Name of the column, if the map is one column of a HEALPix table.
    may_lack_values : bool
        Whether the tool that wrote the map marks cells without data by their values.
    """

    cube: Cube
    axes: tuple[Axis, ...]
    sky: WCS | HealpixCells
    unit: str | None
    label: str
    hdu: str = ""
    has_bands: bool = False
    livetime: float | None = None
    band: int | None = None
    given_energies: bool = False
    own_band: Axis | None = None
    column: str | None = None
    may_lack_values: bool = False

    @property
    def image_shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        rows, columns = self.cube.shape[-2:]
        return rows, columns

    @property
    def sky_dims(self) -> tuple[str, ...]:
        """Dims of the pixels in a Dataset; the one row of HEALPix has none."""
        return (CELL,) if isinstance(self.sky, HealpixCells) else (LAT, LON)

    @property
    def has_no_unit(self) -> bool:
        """Whether the values are plain numbers or numbers of events."""
        return self.unit is None or is_number(parse_unit(self.unit, self.label))

    @cached_property
    def _checksum(self) -> int | None:
        return int(encode_wcs(self.sky).values) if isinstance(self.sky, WCS) else None

    @cached_property
    def grid(self) -> AnyGrid:
        """Pixels of the map on the sky."""
        if isinstance(self.sky, HealpixCells):
            return self.sky.grid
        rows, columns = self.image_shape
        return PixelGrid(self.sky, pixel_numbers(columns), pixel_numbers(rows))

    def coords(self, *, lazy: bool) -> xr.Dataset:
        """Return the coordinates of the pixels; with `lazy`, numbers of cells may be unread."""
        if isinstance(self.sky, HealpixCells):
            return xr.Dataset(coords=self.sky.coords(lazy=lazy))
        return xr.Dataset(coords=grid_coords(self.sky, self.image_shape))

    def has_pixels_of(self, other: SkyMap) -> bool:
        """Whether two maps have the same pixels in the same order, by their headers."""
        if isinstance(self.sky, HealpixCells) and isinstance(other.sky, HealpixCells):
            return self.sky is other.sky or self.sky.same_cells(other.sky)
        same = self._checksum is not None and self._checksum == other._checksum
        return same and self.image_shape == other.image_shape

    def find_pixels(self, other: SkyMap) -> PixelMatch | None:
        """Find the pixels of another map among those of this one, by their places on the sky.

        Returns
        -------
        PixelMatch or None
            Where this map has the rows and columns of `other`. None if the maps have different
            pixels.

        Raises
        ------
        FileFormatError
            If both have the same WCS, but the axes of one of them are in another order.
        """
        if isinstance(self.sky, HealpixCells) and isinstance(other.sky, HealpixCells):
            return self.sky.find(other.sky)
        if not (isinstance(self.grid, PixelGrid) and isinstance(other.grid, PixelGrid)):
            return None
        (rows, columns), expected = self.image_shape, other.image_shape
        if self.has_pixels_of(other):
            return PixelMatch(np.arange(rows), np.arange(columns))
        if self._checksum == other._checksum and (columns, rows) == expected:
            raise FileFormatError(
                f"{self.label} has the shape {self.cube.shape}, expected {expected} pixels, as "
                f"{other.label} has on the same WCS; turn rows into columns"
            )
        return pixels_in(self.grid, other.grid)


def skymap_from_array(array: xr.DataArray, label: str) -> SkyMap:
    """Return the map in a DataArray (..., lat, lon).

    Raises
    ------
    InvalidDataError
        If the array has other dims, or pixels in it are missing.
    MissingVariableError
        If the array has no WCS.
    """
    on_cells = isinstance(array, xr.DataArray) and is_healpix(array)
    if not isinstance(array, xr.DataArray) or not (on_cells or {LAT, LON} <= set(array.dims)):
        found = tuple(getattr(array, "dims", (type(array).__name__,)))
        raise InvalidDataError(
            f"{label} must be a file or a map with dims energy, lat, lon, or energy, cell; found "
            f"{found}"
        )
    unit = named_unit(array.attrs.get("units"))
    if on_cells:
        planes = as_planes(array.variable)
        axes = tuple(axis_from_array(array, str(dim)) for dim in planes.dims[:-2])
        cells = cells_of_grid(decode_healpix(array))
        return SkyMap(ArrayCube(planes.data), axes, cells, unit, label)
    ordered = pixels_in_order(array.transpose(..., LAT, LON), label)
    first = np.array([float(ordered[name][0]) for name in ("x", "y")])
    wcs = move_pixels(decode_wcs(ordered), first)
    axes = tuple(axis_from_array(ordered, str(dim)) for dim in ordered.dims[:-2])
    return SkyMap(ArrayCube(ordered.data), axes, wcs, unit, label)


def axis_from_array(array: xr.DataArray, dim: str) -> Axis:
    """Return a dimension of a DataArray as an axis: bins if it has edges, otherwise nodes.

    Energies are converted to TeV.

    Raises
    ------
    InvalidDataError
        If the dimension has no coordinate.
    """
    if dim not in array.coords:
        raise InvalidDataError(f"the dim {dim} has no coordinate; assign its values")
    centres = array[dim].to_numpy().astype(float)
    has_edges = low(dim) in array.coords and high(dim) in array.coords
    if has_edges:
        edges = np.append(array[low(dim)].to_numpy(), array[high(dim)].to_numpy()[-1:])
    else:
        edges = np.append(centres, centres[-1:])
    energy = dim in (ENERGY, ENERGY_TRUE)
    unit = str(array[dim].attrs.get("units", ENERGY_UNIT if energy else ""))
    axis = Axis(dim, centres, edges, unit, at_nodes=not has_edges)
    return axis.to(ENERGY_UNIT) if energy else axis
