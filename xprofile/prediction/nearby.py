"""The cells of a map in HEALPix that are near the pixels of other maps."""

from __future__ import annotations

import astropy.units as u
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..maps.grid import AnyGrid
from ..maps.healpix.grid import HealpixGrid
from ..maps.healpix.library import healpix_library
from ..maps.sphere import lonlat_deg, sky_positions

__all__ = ["cells_near", "larger_cells_within"]

Int = NDArray[np.int64]

# Distance in sides from the centre of a cell to its farthest corner: 1.14, for the most stretched.
_CORNER = 1.2

# Sides of the pixels of other maps, and of the cells, that are kept beside them, for pixels that
# are larger than at the reference point, and for the interpolation. Ten times more or less, down to
# 1, changes the time alone for usual projections.
_BESIDE = 5

# Most pixels of the other maps for which it is worth while to look; a technical size.
_MOST = 4_000_000


def cells_near(source: HealpixGrid, target: AnyGrid, beyond: float) -> Int | None:
    """Find the cells that are near the pixels of a grid.

    Parameters
    ----------
    source : HealpixGrid
        The cells of a map.
    target : PixelGrid or HealpixGrid
        The pixels of other maps.
    beyond : float
        Angle in rad round the pixels within which cells are needed, too.

    Returns
    -------
    numpy.ndarray of int or None
        Flat indices of the cells, ascending; None if it may be all of them.
    """
    size = target.shape[0] * target.shape[1]
    if size > _MOST:
        return None
    vectors = target.pixel_vectors(np.arange(size))
    vectors = vectors[:, np.isfinite(vectors).all(axis=0)]
    margin = beyond + _BESIDE * np.radians(target.pixel_size + source.pixel_size)
    steps = int(np.ceil(np.log2(max(margin / np.radians(source.pixel_size), 1.0))))
    steps = min(steps, source.level)
    level, core = source.level - steps, healpix_library().core
    lon, lat = lonlat_deg(sky_positions(vectors, target.frame), source.frame)
    reached = core.lonlat_to_healpix(lon * u.deg, lat * u.deg, 2**level, order="nested")
    larger = larger_cells_within(np.unique(reached), level, margin)
    if larger.size == 12 * 4**level:
        return None
    nested = (larger[:, None] * 4**steps + np.arange(4**steps)).ravel()
    place = source.find_nested(nested)
    return np.sort(place[place >= 0])


def larger_cells_within(reached: Int, level: int, angle: float) -> Int:
    """Nested numbers of the cells of a level that may be within an angle in rad of some of them."""
    core, numbers = healpix_library().core, np.arange(12 * 4**level)
    centers = np.stack(core.healpix_to_xyz(numbers, 2**level, order="nested")).T
    side = np.sqrt(4 * np.pi / numbers.size)
    far = min(angle + 2 * _CORNER * side, np.pi)
    near = cKDTree(centers[reached]).query(centers, distance_upper_bound=2 * np.sin(far / 2))[0]
    return np.asarray(numbers[np.isfinite(near)])
