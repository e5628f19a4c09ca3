"""Checks of positions, angles and edges, which return them in degrees."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ...exceptions import InvalidBinsError
from ...schema.number_checks import check_positive_integer

__all__ = ["SAME_POSITION", "bin_edges", "one_angle", "one_position", "positive_angle"]

Float = NDArray[np.float64]

# Degrees within which two positions or angles are the same: far above the rounding of angles in
# degrees (1e-13) and far below any pixel. If it were smaller than rounding, a path that ends where
# it starts would not be closed; ten times larger would change nothing.
SAME_POSITION = 1e-9

# Bins by which the last one of a given width may exceed the range, to be kept: ten steps of 0.1 deg
# fit into 1 deg, although rounding says 9.999999999999998. A last bin is then at most this much
# narrower than the others.
_STEP_TOLERANCE = 1e-9


def one_position(coord: Any, name: str) -> SkyCoord:
    """Return the argument if it is one finite sky position.

    Raises
    ------
    InvalidBinsError
        If it is anything else.
    """
    scalar = isinstance(coord, SkyCoord) and coord.isscalar
    if not scalar or not np.isfinite(coord.cartesian.xyz.value).all():
        raise InvalidBinsError(f"{name} must be one SkyCoord, found {coord!r}")
    return coord


def one_angle(value: Any, name: str) -> float:
    """Return one finite angle of any size and sign in degrees.

    Raises
    ------
    InvalidBinsError
        If the argument is anything else.
    """
    found = np.asarray(_degrees(value, name))
    if found.ndim or not np.isfinite(found):
        raise InvalidBinsError(f"{name} must be one finite angle, found {value!r}")
    return float(found)


def positive_angle(value: Any, name: str, *, zero: bool = False, most: float = 180) -> float:
    """Return one angle above 0 and up to `most` in degrees; 0 too if `zero`.

    Raises
    ------
    InvalidBinsError
        If the argument is anything else.
    """
    found = np.asarray(_degrees(value, name))
    if found.ndim or not 0 <= found <= most or (found == 0 and not zero):
        raise InvalidBinsError(
            f"{name} must be one angle between 0 and {most:g} deg, found {value!r}"
        )
    return float(found)


def _degrees(value: Any, name: str) -> Any:
    """Return angles in degrees, as a float or an array."""
    try:
        return u.Quantity(value).to_value("deg")
    except (u.UnitConversionError, TypeError):
        raise InvalidBinsError(
            f"{name} must be an angle with a unit, such as 3 * u.deg, found {value!r}"
        ) from None


def bin_edges(
    low: float,
    high: float,
    *,
    nbin: int | None = None,
    edges: u.Quantity | None = None,
    step: u.Quantity | None = None,
) -> Float:
    """Return the edges that are given, or make those of bins from `low` to `high`.

    Parameters
    ----------
    low, high : float
        Range in degrees.
    nbin : int, optional
        Number of bins of equal width.
    edges : Quantity, optional
        Ascending edges.
    step : Quantity, optional
        Width of the bins. As many are made as fit, from `low` on.

    Returns
    -------
    numpy.ndarray
        Edges in degrees, (nbin + 1,).

    Raises
    ------
    InvalidBinsError
        If not exactly one of the three is given, or it does not make a bin.
    """
    if sum(given is not None for given in (nbin, edges, step)) != 1:
        raise InvalidBinsError("give either nbin= or edges= or step=")
    if nbin is not None:
        check_positive_integer("nbin", nbin, InvalidBinsError)
        return np.asarray(np.linspace(low, high, int(nbin) + 1), dtype=np.float64)
    if step is not None:
        return _stepped_edges(low, high, positive_angle(step, "step"))
    values = np.atleast_1d(np.asarray(_degrees(edges, "edges"), dtype=float))
    ascend = values.ndim == 1 and values.size > 1 and np.all(np.diff(values) > 0)
    if not (ascend and np.isfinite(values).all()):
        raise InvalidBinsError(f"edges must be two or more ascending angles, found {values} deg")
    return values


def _stepped_edges(low: float, high: float, width: float) -> Float:
    """Edges of as many bins of a width as fit between `low` and `high`."""
    number = int((high - low) / width + _STEP_TOLERANCE)
    if number < 1:
        raise InvalidBinsError(
            f"step is {width:.6g} deg, which is more than the {high - low:.6g} deg to divide"
        )
    return np.asarray(np.minimum(low + width * np.arange(number + 1), high), dtype=np.float64)
