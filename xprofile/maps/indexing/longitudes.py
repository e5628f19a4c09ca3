"""Indices of values along a coordinate, with angles that repeat after a full turn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError, NotFoundError

__all__ = ["FULL_TURN", "angles_between", "nearest_indices", "offsets", "values_between"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

FULL_TURN = 360.0

# Degrees within which an angle is the one that is asked for, as 358.4 - 360 is not -1.6 to the last
# digit. Rounding gives 1e-13; ten times larger is still far below any pixel.
_EQUAL = 1e-9


def offsets(values: Any, start: Any, turn: float | None) -> Float:
    """Differences of values from a start; of angles, those of the shorter way round.

    Parameters
    ----------
    values, start : float or numpy.ndarray
        They broadcast.
    turn : float or None
        Full turn in the unit of the values, None for values that do not repeat.
    """
    difference: Float = np.asarray(np.asarray(values, dtype=float) - start)
    if turn is None:
        return difference
    return np.asarray(difference - turn * np.round(difference / turn))


def nearest_indices(
    values: Float, wanted: Any, turn: float | None, *, exact: bool, tolerance: Any, name: str
) -> Int:
    """Index of the nearest value to each wanted one, of the shape of `wanted`.

    Parameters
    ----------
    values : numpy.ndarray
        Coordinate, (n,).
    wanted : float or numpy.ndarray
        In the unit of the coordinate.
    turn : float or None
        Full turn of angles in this unit.
    exact : bool
        Whether only equal values count.
    tolerance : float or None
        Largest distance.
    name : str
        Name of the coordinate, for the error.

    Raises
    ------
    NotFoundError
        If no value is near enough.
    """
    apart = np.abs(offsets(np.asarray(wanted, dtype=float)[..., None], values, turn))
    apart = np.where(np.isnan(apart), np.inf, apart)
    if not values.size:
        raise NotFoundError(f"{name} is empty")
    found = np.asarray(apart.argmin(axis=-1))
    distance = np.take_along_axis(apart, found[..., None], axis=-1)[..., 0]
    limit = _EQUAL if exact else np.inf if tolerance is None else np.asarray(tolerance, dtype=float)
    if not np.all((distance <= limit) & np.isfinite(distance)):
        way = "method='nearest' selects the nearest one" if exact else "enlarge the tolerance"
        raise NotFoundError(f"no {name} equal to or near {wanted!r}; {way}")
    return found


def values_between(values: Float, start: float | None, stop: float | None) -> Int:
    """Indices of the values between two ends in any order, ends included; None is open."""
    ends = [end for end in (start, stop) if end is not None]
    low, high = (min(ends), max(ends)) if len(ends) == 2 else (-np.inf, np.inf)
    if len(ends) == 1:
        low, high = (ends[0], high) if stop is None else (low, ends[0])
    return np.flatnonzero((values >= low) & (values <= high))


def angles_between(values: Float, start: float | None, stop: float | None, turn: float) -> Int:
    """Indices of the angles from `start` to `stop`, by the shorter way round, ends included.

    Ends that are half a turn apart go the way that the numbers go, or the other one if there are no
    angles.

    Parameters
    ----------
    values : numpy.ndarray
        Angles, (n,).
    start, stop : float or None
        None is the first or the last one of the coordinate.
    turn : float
        Full turn in the unit of the angles.

    Returns
    -------
    numpy.ndarray of int
        In the order of the coordinate. Of a coordinate that goes round the whole sky, the indices
        on both sides of its seam are in the order along the sky.
    """
    if start is None and stop is None:
        return np.arange(values.size)
    if start is None or stop is None:
        return _to_one_side(values, start, stop, turn)
    span = stop - start
    if not np.isfinite(span):
        raise InvalidOptionError(f"the ends of a slice must be finite, found {start} and {stop}")
    if abs(span) < turn * (1 - _EQUAL):
        span = float(offsets(stop, start, turn))
        half = abs(abs(span) - turn / 2) < _EQUAL  # both ways are equally long
        inside, along = _along(values, start, stop - start if half else span, turn)
        if half and not inside.size:
            inside, along = _along(values, start, start - stop, turn)
        return _join_at_seam(inside, along, values.size)
    return np.arange(values.size)


def _along(values: Float, start: float, span: float, turn: float) -> tuple[Int, Float]:
    """Indices of the angles within `span` of a start, and offsets of all from its middle."""
    along = offsets(values, start + span / 2, turn)
    return np.flatnonzero(np.abs(along) <= abs(span) / 2 + _EQUAL), along


def _to_one_side(values: Float, start: float | None, stop: float | None, turn: float) -> Int:
    """Indices from one angle on in the order of the coordinate, or up to it."""
    middle = (np.nanmin(values) + np.nanmax(values)) / 2
    end = middle + float(offsets(start if stop is None else stop, middle, turn))
    upwards = values.size < 2 or values[-1] >= values[0]
    after = values >= end - _EQUAL if upwards == (stop is None) else values <= end + _EQUAL
    return np.flatnonzero(after)


def _join_at_seam(inside: Int, along: Float, size: int) -> Int:
    """Order two runs of indices, at the start and the end of a coordinate, along the sky."""
    if inside.size < 2 or inside[0] != 0 or inside[-1] != size - 1:
        return inside
    gap = np.flatnonzero(np.diff(inside) > 1)
    if gap.size != 1:
        return inside
    first, last = np.split(inside, [gap[0] + 1])
    steps = np.diff(along[np.concatenate([last, first])])
    return np.concatenate([last, first]) if np.all(steps > 0) or np.all(steps < 0) else inside
