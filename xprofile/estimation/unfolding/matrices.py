"""Covariance and correlation of the norms of a profile."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.axes import on_bins
from ...schema.names import CORRELATION, COVARIANCE, second_dim
from ...schema.variables import PROFILE

__all__ = ["add_matrices", "correlation"]

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
    other = second_dim(dim)
    known = profile["norm"].notnull().variable
    values = {COVARIANCE: covariance, CORRELATION: correlation(covariance)}
    made = {
        name: xr.Variable((*extra_dims, *PROFILE[name].dims), array, PROFILE[name].attrs)
        for name, array in values.items()
    }
    made = on_bins(made, dim)
    both = known * xr.Variable([other if d == dim else d for d in known.dims], known.data)
    both = both.transpose(*made[COVARIANCE].dims)
    masked = {
        name: xr.Variable(v.dims, np.where(both.data, v.data, np.nan), v.attrs)
        for name, v in made.items()
    }
    result = profile.assign(masked)
    if dim in profile.coords:
        result = result.assign_coords({other: (other, profile[dim].to_numpy(), profile[dim].attrs)})
    return result
