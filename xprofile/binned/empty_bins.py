"""Bins without pixels: off the map, or smaller than its pixels."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from ..bins.skybins import SkyBins
from ..exceptions import DataWarning, InvalidBinsError
from ..maps.grid import AnyGrid
from ..maps.healpix.grid import HealpixGrid
from ..maps.sphere import lonlat_deg
from ..schema.warning_place import user_stacklevel

__all__ = ["check_on_map", "warn_of_nothing_excluded"]

Float = NDArray[np.float64]
Int = NDArray[np.int64]

# Number of columns and rows of pixels whose positions give the extent of a map in a message. With
# a tenth of them, it would be wrong by a tenth of the map.
_SAMPLED = 101


def check_on_map(bins: SkyBins, grid: AnyGrid, n_pixels: Int, outside: Float) -> None:
    """Check that bins are on the map.

    A bin without pixels is off the map if it has a part beyond the map, or its centre is there.
    Others are smaller than the pixels, which warns if no bin is larger.

    Parameters
    ----------
    bins : SkyBins
        The bins.
    grid : PixelGrid or HealpixGrid
        The pixels of the map.
    n_pixels : numpy.ndarray of int
        Number of pixels in each bin, (nbin,).
    outside : numpy.ndarray
        Solid angle of each bin beyond the map in sr, (nbin,).

    Raises
    ------
    InvalidBinsError
        If all bins are off the map.

    Warns
    -----
    DataWarning
        If some are, once with their number, or if all bins are without a pixel centre.
    """
    empty = n_pixels == 0
    if not empty.any():
        return
    off_map = empty & ((outside > 0) | ~_has_centers(grid, bins))
    number = int(np.count_nonzero(off_map))
    if number == len(bins):
        raise InvalidBinsError(f"no bin is on the map. {_places_text(bins, grid)}")
    if empty.all() and not number:
        warnings.warn(
            f"no bin holds the centre of a pixel: all {len(bins)} are smaller than the pixels of "
            f"{grid.pixel_size:.4g} deg, so a fit gives NaN and the status no_pixels. Check the "
            "units of the bins, or use overlap='subpixel'",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
    if number:
        small = int(np.count_nonzero(empty)) - number
        others = f", and {small} without a pixel centre" if small else ""
        warnings.warn(
            f"{number} of {len(bins)} bins {'is' if number == 1 else 'are'} off the map{others}: "
            "without pixels, a fit gives NaN there and the status no_pixels",
            DataWarning,
            stacklevel=user_stacklevel(),
        )


def _has_centers(grid: AnyGrid, bins: SkyBins) -> NDArray[np.bool_]:
    """Whether the centre of each bin is on a pixel of the map, (nbin,)."""
    if isinstance(grid, HealpixGrid):
        return grid.find_pixels(bins.center) >= 0
    on_map = np.ones(len(bins), bool)
    for place, numbers in zip(grid.pixel(bins.center), (grid.x, grid.y), strict=True):
        if not numbers.size:
            return ~on_map
        with np.errstate(invalid="ignore"):
            on_map &= (place >= numbers.min() - 0.5) & (place <= numbers.max() + 0.5)
    return on_map


def warn_of_nothing_excluded(bins: SkyBins, grid: AnyGrid) -> None:
    """Warn that no region holds a pixel of a map, so that nothing is excluded."""
    warnings.warn(
        f"nothing is excluded, as no pixel of the map is in a region. {_places_text(bins, grid)}",
        DataWarning,
        stacklevel=user_stacklevel(),
    )


def _places_text(bins: SkyBins, grid: AnyGrid) -> str:
    """Say where the map is, and where the bins are."""
    extent = _range_text(*_sampled_positions(grid))
    place = _range_text(*lonlat_deg(bins.center, grid.frame))
    given = bins.center.frame.name
    frame = "" if given == grid.frame.name else f" (given in {given})"
    return (
        f"The map, in {grid.frame.name}, has {extent}; the centres of the "
        f"bins have {place} there{frame}. Check the frame of the bins, the order of longitude and "
        "latitude, and the units"
    )


def _sampled_positions(grid: AnyGrid) -> tuple[Float, Float]:
    """Longitudes and latitudes in degrees of some positions of a map."""
    if isinstance(grid, HealpixGrid):
        size = grid.shape[1]
        return grid.pixel_positions(np.linspace(0, size - 1, min(size, _SAMPLED**2)).astype(int))
    x, y = (
        np.linspace(numbers.min() - 0.5, numbers.max() + 0.5, _SAMPLED) if numbers.size else numbers
        for numbers in (grid.x, grid.y)
    )
    lon, lat = np.broadcast_arrays(*grid.lonlat(x, y[:, None]))
    return lon, lat


def _range_text(lon: Float, lat: Float) -> str:
    """Ranges of longitude and latitude in degrees; NaN are left out."""
    known = np.isfinite(lon) & np.isfinite(lat)
    if not known.any():
        return "no positions"
    lon, lat = lon[known] % 360, lat[known]
    turn = np.sort(lon)
    gaps = np.diff(turn, append=turn[0] + 360)
    widest = int(np.argmax(gaps))  # the longitudes begin after the widest gap
    first, last = turn[(widest + 1) % turn.size], turn[widest]
    if np.ptp(lon) > 0 and gaps[widest] < 360 / (_SAMPLED / 4):
        first, last = 0.0, 360.0
    return f"longitudes {_span(first, last)} and latitudes {_span(lat.min(), lat.max())} deg"


def _span(first: float, last: float) -> str:
    one, two = (f"{round(value, 4) + 0.0:g}" for value in (first, last))
    return one if one == two else f"{one} to {two}"
