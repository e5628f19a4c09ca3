"""Maps on the pixels of others: the same pixels are picked, and others may be interpolated."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from ...exceptions import DataWarning, FileFormatError
from ...maps.pixelgrid import PixelGrid, pixel_numbers
from ...maps.regridding.any_grids import covered_pixels_of
from ...maps.regridding.matching import PixelMatch
from ...schema.warning_place import user_stacklevel
from .cubes import Array, Cube, Key
from .derived_cubes import RegriddedCube
from .skymap import SkyMap

__all__ = [
    "PickedCube",
    "covered_by",
    "interpolate_pixels",
    "pick_covered_pixels",
    "pick_pixels",
    "warn_of_uncovered",
]

Bool = NDArray[np.bool_]
Int = NDArray[np.intp]


def pick_pixels(image: SkyMap, counts: SkyMap, mask: Cube | None = None) -> Cube:
    """Return a map on the pixels of the counts, which it must have among its own.

    Its rows and columns may be in another order. Pixels that are not used may be missing, and
    become NaN.

    Parameters
    ----------
    image, counts : SkyMap
        The map, and the counts.
    mask : Cube, optional
        Which pixels are used, (energy, ny, nx). It is read if pixels are missing.

    Raises
    ------
    FileFormatError
        If the map has other pixels, or not all that are used.
    """
    if image.has_pixels_of(counts):
        return image.cube
    found = _find_pixels(image, counts)
    missing = ~_is_found(found)
    if missing.any() and (mask is None or (missing & mask.read().any(axis=0)).any()):
        raise FileFormatError(
            f"{image.label} has the shape {image.cube.shape}, expected {counts.image_shape} pixels "
            f"as {counts.label}, or more: of the counts, it covers {_covered_text(found, counts)}; "
            "make it on all pixels of the counts, cut the counts to those that it covers, or leave "
            "the others out by mask="
        )
    return _picked(image.cube, found)


def pick_covered_pixels(image: SkyMap, counts: SkyMap) -> Cube:
    """Return a map on the pixels of the counts, NaN where it does not have them.

    Raises
    ------
    FileFormatError
        If the map has other pixels.
    """
    if image.has_pixels_of(counts):
        return image.cube
    return _picked(image.cube, _find_pixels(image, counts))


def _find_pixels(image: SkyMap, counts: SkyMap) -> PixelMatch:
    found = image.find_pixels(counts)
    if found is None:
        raise FileFormatError(
            f"{image.label} is on other pixels than {counts.label}: found {_grid_text(image)}, "
            f"expected {_grid_text(counts)}, or a part of this grid; reproject it, or make it on "
            "the same pixels"
        )
    return found


def _grid_text(image: SkyMap) -> str:
    if not isinstance(image.sky, WCS):
        return image.sky.text
    types, grid = (
        image.sky.wcs.ctype,
        PixelGrid(image.sky, *(pixel_numbers(n) for n in image.image_shape[::-1])),
    )
    middle = [np.array([(n - 1) / 2]) for n in grid.shape]
    lon, lat = (float(a[0]) for a in grid.lonlat(middle[1], middle[0]))
    width, height = grid.pixel_scales
    return (
        f"{types[0]} and {types[1]}, pixels of {width:.8g} x {height:.8g} deg, centre at "
        f"({lon:.7g}, {lat:.7g}) deg in {grid.frame.name}"
    )


def _is_found(found: PixelMatch) -> Bool:
    return (found.rows >= 0)[:, None] & (found.columns >= 0)


def _covered_text(found: PixelMatch, counts: SkyMap) -> str:
    if not isinstance(counts.sky, WCS):
        return f"{np.count_nonzero(found.columns >= 0)} of {found.columns.size} cells"
    return f"{_range_text('rows', found.rows)} and {_range_text('columns', found.columns)}"


def _range_text(what: str, numbers: Int) -> str:
    covered = np.flatnonzero(numbers >= 0)
    if not covered.size:
        return f"none of the {numbers.size} {what}"
    return f"{what} {covered[0]} to {covered[-1]} of 0 to {numbers.size - 1}"


def interpolate_pixels(image: SkyMap, counts: SkyMap) -> Cube:
    """Return a map on the pixels of the counts, interpolated linearly if it has other ones.

    The values are NaN where the map does not cover the counts.
    """
    if image.has_pixels_of(counts):
        return image.cube
    found = image.find_pixels(counts)
    if found is None:
        return RegriddedCube(image.cube, image.grid, counts.grid)
    return _picked(image.cube, found)


def covered_by(image: SkyMap, counts: SkyMap, *, interpolate: bool = True) -> Bool:
    """Whether a map covers each pixel of the counts, (ny, nx), without reading its values.

    Raises
    ------
    FileFormatError
        If the map has other pixels, and may not be interpolated.
    """
    if image.has_pixels_of(counts):
        return np.broadcast_to(np.True_, counts.image_shape)
    if not interpolate:
        return _is_found(_find_pixels(image, counts))
    found = image.find_pixels(counts)
    return covered_pixels_of(image.grid, counts.grid) if found is None else _is_found(found)


def warn_of_uncovered(mask: SkyMap, counts: SkyMap) -> None:
    """Warn of pixels that will be masked.

    Parameters
    ----------
    mask : SkyMap
        Whether each pixel of the counts is covered, with the label of the map that covers them.
    counts : SkyMap
        The counts.

    Raises
    ------
    FileFormatError
        If no pixel is covered.

    Warns
    -----
    DataWarning
        Otherwise.
    """
    covered = mask.cube.read()
    if not covered.any():
        raise FileFormatError(
            f"{mask.label} covers none of the pixels of {counts.label}, expected a map of the same "
            "part of the sky; give the right file"
        )
    warnings.warn(
        f"{mask.label} does not cover {np.count_nonzero(~covered)} of the {covered.size} pixels of "
        f"{counts.label}; the mask leaves them out at all energies: make it on all pixels of the "
        "counts, or go on if they are not needed",
        DataWarning,
        stacklevel=user_stacklevel(),
    )


def _picked(cube: Cube, found: PixelMatch) -> Cube:
    rows, columns = cube.shape[-2:]
    in_order = np.array_equal(found.rows, np.arange(rows))
    if in_order and np.array_equal(found.columns, np.arange(columns)) and not found.turned:
        return cube
    return PickedCube(cube, found.rows, found.columns, found.turned)


@dataclass(frozen=True, eq=False)
class PickedCube(Cube):
    """Rows and columns of a cube, in any order.

    Parameters
    ----------
    cube : Cube
        Values (..., ny, nx), or (..., nx, ny) if they are turned.
    rows, columns : numpy.ndarray of int
        Numbers along the axes y and x of `cube`, -1 for those that become NaN.
    turned : bool
        Whether x comes before y in `cube`.
    """

    cube: Cube
    rows: Int
    columns: Int
    turned: bool = False

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the picked rows and columns."""
        return (*self.cube.shape[:-2], self.rows.size, self.columns.size)

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the values; a floating-point type if some of them are NaN."""
        whole = self.rows.size == 0 or self.columns.size == 0
        whole = whole or min(self.rows.min(), self.columns.min()) >= 0
        return self.cube.dtype if whole or self.cube.dtype.kind == "f" else np.dtype(float)

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis."""
        rows, columns = self.rows[key[-2]], self.columns[key[-1]]
        ends = (np.maximum(rows, 0), np.maximum(columns, 0))
        values = self.cube.read_block((*key[:-2], *(ends[::-1] if self.turned else ends)))
        values = np.swapaxes(values, -2, -1) if self.turned else values
        values = values.astype(self.dtype, copy=False)
        if (rows < 0).any() or (columns < 0).any():
            values = np.where((rows >= 0)[:, None] & (columns >= 0), values, np.nan)
            values = values.astype(self.dtype, copy=False)
        return values
