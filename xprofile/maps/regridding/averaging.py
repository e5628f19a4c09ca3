"""Maps on other pixels: means over the pixels of another grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..pixelgrid import PixelGrid
from .coverage import coverage
from .edge_of_sky import trusted_pixels
from .interpolation import interpolate_at, interpolate_to, is_whole_sky
from .matching import PixelMatch, pixels_in
from .positions import offsets_along_side, solid_angle_density

__all__ = ["average_to", "positions_along_side"]

Float = NDArray[np.float64]

# Positions along a side of a pixel, in parts of the number of pixels of the map along it, at which
# the map is interpolated for the mean. With 2, a single bright pixel keeps its integral to 5 %
# wherever it is, and sources of some pixels to 0.1 %; with 1, single ones to 15 %. Ten times more
# would take 100 times as long.
_POSITIONS = 2

# Largest error of this integral, from place to place, for which no position is added. Ten times
# larger, maps of pixels 0.4 times as large are 3 % off; ten times smaller, all have one more.
_UNEVEN = 0.025

# Most positions along a side. Maps with more pixels along it are averaged over neighbours first, so
# that no pixel is left out; a single one of them keeps its integral to 15 %. With ten times as
# many, a map would take minutes; with a tenth, pixels of turned maps would be averaged over squares
# of the wrong direction.
_MOST_POSITIONS = 6

# Most positions along a side of pixels at the seam and the poles of a map of the sky, which are not
# averaged over neighbours first. With ten times as many they would take minutes; with a tenth, one
# in a hundred pixels of a fine map would count.
_MOST_AT_EDGES = 24

# Positions along a side of pixels near a pole of the plane, in parts of the number of pixels
# of the map along it, and the most. The width of a pixel has a kink there, and the mean is wrong by
# 1/24 of the square of the step, in widths of the source: 1e-3 for a source as wide as a pixel of
# the map. With a third as many, it is 1e-2; ten times as many take 100 times as long.
_POSITIONS_AT_POLES = 6
_MOST_AT_POLES = 40

# Ratio of the least to the largest solid angle along a pixel, below which it is near a pole: 0 at
# it, and then 0.5, 0.67 and 0.75 in the rows beside. Ten times smaller, integrals of sources at a
# pole are 5e-3 off; above 1, all pixels would count.
_NEAR_POLE = 0.7

# Fewest positions across a pixel that is narrow near a pole; as of pixels of the size of the map's.
_FEWEST_ACROSS = 3

# Share of a pixel that may be missing by rounding for it to count as covered as a whole.
_WHOLE = 1e-9

# Pixels round those whose centres are covered, up to which pixels may be covered in part.
_PARTLY = 2


def average_to(values: Float, source: PixelGrid, target: PixelGrid) -> tuple[Float, Float]:
    """Average planes over the pixels of another grid.

    Where the pixels are the same, values are copied. Values between pixel centres are linear.

    Parameters
    ----------
    values : numpy.ndarray
        Values (nplane, ny, nx) on the pixels of `source`. NaN and infinite ones count as 0.
    source : PixelGrid
        All pixels of a map, with numbers from 0 on.
    target : PixelGrid
        A grid of any projection and frame.

    Returns
    -------
    means : numpy.ndarray
        Means (nplane, ny, nx) over the pixels of `target`, with 0 beyond `source`.
    covered : numpy.ndarray
        Share of each pixel of `target` in which values are known, (ny, nx).
    """
    finite = np.asarray(np.isfinite(values).all(axis=0))
    planes = np.concatenate([np.where(finite, values, 0.0), finite[None].astype(float)])
    match = pixels_in(source, target)
    found = _means(planes, source, target) if match is None else _picked(planes, match)
    return found[:-1], found[-1]


def _picked(planes: Float, match: PixelMatch) -> Float:
    """Planes at the same pixels, 0 where there are none."""
    rows, columns = match.rows, match.columns
    planes = planes.swapaxes(1, 2) if match.turned else planes
    found = planes[:, rows[:, None], columns]
    return np.where((rows >= 0)[:, None] & (columns >= 0), found, 0.0)


def _means(planes: Float, source: PixelGrid, target: PixelGrid) -> Float:
    """Means over pixels, by some positions in each of them."""
    ratio = target.pixel_size / source.pixel_size  # pixels of the map along a side
    number = _number_of_positions(ratio)
    if number == 1:
        return _zero_beyond(interpolate_to(planes, source, target))
    width = int(np.ceil(ratio / number))
    smooth = np.stack([_smoothed(plane, width) for plane in planes]) if width > 1 else planes
    result = np.zeros((len(planes), *target.shape))
    rows, columns = (_near(c) for c in _covered_ends(source, target))
    near = target.subgrid(target.x[columns], target.y[rows])
    result[:, rows, columns] = _mean_of_positions(smooth, source, near, number)
    if width > 1 and is_whole_sky(source):  # squares do not go on across seams and poles
        near_edge = _smoothed(trusted_pixels(source).astype(float), width)[None]
        partly = np.abs(_mean_of_positions(near_edge, source, target, number)[0] - 1) > _WHOLE
        number = min(int(np.ceil(_POSITIONS * ratio)), _MOST_AT_EDGES)
        result[:, partly] = _mean_of_some(planes, source, target, number, partly)
    near_pole = _uneven_pixels(target) & (result[-1] > 0)
    if near_pole.any():
        number = min(int(np.ceil(_POSITIONS_AT_POLES * ratio)), _MOST_AT_POLES)
        result[:, near_pole] = _mean_of_some(planes, source, target, number, near_pole)
    return result


def _mean_of_positions(planes: Float, source: PixelGrid, target: PixelGrid, number: int) -> Float:
    """Means over some positions along each side of pixels on the sky, by solid angle."""
    result, count = np.zeros((len(planes), *target.shape)), np.zeros(target.shape)
    offsets = offsets_along_side(number)
    x = (target.x[:, None] + offsets).ravel()
    for offset in offsets:
        part = target.subgrid(x, target.y + offset)
        found = _zero_beyond(interpolate_to(planes, source, part))
        weight = np.where(part.on_sky, solid_angle_density(part, part.x, part.y[:, None]), 0.0)
        result += (found * weight).reshape(*found.shape[:2], -1, number).sum(axis=-1)
        count += weight.reshape(found.shape[1], -1, number).sum(axis=-1)
    return np.divide(result, count, out=np.zeros(result.shape), where=count > 0)


def _mean_of_some(
    planes: Float, source: PixelGrid, target: PixelGrid, number: int, which: NDArray[np.bool_]
) -> Float:
    """The same for some pixels, (nplane, npixel)."""
    row, column = np.nonzero(which)
    across = number
    if target.separable:  # pixels near a pole are narrow
        largest = np.cos(np.radians(target.linear_coordinate(1, target.y[row]))).max()
        across = max(int(np.ceil(number * largest)), _FEWEST_ACROSS)
    offsets = offsets_along_side(across)
    result, count = np.zeros((len(planes), row.size)), np.zeros(row.size)
    for offset in offsets_along_side(number):
        x = (target.x[column][:, None] + offsets).ravel()
        y = np.repeat(target.y[row] + offset, across)
        found = _zero_beyond(interpolate_at(planes, source, target, x, y))
        on_sky = np.isfinite(target.lonlat(x, y)[0])
        weight = np.where(on_sky, solid_angle_density(target, x, y), 0.0)
        result += (found * weight).reshape(len(planes), -1, across).sum(axis=-1)
        count += weight.reshape(-1, across).sum(axis=-1)
    return np.divide(result, count, out=np.zeros(result.shape), where=count > 0)


def _uneven_pixels(target: PixelGrid) -> NDArray[np.bool_]:
    """Whether each pixel is near a pole of the plane, where its width changes, (ny, nx)."""
    if target.tangent_plane is not None:
        return np.zeros(target.shape, bool)
    x, y, ends = target.x, target.y[:, None], (-0.499, 0.499)
    places = [(x, y + end) for end in ends] + [(x + end, y) for end in ends]
    density = np.stack(
        [np.broadcast_to(solid_angle_density(target, *place), target.shape) for place in places]
    )
    least, most = density.min(axis=0), density.max(axis=0)
    return np.asarray((least < _NEAR_POLE * most) & target.on_sky)


def _smoothed(plane: Float, width: int) -> Float:
    """Means over squares of a width in pixels, and once more, so that the middle stays in place."""
    once = ndimage.uniform_filter(plane, width, mode="constant")
    return np.asarray(ndimage.uniform_filter(once, width, mode="constant", origin=width % 2 - 1))


def _number_of_positions(ratio: float) -> int:
    """Positions along the side of a pixel, few enough to be fast."""
    return min(positions_along_side(ratio), _MOST_POSITIONS)


def positions_along_side(ratio: float) -> int:
    """Positions along the side of a pixel, with a number of pixels of the map along it.

    Weights of linear interpolation at steps of h pixels add up to 1 / h, but for waves from place
    to place of 2 sinc^2(1 / h).
    """
    number = max(int(np.ceil(_POSITIONS * ratio)), 1)
    return number + int(2 * np.sinc(number / ratio) ** 2 > _UNEVEN)


def _zero_beyond(values: NDArray[np.generic]) -> Float:
    """Values with 0 in place of NaN."""
    return np.asarray(np.nan_to_num(values.astype(np.float64), nan=0.0))


def _covered_ends(source: PixelGrid, target: PixelGrid) -> tuple[NDArray[np.bool_], ...]:
    """Rows and columns of pixels whose centres are covered."""
    covered = coverage(source, target)
    return np.asarray(covered.any(axis=1)), np.asarray(covered.any(axis=0))


def _near(some: NDArray[np.bool_]) -> slice:
    """The range of some rows or columns, and those beside it; all if there are none."""
    indices = np.flatnonzero(some)
    if not indices.size:
        return slice(0, some.size)
    return slice(max(int(indices[0]) - _PARTLY, 0), int(indices[-1]) + _PARTLY + 1)
