"""Lines of DS9 region files, written from numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ..maps.sphere import lonlat_deg, same_frame

__all__ = [
    "DIGITS",
    "ds9_frame",
    "format_angles",
    "format_lengths",
    "format_lonlat",
    "format_positions",
    "polygon_lines",
    "shape_lines",
]

_FRAMES = {
    "icrs": "icrs", "galactic": "galactic", "fk5": "j2000", "fk4": "b1950",
    "barycentricmeanecliptic": "ecliptic",
}  # fmt: skip

# Decimals of degrees: 4e-7 arcsec, so that regions that are read back hold the same pixels. With
# one decimal, a tenth as many, they would be off by minutes of arc; with more, lines get longer.
DIGITS = 10

# Range of the values that numpy, and so astropy and `regions`, write without an exponent.
_PLAIN = (1e-4, 1e8)


def ds9_frame(frame: BaseCoordinateFrame) -> str | None:
    """Name of a frame in DS9, None if DS9 lacks the frame or its equinox."""
    name = _FRAMES.get(frame.name)
    return name if name and same_frame(frame, _usual(frame.__class__)) else None


@cache
def _usual(frame: type[BaseCoordinateFrame]) -> BaseCoordinateFrame:
    """Make the frame of a class with its default equinox."""
    return frame()


def format_angles(values: Iterable[float]) -> list[str]:
    """Write angles in degrees, as `regions` writes an `astropy.coordinates.Angle`."""
    return [f"{value:.{DIGITS}f}" for value in values]


def format_lengths(values: Iterable[float]) -> list[str]:
    """Write lengths in degrees, as `regions` writes an `astropy.units.Quantity`."""
    values = list(values)
    written = {value: _format_length(value) for value in set(values)}  # most bins have one size
    return [written[value] for value in values]


def _format_length(value: float) -> str:
    if value == 0 or _PLAIN[0] <= abs(value) < _PLAIN[1]:
        return np.format_float_positional(value, DIGITS, trim="k", min_digits=DIGITS)
    return np.format_float_scientific(value, DIGITS, trim="k", min_digits=DIGITS, exp_digits=2)


def format_positions(points: SkyCoord) -> list[str]:
    """Write sky positions as longitude and latitude in degrees."""
    return format_lonlat(*lonlat_deg(points))


def format_lonlat(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> list[str]:
    """Write longitudes and latitudes in degrees."""
    pairs = zip(np.ravel(lon).tolist(), np.ravel(lat).tolist(), strict=True)
    return [f"{x:.{DIGITS}f},{y:.{DIGITS}f}" for x, y in pairs]


def shape_lines(frame: str, shape: str, *columns: Sequence[str]) -> list[str]:
    """Write one line for each shape, from columns of its numbers."""
    return [f"{frame};{shape}({','.join(row)})" for row in zip(*columns, strict=True)]


def polygon_lines(corners: SkyCoord, stops: NDArray[np.intp]) -> list[str]:
    """Write one line for each polygon.

    Parameters
    ----------
    corners : SkyCoord
        Corners of all polygons. The last corner of each polygon is its first one again, and is not
        written. In a frame that DS9 lacks, they are written in ICRS.
    stops : numpy.ndarray of int
        End of each polygon in `corners`, (npolygon,).
    """
    frame = ds9_frame(corners.frame.replicate_without_data())
    if frame is None:
        corners, frame = corners.icrs, _FRAMES["icrs"]
    written, starts = format_positions(corners), [0, *stops[:-1].tolist()]
    pairs = zip(starts, stops.tolist(), strict=True)
    return shape_lines(frame, "polygon", [",".join(written[a : b - 1]) for a, b in pairs])
