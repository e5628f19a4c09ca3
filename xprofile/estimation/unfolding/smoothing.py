"""The penalty of a profile that is not smooth."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError
from ...schema.axes import bin_dim
from ...schema.names import DISTANCE_UNIT, POSITION_ANGLE, high, low

__all__ = ["penalty_of_fitted", "second_differences", "smoothness_penalty"]

Float = NDArray[np.float64]

# Relative difference up to which the last bin of a ring ends where the first begins. Edges are
# exact to 1e-12; a tenth or ten times of this changes nothing but gaps as narrow.
_CLOSED = 1e-6


def smoothness_penalty(binned: xr.Dataset, strength: float) -> Float:
    r"""Matrix Q of the penalty x\ :sup:`T` Q x, for the norms x of all bins, (nbin, nbin).

    The penalty is the sum of the squares of `second_differences`, times `strength`.

    Raises
    ------
    InvalidOptionError
        If the bins have no order, and `strength` is not 0.
    """
    dim = bin_dim(binned)
    if not strength:
        return np.zeros((binned.sizes[dim],) * 2)
    if dim not in binned.coords or binned[dim].dtype.kind not in "iuf":
        raise InvalidOptionError(
            f"smoothness needs bins in a row, but those along {dim} have no numbers; leave it out"
        )
    differences = second_differences(binned[dim].to_numpy().astype(float), _turn(binned, dim))
    return strength * differences.T @ differences


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
