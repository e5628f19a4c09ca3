"""Positions inside pixels of any grid, and the solid angle that each of them stands for."""

from __future__ import annotations

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..grid import AnyGrid
from ..healpix.grid import HealpixGrid
from ..healpix.library import healpix_library
from ..pixelgrid import PixelGrid
from ..sphere import sky_positions

__all__ = ["offsets_along_side", "positions_in_pixels", "solid_angle_density"]

Float = NDArray[np.float64]

# Step in pixels over which the size of a pixel is measured. Ten times larger, the size is that of a
# place 1e-4 pixels beside; ten times smaller, rounding is 1e-8 of it.
_STEP = 1e-4


def offsets_along_side(number: int) -> Float:
    """Middles of equal parts of the side of a pixel, from -0.5 to 0.5."""
    return np.asarray((np.arange(number) + 0.5) / number - 0.5)


def positions_in_pixels(
    grid: AnyGrid, pixel: NDArray[np.int64], offsets: Float
) -> tuple[SkyCoord, Float]:
    """Positions at offsets along both sides of pixels, and their relative solid angles.

    Parameters
    ----------
    grid : PixelGrid or HealpixGrid
        The pixels.
    pixel : numpy.ndarray of int
        Flat indices of some of them, (npixel,).
    offsets : numpy.ndarray
        Offsets from the centre in pixels, (n,).

    Returns
    -------
    positions : SkyCoord
        (npixel * n * n,), pixel by pixel.
    density : numpy.ndarray
        Solid angle of an equal part of the pixel's plane, in any unit; 0 off the sky.
    """
    dx, dy = np.repeat(offsets, offsets.size), np.tile(offsets, offsets.size)
    if isinstance(grid, HealpixGrid):  # parts of a cell are all of one size
        ids = np.repeat(grid.numbers(pixel), dx.size)
        dx, dy = np.tile(dx, pixel.size), np.tile(dy, pixel.size)
        core, order = healpix_library().core, grid.indexing_scheme
        vectors = core.healpix_to_xyz(ids, grid.nside, dx=dx + 0.5, dy=dy + 0.5, order=order)
        return sky_positions(np.stack(vectors), grid.frame), np.ones(ids.size)
    row, column = np.divmod(pixel, grid.x.size)
    x, y = (grid.x[column][:, None] + dx).ravel(), (grid.y[row][:, None] + dy).ravel()
    lon, lat = np.broadcast_arrays(*grid.lonlat(x, y))
    known = np.isfinite(lon) & np.isfinite(lat)
    density = np.where(known, solid_angle_density(grid, x, y), 0.0)
    return SkyCoord(lon, lat, unit="deg", frame=grid.frame), density


def solid_angle_density(grid: PixelGrid, x: Float, y: Float) -> Float:
    """Solid angle in sr of a pixel, if all were as at a position; positions broadcast.

    On a separable grid, it has the shape of `y`. It is 0 where the projection has no sky beside the
    position.
    """
    if grid.separable:
        height, width = np.radians(grid.steps)
        lat = np.radians(grid.linear_coordinate(1, y))
        return np.asarray(width * height * np.maximum(np.cos(lat), 0.0))
    here = grid.vectors(x, y)
    along = [(grid.vectors(x + dx, y + dy) - here) / _STEP for dx, dy in ((_STEP, 0), (0, _STEP))]
    area = np.linalg.norm(np.cross(along[0], along[1], axis=0), axis=0)
    return np.where(np.isfinite(area), area, 0.0)
