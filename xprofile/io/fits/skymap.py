"""Maps of the sky as files have them: values, pixels, and the axes that are not of the sky."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning, WcsError

from ...exceptions import FileFormatError, InvalidDataError
from ...maps.axes import Axis
from ...maps.wcs import decode_wcs, encode_wcs
from ...schema.names import ENERGY, ENERGY_TRUE, LAT, LON, high, low
from .cubes import Cube, Values, image_cube
from .energies import axes_of_image
from .files import FitsFile

__all__ = ["SkyMap", "axis_of", "read_skymap", "read_wcs", "skymap_of"]


@dataclass(frozen=True, eq=False)
class SkyMap:
    """A map of a file.

    Parameters
    ----------
    cube : Cube
        (..., ny, nx), with one axis for each of `axes`.
    axes : tuple of Axis
        Those that are not of the sky, the slowest first; energies in TeV.
    wcs : astropy.wcs.WCS
        The celestial axes.
    unit : str, optional
        As the file has it; None where it says nothing.
    where, hdu : str
        What messages call it, and the name of its HDU.
    by_gadf : bool
        Whether its axes are described as GADF has them, which leaves no unit out.
    livetime : float, optional
        Live time in s that the header has, of a cube of several observations.
    """

    cube: Cube
    axes: tuple[Axis, ...]
    wcs: WCS
    unit: str | None
    where: str
    hdu: str = ""
    by_gadf: bool = False
    livetime: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.cube.shape[-2:]
        return rows, columns

    @cached_property
    def _checksum(self) -> int:
        return int(encode_wcs(self.wcs).values)

    def same_pixels(self, other: SkyMap) -> bool:
        """Whether both are on the same pixels.

        Raises
        ------
        FileFormatError
            If the pixels are the same, but there is another number of them.
        """
        same = self._checksum == other._checksum
        if same and self.size != other.size:
            raise FileFormatError(
                f"{self.where} has the shape {self.cube.shape}, expected {other.size} pixels, as "
                f"{other.where} has on the same WCS"
            )
        return same


def read_skymap(file: FitsFile, names: Sequence[str]) -> SkyMap:
    """Read the first of the named HDUs that there is, or the first image of the file.

    Raises
    ------
    FileFormatError
        If there is no image, it has no place on the sky, or its planes have no energies.
    """
    hdu = _find(file, names)
    where = f"{hdu.name} of {file.label}"
    wcs, size = read_wcs(hdu)
    shape = tuple(int(hdu.header[f"NAXIS{i}"]) for i in range(hdu.header["NAXIS"], 0, -1))
    if 0 in shape:
        raise FileFormatError(f"{where} is empty: it has the shape {shape}")
    axes = axes_of_image(file, hdu, int(np.prod(shape[:-2])) if shape[:-2] else None)
    sizes = tuple(axis.size for axis in axes)
    if shape[:-2] != sizes and not (np.prod(shape[:-2]) == 1 and not sizes):
        raise FileFormatError(
            f"{hdu.name} has the shape {shape}, expected {(*sizes, *size)} from its axes "
            f"{[axis.name for axis in axes]}"
        )
    unit, livetime = hdu.header.get("BUNIT"), hdu.header.get("LIVETIME")
    return SkyMap(
        image_cube(file, hdu, shape), tuple(axes), wcs, unit, where,
        hdu=hdu.name,
        by_gadf="BANDSHDU" in hdu.header,
        livetime=float(livetime) if isinstance(livetime, int | float) else None,
    )  # fmt: skip


def _find(file: FitsFile, names: Sequence[str]) -> fits.ImageHDU:
    named = [file[name] for name in names if name in file]
    images = [hdu for hdu in [*named, *file.hdus] if hdu.is_image and hdu.header["NAXIS"] >= 2]
    if named and not (images and images[0] is named[0]):
        raise FileFormatError(f"{named[0].name} is no image with two axes on the sky")
    if not images:
        raise FileFormatError(
            f"{file.name!r} has no image with two axes on the sky; found the HDUs {file.names}"
        )
    return images[0]


def read_wcs(hdu: fits.ImageHDU) -> tuple[WCS, tuple[int, int]]:
    """Read the celestial WCS of an image, and its number of rows and columns."""
    if not hdu.is_image or hdu.header["NAXIS"] < 2:
        raise FileFormatError(f"{hdu.name} is no image with two axes on the sky")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)  # dates, which say nothing about pixels
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


def skymap_of(array: xr.DataArray, where: str) -> SkyMap:
    """Make the map that a DataArray (..., lat, lon) holds.

    Raises
    ------
    InvalidDataError
        If it has other dims, or its pixels are not those of its WCS in order.
    MissingVariableError
        If it has no WCS or no edges of its energies.
    """
    if not isinstance(array, xr.DataArray) or not {LAT, LON} <= set(array.dims):
        found = tuple(getattr(array, "dims", (type(array).__name__,)))
        raise InvalidDataError(
            f"{where} is to be a file or a map with dims energy, lat, lon; found {found}"
        )
    ordered = array.transpose(..., LAT, LON)
    wcs = decode_wcs(ordered).deepcopy()
    for name, number in (("x", 0), ("y", 1)):
        pixels = ordered[name].to_numpy()
        if pixels.ndim != 1 or np.any(np.diff(pixels) != 1):
            raise InvalidDataError(
                f"the pixels of {where} are not all in order: {name} is {pixels}; sort and "
                "complete them, or write the map to a file first"
            )
        wcs.wcs.crpix[number] -= float(pixels[0])
    axes = tuple(axis_of(ordered, str(dim)) for dim in ordered.dims[:-2])
    return SkyMap(Values(ordered.data), axes, wcs, ordered.attrs.get("units"), where)


def axis_of(array: xr.DataArray, dim: str) -> Axis:
    """Make the axis that a dimension of a DataArray is, energies in TeV."""
    if dim not in array.coords:
        raise InvalidDataError(f"the dim {dim} has no coordinate; assign its values")
    centres = array[dim].to_numpy().astype(float)
    if low(dim) in array.coords and high(dim) in array.coords:
        edges = np.append(array[low(dim)].to_numpy(), array[high(dim)].to_numpy()[-1:])
        axis = Axis(dim, centres, edges)
    else:
        axis = Axis(dim, centres, np.append(centres, centres[-1:]), at_nodes=True)
    if dim in (ENERGY, ENERGY_TRUE):
        return axis.times(u.Unit(array[dim].attrs.get("units", "TeV")).to("TeV"))
    return axis
