"""Arguments of bins, checked: positions, angles, and edges by number, width or value."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..exceptions import InvalidBinsError

__all__ = ["angle", "bin_edges", "degrees", "scalar_coord", "signed_angle"]

Float = NDArray[np.float64]


def scalar_coord(coord: Any, name: str) -> SkyCoord:
    """Return one sky position, or raise."""
    known = isinstance(coord, SkyCoord) and coord.isscalar
    if not known or not np.isfinite(coord.cartesian.xyz.value).all():
        raise InvalidBinsError(f"{name} must be one SkyCoord, found {coord!r}")
    return coord


def degrees(value: Any, name: str) -> Any:
    """Return angles in degrees, a float or an array, or raise."""
    try:
        return u.Quantity(value).to_value("deg")
    except (u.UnitConversionError, TypeError):
        raise InvalidBinsError(
            f"{name} must be an angle with a unit, such as 3 * u.deg, found {value!r}"
        ) from None


def angle(value: Any, name: str, *, zero: bool = False, most: float = 180) -> float:
    """Return one angle in degrees between 0 and `most`, or raise; 0 itself only if `zero`."""
    found = np.asarray(degrees(value, name))
    if found.ndim or not 0 <= found <= most or (found == 0 and not zero):
        raise InvalidBinsError(
            f"{name} must be one angle between 0 and {most:g} deg, found {value!r}"
        )
    return float(found)


def signed_angle(value: Any, name: str) -> float:
    """Return one angle in degrees of any size and sign, or raise."""
    found = np.asarray(degrees(value, name))
    if found.ndim or not np.isfinite(found):
        raise InvalidBinsError(f"{name} must be one finite angle, found {value!r}")
    return float(found)


def bin_edges(
    low: float,
    high: float,
    *,
    nbin: int | None = None,
    edges: u.Quantity | None = None,
    step: u.Quantity | None = None,
) -> Float:
    """Make bins from `low` to `high` in degrees, or check the edges that are given.

    Parameters
    ----------
    low, high : float
        Range in degrees.
    nbin : int, optional
        Number of bins of equal width.
    edges : Quantity, optional
        Edges, ascending.
    step : Quantity, optional
        Width of the bins, as many as fit from `low` on.

    Returns
    -------
    numpy.ndarray
        In degrees, (nbin + 1,).

    Raises
    ------
    InvalidBinsError
        If not just one of the three is given, or it makes no bin.
    """
    if sum(given is not None for given in (nbin, edges, step)) != 1:
        raise InvalidBinsError("give either nbin= or edges= or step=")
    if nbin is not None:
        return np.asarray(np.linspace(low, high, _count(nbin) + 1), dtype=np.float64)
    if step is not None:
        width = angle(step, "step")
        number = int((high - low) / width + 1e-9)
        if number < 1:
            raise InvalidBinsError(
                f"step is {width:.6g} deg, more than the {high - low:.6g} deg that there are"
            )
        return np.asarray(np.minimum(low + width * np.arange(number + 1), high), dtype=np.float64)
    values = np.atleast_1d(np.asarray(degrees(edges, "edges"), dtype=float))
    ascend = values.ndim == 1 and values.size > 1 and np.all(np.diff(values) > 0)
    if not (ascend and np.isfinite(values).all()):
        raise InvalidBinsError(f"edges must be two or more ascending angles, found {values} deg")
    return values


def _count(nbin: Any) -> int:
    if isinstance(nbin, bool) or not isinstance(nbin, int | np.integer) or nbin < 1:
        raise InvalidBinsError(f"nbin must be a positive integer, found {nbin!r}")
    return int(nbin)
