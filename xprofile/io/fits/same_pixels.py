"""Maps on the pixels of others: the same pixels are picked, and others may be interpolated."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exceptions import DataWarning, FileFormatError
from ...maps.regridding.interpolation import covered_pixels
from ...schema.warning_place import user_stacklevel
from .cubes import Array, Cube, Key
from .derived_cubes import RegriddedCube
from .skymap import SkyMap

__all__ = [
    "PickedCube",
    "covered_by",
    "interpolate_pixels",
    "pick_pixels",
    "warn_of_uncovered",
]

Bool = NDArray[np.bool_]
Int = NDArray[np.intp]


def pick_pixels(image: SkyMap, counts: SkyMap) -> Cube:
    """Return a map on the pixels of the counts, which it must have among its own.

    Raises
    ------
    FileFormatError
        If the map has other pixels, or not all of them.
    """
    found = image.find_pixels(counts)
    if found is None:
        raise FileFormatError(
            f"{image.label} is on other pixels than {counts.label}: their WCS differ; reproject "
            "it, or make it on the same pixels"
        )
    rows, columns = found
    if np.any(rows < 0) or np.any(columns < 0):
        raise FileFormatError(
            f"{image.label} has the shape {image.cube.shape}, expected {counts.image_shape} pixels "
            f"as {counts.label}, or more: of the counts, it covers {_range_text('rows', rows)} and "
            f"{_range_text('columns', columns)}; make it on all pixels of the counts, or cut the "
            "counts to those that it covers"
        )
    return _picked(image.cube, rows, columns)


def _range_text(what: str, numbers: Int) -> str:
    covered = np.flatnonzero(numbers >= 0)
    if not covered.size:
        return f"none of the {numbers.size} {what}"
    return f"{what} {covered[0]} to {covered[-1]} of 0 to {numbers.size - 1}"


def interpolate_pixels(image: SkyMap, counts: SkyMap) -> Cube:
    """Return a map on the pixels of the counts, interpolated linearly if it has other ones.

    The values are NaN where the map does not cover the counts.
    """
    found = image.find_pixels(counts)
    if found is None:
        return RegriddedCube(image.cube, image.wcs, counts.wcs, counts.image_shape)
    return _picked(image.cube, *found)


def covered_by(image: SkyMap, counts: SkyMap) -> Bool:
    """Whether a map covers each pixel of the counts, (ny, nx), without reading its values."""
    found = image.find_pixels(counts)
    if found is None:
        return covered_pixels(image.grid, counts.grid)
    rows, columns = found
    return (rows >= 0)[:, None] & (columns >= 0)


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


def _picked(cube: Cube, rows: Int, columns: Int) -> Cube:
    shape = cube.shape[-2:]
    if all(np.array_equal(p, np.arange(n)) for p, n in zip((rows, columns), shape, strict=True)):
        return cube
    return PickedCube(cube, rows, columns)


@dataclass(frozen=True, eq=False)
class PickedCube(Cube):
    """Rows and columns of a cube.

    Parameters
    ----------
    cube : Cube
        Values (..., ny, nx).
    rows, columns : numpy.ndarray of int
        Numbers of the rows and columns of `cube`, -1 for those that become NaN.
    """

    cube: Cube
    rows: Int
    columns: Int

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
        values = self.cube.read_block((*key[:-2], np.maximum(rows, 0), np.maximum(columns, 0)))
        values = values.astype(self.dtype, copy=False)
        if (rows < 0).any() or (columns < 0).any():
            values = np.where((rows >= 0)[:, None] & (columns >= 0), values, np.nan)
            values = values.astype(self.dtype, copy=False)
        return values
