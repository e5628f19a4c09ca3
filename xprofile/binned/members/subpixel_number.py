"""The number of sub-positions of pixels that bins need, within a limit for all pixels."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from ...bins.shapes.path import Path
from ...bins.shapes.shape import OverlappingMembers, SphereMembers
from ...bins.skybins import SkyBins
from ...exceptions import DataWarning, InvalidOptionError
from ...maps.grid import AnyGrid
from ...maps.healpix.grid import DEEPEST_LEVEL, HealpixGrid
from ...maps.pixelgrid import PixelGrid
from ...schema.names import DISTANCE
from ...schema.warning_place import user_stacklevel
from .membership import Int

__all__ = ["bins_at_one_position", "choose_numbers", "choose_power", "pixels_near"]

Float = NDArray[np.float64]

# Sub-positions along a side of a pixel for a circle with a radius of one pixel. With 200, sums over
# circles and rings from there on are right to 3e-4 (photutils 3, exact). Ten times fewer, they are
# wrong by up to 6e-3; ten times more, edges take a hundred times longer.
_FOR_ONE_PIXEL = 200
_ERROR = 3e-4

# Fewest and most sub-positions along a side of a pixel that are chosen. With one tenth of 10,
# pixels would count by their centres; ten times more than 1000, one would take gigabytes.
_FEWEST, _MOST = 10, 1000

# Positions across the smallest width of bins, and at least in a pixel, that tell whether a pixel is
# wholly in the same bins. With a tenth of 3, parts of bins between two positions are missed; ten
# times more would be slower by a hundred.
_PROBES = 3

# Sub-positions of all pixels, as far as more than the fewest are chosen: half a second. Ten times
# more take five seconds; ten times fewer, sums over 25 rings of one pixel would be wrong by 4e-3.
_MOST_IN_ALL = 1 << 23

# Bins that overlap, in all and on average at the same position, and points of a path, with which a
# position takes a few times as long as with one. Ten times smaller, sums over many bins are wrong
# by several times as much; ten times larger, they take several seconds.
_BINS_AS_ONE, _AT_ONE_POSITION, _POINTS_AS_ONE = 2000, 5, 250

# Largest error of sums without a warning: what the documentation promises. Ten times larger, wrong
# numbers come without a word; ten times smaller, each sum would warn.
_WARN_FROM = 1e-3


# Cells of all levels that are examined for each cell at an edge, in its sub-positions along a side.
# Affects the number of sub-positions, within the limit for all pixels.
_CELLS_PER_SIDE = 6
_PATH_SLOWNESS = 64  # the same of paths, whose cells are probed at 81 places in place of edges

# Sub-positions across the smallest width of bins in cells of HEALPix. Edges round a pole, or along
# some meridians, go along rows of cells, 0.8 of a side apart: half a row at both edges is then in
# the wrong bin, at most 1e-3 of it. Ten times fewer, it is 1e-2; ten times more take as much longer
# as the limit for all pixels allows. The most are for bins of a tenth of a cell.
_FOR_EDGES_ALONG_ROWS, _MOST_ALONG_ROWS = 800, 8192


def choose_power(bins: SkyBins, grid: HealpixGrid, subpixels: int | None) -> int:
    """Number of sub-positions along a side of a cell of HEALPix, a power of 2.

    Only cells that edges cross are divided, level by level. So sub-positions cost as their number
    along a side, and not as its square.

    Raises
    ------
    InvalidOptionError
        If the given number is not a power of 2, or HEALPix has no such deep level.
    """
    most = DEEPEST_LEVEL - grid.level
    if subpixels is not None:
        if int(subpixels).bit_count() != 1 or subpixels > 2**most:
            raise InvalidOptionError(
                f"subpixels must be a power of 2, at most 2**{most}, for HEALPix maps of level "
                f"{grid.level}, found {subpixels}; sub-positions are the centres of smaller cells"
            )
        return int(subpixels)
    width, area = _sizes(bins, grid)
    wanted = max(_FOR_ONE_PIXEL * float(np.cbrt(np.pi / (width * area)).max()), _FEWEST)
    pixels = grid.cells.size
    divided = min(float(np.sum(4 / 3 * (2 * area / width + 2 * width) + 2)), pixels)
    in_all = _MOST_IN_ALL / _slowness(bins, area, pixels) / _CELLS_PER_SIDE
    if isinstance(bins.shape, Path):
        in_all /= _PATH_SLOWNESS
    along = min(_FOR_EDGES_ALONG_ROWS / float(width.min()), _MOST_ALONG_ROWS)
    best = max(min(wanted, _MOST), along)
    powers = np.ceil(np.log2(best)), np.floor(np.log2(max(in_all / divided, 1)))
    number = 1 << int(min(*powers, most))
    _warn_of_error(number, wanted, powers_alone=True)
    return number


def choose_numbers(bins: SkyBins, grid: PixelGrid, subpixels: int | None) -> tuple[int, int, bool]:
    """Numbers of sub-positions and of probes along a side of a pixel, and whether probes miss bins.

    Parameters
    ----------
    bins : SkyBins
        Bins on the sphere.
    grid : PixelGrid
        The pixels of the map.
    subpixels : int or None
        The number of sub-positions, if it is given.

    Returns
    -------
    number, probes : int
        The two numbers.
    hidden : bool
        Whether bins may be between the probes.
    """
    width, area = _sizes(bins, grid)
    # the number of sub-positions in a bin scatters as the root of that along its edge
    wanted = max(_FOR_ONE_PIXEL * float(np.cbrt(np.pi / (width * area)).max()), _FEWEST)
    pixels = grid.x.size * grid.y.size
    edge = 2 * area / width + 2 * width  # in sides of a pixel; it crosses up to 4/3 pixels in each
    divided = min(float(np.sum(4 / 3 * edge + 2)), pixels)
    in_all = max(_MOST_IN_ALL, _FEWEST**2 * divided) / _slowness(bins, area, pixels)
    number = int(subpixels or max(min(np.ceil(wanted), _MOST, np.sqrt(in_all / divided)), 1))
    if subpixels is None:
        _warn_of_error(number, wanted)
    probes = max(int(min(np.ceil(_PROBES / width.min()), number)), _PROBES)
    hidden = probes**2 * pixels > max(in_all, _PROBES**2 * pixels)
    return number, _PROBES if hidden else probes, hidden


def _slowness(bins: SkyBins, area: Float, pixels: int) -> float:
    """How many times longer a position takes than with one bin."""
    if isinstance(bins.shape, Path):
        return 1 + float(bins.shape.points.size) / _POINTS_AS_ONE
    if not isinstance(bins.shape, OverlappingMembers):
        return 1.0
    at_one_position = _mean_number(area, pixels)
    return 1 + len(bins) / _BINS_AS_ONE + at_one_position / _AT_ONE_POSITION


def bins_at_one_position(bins: SkyBins, grid: PixelGrid) -> float:
    """Mean number of bins at one position of the map, if all of them were on it."""
    if not isinstance(bins.shape, OverlappingMembers):
        return 1.0
    return max(_mean_number(_sizes(bins, grid)[1], grid.x.size * grid.y.size), 1.0)


def _mean_number(area: Float, pixels: int) -> float:
    return float(np.minimum(area / pixels, 1).sum())


def pixels_near(bins: SkyBins, grid: PixelGrid) -> Int | None:
    """Pixel numbers (2, n) of columns and rows that bins may touch, None if that is not known."""
    shape = bins.shape
    if not isinstance(shape, SphereMembers | OverlappingMembers):
        return None
    x, y = (np.ravel(numbers) for numbers in grid.pixel(shape.sample()))
    known = np.isfinite(x) & np.isfinite(y)
    reach = int(np.ceil(shape.pitch / grid.pixel_scales.min()))
    place = np.unique(np.rint(np.stack([x[known], y[known]])).astype(np.int64), axis=1)
    steps = np.arange(-reach, reach + 1)
    around = np.stack(np.meshgrid(steps, steps)).reshape(2, 1, -1)
    return np.unique((place[:, :, None] + around).reshape(2, -1), axis=1)


def _warn_of_error(number: int, wanted: float, *, powers_alone: bool = False) -> None:
    error = _ERROR * (wanted / number) ** 1.5
    if error > _WARN_FROM:
        accuracy = f"right to about {error:.1g}" if error < 0.3 else "not reliable"
        enough = int(np.ceil(wanted * (_ERROR / _WARN_FROM) ** (2 / 3)))
        enough = 1 << (enough - 1).bit_length() if powers_alone else enough
        warnings.warn(
            f"the bins are small or narrow beside the pixels: with the {number} x {number} "
            f"sub-positions of each pixel at their edges that are taken in about a second, sums "
            f"over the smallest bin are {accuracy}; use larger bins or a map of smaller pixels, or "
            f"pass subpixels={enough}, which takes longer",
            DataWarning,
            stacklevel=user_stacklevel(),
        )


def _sizes(bins: SkyBins, grid: AnyGrid) -> tuple[Float, Float]:
    """Smallest known width of each bin in pixels, and its area in squares of a pixel's side."""
    area = np.abs(bins.solid_angle.to_value("deg2"))
    if isinstance(bins.shape, SphereMembers | OverlappingMembers):
        area = np.where(area > 0, area, bins.shape.pitch**2)  # of NaN, too
    area = np.where(area > 0, area, grid.pixel_size**2)
    width = np.fmin(np.sqrt(area), bins.shape.row_height() or np.inf)
    if bins.dim == DISTANCE:
        extent = bins.upper - bins.lower
        width = np.fmin(width, np.where(extent > 0, extent, np.inf))
    side = grid.pixel_size if isinstance(grid, HealpixGrid) else grid.pixel_scales.max()
    return width / side, area / side**2
