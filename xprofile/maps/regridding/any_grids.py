"""Maps on the pixels of any other grid: planes and HEALPix, interpolated to either.

Between cells of HEALPix, values are linear along rings and between them, as in healpy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..grid import AnyGrid
from ..healpix.grid import HealpixGrid
from ..healpix.library import healpix_library
from ..pixelgrid import PixelGrid
from ..sphere import lonlat_deg, sky_positions
from .coverage import coverage
from .interpolation import covered_positions, interpolate_positions, interpolate_to

__all__ = ["covered_pixels_of", "interpolate_to_grid", "interpolate_to_positions"]

Bool = NDArray[np.bool_]
Float = NDArray[np.float64]

_TOGETHER = 1 << 20  # pixels whose places are found together; affects memory alone


def interpolate_to_grid(
    values: NDArray[np.generic], source: AnyGrid, target: AnyGrid
) -> NDArray[np.generic]:
    """Interpolate planes linearly to the pixels of another grid.

    Parameters
    ----------
    values : numpy.ndarray
        Values (n, ny, nx) on the pixels of `source`; (n, 1, ncell) on cells of HEALPix.
    source, target : PixelGrid or HealpixGrid
        Grids of any kinds and frames.

    Returns
    -------
    numpy.ndarray
        Values (n, ny, nx) on the pixels of `target`, NaN outside `source`. Integers become floats.
    """
    if isinstance(source, PixelGrid) and isinstance(target, PixelGrid):
        return interpolate_to(values, source, target)
    dtype = values.dtype if values.dtype.kind == "f" else np.dtype(float)
    result = np.empty((len(values), target.shape[0] * target.shape[1]), dtype)
    for part, sky in _blocks(target):
        result[:, part] = interpolate_to_positions(values, source, sky)
    return result.reshape(len(values), *target.shape)


def interpolate_to_positions(
    values: NDArray[np.generic], source: AnyGrid, sky: SkyCoord
) -> NDArray[np.generic]:
    """Interpolate planes (nplane, ny, nx) linearly to positions (n,): (nplane, n), NaN outside.

    Positions without coordinates get NaN.
    """
    if isinstance(source, PixelGrid):
        return interpolate_positions(values, source, sky)
    return _between_cells(values[:, 0, :], source, sky)


def covered_pixels_of(source: AnyGrid, target: AnyGrid) -> Bool:
    """Whether `interpolate_to_grid` gives values for the pixels of `target`, (ny, nx)."""
    if isinstance(source, PixelGrid) and isinstance(target, PixelGrid):
        return coverage(source, target)
    if isinstance(source, HealpixGrid) and isinstance(target, HealpixGrid) and _is_whole(source):
        return np.broadcast_to(np.True_, target.shape)
    result = np.empty(target.shape[0] * target.shape[1], bool)
    for part, sky in _blocks(target):
        if isinstance(source, PixelGrid):
            result[part] = covered_positions(source, sky)
        else:
            result[part] = source.find_pixels(sky) >= 0
    return result.reshape(target.shape)


def _is_whole(grid: HealpixGrid) -> bool:
    return bool(grid.shape[1] == 12 * 4**grid.level)


def _blocks(grid: AnyGrid) -> Iterator[tuple[slice, SkyCoord]]:
    """Yield ranges of flat indices of pixels, and their positions."""
    size = grid.shape[0] * grid.shape[1]
    for start in range(0, size, _TOGETHER):
        part = slice(start, min(start + _TOGETHER, size))
        vectors = grid.pixel_vectors(np.arange(part.start, part.stop))
        yield part, sky_positions(vectors, grid.frame)


def _between_cells(values: NDArray[Any], grid: HealpixGrid, sky: SkyCoord) -> NDArray[Any]:
    """Interpolate values (nplane, ncell) between the four cells round each position.

    Cells that are not on the map do not count. A position has a value if its own cell has one.
    """
    dtype = values.dtype if values.dtype.kind == "f" else np.dtype(float)
    own = grid.find_pixels(sky)
    inside = np.flatnonzero(own >= 0)
    lon, lat = (coordinate[inside] for coordinate in lonlat_deg(sky, grid.frame))
    nested, weight = healpix_library().core.bilinear_interpolation_weights(
        lon * u.deg, lat * u.deg, grid.nside, order="nested"
    )
    place = grid.find_nested(nested.reshape(-1)).reshape(nested.shape)
    weight = np.where(place >= 0, weight, 0.0)
    total = weight.sum(axis=0)
    alone = total <= 0  # no cell round the position is on the map but its own
    weight, place = np.where(alone, 0.25, weight), np.where(alone, own[inside], place)
    weight /= weight.sum(axis=0)
    result = np.full((len(values), own.size), np.nan, dtype)
    for plane, one in zip(result, values, strict=True):
        found = np.where(weight > 0, one[np.maximum(place, 0)] * weight, 0.0)
        plane[inside] = found.sum(axis=0)
    return result
