"""Maps of the sky: values, pixels on the sky and other axes, read from a file or an array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.wcs import WCS

from ...exceptions import FileFormatError, InvalidDataError
from ...maps.axes import Axis
from ...maps.pixelgrid import PixelGrid, pixel_numbers
from ...maps.regridding.matching import PixelMatch, pixels_in
from ...maps.wcs import decode_wcs, encode_wcs, pixels_in_order
from ...maps.world.axis_types import axis_name, axis_types
from ...maps.world.celestial import celestial_wcs
from ...maps.world.distortions import move_pixels
from ...schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT, LAT, LON, high, low
from .cubes import ArrayCube, Cube
from .files import FitsFile
from .image_axes import read_image_axes, single_band
from .image_cube import make_image_cube
from .units import is_number, named_unit, parse_unit

__all__ = ["SkyMap", "axis_from_array", "read_skymap", "read_wcs", "skymap_from_array"]


@dataclass(frozen=True, eq=False)
class SkyMap:
    """A map of the sky.

    Parameters
    ----------
    cube : Cube
        Values (..., ny, nx), with one more axis for each of `axes`.
    axes : tuple of Axis
        Axes besides those of the sky, the slowest first; energies in TeV.
    wcs : astropy.wcs.WCS
        Celestial WCS.
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
    """

    cube: Cube
    axes: tuple[Axis, ...]
    wcs: WCS
    unit: str | None
    label: str
    hdu: str = ""
    has_bands: bool = False
    livetime: float | None = None
    band: int | None = None
    given_energies: bool = False
    own_band: Axis | None = None

    @property
    def image_shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        rows, columns = self.cube.shape[-2:]
        return rows, columns

    @property
    def has_no_unit(self) -> bool:
        """Whether the values are plain numbers or numbers of events."""
        return self.unit is None or is_number(parse_unit(self.unit, self.label))

    @cached_property
    def _checksum(self) -> int:
        return int(encode_wcs(self.wcs).values)

    @cached_property
    def grid(self) -> PixelGrid:
        """Pixels of the map on the sky."""
        rows, columns = self.image_shape
        return PixelGrid(self.wcs, pixel_numbers(columns), pixel_numbers(rows))

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
        (rows, columns), expected = self.image_shape, other.image_shape
        same_header = self._checksum == other._checksum
        if same_header and (rows, columns) == expected:
            return PixelMatch(np.arange(rows), np.arange(columns))
        if same_header and (columns, rows) == expected:
            raise FileFormatError(
                f"{self.label} has the shape {self.cube.shape}, expected {expected} pixels, as "
                f"{other.label} has on the same WCS; turn rows into columns"
            )
        return pixels_in(self.grid, other.grid)


def read_skymap(file: FitsFile, names: Sequence[str | int]) -> SkyMap:
    """Read the first of the named HDUs that the file has, or the first image in the file.

    Raises
    ------
    FileFormatError
        If the file has no image, the image has no celestial WCS, or its planes have no energies.
    """
    hdu = _find_image(file, names)
    label = f"{hdu.name} of {file.label}"
    wcs, image_shape = read_wcs(hdu, label)
    shape = tuple(int(hdu.header[f"NAXIS{i}"]) for i in range(hdu.header["NAXIS"], 0, -1))
    if 0 in shape:
        raise FileFormatError(f"{label} is empty: it has the shape {shape}")
    axes = read_image_axes(file, hdu, int(np.prod(shape[:-2])) if shape[:-2] else None)
    sizes = tuple(axis.size for axis in axes)
    singles = [axis for axis, number in enumerate(shape[:-2]) if number == 1]
    more = singles[: max(len(shape) - 2 - len(sizes), 0)]  # such as one of STOKES
    if tuple(n for axis, n in enumerate(shape[:-2]) if axis not in more) != sizes:
        raise FileFormatError(
            f"{hdu.name} has the shape {shape}, expected {(*sizes, *image_shape)} from its axes "
            f"{[axis.name for axis in axes]}{_at_edges(shape[:-2], sizes)}"
        )
    unit, livetime = named_unit(hdu.header.get("BUNIT")), hdu.header.get("LIVETIME")
    return SkyMap(
        make_image_cube(file, hdu, shape).squeezed(more), tuple(axes), wcs, unit, label,
        hdu=hdu.name,
        has_bands="BANDSHDU" in hdu.header,
        livetime=float(livetime) if isinstance(livetime, int | float) else None,
        given_energies=axes == [file.bands],
        own_band=None if axes else single_band(file),
    )  # fmt: skip


def _at_edges(found: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """Say how to mend an image with one plane more than bins, as gtsrcmaps writes it."""
    if len(found) == len(expected) == 1 and found[0] == expected[0] + 1:
        return "; a source map of gtsrcmaps is at the edges of the bins: make counts with gtmodel"
    return ""


def _find_image(file: FitsFile, names: Sequence[str | int]) -> fits.ImageHDU:
    named = [file[name] for name in names if name in file]
    images = [hdu for hdu in [*named, *file.hdus] if _is_image(hdu)]
    if named and not (images and images[0] is named[0]):
        message = f"{named[0].name} is not an image with two axes on the sky"
        raise FileFormatError(_other_map(file, named[:1]) or message)
    if not images:
        raise FileFormatError(
            _other_map(file, file.hdus)
            or f"{file.name!r} has no image with two axes on the sky; found the HDUs "
            f"{file.hdu_names}"
        )
    return images[0]


def _other_map(file: FitsFile, hdus: Sequence[Any]) -> str | None:
    """Say which HDU is a map without an image; None if none is."""
    for hdu in hdus:
        name = f"{hdu.name} of {file.label}"
        if str(hdu.header.get("PIXTYPE", "")).strip().upper() == "HEALPIX":
            return (
                f"{name} is a HEALPix map, expected an image in a projection such as CAR or TAN; "
                "project it first"
            )
        columns = set(getattr(hdu, "columns", fits.ColDefs([])).names)
        if f"{hdu.name}_REGION" in file or columns == {"CHANNEL", "DATA"}:
            return (
                f"{name} is a region map of Gammapy: one spectrum of a whole region, without "
                "pixels; expected a map with pixels, such as a WcsNDMap or those of a MapDataset "
                "before to_spectrum_dataset"
            )
        if hdu.name == "EVENTS":
            return f"{name} is an event list, expected an image; count its events by open_events"
    return None


def _is_image(hdu: fits.ImageHDU) -> bool:
    return bool(hdu.is_image and hdu.header["NAXIS"] >= 2)


def read_wcs(hdu: fits.ImageHDU, label: str = "") -> tuple[WCS, tuple[int, int]]:
    """Read the celestial WCS of an image, and its numbers of rows and columns.

    Raises
    ------
    FileFormatError
        If the HDU is not an image, has no valid celestial WCS, or its first two axes are not those
        of the sky.
    """
    label = label or hdu.name
    if not _is_image(hdu):
        raise FileFormatError(f"{hdu.name} is not an image with two axes on the sky")
    try:
        wcs = celestial_wcs(hdu.header, label)
    except InvalidDataError as error:
        raise FileFormatError(str(error)) from error
    names = {axis_name(str(hdu.header.get(f"CTYPE{number}", ""))) for number in (1, 2)}
    if names != set(map(axis_name, wcs.wcs.ctype)):
        types = list(axis_types(hdu.header).values())
        raise FileFormatError(
            f"{label} has other axes before those of the sky: CTYPE is {types}; "
            "expected the sky on the first two: reorder the axes of the image"
        )
    return wcs, (hdu.header["NAXIS2"], hdu.header["NAXIS1"])


def skymap_from_array(array: xr.DataArray, label: str) -> SkyMap:
    """Return the map in a DataArray (..., lat, lon).

    Raises
    ------
    InvalidDataError
        If the array has other dims, or pixels in it are missing.
    MissingVariableError
        If the array has no WCS.
    """
    if not isinstance(array, xr.DataArray) or not {LAT, LON} <= set(array.dims):
        found = tuple(getattr(array, "dims", (type(array).__name__,)))
        raise InvalidDataError(
            f"{label} must be a file or a map with dims energy, lat, lon; found {found}"
        )
    ordered = pixels_in_order(array.transpose(..., LAT, LON), label)
    first = np.array([float(ordered[name][0]) for name in ("x", "y")])
    wcs = move_pixels(decode_wcs(ordered), first)
    axes = tuple(axis_from_array(ordered, str(dim)) for dim in ordered.dims[:-2])
    unit = named_unit(ordered.attrs.get("units"))
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
