"""Means of maps over larger pixels, by the solid angle that pixels of both grids have in common.

Each pixel of the map gives to those it overlaps as much as it holds: no integral is lost, however
compact the source. Maps of one value stay so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg

from ..grid import AnyGrid
from ..pixelgrid import PixelGrid
from .positions import offsets_along_side, positions_in_pixels

__all__ = ["overlap_means"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

_TOGETHER = 1 << 20  # positions at once; affects memory alone

# Positions along a side of a pixel, in parts of the number of pixels of the map along it, and the
# fewest and most. They only say which neighbours share a pixel of the map, as sums over pixels are
# exact: with half as many, a tenth of a pixel of the map may go to the wrong one; ten times as many
# take 100 times as long.
_POSITIONS = 2
_FEWEST = 4
_MOST = 10

# Weight of the estimate of common solid angles by corners. It finds small ones that positions miss,
# without which some sums cannot be right. Ten times larger, it would count more than positions;
# ten times smaller, small ones have no effect.
_OF_CORNERS = 0.2

# Offsets of the positions that tell whether a pixel of the map is inside the other one: nearly its
# corners, and its centre. At the corners themselves, rounding would put those at a pole outside.
_CORNERS = np.array([-0.499, 0.0, 0.499])

# Rounds of scaling before the last, linear correction, which makes sums exact. They leave a few
# per cent, so that no corrected solid angle is negative; ten times more change nothing.
_ROUNDS = 3

# Relative error of the correction of pixels' solid angles, of some per cent, and most steps to it.
# With ten times the error, maps of one value would change by 1e-9; usual maps need a tenth of the
# steps.
_EXACT = 1e-9
_MOST_STEPS = 1000


def overlap_means(planes: Float, source: AnyGrid, target: AnyGrid) -> Float:
    """Average planes over pixels that are larger than those of a map, or as large.

    Parameters
    ----------
    planes : numpy.ndarray
        Values (nplane, ny, nx) on the pixels of `source`.
    source, target : PixelGrid or HealpixGrid
        The pixels of the map, and those that are wanted, in any frames.

    Returns
    -------
    numpy.ndarray
        Means (nplane, ny, nx) over the pixels of `target`, with 0 beyond `source`.
    """
    area = _solid_angles(target)
    common, on_sky, covered = _common_areas(source, target, area)
    own = _solid_angles(source)
    beside, inside = _corners(source, target, own, on_sky)
    wanted = np.where(inside, own, 0.0)
    sums = common.sum(axis=1)
    common = common + _OF_CORNERS * beside
    common = _scaled(common, _ratio(sums, common.sum(axis=1)), np.ones(own.size))
    shares = _balanced(common, np.where(on_sky & covered, area, 0.0), wanted)
    sums = (shares @ planes.reshape(len(planes), -1).T).T
    means = np.divide(sums, area, out=np.zeros(sums.shape), where=area > 0)
    return np.asarray(means.reshape(len(planes), *target.shape))


def _solid_angles(grid: AnyGrid) -> Float:
    """Solid angles in sr of all pixels, (npixel,); 0 off the sky."""
    areas = grid.pixel_solid_angles(np.arange(grid.shape[0] * grid.shape[1]))
    if isinstance(grid, PixelGrid):
        areas = np.where(grid.on_sky.ravel(), areas, 0.0)
    return np.nan_to_num(np.asarray(areas, np.float64))


def _common_areas(source: AnyGrid, target: AnyGrid, areas: Float) -> tuple[Any, Bool, Bool]:
    """Estimate the solid angle that pixels have in common, as a matrix (ntarget, nsource).

    Also whether each pixel is on the sky as a whole, and on the map, (ntarget,).
    """
    ratio = target.pixel_size / source.pixel_size
    number = int(np.clip(np.ceil(_POSITIONS * ratio), _FEWEST, _MOST))
    nsource = source.shape[0] * source.shape[1]
    step, blocks = max(_TOGETHER // number**2, 1), []
    on_sky, covered = np.zeros(areas.size, bool), np.zeros(areas.size, bool)
    for start in range(0, areas.size, step):
        pixel = np.arange(start, min(start + step, areas.size))
        sky, density = positions_in_pixels(target, pixel, offsets_along_side(number))
        density = density.reshape(pixel.size, -1)
        total = density.sum(axis=1)
        scale = np.divide(areas[pixel], total, out=np.zeros(pixel.size), where=total > 0)
        weight, place = (density * scale[:, None]).ravel(), source.find_pixels(sky)
        on_sky[pixel] = (weight > 0).reshape(pixel.size, -1).all(axis=1)
        covered[pixel] = (place >= 0).reshape(pixel.size, -1).all(axis=1)
        some = np.flatnonzero((place >= 0) & (weight > 0))
        entries = weight[some], (some // number**2, place[some])
        blocks.append(sparse.csr_matrix(entries, shape=(pixel.size, nsource)))
    return sparse.vstack(blocks, format="csr"), on_sky, covered


def _corners(source: AnyGrid, target: AnyGrid, areas: Float, usable: Bool) -> tuple[Any, Bool]:
    """Estimate common solid angles by the places of the corners of the pixels of a map.

    Also whether each of these pixels is in usable pixels of the other grid as a whole, (nsource,).
    """
    parts, size = _CORNERS.size**2, areas.size
    inside, step, blocks = np.empty(size, bool), max(_TOGETHER // parts, 1), []
    for start in range(0, size, step):
        pixel = np.arange(start, min(start + step, size))
        sky, density = positions_in_pixels(source, pixel, _CORNERS)
        place = target.find_pixels(sky)
        found = (place >= 0) & usable[place] & (density > 0)
        inside[pixel] = found.reshape(pixel.size, parts).all(axis=1)
        some = np.flatnonzero(found)
        entries = areas[pixel][some // parts] / parts, (place[some], some // parts)
        blocks.append(sparse.csr_matrix(entries, shape=(usable.size, pixel.size)))
    return sparse.hstack(blocks, format="csr"), inside


def _balanced(common: Any, rows: Float, columns: Float) -> Any:
    """Change a matrix of common solid angles so that its rows and columns have given sums.

    Sums that are 0 are free. After some rounds of iterative proportional fitting (Deming and
    Stephan 1940, Annals of Mathematical Statistics 11, 427), the elements W of row t and column s
    become W (1 + a_t + b_s), with the a and b for which all sums are right.
    """
    columns = np.where(np.asarray(common.sum(axis=0)).ravel() > 0, columns, 0.0)
    row, column = rows > 0, columns > 0
    for _ in range(_ROUNDS):
        common = _scaled(common, np.ones(rows.size), _ratio(columns, common.sum(axis=0)))
        common = _scaled(common, _ratio(rows, common.sum(axis=1)), np.ones(columns.size))
    common = _scaled(common, np.ones(rows.size), _ratio(columns, common.sum(axis=0)))
    sums = np.asarray(common.sum(axis=1)).ravel()
    fixed = common[row][:, column]
    turned, share = fixed.T.tocsr(), 1 / columns[column]

    def change(a: Float) -> Float:
        return np.asarray((1 + _EXACT) * sums[row] * a - fixed @ (share * (turned @ a)))

    size = int(row.sum())
    if not size or not column.any():
        return common
    along_rows, along_columns = np.zeros(rows.size), np.zeros(columns.size)
    operator = LinearOperator((size, size), matvec=change, dtype=np.float64)
    typical = sparse.diags(1 / sums[row])
    missing = rows[row] - sums[row]
    found, _ = cg(operator, missing, rtol=_EXACT, atol=0.0, maxiter=_MOST_STEPS, M=typical)
    along_rows[row], along_columns[column] = found, -share * (turned @ found)
    entries = common.tocoo()
    factor = 1 + along_rows[entries.row] + along_columns[entries.col]
    return sparse.csr_matrix((entries.data * factor, (entries.row, entries.col)), common.shape)


def _ratio(wanted: Any, sums: Any) -> Float:
    """Factors that give the sums that are wanted, 1 where these are 0."""
    some, found = (np.asarray(values, np.float64).ravel() for values in (wanted, sums))
    return np.divide(some, found, out=np.ones(some.size), where=(some > 0) & (found > 0))


def _scaled(matrix: Any, rows: Float, columns: Float) -> Any:
    """Return a sparse matrix with its rows and columns multiplied by factors."""
    found: Any = sparse.diags(rows) @ matrix @ sparse.diags(columns)
    return found
