"""Maps of the sky: values, pixels on the sky and other axes, read from a file or an array."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning, WcsError

from ...exceptions import FileFormatError, InvalidDataError
from ...maps.axes import Axis
from ...maps.wcs import decode_wcs, encode_wcs
from ...schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT, LAT, LON, high, low
from .cubes import ArrayCube, Cube
from .files import FitsFile
from .image_axes import read_image_axes
from .image_cube import make_image_cube

__all__ = ["SkyMap", "axis_from_array", "read_skymap", "read_wcs", "skymap_from_array"]

# how files name the unit of numbers of events, in lower case
_EVENT_UNITS = ("", "count", "counts", "ct", "event", "events", "ph", "photon", "photons")


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
    """

    cube: Cube
    axes: tuple[Axis, ...]
    wcs: WCS
    unit: str | None
    label: str
    hdu: str = ""
    has_bands: bool = False
    livetime: float | None = None

    @property
    def image_shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        rows, columns = self.cube.shape[-2:]
        return rows, columns

    @property
    def has_no_unit(self) -> bool:
        """Whether the values are plain numbers or numbers of events."""
        return (self.unit or "").strip().lower() in _EVENT_UNITS

    @cached_property
    def _checksum(self) -> int:
        return int(encode_wcs(self.wcs).values)

    def same_pixels(self, other: SkyMap) -> bool:
        """Whether both maps have the same pixels.

        Raises
        ------
        FileFormatError
            If both have the same WCS, but different numbers of pixels.
        """
        same = self._checksum == other._checksum
        if same and self.image_shape != other.image_shape:
            raise FileFormatError(
                f"{self.label} has the shape {self.cube.shape}, expected {other.image_shape} "
                f"pixels, as {other.label} has on the same WCS"
            )
        return same


def read_skymap(file: FitsFile, names: Sequence[str]) -> SkyMap:
    """Read the first of the named HDUs that the file has, or the first image in the file.

    Raises
    ------
    FileFormatError
        If the file has no image, the image has no celestial WCS, or its planes have no energies.
    """
    hdu = _find_image(file, names)
    label = f"{hdu.name} of {file.label}"
    wcs, image_shape = read_wcs(hdu)
    shape = tuple(int(hdu.header[f"NAXIS{i}"]) for i in range(hdu.header["NAXIS"], 0, -1))
    if 0 in shape:
        raise FileFormatError(f"{label} is empty: it has the shape {shape}")
    axes = read_image_axes(file, hdu, int(np.prod(shape[:-2])) if shape[:-2] else None)
    sizes = tuple(axis.size for axis in axes)
    if shape[:-2] != sizes and not (np.prod(shape[:-2]) == 1 and not sizes):
        raise FileFormatError(
            f"{hdu.name} has the shape {shape}, expected {(*sizes, *image_shape)} from its axes "
            f"{[axis.name for axis in axes]}"
        )
    unit, livetime = hdu.header.get("BUNIT"), hdu.header.get("LIVETIME")
    return SkyMap(
        make_image_cube(file, hdu, shape), tuple(axes), wcs, unit, label,
        hdu=hdu.name,
        has_bands="BANDSHDU" in hdu.header,
        livetime=float(livetime) if isinstance(livetime, int | float) else None,
    )  # fmt: skip


def _find_image(file: FitsFile, names: Sequence[str]) -> fits.ImageHDU:
    named = [file[name] for name in names if name in file]
    images = [hdu for hdu in [*named, *file.hdus] if _is_image(hdu)]
    if named and not (images and images[0] is named[0]):
        raise FileFormatError(f"{named[0].name} is not an image with two axes on the sky")
    if not images:
        raise FileFormatError(
            f"{file.name!r} has no image with two axes on the sky; found the HDUs {file.hdu_names}"
        )
    return images[0]


def _is_image(hdu: fits.ImageHDU) -> bool:
    return bool(hdu.is_image and hdu.header["NAXIS"] >= 2)


def read_wcs(hdu: fits.ImageHDU) -> tuple[WCS, tuple[int, int]]:
    """Read the celestial WCS of an image, and its numbers of rows and columns.

    Raises
    ------
    FileFormatError
        If the HDU is not an image, or has no valid celestial WCS.
    """
    if not _is_image(hdu):
        raise FileFormatError(f"{hdu.name} is not an image with two axes on the sky")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)  # about dates, not about pixels
        try:
            wcs = WCS(hdu.header)
        except (WcsError, ValueError) as error:
            raise FileFormatError(f"{hdu.name} has no valid WCS: {error}") from error
    if not wcs.has_celestial:
        raise FileFormatError(
            f"{hdu.name} has no celestial WCS: CTYPE is {list(wcs.wcs.ctype)}; "
            "HEALPix maps must be projected first"
        )
    return wcs.celestial, (hdu.header["NAXIS2"], hdu.header["NAXIS1"])


def skymap_from_array(array: xr.DataArray, label: str) -> SkyMap:
    """Return the map in a DataArray (..., lat, lon).

    Raises
    ------
    InvalidDataError
        If the array has other dims, or its pixels are incomplete or out of order.
    MissingVariableError
        If the array has no WCS.
    """
    if not isinstance(array, xr.DataArray) or not {LAT, LON} <= set(array.dims):
        found = tuple(getattr(array, "dims", (type(array).__name__,)))
        raise InvalidDataError(
            f"{label} must be a file or a map with dims energy, lat, lon; found {found}"
        )
    ordered = array.transpose(..., LAT, LON)
    wcs = decode_wcs(ordered).deepcopy()
    for name, number in (("x", 0), ("y", 1)):
        pixels = ordered[name].to_numpy()
        if pixels.ndim != 1 or np.any(np.diff(pixels) != 1):
            raise InvalidDataError(
                f"the pixels of {label} are not all in order: {name} is {pixels}; sort and "
                "complete them, or write the map to a file first"
            )
        wcs.wcs.crpix[number] -= float(pixels[0])
    axes = tuple(axis_from_array(ordered, str(dim)) for dim in ordered.dims[:-2])
    return SkyMap(ArrayCube(ordered.data), axes, wcs, ordered.attrs.get("units"), label)


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
