"""The penalty of a profile that is not smooth."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import angular_separation
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError
from ...schema.axes import bin_dim
from ...schema.names import DISTANCE, DISTANCE_UNIT, LAT, LON, POSITION_ANGLE, high, low

__all__ = [
    "check_strength",
    "penalty_of_fitted",
    "penalty_of_margin",
    "second_differences",
    "smoothness_penalty",
]

# Penalty on the norms of a margin, as part of what their own data tell of them: it acts on norms of
# about 10 times their errors, and pulls them by 1 %. With ten times more, a bright margin would be
# missed by 10 %; with ten times less, fits of very fine margins take ten times as long.
_WEAK = 1e-2

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Relative difference up to which the last bin of a ring ends where the first begins. Edges are
# exact to 1e-12; a tenth or ten times of this changes nothing but gaps as narrow.
_CLOSED = 1e-6

# Distance on the sky of neighbours in a row, at most, in units of the difference of their distances
# along the profile. It is 1 for a line, less for a path, and 0 for annuli. Ten times as much takes
# regions that are scattered for a row; bins that are exactly in a row need 1 and rounding.
_BESIDE = 1.5

# Largest penalty, in units of what the data tell of a norm. Norms are on a straight line to 1e-6 of
# their errors there. With a hundred times more, rounding errors spoil the fit.
_STRONGEST = 1e8


def smoothness_penalty(binned: xr.Dataset, strength: float, wanted: Int) -> Float:
    r"""Matrix Q of the penalty x\ :sup:`T` Q x, for the norms x of all bins, (nbin, nbin).

    The penalty is the sum of the squares of `second_differences`, times `strength`.

    Parameters
    ----------
    binned : xarray.Dataset
        Binned data.
    strength : float
        Strength of the penalty; 0 for none.
    wanted : numpy.ndarray of int
        Numbers of the bins that are not in a margin. Others have no penalty, as many have no place
        in the row.

    Raises
    ------
    InvalidOptionError
        If the bins are not in a row, and `strength` is not 0.
    """
    dim = bin_dim(binned)
    penalty = np.zeros((binned.sizes[dim],) * 2)
    if not strength or not wanted.size:
        return penalty
    if dim not in binned.coords or binned[dim].dtype.kind not in "iuf":
        raise InvalidOptionError(
            f"smoothness needs bins in a row, but those along {dim} have no numbers; leave it out"
        )
    row = binned.isel({dim: wanted})
    positions = row[dim].to_numpy().astype(float)
    _check_row(row, dim, positions)
    differences = second_differences(positions, _turn(row, dim))
    penalty[np.ix_(wanted, wanted)] = strength * differences.T @ differences
    return penalty


def _check_row(row: xr.Dataset, dim: str, positions: Float) -> None:
    """Raise if neighbours along the profile are far from each other on the sky."""
    if dim != DISTANCE or not {LON, LAT} <= set(row.coords) or positions.size < 3:
        return
    order = np.argsort(positions, kind="stable")
    lon, lat = (np.radians(row[name].to_numpy()[order].astype(float)) for name in (LON, LAT))
    apart = np.degrees(angular_separation(lon[:-1], lat[:-1], lon[1:], lat[1:]))
    unit = row[dim].attrs.get("units", DISTANCE_UNIT)
    steps = np.diff(positions[order]) * u.Unit(unit).to("deg")
    off = apart - _BESIDE * steps
    if np.any(off > _CLOSED * apart.max(initial=0)):
        worst = int(np.argmax(off))
        first, second = positions[order][worst : worst + 2]
        raise InvalidOptionError(
            f"smoothness needs bins in a row, but the bins at {first:.4g} and {second:.4g} {unit} "
            f"along {dim} are {apart[worst]:.3g} deg apart on the sky, so they are not neighbours; "
            "leave it out, or list regions from one end of a row to the other"
        )


def penalty_of_fitted(penalty: Float, fitted: NDArray[np.bool_]) -> Float:
    """Least penalty over the norms that are not fitted, which nothing else determines.

    Parameters
    ----------
    penalty : numpy.ndarray
        Matrix of the penalty of all norms, (nbin, nbin).
    fitted : numpy.ndarray of bool
        Norms that are fitted, (ngroup, nbin).

    Returns
    -------
    numpy.ndarray
        (ngroup, nbin, nbin), 0 for norms that are not fitted.
    """
    found = np.zeros((len(fitted), *penalty.shape))
    if not penalty.any():
        return found
    for matrix, used in zip(found, fitted, strict=True):
        inner, outer = np.ix_(used, used), np.ix_(used, ~used)
        rest = np.linalg.pinv(penalty[np.ix_(~used, ~used)], hermitian=True)
        matrix[inner] = penalty[inner] - penalty[outer] @ rest @ penalty[outer].T
    return found


def check_strength(information: Float, penalties: Float, strength: float) -> None:
    """Raise if a penalty is so strong that rounding errors would spoil the fit.

    Raises
    ------
    InvalidOptionError
        If it is; the message says how strong it may be.
    """
    told, asked = (np.einsum("gii->gi", matrix) for matrix in (information, penalties))
    ratios = [a.max() / np.median(t[t > 0]) for t, a in zip(told, asked, strict=True) if t.any()]
    largest = max(ratios, default=0.0)
    if largest > _STRONGEST:
        raise InvalidOptionError(
            f"smoothness={strength:g} is so strong that rounding errors would spoil the fit; give "
            f"at most {strength * _STRONGEST / largest:.1g}, where the norms are on a straight line"
        )


def penalty_of_margin(information: Float, wanted: Int) -> Float:
    """Weak penalty on the norms of a margin, which bins finer than the PSF leave undetermined.

    Parameters
    ----------
    information : numpy.ndarray
        From `expected_information`, (ngroup, nbin, nbin).
    wanted : numpy.ndarray of int
        Numbers of the bins that are not in the margin.

    Returns
    -------
    numpy.ndarray
        Diagonal matrices, 0 for the wanted bins, (ngroup, nbin, nbin).
    """
    scale = _WEAK * np.einsum("gii->gi", information)
    scale[:, wanted] = 0
    return np.asarray(scale[..., None] * np.eye(scale.shape[1]))


def _turn(binned: xr.Dataset, dim: str) -> float | None:
    """Full turn in the unit of the bins, if they are sectors that go all the way round."""
    if dim != POSITION_ANGLE or low(dim) not in binned.coords or high(dim) not in binned.coords:
        return None
    turn = (360 * u.deg).to_value(binned[dim].attrs.get("units", DISTANCE_UNIT))
    covered = float((binned[high(dim)] - binned[low(dim)]).sum())
    return turn if abs(covered / turn - 1) < _CLOSED else None


def second_differences(positions: Float, turn: float | None = None) -> Float:
    """Matrix that gives twice the deviation of each inner bin from the line through its neighbours.

    For bins of equal width it gives the second differences of the values.

    Parameters
    ----------
    positions : numpy.ndarray
        Positions of the bins in any order, (nbin,).
    turn : float, optional
        If given, the last bin is a neighbour of the first, a turn farther.

    Returns
    -------
    numpy.ndarray
        (ndifference, nbin).
    """
    order = np.argsort(positions, kind="stable")
    if order.size < 3:
        return np.zeros((0, order.size))
    at = positions[order]
    if turn is not None:
        order = np.concatenate([order[-1:], order, order[:1]])
        at = np.concatenate([at[-1:] - turn, at, at[:1] + turn])
    before, after = np.diff(at)[:-1], np.diff(at)[1:]
    span = np.where(before + after > 0, before + after, 1)
    matrix = np.zeros((before.size, positions.size))
    row = np.arange(before.size)
    np.add.at(matrix, (row, order[:-2]), 2 * after / span)
    np.add.at(matrix, (row, order[1:-1]), -2.0)
    np.add.at(matrix, (row, order[2:]), 2 * before / span)
    return matrix
