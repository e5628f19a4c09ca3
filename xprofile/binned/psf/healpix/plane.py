"""The plane on which the cells of HEALPix are square pixels in rows and columns.

This is the projection HPX, turned by 45 degrees: Calabretta and Roukema, MNRAS 381 (2007) 865. So
photons spread by transforms on the plane where cells hardly change from one to the next, as they do
on the pixels of maps.
"""

from __future__ import annotations

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from ....maps.grid import AnyGrid
from ....maps.healpix.grid import HealpixGrid
from ....maps.pixelgrid import PixelGrid, pixel_numbers
from ....maps.sphere import lonlat_of_vectors

__all__ = ["cell_numbers", "cell_plane", "numbers_on_plane", "plane_pixels"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Cells that tell where maps are; a technical size. Maps whose seam is in the way take longer.
_SOME = 1000


def cell_plane(grid: HealpixGrid) -> PixelGrid:
    """Return the plane of a map, with its seam far from the cells if they are a part of the sky."""
    number = grid.shape[1]
    step = max(number // _SOME, 1)
    middle = grid.pixel_vectors(np.arange(0, number, step)).mean(axis=1)
    lon = float(lonlat_of_vectors(middle)[0]) if np.hypot(*middle[:2]) > 0.1 else 0.0
    size, wcs = 5 * grid.nside, WCS(naxis=2)
    wcs.wcs.ctype = ["RA---HPX", "DEC--HPX"]  # the frame does not matter
    wcs.wcs.crval, wcs.wcs.crpix = (90.0 * (round(lon / 90) % 4), 0.0), [(size + 1) / 2] * 2
    wcs.wcs.cd = np.array([[1.0, -1.0], [1.0, 1.0]]) * 45 / grid.nside
    wcs.wcs.set()
    return PixelGrid(wcs, pixel_numbers(size), pixel_numbers(size))


def cell_numbers(plane: PixelGrid, vectors: Float) -> tuple[Float, Float]:
    """Pixel numbers x and y (n,) on a plane, which are whole, of the centres of cells (3, n)."""
    x, y = plane.world_pixel(*lonlat_of_vectors(vectors))
    return np.rint(x), np.rint(y)


def plane_pixels(plane: PixelGrid, vectors: Float) -> Int:
    """Flat indices (n,) on a plane of the centres of cells (3, n)."""
    x, y = cell_numbers(plane, vectors)
    return (y * plane.x.size + x).astype(np.intp)


def numbers_on_plane(grid: AnyGrid, pixel: Int) -> tuple[Float, Float]:
    """Pixel numbers x and y (n,) of pixels of a map, or of cells on their plane."""
    if isinstance(grid, HealpixGrid):
        return cell_numbers(cell_plane(grid), grid.pixel_vectors(pixel))
    row, column = np.divmod(pixel, grid.x.size)
    return grid.x[column], grid.y[row]
