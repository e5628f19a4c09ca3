"""Checks of positions, angles and edges, which return them in degrees."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ...exceptions import InvalidBinsError, InvalidOptionError
from ...maps.sphere import fixed_positions, is_turned, north_in_icrs
from ...schema.number_checks import check_positive_integer
from ..shapes.axes import LocalAxes

__all__ = [
    "SAME_POSITION",
    "axes_at",
    "bin_edges",
    "check_number_of_bins",
    "fixed_places",
    "one_angle",
    "one_position",
    "positive_angle",
]

Float = NDArray[np.float64]

# Degrees within which two positions or angles are the same: far above the rounding of angles in
# degrees (1e-13) and far below any pixel. If it were smaller than rounding, a path that ends where
# it starts would not be closed; ten times larger would change nothing.
SAME_POSITION = 1e-9

# Bins that one call may make: far more than maps have pixels across. Ten times more would take 1 GB
# for their edges, centres and regions; ten times fewer would refuse to divide a sky into minutes.
_MOST_BINS = 1_000_000

# Bins by which the last one of a given width may exceed the range, to be kept: ten steps of 0.1 deg
# fit into 1 deg, although rounding says 9.999999999999998. A last bin is then at most this much
# narrower than the others.
_STEP_TOLERANCE = 1e-9


def one_position(coord: Any, name: str) -> SkyCoord:
    """Return the direction of an argument that is one finite sky position.

    As `fixed_positions` gives it: without distance, and in ICRS or a frame like it.

    Raises
    ------
    InvalidBinsError
        If it is anything else.
    """
    scalar = isinstance(coord, SkyCoord) and coord.isscalar
    if not scalar or not np.isfinite(coord.cartesian.xyz.value).all():
        raise InvalidBinsError(f"{name} must be one SkyCoord, found {coord!r}")
    return fixed_places(coord, name)


def fixed_places(coord: SkyCoord, name: str) -> SkyCoord:
    """Return sky positions as `fixed_positions` does.

    Raises
    ------
    InvalidBinsError
        If astropy cannot turn the positions to ICRS.
    """
    try:
        return fixed_positions(coord, name)
    except InvalidOptionError as error:
        raise InvalidBinsError(str(error)) from error


def axes_at(coord: Any, name: str, position_angle: Any = 0 * u.deg) -> LocalAxes:
    """Return axes at a sky position; the angle counts from North in the frame of the position.

    Raises
    ------
    InvalidBinsError
        If these are not one sky position and one angle.
    """
    turn = one_angle(position_angle, "position_angle") * u.deg
    place = one_position(coord, name)
    return LocalAxes(place, turn if is_turned(coord.frame) else turn + north_in_icrs(coord))


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
        check_number_of_bins(int(nbin))
        return np.asarray(np.linspace(low, high, int(nbin) + 1), dtype=np.float64)
    if step is not None:
        return _stepped_edges(low, high, positive_angle(step, "step"))
    values = np.atleast_1d(np.array(_degrees(edges, "edges"), dtype=float))
    ascend = values.ndim == 1 and values.size > 1 and np.all(np.diff(values) > 0)
    if not (ascend and np.isfinite(values).all()):
        raise InvalidBinsError(f"edges must be two or more ascending angles, found {values} deg")
    return values


def check_number_of_bins(number: float) -> None:
    """Raise if there are more bins than one call should make.

    Raises
    ------
    InvalidBinsError
        If there are.
    """
    if number > _MOST_BINS:
        raise InvalidBinsError(
            f"{number:.3g} bins are asked for, and {_MOST_BINS:.0e} are possible in one call; make "
            "fewer or wider ones"
        )


def _stepped_edges(low: float, high: float, width: float) -> Float:
    """Edges of as many bins of a width as fit between `low` and `high`."""
    exact = (high - low) / width + _STEP_TOLERANCE
    check_number_of_bins(exact)
    number = int(exact)
    if number < 1:
        raise InvalidBinsError(
            f"step is {width:.6g} deg, which is more than the {high - low:.6g} deg to divide"
        )
    return np.asarray(np.minimum(low + width * np.arange(number + 1), high), dtype=np.float64)
