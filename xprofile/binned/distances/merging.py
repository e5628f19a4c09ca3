"""Parts of merged bins, from those of the old bins."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.arguments.one_by_one import without_constant_dims
from ...schema.names import ENERGY, ENERGY_TRUE, PART, PART_DISTANCE, PART_SHARE

__all__ = ["merge_parts"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Most parts of a merged bin, as of a bin of many pixels: averages over it are then right to 1e-3,
# see `parts`. Ten times more fill memory, and a tenth are off by per cents.
_MOST = 64


def merge_parts(binned: xr.Dataset, dim: str, bounds: Int) -> dict[str, xr.Variable]:
    """Make ``part_share`` and ``part_distance`` of runs of consecutive bins.

    The parts of a merged bin are equal steps of distance, as those of `xprofile.bin_maps`. An old
    part counts in the step of its distance, with the signal that a uniform brightness has there.

    Parameters
    ----------
    binned : xarray.Dataset
        Binned data.
    dim : str
        Dimension of the bins.
    bounds : numpy.ndarray of int
        Index of the first old bin of each new bin, and the end of the last one, (nnew + 1,).

    Returns
    -------
    dict
        The variables. It is empty if the data have none, or if they or their weights differ
        between data sets or along further dims.
    """
    names = (PART_SHARE, PART_DISTANCE)
    if any(name not in binned for name in names):
        return {}
    used = binned[[*names, "solid_angle", "exposure"]]
    used = without_constant_dims(used, lambda _: False, always=True)
    dims = {d for array in used.data_vars.values() for d in array.dims}
    if dims - {dim, PART, ENERGY, ENERGY_TRUE}:
        return {}
    data = used.isel({dim: slice(int(bounds[0]), int(bounds[-1]))})
    share = data[PART_SHARE].transpose(..., dim, PART)
    at = data[PART_DISTANCE].transpose(dim, PART).to_numpy()
    bright, area = _weights(data, dim, share)
    starts = bounds[:-1] - bounds[0]
    number = np.repeat(np.arange(starts.size), np.diff(bounds))
    values = share.to_numpy()
    unlit = np.add.reduceat((values * bright).sum(axis=-1), starts, axis=-1) <= 0
    signal = values * np.where(unlit[..., number, None], area, bright)
    npart = min(at.shape[1] * int(np.diff(bounds).max()), _MOST)
    first, last = np.minimum.reduceat(at, starts).min(axis=1), np.maximum.reduceat(at, starts)
    step = (last.max(axis=1) - first) / npart
    place = (at - first[number, None]) / np.where(step > 0, step, 1)[number, None]
    part = np.minimum(place.astype(np.intp), npart - 1) + number[:, None] * npart
    shape = (starts.size, npart)
    planes = [_sums(part, plane, shape) for plane in signal.reshape(-1, *at.shape)]
    light = np.reshape(planes, (*values.shape[:-2], *shape))
    total = light.sum(axis=-1, keepdims=True)
    found = np.divide(light, total, out=np.zeros_like(light), where=total > 0)
    distance = first[:, None] + step[:, None] * (np.arange(npart) + 0.5)
    for weight in (np.ones(at.shape), signal.reshape(-1, *at.shape).sum(axis=0)):
        known = _sums(part, weight, shape)
        np.divide(_sums(part, weight * at, shape), known, out=distance, where=known > 0)
    return {
        PART_SHARE: xr.Variable(share.dims, found, share.attrs).transpose(*data[PART_SHARE].dims),
        PART_DISTANCE: xr.Variable((dim, PART), distance, data[PART_DISTANCE].attrs),
    }


def _weights(data: xr.Dataset, dim: str, share: xr.DataArray) -> tuple[Float, Float]:
    """Solid angle times exposure, and solid angle, of bins; (..., nbin, 1) as for shares."""
    area = data["solid_angle"].transpose(dim).to_numpy()[:, None]
    middle = data.variables["exposure"].isel({ENERGY_TRUE: data.sizes[ENERGY_TRUE] // 2})
    order = [d for d in (ENERGY, dim) if d in middle.dims]
    exposure = np.nan_to_num(middle.transpose(*order).to_numpy().astype(float))
    if ENERGY in middle.dims and ENERGY not in share.dims:
        exposure = exposure.mean(axis=0)
    return exposure[..., None] * area, area


def _sums(part: Int, values: Float, shape: tuple[int, int]) -> Float:
    """Sums over the old parts in each new one, (nnew, npart)."""
    sums = np.bincount(part.ravel(), values.ravel(), shape[0] * shape[1])
    return sums.astype(np.float64, copy=False).reshape(shape)
