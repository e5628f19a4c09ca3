"""Sky regions as lines of DS9, written from their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ..maps.sphere import lonlat_deg, same_frame

__all__ = ["angles", "ds9_frame", "lengths", "lines", "places", "polygons"]

_FRAMES = {"icrs": "icrs", "galactic": "galactic", "fk5": "j2000", "fk4": "b1950"}

_DIGITS = 10

_PLAIN = (1e-4, 1e8)  # numpy writes what is smaller or larger with an exponent


def ds9_frame(frame: BaseCoordinateFrame) -> str | None:
    """Name of a frame in DS9, None if DS9 has no such frame, or not with its equinox."""
    name = _FRAMES.get(frame.name)
    return name if name and same_frame(frame, type(frame)()) else None


def angles(values: Iterable[float]) -> list[str]:
    """Write angles in degrees, as astropy does."""
    return [f"{value:.{_DIGITS}f}" for value in values]


def lengths(values: Iterable[float]) -> list[str]:
    """Write lengths in degrees, as the `regions` package does: as astropy writes a Quantity."""
    values = list(values)
    written = {value: _length(value) for value in set(values)}  # most bins are of one size
    return [written[value] for value in values]


def _length(value: float) -> str:
    if value == 0 or _PLAIN[0] <= abs(value) < _PLAIN[1]:
        return np.format_float_positional(value, _DIGITS, trim="k", min_digits=_DIGITS)
    return np.format_float_scientific(value, _DIGITS, trim="k", min_digits=_DIGITS, exp_digits=2)


def places(points: SkyCoord) -> list[str]:
    """Write positions as longitude and latitude."""
    lon, lat = (np.ravel(values).tolist() for values in lonlat_deg(points))
    return [f"{x:.{_DIGITS}f},{y:.{_DIGITS}f}" for x, y in zip(lon, lat, strict=True)]


def lines(frame: str, shape: str, *columns: Sequence[str]) -> list[str]:
    """Write shapes, one a line, of the columns of their numbers."""
    return [f"{frame};{shape}({','.join(row)})" for row in zip(*columns, strict=True)]


def polygons(corners: SkyCoord, stops: NDArray[np.intp]) -> list[str]:
    """Write polygons, given by all their corners and where each stops.

    The last corner of each is its first again, and is left out. In a frame that DS9 lacks they
    are written in ICRS.
    """
    frame = ds9_frame(corners.frame.replicate_without_data())
    if frame is None:
        corners, frame = corners.icrs, _FRAMES["icrs"]
    written, starts = places(corners), [0, *stops[:-1].tolist()]
    pairs = zip(starts, stops.tolist(), strict=True)
    return lines(frame, "polygon", [",".join(written[a : b - 1]) for a, b in pairs])
