"""Variables of binned data, from sums over the pixels of bins."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..schema.names import ENERGY
from ..schema.variables import BINNED, data_array
from .onoff import matched_acceptance_off
from .sums.map_sums import MapSums

__all__ = ["make_variables"]

Float = NDArray[np.float64]


def make_variables(
    maps: xr.Dataset, sums: MapSums, outside: Float, *, shared: bool = False
) -> dict[str, xr.Variable]:
    """Make the variables of binned data, apart from the energy dispersion.

    Parameters
    ----------
    maps : xarray.Dataset
        The maps that were summed.
    sums : MapSums
        Sums of all bins.
    outside : numpy.ndarray
        Solid angle of each bin beyond the map in sr, (nbin,).
    shared : bool
        Whether pixels count with their share in a bin, so that sums of integers are not integers.
    """
    total = sums.solid_angle + outside
    return {
        **_summed(maps, sums, shared),
        "exposure": _mean_exposure(sums, total),
        "solid_angle": data_array("solid_angle", total, BINNED),
        "coverage": data_array("coverage", _coverage(sums.used_solid_angle, total), BINNED),
        "n_pixels": data_array("n_pixels", sums.n_pixels, BINNED),
    }


def _summed(maps: xr.Dataset, sums: MapSums, shared: bool) -> dict[str, xr.Variable]:
    """Variables that are sums, of integers as integers, and the acceptance of the off counts."""
    values = {
        name: array.astype(np.int64)
        if np.issubdtype(maps[name].dtype, np.integer) and not shared and _is_exact(array)
        else array
        for name, array in sums.sums.items()
    }
    if sums.off_background is not None:
        values["acceptance"] = sums.sums["acceptance"]
        values["acceptance_off"] = matched_acceptance_off(
            sums.sums["acceptance"],
            sums.sums["counts_off"],
            sums.off_background,
            sums.sums["acceptance_off"],
        )
    return {name: data_array(name, array, BINNED) for name, array in values.items()}


def _is_exact(sums: Float) -> bool:
    """Whether floating-point sums of integers are exact: all are up to 2**53."""
    return bool(np.max(np.abs(sums), initial=0) <= 2**53)


def _coverage(used: Float, total: Float) -> Float:
    """Used share of the solid angle of each bin, (nenergy, nbin); 0 for bins without pixels."""
    return np.divide(used, total, out=np.zeros_like(used), where=total > 0)


def _mean_exposure(sums: MapSums, total: Float) -> xr.Variable:
    """Mean of exposure x mask over each bin, weighted with solid angle."""
    entry, means = BINNED["exposure"], sums.exposure / np.where(total > 0, total, 1)
    if len(means) == 1:
        return xr.Variable(entry.dims, means[0], entry.attrs)
    if not len(means):
        return xr.Variable(entry.dims, np.zeros(means.shape[1:]), entry.attrs)
    zeros = np.zeros((1, *means.shape[1:]))  # for energies without used pixels, whose index is -1
    stacked = np.moveaxis(np.concatenate([means, zeros])[sums.mask_index], 0, -1)
    return xr.Variable((*entry.dims, ENERGY), stacked, entry.attrs)
