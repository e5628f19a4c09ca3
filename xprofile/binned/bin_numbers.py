"""Numbers of the bins that hold values of a coordinate, or that overlap with a range of them."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidOptionError, NotFoundError
from ..maps.indexing.longitudes import FULL_TURN, offsets
from ..maps.indexing.lookup_options import tolerance_in_unit
from ..maps.indexing.lookup_values import numbers_in_unit
from ..schema.names import POSITION_ANGLE, high, low

__all__ = ["numbers_in_range", "numbers_of_bins"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Share of half a bin's width by which a value may lie beyond an edge: 0.1 + 0.2 is not 0.3 to the
# last digit (1e-16). Ten times larger or smaller is still far from any value that people give.
_ROUNDING = 1e-9


def numbers_of_bins(
    data: xr.Dataset | xr.DataArray, name: str, value: Any, tolerance: Any = None
) -> Int:
    """Numbers of the bins that hold values, of the shape of these.

    Raises
    ------
    NotFoundError
        If no bin holds a value, and none is within the tolerance.
    """
    unit = str(data[name].attrs.get("units", "")) if name in data.coords else ""
    try:
        wanted = np.asarray(numbers_in_unit(value, data, name), dtype=float)
    except InvalidOptionError:  # of another unit
        raise
    except (TypeError, ValueError):
        raise InvalidOptionError(
            f"{name} must be numbers or Quantities in {unit!r}, found {value!r}"
        ) from None
    lower, upper = (np.atleast_1d(data[end(name)].to_numpy()).astype(float) for end in (low, high))
    if not lower.size:
        raise NotFoundError(f"the data have no bins along {name}")
    turn = (FULL_TURN * u.deg).to_value(unit or "deg") if name == POSITION_ANGLE else None
    beyond = _distance_beyond(wanted[..., None], lower, upper, turn)
    numbers = np.asarray(beyond.argmin(axis=-1))
    apart = np.take_along_axis(beyond, numbers[..., None], axis=-1)[..., 0]
    limit = 0.0 if tolerance is None else tolerance_in_unit(tolerance, {name: unit})
    if not np.all(apart <= limit):
        one = wanted[~(apart <= limit)].flat[0]
        raise NotFoundError(
            f"no bin holds {name}={one:.6g} {unit}: {_extent(lower, upper, unit, float(one))}; "
            "give a value inside, or select the nearest bin within tolerance=..."
        )
    return numbers


def _distance_beyond(value: Any, lower: Float, upper: Float, turn: float | None) -> Float:
    """Distance of values (..., 1) from bins, (..., nbin); below 0 inside, and 0 on an upper edge.

    So a bin that begins at a value comes before the one that ends there.
    """
    half = (upper - lower) / 2
    apart = np.abs(offsets(value, lower + half, turn)) - half
    apart = np.where(np.isnan(apart), np.inf, apart)
    near = _ROUNDING * np.maximum(half, np.finfo(float).tiny)
    begins = np.abs(offsets(value, lower, turn)) <= near
    apart = np.where(np.abs(apart) <= near, 0.0, np.where(apart < 0, -1.0, apart))
    return np.where(begins, -2.0, apart)


def numbers_in_range(data: xr.Dataset | xr.DataArray, name: str, wanted: slice) -> Int:
    """Numbers of the bins that overlap with a range; position angles go round."""
    ends = [wanted.start, wanted.stop]
    if any(not isinstance(end, u.Quantity | None) for end in ends):
        raise InvalidOptionError(
            f"{name} from {ends[0]} to {ends[1]} mixes a number of a bin with a value; give both "
            "ends as Quantities, or both as numbers"
        )
    unit = str(data[name].attrs.get("units", ""))
    lower, upper = (data[edge(name)].to_numpy().astype(float) for edge in (low, high))
    if not lower.size:
        raise NotFoundError(f"the data have no bins along {name}")
    start, stop = (None if e is None else float(numbers_in_unit(e, data, name)) for e in ends)
    inside = _overlapping(lower, upper, start, stop)
    if name == POSITION_ANGLE and start is not None and stop is not None:
        turn = (FULL_TURN * u.deg).to_value(unit or "deg")
        first = start % turn
        last = first + ((stop - start) % turn if stop - start < turn else turn)
        turns = [_overlapping(lower + n * turn, upper + n * turn, first, last) for n in (-1, 0, 1)]
        inside = np.array(list(dict.fromkeys(np.concatenate(turns).tolist())), dtype=np.intp)
    if not inside.size:
        raise NotFoundError(
            f"no bin overlaps with {name} from {wanted.start} to {wanted.stop}: "
            f"{_extent(lower, upper, unit)}"
        )
    return inside[:: wanted.step]


def _overlapping(lower: Float, upper: Float, start: float | None, stop: float | None) -> Int:
    """Numbers of the bins that overlap with a range by more than rounding; None is open."""
    near = _ROUNDING * (upper - lower)
    inside = np.ones(lower.size, bool)
    inside &= True if start is None else upper > start + near
    inside &= True if stop is None else lower < stop - near
    return np.flatnonzero(inside)


def _extent(lower: Float, upper: Float, unit: str, value: float | None = None) -> str:
    """Text of the range of all bins, and of the gap between bins that holds a value."""
    text = f"the bins go from {lower.min():.6g} to {upper.max():.6g} {unit}"
    if value is None or not lower.min() <= value <= upper.max():
        return text
    below, above = upper[upper <= value].max(), lower[lower > value].min()
    return f"{text}, but none is between {below:.6g} and {above:.6g} {unit}"
