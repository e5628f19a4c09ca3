"""Whole pixels of one grid found in another one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from astropy.coordinates import FK5, ICRS, BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from .pixelgrid import PixelGrid
from .sphere import same_frame

__all__ = ["pixels_in"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Columns that may be missing to a full turn of 360 deg, for rounding of the pixel width. Ten times
# larger changes nothing; at a whole column, maps with a gap would be interpolated across it.
_TURN_ROUNDING = 1e-6

# Largest distance, in pixels, between pixels that are the same. Headers with six digits are right
# to 1e-4 pixels. Ten times larger, grids that are shifted by 0.01 pixels on purpose would count as
# one; ten times smaller, rounded headers would make equal grids differ.
_SAME_PIXEL = 1e-3

# Rounding of a longitude near 360 deg in single precision, in degrees: half of its last digit. It
# matters for pixels below 0.015 deg alone, and adds 0.004 pixels at most. Ten times larger, shifts
# of 0.01 pixels would be overlooked.
_SINGLE_PRECISION = 1.5e-5
_MOST_FOR_SINGLE_PRECISION = 4e-3

# Positions along each axis at which grids are compared: both ends, the middle, and those between.
# Ten times as many would take longer and find the same.
_COMPARED = 5


def pixels_in(source: PixelGrid, target: PixelGrid) -> tuple[Int, Int] | None:
    """Find the pixels of one grid in another one, by their places on the sky.

    Headers may differ: only positions count, to 1e-3 pixels. FK5 of J2000 and ICRS, which agree to
    0.1 arcsec, are taken as one. A plate carree may have its seam elsewhere.

    Parameters
    ----------
    source : PixelGrid
        All pixels of a map.
    target : PixelGrid
        The pixels to find.

    Returns
    -------
    rows, columns : numpy.ndarray of int
        Row and column of `source` for each row and column of `target`, -1 beyond its edges. One
        None instead of both if the grids have different pixels.
    """
    x, y = (a.ravel() for a in np.meshgrid(*map(_ends_and_between, (target.x, target.y))))
    on_sky = target.canonical(x, y)
    x, y = x[on_sky], y[on_sky]
    if not x.size:
        return None
    lon, lat = target.lonlat(x, y)
    turn = round(source.full_turn) if source.separable else 0
    if turn and abs(turn - source.full_turn) > _TURN_ROUNDING * turn:
        turn = 0
    rounding = min(_SINGLE_PRECISION / source.pixel_scales.min(), _MOST_FOR_SINGLE_PRECISION)
    for frame in _frames_to_try(source, target):
        found_x, found_y = source.pixel(SkyCoord(lon, lat, unit="deg", frame=frame))
        columns = _whole_step(x, found_x, _SAME_PIXEL + rounding, turn)
        rows = _whole_step(y, found_y, _SAME_PIXEL + rounding)
        if columns is not None and rows is not None:
            return (
                _numbers_inside(target.y, rows, source.y.size),
                _numbers_inside(target.x, columns, source.x.size, turn),
            )
    return None


def _ends_and_between(numbers: Float) -> Float:
    places = np.unique(np.linspace(0, numbers.size - 1, _COMPARED).astype(int))
    return np.asarray(numbers[places])


def _frames_to_try(source: PixelGrid, target: PixelGrid) -> Iterator[BaseCoordinateFrame]:
    """Yield the frames that the target's coordinates may be in."""
    usual = (ICRS(), FK5())
    if all(any(same_frame(grid.frame, one) for one in usual) for grid in (source, target)):
        yield source.frame
    yield target.frame


def _whole_step(pixels: Float, found: Float, rounding: float, turn: int = 0) -> int | None:
    """Return the whole number between pixel numbers of two grids, None if fractional."""
    steps = found - pixels
    if not np.all(np.isfinite(steps)):
        return None
    step = round(float(steps[0]))
    apart = steps - step
    if turn:
        apart = apart - turn * np.round(apart / turn)
    return step if np.all(np.abs(apart) < rounding) else None


def _numbers_inside(pixels: Float, step: int, size: int, turn: int = 0) -> Int:
    """Rows or columns of a grid with `size` of them, -1 outside."""
    numbers = pixels.astype(np.intp) + step
    if turn:
        numbers = numbers % turn
    return np.where((numbers >= 0) & (numbers < size), numbers, -1)
