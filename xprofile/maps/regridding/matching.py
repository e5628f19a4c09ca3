"""Whole pixels of one grid found in another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from astropy.coordinates import FK5, ICRS, BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ..pixelgrid import PixelGrid
from ..sphere import same_frame

__all__ = ["PixelMatch", "pixels_in"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Largest distance, in pixels, between pixels that are the same. Headers with six digits are right
# to 1e-4 pixels. Ten times larger, grids that are shifted by 0.01 pixels on purpose would count as
# one; ten times smaller, rounded headers would make equal grids differ.
_SAME_PIXEL = 1e-3

# Rounding of a longitude near 360 deg in single precision, in degrees: half of its last digit. It
# matters for pixels below 0.015 deg alone, and adds 0.004 pixels at most. Ten times larger, shifts
# of 0.01 pixels would be overlooked.
_SINGLE_PRECISION = 1.5e-5
_MOST_FOR_SINGLE_PRECISION = 4e-3

# Pixels along each axis at which grids are compared, besides the outer corners: both ends, the
# middle, and those between. If fewer than _LEAST of these places are on the sky, as at the rim of a
# map of the whole sky, ten times as many are compared, which takes longer and finds the same.
_COMPARED = 5
_LEAST = 9


@dataclass(frozen=True, eq=False)
class PixelMatch:
    """Pixels of one grid that are those of another one.

    Parameters
    ----------
    rows, columns : numpy.ndarray of int
        Row and column of the grid for each row and column of the other one, -1 beyond its edges.
    turned : bool
        Whether the rows of the other grid are the columns of this one: `rows` are then numbers of
        columns here, and `columns` are numbers of rows.
    """

    rows: Int
    columns: Int
    turned: bool = False


def pixels_in(source: PixelGrid, target: PixelGrid) -> PixelMatch | None:
    """Find the pixels of one grid in another one, by their places on the sky.

    Headers may differ: only positions count, to 1e-3 pixels. FK5 of J2000 and ICRS, which agree to
    0.1 arcsec, are taken as one. A plate carree may have its seam elsewhere. Rows and columns may
    be in the opposite order, or exchanged.

    Parameters
    ----------
    source : PixelGrid
        All pixels of a map.
    target : PixelGrid
        The pixels to find.

    Returns
    -------
    PixelMatch or None
        Where `source` has each row and column of `target`. None if the grids have different pixels.
    """
    x, y = _compared_places(target)
    if not x.size:
        return None
    lon, lat = target.lonlat(x, y)
    turn = source.whole_turn
    rounding = min(_SINGLE_PRECISION / source.pixel_scales.min(), _MOST_FOR_SINGLE_PRECISION)
    allowed = _SAME_PIXEL + rounding
    rows, columns = source.shape
    for frame in _frames_to_try(source, target):
        found_x, found_y = source.pixel(SkyCoord(lon, lat, unit="deg", frame=frame))
        for turned in (False, True):
            own_x, own_y = (y, x) if turned else (x, y)
            along_x = _whole_steps(own_x, found_x, allowed, turn)
            along_y = _whole_steps(own_y, found_y, allowed)
            if along_x is None or along_y is None:
                continue
            pixels_x, pixels_y = (target.y, target.x) if turned else (target.x, target.y)
            in_x = _numbers_inside(pixels_x, *along_x, columns, turn)
            in_y = _numbers_inside(pixels_y, *along_y, rows)
            return PixelMatch(in_x, in_y, True) if turned else PixelMatch(in_y, in_x)
    return None


def _compared_places(grid: PixelGrid) -> tuple[Float, Float]:
    """Pixel positions at which grids are compared: pixels on the sky, and outer corners."""
    for number in (_COMPARED, 10 * _COMPARED):
        ends = (_ends_and_between(numbers, number) for numbers in (grid.x, grid.y))
        x, y = (a.ravel() for a in np.meshgrid(*ends))
        on_sky = grid.canonical(x, y)
        if on_sky.sum() >= _LEAST:
            break
    return x[on_sky], y[on_sky]


def _ends_and_between(numbers: Float, number: int) -> Float:
    places = np.unique(np.linspace(0, numbers.size - 1, number).astype(int))
    return np.concatenate([[numbers[0] - 0.5], numbers[places], [numbers[-1] + 0.5]])


def _frames_to_try(source: PixelGrid, target: PixelGrid) -> Iterator[BaseCoordinateFrame]:
    """Yield the frames that the target's coordinates may be in."""
    usual = (ICRS(), FK5())
    if all(any(same_frame(grid.frame, one) for one in usual) for grid in (source, target)):
        yield source.frame
    yield target.frame


def _whole_steps(
    pixels: Float, found: Float, rounding: float, turn: int = 0
) -> tuple[int, int] | None:
    """Return the direction, 1 or -1, and the whole number that give one pixel number from another.

    None if the numbers do not fit.
    """
    if not np.all(np.isfinite(found)):
        return None
    for direction in (1, -1):
        steps = found - direction * pixels
        step = round(float(steps[0]))
        apart = steps - step
        if turn:
            apart = apart - turn * np.round(apart / turn)
        if np.all(np.abs(apart) < rounding):
            return direction, step
    return None


def _numbers_inside(pixels: Float, direction: int, step: int, size: int, turn: int = 0) -> Int:
    """Rows or columns of a grid with `size` of them, -1 outside."""
    numbers = direction * pixels.astype(np.intp) + step
    if turn:
        numbers = numbers % turn
    return np.where((numbers >= 0) & (numbers < size), numbers, -1)
