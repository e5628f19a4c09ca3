"""Responses at HEALPix positions, as makers of Gammapy write them beside HEALPix maps.

Maps keep positions of a response on a plane. Each position of a plate carree takes the response of
the cell that it is in, or of the nearest one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from ...exceptions import FileFormatError
from ...maps.healpix.grid import HealpixGrid
from ...maps.pixelgrid import PixelGrid, pixel_numbers
from ...maps.sphere import sky_positions
from ...maps.world.celestial import frame_wcs
from ..fits.files import FitsFile
from ..fits.healpix.reading import read_planes

__all__ = ["read_cell_response"]

Float = NDArray[np.float64]

# Positions along the side of a cell, so that the nearest position is in the cell but for a quarter
# of its width at its edges. Ten times more take 100 times the memory; with one, half of the places
# would get the response of the cell beside theirs.
_ALONG = 2.0

# Most numbers of a response on the plane: 1 GB in double precision. Ten times more fill the memory;
# with a tenth, the responses of 1 deg that Gammapy makes for the whole sky would be refused.
_MOST = 1 << 27


def read_cell_response(
    file: FitsFile, table: fits.BinTableHDU, sizes: tuple[int, ...], label: str
) -> tuple[NDArray[Any], WCS | None]:
    """Read a response, which is often the same in all cells.

    Parameters
    ----------
    file : FitsFile
        File of the table.
    table : astropy.io.fits.BinTableHDU
        HEALPix table with a column for each plane.
    sizes : tuple of int
        Sizes of the axes, whose product is the number of planes.
    label : str
        Name of the response in messages.

    Returns
    -------
    values : numpy.ndarray
        Values (n_first, n_second), or (n_first, n_second, ny, nx) on a plate carree.
    wcs : astropy.wcs.WCS or None
        The plate carree.

    Raises
    ------
    FileFormatError
        If the table is damaged, or has more positions than fit into memory.
    """
    planes, cells = read_planes(file, table, label)
    if len(planes) != np.prod(sizes):
        raise FileFormatError(
            f"{label} has {len(planes)} planes, expected {np.prod(sizes)} from its axes"
        )
    used = planes.any(axis=0)
    if not used.any() or np.all(planes == planes[:, :1]):
        return planes[:, 0].reshape(sizes), None
    positions = _plate_carree(cells.grid, np.flatnonzero(used))
    shape = positions.shape
    if len(planes) * shape[0] * shape[1] > _MOST:
        raise FileFormatError(
            f"{label} is given at {used.sum()} HEALPix positions, which take {shape[0]} x "
            f"{shape[1]} on a plane, more than fit into memory; make it at fewer positions, such "
            "as with a larger binsz_irf in Gammapy"
        )
    place = _nearest_cells(cells.grid, positions)
    return planes[:, place].reshape(*sizes, *shape), positions.wcs


def _plate_carree(grid: HealpixGrid, used: NDArray[np.intp]) -> PixelGrid:
    """Return a plate carree that covers cells."""
    lon, lat = grid.pixel_positions(used)
    step = grid.pixel_size / _ALONG
    ordered = np.sort(lon % 360)
    gaps = np.diff(ordered, append=ordered[0] + 360)
    widest = int(np.argmax(gaps))
    width = 360 - gaps[widest]
    middle = float(ordered[(widest + 1) % ordered.size] + width / 2) % 360
    columns = min(int(np.ceil(width / step)) + 3, int(np.ceil(360 / step)))
    whole = columns * step >= 360
    low, high = max(lat.min() - step, -90), min(lat.max() + step, 90)
    rows = int(np.ceil((high - low) / step))
    wcs = frame_wcs(grid.frame, "CAR")
    wcs.wcs.crval = [middle, 0.0]
    wcs.wcs.cdelt = [-360 / columns if whole else -step, (high - low) / rows]
    wcs.wcs.crpix = [(columns + 1) / 2, 0.5 - low / wcs.wcs.cdelt[1]]
    return PixelGrid(wcs, pixel_numbers(columns), pixel_numbers(rows))


def _nearest_cells(grid: HealpixGrid, positions: PixelGrid) -> NDArray[np.int64]:
    """Flat indices of the cells that positions are in, or of the nearest ones on the map."""
    vectors = positions.pixel_vectors(np.arange(positions.shape[0] * positions.shape[1]))
    place = grid.find_pixels(sky_positions(vectors, positions.frame))
    missing = np.flatnonzero(place < 0)
    if missing.size:
        from scipy.spatial import cKDTree

        tree = cKDTree(grid.pixel_vectors(np.arange(grid.shape[1])).T)
        place[missing] = tree.query(vectors[:, missing].T)[1]
    return place
