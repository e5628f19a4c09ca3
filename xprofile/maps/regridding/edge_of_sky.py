"""Interpolation where a map of the whole sky ends: across its seam, and round the poles.

There the four pixels round a position are not all on the sky. The pixels that are its neighbours on
the sky may be at the other side of the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..pixelgrid import PixelGrid

__all__ = ["SkyNeighbours", "find_neighbours", "trusted_pixels"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]
Bool = NDArray[np.bool_]

# Pixels from the edge of the sky, or of the array, within which pixels are kept as neighbours. With
# 1, a position at the edge has neighbours on one side alone; more are not used.
_RIM = 2

# Pixels that are nearer to each other than this part of a pixel's side are thinned out, as they are
# near the poles of a plate carree. Ten times smaller, all neighbours of a position near a pole are
# on one side of it; ten times larger, neighbours are too far away.
_SPACING = 0.4

# Sides of a pixel up to which pixels are neighbours. All-sky projections stretch pixels at their
# edge and near their poles. At half of it, positions near poles have no neighbours; at twice, far
# pixels count.
_REACH = 4.0

# Distances to the nearest pixel of the four round a position up to which it has neighbours, where
# that is farther: the last row of an equal-area cylinder is 6 deg from the pole for pixels of
# 1 deg, and its other half is as far beyond. Half of it ends at the pole; twice as much takes far
# pixels.
_ACROSS = 2.2

# Pixels up to which two positions are the same, for pixels on the seam. Rounding is 1e-10 pixels.
# Ten times larger or smaller changes nothing.
_SAME_PIXEL = 1e-3

# Largest distance, in sides of a pixel, from the nearest neighbour if all are on one side. The
# middle between four pixels of a sheared grid is at 1.2 at most. Ten times larger, places without
# data would get values.
_NEAREST = 1.3

_CANDIDATES = 160  # pixels of this spacing within the reach: pi (4 / 0.4)**2 / 2
_DIRECTIONS = 8  # the nearest neighbour in each octant round the position counts

# Difference in columns or rows from which a neighbour on the sky is at another side of the map:
# more than the reach of a stretched pixel. Ten times larger, small maps have no other side.
_FAR = 8.0

# Weight of keeping the mean rather than the slope, so that neighbours on one line give a value.
# Ten times larger changes values by 1e-5 of their slope; ten times smaller changes nothing.
_RIDGE = 1e-6


@dataclass(frozen=True, eq=False)
class SkyNeighbours:
    """Pixels near some positions, and their weights.

    Parameters
    ----------
    known : numpy.ndarray of bool
        Whether a position has neighbours, (n,).
    far : numpy.ndarray of bool
        Whether a position has neighbours at another side of the map, (n,).
    pixel : numpy.ndarray of int
        Flat indices in the map of the neighbours, (n, 8).
    weight : numpy.ndarray
        Weights of the neighbours, with the sum 1, (n, 8); 0 for missing ones.
    """

    known: Bool
    far: Bool
    pixel: Int
    weight: Float

    def take(self, selected: Bool) -> SkyNeighbours:
        """Return those of some of the positions."""
        return SkyNeighbours(
            self.known[selected], self.far[selected], self.pixel[selected], self.weight[selected]
        )

    def interpolate(self, planes: NDArray[np.generic]) -> Float:
        """Values at the positions, (nplane, n), from planes (nplane, ny, nx).

        They stay between the lowest and the highest of the neighbours.
        """
        near = planes.reshape(len(planes), -1)[:, self.pixel].astype(float)
        used = self.weight != 0
        value = np.where(used, near * self.weight, 0).sum(axis=-1)
        low = np.where(used, near, np.inf).min(axis=-1)
        high = np.where(used, near, -np.inf).max(axis=-1)
        return np.asarray(np.clip(value, low, high))


def find_neighbours(vectors: Float, x: Float, y: Float, source: PixelGrid) -> SkyNeighbours:
    """Find the pixels on the sky round positions near the edge of a map.

    The weights are those of a plane fitted to the nearest pixel in each of eight directions, with
    weights of one over distance squared, so linear values are interpolated exactly.

    Parameters
    ----------
    vectors : numpy.ndarray
        Unit vectors (3, n) of the positions in the frame of the map.
    x, y : numpy.ndarray
        Pixel positions of the same in the map, (n,).
    source : PixelGrid
        All pixels of the map.
    """
    found = _find_among(trusted_pixels(source), vectors, x, y, source)
    lost = ~found.known
    if lost.any():  # near a pole of HPX, all pixels may be on seams
        others = _find_among(source.on_sky, vectors[:, lost], x[lost], y[lost], source)
        for name in ("known", "far", "pixel", "weight"):
            getattr(found, name)[lost] = getattr(others, name)
    return found


def _find_among(
    on_sky: Bool, vectors: Float, x: Float, y: Float, source: PixelGrid
) -> SkyNeighbours:
    """Find the neighbours among some pixels of the map."""
    from scipy.spatial import cKDTree

    side = np.radians(source.pixel_size)
    if not x.size:
        return _nothing(0)
    pixel, near = _thin(np.flatnonzero(on_sky & _rim(on_sky)), source, side)
    if not pixel.size:
        return _nothing(x.size)
    reach = np.maximum(_REACH * side, _ACROSS * _distance_to_pixels(vectors, x, y, source, on_sky))
    distance, found = cKDTree(near.T).query(
        vectors.T, k=range(1, _CANDIDATES + 1), distance_upper_bound=float(reach.max())
    )
    distance[distance > reach[:, None]] = np.inf
    found = np.where(np.isfinite(distance), found, 0)
    east, north = _tangent(vectors, near[:, found])
    chosen = _nearest_by_direction(east, north, distance)
    distance, found, east, north = (
        np.take_along_axis(values, chosen, axis=1) for values in (distance, found, east, north)
    )
    missing = ~np.isfinite(distance) | _repeated(chosen)
    weight = _plane_weights(east / side, north / side, missing)
    row, column = np.divmod(pixel[found], source.x.size)
    apart = np.maximum(np.abs(row - y[:, None]), np.abs(column - x[:, None]))
    far = ((apart > _FAR) & ~missing).any(axis=1)
    known = distance.min(axis=1) <= np.where(far, reach, _NEAREST * side)
    return SkyNeighbours(known, far, pixel[found], weight)


@lru_cache(maxsize=2)  # a technical size: the parts of a map are interpolated one by one
def trusted_pixels(source: PixelGrid) -> Bool:
    """Whether each pixel of a map is on the sky for every tool that fills maps, (ny, nx).

    A pixel centre on the seam itself has a twin on the other side. Some tools fill both, others
    one of them, by the range that they bring longitudes to; so neither counts.
    """
    if source.separable or source.tangent_plane is not None:
        return source.on_sky
    on_sky = source.on_sky.copy()
    row, column = np.nonzero(_rim(on_sky) & on_sky)
    lon, lat = source.lonlat(source.x[column], source.y[row])
    for turn in (0.0, -360):
        x, y = source.world_pixel(lon % 360 + turn, lat)
        apart = np.hypot(x - source.x[column], y - source.y[row])
        on_sky[row, column] &= apart < _SAME_PIXEL
    return on_sky


def _distance_to_pixels(
    vectors: Float, x: Float, y: Float, source: PixelGrid, on_sky: Bool
) -> Float:
    """Distance in radians from positions to the nearest of the four pixels round them; 0 if none.

    A pixel is stretched, not off the sky, if its centre is far from a position in it.
    """
    rows, columns = source.shape
    nearest = np.full(x.shape, np.inf)
    for up in (0, 1):
        for right in (0, 1):
            row, column = np.floor(y).astype(int) + up, np.floor(x).astype(int) + right
            there = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
            row, column = np.where(there, row, 0), np.where(there, column, 0)
            apart = np.linalg.norm(
                vectors - source.vectors(source.x[column], source.y[row]), axis=0
            )
            # at a pole of HPX, a longitude may be NaN
            there &= on_sky[row, column] & np.isfinite(apart)
            nearest = np.where(there, np.minimum(nearest, np.nan_to_num(apart)), nearest)
    return np.where(np.isfinite(nearest), nearest, 0.0)


def _nothing(size: int) -> SkyNeighbours:
    """Make a result for positions without neighbours."""
    shape = (size, _DIRECTIONS)
    return SkyNeighbours(
        np.zeros(size, bool), np.zeros(size, bool), np.zeros(shape, int), np.zeros(shape)
    )


def _rim(on_sky: Bool) -> Bool:
    """Pixels within a few pixels of the edge of the sky or of the map."""
    from scipy.ndimage import binary_erosion

    square = np.ones((2 * _RIM + 1, 2 * _RIM + 1), bool)
    return np.asarray(~binary_erosion(on_sky, square))


def _thin(pixel: Int, source: PixelGrid, side: float) -> tuple[Int, Float]:
    """Leave out pixels that are close to others; return the rest, and their unit vectors."""
    row, column = np.divmod(pixel, source.x.size)
    vectors = source.vectors(source.x[column], source.y[row])
    cells = np.round(vectors / (_SPACING * side)).astype(np.int64)
    kept = np.sort(np.unique(cells, axis=1, return_index=True)[1])
    return pixel[kept], vectors[:, kept]


def _tangent(vectors: Float, near: Float) -> tuple[Float, Float]:
    """Offsets of unit vectors (3, n, k) in the plane that touches the sphere at others (3, n)."""
    x, y, z = vectors
    across = np.stack([-y, x, np.zeros_like(z)])
    across = np.where(
        np.hypot(x, y) < 1e-9, [[1.0], [0.0], [0.0]], across
    )  # at a pole, any will do
    across /= np.linalg.norm(across, axis=0)
    along = np.cross(vectors, across, axis=0)
    east, north = (np.einsum("in,ink->nk", axis, near) for axis in (across, along))
    return east, north


def _nearest_by_direction(east: Float, north: Float, distance: Float) -> Int:
    """Candidate (n, 8) that is nearest in each octant; the nearest of all where one is empty."""
    octant = np.floor(np.arctan2(north, east) / (np.pi / 4)).astype(int) % _DIRECTIONS
    there = octant[:, None, :] == np.arange(_DIRECTIONS)[:, None]
    return np.asarray(np.where(there, distance[:, None, :], np.inf).argmin(axis=-1))


def _repeated(chosen: Int) -> Bool:
    """Whether a candidate was chosen before, in each row."""
    same = chosen[:, :, None] == chosen[:, None, :]
    return np.asarray(np.tril(same, -1).any(axis=-1))


def _plane_weights(east: Float, north: Float, missing: Bool) -> Float:
    """Weights (n, k) of values at offsets (n, k) in a plane fitted to them, at its origin."""
    importance = np.where(missing, 0, 1 / (east**2 + north**2 + _RIDGE))
    design = np.stack([np.ones_like(east), east, north], axis=-1)
    normal = np.einsum("nk,nki,nkj->nij", importance, design, design)
    trace = np.trace(normal, axis1=1, axis2=2) + np.finfo(float).tiny
    normal += trace[:, None, None] * np.diag([0, _RIDGE, _RIDGE]) + np.finfo(float).tiny * np.eye(3)
    value = np.zeros((len(east), 3, 1))
    value[:, 0] = 1
    with np.errstate(all="ignore"):
        row = np.linalg.pinv(normal, hermitian=True) @ value
    weight = np.einsum("nk,nki,ni->nk", importance, design, row[..., 0])
    total = weight.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(weight, total, out=np.zeros_like(weight), where=total != 0))
