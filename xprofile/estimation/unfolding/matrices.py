"""Covariance and correlation of the norms of a profile."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.axes import on_bins
from ...schema.names import CORRELATION, COVARIANCE, second_dim
from ...schema.variables import PROFILE

__all__ = ["add_matrices", "correlation", "matrix_variables"]

Float = NDArray[np.float64]


def correlation(covariance: Float) -> Float:
    """Correlation of a covariance (..., n, n); NaN where a variance is not known or is 0."""
    variance = np.einsum("...ii->...i", covariance)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1 / np.sqrt(np.where(variance > 0, variance, np.nan))
    scaled = np.clip(covariance * scale[..., :, None] * scale[..., None, :], -1, 1)
    np.einsum("...ii->...i", scaled)[...] = np.where(np.isfinite(scale), 1.0, np.nan)
    return np.asarray(scaled)


def add_matrices(
    profile: xr.Dataset, covariance: Float, dim: str, extra_dims: Sequence[Hashable]
) -> xr.Dataset:
    """Add covariance and correlation of the norms to a profile.

    Parameters
    ----------
    profile : xarray.Dataset
        Profile of norms.
    covariance : numpy.ndarray
        (*extra, ngroup, nbin, nbin); NaN where it is not known.
    dim : str
        Dim of the bins.
    extra_dims : sequence of hashable
        Dims before those of the energies, such as ``toy``.

    Returns
    -------
    xarray.Dataset
        With the two variables, and the coordinate ``DIM_2``, which has the values of ``DIM``. They
        are NaN where the norm is NaN, such as for a low coverage.
    """
    axis = profile.variables[dim] if dim in profile.coords else None
    made = matrix_variables(profile.variables["norm"], covariance, dim, extra_dims, axis)
    return profile.assign(made)


def matrix_variables(
    norm: xr.Variable,
    covariance: Float,
    dim: str,
    extra_dims: Sequence[Hashable],
    axis: xr.Variable | None,
) -> dict[str, xr.Variable]:
    """Make the variables of `add_matrices` from norms and the coordinate of the bins, if known."""
    other = second_dim(dim)
    known = xr.Variable(norm.dims, np.isfinite(norm.data))
    values = {COVARIANCE: covariance, CORRELATION: correlation(covariance)}
    made = {
        name: xr.Variable((*extra_dims, *PROFILE[name].dims), array, PROFILE[name].attrs)
        for name, array in values.items()
    }
    made = on_bins(made, dim)
    both = known * xr.Variable([other if d == dim else d for d in known.dims], known.data)
    both = both.transpose(*made[COVARIANCE].dims)
    second = {} if axis is None else {other: xr.Variable(other, axis.to_numpy(), axis.attrs)}
    masked = {
        name: xr.Variable(v.dims, np.where(both.data, v.data, np.nan), v.attrs)
        for name, v in made.items()
    }
    return masked | second
